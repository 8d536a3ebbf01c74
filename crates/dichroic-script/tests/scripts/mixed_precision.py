import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, mixed_precision

print(keras.config.dtype_policy().name)
mixed_precision.set_global_policy("mixed_bfloat16")
policy = mixed_precision.global_policy()
print(policy, policy.name, policy.compute_dtype, policy.variable_dtype)

inputs = keras.Input((28, 28, 3))
x = layers.Conv2D(8, 3, activation="relu")(inputs)
print(inputs.dtype, x.dtype)
x = layers.Flatten()(x)
outputs = layers.Dense(10, activation="softmax", dtype="float32")(x)
model = keras.Model(inputs, outputs)
for layer in model.layers[1:]:
    print(layer.name, layer.dtype, layer.compute_dtype, layer.variable_dtype, layer.dtype_policy)
print(outputs.dtype)

keras.config.set_dtype_policy("float32")
plain = keras.Sequential([
    keras.Input((8,)),
    layers.Dense(4),
    layers.Dense(2, dtype=keras.DTypePolicy("mixed_bfloat16")),
    layers.Dense(1, dtype="mixed_bfloat16"),
])
print([layer.dtype_policy.name for layer in plain.layers])
