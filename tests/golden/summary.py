"""What `summary()` prints, 76 columns wide as in a file: summary/*.txt, summary/*.json and summary.json."""

from golden import HERE, keras, renumbered, versions, write_json
import json

L = keras.layers
OUT = HERE / "summary"


def sequential():
    """The plainest network."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(32, 3, activation="relu"),
            L.MaxPooling2D(2),
            L.Conv2D(64, 3, activation="relu"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax"),
        ]
    )


def seed():
    """The first question's model."""
    model = keras.Sequential([keras.Input((28, 28, 3))])
    for filters, size in [(32, 5), (17, 3), (13, 3), (7, 3)]:
        model.add(L.Conv2D(filters, size, padding="same", use_bias=False))
    return model


def normalized():
    """Non-trainable weights and a frozen layer, in a Sequential with a name of its own."""
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            L.Conv2D(8, 3, use_bias=False, name="stem", trainable=False),
            L.BatchNormalization(),
            L.ReLU(),
            L.DepthwiseConv2D(3, depth_multiplier=2),
            L.SeparableConv2D(8, 3),
            L.Conv2D(8, 3, groups=2),
            L.Conv2DTranspose(4, 3, strides=2, padding="same"),
            L.GlobalAveragePooling2D(),
            L.Dense(3),
        ],
        name="normalized",
    )
    return model


def functional_line():
    """Functional, but one layer after another: no `Connected to`."""
    image = keras.Input((64, 3))
    x = L.Conv1D(16, 5, strides=2, padding="causal")(image)
    x = L.LayerNormalization()(x)
    x = L.Activation("gelu")(x)
    x = L.GlobalMaxPooling1D()(x)
    return keras.Model(image, L.Dense(1)(x))


def residual():
    """Branches that meet: `Connected to`."""
    image = keras.Input((32, 32, 3), name="img")
    x = L.Rescaling(1.0 / 255)(image)
    x = L.Conv2D(16, 3, padding="same", name="a_really_long_convolution_name")(x)
    y = L.BatchNormalization()(x)
    y = L.Activation("relu")(y)
    y = L.Conv2D(16, 3, padding="same")(y)
    x = L.Add()([x, y])
    z = L.Conv2D(16, 1)(x)
    x = L.Concatenate()([x, y, z])
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, L.Dense(10)(x), name="residual")


def several():
    """Two inputs, one layer used twice, two outputs."""
    left, right = keras.Input((16, 16, 1), name="left"), keras.Input((16, 16, 1), name="right")
    tower = L.Conv2D(4, 3, name="tower")
    a, b = tower(left), tower(right)
    x = L.Subtract()([a, b])
    x = L.Flatten()(x)
    return keras.Model([left, right], [L.Dense(2, name="class")(x), L.Dense(1, name="distance")(x)], name="several")


def nested():
    """A Sequential and a functional block inside a functional model."""
    backbone = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            L.Conv2D(8, 3, trainable=False),
            L.BatchNormalization(),
            L.MaxPooling2D(),
        ],
        name="backbone",
    )
    inner_input = keras.Input((15, 15, 8))
    inner = L.Conv2D(8, 3, padding="same")(inner_input)
    inner = L.Add()([inner, inner_input])
    block = keras.Model(inner_input, inner, name="block")
    image = keras.Input((32, 32, 3))
    x = backbone(image)
    x = block(x)
    x = L.Flatten()(x)
    return keras.Model(image, L.Dense(5)(x), name="nested")


def unbuilt():
    """Without an input, the shapes are not known yet."""
    return keras.Sequential([L.Conv2D(4, 3), L.BatchNormalization(), L.Flatten(), L.Dense(2)], name="unbuilt")


def long_names():
    """Names that have to be wrapped or cut."""
    return keras.Sequential(
        [
            keras.Input((224, 224, 3)),
            L.Conv2D(48, 3, name="block_one_convolution_with_a_name_that_does_not_fit"),
            L.BatchNormalization(name="block_one_norm"),
            L.DepthwiseConv2D(3, name="dw"),
            L.GlobalAveragePooling2D(name="global_average_pooling_at_the_end"),
            L.Dense(20000, name="many"),
        ],
        name="long",
    )


def volumes():
    """Rank three."""
    return keras.Sequential(
        [
            keras.Input((16, 16, 16, 1)),
            L.Conv3D(4, 3, padding="same"),
            L.MaxPooling3D(),
            L.Conv3DTranspose(2, 2, strides=2),
            L.UpSampling3D(2),
            L.Cropping3D(1),
            L.ZeroPadding3D(1),
        ],
        name="volumes",
    )


def compiled(optimizer):
    """A function that makes `sequential`, compiled, with the optimizer's variables made."""

    def make():
        model = sequential()
        model.compile(optimizer=optimizer(), loss="categorical_crossentropy")
        model.optimizer.build(model.trainable_variables)
        return model

    return make


def compiled_only():
    """Compiled but not trained yet: the optimizer has no variables to count."""
    model = sequential()
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return model


CASES = [
    ("sequential", sequential, {}),
    ("seed", seed, {}),
    ("normalized", normalized, {}),
    ("normalized_trainable", normalized, {"show_trainable": True}),
    ("functional_line", functional_line, {}),
    ("residual", residual, {}),
    ("residual_trainable", residual, {"show_trainable": True}),
    ("residual_wide", residual, {"line_length": 80}),
    ("several", several, {}),
    ("nested", nested, {}),
    ("nested_expanded", nested, {"expand_nested": True}),
    ("nested_expanded_trainable", nested, {"expand_nested": True, "show_trainable": True}),
    ("unbuilt", unbuilt, {}),
    ("long_names", long_names, {}),
    ("volumes", volumes, {}),
    ("narrow", sequential, {"line_length": 60}),
    ("compiled", compiled_only, {}),
    ("trained_adam", compiled(keras.optimizers.Adam), {}),
    ("trained_sgd", compiled(keras.optimizers.SGD), {}),
    ("trained_momentum", compiled(lambda: keras.optimizers.SGD(momentum=0.9)), {}),
    ("trained_rmsprop", compiled(keras.optimizers.RMSprop), {}),
    ("trained_adamw", compiled(keras.optimizers.AdamW), {}),
]


def main():
    OUT.mkdir(exist_ok=True)
    index = []
    for name, make, options in CASES:
        keras.backend.clear_session()
        model = make()
        pieces = []
        model.summary(print_fn=lambda text, **_: pieces.append(text), **options)
        text = "".join(pieces)
        (OUT / f"{name}.txt").write_text(text, encoding="utf-8")
        write_json(OUT / f"{name}.json", json.loads(renumbered(model.to_json())))
        index.append(
            {
                "name": name,
                "options": options,
                "optimizer": type(model.optimizer).__name__ if name.startswith("trained") else None,
                "built": bool(model.built),
                "count_params": model.count_params() if model.built else None,
            }
        )
    write_json(HERE / "summary.json", {"versions": versions(), "cases": index})


if __name__ == "__main__":
    main()
