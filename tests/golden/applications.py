"""The architectures of `keras.applications`, layer by layer, and what each computes at a small size: applications.json."""

import zlib

from golden import HERE, keras, np, versions, weight_name, write_json

# Name, smallest side that the small run uses, whether the layers are listed or only their checksum kept.
APPLICATIONS = [
    ("ResNet50", 64, True),
    ("ResNet101", None, False),
    ("ResNet152", None, False),
    ("VGG16", 64, True),
    ("VGG19", None, False),
    ("InceptionV3", 96, True),
    ("MobileNet", 64, True),
    ("MobileNetV2", 64, True),
]


def made(name, **options):
    """The application as a fresh program makes it, without weights from the net."""
    keras.backend.clear_session()
    return getattr(keras.applications, name)(weights=None, **options)


def lines(model):
    """A line a layer: name, class, output shape without the batch, names of the layers before it."""
    for layer in model.layers:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        before = [tensor._keras_history.operation.name for tensor in inputs]
        if isinstance(layer, keras.layers.InputLayer):
            before = []
        shape = ",".join(str(axis) for axis in layer.output.shape[1:])
        yield " ".join([layer.name, type(layer).__name__, shape, *before])


def checksum(model):
    """Of the lines, each ended by a newline."""
    return zlib.crc32("".join(line + "\n" for line in lines(model)).encode())


def count(variables):
    return int(sum(np.prod(variable.shape) for variable in variables))


def macs(model):
    """Multiply-adds of convolutions and dense layers for one picture."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)):
            positions = np.prod(layer.output.shape[1:-1], dtype=np.int64)
            total += int(positions * np.prod(layer.kernel.shape, dtype=np.int64))
    return total


def numbers(stream, count, low, high):
    """Numbers between `low` and `high` that any language makes alike: a mixed counter in each stream."""
    state = np.arange(count, dtype=np.uint64) + np.uint64(stream * 0x9E3779B9 & 0xFFFFFFFF)
    for shift, factor in [(16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)]:
        state &= np.uint64(0xFFFFFFFF)
        state ^= state >> np.uint64(shift)
        state *= np.uint64(factor)
    return (low + (high - low) * (state.astype(np.float64) / 2.0**32)).astype(np.float32)


def limits(name, shape):
    """Between which values a weight lies, so that the outputs keep their size from layer to layer."""
    if name in ("gamma", "moving_variance"):
        return 0.8, 1.2
    if name in ("beta", "bias", "moving_mean"):
        return -0.1, 0.1
    # A depthwise kernel sums over its window alone.
    fan = np.prod(shape[:-2] if shape[-1] == 1 else shape[:-1])
    bound = float(np.sqrt(6.0 / float(fan)))
    return -bound, bound


def small_run(name, side):
    """Ten logits of one picture, with the stream 0 for the picture and the next ones for the weights."""
    model = made(name, input_shape=(side, side, 3), classes=10, classifier_activation=None)
    for stream, variable in enumerate(model.weights, start=1):
        shape = tuple(variable.shape)
        low, high = limits(weight_name(variable), shape)
        variable.assign(numbers(stream, int(np.prod(shape)), low, high).reshape(shape))
    picture = numbers(0, side * side * 3, 0.0, 1.0).reshape(1, side, side, 3)
    output = np.asarray(model(picture, training=False))[0]
    return {"side": side, "output": [float(value) for value in output]}


def application(name, side, listed):
    model = made(name)
    case = {
        "name": name,
        "model": model.name,
        "side": model.input.shape[1],
        "total": model.count_params(),
        "trainable": count(model.trainable_weights),
        "non_trainable": count(model.non_trainable_weights),
        "macs": macs(model),
        "output_elements": int(
            sum(np.prod(layer.output.shape[1:], dtype=np.int64) for layer in model.layers)
        ),
        "layers": len(model.layers),
        "checksum": checksum(model),
    }
    if listed:
        case["listing"] = list(lines(model))
    without_top = made(name, include_top=False)
    case["without_top"] = {"total": without_top.count_params(), "checksum": checksum(without_top)}
    if side:
        case["small"] = small_run(name, side)
    return case


write_json(
    HERE / "applications.json",
    {"versions": versions(), "applications": [application(*each) for each in APPLICATIONS]},
)
