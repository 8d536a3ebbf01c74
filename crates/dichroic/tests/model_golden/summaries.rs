//! Summaries, byte for byte.

use dichroic::explain::{Style, Summary, SummaryOptions};
use dichroic::model::Model;

use crate::golden;

/// The values that an optimizer keeps after its first step, as Keras counts them.
fn optimizer_params(case: &str, trainable: u64) -> Option<u64> {
    match case {
        "trained_sgd" => Some(2),
        "trained_momentum" | "trained_rmsprop" => Some(trainable + 2),
        "trained_adam" | "trained_adamw" => Some(2 * trainable + 2),
        _ => None,
    }
}

#[test]
fn summaries_are_those_of_keras() {
    for case in golden::json("summary.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let model = Model::from_config(&golden::json(&format!("summary/{name}.json"))).unwrap();
        let options = SummaryOptions {
            line_length: case["options"]["line_length"].as_u64().map(|length| length as usize),
            expand_nested: case["options"]["expand_nested"].as_bool().unwrap_or(false),
            show_trainable: case["options"]["show_trainable"].as_bool().unwrap_or(false),
            ..SummaryOptions::default()
        };
        let summary = Summary::of(&model, optimizer_params(name, model.count_trainable()));
        let got = summary.render(Style::Keras3, &options).unwrap();
        let expected = golden::text(&format!("summary/{name}.txt"));
        assert_eq!(got, expected, "{name}\n{got}\n{expected}");
    }
}
