"""The networks as tables of layers, read off the Keras models, so that every peer builds the same one.

    python tables.py OUT.json
"""
import json
import os
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "crates/dichroic-cli/src/benchmark/models"
APPLICATIONS = {"resnet50": "ResNet50", "mobilenetv2": "MobileNetV2", "inceptionv3": "InceptionV3", "vgg16": "VGG16"}


def keras_model(name):
    import keras

    if name in APPLICATIONS:
        return getattr(keras.applications, APPLICATIONS[name])(weights=None, classifier_activation=None)
    scope = {}
    exec((SCRIPTS / f"{name}.py").read_text(), scope)
    return scope["model"]


def table(model):
    functional = getattr(model, "_functional", None) or model
    rows = []
    for layer in functional.layers:
        sources = [tensor._keras_history.operation.name for tensor in layer._inbound_nodes[0].input_tensors]
        rows.append({"name": layer.name, "class": type(layer).__name__, "config": layer.get_config(), "inputs": sources})
    return {"input": list(model.input_shape[1:]), "parameters": model.count_params(), "layers": rows}


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    names = [path.stem for path in SCRIPTS.glob("*.py")] + list(APPLICATIONS)
    Path(sys.argv[1]).write_text(json.dumps({name: table(keras_model(name)) for name in names}))
