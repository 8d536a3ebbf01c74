"""Makes the findings that are put together by hand; those of the fuzzers lie beside them as they were found.

Needs h5py.
"""

import io
import json
import pathlib
import zipfile

import h5py
import numpy

HERE = pathlib.Path(__file__).parent


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, wire_type, content):
    return varint(number << 3 | wire_type) + varint(len(content)) + content


def nested(depth, wrap):
    """A graph in an attribute of a node of a graph, and so on."""
    content = b""
    for _ in range(depth):
        content = wrap(content)
    return field(7, 2, content)


def write(path, content):
    path = HERE / path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


# A parser that goes by field numbers alone follows these lengths; one that goes by wire types sees numbers.
write(
    "onnx/graphs_written_as_numbers.onnx",
    nested(1500, lambda inner: field(1, 0, field(5, 0, field(6, 0, inner)))),
)
# A parser that keeps 32 bits of a field's number takes 2^32 + 6 for 6.
write(
    "onnx/field_numbers_beyond_the_largest.onnx",
    nested(1500, lambda inner: field(1, 2, field(5, 2, field(2**32 + 6, 2, inner)))),
)


def keras(name, config, weights, compression=zipfile.ZIP_STORED):
    path = HERE / "keras" / name
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in [("config.json", json.dumps(config)), ("model.weights.h5", weights)]:
            archive.writestr(zipfile.ZipInfo(entry), content, compression, 9)


def twice(inner):
    """A model that calls the one inside it twice, one call on the other's output."""
    x = {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
         "config": {"name": "x", "batch_input_shape": [None, 4]}}
    inner = inner | {"name": "inner", "inbound_nodes": [[["x", 0, 0, {}]], [["inner", 1, 0, {}]]]}
    return {"class_name": "Functional", "config": {"name": "outer", "layers": [x, inner],
            "input_layers": [["x", 0, 0]], "output_layers": [["inner", 2, 0]]}}


model = {"class_name": "Sequential", "config": {"name": "leaf", "layers": [
    {"class_name": "InputLayer", "config": {"name": "y", "batch_input_shape": [None, 4]}},
    {"class_name": "ReLU", "config": {"name": "relu"}}]}}
for _ in range(38):
    model = twice(model)
keras("models_that_call_each_other_twice.keras", model, b"")

# 256 MiB of zeros, deflated in the HDF5 file and deflated again in the archive: 100,000 bytes of one.
size = 8192
dense = {"class_name": "Sequential", "config": {"name": "bomb", "layers": [
    {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, size]}},
    {"class_name": "Dense", "config": {"name": "dense", "units": size, "use_bias": False}}]}}
weights = io.BytesIO()
with h5py.File(weights, "w") as file:
    file.create_group("vars")
    file.create_group("layers/dense/vars").create_dataset(
        "0", data=numpy.zeros((size, size), "float32"), chunks=(size, size), compression="gzip", compression_opts=9
    )
keras("a_bomb_inside_of_a_bomb.keras", dense, weights.getvalue(), zipfile.ZIP_DEFLATED)


def npz(name, copies):
    """An archive whose directory names the bytes of one entry many times over."""
    array = io.BytesIO()
    numpy.save(array, numpy.zeros(2000, "float32"))
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a00000.npy"), array.getvalue())
    bytes_ = plain.getvalue()
    directory = bytes_.index(b"PK\x01\x02")
    end = bytes_.index(b"PK\x05\x06")
    entry = bytes_[directory:end]
    entries = b"".join(entry.replace(b"a00000", b"a%05d" % number) for number in range(copies))
    count = copies.to_bytes(2, "little")
    closing = b"PK\x05\x06" + bytes(4) + count + count + len(entries).to_bytes(4, "little")
    closing += directory.to_bytes(4, "little") + bytes(2)
    write(f"npz/{name}", bytes_[:directory] + entries + closing)


npz("entries_that_share_their_bytes.npz", 100)


def pytorch(name, code):
    path = HERE / "pytorch" / name
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("m/data.pkl"), b"\x80\x02" + code + b".", zipfile.ZIP_DEFLATED, 9)


# A dict of 8,000 pairs that a list of lists holds a million times.
pairs = b"}q\x00(" + b"NN" * 8000 + b"u"
pytorch("a_dict_held_a_million_times.pt", pairs + b"](" + b"h\x00" * 1000 + b"eq\x01](" + b"h\x01" * 1000 + b"e")
# The same dict, copied 5,000 times.
copy = b"h\x02h\x00\x85R0"
pytorch("a_dict_copied_again_and_again.pt", pairs + b"ccollections\nOrderedDict\nq\x02" + copy * 5000)
