/** Code to start from. */
export interface Example {
  /** The message that names it. */
  title: string;
  code: string;
  /** Without the batch; for code that gives none. */
  shape: string;
}

/** What the editor holds when a person comes here for the first time. */
export const EXAMPLES: readonly [Example, ...Example[]] = [
  {
    title: "example-seed",
    shape: "",
    code: `from keras.models import Sequential
from keras.layers import Conv2D

model = Sequential()
model.add(Conv2D(32, input_shape=(28, 28, 3),
          kernel_size=(5, 5),
          padding='same',
          use_bias=False))
model.add(Conv2D(17, (3, 3), padding='same', use_bias=False))
model.add(Conv2D(13, (3, 3), padding='same', use_bias=False))
model.add(Conv2D(7, (3, 3), padding='same', use_bias=False))
model.compile(loss='categorical_crossentropy', optimizer='adam')

print(model.summary())
`,
  },
  { title: "example-layer", shape: "9,9,5", code: "Conv2D(56, 4)\n" },
  {
    title: "example-lenet",
    shape: "",
    code: `from keras import Sequential, Input
from keras.layers import Conv2D, AveragePooling2D, Flatten, Dense

model = Sequential([
    Input((28, 28, 1)),
    Conv2D(6, 5, padding="same", activation="tanh"),
    AveragePooling2D(),
    Conv2D(16, 5, activation="tanh"),
    AveragePooling2D(),
    Flatten(),
    Dense(120, activation="tanh"),
    Dense(84, activation="tanh"),
    Dense(10, activation="softmax"),
])
`,
  },
  {
    title: "example-residual",
    shape: "",
    code: `import keras
from keras import layers


def block(x, filters, strides=1):
    y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    if strides > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, strides=strides)(x)
    return layers.ReLU()(layers.Add()([x, y]))


image = keras.Input((32, 32, 3))
x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
x = block(x, 16)
x = block(x, 32, strides=2)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
`,
  },
  {
    title: "example-1d",
    shape: "",
    code: `from keras import Sequential, Input
from keras.layers import Conv1D, MaxPooling1D, GlobalAveragePooling1D, Dense

model = Sequential([
    Input((128, 9)),
    Conv1D(16, 7, padding="causal", activation="relu"),
    MaxPooling1D(),
    Conv1D(32, 5, dilation_rate=2, activation="relu"),
    GlobalAveragePooling1D(),
    Dense(6, activation="softmax"),
])
`,
  },
  {
    title: "example-3d",
    shape: "",
    code: `from keras import Sequential, Input
from keras.layers import Conv3D, MaxPooling3D, GlobalAveragePooling3D, Dense

model = Sequential([
    Input((16, 32, 32, 1)),
    Conv3D(8, 3, activation="relu"),
    MaxPooling3D(),
    Conv3D(16, 3, activation="relu"),
    GlobalAveragePooling3D(),
    Dense(2, activation="softmax"),
])
`,
  },
];

/** "9, 9, 5" → [9, 9, 5]; null if it is empty; undefined if it is no shape. */
export function parseInputShape(text: string): number[] | null | undefined {
  const sizes = text.replace(/[()[\]\s]/g, "").replace(/,$/, "");
  if (sizes === "") return null;
  return /^[1-9]\d*(,[1-9]\d*)*$/.test(sizes) ? sizes.split(",").map(Number) : undefined;
}
