"""What every golden script shares: the backend, seeded arrays and file writing."""

import json
import os
import re
import zlib
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
# Keras sizes its summary by the terminal; without one it falls back to 80 columns, as in a file.
os.environ.pop("COLUMNS", None)

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

# Products in full f32: the reference must not round its inputs to a shorter type.
jax.config.update("jax_default_matmul_precision", "highest")

HERE = Path(__file__).resolve().parent


def generator(name):
    """A generator that depends on the name alone, so adding a case changes no other case."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def normal(rng, shape, scale=1.0, mean=0.0):
    """Normal numbers as f32."""
    return (mean + scale * rng.standard_normal(shape)).astype(np.float32)


def weight_name(variable):
    """The last part of the path of a Keras variable: `kernel` of `conv2d/kernel`."""
    return variable.path.split("/")[-1]


def seeded_weights(layer_or_model, rng, scale=0.5):
    """Gives every weight seeded values; variances stay positive and gammas near one."""
    for variable in layer_or_model.weights:
        name = weight_name(variable)
        if "seed" in name:
            continue
        shape = tuple(variable.shape)
        if name in ("moving_variance", "variance"):
            value = rng.uniform(0.5, 2.0, shape).astype(np.float32)
        elif name == "gamma":
            value = normal(rng, shape, 0.3, 1.0)
        elif name in ("bias", "beta", "moving_mean"):
            value = normal(rng, shape, 0.3)
        else:
            # Keeps the outputs near one whatever the number of terms in a sum.
            fan = max(1, int(np.prod(shape[:-1])))
            value = normal(rng, shape, scale * (4.0 / fan) ** 0.5)
        variable.assign(value)


def renumbered(text):
    """JSON whose `shared_object_id`s, memory addresses in Keras, count from 1 in their order of appearance."""
    numbers = {}
    return re.sub(
        r'("shared_object_id": )(\d+)',
        lambda found: found[1] + str(numbers.setdefault(found[2], len(numbers) + 1)),
        text,
    )


def write_json(path, value):
    """Writes JSON with a final newline and no trailing blanks."""
    Path(path).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_npz(path, arrays):
    """Writes arrays as an uncompressed npz; the same arrays give the same bytes."""
    np.savez(path, **{name: np.asarray(array, order="C") for name, array in arrays.items()})


def versions():
    """The versions that made a file, for its index."""
    return {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}
