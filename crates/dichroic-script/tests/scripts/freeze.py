import keras
from keras import layers

base = keras.Sequential([
    keras.Input((64, 64, 3)),
    layers.Conv2D(16, 3, name="first"),
    layers.BatchNormalization(),
    layers.Conv2D(32, 3, strides=2),
    layers.GlobalAveragePooling2D(),
], name="base")
base.trainable = False

features = keras.Model(base.inputs, base.get_layer("first").output, name="features")
inputs = keras.Input(shape=(64, 64, 3))
x = base(inputs, training=False)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(1)(x)
model = keras.Model(inputs, outputs)

frozen = [w for w in model.non_trainable_weights]
print(len(model.trainable_weights), len(frozen), features.output_shape)
for i, layer in enumerate(model.layers):
    print(i, layer.name, "frozen" if not layer.trainable else "free")
