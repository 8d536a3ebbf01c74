"""Maps of reasons, computed from JAX's gradients: attribution.json, attribution.npz."""

import json

from golden import HERE, generator, keras, normal, seeded_weights, write_npz
import jax
import jax.numpy as jnp
import numpy as np

CLASS = 2
STEPS = 16


def build():
    """A residual block with batch normalisation, and maps that are averaged before the classes."""
    layers = keras.layers
    image = keras.Input((12, 10, 3), name="image")
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(image)
    x = skip = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="second")(x)
    x = layers.Add(name="add")([x, skip])
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="last")(x)
    maps = x
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    scores = layers.Dense(4, name="scores")(x)
    x = layers.Activation("softmax", name="classes")(scores)
    return keras.Model(image, x, name="reasons"), maps, scores


def function(model):
    """The model as a pure function of its input."""
    trainable = [variable.value for variable in model.trainable_variables]
    fixed = [variable.value for variable in model.non_trainable_variables]
    return lambda x: model.stateless_call(trainable, fixed, x, training=False)[0]


def class_activation(maps, gradient):
    """Grad-CAM and Grad-CAM++ of one item, maps and gradient as (height, width, channels)."""
    alpha = gradient.mean(axis=(0, 1))
    plain = np.maximum(0, (maps * alpha).sum(axis=-1))
    below = 2 * gradient**2 + gradient**3 * maps.sum(axis=(0, 1))
    ratio = np.divide(gradient**2, below, out=np.zeros_like(below), where=below != 0)
    weights = (ratio * np.maximum(0, gradient)).sum(axis=(0, 1))
    return plain, np.maximum(0, (maps * weights).sum(axis=-1))


def main():
    rng = generator("attribution")
    model, maps, scores = build()
    seeded_weights(model, rng)
    image = normal(rng, (1, 12, 10, 3))
    to_maps = function(keras.Model(model.input, maps))
    to_scores = function(keras.Model(model.input, scores))
    from_maps = function(keras.Model(maps, scores))

    values = to_maps(image)
    slope = jax.grad(lambda value: from_maps(value)[0, CLASS])(values)
    by_input = jax.grad(lambda x: to_scores(x)[0, CLASS])
    plain, second = class_activation(
        np.asarray(values[0], np.float64), np.asarray(slope[0], np.float64)
    )
    gradient = np.asarray(by_input(jnp.asarray(image)))
    parts = (np.arange(STEPS, dtype=np.float32) + 0.5) / STEPS
    means = np.mean([np.asarray(by_input(image * part)) for part in parts], axis=0)
    arrays = {"image": image}
    for weight in model.weights:
        arrays[f"weight/{weight.path}"] = np.asarray(weight)
    arrays |= {
        "output": np.asarray(model.predict(image, verbose=0)),
        "scores": np.asarray(to_scores(image)),
        "maps": np.asarray(values),
        "gradient": gradient,
        "grad_cam": plain.astype(np.float32),
        "grad_cam_plus_plus": second.astype(np.float32),
        "saliency": np.abs(gradient[0]).max(axis=-1),
        "integrated_gradients": (image * means)[0].sum(axis=-1),
    }
    write_npz(HERE / "attribution.npz", arrays)
    config = json.loads(model.to_json())
    config["compile_config"] = {}
    (HERE / "attribution.json").write_text(json.dumps(config, indent=1, sort_keys=False) + "\n")


if __name__ == "__main__":
    main()
