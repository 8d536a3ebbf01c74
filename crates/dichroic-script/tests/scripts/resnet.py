import keras
import keras.layers as L


def conv_bn(x, filters, kernel_size=3, stride=1, activation=True, name=None):
    x = L.Conv2D(filters, kernel_size, strides=stride, padding='same', use_bias=False,
                 kernel_initializer=keras.initializers.HeNormal(),
                 kernel_regularizer=keras.regularizers.l2(1e-4),
                 name=None if name is None else name + '_conv')(x)
    x = L.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return L.ReLU()(x) if activation else x


def residual_block(x, filters, stride=1):
    shortcut = x
    x = conv_bn(x, filters, stride=stride)
    x = conv_bn(x, filters, activation=False)
    if stride != 1 or shortcut.shape[-1] != filters:
        shortcut = conv_bn(shortcut, filters, kernel_size=1, stride=stride, activation=False)
    return L.ReLU()(x + shortcut)


def resnet(depth, num_classes=10):
    if (depth - 2) % 6 != 0:
        raise ValueError("depth should be 6n + 2, got %d" % depth)
    blocks = (depth - 2) // 6
    inputs = keras.Input((32, 32, 3))
    x = conv_bn(inputs, 16, name='stem')
    for stage in range(3):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = residual_block(x, 16 * 2 ** stage, stride)
    x = L.GlobalAveragePooling2D()(x)
    outputs = L.Dense(num_classes, activation='softmax')(x)
    return keras.Model(inputs=inputs, outputs=outputs, name=f'resnet{depth}')


models = [resnet(depth) for depth in (8, 14)]
for m in models:
    print(m.name, m.count_params(), m.layers[-1].output.shape)
model = resnet(20)
