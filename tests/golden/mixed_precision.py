"""What a network computes under Keras's policy `mixed_bfloat16`, and after one step of training: mixed_precision.npz."""

import json

from golden import HERE, generator, keras, normal, seeded_weights, write_npz
import numpy as np


def build():
    """Convolutions of every kind, normalisation, a residual, a pooled dense layer; the last layer is float32."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    layers = keras.layers
    image = keras.Input((16, 16, 5), name="image")
    x = layers.Conv2D(24, 3, padding="same", name="first")(image)
    x = skip = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu", name="second")(x)
    x = layers.Add(name="add")([x, skip])
    x = layers.Conv2D(40, 3, strides=2, name="strided")(x)
    x = layers.Conv2D(32, 1, activation="relu", name="pointwise")(x)
    x = layers.Conv2DTranspose(16, 4, strides=2, name="transposed")(x)
    x = layers.SeparableConv2D(24, 3, name="separable")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(20, activation="relu", name="hidden")(x)
    x = layers.Dense(6, dtype="float32", activation="softmax", name="classes")(x)
    return keras.Model(image, x, name="mixed")


def main():
    rng = generator("mixed_precision")
    model = build()
    seeded_weights(model, rng)
    images = normal(rng, (4, 16, 16, 5))
    labels = np.arange(4, dtype=np.int32).reshape(4, 1)
    arrays = {"images": images, "labels": labels.astype(np.float32)}
    for weight in model.weights:
        arrays[f"weight/{weight.path}"] = np.asarray(weight)
    arrays["output"] = np.asarray(model.predict(images, verbose=0))
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    arrays["loss"] = np.asarray([model.train_on_batch(images, labels)], np.float32)
    for weight in model.weights:
        arrays[f"trained/{weight.path}"] = np.asarray(weight)
    write_npz(HERE / "mixed_precision.npz", arrays)
    config = json.loads(model.to_json())
    config["compile_config"] = {}
    text = json.dumps(config, indent=1, sort_keys=False) + "\n"
    (HERE / "mixed_precision.json").write_text(text)


if __name__ == "__main__":
    main()
