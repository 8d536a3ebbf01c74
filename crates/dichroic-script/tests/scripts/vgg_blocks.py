from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Conv2D, MaxPooling2D, Flatten, Dense, Dropout, BatchNormalization


def add_block(model, filters, repeats, block, **kwargs):
    """Adds `repeats` convolutions and a pooling layer."""
    for i in range(repeats):
        model.add(
            Conv2D(
                filters,
                (3, 3),
                activation="relu",
                padding="same",
                name="block{}_conv{}".format(block, i + 1),
                **kwargs if i == 0 else {},
            )
        )
        model.add(BatchNormalization(name=f"block{block}_norm{i + 1}"))
    model.add(MaxPooling2D((2, 2), strides=(2, 2), name=f"block{block}_pool"))


model = Sequential(name="little_vgg")
config = [(32, 1), (64, 2), (128, 2)]
for number, (filters, repeats) in enumerate(config, start=1):
    extra = {"input_shape": (48, 48, 3)} if number == 1 else {}
    add_block(model, filters, repeats, number, **extra)

model.add(Flatten())
for units in [256, 128]:
    model.add(Dense(units, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dropout(0.5))
model.add(Dense(43, activation="softmax"))

if __name__ == "__main__":
    print(model.name, model.count_params())
    print([layer.name for layer in model.layers if "conv" in layer.name])
