//! Counts and formulas.

use dichroic::model::Model;

use crate::golden;

#[test]
fn parameters_are_counted_as_keras_counts_them() {
    for case in golden::json("summary.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let model = Model::from_config(&golden::json(&format!("summary/{name}.json"))).unwrap();
        assert_eq!(model.is_built(), case["built"].as_bool().unwrap(), "{name}");
        if let Some(count) = case["count_params"].as_u64() {
            assert_eq!(model.count_params(), count, "{name}");
        }
    }
}

#[test]
fn weights_come_in_the_order_of_keras() {
    for file in golden::json("files.json")["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let model = Model::from_config(&golden::config_of(file["file"].as_str().unwrap())).unwrap();
        assert_eq!(model.count_params(), file["params"].as_u64().unwrap(), "{name}");
        let expected =
            file["weights"].as_array().unwrap().iter().map(|path| path.as_str().unwrap());
        // Keras leaves out the names of functional models around a layer.
        for (weight, expected) in model.weights().iter().zip(expected) {
            assert!(weight.path.ends_with(expected), "{name}: {} and {expected}", weight.path);
        }
    }
}
