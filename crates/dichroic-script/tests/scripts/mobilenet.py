from functools import partial

import keras
from keras.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    Input,
    ReLU,
)

conv = partial(Conv2D, padding="same", use_bias=False)


def width(filters, alpha, divisor=8):
    """Filters after scaling, a multiple of `divisor` that loses at most a tenth."""
    scaled = max(divisor, int(filters * alpha + divisor / 2) // divisor * divisor)
    if scaled < 0.9 * filters * alpha:
        scaled += divisor
    return scaled


def depthwise_block(x, filters, *, alpha=1.0, strides=(1, 1), block_id=1, **kwargs):
    x = DepthwiseConv2D((3, 3), strides=strides, padding="same", depth_multiplier=1,
                        use_bias=False, name="conv_dw_%d" % block_id)(x)
    x = BatchNormalization(name="conv_dw_%d_bn" % block_id)(x)
    x = ReLU(6.0, name="conv_dw_%d_relu" % block_id)(x)
    x = conv(width(filters, alpha), 1, name="conv_pw_%d" % block_id, **kwargs)(x)
    x = BatchNormalization(name="conv_pw_%d_bn" % block_id)(x)
    return ReLU(max_value=6.0, name="conv_pw_%d_relu" % block_id)(x)


def mobilenet(alpha=1.0, classes=100, plan=((64, 1), (128, 2), (128, 1), (256, 2), (512, 2))):
    inputs = Input((128, 128, 3))
    x = conv(width(32, alpha), 3, strides=(2, 2), name="conv1")(inputs)
    x = BatchNormalization(name="conv1_bn")(x)
    x = ReLU(6.0, name="conv1_relu")(x)
    for i, (filters, stride) in enumerate(plan):
        x = depthwise_block(x, filters, alpha=alpha, strides=(stride,) * 2, block_id=i + 1,
                            kernel_initializer="glorot_normal")
    x = GlobalAveragePooling2D(keepdims=True)(x)
    x = conv(classes, (1, 1), use_bias=True, name="predictions")(x)
    return keras.Model(inputs, x, name=f"mobilenet_{alpha:.2f}_{128}")


sizes = {alpha: mobilenet(alpha).count_params() for alpha in (0.25, 0.5, 0.75)}
print(sizes)
model = mobilenet()
print(model.name, model.count_params())
