from keras import Input, Sequential
from keras.layers import Conv2D

model = Sequential([
    Input((28, 28, 3)),
    Conv2D(32, 5, padding="same", use_bias=False),
    Conv2D(17, 3, padding="same", use_bias=False),
    Conv2D(13, 3, padding="same", use_bias=False),
    Conv2D(7, 3, padding="same", use_bias=False),
], name="seed")
