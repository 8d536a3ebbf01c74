"""Files as Keras 1.2, 2.0, 2.12 to 2.15 and 3 write them, with inputs and outputs. Run it once in an environment of each:

    Python 3.6:   pip install keras==1.2.2 tensorflow==1.4.0 theano==1.0.5 numpy==1.15.4 h5py==2.10.0 "pyyaml<6"
    Python 3.6:   pip install keras==2.0.5 tensorflow==1.4.0 numpy==1.16.6 h5py==2.10.0
    Python 3.10:  pip install tensorflow-cpu==2.12.1    (and 2.13.1, 2.14.1, 2.15.1)
    Python 3.11:  pip install keras==3.15.1 jax h5py

    python make.py

With KERAS_BACKEND=theano, Keras 1.2 writes the file of weights in Theano's order. Each run puts its files into files.zip, and
one .npz with `FILE/input` and `FILE/output`, channels last.
"""

import os
import shutil
import sys
import tempfile
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax" if sys.version_info >= (3, 11) else "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

if sys.version_info >= (3, 10) and os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow
    from tensorflow import keras

    RELEASE = tensorflow.__version__
else:
    import keras

    RELEASE = keras.__version__
if os.environ["KERAS_BACKEND"] == "theano":
    import theano.ifelse  # noqa: F401  Keras 1.2 forgets to

VERSION = tuple(int(part) for part in RELEASE.split(".")[:2])
K = keras.backend
ARCHIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files.zip")
FOLDER = tempfile.mkdtemp()
ARRAYS = {}


def path(name):
    return os.path.join(FOLDER, name)


def pack():
    """Puts what was written into the archive, in place of what an earlier run put there."""
    entries = {}
    if os.path.exists(ARCHIVE):
        with zipfile.ZipFile(ARCHIVE) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
    for name in os.listdir(FOLDER):
        with open(path(name), "rb") as file:
            entries[name] = file.read()
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            archive.writestr(zipfile.ZipInfo(name), entries[name], zipfile.ZIP_DEFLATED)
    shutil.rmtree(FOLDER)


def settle(model, seed):
    """Weights of a known size, so that outputs depend on every one of them."""
    rng = np.random.RandomState(seed)
    model.set_weights([rng.uniform(-0.5, 0.5, w.shape) + 0.1 * (w.ndim == 1) + 0.6 * (w.ndim == 1) for w in model.get_weights()])
    return rng


def record(name, model, rng, shape):
    """Keeps an input and what the model makes of it."""
    x = rng.uniform(-1, 1, (2,) + shape).astype("float32")
    ARRAYS[name + "/input"] = x
    ARRAYS[name + "/output"] = np.asarray(model.predict(x)).astype("float32")


def keras_1():
    """Old names of classes and arguments, channels last."""
    from keras import layers as L
    from keras.models import Model, Sequential
    from keras.regularizers import l2

    K.set_image_dim_ordering("tf")
    chain = Sequential()
    chain.add(L.Convolution2D(4, 3, 3, border_mode="same", input_shape=(8, 8, 3), W_regularizer=l2(0.01)))
    chain.add(L.BatchNormalization())
    chain.add(L.Activation("relu"))
    chain.add(L.MaxPooling2D((2, 2)))
    chain.add(L.ZeroPadding2D((1, 2)))
    chain.add(L.SeparableConvolution2D(5, 3, 3, activation="tanh"))
    chain.add(L.AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2), border_mode="same", bias=False))
    chain.add(L.Dropout(0.2))
    chain.add(L.Flatten())
    chain.add(L.Dense(3, activation="softmax"))
    chain.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    rng = settle(chain, 1)
    chain.train_on_batch(rng.rand(4, 8, 8, 3), np.eye(3)[[0, 1, 2, 0]])
    chain.save(path("keras1_chain.h5"))
    record("keras1_chain.h5", chain, rng, (8, 8, 3))

    inner = Sequential(name="inner")
    inner.add(L.Convolution2D(4, 3, 3, border_mode="same", input_shape=(6, 6, 4)))
    inner.add(L.BatchNormalization())
    image = L.Input((6, 6, 4), name="image")
    x = L.merge([image, inner(image)], mode="sum")
    y = L.AveragePooling2D((3, 3), strides=(1, 1), border_mode="same")(x)
    x = L.merge([x, y], mode="concat", concat_axis=-1)
    x = L.PReLU()(x)
    x = L.Deconvolution2D(3, 3, 3, output_shape=(None, 12, 12, 3), subsample=(2, 2), border_mode="same")(x)
    branches = Model(input=image, output=L.GlobalAveragePooling2D()(x))
    rng = settle(branches, 2)
    branches.save(path("keras1_branches.h5"))
    record("keras1_branches.h5", branches, rng, (6, 6, 4))
    row = Sequential()
    row.add(L.Convolution1D(4, 3, border_mode="same", input_shape=(9, 2)))
    row.add(L.MaxPooling1D(3, border_mode="valid"))
    row.add(L.UpSampling1D(2))
    rng = settle(row, 3)
    row.save(path("keras1_row.h5"))
    record("keras1_row.h5", row, rng, (9, 2))


