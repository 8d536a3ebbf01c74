"""Losses, metrics, regularizers and steps of every optimizer: training.json and training.npz."""

from golden import HERE, generator, jax, keras, normal, seeded_weights, versions
from golden import write_json, write_npz
import json
import numpy as np

L = keras.layers
CLASSES = 5
STEPS = 5
BATCH = 4


def build(regularized=False):
    """Convolution, normalisation, pooling, classes; the same weights at each call."""
    keras.backend.clear_session()
    kernel, bias, dense = None, None, None
    if regularized:
        kernel = keras.regularizers.L2(0.02)
        bias = keras.regularizers.L1(0.05)
        dense = keras.regularizers.L1L2(l1=0.003, l2=0.01)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            # No bias before the normalisation: its gradient is rounding noise, which Adam would turn into steps.
            L.Conv2D(4, 3, padding="same", use_bias=False, name="conv", kernel_regularizer=kernel),
            L.BatchNormalization(name="norm"),
            L.ReLU(name="relu"),
            L.MaxPooling2D(name="pool"),
            L.Flatten(name="flatten"),
            L.Dense(
                CLASSES, activation="softmax", name="classes", kernel_regularizer=dense, bias_regularizer=bias
            ),
        ],
        name="small",
    )
    seeded_weights(model, generator("training/weights"))
    return model


def weights_of(model):
    return {"/".join(v.path.split("/")[-2:]): np.asarray(v) for v in model.weights}


def data():
    """Five batches of four: images, one-hot labels, sample weights."""
    rng = generator("training/data")
    images = normal(rng, (STEPS * BATCH, 8, 8, 3))
    labels = rng.integers(0, CLASSES, STEPS * BATCH)
    one_hot = np.eye(CLASSES, dtype=np.float32)[labels]
    return images, one_hot, rng.uniform(0.2, 3.0, STEPS * BATCH).astype(np.float32)


def steps(model, arrays, prefix, sample_weight=None, class_weight=None):
    """Five steps; stores the loss and accuracy of each, before its update, and the final weights."""
    images, labels, _ = data()
    losses, accuracies = [], []
    for step in range(STEPS):
        part = slice(step * BATCH, (step + 1) * BATCH)
        model.reset_metrics()
        weight = None if sample_weight is None else sample_weight[part]
        result = model.train_on_batch(
            images[part], labels[part], sample_weight=weight, class_weight=class_weight, return_dict=True
        )
        losses.append(result["loss"])
        accuracies.append(result["accuracy"])
    arrays[f"{prefix}/loss"] = np.array(losses, np.float32)
    arrays[f"{prefix}/accuracy"] = np.array(accuracies, np.float32)
    for key, value in weights_of(model).items():
        arrays[f"{prefix}/final/{key}"] = value


def serialized(thing):
    serial = json.loads(json.dumps(keras.saving.serialize_keras_object(thing), default=float))
    return {"class_name": serial["class_name"], "config": serial["config"]}


def optimizers(arrays):
    """Every optimizer, five steps from the same weights on the same batches."""
    o = keras.optimizers
    cases = [
        ("sgd", o.SGD(0.05)),
        ("sgd_momentum", o.SGD(0.05, momentum=0.9)),
        ("sgd_nesterov", o.SGD(0.05, momentum=0.9, nesterov=True)),
        ("sgd_weight_decay", o.SGD(0.05, weight_decay=0.1)),
        ("sgd_clipnorm", o.SGD(0.05, clipnorm=0.5)),
        ("sgd_clipvalue", o.SGD(0.05, clipvalue=0.05)),
        ("sgd_global_clipnorm", o.SGD(0.05, global_clipnorm=0.7)),
        ("rmsprop", o.RMSprop(0.01)),
        ("rmsprop_momentum", o.RMSprop(0.01, rho=0.8, momentum=0.5)),
        ("rmsprop_centered", o.RMSprop(0.01, centered=True)),
        ("adam", o.Adam(0.01)),
        ("adam_options", o.Adam(0.02, beta_1=0.8, beta_2=0.99, epsilon=1e-4)),
        ("adam_amsgrad", o.Adam(0.01, amsgrad=True)),
        ("adamw", o.AdamW(0.01)),
        ("adamw_weight_decay", o.AdamW(0.01, weight_decay=0.2)),
    ]
    index = []
    for name, optimizer in cases:
        index.append({"name": name, **serialized(optimizer)})
        model = build()
        model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
        steps(model, arrays, f"optimizer/{name}")
    return index


