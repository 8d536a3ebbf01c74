"""Checks that Keras opens our .keras files with operations, and predicts the same.

    cargo run --release -p dichroic-formats --example onnx_cases -- FOLDER
    python .ci/keras_operations.py FOLDER

Layers that Keras's operations can't express are listed. Exits with 1 if a file can't be opened or an output differs by more than 1e-5 of its largest value.
"""

import json
import os
import pathlib
import sys
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402  the backend is chosen before
import numpy as np  # noqa: E402

from onnx_interop import BOUND, furthest  # noqa: E402

warnings.filterwarnings("ignore")


def differences(folder, name):
    """What is wrong with one file, as sentences."""
    model = keras.models.load_model(folder / f"{name}.keras")
    with np.load(folder / f"{name}.npz") as arrays:
        given = [arrays[f"in{i}"] for i in range(len(model.inputs))]
        expected = [arrays[f"out{i}"] for i in range(len(model.outputs))]
    got = model(given if len(given) > 1 else given[0], training=False)
    got = list(got) if isinstance(got, (list, tuple)) else [got]
    for want, value in zip(expected, map(np.asarray, got), strict=True):
        if want.shape != value.shape:
            yield f"expected shape {want.shape}, got {value.shape}"
        elif not furthest(want, value) <= BOUND:
            yield f"differs by {furthest(want, value):.1e} of the largest value"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    cases = json.loads((folder / "index.json").read_text())
    names = [case["name"] for case in cases if case["keras"]]
    for case in cases:
        if case["unknown"] and not case["channels_first"] and "_opset21" not in case["name"]:
            print(f"not for Keras: {case['name']}: {', '.join(case['unknown'])}")
    failed = 0
    for name in names:
        try:
            wrong = list(differences(folder, name))
        except Exception as error:  # Keras raises whatever its backend does
            wrong = [str(error).splitlines()[0]]
        for sentence in wrong:
            print(f"FAIL {name}: {sentence}", flush=True)
        failed += bool(wrong)
    print(f"{len(names)} files, all agree" if failed == 0 else f"{failed} of {len(names)} files failed")
    sys.exit(1 if failed or not names else 0)


if __name__ == "__main__":
    main()
