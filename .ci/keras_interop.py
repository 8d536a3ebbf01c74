"""Checks that Keras and dichroic open each other's .keras files and predict the same.

    python -m venv venv && venv/bin/pip install -r .ci/requirements.txt
    venv/bin/python .ci/keras_interop.py target/release/dichroic

Slow (it starts Keras), so it is a check of its own and no part of the tests. Exits with 1 if a pair of
predictions differs by more than 1e-5 (relative to values above one), or a file can't be opened.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402  the backend is chosen before
import numpy as np  # noqa: E402

# Keras warns of every model that is called with a list where it could be called without.
warnings.filterwarnings("ignore")

BOUND = 1e-5
# Keras 3.15 sums the wrong numbers in sparsemax (keras-team/keras#23425); ours is the definition.
KNOWN_DEFECTS = ("activation_sparsemax",)
HERE = pathlib.Path(__file__).resolve().parent
LAYERS = HERE.parent / "tests" / "golden" / "layers.json"

# Scripts that both sides run. The data are random: what is compared is arithmetic, not skill.
SCRIPTS = {
    "sequential": """
import keras
from keras import layers
model = keras.Sequential([
    keras.Input((8, 8, 3)),
    layers.Conv2D(6, 3, padding="same", activation="relu", kernel_regularizer="l2"),
    layers.BatchNormalization(),
    layers.MaxPooling2D(),
    layers.SeparableConv2D(5, 3, padding="same"),
    layers.PReLU(shared_axes=[1, 2]),
    layers.Dropout(0.25),
    layers.Flatten(),
    layers.Dense(3, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
""",
    "functional": """
import keras
from keras import layers

def block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    x = layers.Conv2D(filters, 1)(x)
    return layers.Add()([x, y])

image = keras.Input((8, 8, 3), name="image")
x = layers.Rescaling(2.0, offset=-1.0)(image)
for filters in [4, 6]:
    x = block(x, filters)
shared = layers.DepthwiseConv2D(3, padding="same", name="shared")
x = layers.Concatenate()([shared(x), shared(shared(x))])
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(image, layers.Dense(3, activation="softmax")(x))
model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
""",
    "nested": """
import keras
from keras import layers
block = keras.Sequential([
    keras.Input((8, 8, 3)),
    layers.Conv2D(3, 3, padding="same"),
    layers.LayerNormalization(),
], name="block")
image = keras.Input((8, 8, 3))
x = block(block(image))
x = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x)
x = layers.GlobalMaxPooling2D()(x)
model = keras.Model(image, layers.Dense(3, activation="softmax")(x))
model.compile(optimizer=keras.optimizers.RMSprop(1e-3, momentum=0.9, centered=True),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
""",
}


class Difference(Exception):
    """Predictions that are not the same."""


def distance(ours, theirs):
    """The largest difference, relative where values are above one."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        raise Difference(f"shape {ours.shape} here, {theirs.shape} in Keras")
    if ours.size == 0:
        return 0.0
    return float(np.max(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))))


class Program:
    """The built program and a folder to work in."""

    def __init__(self, binary, folder):
        self.binary, self.folder = pathlib.Path(binary).resolve(), pathlib.Path(folder)

    def run(self, *arguments):
        command = [str(self.binary), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Difference(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def predict(self, model, inputs):
        """Every output of a file for arrays by the names of the inputs."""
        np.savez(self.folder / "in.npz", **inputs)
        self.run("predict", model, "--input", "in.npz", "--output", "out.npz")
        with np.load(self.folder / "out.npz") as outputs:
            return {name: outputs[name] for name in outputs.files}


def inputs_of(model, generator):
    """Random inputs by name, two samples each."""
    return {i.name: generator.normal(size=(2, *i.shape[1:])).astype(np.float32) for i in model.inputs}


def output_names(model):
    """The names of the layers that make the outputs."""
    return [output._keras_history.operation.name for output in model.outputs]


def same_predictions(program, path, generator):
    """The distance between what both make of one file."""
    model = keras.models.load_model(path)
    inputs = inputs_of(model, generator)
    ours = program.predict(path.name, inputs)
    values = list(inputs.values())
    theirs = model(values if len(values) > 1 else values[0], training=False)
    theirs = list(theirs) if isinstance(theirs, (list, tuple)) else [theirs]
    if len(ours) != len(theirs):
        raise Difference(f"outputs {sorted(ours)}, Keras has {output_names(model)}")
    names = output_names(model) if len(theirs) > 1 else list(ours)
    return max(distance(ours[name], value) for name, value in zip(names, theirs))


def check_script(program, name, source, generator):
    """Ours trains and Keras reads; Keras trains and ours reads; ours reads, writes and Keras reads again."""
    folder = program.folder
    (folder / "model.py").write_text(source)
    x = generator.normal(size=(24, 8, 8, 3)).astype(np.float32)
    y = generator.integers(0, 3, 24).astype(np.int32)
    np.savez(folder / "data.npz", x=x, y=y)

    program.run("train", "model.py", "--data", "data.npz", "--epochs", 2, "--batch-size", 8, "--out", "ours.keras")
    yield f"{name}: trained here", same_predictions(program, folder / "ours.keras", generator)
    steps = int(keras.models.load_model(folder / "ours.keras").optimizer.iterations)
    if steps != 6:
        raise Difference(f"{name}: Keras sees {steps} optimizer steps in our file, 6 were made")

    # Keras goes on with the optimizer's state that we wrote.
    model = keras.models.load_model(folder / "ours.keras")
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    model.save(folder / "continued.keras")
    yield f"{name}: continued by Keras", same_predictions(program, folder / "continued.keras", generator)

    scope = {}
    exec(source, scope)  # the script above, not a file from elsewhere
    model = scope["model"]
    model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    model.save(folder / "theirs.keras")
    yield f"{name}: trained by Keras", same_predictions(program, folder / "theirs.keras", generator)

    program.run("train", "theirs.keras", "--data", "data.npz", "--epochs", 0, "--out", "again.keras")
    again, before = (keras.models.load_model(folder / f) for f in ("again.keras", "theirs.keras"))
    pairs = zip(again.weights, before.weights, strict=True)
    yield f"{name}: written back", max(distance(a, b) for a, b in pairs)
    states = zip(again.optimizer.variables, before.optimizer.variables, strict=True)
    yield f"{name}: optimizer written back", max(distance(a, b) for a, b in states)


def check_layers(program, generator):
    """Every layer and option of the golden cases, as a model of one layer, there and back."""
    cases = [
        case
        for case in json.loads(LAYERS.read_text())["cases"]
        if not case["training"] and not case["name"].startswith(KNOWN_DEFECTS)
    ]
    for case in cases:
        keras.backend.clear_session()
        layer = keras.saving.deserialize_keras_object(
            {"module": "keras.layers", "class_name": case["class_name"], "config": case["config"], "registered_name": None}
        )
        inputs = [keras.Input(shape[1:], name=f"x{i}") for i, shape in enumerate(case["input_shapes"])]
        model = keras.Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
        model.set_weights([generator.uniform(0.1, 0.9, w.shape).astype(np.float32) for w in model.get_weights()])
        path = program.folder / "layer.keras"
        model.save(path)
        try:
            yield case["name"], same_predictions(program, path, generator)
        except Difference as difference:
            yield f"{case['name']}: {difference}", float("inf")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        program = Program(sys.argv[1], folder)
        generator = np.random.default_rng(20)
        checks = [check_script(program, name, source, generator) for name, source in SCRIPTS.items()]
        for check in [*checks, check_layers(program, generator)]:
            try:
                for what, largest in check:
                    bad = not largest <= BOUND
                    failed += bad
                    count += 1
                    if bad or ":" in what:
                        print(f"{'FAIL' if bad else 'ok  '} {largest:.1e}  {what}", flush=True)
            except Difference as difference:
                failed += 1
                print(f"FAIL {difference}", flush=True)
    print(f"{count} comparisons, all agree" if failed == 0 else f"{failed} of {count} comparisons failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
