"""Makes the files of golden/: small networks as torch and converters from TensorFlow write them, with ONNX Runtime's outputs.

    pip install torch onnx onnxruntime
    python golden.py

Each network gets x[i] = sin(i) as its input, so that the input needs no file; outputs lie in golden.json.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "golden"
torch.manual_seed(6)
random = np.random.default_rng(6)


class Block(nn.Module):
    """A residual block, a squeeze-and-excitation, a shuffle of channels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU6(), nn.Conv2d(8, 8, 1))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Sigmoid())
        self.head = nn.Linear(8 * 4 * 4, 5)

    def forward(self, x):
        x = self.stem(x)
        x = torch.relu(x + self.body(x) * self.gate(x))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return torch.softmax(self.head(torch.flatten(x, 1)), 1)


def from_torch():
    for kind, axes in (("fixed", None), ("open_batch", {"x": {0: "n"}})):
        network = Block().eval()
        network.stem[1].running_mean.normal_(0, 0.2)
        network.stem[1].running_var.uniform_(0.5, 2)
        path = FOLDER / f"block_{kind}.onnx"
        torch.onnx.export(network, (torch.zeros(1, 3, 16, 16),), path, input_names=["x"], dynamic_axes=axes, dynamo=False)
        yield path, (1 if axes is None else 2, 3, 16, 16)
    up = nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1), nn.LeakyReLU(0.1), nn.ConvTranspose2d(4, 4, 4, 2, 1), nn.ConvTranspose2d(4, 2, 3, 2, 1, 1),
                       nn.ConvTranspose2d(2, 2, 2, 3, groups=2))
    path = FOLDER / "transposed.onnx"
    torch.onnx.export(up.eval(), (torch.zeros(1, 2, 4, 4),), path, input_names=["x"], dynamic_axes={"x": {0: "n"}}, dynamo=False)
    yield path, (1, 2, 4, 4)
    line = nn.Sequential(nn.Conv1d(2, 4, 5, 2, 2), nn.Tanh(), nn.AvgPool1d(3, 2, 1), nn.Conv1d(4, 8, 3, groups=2), nn.Flatten(), nn.Linear(24, 3))
    path = FOLDER / "line.onnx"
    torch.onnx.export(line.eval(), (torch.zeros(1, 2, 20),), path, input_names=["x"], dynamic_axes={"x": {0: "n"}}, dynamo=False)
    yield path, (2, 2, 20)


def save(name, nodes, arrays, shapes, functions=()):
    tensors = [numpy_helper.from_array(np.asarray(array), key) for key, array in arrays.items()]
    info = [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in shapes.items()]
    graph = helper.make_graph(nodes, name, info[:1], info[1:], tensors)
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8, functions=list(functions)), FOLDER / f"{name}.onnx")
    return FOLDER / f"{name}.onnx"


def weight(*shape):
    return random.normal(0, 0.4, shape).astype(np.float32)


def channels_last():
    """Pictures channels last, Transposes around every convolution, as converters from TensorFlow write them."""
    first, last = dict(perm=[0, 3, 1, 2]), dict(perm=[0, 2, 3, 1])
    node = helper.make_node
    nodes = [
        node("Transpose", ["x"], ["a"], **first), node("Conv", ["a", "w1"], ["b"], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Transpose", ["b"], ["c"], **last), node("Add", ["c", "b1"], ["d"]), node("Relu", ["d"], ["e"]),
        node("Transpose", ["e"], ["f"], **first), node("Conv", ["f", "w2"], ["g"], auto_pad="SAME_UPPER", group=4),
        node("Transpose", ["g"], ["h"], **last), node("Reshape", ["h", "flat"], ["i"]),
        node("MatMul", ["i", "w3"], ["k"]), node("Add", ["k", "b3"], ["y"]),
    ]
    arrays = dict(w1=weight(4, 3, 3, 3), b1=weight(4), w2=weight(4, 1, 3, 3), w3=weight(64, 3), b3=weight(3), flat=np.array([-1, 64]))
    return save("channels_last", nodes, arrays, {"x": ["n", 8, 8, 3], "y": ["n", 3]}), (2, 8, 8, 3)


def known_branch():
    """A function of the file, an If whose condition folds, a Reshape whose shape is computed."""
    node = helper.make_node
    value = helper.make_tensor_value_info
    leaky = helper.make_function("own", "Leaky", ["v"], ["r"], [node("LeakyRelu", ["v"], ["r"])], [helper.make_opsetid("", 18)], ["alpha"])
    leaky.node[0].attribute.append(helper.make_attribute_ref("alpha", onnx.AttributeProto.FLOAT))
    branch = lambda op: helper.make_graph([node(op, ["b"], [f"{op}_out"])], op, [], [value(f"{op}_out", TensorProto.FLOAT, None)])
    nodes = [
        node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]), node("Leaky", ["a"], ["b"], domain="own", alpha=0.25),
        node("Shape", ["b"], ["s"]), node("Gather", ["s", "one"], ["channels"]), node("Equal", ["channels", "four"], ["is_four"]),
        node("If", ["is_four"], ["c"], then_branch=branch("Tanh"), else_branch=branch("Relu")),
        node("Gather", ["s", "zero"], ["n"]), node("Unsqueeze", ["n", "axis"], ["n1"]), node("Concat", ["n1", "minus"], ["shape"], axis=0),
        node("Reshape", ["c", "shape"], ["d"]), node("Gemm", ["d", "v"], ["y"], transB=1),
    ]
    arrays = dict(w=weight(4, 2, 3, 3), v=weight(3, 144), one=np.array(1), zero=np.array(0), four=np.array(4), axis=np.array([0]), minus=np.array([-1]))
    return save("known_branch", nodes, arrays, {"x": ["n", 2, 6, 6], "y": ["n", 3]}, [leaky]), (2, 2, 6, 6)


def main():
    FOLDER.mkdir(exist_ok=True)
    cases = {}
    for path, shape in [*from_torch(), channels_last(), known_branch()]:
        x = np.sin(np.arange(np.prod(shape))).astype(np.float32).reshape(shape)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (y,) = session.run(None, {"x": x})
        cases[path.stem] = dict(input=shape, output=y.shape, values=[float(f"{v:.8g}") for v in y.ravel()])
    (FOLDER / "golden.json").write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")


main()