def runs(arrays):
    """Weights and regularizers in training, and the figures of a whole `fit`."""
    images, labels, sample_weight = data()
    arrays["images"], arrays["labels"], arrays["sample_weight"] = images, labels, sample_weight
    for key, value in weights_of(build()).items():
        arrays[f"initial/{key}"] = value
    class_weight = {0: 1.0, 1: 0.25, 2: 3.0, 3: 0.5, 4: 2.0}

    def compiled(regularized=False):
        model = build(regularized)
        metrics = ["accuracy"]
        model.compile(keras.optimizers.SGD(0.05), "categorical_crossentropy", metrics=metrics)
        return model

    steps(compiled(), arrays, "run/sample_weight", sample_weight=sample_weight)
    steps(compiled(), arrays, "run/class_weight", class_weight=class_weight)
    steps(compiled(regularized=True), arrays, "run/regularizers")

    fit = {"batch_size": 6, "epochs": 3, "validation_split": 0.2}
    model = compiled()
    history = model.fit(images, labels, shuffle=False, verbose=0, **fit).history
    for key, values in history.items():
        arrays[f"run/fit/{key}"] = np.array(values, np.float32)
    for key, value in weights_of(model).items():
        arrays[f"run/fit/final/{key}"] = value
    result = model.evaluate(images, labels, batch_size=6, verbose=0, return_dict=True)
    arrays["run/evaluate/loss"] = np.float32(result["loss"])
    arrays["run/evaluate/accuracy"] = np.float32(result["accuracy"])
    result = model.evaluate(
        images, labels, sample_weight=sample_weight, batch_size=6, verbose=0, return_dict=True
    )
    arrays["run/evaluate_sample_weight/loss"] = np.float32(result["loss"])
    arrays["run/evaluate_sample_weight/accuracy"] = np.float32(result["accuracy"])
    arrays["run/predict"] = np.asarray(model.predict(images, batch_size=6, verbose=0))
    return {
        "class_weight": [class_weight[label] for label in range(CLASSES)],
        "regularizers": {
            "conv/kernel": {"l2": 0.02},
            "classes/bias": {"l1": 0.05},
            "classes/kernel": {"l1": 0.003, "l2": 0.01},
        },
        "learning_rate": 0.05,
        "fit": fit,
    }


def targets():
    """Named arrays that the losses and metrics are computed on."""
    rng = generator("training/targets")
    logits = normal(rng, (6, 4), 2.0)
    probabilities = np.asarray(keras.ops.softmax(logits))
    edges = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0.5, 0, 0]], np.float32)
    labels = rng.integers(0, 4, 6).astype(np.int32)
    return {
        "logits": logits,
        "probabilities": probabilities,
        "unnormalized": rng.uniform(0.1, 2.0, (6, 4)).astype(np.float32),
        "labels": labels,
        "one_hot": np.eye(4, dtype=np.float32)[labels],
        "soft": np.asarray(keras.ops.softmax(normal(rng, (6, 4)))),
        "edges": edges,
        "edges_one_hot": np.eye(4, dtype=np.float32)[[0, 0, 2]],
        "map_logits": normal(rng, (2, 3, 3, 4), 2.0),
        "map_labels": rng.integers(0, 4, (2, 3, 3)).astype(np.int32),
        "binary": (rng.random((6, 4)) < 0.5).astype(np.float32),
        "binary_probabilities": rng.uniform(0.02, 0.98, (6, 4)).astype(np.float32),
        "binary_edges": np.array([[0.0, 1.0, 0.0, 1.0]], np.float32),
        "binary_edges_true": np.array([[0.0, 1.0, 1.0, 0.0]], np.float32),
        "scores": normal(rng, (6, 4), 1.5),
        "values": normal(rng, (6, 4), 1.5),
        "sample_weight": rng.uniform(0.2, 3.0, 6).astype(np.float32),
    }


