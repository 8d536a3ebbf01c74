"""Compares ONNX files that other programs write, as dichroic reads them, with ONNX Runtime.

    cargo build --release -p dichroic-formats --example onnx_run
    python .ci/onnx_import.py target/release/examples/onnx_run [NAME...]

Needs torch, onnx and onnxruntime. Each network is built with random weights, exported, run by ONNX Runtime and by
the example; the largest difference may be 1e-5 of the largest output (deep networks: 5e-5). What must not be in
the summary (a Permute in a network that has its channels last) is checked too.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

torch.manual_seed(3)
random = np.random.default_rng(3)


def conv_bn(inputs, filters, kernel=1, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(filters)]
    return nn.Sequential(*layers, *([act()] if act else []))


class Residual(nn.Module):
    def __init__(self, inputs, filters, stride=1):
        super().__init__()
        self.a = conv_bn(inputs, filters, 3, stride)
        self.b = conv_bn(filters, filters, 3, act=None)
        self.skip = conv_bn(inputs, filters, 1, stride, act=None)

    def forward(self, x):
        return torch.relu(self.b(self.a(x)) + self.skip(x))


class Inverted(nn.Module):
    def __init__(self, channels, expand=6):
        super().__init__()
        wide = channels * expand
        self.body = nn.Sequential(conv_bn(channels, wide, act=nn.ReLU6), conv_bn(wide, wide, 3, groups=wide, act=nn.ReLU6),
                                  conv_bn(wide, channels, act=None))

    def forward(self, x):
        return x + self.body(x)


class Inception(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.a = conv_bn(inputs, 8)
        self.b = nn.Sequential(conv_bn(inputs, 6), nn.Conv2d(6, 8, (1, 7), padding=(0, 3)), nn.ReLU())
        self.c = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv_bn(inputs, 4))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_bn(inputs, 4))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class Dense(nn.Module):
    def __init__(self, inputs, growth, count):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(inputs + i * growth), nn.ReLU(), nn.Conv2d(inputs + i * growth, growth, 3, padding=1))
            for i in range(count))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


class Shuffle(nn.Module):
    def __init__(self, channels, groups=2):
        super().__init__()
        self.groups = groups
        half = channels // 2
        self.body = nn.Sequential(conv_bn(half, half), conv_bn(half, half, 3, groups=half, act=None), conv_bn(half, half))

    def forward(self, x):
        a, b = x.chunk(2, 1)
        x = torch.cat([a, self.body(b)], 1)
        n, c, h, w = x.shape
        return x.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class Head(nn.Module):
    def __init__(self, body, features, classes=10):
        super().__init__()
        self.body, self.dense = body, nn.Linear(features, classes)

    def forward(self, x):
        return torch.softmax(self.dense(torch.flatten(self.body(x), 1)), 1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, 4, 1), nn.SiLU(), nn.Conv2d(4, channels, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


def pooled(*layers):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))


def networks():
    stem = [conv_bn(3, 16, 7, 2), nn.MaxPool2d(3, 2, 1)]
    picture = (3, 32, 32)
    yield "resnet", Head(pooled(*stem, Residual(16, 16), Residual(16, 32, 2)), 32), picture
    yield "mobilenet", Head(pooled(conv_bn(3, 8, 3, 2, act=nn.Hardswish), Inverted(8), SqueezeExcite(8)), 8), picture
    yield "inception", Head(pooled(conv_bn(3, 8, 3, 2), Inception(8)), 24), picture
    yield "densenet", Head(pooled(*stem, Dense(16, 6, 3), nn.AvgPool2d(2)), 34), picture
    yield "shufflenet", Head(pooled(conv_bn(3, 16, 3, 2), Shuffle(16), Shuffle(16)), 16), picture
    yield "vgg", Head(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3), nn.ReLU()), 6 * 14 * 14), picture
    yield "grouped", nn.Sequential(nn.Conv2d(6, 12, 3, 2, 1, groups=3), nn.LeakyReLU(0.1), nn.Conv2d(12, 24, 3, groups=12), nn.ELU()), (6, 15, 15)
    yield "dilated", nn.Sequential(nn.Conv2d(3, 8, 3, padding=2, dilation=2), nn.Tanh(), nn.Conv2d(8, 4, 5, padding=(4, 2), dilation=(2, 1))), picture
    yield "transposed", nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 6, 4, 2, 1), nn.ConvTranspose2d(6, 4, 3, 2, 1, 1),
                                      nn.ConvTranspose2d(4, 4, 2, 3, groups=2, bias=False)), (3, 16, 16)
    yield "one_direction", nn.Sequential(nn.Conv1d(4, 8, 5, 2, 2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, groups=8, padding=1),
                                         nn.ConvTranspose1d(8, 4, 4, 2, 1)), (4, 40)
    yield "three_directions", nn.Sequential(nn.Conv3d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(4, 4, 3, groups=4), nn.AdaptiveAvgPool3d(1),
                                            nn.Flatten(), nn.Linear(4, 3)), (2, 8, 8, 8)
    yield "ceil", nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)), (3, 21, 24)


def channels_last_file(path):
    """What converters from TensorFlow write: pictures channels last, Transposes around every convolution."""
    weight = lambda *shape: random.normal(0, 0.3, shape).astype(np.float32)
    to_first, to_last = dict(perm=[0, 3, 1, 2]), dict(perm=[0, 2, 3, 1])
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], **to_first),
        helper.make_node("Conv", ["a", "w1"], ["b"], auto_pad="SAME_UPPER", strides=[2, 2]),
        helper.make_node("Transpose", ["b"], ["c"], **to_last),
        helper.make_node("Add", ["c", "b1"], ["d"]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("Transpose", ["e"], ["f"], **to_first),
        helper.make_node("Conv", ["f", "w2"], ["g"], auto_pad="SAME_UPPER", group=8),
        helper.make_node("MaxPool", ["g"], ["h"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Transpose", ["h"], ["i"], **to_last),
        helper.make_node("Reshape", ["i", "flat"], ["j"]),
        helper.make_node("MatMul", ["j", "w3"], ["k"]),
        helper.make_node("Add", ["k", "b3"], ["l"]),
        helper.make_node("Softmax", ["l"], ["y"], axis=-1),
    ]
    arrays = dict(w1=weight(8, 3, 3, 3), b1=weight(8), w2=weight(8, 1, 3, 3), w3=weight(8 * 4 * 4, 5), b3=weight(5),
                  flat=np.array([-1, 128], np.int64))
    graph = helper.make_graph(
        nodes, "nhwc", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 16, 16, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return (16, 16, 3), {"Permute", "Transpose"}


def light_file(name, path):
    """An architecture of the onnx package. Its ConstantOfShape nodes make every weight the same number, so that all classes get
    equal sums and the softmax shows rounding alone: random weights take their places."""
    source = pathlib.Path(onnx.__file__).parent / "backend/test/data/light" / f"light_{name}.onnx"
    model = onnx.load(source)
    held = {array.name: array for array in model.graph.initializer}
    picture = next(port for port in model.graph.input if port.name not in held)
    made = [node for node in model.graph.node if node.op_type == "ConstantOfShape"]
    for node in made:
        shape = tuple(numpy_helper.to_array(held[node.input[0]]))
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else 1
        values = random.normal(0, (2 / fan_in) ** 0.5, shape) if fan_in > 1 else random.uniform(0.5, 1, shape)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), node.output[0]))
        model.graph.node.remove(node)
    onnx.save(model, path)
    return tuple(d.dim_value for d in picture.type.tensor_type.shape.dim)[1:]


def compare(name, folder, run, shape, without=frozenset(), batch=2):
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    x = random.normal(0, 1, (batch, *shape)).astype(np.float32)
    expected = session.run(None, {session.get_inputs()[0].name: x})
    x.tofile(folder / "input_0.f32")
    (folder / "input_0.shape").write_text(" ".join(map(str, x.shape)))
    done = subprocess.run([run, folder], capture_output=True, text=True)
    if done.returncode:
        return f"{name}: {done.stderr.strip().splitlines()[0]}"
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    found = without & set(said["classes"].split())
    if found:
        return f"{name}: {', '.join(found)} in {said['classes']}"
    for number, values in enumerate(expected):
        got = np.fromfile(folder / f"got_{number}.f32", np.float32)
        got_shape = tuple(map(int, (folder / f"got_{number}.shape").read_text().split()))
        if got_shape != values.shape:
            return f"{name}: expected shape {values.shape}, got {got_shape}"
        worst = np.abs(got.reshape(values.shape) - values).max() / max(np.abs(values).max(), 1e-30)
        bound = 5e-5 if name.startswith("light") else 1e-5
        if not worst <= bound:
            return f"{name}: differs by {worst:.2e}; {said['classes']}"
    print(f"{name}: {worst:.1e}, read in {said['time']} s, {said['classes'][:160]}", flush=True)
    return None


def main():
    run, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    wrong = []

    def check(name, make):
        if wanted and not any(part in name for part in wanted):
            return
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            arguments = make(folder / "model.onnx")
            wrong.append(compare(name, folder, run, **arguments))

    for name, network, shape in networks():
        network.eval()
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 2)
        for kind, batch, axes in (("fixed", 1, None), ("dynamic", 2, {"x": {0: "n"}})):
            def export(path, network=network, shape=shape, axes=axes):
                torch.onnx.export(network, (torch.zeros(1, *shape),), path, input_names=["x"], dynamic_axes=axes, dynamo=False)
                forbidden = set() if name == "shufflenet" else {"Permute", "Transpose"}
                return dict(shape=shape, batch=batch, without=forbidden)
            check(f"{name}_{kind}", export)

    def last(path):
        shape, without = channels_last_file(path)
        return dict(shape=shape, without=without)
    check("channels_last", last)
    for name in ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512"):
        check(f"light_{name}", lambda path: dict(shape=light_file(name, path), batch=1))
    wrong = [problem for problem in wrong if problem]
    print("\n".join(wrong))
    sys.exit(bool(wrong))


main()
