"""Checks that networks of torchvision give the same here with the weights that PyTorch saved.

    python -m venv venv && venv/bin/pip install -r .ci/pytorch_requirements.txt
    venv/bin/python .ci/pytorch_interop.py target/release/dichroic

The weights of torchvision's networks are random; two trained networks come from packages that are installed into a folder
of the moment. Each network stands here as Keras code whose layers are named after PyTorch's modules, so no name map is
needed. Exits with 1 if a pair of outputs differs by more than 2e-5 of the largest value, or a file can't be read.
Takes well under a minute.
"""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import safetensors.torch
import torch
import torchvision

BOUND = 2e-5
CLASSES = 10

COMMON = """
import keras
from keras import layers

def conv(x, name, filters, size, strides=1, padding=0, bias=False):
    if padding:
        x = layers.ZeroPadding2D(padding)(x)
    return layers.Conv2D(filters, size, strides=strides, use_bias=bias, name=name)(x)

def norm(x, name):
    return layers.BatchNormalization(epsilon=1e-5, name=name)(x)
"""

# Pooling after a ReLU may pad with zeros: nothing is below.
NETWORKS = {
    "resnet18": COMMON
    + """
def block(x, name, filters, strides):
    y = layers.ReLU()(norm(conv(x, name + "_conv1", filters, 3, strides, 1), name + "_bn1"))
    y = norm(conv(y, name + "_conv2", filters, 3, 1, 1), name + "_bn2")
    if strides != 1:
        x = norm(conv(x, name + "_downsample_0", filters, 1, strides), name + "_downsample_1")
    return layers.ReLU()(layers.Add()([x, y]))

inputs = x = keras.Input((SIDE, SIDE, 3))
x = layers.ReLU()(norm(conv(x, "conv1", 64, 7, 2, 3), "bn1"))
x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
for stage, filters in enumerate([64, 128, 256, 512]):
    for index in range(2):
        strides = 2 if stage > 0 and index == 0 else 1
        x = block(x, "layer" + str(stage + 1) + "_" + str(index), filters, strides)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(CLASSES, name="fc")(x))
""",
    "mobilenet_v2": COMMON
    + """
def relu6(x):
    return layers.ReLU(max_value=6)(x)

def block(x, name, expansion, filters, strides):
    y, channels, index = x, x.shape[-1], 0
    if expansion != 1:
        y = relu6(norm(conv(y, name + "_conv_0_0", channels * expansion, 1), name + "_conv_0_1"))
        index = 1
    inner = name + "_conv_" + str(index)
    y = layers.DepthwiseConv2D(3, strides=strides, use_bias=False, name=inner + "_0")(layers.ZeroPadding2D(1)(y))
    y = relu6(norm(y, inner + "_1"))
    y = conv(y, name + "_conv_" + str(index + 1), filters, 1)
    y = norm(y, name + "_conv_" + str(index + 2))
    return layers.Add()([x, y]) if strides == 1 and channels == filters else y

inputs = keras.Input((SIDE, SIDE, 3))
x = relu6(norm(conv(inputs, "features_0_0", 32, 3, 2, 1), "features_0_1"))
number = 1
for expansion, filters, count, first in [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
]:
    for index in range(count):
        x = block(x, "features_" + str(number), expansion, filters, first if index == 0 else 1)
        number += 1
x = relu6(norm(conv(x, "features_18_0", 1280, 1), "features_18_1"))
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(CLASSES, name="classifier_1")(x))
""",
    "squeezenet1_1": COMMON
    + """
def fire(x, name, squeeze, expand):
    x = layers.ReLU()(conv(x, name + "_squeeze", squeeze, 1, bias=True))
    left = layers.ReLU()(conv(x, name + "_expand1x1", expand, 1, bias=True))
    right = layers.ReLU()(conv(x, name + "_expand3x3", expand, 3, 1, 1, bias=True))
    return layers.Concatenate()([left, right])

inputs = keras.Input((SIDE, SIDE, 3))
x = layers.ReLU()(conv(inputs, "features_0", 64, 3, 2, bias=True))
for number, squeeze, expand in [
    (2, 0, 0), (3, 16, 64), (4, 16, 64), (5, 0, 0), (6, 32, 128), (7, 32, 128), (8, 0, 0),
    (9, 48, 192), (10, 48, 192), (11, 64, 256), (12, 64, 256)
]:
    if squeeze:
        x = fire(x, "features_" + str(number), squeeze, expand)
    else:
        # PyTorch rounds the number of windows up; zeros after a ReLU fill the last one.
        odd = (x.shape[1] - 3) % 2
        x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(((0, odd), (0, odd)))(x))
x = layers.ReLU()(conv(x, "classifier_1", CLASSES, 1, bias=True))
model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
""",
    # Its first matrix reads a flattened feature map: 6×6 positions of 256 channels.
    "alexnet": COMMON
    + """
inputs = keras.Input((SIDE, SIDE, 3))
x = layers.ReLU()(conv(inputs, "features_0", 64, 11, 4, 2, bias=True))
x = layers.MaxPooling2D(3, 2)(x)
x = layers.ReLU()(conv(x, "features_3", 192, 5, 1, 2, bias=True))
x = layers.MaxPooling2D(3, 2)(x)
for number, filters in [(6, 384), (8, 256), (10, 256)]:
    x = layers.ReLU()(conv(x, "features_" + str(number), filters, 3, 1, 1, bias=True))
x = layers.Flatten()(layers.MaxPooling2D(3, 2)(x))
for number in [1, 4]:
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(4096, activation="relu", name="classifier_" + str(number))(x)
model = keras.Model(inputs, layers.Dense(CLASSES, name="classifier_6")(x))
""",
}
SIDES = {"alexnet": 224}