def losses(arrays, named):
    """Each loss: by sample, reduced, weighted, and its gradient."""
    o = keras.losses
    cases = [
        ("categorical", o.CategoricalCrossentropy(), "one_hot", "probabilities"),
        ("categorical_unnormalized", o.CategoricalCrossentropy(), "one_hot", "unnormalized"),
        ("categorical_soft", o.CategoricalCrossentropy(), "soft", "probabilities"),
        ("categorical_edges", o.CategoricalCrossentropy(), "edges_one_hot", "edges"),
        ("categorical_smoothing", o.CategoricalCrossentropy(label_smoothing=0.1), "one_hot", "probabilities"),
        ("categorical_logits", o.CategoricalCrossentropy(from_logits=True), "one_hot", "logits"),
        ("categorical_logits_smoothing", o.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2), "one_hot", "logits"),
        ("categorical_sum", o.CategoricalCrossentropy(reduction="sum"), "one_hot", "probabilities"),
        ("sparse", o.SparseCategoricalCrossentropy(), "labels", "probabilities"),
        ("sparse_unnormalized", o.SparseCategoricalCrossentropy(), "labels", "unnormalized"),
        ("sparse_logits", o.SparseCategoricalCrossentropy(from_logits=True), "labels", "logits"),
        ("sparse_maps", o.SparseCategoricalCrossentropy(from_logits=True), "map_labels", "map_logits"),
        ("sparse_ignore_class", o.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1), "labels", "logits"),
        ("binary", o.BinaryCrossentropy(), "binary", "binary_probabilities"),
        ("binary_edges", o.BinaryCrossentropy(), "binary_edges_true", "binary_edges"),
        ("binary_smoothing", o.BinaryCrossentropy(label_smoothing=0.1), "binary", "binary_probabilities"),
        ("binary_logits", o.BinaryCrossentropy(from_logits=True), "binary", "scores"),
        ("binary_logits_smoothing", o.BinaryCrossentropy(from_logits=True, label_smoothing=0.3), "binary", "scores"),
        ("mean_squared_error", o.MeanSquaredError(), "values", "scores"),
        ("mean_absolute_error", o.MeanAbsoluteError(), "values", "scores"),
        ("huber", o.Huber(), "values", "scores"),
        ("huber_delta", o.Huber(delta=0.5), "values", "scores"),
    ]
    index = []
    for name, loss, true, predicted in cases:
        y_true, y_pred = named[true], named[predicted]
        weighted = len(y_true) == len(named["sample_weight"])
        arrays[f"loss/{name}/samples"] = np.asarray(loss.call(y_true, y_pred))
        arrays[f"loss/{name}/value"] = np.float32(loss(y_true, y_pred))
        # At the edges of [0, 1] the clipping makes the gradient a convention of the backend.
        gradient = "edges" not in name
        if gradient:
            arrays[f"loss/{name}/gradient"] = np.asarray(jax.grad(lambda p: loss(y_true, p))(y_pred))
        if weighted:
            weight = named["sample_weight"]
            arrays[f"loss/{name}/weighted"] = np.float32(loss(y_true, y_pred, sample_weight=weight))
        entry = {"name": name, **serialized(loss)}
        if name.startswith("huber"):
            # Keras leaves it out of the configuration.
            entry["config"]["delta"] = 0.5 if name == "huber_delta" else 1.0
        entry |= {"true": true, "predicted": predicted, "gradient": gradient, "weighted": weighted}
        index.append(entry)
    return index


def metrics(arrays, named):
    """Each metric after two batches (four samples, then two), with and without sample weights."""
    o = keras.metrics
    cases = [
        ("binary_accuracy", o.BinaryAccuracy(), "binary", "binary_probabilities"),
        ("binary_accuracy_threshold", o.BinaryAccuracy(threshold=0.3), "binary", "binary_probabilities"),
        ("categorical_accuracy", o.CategoricalAccuracy(), "one_hot", "probabilities"),
        ("sparse_categorical_accuracy", o.SparseCategoricalAccuracy(), "labels", "probabilities"),
        ("top_k", o.TopKCategoricalAccuracy(k=2), "one_hot", "probabilities"),
        ("sparse_top_k", o.SparseTopKCategoricalAccuracy(k=3), "labels", "probabilities"),
        ("categorical_crossentropy", o.CategoricalCrossentropy(), "one_hot", "probabilities"),
        ("mean_squared_error", o.MeanSquaredError(), "values", "scores"),
        ("mean_absolute_error", o.MeanAbsoluteError(), "values", "scores"),
    ]
    index = []
    for name, metric, true, predicted in cases:
        for suffix, weight in (("value", None), ("weighted", named["sample_weight"])):
            metric.reset_state()
            for part in (slice(0, 4), slice(4, 6)):
                kwargs = {} if weight is None else {"sample_weight": weight[part]}
                metric.update_state(named[true][part], named[predicted][part], **kwargs)
            arrays[f"metric/{name}/{suffix}"] = np.float32(metric.result())
        serial = serialized(metric)
        index.append({"name": name, **serial, "true": true, "predicted": predicted})
    return index


def regularizers(arrays, named):
    """Each regularizer on `values`."""
    o = keras.regularizers
    index = []
    for name, regularizer in (("l1", o.L1(0.02)), ("l2", o.L2(0.03)), ("l1_l2", o.L1L2(l1=0.01, l2=0.02))):
        arrays[f"regularizer/{name}/value"] = np.float32(regularizer(named["values"]))
        arrays[f"regularizer/{name}/gradient"] = np.asarray(jax.grad(regularizer)(jax.numpy.asarray(named["values"])))
        index.append({"name": name, **serialized(regularizer)})
    return index


def main():
    arrays = {}
    named = targets()
    for key, value in named.items():
        arrays[f"target/{key}"] = value
    index = {
        "versions": versions(),
        "model": json.loads(build().to_json()),
        "steps": STEPS,
        "batch_size": BATCH,
        "runs": runs(arrays),
        "optimizers": optimizers(arrays),
        "losses": losses(arrays, named),
        "metrics": metrics(arrays, named),
        "regularizers": regularizers(arrays, named),
    }
    write_json(HERE / "training.json", index)
    write_npz(HERE / "training.npz", arrays)


if __name__ == "__main__":
    main()
