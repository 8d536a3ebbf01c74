//! Old configurations become layers of today, or are refused by name.

use serde_json::{Value, json};

use crate::model::{Model, ModelError};

/// A chain of one layer on an input, as Keras 1 writes it: the bare list of its layers.
fn chain(class_name: &str, config: Value) -> Result<Model, ModelError> {
    let mut config = config;
    config["name"] = "layer_1".into();
    if config.get("batch_input_shape").is_none() {
        config["batch_input_shape"] = json!([null, 8, 8, 3]);
    }
    Model::from_config(&json!({
        "class_name": "Sequential",
        "config": [{"class_name": class_name, "config": config}],
    }))
}

fn written(class_name: &str, config: Value) -> (String, Value) {
    let model = chain(class_name, config).unwrap();
    let config = model.to_config();
    let layer = &config["config"]["layers"][1];
    (layer["class_name"].as_str().unwrap().to_owned(), layer["config"].clone())
}

fn refusal(class_name: &str, config: Value) -> String {
    chain(class_name, config).unwrap_err().to_string()
}

fn convolution(extra: Value) -> Value {
    let mut config = json!({
        "nb_filter": 4, "nb_row": 3, "nb_col": 5, "init": "glorot_uniform", "activation": "relu",
        "border_mode": "same", "subsample": [2, 1], "dim_ordering": "tf", "input_dtype": "float32",
        "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.01}, "b_regularizer": null,
        "activity_regularizer": null, "W_constraint": null, "b_constraint": null, "bias": false,
    });
    for (name, value) in extra.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

#[test]
fn a_convolution_of_keras_1_has_todays_names() {
    let (class_name, config) = written("Convolution2D", convolution(json!({})));
    assert_eq!(class_name, "Conv2D");
    assert_eq!(config["filters"], 4);
    assert_eq!(config["kernel_size"], json!([3, 5]));
    assert_eq!(config["strides"], json!([2, 1]));
    assert_eq!(config["padding"], "same");
    assert_eq!(config["use_bias"], false);
    assert_eq!(config["kernel_regularizer"]["config"]["l2"], 0.01);
}

#[test]
fn an_atrous_convolution_is_one_with_dilation() {
    let extra = json!({"atrous_rate": [2, 2], "subsample": [1, 1]});
    let (class_name, config) = written("AtrousConvolution2D", convolution(extra));
    assert_eq!(class_name, "Conv2D");
    assert_eq!(config["dilation_rate"], json!([2, 2]));
}

#[test]
fn a_deconvolution_keeps_its_output_size_or_is_refused() {
    let same = json!({"output_shape": [null, 16, 16, 4], "subsample": [2, 2]});
    assert_eq!(written("Deconvolution2D", convolution(same)).0, "Conv2DTranspose");
    let odd = json!({"output_shape": [null, 15, 16, 4], "subsample": [2, 2]});
    let text = refusal("Deconvolution2D", convolution(odd));
    assert!(text.contains("output_shape \"[null,15,16,4]\""), "{text}");
}

#[test]
fn channels_first_is_refused_with_the_way_out() {
    let text = refusal("Convolution2D", convolution(json!({"dim_ordering": "th"})));
    assert!(text.contains("dim_ordering \"th\"") && text.contains("weights alone"), "{text}");
}

#[test]
fn other_layers_of_keras_1_have_todays_arguments() {
    let flat = json!([null, 8, 3]);
    let cases = [
        (
            "Dense",
            json!({"output_dim": 7, "init": "uniform", "bias": true, "input_dim": 3}),
            "units",
            json!(7),
        ),
        ("Dropout", json!({"p": 0.3}), "rate", json!(0.3)),
        ("SpatialDropout2D", json!({"p": 0.2, "dim_ordering": "tf"}), "rate", json!(0.2)),
        ("GaussianNoise", json!({"sigma": 0.5}), "stddev", json!(0.5)),
        (
            "MaxPooling2D",
            json!({"pool_size": [2, 2], "strides": [2, 2], "border_mode": "same", "dim_ordering": "tf"}),
            "padding",
            json!("same"),
        ),
        ("ZeroPadding2D", json!({"padding": [1, 2, 3, 4]}), "padding", json!([[1, 2], [3, 4]])),
        (
            "ZeroPadding2D",
            json!({"padding": {"top_pad": 1, "right_pad": 2}}),
            "padding",
            json!([[1, 0], [0, 2]]),
        ),
        (
            "PReLU",
            json!({"init": "zero"}),
            "alpha_initializer",
            json!({"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null}),
        ),
        ("ThresholdedReLU", json!({"theta": 1.5}), "threshold", json!(1.5)),
        (
            "BatchNormalization",
            json!({"mode": 0, "axis": -1, "epsilon": 0.001, "momentum": 0.9, "gamma_regularizer": null, "beta_regularizer": null}),
            "momentum",
            json!(0.9),
        ),
        (
            "Convolution1D",
            json!({"nb_filter": 2, "filter_length": 3, "subsample_length": 2, "border_mode": "valid", "input_dim": 3, "input_length": 8, "batch_input_shape": flat}),
            "strides",
            json!([2]),
        ),
        (
            "MaxPooling1D",
            json!({"pool_length": 2, "stride": 2, "border_mode": "valid", "batch_input_shape": flat}),
            "pool_size",
            json!([2]),
        ),
        ("UpSampling1D", json!({"length": 3, "batch_input_shape": flat}), "size", json!(3)),
    ];
    for (class_name, config, argument, expected) in cases {
        let (_, config) = written(class_name, config);
        assert_eq!(config[argument], expected, "{class_name}");
    }
}

#[test]
fn a_normalisation_of_single_samples_is_refused() {
    let text = refusal("BatchNormalization", json!({"mode": 1}));
    assert!(text.contains("batch normalisation of mode \"1\""), "{text}");
}

fn merged(config: Value) -> Result<Model, ModelError> {
    let mut config = config;
    config["name"] = "merge_1".into();
    let input = |name: &str| {
        json!({"class_name": "InputLayer", "name": name, "inbound_nodes": [],
            "config": {"batch_input_shape": [null, 4, 4, 2], "input_dtype": "float32", "sparse": false, "name": name}})
    };
    Model::from_config(&json!({"class_name": "Model", "config": {
        "name": "model_1",
        "layers": [input("input_1"), input("input_2"), {"class_name": "Merge", "name": "merge_1", "config": config,
            "inbound_nodes": [[["input_1", 0, 0], ["input_2", 0, 0]]]}],
        "input_layers": [["input_1", 0, 0], ["input_2", 0, 0]],
        "output_layers": [["merge_1", 0, 0]],
    }}))
}

#[test]
fn a_merge_becomes_the_layer_of_its_mode() {
    let raw = json!({"mode": "concat", "mode_type": "raw", "concat_axis": 1, "dot_axes": -1, "output_shape": null,
        "output_shape_type": "raw", "output_mask": null, "output_mask_type": "raw", "arguments": {}});
    let model = merged(raw).unwrap();
    let merge = model.get_layer("merge_1").unwrap();
    assert_eq!(merge.class_name(), "Concatenate");
    assert_eq!(model.outputs()[0].shape().to_string(), "(None, 8, 4, 2)");
    assert_eq!(merged(json!({"mode": "sum"})).unwrap().all_layers()[2].class_name(), "Add");
}

#[test]
fn a_merge_by_a_function_is_refused_because_it_is_code() {
    let text =
        merged(json!({"mode": ["4wIAAAA=", null, null], "mode_type": "lambda"})).unwrap_err();
    assert!(text.to_string().contains("Merge by a function"), "{text}");
    let text = merged(json!({"mode": "cos", "mode_type": "raw"})).unwrap_err().to_string();
    assert!(text.contains("merge mode \"cos\""), "{text}");
}

#[test]
fn what_keras_2_inherited_is_left_out() {
    let separable = json!({
        "filters": 4, "kernel_size": [3, 3], "groups": 1, "kernel_initializer": "glorot_uniform",
        "kernel_regularizer": null, "kernel_constraint": null,
        "depthwise_initializer": {"class_name": "GlorotUniform", "config": {"seed": null, "dtype": "float32"}},
    });
    assert_eq!(written("SeparableConv2D", separable).1["filters"], 4);
    let transposed =
        json!({"filters": 4, "kernel_size": [3, 3], "groups": 1, "output_padding": null});
    assert_eq!(written("Conv2DTranspose", transposed).0, "Conv2DTranspose");
    let (_, config) = written("BatchNormalization", json!({"axis": [3]}));
    assert_eq!(config["axis"], 3);
    let penalty = json!({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.0}});
    let dense = json!({"units": 2, "activity_regularizer": penalty});
    assert_eq!(written("Dense", dense).1["activity_regularizer"], Value::Null);
    let slope = json!({"alpha": {"type": "ndarray", "value": 0.25}});
    assert_eq!(written("LeakyReLU", slope).1["negative_slope"], 0.25);
    let six = json!({"class_name": "__numpy__", "config": {"value": 6.0, "dtype": "float32"}});
    assert_eq!(written("ReLU", json!({"max_value": six})).1["max_value"], 6.0);
}

#[test]
fn a_hard_sigmoid_of_before_keras_3_is_refused_since_it_was_another_function() {
    let text = refusal("Activation", json!({"activation": "hard_sigmoid"}));
    assert!(text.contains("activation \"hard_sigmoid\"") && text.contains("0.2 x + 0.5"), "{text}");
    let policy =
        json!({"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}});
    let today = json!({"activation": "hard_sigmoid", "dtype": policy});
    assert_eq!(written("Activation", today).1["activation"], "hard_sigmoid");
}

#[test]
fn a_gru_of_keras_2_0_resets_before_the_product() {
    let shape = json!([null, 5, 3]);
    let old = json!({"units": 2, "implementation": 0, "recurrent_activation": "sigmoid", "batch_input_shape": shape});
    assert_eq!(written("GRU", old).1["reset_after"], false);
}

#[test]
fn a_registered_class_of_somebody_else_is_refused() {
    let object = |registered: Value| {
        json!({"class_name": "Sequential", "config": {"name": "s", "layers": [{
            "module": "keras.layers", "class_name": "Flatten", "config": {"name": "f"}, "registered_name": registered,
        }]}})
    };
    assert!(Model::from_config(&object(Value::Null)).is_ok());
    assert!(Model::from_config(&object("Flatten".into())).is_ok());
    let text = Model::from_config(&object("evil>Flatten".into())).unwrap_err().to_string();
    assert!(text.contains("\"evil>Flatten\" is not supported"), "{text}");
}
