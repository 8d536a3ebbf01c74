"""HDF5 files that lead out of themselves or claim more than they hold, put into hostile.zip. Needs h5py and numpy.

Each is a chain of one dense layer, 4 inputs and 3 units, whose kernel (or what stands for it) does what the name says.
"""

import json
import os
import pathlib
import struct
import tempfile
import zipfile

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
KERNEL = np.arange(12, dtype="float32").reshape(4, 3)


def config(units=3):
    dense = {"name": "dense", "units": units, "activation": "linear", "batch_input_shape": [None, 4]}
    return json.dumps({"class_name": "Sequential", "config": {"name": "chain", "layers": [{"class_name": "Dense", "config": dense}]}})


def chain(file, units=3, names=("dense/kernel:0", "dense/bias:0")):
    """Everything but the kernel; returns the group that the kernel belongs to."""
    file.attrs["model_config"] = config(units)
    weights = file.create_group("model_weights")
    weights.attrs["layer_names"] = [b"dense"]
    weights.attrs["keras_version"] = "2.4.0"
    group = weights.create_group("dense")
    group.attrs["weight_names"] = [name.encode() for name in names]
    inner = group.create_group("dense")
    inner["bias:0"] = np.zeros(units if units < 1000 else 1, "float32")
    return inner


def external_link(file):
    chain(file)["kernel:0"] = h5py.ExternalLink("secret.h5", "/kernel")


def soft_link(file):
    inner = chain(file)
    file["elsewhere"] = KERNEL
    inner["kernel:0"] = h5py.SoftLink("/elsewhere")


def linked_layer(file):
    chain(file)["kernel:0"] = KERNEL
    del file["model_weights"]["dense"]
    file["model_weights"]["dense"] = h5py.ExternalLink("secret.h5", "/dense")


def linked_weights(file):
    chain(file)["kernel:0"] = KERNEL
    file.move("model_weights", "real")
    file["model_weights"] = h5py.ExternalLink("secret.h5", "/")


def external_storage(file):
    chain(file).create_dataset("kernel:0", (4, 3), "float32", external=[("/etc/passwd", 0, 48)])


def virtual(file):
    layout = h5py.VirtualLayout((4, 3), "float32")
    layout[:] = h5py.VirtualSource("secret.h5", "kernel", (4, 3))
    chain(file).create_virtual_dataset("kernel:0", layout)


def unallocated(file):
    """Config and array agree on ten gigabytes that are nowhere."""
    units = 640_000_000
    chain(file, units).create_dataset("kernel:0", (4, units), "float32", chunks=(4, 1024))


def other_shape(file):
    chain(file).create_dataset("kernel:0", (1 << 20, 1 << 20), "float32", chunks=(64, 64))


def upward(file):
    chain(file, names=("../../kernel", "/etc/passwd"))


def nested(file):
    """A configuration of a hundred thousand lists in each other."""
    chain(file)["kernel:0"] = KERNEL
    file.attrs["model_config"] = "[" * 100_000


def repeated(path):
    """Four thousand layer names that are all the same megabyte."""
    with h5py.File(path, "w") as file:
        chain(file)["kernel:0"] = KERNEL
        names = ["x" * (1 << 20), *(f"layer_{i}" for i in range(3_999))]
        file["model_weights"].attrs["layer_names"] = np.array(names, dtype=h5py.string_dtype())
    data = bytearray(path.read_bytes())
    first = data.find(struct.pack("<I", 1 << 20))
    while data[first + 16 : first + 20] != struct.pack("<I", len("layer_0")):
        first = data.find(struct.pack("<I", 1 << 20), first + 1)
    for i in range(1, 4_000):
        data[first + 16 * i : first + 16 * (i + 1)] = data[first : first + 16]
    path.write_bytes(data)


def main():
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(HERE / "hostile.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        os.chdir(folder)
        for make in (external_link, soft_link, linked_layer, linked_weights, external_storage, virtual, unallocated, other_shape, upward, nested):
            with h5py.File(f"{make.__name__}.h5", "w") as file:
                make(file)
        repeated(pathlib.Path("repeated.h5"))
        for path in sorted(pathlib.Path(".").iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
