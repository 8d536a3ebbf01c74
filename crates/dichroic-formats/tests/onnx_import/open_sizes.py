"""Makes the files of open_sizes/: networks whose batch, height and width are open, with ONNX Runtime's outputs for some sizes.

    pip install torch onnx onnxruntime
    python open_sizes.py

Each network gets x[i] = sin(i) as its input, so that the input needs no file; outputs lie in golden.json.
"""

import json
import pathlib

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "open_sizes"
torch.manual_seed(7)


class Reader(nn.Module):
    """Reads a line of text: convolutions, an LSTM in both directions, one row of classes for each step."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d((4, 2)))
        self.steps = nn.LSTM(6, 3, bidirectional=True)
        self.classes = nn.Linear(6, 4)

    def forward(self, x):
        x = self.maps(x)
        n, c, h, w = x.shape
        x, _ = self.steps(x.reshape(n, c * h, w).permute(2, 0, 1))
        return torch.softmax(self.classes(x), 2).permute(1, 0, 2)


class Twice(nn.Module):
    """Twice as large as it came, by a size that is computed."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, x):
        return F.interpolate(torch.relu(self.maps(x)), size=(x.shape[2] * 2, x.shape[3] * 2))


class Attention(nn.Module):
    """Each place looks at all others."""

    def __init__(self):
        super().__init__()
        self.maps, self.three, self.out = nn.Conv2d(3, 4, 3, 2, 1), nn.Linear(4, 12), nn.Linear(4, 4)

    def forward(self, x):
        x = self.maps(x).flatten(2).transpose(1, 2)
        n, places, _ = x.shape
        q, k, v = self.three(x).reshape(n, places, 3, 2, 2).permute(2, 0, 3, 1, 4).unbind(0)
        x = (torch.softmax(q @ k.transpose(-2, -1), -1) @ v).transpose(1, 2).reshape(n, places, 4)
        return self.out(x)


class Skip(nn.Module):
    """A small U-Net that brings maps to the size of those they meet, whatever it is."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = torch.relu(self.a(x))
        b = torch.relu(self.b(F.max_pool2d(a, 2)))
        return self.c(torch.cat([F.interpolate(b, size=a.shape[2:], mode="bilinear", align_corners=False), a], 1))


class Windows(nn.Module):
    """Pads to a multiple of 4 with the mirrored border, and cuts again."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, x):
        h, w = x.shape[2], x.shape[3]
        return self.a(F.pad(x, (0, (4 - w % 4) % 4, 0, (4 - h % 4) % 4), mode="reflect"))[:, :, :h, :w]


NETWORKS = {
    "reader": (Reader(), [(1, 1, 8, 12), (3, 1, 8, 20)]),
    "twice": (Twice(), [(1, 3, 6, 8), (2, 3, 4, 6)]),
    "attention": (Attention(), [(1, 3, 6, 8), (2, 3, 5, 7)]),
    "skip": (Skip(), [(1, 3, 8, 6), (2, 3, 7, 9)]),
    "windows": (Windows(), [(1, 3, 7, 6), (2, 3, 8, 5)]),
}


def main():
    FOLDER.mkdir(exist_ok=True)
    cases = []
    for name, (network, shapes) in NETWORKS.items():
        path = FOLDER / f"{name}.onnx"
        axes = {0: "n", 3: "w"} if name == "reader" else {0: "n", 2: "h", 3: "w"}
        torch.onnx.export(network.eval(), (torch.zeros(2, *shapes[0][1:]),), path, input_names=["x"], dynamic_axes={"x": axes}, dynamo=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for shape in shapes:
            x = np.sin(np.arange(np.prod(shape))).astype(np.float32).reshape(shape)
            (y,) = session.run(None, {"x": x})
            cases.append(dict(name=name, input=shape, output=y.shape, values=[float(f"{v:.6g}") for v in y.ravel()]))
    (FOLDER / "golden.json").write_text(json.dumps(cases, separators=(",", ":")).replace('},{', '},\n{') + "\n")


main()
