"""Makes half.h5 beside it: a Keras model whose weights have 16 bits.

    python -m venv venv && venv/bin/pip install keras==3.15.1 jax h5py
    KERAS_BACKEND=jax venv/bin/python half.py
"""

import pathlib

import keras
import numpy as np

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, dtype="float16", name="half")])
model.set_weights([np.array([[0.5, -2.0], [0.1, 65504.0]], np.float16), np.array([1.0, 2.0**-24], np.float16)])
model.save(pathlib.Path(__file__).parent / "half.h5")
