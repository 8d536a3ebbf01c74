import tensorflow as tf
from tensorflow.keras import layers, models

LATENT = 100


def generator():
    model = tf.keras.Sequential()
    model.add(layers.Dense(4 * 4 * 64, use_bias=False, input_shape=(LATENT,)))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    model.add(layers.Reshape((4, 4, 64)))
    assert model.output_shape == (None, 4, 4, 64)  # None is the batch
    size, filters = 4, 64
    while size < 32:
        size *= 2
        filters //= 2
        model.add(layers.UpSampling2D())
        model.add(layers.Conv2D(filters, (5, 5), padding="same", use_bias=False))
        assert model.output_shape == (None, size, size, filters)
        model.add(layers.BatchNormalization())
        model.add(layers.LeakyReLU())
    model.add(layers.Conv2D(1, 5, padding="same", activation="tanh"))
    return model


def discriminator():
    model = models.Sequential([
        layers.Input(shape=[32, 32, 1]),
        layers.Conv2D(32, (5, 5), strides=(2, 2), padding="same"),
        layers.PReLU(shared_axes=[1, 2]),
        layers.Dropout(0.3),
        layers.Conv2D(64, (5, 5), strides=(2, 2), padding="same"),
        layers.ELU(),
        layers.Flatten(),
        layers.Dense(1),
    ])
    return model


g, d = generator(), discriminator()
gan = models.Sequential([g, d])
print(g.count_params(), d.count_params(), gan.count_params(), gan.output_shape)
