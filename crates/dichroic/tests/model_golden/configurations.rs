//! Configurations go in and come out as Keras wrote them.

use dichroic::DtypePolicy;
use dichroic::model::{Model, ModelError, Outline};
use serde_json::{Value, json};

use crate::golden;

const FILES: [&str; 5] = ["seed", "branches", "shared", "trained", "nested"];

/// Numbers that Keras gives to objects it meets again are memory addresses and mean nothing.
fn without_addresses(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.shift_remove("shared_object_id");
            map.values_mut().for_each(without_addresses);
        }
        Value::Array(list) => list.iter_mut().for_each(without_addresses),
        _ => {}
    }
}

fn assert_comes_back(name: &str, mut config: Value) {
    let model = Model::from_config(&config).unwrap_or_else(|error| panic!("{name}: {error}"));
    without_addresses(&mut config);
    let written = serde_json::to_string_pretty(&model.to_config()).unwrap();
    let expected = serde_json::to_string_pretty(&config).unwrap();
    for (number, (got, expected)) in written.lines().zip(expected.lines()).enumerate() {
        assert_eq!(got, expected, "{name}, line {}", number + 1);
    }
    assert_eq!(written.len(), expected.len(), "{name}");
}

#[test]
fn configurations_of_keras_files_come_back_as_they_were() {
    for name in FILES {
        assert_comes_back(name, golden::config_of(&format!("files/{name}.keras")));
    }
}

#[test]
fn configurations_of_all_summaries_come_back_as_they_were() {
    for case in golden::json("summary.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        assert_comes_back(name, golden::json(&format!("summary/{name}.json")));
    }
}

#[test]
fn an_unknown_layer_is_refused_by_name_and_outlined_beside_the_known_ones() {
    let mut config = golden::config_of("files/seed.keras");
    config["config"]["layers"][2]["class_name"] = json!("ConvLSTM2D");
    let error = Model::from_config(&config).unwrap_err();
    assert!(matches!(error, ModelError::Unsupported { .. }));
    assert!(
        error.to_string().starts_with("config.config.layers[2]: layer class \"ConvLSTM2D\""),
        "{error}"
    );
    let outline = Outline::from_config(&config).unwrap();
    assert!(outline.layers[1].layer.is_some());
    assert!(outline.layers[2].layer.is_none() && outline.layers[2].problem.is_some());
}

#[test]
fn an_operation_that_only_shares_its_name_with_a_layer_is_refused() {
    let mut config = golden::config_of("files/branches.keras");
    for layer in config["config"]["layers"].as_array_mut().unwrap() {
        if layer["class_name"] == "Add" {
            layer["module"] = json!("keras.src.ops.numpy");
        }
    }
    let error = Model::from_config(&config).unwrap_err().to_string();
    assert!(error.contains("operation \"numpy.Add\" is not supported"), "{error}");
}

#[test]
fn a_dtype_policy_is_read_and_written_again() {
    let mut config = golden::config_of("files/seed.keras");
    without_addresses(&mut config);
    let policy = json!({"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}, "registered_name": null});
    config["config"]["layers"][1]["config"]["dtype"] = policy.clone();
    // A chain is written with the policy that was global when it was made.
    config["config"]["dtype"] = policy;
    let model = Model::from_config(&config).unwrap();
    assert_eq!(model.all_layers()[1].policy(), DtypePolicy::MixedBfloat16);
    assert_eq!(model.all_layers()[2].policy(), DtypePolicy::Float32);
    assert_eq!(model.to_config()["config"], config["config"]);
}

#[test]
fn half_precision_is_computed_in_single_and_whole_numbers_are_refused_by_name() {
    let mut config = golden::config_of("files/seed.keras");
    let policy = &mut config["config"]["layers"][1]["config"]["dtype"];
    policy["config"]["name"] = json!("mixed_float16");
    let model = Model::from_config(&config).unwrap();
    assert_eq!(model.all_layers()[1].policy(), DtypePolicy::Float32);
    config["config"]["layers"][1]["config"]["dtype"] =
        json!({"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}});
    let error = Model::from_config(&config).unwrap_err().to_string();
    assert!(error.contains("dtype \"QuantizedDTypePolicy\" is not supported"), "{error}");
}

#[test]
fn a_circle_of_layers_is_refused() {
    let tensor = |layer: &str| json!({"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [layer, 0, 0]}}], "kwargs": {}});
    let relu = |name: &str, from: &str| json!({"module": "keras.layers", "class_name": "ReLU", "config": {"name": name}, "name": name, "inbound_nodes": [tensor(from)]});
    let config = json!({"class_name": "Functional", "config": {
        "name": "circle",
        "layers": [relu("a", "b"), relu("b", "a")],
        "input_layers": [["a", 0, 0]], "output_layers": [["b", 0, 0]],
    }});
    let error = Model::from_config(&config).unwrap_err().to_string();
    assert!(error.contains("a circle through layer"), "{error}");
}

#[test]
fn keras_2_is_read() {
    let conv = json!({
        "name": "conv2d_1", "trainable": true, "batch_input_shape": [null, 28, 28, 3], "dtype": "float32",
        "filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "data_format": "channels_last",
        "dilation_rate": [1, 1], "activation": "relu", "use_bias": true,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": null}},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": null, "bias_regularizer": null, "activity_regularizer": null,
        "kernel_constraint": null, "bias_constraint": null,
    });
    let depthwise =
        json!({"name": "depthwise", "kernel_size": [3, 3], "groups": 1, "depth_multiplier": 1});
    let norm = json!({"name": "norm", "axis": [3], "momentum": 0.99, "epsilon": 0.001});
    let layers = json!([
        {"class_name": "Conv2D", "config": conv},
        {"class_name": "DepthwiseConv2D", "config": depthwise},
        {"class_name": "BatchNormalization", "config": norm},
    ]);
    let named =
        json!({"class_name": "Sequential", "config": {"name": "sequential_1", "layers": layers}});
    let bare = json!({"class_name": "Sequential", "config": layers});
    for config in [named, bare] {
        let model = Model::from_config(&config).unwrap();
        assert_eq!(model.count_params(), (27 * 4 + 4) + (9 * 4 + 4) + 16);
        assert_eq!(model.input_names(), ["conv2d_1_input"]);
    }
}

#[test]
fn keras_2_counts_a_call_more_of_a_model_in_a_model() {
    let input = |name: &str| json!({"class_name": "InputLayer", "name": name, "config": {"name": name, "batch_input_shape": [null, 4], "dtype": "float32", "sparse": false}, "inbound_nodes": []});
    let dense = |name: &str, from: Value| json!({"class_name": "Dense", "name": name, "config": {"name": name, "units": 4}, "inbound_nodes": [[from]]});
    let inner = json!({"class_name": "Model", "name": "inner", "config": {
        "name": "inner", "layers": [input("x"), dense("d", json!(["x", 0, 0, {}]))],
        "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]],
    }, "inbound_nodes": [[["outer", 0, 0, {}]]]});
    let config = json!({"class_name": "Model", "config": {
        "name": "model_1",
        "layers": [input("outer"), inner, dense("last", json!(["inner", 1, 0, {}]))],
        "input_layers": [["outer", 0, 0]], "output_layers": [["last", 0, 0]],
    }});
    let model = Model::from_config(&config).unwrap();
    assert_eq!(model.count_params(), 2 * 20);
    assert_eq!(model.weights()[0].path, "inner/d/kernel");
}
