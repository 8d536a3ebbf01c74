"""Checks that Keras and dichroic open each other's HDF5 files and predict the same.

    cargo build --release -p dichroic-formats --example hdf5
    venv/bin/python .ci/hdf5_interop.py target/release/examples/hdf5 [emotion_model.hdf5]

The second argument is a model of Keras 2.0.5 that the package `fer` (25.10.3) carries in fer/data. Every layer of the golden cases is
checked, many of them side by side in one model: Keras compiles and saves so few models. Exits with 1 if a pair of predictions differs by
more than 1e-5 (relative to values above one), or a file can't be opened.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("KERAS_BACKEND", "numpy")

import keras  # noqa: E402  the backend is chosen before
import numpy as np  # noqa: E402
from absl import logging  # noqa: E402

# Keras warns of every file in this form, and of every model that is called with a list where it needs none.
warnings.filterwarnings("ignore")
logging.set_verbosity(logging.ERROR)

BOUND = 1e-5
# Keras 3.15 sums the wrong numbers in sparsemax (keras-team/keras#23425); ours is the definition. It doesn't open its own HDF5 file
# of a layer over several axes: it takes the last one.
# It refuses its own file of a Normalization over other axes than the last, and can't save three layers that change pictures.
KNOWN_DEFECTS = (
    "activation_sparsemax",
    "layer_normalization_axes",
    "softmax_axes",
    "normalization_a",
    "random_brightness",
    "random_contrast",
    "random_zoom",
)
# Layers in one model.
GROUP = 48
LAYERS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "layers.json"
L = keras.layers


def chain():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(6, 3, padding="same", activation="relu", kernel_regularizer="l2"),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.SeparableConv2D(5, 3, padding="same"),
            L.PReLU(shared_axes=[1, 2]),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def graph():
    image = keras.Input((8, 8, 3), name="image")
    x = L.Rescaling(2.0, offset=-1.0)(image)
    for filters in [4, 6]:
        y = L.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        y = L.ReLU()(L.BatchNormalization()(y))
        x = L.Add()([L.Conv2D(filters, 1)(x), y])
    shared = L.DepthwiseConv2D(3, padding="same", name="shared")
    x = L.Concatenate()([shared(x), shared(shared(x))])
    x = L.GlobalAveragePooling2D()(x)
    model = keras.Model(image, [L.Dense(3, activation="softmax", name="a")(x), L.Dense(1, name="b")(x)])
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss=["sparse_categorical_crossentropy", "mean_squared_error"])
    return model


def nested():
    inner = keras.Sequential(
        [keras.Input((8, 8, 3)), L.Conv2D(3, 3, padding="same"), L.BatchNormalization(), L.Conv2D(3, 1, trainable=False)],
        name="inner",
    )
    a = keras.Input((8, 8, 3))
    middle = keras.Model(a, L.Add()([inner(a), L.Conv2D(3, 1)(a)]), name="middle")
    image = keras.Input((8, 8, 3))
    x = L.Conv2DTranspose(4, 3, strides=2, padding="same")(middle(middle(image)))
    return keras.Model(image, L.Dense(3, activation="softmax")(L.GlobalMaxPooling2D()(x)))


class Difference(Exception):
    """Predictions that are not the same."""


def distance(ours, theirs):
    """The largest difference, relative where values are above one."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        raise Difference(f"shape {ours.shape} here, {theirs.shape} in Keras")
    return float(np.max(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs)), initial=0.0))


