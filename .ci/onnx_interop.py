"""Checks that ONNX Runtime computes from our ONNX files what dichroic predicts.

    cargo run --release -p dichroic-formats --example onnx_cases -- FOLDER
    pip install -r .ci/onnx_requirements.txt
    python .ci/onnx_interop.py FOLDER [NAME…]

Each file also passes ONNX's own checker with full shape inference. Exits with 1 if a file is refused or an output
differs by more than 1e-5 of its largest value.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

BOUND = 1e-5


def channels_first(array):
    """A feature map with its channels second; others as they are."""
    return np.ascontiguousarray(np.moveaxis(array, -1, 1)) if array.ndim > 2 else array


def furthest(want, got):
    """The largest difference by the largest value; equal infinities and two NaN have no distance."""
    differ = (want != got) & ~(np.isnan(want) & np.isnan(got))
    if not differ.any():
        return 0.0
    finite = np.abs(want[np.isfinite(want)])
    return float(np.max(np.abs(want - got)[differ])) / max(float(np.max(finite, initial=0)), 1e-30)


def differences(folder, case):
    """What is wrong with one case, as sentences."""
    path = folder / f"{case['name']}.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    turn = channels_first if case["channels_first"] else (lambda array: array)
    with np.load(folder / f"{case['name']}.npz") as arrays:
        given = {port.name: turn(arrays[f"in{i}"]) for i, port in enumerate(session.get_inputs())}
        expected = [turn(arrays[f"out{i}"]) for i in range(len(session.get_outputs()))]
    for port, want, got in zip(session.get_outputs(), expected, session.run(None, given)):
        if want.shape != got.shape:
            yield f"{port.name}: expected shape {want.shape}, got {got.shape}"
            continue
        declared = [size for size in port.shape if isinstance(size, int)]
        if len(port.shape) != want.ndim or any(size not in want.shape for size in declared):
            yield f"{port.name}: declared {port.shape}, is {want.shape}"
        distance = furthest(want, got)
        if not distance <= BOUND:
            yield f"{port.name}: differs by {distance:.1e} of the largest value"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    cases = json.loads((folder / "index.json").read_text())
    cases = [case for case in cases if not names or any(case["name"].startswith(name) for name in names)]
    failed = 0
    for case in cases:
        try:
            wrong = list(differences(folder, case))
        except Exception as error:  # the checker and the runtime raise classes of their own
            wrong = [str(error).splitlines()[0]]
        for sentence in wrong:
            print(f"FAIL {case['name']}: {sentence}", flush=True)
        failed += bool(wrong)
    print(f"{len(cases)} files, all agree" if failed == 0 else f"{failed} of {len(cases)} files failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
