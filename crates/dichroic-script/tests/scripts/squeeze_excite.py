import keras
from keras import layers, activations, initializers


def squeeze_excite(x, ratio=8):
    filters = x.shape[-1]
    s = layers.GlobalAveragePooling2D()(x)
    s = layers.Reshape((1, 1, filters))(s)
    s = layers.Dense(filters // ratio, activation=activations.relu, use_bias=False)(s)
    s = layers.Dense(filters, activation=activations.sigmoid, use_bias=False)(s)
    return layers.multiply([x, s])


def stage(x, filters, blocks=1, groups=None):
    for _ in range(blocks):
        y = layers.Conv2D(filters, 3, padding="same", groups=groups or 1,
                          kernel_initializer=initializers.RandomNormal(0.0, 0.02, seed=1))(x)
        y = layers.LayerNormalization()(y)
        y = activations.gelu(y)
        y = squeeze_excite(y)
        x = layers.Add()([x, y]) if x.shape[-1] == filters else y
    return x


keras.utils.set_random_seed(812)
inputs = keras.Input((24, 24, 8), batch_size=4)
x = inputs
settings = [dict(filters=16, blocks=1), dict(filters=32, blocks=2, groups=4)]
for setting in settings:
    x = stage(x, **setting)
    x = layers.MaxPool2D()(x)
outputs = layers.Softmax()(layers.Dense(4)(layers.Flatten()(x)))
model = keras.Model(inputs, outputs)
print(model.output_shape, model.count_params())