class Program:
    """The built example and a folder to work in."""

    def __init__(self, binary, folder):
        self.binary, self.folder = pathlib.Path(binary).resolve(), pathlib.Path(folder)

    def run(self, *arguments):
        command = [str(self.binary), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Difference(f"{' '.join(command[1:])}\n{done.stdout}{done.stderr}")

    def predict(self, path, inputs):
        np.savez(self.folder / "in.npz", **inputs)
        self.run("predict", path, "in.npz", "out.npz")
        with np.load(self.folder / "out.npz") as outputs:
            return [outputs[f"output{i}"] for i in range(len(outputs.files))]


def settle(model, generator):
    """Weights that are none of their first values."""
    model.set_weights([generator.uniform(0.1, 0.9, w.shape).astype(np.float32) for w in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, L.Normalization):
            # It computes with copies of its weights.
            layer.finalize_state()


def outputs(model, inputs):
    values = list(inputs.values())
    made = model(values if len(values) > 1 else values[0], training=False)
    return list(made) if isinstance(made, (list, tuple)) else [made]


def compare(ours, theirs):
    if len(ours) != len(theirs):
        raise Difference(f"{len(ours)} outputs here, {len(theirs)} in Keras")
    return max(distance(a, b) for a, b in zip(ours, theirs))


def inputs_of(model, generator):
    return {i._keras_history.operation.name: generator.normal(size=(2, *i.shape[1:])).astype(np.float32) for i in model.inputs}


def check_model(program, name, model, generator):
    """Every way there and back, for one model."""
    folder = program.folder
    settle(model, generator)
    inputs = inputs_of(model, generator)
    expected = outputs(model, inputs)
    model.save(folder / "theirs.h5")
    yield f"{name}: theirs, read here", compare(program.predict("theirs.h5", inputs), expected)
    program.run("convert", "theirs.h5", "ours.h5")
    loaded = keras.models.load_model(folder / "ours.h5")
    yield f"{name}: ours, read by Keras", compare(outputs(loaded, inputs), expected)
    if getattr(model, "optimizer", None) is not None and type(loaded.optimizer) is not type(model.optimizer):
        raise Difference(f"{name}: Keras finds the optimizer {loaded.optimizer} in our file")
    program.run("convert", "theirs.h5", "ours.keras")
    yield f"{name}: as .keras", compare(outputs(keras.models.load_model(folder / "ours.keras"), inputs), expected)


def check_weights(program, name, make, generator):
    """Weights alone, in both layouts, by name and by topology."""
    folder = program.folder
    model = make()
    settle(model, generator)
    inputs = inputs_of(model, generator)
    expected = outputs(model, inputs)
    model.save(folder / "whole.h5")
    model.save_weights(folder / "theirs.weights.h5")
    for how in ("name", "topology"):
        program.run("load", "whole.h5", "theirs.weights.h5", how, "loaded.h5")
        yield f"{name}: their weights by {how}", compare(program.predict("loaded.h5", inputs), expected)
    for file in ("ours.weights.h5", "ours_weights.h5"):
        program.run("convert", "whole.h5", file)
        settle(model, generator)
        model.load_weights(folder / file)
        yield f"{name}: {file} into Keras", compare(outputs(model, inputs), expected)
    settle(model, generator)
    model.load_weights(folder / "ours_weights.h5", by_name=True)
    yield f"{name}: ours_weights.h5 into Keras by name", compare(outputs(model, inputs), expected)


def side_by_side(cases):
    """A model in which each case is a layer on inputs of its own."""
    inputs, outputs = [], []
    for case in cases:
        config = {
            "module": "keras.layers",
            "class_name": case["class_name"],
            "config": {**case["config"], "name": case["name"]},
            "registered_name": None,
        }
        layer = keras.saving.deserialize_keras_object(config)
        given = [keras.Input(shape[1:], name=f"{case['name']}_x{i}") for i, shape in enumerate(case["input_shapes"])]
        inputs += given
        outputs.append(layer(given if len(given) > 1 else given[0]))
    return keras.Model(inputs, outputs)


def check_group(program, cases, generator):
    """Some layers there and back; each with its largest difference on either way."""
    model = side_by_side(cases)
    settle(model, generator)
    inputs = inputs_of(model, generator)
    expected = outputs(model, inputs)
    model.save(program.folder / "theirs.h5")
    ways = {"theirs, read here": program.predict("theirs.h5", inputs)}
    for file in ("ours.h5", "ours.keras"):
        program.run("convert", "theirs.h5", file)
        ways[f"{file}, read by Keras"] = outputs(keras.models.load_model(program.folder / file), inputs)
    for way, got in ways.items():
        for case, ours, theirs in zip(cases, got, expected, strict=True):
            yield f"{case['name']}: {way}", distance(ours, theirs)


def check_layers(program, generator):
    """Every layer and option of the golden cases, as many in one model as are still told apart when one fails."""
    cases = json.loads(LAYERS.read_text())["cases"]
    cases = [case for case in cases if not case["training"] and not case["name"].startswith(KNOWN_DEFECTS)]
    for start in range(0, len(cases), GROUP):
        group = cases[start : start + GROUP]
        try:
            yield from check_group(program, group, generator)
        except (Difference, TypeError, ValueError) as problem:
            yield f"{group[0]['name']} to {group[-1]['name']}: {problem}", float("inf")


def check_real(program, path, generator):
    """A trained model of Keras 2.0.5."""
    model = keras.models.load_model(path, compile=False)
    inputs = inputs_of(model, generator)
    expected = outputs(model, inputs)
    yield "emotion_model.hdf5: read here", compare(program.predict(path, inputs), expected)
    program.run("convert", path, "emotion.h5")
    loaded = keras.models.load_model(program.folder / "emotion.h5")
    yield "emotion_model.hdf5: written here, read by Keras", compare(outputs(loaded, inputs), expected)


def main():
    arguments = sys.argv[1:]
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        program = Program(arguments[0], folder)
        generator = np.random.default_rng(21)
        models = [chain, graph, nested]
        checks = [check_model(program, make.__name__, make(), generator) for make in models]
        checks += [check_weights(program, make.__name__, make, generator) for make in models]
        if len(arguments) == 2:
            checks.append(check_real(program, pathlib.Path(arguments[1]).resolve(), generator))
        for check in [*checks, check_layers(program, generator)]:
            try:
                for what, largest in check:
                    bad = not largest <= BOUND
                    failed += bad
                    count += 1
                    if bad or count < 40:
                        print(f"{'FAIL' if bad else 'ok  '} {largest:.1e}  {what}", flush=True)
            except (Difference, TypeError, ValueError) as problem:
                failed += 1
                print(f"FAIL {type(problem).__name__}: {problem}", flush=True)
    print(f"{count} comparisons, all agree" if failed == 0 else f"{failed} of {count} comparisons failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
