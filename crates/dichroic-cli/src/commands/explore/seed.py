# Four convolutions and nothing else. How many weights has the first one?
from keras import Sequential
from keras.layers import Conv2D, Input

model = Sequential([
    Input((28, 28, 3)),
    Conv2D(32, (5, 5), padding="same", use_bias=False),
    Conv2D(17, (3, 3), padding="same", use_bias=False),
    Conv2D(13, (3, 3), padding="same", use_bias=False),
    Conv2D(7, (3, 3), padding="same", use_bias=False),
])
