# torchvision's ResNet-18: PyTorch pads both sides alike, which padding="same" with strides does not.
from keras import Input, Model
from keras.layers import Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D, ReLU, ZeroPadding2D


def conv(x, filters, kernel_size, strides=1):
    if kernel_size > 1:
        x = ZeroPadding2D(kernel_size // 2)(x)
    x = Conv2D(filters, kernel_size, strides=strides, use_bias=False)(x)
    return BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


inputs = Input((64, 64, 3))
x = ReLU()(conv(inputs, 64, 7, strides=2))
x = MaxPooling2D(3, strides=2)(ZeroPadding2D(1)(x))
for stage in range(4):
    filters = 64 * 2**stage
    for block in range(2):
        strides = 2 if stage > 0 and block == 0 else 1
        shortcut = conv(x, filters, 1, strides) if strides == 2 else x
        x = conv(ReLU()(conv(x, filters, 3, strides)), filters, 3)
        x = ReLU()(Add()([x, shortcut]))
model = Model(inputs, Dense(10)(GlobalAveragePooling2D()(x)), name="resnet18")
