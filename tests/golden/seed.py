"""The seed model's weights, one batch of inputs and Keras's outputs: seed.npz."""

from golden import HERE, generator, keras, seeded_weights, write_npz
import numpy as np

MODEL = [(32, 5), (17, 3), (13, 3), (7, 3)]


def build():
    """Four convolutions without bias, as in the script that asked the first question."""
    model = keras.Sequential([keras.Input((28, 28, 3))])
    for number, (filters, size) in enumerate(MODEL, start=1):
        model.add(
            keras.layers.Conv2D(
                filters, size, padding="same", use_bias=False, name=f"conv2d_{number}"
            )
        )
    return model


def main():
    rng = generator("seed")
    model = build()
    seeded_weights(model, rng)
    image = rng.uniform(0.0, 1.0, (2, 28, 28, 3)).astype(np.float32)
    arrays = {"input": image}
    value = image
    for number, layer in enumerate(model.layers, start=1):
        arrays[f"conv2d_{number}/kernel"] = np.asarray(layer.kernel)
        value = layer(value)
    arrays["output"] = np.asarray(model(image))
    assert np.allclose(arrays["output"], np.asarray(value), atol=1e-5)
    write_npz(HERE / "seed.npz", arrays)


if __name__ == "__main__":
    main()
