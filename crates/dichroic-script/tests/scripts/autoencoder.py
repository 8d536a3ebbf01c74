import keras
from keras import layers

latent_dim = 16

encoder = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu", padding="same", strides=2),
        layers.Conv2D(8, 3, activation="relu", padding="same", strides=2),
        layers.Flatten(),
        layers.Dense(latent_dim, name="code"),
    ],
    name="encoder",
)

decoder_input = keras.Input(shape=(latent_dim,))
x = layers.Dense(7 * 7 * 8, activation="relu")(decoder_input)
x = layers.Reshape((7, 7, 8))(x)
for filters in (8, 16):
    x = layers.Conv2DTranspose(filters, 3, strides=2, activation="relu", padding="same")(x)
x = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)
decoder = keras.Model(decoder_input, x, name="decoder")

image = keras.Input(shape=(28, 28, 1))
autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
autoencoder.summary(expand_nested=True)
encoder.trainable = False
print(sum(1 for w in autoencoder.trainable_weights), "trainable weights")
print(autoencoder.count_params() == encoder.count_params() + decoder.count_params())
