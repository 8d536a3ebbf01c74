"""Model files as Keras writes them, with inputs and Keras's outputs: files/*.keras and files.npz."""

from golden import HERE, generator, keras, normal, renumbered, seeded_weights, versions
from golden import write_json, write_npz
import io
import json
import zipfile
import numpy as np

L = keras.layers
OUT = HERE / "files"


def seed():
    """The first question's model, weights and all, never compiled."""
    model = keras.Sequential([keras.Input((28, 28, 3))], name="seed")
    for filters, size in [(32, 5), (17, 3), (13, 3), (7, 3)]:
        model.add(L.Conv2D(filters, size, padding="same", use_bias=False))
    return model


def branches():
    """A functional model with normalisation, a residual sum, a concatenation and two outputs."""
    image = keras.Input((12, 12, 3), name="image")
    x = L.Rescaling(1.0 / 255)(image)
    x = L.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(x)
    x = L.BatchNormalization(name="stem_bn")(x)
    x = L.ReLU()(x)
    y = L.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    y = L.BatchNormalization(momentum=0.9)(y)
    y = L.Activation("relu6")(y)
    y = L.Conv2D(8, 1, name="pointwise")(y)
    x = L.Add(name="residual")([x, y])
    wide = L.SeparableConv2D(6, 3, padding="same", activation="relu")(x)
    narrow = L.MaxPooling2D(3, strides=1, padding="same")(x)
    x = L.Concatenate()([wide, narrow])
    x = L.GlobalAveragePooling2D()(x)
    x = L.Dropout(0.25, seed=7)(x)
    classes = L.Dense(5, activation="softmax", name="classes")(x)
    score = L.Dense(1, name="score")(x)
    return keras.Model(image, [classes, score], name="branches")


def shared():
    """Two inputs through one shared layer."""
    left = keras.Input((10, 4), name="left")
    right = keras.Input((10, 4), name="right")
    tower = L.Conv1D(6, 3, padding="causal", activation="relu", name="tower")
    a, b = tower(left), tower(right)
    x = L.Subtract()([a, b])
    x = L.Flatten()(x)
    return keras.Model([left, right], L.Dense(2, name="verdict")(x), name="shared")


def trained():
    """A small classifier, trained before it is saved: the optimizer's state lies in the file."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3, padding="same", use_bias=False, kernel_regularizer=keras.regularizers.L2(1e-3)),
            L.BatchNormalization(),
            L.ReLU(),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(3, activation="softmax"),
        ],
        name="trained",
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def nested():
    """A sequential block inside a functional model, used twice, with a frozen layer."""
    block = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            L.Conv2D(4, 3, padding="same", name="inner_conv"),
            L.LayerNormalization(name="inner_norm"),
            L.PReLU(shared_axes=[1, 2], name="inner_prelu"),
        ],
        name="block",
    )
    image = keras.Input((8, 8, 4), name="image")
    x = block(image)
    x = block(x)
    frozen = L.Conv2DTranspose(3, 3, strides=2, padding="same", name="up", trainable=False)
    x = frozen(x)
    return keras.Model(image, x, name="nested")


def save(model, path):
    """Saves by Keras, then fixes dates and memory addresses, so that the same model gives the same bytes."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            if name == "metadata.json":
                data = json.dumps({**json.loads(data), "date_saved": "2026-01-01@00:00:00"}).encode()
            if name == "config.json":
                data = renumbered(data.decode()).encode()
            archive.writestr(zipfile.ZipInfo(name), data)
    path.write_bytes(packed.getvalue())


def main():
    OUT.mkdir(exist_ok=True)
    arrays, index = {}, []
    for make in (seed, branches, shared, trained, nested):
        keras.backend.clear_session()
        name = make.__name__
        rng = generator(f"files/{name}")
        model = make()
        seeded_weights(model, rng)
        if name == "trained":
            images = normal(rng, (12, 8, 8, 3))
            labels = rng.integers(0, 3, 12).astype(np.int32)
            model.fit(images, labels, batch_size=4, epochs=1, shuffle=False, verbose=0)
            arrays["trained/images"], arrays["trained/labels"] = images, labels
        scale, mean = (64.0, 128.0) if name == "branches" else (1.0, 0.0)
        inputs = [normal(rng, (2, *i.shape[1:]), scale, mean) for i in model.inputs]
        outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        for key, array in enumerate(inputs):
            arrays[f"{name}/input{key}"] = array
        for key, array in enumerate(outputs):
            arrays[f"{name}/output{key}"] = np.asarray(array)
        # Layer and weight name; the model's own name, which Keras puts in front of some paths, is left out.
        weights = {"/".join(v.path.split("/")[-2:]): np.asarray(v) for v in model.weights}
        state = {v.name: np.asarray(v) for v in model.optimizer.variables} if model.compiled else {}
        for key, array in weights.items():
            arrays[f"{name}/weight/{key}"] = array
        for key, array in state.items():
            arrays[f"{name}/optimizer/{key}"] = array
        save(model, OUT / f"{name}.keras")
        again = keras.models.load_model(OUT / f"{name}.keras")
        back = again(inputs if len(inputs) > 1 else inputs[0], training=False)
        back = back if isinstance(back, (list, tuple)) else [back]
        for key, array in enumerate(back):
            assert np.array_equal(np.asarray(array), arrays[f"{name}/output{key}"])
        if name == "trained":
            # What a reader that resumes must reach: three more steps on the same batches.
            again.fit(images, labels, batch_size=4, epochs=1, shuffle=False, verbose=0)
            for variable in again.weights:
                key = "/".join(variable.path.split("/")[-2:])
                arrays[f"trained/resumed/{key}"] = np.asarray(variable)
        index.append(
            {
                "name": name,
                "file": f"files/{name}.keras",
                "inputs": len(inputs),
                "outputs": len(outputs),
                "params": model.count_params(),
                "weights": list(weights),
                "optimizer": list(state),
            }
        )
    write_json(HERE / "files.json", {"versions": versions(), "files": index})
    write_npz(HERE / "files.npz", arrays)


if __name__ == "__main__":
    main()
