import keras
from keras import layers

image = keras.Input(shape=(32, 32, 3), name="image")
numbers = keras.Input(shape=(7,), name="numbers")

shared = layers.Conv2D(12, 3, activation="relu", name="shared")
left = shared(image)
right = shared(layers.ZeroPadding2D(((1, 1), (2, 2)))(layers.Cropping2D(1)(image)))
x = layers.Average()([layers.GlobalMaxPooling2D()(left), layers.GlobalMaxPooling2D()(right)])
y = layers.Dense(12, activation="elu")(numbers)
merged = layers.Multiply()([x, y])
merged = merged * 0.5 + x - 1
head, tail = layers.Dense(3, name="classes")(merged), layers.Dense(1, name="score")(merged)

model = keras.Model(inputs=[image, numbers], outputs={"classes": head, "score": tail})
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True),
    loss={"classes": keras.losses.CategoricalCrossentropy(from_logits=True), "score": "mse"},
    loss_weights={"classes": 1.0, "score": 0.2},
)
print(len(model.inputs), [tuple(t.shape) for t in model.inputs], shared.count_params())
print(sorted(layer.name for layer in model.layers if layer.count_params() > 0))
