import keras
from keras import layers

START_FILTERS: int = 16


def double_conv(x, filters: int, dropout: float = 0.0):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
        x = layers.LeakyReLU(negative_slope=0.1)(x)
    if dropout:
        x = layers.SpatialDropout2D(dropout)(x)
    return x


def unet(image_size, channels=1, levels=3, classes=2):
    inputs = layers.Input(shape=(*image_size, channels), name="image")
    skips = []
    x = inputs
    for level in range(levels):
        x = double_conv(x, START_FILTERS * 2 ** level, dropout=0.1 * level)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = double_conv(x, START_FILTERS * 2 ** levels, dropout=0.3)
    for level, skip in reversed(list(enumerate(skips))):
        x = layers.Conv2DTranspose(START_FILTERS * 2 ** level, 2, strides=2, padding="same")(x)
        x = layers.Concatenate(name=f"merge_{level}")([skip, x])
        x = double_conv(x, START_FILTERS * 2 ** level)
    outputs = layers.Conv2D(classes, 1, activation="softmax" if classes > 1 else "sigmoid")(x)
    return keras.Model(inputs, outputs, name="unet")


model = unet((96, 128))
for layer in model.layers:
    if isinstance(layer, layers.Conv2DTranspose):
        print(layer.name, layer.filters, layer.strides, layer.output.shape[1:])
print(model.output_shape)
