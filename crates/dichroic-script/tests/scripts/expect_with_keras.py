"""Runs the scripts beside this file with real Keras and writes what they print and make to expected.json.

    KERAS_BACKEND=jax python expect_with_keras.py [SCRIPT.py ...]

TensorFlow is stood in for by Keras itself, and old module paths by the current ones, so neither has to be installed.
"""
import contextlib
import io
import json
import math
import os
import pathlib
import sys
import types

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["COLUMNS"] = "80"
import keras

tensorflow = types.ModuleType("tensorflow")
tensorflow.keras = keras
sys.modules["tensorflow"] = tensorflow
for name in list(sys.modules):
    if name == "keras" or name.startswith("keras."):
        sys.modules["tensorflow." + name] = sys.modules[name]
for name in ("models", "layers", "optimizers", "regularizers", "losses", "metrics"):
    sys.modules["tensorflow.keras." + name] = getattr(keras, name)
for old in ("core", "convolutional"):
    sys.modules["keras.layers." + old] = keras.layers

# Keras looks for TensorFlow itself; it is to see that there is none.
keras.src.utils.module_utils.tensorflow._available = False

here = pathlib.Path(__file__).parent
golden = here / "expected.json"
expected = json.loads(golden.read_text()) if golden.exists() else {}
for path in sorted(here.glob("*.py")):
    if path.name == pathlib.Path(__file__).name or path.name not in (sys.argv[1:] or [path.name]):
        continue
    keras.backend.clear_session()
    printed = io.StringIO()
    names = {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed):
        exec(compile(path.read_text(), path.name, "exec"), names)
    models = {}
    for name, value in sorted(names.items()):
        if isinstance(value, keras.Model):
            models[name] = {
                "name": value.name,
                "params": value.count_params(),
                "trainable": sum(math.prod(weight.shape) for weight in value.trainable_weights),
                # Arithmetic on tensors makes operations, which Keras keeps beside the layers.
                "layers": [
                    part.name
                    for part in (value.layers if isinstance(value, keras.Sequential) else value.operations)
                ],
            }
    expected[path.name] = {"printed": printed.getvalue(), "models": models}
    print(path.name, {name: model["params"] for name, model in models.items()})
golden.write_text(json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
