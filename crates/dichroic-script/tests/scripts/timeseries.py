from tensorflow import keras


def make_model(input_shape, num_classes=2):
    input_layer = keras.layers.Input(input_shape)

    conv1 = keras.layers.Conv1D(filters=64, kernel_size=3, padding="same")(input_layer)
    conv1 = keras.layers.BatchNormalization()(conv1)
    conv1 = keras.layers.ReLU()(conv1)

    conv2 = keras.layers.Conv1D(filters=64, kernel_size=3, padding="causal", dilation_rate=2)(conv1)
    conv2 = keras.layers.BatchNormalization()(conv2)
    conv2 = keras.layers.ReLU()(conv2)

    pooled = keras.layers.MaxPooling1D(2)(conv2)
    gap = keras.layers.GlobalAveragePooling1D()(pooled)
    output_layer = keras.layers.Dense(num_classes, activation="softmax")(gap)

    return keras.models.Model(inputs=input_layer, outputs=output_layer)


model = make_model(input_shape=(500, 1))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])

# WaveNet-like: the receptive field doubles with each layer.
wave = keras.Sequential([keras.Input((None, 4))])
for rate in [2 ** i for i in range(5)]:
    wave.add(keras.layers.Conv1D(16, 2, padding="causal", activation="relu", dilation_rate=rate))
wave.add(keras.layers.Conv1D(1, 1))
field = 1 + sum(2 ** i for i in range(5))
print("receptive field", field, "output", wave.output_shape)
