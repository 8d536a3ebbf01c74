//! Mistakes in scripts: each error says where, what and what to do.

use dichroic_script::{ErrorKind, Options, Outcome, OutcomeError, Script, ScriptError};

fn run(text: &str) -> Result<Outcome, ScriptError> {
    Script::run(text, "model.py", &Options::default(), &mut std::io::sink())
}

/// Runs a script that must fail, and compares the place, the sort of error and parts of its text.
#[track_caller]
fn fails(text: &str, (line, marked): (usize, &str), kind: ErrorKind, parts: &[&str]) {
    let error = match run(text) {
        Ok(_) => panic!("the script runs:\n{text}"),
        Err(error) => error,
    };
    let shown = error.to_string();
    assert_eq!(error.kind(), kind, "{shown}");
    let place = error.place().unwrap_or_else(|| panic!("no place: {shown}"));
    let at: String = place.text.chars().skip(place.indent).take(place.width).collect();
    assert_eq!((place.line, at.as_str()), (line, marked), "{shown}");
    for part in parts {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
}

#[test]
fn an_unknown_layer_is_marked_and_the_nearest_is_named() {
    fails(
        "from keras import layers\nx = layers.Conv2d(8, 3)",
        (2, "Conv2d"),
        ErrorKind::Attribute,
        &["module `keras.layers` has no attribute `Conv2d`", "did you mean `Conv2D`?"],
    );
    fails(
        "from keras.layers import Desne",
        (1, "Desne"),
        ErrorKind::Import,
        &["`keras.layers` has no `Desne`", "did you mean `Dense`?"],
    );
    fails("import keras.layrs", (1, "keras.layrs"), ErrorKind::Import, &["did you mean `layers`?"]);
}

#[test]
fn an_unknown_or_wrong_argument_of_a_layer_is_marked() {
    let script =
        |arguments: &str| format!("from keras import layers\nx = layers.Conv2D({arguments})");
    fails(
        &script("8, 3, paddin='same'"),
        (2, "paddin='same'"),
        ErrorKind::Layer,
        &["Conv2D has no argument \"paddin\"", "padding"],
    );
    fails(&script("8, 3, padding='sam'"), (2, "padding='sam'"), ErrorKind::Layer, &["padding"]);
    fails(&script("8, 3.5"), (2, "3.5"), ErrorKind::Layer, &["kernel_size"]);
    fails(&script("8"), (2, "layers.Conv2D(8)"), ErrorKind::Layer, &["kernel_size"]);
    fails(&script("8, 3, filters=4"), (2, "filters=4"), ErrorKind::Type, &["two values"]);
    fails(
        &script("8, 3, dtype='float16'"),
        (2, "dtype='float16'"),
        ErrorKind::Unsupported,
        &["mixed_bfloat16"],
    );
    fails(
        &script("8, 3, activation='rellu'"),
        (2, "activation='rellu'"),
        ErrorKind::Layer,
        &["rellu"],
    );
    fails(
        &script("8, 3, data_format='channels_first'"),
        (2, "data_format='channels_first'"),
        ErrorKind::Layer,
        &["channels"],
    );
}

#[test]
fn shapes_that_do_not_fit_are_found_where_the_layer_is_called() {
    fails(
        "import keras\nx = keras.Input((28, 28))\ny = keras.layers.Conv2D(8, 3)(x)",
        (3, "keras.layers.Conv2D(8, 3)(x)"),
        ErrorKind::Layer,
        &["(None, 28, 28)"],
    );
    fails(
        "from keras import Sequential, layers\nm = Sequential()\nm.add(layers.Input((4, 4, 1)))\nm.add(layers.Conv2D(8, 5))",
        (4, "layers.Conv2D(8, 5)"),
        ErrorKind::Layer,
        &["(None, 4, 4, 1)"],
    );
    fails(
        "import keras\na = keras.Input((3,))\nb = keras.Input((4,))\nc = a + b",
        (4, "a + b"),
        ErrorKind::Layer,
        &[],
    );
    fails(
        "import keras\na = keras.Input((3,))\nb = keras.layers.Dense(2)(keras.Input((4,)))\nkeras.Model(a, b)",
        (4, "keras.Model(a, b)"),
        ErrorKind::Layer,
        &["can't be reached"],
    );
}

#[test]
fn training_is_sent_to_the_program() {
    let script = |call: &str| {
        format!(
            "from keras import Sequential, layers\nm = Sequential([layers.Input((4,)), layers.Dense(1)])\nm.{call}"
        )
    };
    for (call, instead) in [
        ("fit(x, y)", "dichroic train"),
        ("evaluate(x, y)", "dichroic evaluate"),
        ("predict(x)", "dichroic predict"),
        ("save('m.keras')", "writes no file"),
        ("load_weights('w.h5')", "reads no file"),
    ] {
        // The method is refused before its arguments would be missed.
        let call = call.replace("(x, y)", "()").replace("(x)", "()");
        let text = script(&call);
        fails(&text, (3, &format!("m.{call}")), ErrorKind::Unsupported, &[instead]);
    }
    fails(
        "from keras.callbacks import EarlyStopping\nstop = EarlyStopping.from_config({})",
        (2, "EarlyStopping.from_config({})"),
        ErrorKind::Unsupported,
        &["keras.callbacks.EarlyStopping", "dichroic train"],
    );
    fails(
        "from keras.datasets import mnist\n(x, y), _ = mnist.load_data()",
        (2, "mnist.load_data()"),
        ErrorKind::Unsupported,
        &["keras.datasets.mnist.load_data", "--data"],
    );
    fails(
        "import tensorflow as tf\ntf.reshape(1, 2)",
        (2, "tf.reshape(1, 2)"),
        ErrorKind::Unsupported,
        &["tensorflow.reshape"],
    );
}

#[test]
fn what_compile_does_not_know_is_marked() {
    let script = |arguments: &str| {
        format!(
            "from keras import Sequential, layers\nm = Sequential([layers.Input((4,)), layers.Dense(1)])\nm.compile({arguments})"
        )
    };
    for (arguments, marked, hint) in [
        ("optimizer='adm', loss='mse'", "optimizer='adm'", "did you mean \"Adam\"?"),
        (
            "'adam', 'categorical_crosentropy'",
            "'categorical_crosentropy'",
            "did you mean \"categorical_crossentropy\"?",
        ),
        ("metrics=['acuracy']", "metrics=['acuracy']", "did you mean \"accuracy\"?"),
    ] {
        fails(&script(arguments), (3, marked), ErrorKind::Value, &[hint]);
    }
    fails(&script("optimiser='adam'"), (3, "optimiser='adam'"), ErrorKind::Type, &["`optimizer`"]);
    for arguments in
        ["'SGD', 'mse', metrics=['accuracy', 'mae']", "loss={'dense': 'mse'}", "'Adam'"]
    {
        assert!(run(&script(arguments)).is_ok(), "{arguments}");
    }
}

#[test]
fn what_keras_can_train_with_and_dichroic_cannot_is_named_with_what_it_has() {
    let script = |arguments: &str| {
        format!(
            "import keras\nm = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\nm.compile({arguments})"
        )
    };
    for (marked, parts) in [
        ("optimizer='nadam'", ["optimizer \"nadam\"", "it has Adam, AdamW, RMSprop, SGD"]),
        ("optimizer=keras.optimizers.Nadam(0.1)", ["optimizer \"Nadam\"", "it has Adam"]),
        ("loss='tversky'", ["loss \"tversky\"", "it has "]),
        ("metrics=['auc']", ["metric \"auc\"", "it has accuracy, "]),
        ("metrics=['mse', keras.metrics.AUC()]", ["metric \"AUC\"", "it has accuracy, "]),
    ] {
        let arguments = match marked.starts_with("optimizer") {
            true => marked.to_owned(),
            false => format!("'adam', {marked}"),
        };
        fails(&script(&arguments), (3, marked), ErrorKind::Unsupported, &parts);
    }
    let unread = "optimizer=keras.optimizers.SGD(learning_rat=0.1)";
    fails(&script(unread), (3, unread), ErrorKind::Value, &["learning_rat"]);
    let old = "optimizer=keras.optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)";
    assert!(run(&script(old)).is_ok());
}

#[test]
fn a_layer_that_only_keras_has_is_no_slip_of_the_pen() {
    let says = "Embedding is a Keras layer that dichroic doesn't have";
    let lists = "`dichroic layers` lists those it has";
    for (text, line, marked) in [
        ("from keras.layers import Embedding, Dense\nx = Embedding(8)", 2, "Embedding(8)"),
        ("from tensorflow.keras import layers\nx = layers.Embedding(8)", 2, "layers.Embedding(8)"),
    ] {
        fails(text, (line, marked), ErrorKind::Unsupported, &[says, lists]);
    }
    for text in ["x = Embedding(8)", "from keras.layers import *\nx = Embedding(8)"] {
        let line = text.lines().count();
        fails(text, (line, "Embedding"), ErrorKind::Name, &[says, lists]);
    }
    for layer in ["RandomCrop", "ConvLSTM2D", "Lambda", "MultiHeadAttention"] {
        let call = format!("keras.layers.{layer}(1)");
        let says = format!("{layer} is a Keras layer");
        fails(&format!("import keras\n{call}"), (2, &call), ErrorKind::Unsupported, &[&says]);
    }
    let inline =
        Script::inline("Embedding(8)", &Options::default()).expect_err("there is no such layer");
    assert!(inline.to_string().contains(says), "{inline}");
    fails("x = Dense(8)", (1, "Dense"), ErrorKind::Name, &["`from keras.layers import Dense`"]);
    assert!(
        run(
            "from keras.layers import Dense, Embedding\nassert not isinstance(Dense(1), Embedding)"
        )
        .is_ok()
    );
}

#[test]
fn everything_imported_from_layers_brings_the_merges_that_are_functions() {
    let text = "from tensorflow.keras.layers import *\nfrom keras import Model\na = Input((4, 4, 3))\nb = Input((4, 4, 3))\nc = concatenate([add([a, b]), subtract([a, b]), multiply([a, b]), average([a, b]), maximum([a, b]), minimum([a, b])])\nm = Model([a, b], c)\nassert m.output_shape == (None, 4, 4, 18)";
    if let Err(error) = run(text) {
        panic!("{error}");
    }
}

#[test]
fn pictures_and_callbacks_after_the_model_change_nothing() {
    let text = "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint\nfrom keras.utils import plot_model\nm = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\nassert keras.utils.plot_model(m, 'model.png', show_shapes=True) is None\nplot_model(m, to_file='model.png')\ncallbacks = [EarlyStopping(patience=3), ModelCheckpoint('best.keras'), tf.keras.callbacks.TensorBoard(log_dir='logs')]\nassert isinstance(callbacks[0], EarlyStopping)";
    if let Err(error) = run(text) {
        panic!("{error}");
    }
}

#[test]
fn activation_functions_on_tensors_are_named_like_the_operations_of_keras() {
    let text = "import keras\nx = keras.Input((4,))\na = keras.activations\ny = a.softmax(a.exponential(a.swish(a.silu(a.relu(a.linear(a.relu(x)))))))\nm = keras.Model(x, y)\nprint([layer.name for layer in m.layers])\nprint([type(layer).__name__ for layer in m.layers])";
    let mut printed = Vec::new();
    if let Err(error) = Script::run(text, "model.py", &Options::default(), &mut printed) {
        panic!("{error}");
    }
    assert_eq!(
        String::from_utf8(printed).expect("scripts print text"),
        "['input_layer', 're_lu', 're_lu_1', 'silu', 'silu_1', 'exp', 'softmax']\n['InputLayer', 'ReLU', 'ReLU', 'Activation', 'Activation', 'Activation', 'Softmax']\n"
    );
}

#[test]
fn applications_come_without_their_weights() {
    let outcome = run("from tensorflow.keras.applications import VGG16\nfrom keras.applications.resnet50 import ResNet50\nimport keras\nmodel = VGG16(weights=None, include_top=False, input_shape=(64, 64, 3))").expect("the script is right");
    assert_eq!(outcome.model(None).expect("a model was made").count_params(), 14_714_688);
    let weights = "import keras\nkeras.applications.VGG16(weights='imagenet')";
    fails(weights, (2, "weights='imagenet'"), ErrorKind::Unsupported, &["pass weights=None"]);
    let other = "from keras.applications import ConvNeXtTiny\nConvNeXtTiny(weights=None)";
    fails(other, (2, "ConvNeXtTiny(weights=None)"), ErrorKind::Unsupported, &["VGG16"]);
}

#[test]
fn a_subclassed_model_is_an_error_that_says_what_to_do() {
    fails(
        "import keras\nclass Net(keras.Model):\n    def call(self, x):\n        return x",
        (2, "class Net(keras.Model"),
        ErrorKind::Unsupported,
        &["`Net` is a subclassed model", "Model(inputs, outputs)"],
    );
    fails(
        "from keras import layers\nclass Block(layers.Layer):\n    pass",
        (2, "class Block(layers.Layer"),
        ErrorKind::Unsupported,
        &["write it as a function"],
    );
}

#[test]
fn files_and_the_system_cannot_be_reached() {
    fails(
        "open('/etc/passwd')",
        (1, "open"),
        ErrorKind::Unsupported,
        &["reads and writes no file"],
    );
    fails("import os\nos.listdir('.')", (2, "listdir"), ErrorKind::Unsupported, &["`os.listdir`"]);
    fails("import subprocess\nsubprocess.run('ls')", (2, "run"), ErrorKind::Unsupported, &[]);
    fails(
        "import numpy as np\nnp.random.rand(3)",
        (2, "random"),
        ErrorKind::Unsupported,
        &["numpy"],
    );
    fails("eval('1')", (1, "eval"), ErrorKind::Unsupported, &[]);
    fails("x = ().__class__.__bases__", (1, "__bases__"), ErrorKind::Attribute, &[]);
}

#[test]
fn a_syntax_error_is_marked() {
    fails("model = Sequential([\n", (2, ""), ErrorKind::Syntax, &[]);
    fails("x = = 3", (1, "="), ErrorKind::Syntax, &[]);
    fails("def f(:\n  pass", (1, ":"), ErrorKind::Syntax, &[]);
}

#[test]
fn scripts_that_would_not_end_or_fit_are_stopped() {
    let start = "import keras\nfrom keras import layers\n";
    for runaway in [
        "while True:\n    pass",
        "def f():\n    f()\nf()",
        "m = keras.Sequential()\nwhile True:\n    m.add(layers.Flatten())",
        "x = keras.Input((4,))\nwhile True:\n    x = layers.ReLU()(x)",
        "while True:\n    keras.Sequential([layers.Input((4,)), layers.Dense(9)])",
        "m = keras.Sequential([layers.Input((4,)), layers.Dense(9)])\nwhile True:\n    m.summary(print_fn=lambda s: None)",
        "m = keras.Sequential([layers.Input((4,)), layers.Dense(9)])\nfor i in range(70):\n    m = keras.Sequential([m, m])\n    m.summary(expand_nested=True, print_fn=lambda s: None)",
        "layers.Conv2D(8, [3] * 10 ** 9)",
        "layers.Dense(4, name='x' * 10 ** 10)",
        "x = [1]\nfor i in range(50):\n    x = [x, x]\nlayers.Reshape(x)",
    ] {
        let error = run(&format!("{start}{runaway}")).expect_err(runaway);
        assert!(matches!(error.kind(), ErrorKind::Limit | ErrorKind::Layer), "{runaway}\n{error}");
    }
}

#[test]
fn sizes_beyond_memory_are_refused_and_not_taken() {
    let script = |layer: &str| {
        format!(
            "from keras import *\nm = Sequential([Input((9, 9, 3)), layers.Flatten(), {layer}])\nprint(m.count_params())"
        )
    };
    for layer in ["layers.Dense(10 ** 18)", "layers.Dense(2 ** 62)"] {
        assert_eq!(run(&script(layer)).expect_err(layer).kind(), ErrorKind::Layer, "{layer}");
    }
}

#[test]
fn an_outcome_says_which_models_it_has() {
    let outcome = run("from keras import Sequential, layers\na = Sequential([layers.Input((2,)), layers.Dense(1)], name='first')\nb = Sequential([layers.Input((2,)), layers.Dense(3)])").expect("the script is right");
    let count = |name| outcome.model(name).map(|model| model.count_params());
    assert_eq!(count(Some("a")), Ok(3));
    assert_eq!(count(Some("first")), Ok(3));
    assert_eq!(count(None), Ok(9));
    let missing = OutcomeError::NoSuchModel { name: "c".into(), known: "a, b".into() };
    assert_eq!(count(Some("c")), Err(missing));
    let empty = run("print(1)").expect("the script is right");
    assert!(matches!(empty.model(None), Err(OutcomeError::NoModel)));
}

#[test]
fn inline_expressions_make_models() {
    let with_input =
        Options { input_shape: Some(dichroic::Shape::batched(&[9, 9, 5])), ..Options::default() };
    let count = |text: &str, options: &Options| {
        Script::inline(text, options).map(|outcome| {
            outcome.model(None).expect("an inline expression makes a model").count_params()
        })
    };
    for (text, expected) in [
        ("Conv2D(56, 4)", 4_536),
        ("layers.Conv2D(56, 4)", 4_536),
        ("[Conv2D(8, 3), Flatten(), Dense(10)]", 368 + 3_930),
        ("Sequential([Conv2D(8,3), Flatten(), Dense(10)])", 368 + 3_930),
        ("keras.Sequential([Conv2D(2 ** i, 3) for i in range(2)])", 46 + 20),
        ("Dense(3)(Flatten()(Input((2, 2, 2))))", 27),
        ("add([(i := Input((4, 4, 3))), Conv2D(3, 1)(i)])", 12),
        ("SharedConv2D(8, 3)", 8 * 9 + 8),
    ] {
        match count(text, &with_input) {
            Ok(counted) => assert_eq!(counted, expected, "{text}"),
            Err(error) => panic!("{text}\n{error}"),
        }
    }
    let alone = Options::default();
    assert!(matches!(count("Sequential([Input((4, 4, 1)), Conv2D(1, 1)])", &alone), Ok(2)));
    let missing = count("Conv2D(56, 4)", &alone).expect_err("there is no input");
    assert!(missing.to_string().contains("pass --input"), "{missing}");
    let wrong = count("3 + 4", &alone).expect_err("that is no model");
    assert!(wrong.to_string().contains("got int"), "{wrong}");
    let unknown = count("Cnv2D(8, 3)", &alone).expect_err("there is no such layer");
    assert!(unknown.to_string().contains("did you mean `Conv2D`?"), "{unknown}");
}

#[test]
fn what_compile_was_told_stays_with_the_model() {
    let outcome = run("import keras\nfrom keras import layers\nkeras.utils.set_random_seed(7)\nmodel = keras.Sequential([layers.Input((2,)), layers.Dense(1)])\nmodel.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss='mse', metrics=['mae', keras.metrics.MeanSquaredError()])").expect("the script is right");
    assert_eq!(outcome.seed, Some(7));
    let model = outcome.into_model(None).expect("the script makes a model");
    let compiled = model.compile_config().expect("the model is compiled");
    assert_eq!(compiled["optimizer"]["class_name"], "SGD");
    assert_eq!(compiled["optimizer"]["config"]["learning_rate"], 0.1);
    assert_eq!(compiled["optimizer"]["config"]["momentum"], 0.9);
    assert_eq!(compiled["loss"], "mse");
    assert_eq!(compiled["metrics"][0], "mae");
    assert_eq!(compiled["metrics"][1]["class_name"], "MeanSquaredError");
}

#[test]
fn the_old_style_counts_layers_from_one() {
    let options = Options { summary_style: dichroic::explain::Style::Keras2, ..Options::default() };
    let text = "from keras import Sequential, layers\nmodel = Sequential([layers.Conv2D(2, 3, input_shape=(8, 8, 1))])\nprint(model.layers[0].name)\nprint(model.summary())";
    let mut printed = Vec::new();
    Script::run(text, "old.py", &options, &mut printed).expect("the script is right");
    let printed = String::from_utf8(printed).expect("scripts print text");
    assert!(printed.starts_with("conv2d_1\n"), "{printed}");
    assert!(
        printed.contains("conv2d_1 (Conv2D)            (None, 6, 6, 2)           20"),
        "{printed}"
    );
    assert!(printed.ends_with("None\n"), "{printed}");
}
