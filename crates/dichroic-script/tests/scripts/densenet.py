import math

from tensorflow.keras import Model, regularizers
from tensorflow.keras import layers as kl

GROWTH = 12


def bn_relu_conv(x, filters, kernel_size):
    x = kl.BatchNormalization(axis=-1, epsilon=1.001e-5)(x)
    x = kl.Activation('relu')(x)
    return kl.Conv2D(filters, kernel_size, padding='same', use_bias=False,
                     kernel_regularizer=regularizers.L2(l2=5e-4))(x)


def dense_block(x, repeats):
    for _ in range(repeats):
        y = bn_relu_conv(x, 4 * GROWTH, 1)
        y = bn_relu_conv(y, GROWTH, 3)
        x = kl.Concatenate()([x, y])
    return x


def transition(x, reduction=0.5):
    channels = x.shape[-1]
    x = bn_relu_conv(x, math.floor(channels * reduction), 1)
    return kl.AveragePooling2D(2)(x)


inputs = kl.Input(shape=(32, 32, 3))
x = kl.Conv2D(2 * GROWTH, 3, padding='same', use_bias=False)(inputs)
block_sizes = [3, 4, 2]
for i, repeats in enumerate(block_sizes):
    x = dense_block(x, repeats)
    if i != len(block_sizes) - 1:
        x = transition(x)
x = kl.GlobalAveragePooling2D()(kl.ReLU()(kl.BatchNormalization()(x)))
model = Model(inputs, kl.Dense(100, activation='softmax')(x), name='densenet')
channels = [l.output.shape[-1] for l in model.layers if type(l).__name__ == 'Concatenate']
print(channels, max(channels), min(channels), round(sum(channels) / len(channels), 2))