def keras_1_theano():
    """Weights alone, in Theano's order: filters first, kernels mirrored, channels first before the dense layer."""
    from keras import layers as L
    from keras.models import Sequential

    K.set_image_dim_ordering("th")
    model = Sequential()
    model.add(L.Convolution2D(4, 3, 3, activation="relu", input_shape=(2, 7, 6), name="conv"))
    model.add(L.MaxPooling2D((2, 2)))
    model.add(L.Flatten())
    model.add(L.Dropout(0.5))
    model.add(L.Dense(3, name="classes"))
    model.compile("sgd", "mse")
    rng = settle(model, 4)
    model.save_weights(path("keras1_theano_weights.h5"), overwrite=True)
    record("keras1_theano_weights.h5", model, rng, (2, 7, 6))
    x = ARRAYS["keras1_theano_weights.h5/input"]
    ARRAYS["keras1_theano_weights.h5/input"] = np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def block(L, Sequential):
    """A nested chain with a frozen layer, so that the order of its weights in the file is not that of its layers."""
    inner = Sequential(name="block")
    inner.add(L.Conv2D(4, 3, padding="same", input_shape=(6, 6, 4), name="inner_conv"))
    inner.add(L.BatchNormalization(name="inner_norm"))
    inner.add(L.Conv2D(4, 1, name="inner_frozen", trainable=False))
    inner.add(L.LeakyReLU(0.2, name="inner_slope"))
    return inner


def functional(L, Sequential, Model):
    inner = block(L, Sequential)
    image = L.Input((6, 6, 4), name="image")
    x = inner(inner(image))
    x = L.SpatialDropout2D(0.1)(x)
    x = L.SeparableConv2D(4, 3, padding="same")(x)
    x = L.Concatenate()([x, L.Conv2DTranspose(4, 3, strides=2, padding="same")(L.MaxPooling2D()(x))])
    x = L.Add()([x, L.Conv2D(8, 1, use_bias=False)(x)])
    x = L.GlobalAveragePooling2D()(x)
    return Model(image, L.Dense(3, activation="softmax")(x), name="functional")


def chain(L, Sequential):
    model = Sequential()
    for filters in (3, 4):
        model.add(L.Conv2D(filters, 3, padding="same", **({"input_shape": (4, 4, 2)} if filters == 3 else {})))
        model.add(L.BatchNormalization())
        model.add(L.ReLU(max_value=6.0) if VERSION >= (2, 2) else L.Activation("relu"))
    if VERSION >= (2, 1):
        model.add(L.DepthwiseConv2D(3, strides=2))
    model.add(L.UpSampling2D(2))
    model.add(L.Flatten())
    model.add(L.Dense(3))
    return model


def keras_2(prefix, endings):
    """Both kinds of model with each ending: .h5, .keras, .weights.h5, or weights alone in the old form."""
    L = keras.layers
    Model, Sequential = keras.models.Model, keras.models.Sequential
    for kind, make, shape in (
        ("functional", lambda: functional(L, Sequential, Model), (6, 6, 4)),
        ("chain", lambda: chain(L, Sequential), (4, 4, 2)),
    ):
        model = make()
        rng = settle(model, 5)
        if kind == "chain":
            model.compile("adam", "mse", metrics=["mae"])
            model.train_on_batch(rng.rand(4, 4, 4, 2), rng.rand(4, 3))
        for ending in endings:
            name = "{}_{}{}".format(prefix, kind, ending)
            if "weights" in ending:
                model.save_weights(path(name))
            elif ending == ".keras" and VERSION == (2, 12):
                model.save(path(name), save_format="keras_v3")
            else:
                model.save(path(name))
            record(name, model, np.random.RandomState(6), shape)


def main():
    if os.environ["KERAS_BACKEND"] == "theano":
        prefix = "keras1_theano"
        keras_1_theano()
    elif VERSION[0] == 1:
        prefix = "keras1"
        keras_1()
    elif VERSION < (2, 12):
        prefix = "keras2_0"
        keras_2(prefix, [".h5", "_weights.h5"])
    elif VERSION < (3, 0):
        prefix = "keras2_{}".format(VERSION[1])
        # Keras 2.12 writes HDF5 under the name .keras unless it is told otherwise.
        endings = {12: [".keras", "_hdf5.keras"], 15: [".keras", ".h5", ".weights.h5"]}
        keras_2(prefix, endings.get(VERSION[1], [".keras"]))
    else:
        prefix = "keras3"
        keras_2(prefix, [".h5", ".weights.h5"])
    np.savez(path(prefix + ".npz"), **ARRAYS)
    pack()


if __name__ == "__main__":
    main()
