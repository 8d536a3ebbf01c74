//! Summaries, byte for byte.

use dichroic::explain::{Color, Column, Style, Summary, SummaryOptions};
use dichroic::layers::{Conv2D, Padding};
use dichroic::model::{Input, LayerRef, Model, NamePolicy, Names, Sequential};

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

#[test]
fn the_first_question_gets_the_table_of_its_time() {
    let mut names = Names::new(NamePolicy::Keras2);
    let mut model = Sequential::new().add(Input::new(&[28, 28, 3]));
    for (filters, size) in [(32, 5), (17, 3), (13, 3), (7, 3)] {
        let layer = Conv2D::new(filters, size).padding(Padding::Same).use_bias(false);
        model = model.add(LayerRef::named(names.auto("Conv2D"), layer));
    }
    let summary = Summary::of(&model.finish().unwrap(), None);
    let got = summary.render(Style::Keras2, &SummaryOptions::default()).unwrap();
    assert_eq!(got, include_str!("keras_seed.keras2.txt"));
}

#[test]
fn the_old_form_lists_each_connection_on_a_line_of_its_own() {
    let model = Model::from_config(&golden::json("summary/several.json")).unwrap();
    let got = Summary::of(&model, None).render(Style::Keras2, &SummaryOptions::default()).unwrap();
    let lines: Vec<&str> = got.lines().collect();
    let place = lines.iter().position(|line| line.starts_with("subtract")).unwrap();
    assert!(lines[place].trim_end().ends_with("0           tower[0][0]"), "{got}");
    assert_eq!(lines[place + 1].trim(), "tower[1][0]");
    assert!(lines.iter().all(|line| line.chars().count() <= 98), "{got}");
}

#[test]
fn json_has_the_keys_that_tools_read() {
    let model = Model::from_config(&golden::json("summary/seed.json")).unwrap();
    let json = serde_json::to_value(Summary::of(&model, None)).unwrap();
    for (key, count) in
        [("total_params", 10104), ("trainable_params", 10104), ("non_trainable_params", 0)]
    {
        assert_eq!(json[key], count, "{key}");
    }
    let layer = &json["layers"][0];
    assert_eq!(layer["type"], "Conv2D");
    assert_eq!(layer["input_shape"], serde_json::json!([null, 28, 28, 3]));
    assert_eq!(layer["formula"], "32 filters × 3 channels × 5×5 = 2,400");
    assert_eq!(layer["macs"], 28 * 28 * 2400);
    assert_eq!(layer["activation_bytes"], 28 * 28 * 32 * 4);
    assert_eq!(layer["receptive_field"], serde_json::json!([5, 5]));
    assert_eq!(json["layers"][3]["receptive_field"], serde_json::json!([11, 11]));
}

#[test]
fn further_columns_and_colours_are_added_on_request() {
    let model = Model::from_config(&golden::json("summary/seed.json")).unwrap();
    let summary = Summary::of(&model, None);
    let columns = vec![Column::Formula, Column::ReceptiveField];
    let options = SummaryOptions { columns, ..SummaryOptions::default() };
    let got = summary.render(Style::Keras3, &options).unwrap();
    assert!(got.contains("│ 32 filters × 3 channels × 5×5 = 2,400  │             5×5 │"), "{got}");
    let options = SummaryOptions { color: Color::Ansi, ..SummaryOptions::default() };
    assert!(
        summary.render(Style::Keras3, &options).unwrap().contains("(\x1b[38;5;33mConv2D\x1b[0m)")
    );
    let options = SummaryOptions { line_length: Some(9), ..SummaryOptions::default() };
    assert!(
        summary
            .render(Style::Keras3, &options)
            .unwrap_err()
            .to_string()
            .contains("larger line_length")
    );
}
