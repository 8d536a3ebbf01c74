from keras import Sequential, Input
from keras.layers import Conv2D, Dense, Flatten, Permute, RepeatVector, Activation

model = Sequential()
model.add(Input((8, 8, 2)))
model.add(Permute((2, 1, 3)))
model.add(Conv2D(4, (2, 3), strides=(1, 2), dilation_rate=1))
model.add(Flatten())
model.add(Dense(10))
model.add(Activation("softmax"))
before = model.count_params()
model.pop()
model.pop()
model.add(Dense(3, activation="softmax"))
print(before, "->", model.count_params(), [type(l).__name__ for l in model.layers])

late = Sequential([Conv2D(4, 3), Flatten()])
print(len(late.layers), late.built)
late.build((None, 10, 10, 3))
print(late.count_params(), late.output_shape)
