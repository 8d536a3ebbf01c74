"""ONNX's Resize by its reference implementation, with the configuration of our layer: resize.json.

Needs `pip install onnx==1.23.2`; no Keras.
"""

from pathlib import Path
import itertools
import json

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

HERE = Path(__file__).parent
TRANSFORMATIONS = [
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def values(shape):
    """Numbers without a pattern that short sums of neighbours could hide."""
    count = int(np.prod(shape))
    return (np.arange(count) * 37 % 23 / 8 - 1).astype(np.float32).reshape(shape)


def run(name, shape, axes, scales=None, sizes=None, roi=None, **attributes):
    """One case: our configuration beside the reference's output."""
    x = values(shape)
    feeds, inputs = {"x": x}, ["x", "", "", ""]
    for place, key, array in [(1, "roi", roi), (2, "scales", scales), (3, "sizes", sizes)]:
        if array is not None:
            inputs[place] = key
            feeds[key] = np.array(array, np.int64 if key == "sizes" else np.float32)
    node = helper.make_node("Resize", inputs, ["y"], axes=axes, **attributes)
    types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
    graph = helper.make_graph(
        [node], "resize",
        [helper.make_tensor_value_info(key, types[array.dtype], array.shape) for key, array in feeds.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    (y,) = ReferenceEvaluator(model).run(None, feeds)
    config = {"axes": axes, "mode": attributes.get("mode", "nearest")}
    names = {
        "coordinate_transformation_mode": "coordinate_transformation", "nearest_mode": "rounding",
        "cubic_coeff_a": "cubic_coefficient", "extrapolation_value": "extrapolation_value",
    }
    config |= {ours: attributes[theirs] for theirs, ours in names.items() if theirs in attributes}
    config |= {key: bool(attributes[key]) for key in ("antialias", "exclude_outside") if key in attributes}
    given = {"scales": scales, "sizes": sizes, "roi": roi}
    config |= {key: value for key, value in given.items() if value is not None}
    return {
        "name": name, "shape": list(shape), "input": x.ravel().tolist(), "config": config,
        "output_shape": list(y.shape), "output": [float(f"{v:.7g}") for v in y.ravel()],
    }


def cases():
    """Every mode with every transformation, then the options one by one."""
    targets = [{"scales": [1.7]}, {"scales": [0.6]}, {"sizes": [8]}, {"sizes": [1]}]
    for mode, transformation in itertools.product(["nearest", "linear", "cubic"], TRANSFORMATIONS):
        roi = {"roi": [0.2, 1.1]} if transformation == "tf_crop_and_resize" else {}
        for number, target in enumerate(targets):
            yield run(f"{mode} {transformation} {number}", (5,), [0], **target, **roi, mode=mode,
                      coordinate_transformation_mode=transformation, extrapolation_value=7.5)
    for rounding, transformation in itertools.product(ROUNDINGS, ["half_pixel", "asymmetric", "align_corners"]):
        for number, target in enumerate([{"scales": [2.0]}, {"sizes": [3]}, {"sizes": [9]}]):
            yield run(f"{rounding} {transformation} {number}", (6,), [0], **target, mode="nearest",
                      nearest_mode=rounding, coordinate_transformation_mode=transformation)
    for mode, scale in itertools.product(["linear", "cubic"], [0.3, 0.5, 0.75, 1.6]):
        yield run(f"antialias {mode} {scale}", (10,), [0], scales=[scale], mode=mode, antialias=1)
        yield run(f"antialias {mode} {scale} inside", (10,), [0], scales=[scale], mode=mode, antialias=1,
                  exclude_outside=1)
    for a in (-0.5, -0.75):
        yield run(f"cubic {a} inside", (5,), [0], scales=[1.5], mode="cubic", cubic_coeff_a=a, exclude_outside=1)
    for mode in ("nearest", "linear", "cubic"):
        yield run(f"{mode} of a picture", (1, 3, 4, 2), [1, 2], scales=[0.8, 1.5], mode=mode)
    yield run("crop of a picture", (1, 3, 4, 1), [1, 2], sizes=[3, 2], roi=[0.1, 0.4, 0.9, 1.2], mode="linear",
              coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=10.0)
    yield run("a volume", (1, 2, 3, 2, 1), [1, 2, 3], sizes=[3, 2, 3], mode="linear",
              coordinate_transformation_mode="align_corners")


def main():
    index = {"versions": {"onnx": onnx.__version__}, "cases": list(cases())}
    lines = ",\n".join(json.dumps(case) for case in index["cases"])
    text = f'{{"versions": {json.dumps(index["versions"])}, "cases": [\n{lines}\n]}}\n'
    (HERE / "resize.json").write_text(text)


if __name__ == "__main__":
    main()
