"""Makes photos/*.jpg from the pictures inside three PyPI wheels.

    pip download --no-deps scikit-image==0.26.0 scikit-learn==1.9.1 scipy==1.9.3
    python make_photos.py WHEEL_FOLDER

Needs numpy and Pillow. Each picture is cropped to a square, resized to 360 by 360 and written as JPEG.
"""

import bz2
import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

SIDE = 360
QUALITY = 88

# (class, wheel, member, left, top, side of the crop); the classes are in alphabetical order.
PICTURES = [
    ("astronaut", "scikit_image", "skimage/data/astronaut.png", 0, 0, 512),
    ("cat", "scikit_image", "skimage/data/chelsea.png", 75, 0, 300),
    ("coffee", "scikit_image", "skimage/data/coffee.png", 120, 0, 400),
    ("flower", "scikit_learn", "sklearn/datasets/images/flower.jpg", 106, 0, 427),
    ("galaxies", "scikit_image", "skimage/data/hubble_deep_field.jpg", 64, 0, 872),
    ("raccoon", "scipy", "scipy/misc/face.dat", 256, 0, 768),
    ("retina", "scikit_image", "skimage/data/retina.jpg", 180, 180, 1050),
    ("rocket", "scikit_image", "skimage/data/rocket.jpg", 106, 0, 427),
    ("temple", "scikit_learn", "sklearn/datasets/images/china.jpg", 106, 0, 427),
    ("tissue", "scikit_image", "skimage/data/ihc.png", 0, 0, 512),
]


def read(folder, wheel, member):
    """The picture as it lies in the wheel."""
    path = next(path for path in sorted(folder.glob("*.whl")) if path.name.startswith(f"{wheel}-"))
    data = zipfile.ZipFile(path).read(member)
    if member.endswith("face.dat"):
        # scipy keeps this one as bare RGB bytes, 768 rows of 1,024 pixels.
        return Image.frombytes("RGB", (1024, 768), bz2.decompress(data))
    return Image.open(io.BytesIO(data)).convert("RGB")


def main():
    folder = Path(sys.argv[1])
    out = Path(__file__).resolve().parent / "photos"
    for name, wheel, member, left, top, side in PICTURES:
        picture = read(folder, wheel, member)
        picture = picture.crop((left, top, left + side, top + side))
        picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.save(out / f"{name}.jpg", quality=QUALITY, subsampling=0, optimize=True)


if __name__ == "__main__":
    main()
