from keras.layers import Input, Conv2D, MaxPooling2D, concatenate, Dense, GlobalAveragePooling2D
from keras.models import Model


def inception(x, widths, prefix):
    a, b, c, d = widths
    tower_1 = Conv2D(a, (1, 1), padding='same', activation='relu', name=prefix + '_1x1')(x)
    tower_2 = Conv2D(b[0], (1, 1), padding='same', activation='relu')(x)
    tower_2 = Conv2D(b[1], (3, 3), padding='same', activation='relu')(tower_2)
    tower_3 = Conv2D(c[0], (1, 1), padding='same', activation='relu')(x)
    tower_3 = Conv2D(c[1], (5, 5), padding='same', activation='relu')(tower_3)
    tower_4 = MaxPooling2D((3, 3), strides=(1, 1), padding='same')(x)
    tower_4 = Conv2D(d, (1, 1), padding='same', activation='relu')(tower_4)
    return concatenate([tower_1, tower_2, tower_3, tower_4], axis=-1, name='%s_out' % prefix)


visible = Input(shape=(64, 64, 3))
x = Conv2D(64, 7, strides=2, padding='same', activation='relu')(visible)
widths = {
    'mixed_a': (64, (96, 128), (16, 32), 32),
    'mixed_b': (128, (128, 192), (32, 96), 64),
}
for prefix, w in widths.items():
    x = inception(x, w, prefix)
    x = MaxPooling2D(2)(x)
x = GlobalAveragePooling2D()(x)
out = Dense(5, activation='softmax')(x)

model = Model(inputs=visible, outputs=out)
model.summary()
print(model.get_layer('mixed_a_out').output.shape, model.get_layer(index=1).kernel.shape)
