"""Makes the files of named arrays that the tests beside it read: from PyTorch, safetensors and NumPy.

    python -m venv venv && venv/bin/pip install torch==2.15.0 safetensors==0.8.0 numpy==2.4.6
    venv/bin/python golden.py

Value i of array NAME is ((7 i + sum of NAME's bytes) mod 31 - 15) / 8, which every type of floats holds exactly; times 8
for whole numbers, above 0 for bools. So the tests know the values without a second file. `networks.npz` holds
small networks with random weights, each with an input and what PyTorch makes of it, both channels last. `recurrent.npz` is the same for
recurrent modules, which go on with sequences and have weights of other names.
"""

import argparse
import collections
import io
import pathlib
import zipfile

import numpy as np
import safetensors.torch
import torch
from torch import nn

FILES = pathlib.Path(__file__).resolve().parent / "files"


def values(name, shape):
    places = 7 * np.arange(np.prod(shape, dtype=np.int64)) + sum(name.encode())
    return ((places % 31 - 15) / 8).astype(np.float32).reshape(shape)


def tensor(name, shape, dtype=torch.float32):
    array = torch.from_numpy(values(name, shape))
    if dtype == torch.bool:
        return array > 0
    return (array if dtype.is_floating_point else array.abs() * 8 if "uint" in str(dtype) else array * 8).to(dtype)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3)
        self.bn1 = nn.BatchNorm2d(3)
        self.act = nn.functional.relu
        self.register_buffer("scale", torch.zeros(2), persistent=False)

    def forward(self, x):
        return torch.relu(self.bn1(self.conv1(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(Block(), nn.MaxPool2d(2))
        self.fc = nn.Linear(3, 2, bias=False)
        with torch.no_grad():
            for name, value in self.state_dict().items():
                value.copy_(tensor(name, value.shape, value.dtype))

    def forward(self, x):
        return self.fc(self.block(x).mean((2, 3)))


FLOATS = ["float32", "float16", "bfloat16", "float64"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]


def pytorch_files():
    net = Net()
    state = net.state_dict()
    torch.save(state, FILES / "state_dict.pt")
    torch.save(state, FILES / "state_dict_before_zip.pt", _use_new_zipfile_serialization=False)
    torch.save(net, FILES / "module.pt")
    parallel = collections.OrderedDict(("module." + name, value) for name, value in state.items())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.ones(1, 2, 8, 8)).sum().backward()
    optimizer.step()
    torch.save(
        {
            "epoch": 3,
            "args": argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath("a/b")),
            "best": np.float32(0.5),
            "optimizer": optimizer.state_dict(),
            "state_dict": parallel,
        },
        FILES / "checkpoint.pt",
    )
    scripted = Net()
    scripted.block[0].act = None
    whole = io.BytesIO()
    torch.jit.save(torch.jit.script(scripted), whole)
    # Without the compiled code, which nobody reads here.
    with zipfile.ZipFile(whole) as code, zipfile.ZipFile(FILES / "scripted.pt", "w") as rest:
        for entry in code.infolist():
            if "/code/" not in entry.filename:
                rest.writestr(zipfile.ZipInfo(entry.filename), code.read(entry))
    types = {name: tensor(name, (2, 3), getattr(torch, name)) for name in FLOATS + INTEGERS}
    shared = tensor("shared", (4, 6))
    types |= {
        "transposed": tensor("transposed", (3, 2)).t(),
        "part": shared[1:3, 2:5],
        "repeated": tensor("repeated", (3,)).expand(2, 3),
        "every_second": shared[:, ::2],
        "scalar": tensor("scalar", ()),
        "empty": torch.zeros(0, 3),
        "attributed": tensor("attributed", (2,)),
        "parameter": nn.Parameter(tensor("parameter", (2,))),
    }
    types["attributed"].note = "PyTorch saves a tensor with attributes by another function"
    torch.save(types, FILES / "types.pt")
    old = {name: value for name, value in types.items() if name not in ("uint16", "uint32", "uint64")}
    torch.save(old, FILES / "types_before_zip.pt", _use_new_zipfile_serialization=False)


def other_files():
    arrays = {name: tensor(name, (2, 3), getattr(torch, name)) for name in FLOATS + INTEGERS}
    safetensors.torch.save_file(arrays, FILES / "types.safetensors", metadata={"format": "pt"})
    plain = {name: value.numpy() for name, value in arrays.items() if name != "bfloat16"}
    plain["fortran"] = np.asfortranarray(values("fortran", (2, 3, 4)))
    plain["big"] = values("big", (2, 3)).astype(">f4")
    np.savez(FILES / "types.npz", **plain)
    np.savez_compressed(FILES / "types_compressed.npz", **plain)


def networks():
    """Small networks, each the way of one kind of weight: its name says which."""
    torch.manual_seed(6)
    last = lambda x: x.permute(0, *range(2, x.dim()), 1).contiguous() if x.dim() > 2 else x
    cases = {
        "classifier": (
            (2, 3, 8, 6),
            nn.Sequential(
                collections.OrderedDict(
                    conv1=nn.Conv2d(3, 4, 3, padding=1),
                    bn1=nn.BatchNorm2d(4),
                    relu=nn.ReLU(),
                    pool=nn.MaxPool2d(2),
                    flatten=nn.Flatten(),
                    bn2=nn.BatchNorm1d(48),
                    fc1=nn.Linear(48, 48),
                    act=nn.PReLU(),
                    fc2=nn.Linear(48, 3),
                )
            ),
        ),
        "grouped": (
            (1, 4, 6, 6),
            nn.Sequential(
                collections.OrderedDict(
                    depthwise=nn.Conv2d(4, 8, 3, groups=4),
                    slopes=nn.PReLU(8),
                    grouped=nn.Conv2d(8, 6, 3, groups=2, bias=False),
                )
            ),
        ),
        "transposed": ((1, 3, 5, 4), nn.Sequential(collections.OrderedDict(up=nn.ConvTranspose2d(3, 3, 3, stride=2)))),
        "line": (
            (2, 3, 9),
            nn.Sequential(
                collections.OrderedDict(conv=nn.Conv1d(3, 4, 3), flatten=nn.Flatten(), fc=nn.Linear(28, 2))
            ),
        ),
        "volume": (
            (1, 2, 4, 5, 6),
            nn.Sequential(
                collections.OrderedDict(
                    conv=nn.Conv3d(2, 3, (1, 2, 3)), norm=nn.GroupNorm(1, 3), flatten=nn.Flatten(), fc=nn.Linear(192, 2)
                )
            ),
        ),
    }
    arrays = {}
    for name, (shape, net) in cases.items():
        for key, value in net.state_dict().items():
            if "running" in key or "bn" in key or "norm" in key:
                value.uniform_(0.5, 1.5) if value.is_floating_point() else None
        net.eval()
        x = torch.randn(shape)
        arrays[f"{name}/input"] = last(x).numpy()
        arrays[f"{name}/output"] = last(net(x)).detach().numpy()
        torch.save(net.state_dict(), FILES / f"network_{name}.pt")
    np.savez_compressed(FILES / "networks.npz", **arrays)


class Stack(nn.Module):
    """A recurrent module, of whose outputs the sequence is meant."""

    def __init__(self, **modules):
        super().__init__()
        self.reader = nn.ModuleDict(modules)

    def forward(self, x):
        for module in self.reader.values():
            x = module(x)[0]
        return x


def recurrent():
    """LSTM, GRU and RNN, in one layer and two, forwards and both ways, with and without biases."""
    torch.manual_seed(23)
    cases = {
        "lstm": Stack(a=nn.LSTM(3, 4, batch_first=True)),
        "lstm_both_ways": Stack(a=nn.LSTM(3, 2, batch_first=True, bidirectional=True)),
        "gru": Stack(a=nn.GRU(3, 4, batch_first=True)),
        "gru_both_ways": Stack(a=nn.GRU(3, 2, num_layers=2, batch_first=True, bidirectional=True)),
        "rnn": Stack(a=nn.RNN(3, 4, batch_first=True), b=nn.RNN(4, 2, bias=False, batch_first=True)),
    }
    arrays = {}
    for name, net in cases.items():
        x = torch.randn(2, 5, 3)
        arrays[f"{name}/input"] = x.numpy()
        arrays[f"{name}/output"] = net(x).detach().numpy()
        torch.save(net.state_dict(), FILES / f"network_{name}.pt")
    np.savez_compressed(FILES / "recurrent.npz", **arrays)


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    pytorch_files()
    other_files()
    networks()
    recurrent()
