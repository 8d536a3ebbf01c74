"""Reads the architectures that people use, as their own exporters write them, and compares with ONNX Runtime.

    cargo build --release -p dichroic-formats --example onnx_run
    python .ci/onnx_zoo.py target/release/examples/onnx_run [--variants all] [--table zoo.tsv] [FAMILY or NAME...]

By hand, not on every push: it needs torch, torchvision, timm, ultralytics, segmentation-models-pytorch, keras,
tf2onnx, onnxconverter-common, onnx and onnxruntime, and takes about an hour for everything. Weights are random, the
statistics of batch normalization and the small factors that start at zero too, so that no branch is silent. A line of
the table is the model, how it was exported, the verdict, the largest difference relative to the largest output (1e-4
at most), how much the output varies (0: nothing was tested), layers that only move values, convolutions,
parameters, seconds and megabytes to read and run, and the first line of an error.
"""

import argparse
import contextlib
import pathlib
import signal
import subprocess
import tempfile
import time
import typing

import numpy as np
import onnxruntime

from onnx_zoo_models import ALL, FAMILIES, ONE, USUAL, files

BOUND = 1e-4
# A value halfway between two whole numbers falls to either, by the last bit of the sum before: two steps of 127.
BOUND_OF_WHOLE_NUMBERS = 2 / 127
WHOLE_NUMBERS = ("QDQ", "QDQ u8", "QOperator", "dynamic")
SECONDS_TO_EXPORT, SECONDS_TO_RUN = 240, 120


class TooLong(Exception):
    pass


@contextlib.contextmanager
def at_most(seconds):
    def stop(*_):
        raise TooLong(f"took more than {seconds} s")
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def measured(command, folder):
    """What a program says, how it ended and how long it took."""
    start = time.time()
    with open(folder / "out", "w") as out, open(folder / "err", "w") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            with at_most(SECONDS_TO_RUN):
                status = child.wait()
        except TooLong as error:
            child.kill()
            child.wait()
            return None, str(error), SECONDS_TO_RUN
    problem = None
    if status:
        problem = ((folder / "err").read_text().strip().splitlines() or [f"ended with {status}"])[0]
    return (folder / "out").read_text(), problem, time.time() - start


def page(random, shape):
    """A picture as detectors and readers of text expect it: dark strokes on paper, from -1 to 1."""
    picture = np.full(shape, 0.9, np.float32)
    height, width = shape[2:]
    for top in range(height // 8, height - height // 4, max(height // 4, 1)):
        for left in range(width // 16, width - width // 8, max(width // 16, 1)):
            if random.random() < 0.7:
                tall, wide = random.integers(2, max(height // 6, 3)), random.integers(1, max(width // 24, 2))
                picture[:, :, top:top + tall, left:left + wide] = -0.8
    return picture + random.normal(0, 0.02, shape)


def feed(session, shapes, paper):
    random = np.random.default_rng(9)
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(double)": np.float64}
    values = {}
    for port, shape in zip(session.get_inputs(), shapes):
        kind = kinds[port.type]
        whole = np.issubdtype(kind, np.integer)
        values[port.name] = (np.full(shape, 16000) if port.name == "sr" else random.integers(0, 250, shape) if whole
                             else page(random, shape) if paper and len(shape) == 4 else random.normal(0, 1, shape)).astype(kind)
    return values


def compare(run, folder, shapes, check, fixed):
    """The end of a row: verdict, difference, spread, moves, convolutions, parameters, seconds, megabytes, error."""
    path = folder / "model.onnx"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    values = feed(session, shapes, check.paper)
    expected = session.run(None, values)
    for number, (name, value) in enumerate(values.items()):
        value.astype(np.float32).tofile(folder / f"input_{number}.f32")
        (folder / f"input_{number}.shape").write_text(" ".join(map(str, value.shape)))
        if fixed:
            (folder / f"input_{number}.name").write_text(name)
    said, problem, seconds = measured([str(run), str(folder)], folder)
    if problem:
        return "refused", "", "", "", "", "", f"{seconds:.1f}", "", problem
    said = dict(line.split(" ", 1) for line in said.splitlines())
    classes = said["classes"].split()
    moves = sum(name in ("Permute", "Transpose") for name in classes)
    convolutions = sum("Conv" in name for name in classes)
    verdict, worst, spread, error = "agrees", 0.0, 0.0, ""
    for number, value in enumerate(expected):
        value = np.asarray(value).astype(np.float64)
        got = np.fromfile(folder / f"got_{number}.f32", np.float32)
        shape = tuple(map(int, (folder / f"got_{number}.shape").read_text().split()))
        if shape != value.shape:
            verdict, error = "shape", f"output {number}: expected {value.shape}, got {shape}"
            continue
        if not value.size:
            continue
        # Detectors that find nothing give probabilities like 1e-7, whose digits are nobody's concern.
        largest = max(np.abs(value).max(), 1e-2)
        difference = np.abs(got.reshape(shape) - value).max() / largest
        worst = max(worst, difference) if np.isfinite(difference) else np.inf
        spread = max(spread, float(value.std() / largest))
    if verdict == "agrees" and not worst <= check.bound:
        verdict = "differs"
    return verdict, f"{worst:.1e}", f"{spread:.1e}", moves, convolutions, said["parameters"], f"{float(said['time']):.2f}/{seconds:.1f}", said.get("megabytes", ""), error


class Check(typing.NamedTuple):
    bound: float
    # Whether pictures are pages rather than noise.
    paper: bool


def row(run, export, keep, check):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(keep or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with at_most(SECONDS_TO_EXPORT):
                shapes = export(folder / "model.onnx")
        except Exception as error:
            return "no export", "", "", "", "", "", "", "", f"{type(error).__name__}: {error}".splitlines()[0][:200]
        try:
            result = compare(run, folder, shapes, check, fixed=False)
            if result[0] != "agrees":
                again = compare(run, folder, shapes, check, fixed=True)
                if again[0] == "agrees":
                    return "agrees with sizes given", *again[1:-1], result[-1] or f"{result[0]} {result[1]}"
            return result
        except Exception as error:
            return "no comparison", "", "", "", "", "", "", "", f"{type(error).__name__}: {error}".splitlines()[0][:200]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("wanted", nargs="*", help="families, models, or both; all if none is named")
    parser.add_argument("--variants", choices=["one", "usual", "all"], default="usual")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--files", help="a folder with .onnx files")
    parser.add_argument("--keep", type=pathlib.Path, help="where the files stay")
    chosen = parser.parse_intermixed_args()
    run, wrong = chosen.run.resolve(), 0
    chosen.table = chosen.table and chosen.table.resolve()
    families = dict(FAMILIES)
    if chosen.files:
        families["files"] = lambda _: files(chosen.files)
    names = [name for name in chosen.wanted if name not in families]
    for family, cases in families.items():
        if family not in chosen.wanted and len(names) < len(chosen.wanted):
            continue
        for name, form, export in cases({"one": ONE, "usual": USUAL, "all": ALL}[chosen.variants]):
            if names and name not in names and f"{name}:{form}" not in names:
                continue
            check = Check(BOUND_OF_WHOLE_NUMBERS if form in WHOLE_NUMBERS else BOUND, family == "files")
            keep = chosen.keep and chosen.keep / f"{name}_{form}".replace("/", "_").replace(" ", "_")
            result = row(run, export, keep, check)
            wrong += not str(result[0]).startswith(("agrees", "no export"))
            line = "\t".join(map(str, (family, name, form, *result)))
            print(line, flush=True)
            if chosen.table:
                with chosen.table.open("a") as table:
                    print(line, file=table)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