# Package, file of its network, arguments of the class CNN in it, file of its weights, size of its pictures, the same in Keras.
TRAINED = {
    "digit-recognizer-py==0.1.0": (
        "digit_recognizer/model.py",
        (),
        "digit_recognizer/models/handwriting_model.pth",
        28,
        COMMON
        + """
inputs = x = keras.Input((28, 28, 1))
for number, filters in [(0, 32), (3, 64), (6, 128)]:
    x = layers.MaxPooling2D()(layers.ReLU()(conv(x, "conv_layers_" + str(number), filters, 3, 1, 1, bias=True)))
x = layers.Dense(256, activation="relu", name="fc_layers_0")(layers.Flatten()(x))
model = keras.Model(inputs, layers.Dense(10, name="fc_layers_2")(x))
""",
    ),
    "handtex==1.0.5": (
        "handtex/detector/model.py",
        (1775, 48),
        "handtex/data/model/handtex.safetensors",
        48,
        COMMON
        + """
inputs = x = keras.Input((48, 48, 1))
for number, filters in enumerate([31, 52, 92, 122, 178]):
    x = norm(conv(x, "conv" + str(number + 1), filters, 3, 1, 1, bias=True), "bn" + str(number + 1))
    x = layers.MaxPooling2D()(layers.ReLU()(x))
x = layers.GlobalAveragePooling2D()(layers.Dropout(0.33)(x))
model = keras.Model(inputs, layers.Dense(1775, name="fc1")(x))
""",
    ),
}


def torch_network(name):
    torch.manual_seed(len(name))
    network = getattr(torchvision.models, name)(num_classes=CLASSES).eval()
    for key, value in network.state_dict().items():
        if "running_var" in key:
            value.uniform_(0.5, 2)
        elif "running_mean" in key:
            value.normal_(std=0.1)
    return network


def save(state, folder):
    """The same weights in the three formats that PyTorch's users keep them in."""
    files = [folder / "weights.pth", folder / "weights_before_zip.pt", folder / "weights.safetensors"]
    torch.save({"epoch": 1, "state_dict": {"module." + name: value for name, value in state.items()}}, files[0])
    torch.save(state, files[1], _use_new_zipfile_serialization=False)
    safetensors.torch.save_file({name: value.contiguous() for name, value in state.items()}, files[2])
    return files


def example(network, shape):
    """Random pictures, and what PyTorch makes of them."""
    pictures = torch.rand(shape)
    with torch.no_grad():
        return pictures, network(pictures).numpy()


def differs(program, folder, files, example, code):
    """Whether the network gives something else here, with the weights of any of the files."""
    pictures, expected = example
    np.savez(folder / "in.npz", pictures.permute(0, 2, 3, 1).numpy())
    (folder / "model.py").write_text(code)
    failed = False
    for file in files:
        command = [program, "predict", folder / "model.py", "--weights", file]
        command += ["--input", folder / "in.npz", "--output", folder / "out.npz"]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            print(f"  {file.name}: {run.stderr.strip()}")
            failed = True
            continue
        (got,) = np.load(folder / "out.npz").values()
        distance = np.abs(got - expected).max() / np.abs(expected).max()
        print(f"  {file.name}: {distance:.1e} of the largest value")
        failed |= not distance <= BOUND
    return failed


def check_random(program, name, folder):
    side = SIDES.get(name, 96)
    network = torch_network(name)
    files = save(network.state_dict(), folder)
    code = f"SIDE, CLASSES = {side}, {CLASSES}\n{NETWORKS[name]}"
    return differs(program, folder, files, example(network, (2, 3, side, side)), code)


def check_trained(program, package, folder):
    network_file, arguments, weights, side, code = TRAINED[package]
    # Only its two files are used; what it needs to run itself is left out.
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, package]
    subprocess.run(install, check=True)
    spec = importlib.util.spec_from_file_location("network", folder / network_file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.CNN(*arguments).eval()
    load = safetensors.torch.load_file if weights.endswith("safetensors") else torch.load
    network.load_state_dict(load(folder / weights))
    return differs(program, folder, [folder / weights], example(network, (2, 1, side, side)), code)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    failures = []
    for check, names in [(check_random, NETWORKS), (check_trained, TRAINED)]:
        for name in names:
            print(name, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                if check(program, name, pathlib.Path(folder)):
                    failures.append(name)
    if failures:
        sys.exit(f"different: {', '.join(failures)}")


if __name__ == "__main__":
    main()
