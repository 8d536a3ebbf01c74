"""Makes fashion/fashion.png and fashion/labels.txt from Debian's dataset-fashion-mnist.

    apt-get download dataset-fashion-mnist && dpkg -x dataset-fashion-mnist_*.deb .
    python make_fashion.py usr/share/datasets/fashion-mnist

Needs numpy and Pillow. Takes the first 320 pictures of each class from the training files and the first 80 of each
class from the test files, in the order in which they lie there.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 28
COLUMNS = 80


def read(folder, part):
    """The pictures (n, 28, 28) and labels (n,) of `train` or `t10k`."""
    pictures = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    # IDX: four bytes of type, four for each axis, then the data.
    return np.frombuffer(pictures, np.uint8, offset=16).reshape(-1, SIDE, SIDE), np.frombuffer(labels, np.uint8, offset=8)


def first_of_each(pictures, labels, count):
    """The first `count` of each class, in their own order."""
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(10)]))
    return pictures[chosen], labels[chosen]


def main():
    folder = Path(sys.argv[1])
    out = Path(__file__).resolve().parent / "fashion"
    parts = [first_of_each(*read(folder, "train"), 320), first_of_each(*read(folder, "t10k"), 80)]
    pictures = np.concatenate([pictures for pictures, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    rows = len(pictures) // COLUMNS
    sheet = pictures.reshape(rows, COLUMNS, SIDE, SIDE).transpose(0, 2, 1, 3).reshape(rows * SIDE, COLUMNS * SIDE)
    Image.fromarray(sheet).save(out / "fashion.png", optimize=True)
    digits = ["".join(map(str, row)) for row in labels.reshape(rows, COLUMNS)]
    (out / "labels.txt").write_text("\n".join(digits) + "\n")


if __name__ == "__main__":
    main()
