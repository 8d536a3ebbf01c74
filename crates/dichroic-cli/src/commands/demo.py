import keras
from keras import layers

model = keras.Sequential([
    keras.Input((32, 32, 3)),
    layers.Rescaling(1.0 / 255),
    layers.Conv2D(16, 5, padding="same", activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(64, 3, padding="same", activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(10, activation="softmax"),
], name="demo")
model.compile(optimizer=keras.optimizers.Adam(0.002),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
