"""Builds a network from a plain description, as hyper-parameter searches do."""
import os

os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND", "jax")

import keras
from keras.layers import *

DEFAULTS = {"padding": "same", "activation": "relu"}


def build(spec, input_shape, **overrides):
    options = {**DEFAULTS, **overrides}
    makers = {
        "c": lambda n: Conv2D(n, 3, **options),
        "p": lambda n: MaxPooling2D(n),
        "d": lambda n: Dense(n, activation=options["activation"]),
        "f": lambda n: Flatten(),
    }
    stack = [Input(input_shape)]
    for word in spec.split("-"):
        kind, number = word[0], word[1:]
        stack.append(makers[kind](int(number) if number else None))
    return keras.Sequential(stack)


def describe(m):
    lines = []
    m.summary(print_fn=lambda text, line_break=None: lines.append(text))
    return sum(len(line) for line in lines) > 0


specs = ["c8-p2-f-d10", "c16-c16-p2-c32-p2-f-d64-d10"]
built = {spec: build(spec, (28, 28, 1), activation="selu") for spec in specs}
best = min(built, key=lambda spec: built[spec].count_params())
print("smallest:", best, "|", " > ".join(str(built[s].count_params()) for s in specs))
model = built[specs[-1]]
print(describe(model), model.layers[0].get_config()["activation"], model.layers[0].strides)
