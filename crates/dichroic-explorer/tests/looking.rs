//! What the page shows of a model is what the library says.

mod support;

use dichroic::explain::{FilterMatrix, LayerExplanation, Trace, TraceRequest};
use serde_json::{Value, json};
use support::{Page, seed_model};

#[test]
fn the_seed_has_2400_weights_in_its_first_layer_and_10104_in_all() {
    let page = Page::of(seed_model());
    let session = page.get("/session").json();
    assert_eq!(session["default_model"], "main");
    assert_eq!(session["models"][0]["parameters"], 10_104);
    assert_eq!(page.get("/models/main").json()["parameters"], 10_104);
    let layer = page.get("/models/main/layer?layer=conv2d").json();
    assert_eq!((&layer["weights"], &layer["parameters"]), (&json!(2_400), &json!(2_400)));
    assert_eq!(layer["formula"], "32 filters × 3 channels × 5×5 = 2,400");
    let explained = LayerExplanation::of(&seed_model(), "conv2d").unwrap();
    assert_eq!(layer, serde_json::to_value(explained).unwrap());
}

#[test]
fn the_filters_are_the_librarys_and_the_weights_the_models_own() {
    let page = Page::of(seed_model());
    let mut model = seed_model();
    model.build(0).unwrap();
    let matrix = page.get("/models/main/filters?layer=conv2d_1").json();
    let known = FilterMatrix::of(&model, "conv2d_1", None).unwrap();
    let known = serde_json::to_string(&known.statistics).unwrap();
    assert_eq!(matrix["statistics"], serde_json::from_str::<Value>(&known).unwrap());
    let (shape, values) = page.get("/models/main/kernels?layer=conv2d").tensor();
    assert_eq!(shape, [32, 3, 5, 5]);
    let kernel = model.weight("conv2d", "kernel").unwrap();
    // Filter 4, channel 2, row 1, column 3 in both orders of axes.
    let ours = values[((4 * 3 + 2) * 5 + 1) * 5 + 3];
    assert_eq!(ours, kernel.data()[((5 + 3) * 3 + 2) * 32 + 4]);
}

#[test]
fn a_trace_is_that_of_the_library_on_the_same_input() {
    let page = Page::of(seed_model());
    let shown =
        page.get("/models/main/trace?layer=conv2d_2&filter=5&at=0,27&input=photo-cat").json();
    let record = page.workspace.models.get("main").unwrap();
    let (model, _) = record.built().unwrap();
    let inputs = page.workspace.tensors(&record, "photo-cat").unwrap();
    let request = TraceRequest { layer: "conv2d_2".to_owned(), filter: 5, at: vec![0, 27] };
    let trace = Trace::of(&model, &request, &inputs).unwrap();
    assert_eq!(shown, serde_json::to_value(&trace).unwrap());
    let (shape, map) =
        page.get("/models/main/values?layer=conv2d_2&input=photo-cat&of=output&channel=5").tensor();
    assert_eq!(shape, [28, 28]);
    assert!((f64::from(map[27]) - trace.value).abs() <= trace.tolerance);
}

#[test]
fn what_a_layer_sees_is_what_the_one_before_it_gives() {
    let page = Page::of(seed_model());
    let given = page.get("/models/main/values?layer=conv2d&input=made-up").tensor();
    let seen = page.get("/models/main/values?layer=conv2d_1&input=made-up&of=input").tensor();
    assert_eq!(given.0, [28, 28, 32]);
    assert_eq!(given, seen);
}

#[test]
fn switching_the_sharing_leaves_800_weights() {
    let page = Page::of(seed_model());
    let request = json!({ "layer": "conv2d", "input": "photo-cat", "changes": { "sharing": "across_input_channels" } });
    let variant = page.post("/models/main/variants", &request).json();
    assert_eq!(variant["model"]["parameters"], 800);
    assert_eq!(variant["own_weights"], false);
    let again = page.post("/models/main/variants", &request).json();
    assert_eq!(again["model"]["id"], variant["model"]["id"]);
    let id = variant["model"]["id"].as_str().unwrap();
    let input = variant["input"]["id"].as_str().unwrap();
    assert_eq!(variant["model"]["default_input"], input);
    let (shape, _) = page.get(&format!("/models/{id}/values?layer=conv2d&input={input}")).tensor();
    assert_eq!(shape, [28, 28, 32]);
    let refused = page.get(&format!("/models/main/values?layer=conv2d&input={input}")).problem();
    assert!(refused.1.contains("belongs to model"), "{refused:?}");
}

#[test]
fn a_variant_with_another_stride_keeps_the_weights() {
    let page = Page::of(seed_model());
    let changed = |changes: Value| {
        let request = json!({ "layer": "conv2d_1", "input": "photo-cat", "changes": changes });
        page.post("/models/main/variants", &request).json()
    };
    let strided = changed(json!({ "strides": [2, 2], "padding": "valid" }));
    assert_eq!(strided["own_weights"], true);
    assert_eq!(strided["model"]["output_shapes"], json!([[13, 13, 17]]));
    let id = strided["model"]["id"].as_str().unwrap();
    let kernels = |id: &str| page.get(&format!("/models/{id}/kernels?layer=conv2d_1")).tensor();
    assert_eq!(kernels(id), kernels("main"));
    assert_eq!(changed(json!({ "kernel_size": [5, 5] }))["own_weights"], false);
    assert_eq!(changed(json!({ "sharing": "depthwise" }))["model"]["parameters"], 32 * 9);
    assert_eq!(changed(json!({ "sharing": "separable" }))["model"]["parameters"], 32 * 9 + 32 * 17);
    assert_eq!(changed(json!({ "filters": 16, "groups": 4 }))["model"]["parameters"], 16 * 8 * 9);
    let biased = changed(json!({ "use_bias": true }));
    assert_eq!(
        (&biased["own_weights"], &biased["model"]["parameters"]),
        (&json!(true), &json!(17 * 32 * 9 + 17))
    );
}

#[test]
fn changes_that_cannot_be_are_refused_in_words() {
    let page = Page::of(seed_model());
    for (changes, word) in [
        (json!({ "filters": 0 }), "filters"),
        (json!({ "strides": [2, 2], "dilation_rate": [2, 2] }), "strides"),
        (json!({ "kernel_size": [99, 99], "padding": "valid" }), "kernel"),
        (json!({ "groups": 7 }), "groups"),
        (json!({ "kernel_size": [1, 2, 3] }), "kernel_size"),
        (json!({ "filters": u64::MAX }), ""),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let request = json!({ "layer": "conv2d", "input": "photo-cat", "changes": changes });
        let (kind, message) = page.post("/models/main/variants", &request).problem();
        assert!(kind == "model" || kind == "bad_request", "{kind}: {message}");
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn the_what_if_of_the_first_layer_counts_800_with_one_kernel_a_filter() {
    let page = Page::of(seed_model());
    let what_if = page.get("/models/main/what-if?layer=conv2d").json();
    let counts: Vec<i64> = what_if["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["params"].as_i64().unwrap())
        .collect();
    assert!(counts.contains(&2_400) && counts.contains(&800), "{counts:?}");
}

#[test]
fn the_model_is_described_with_its_layers_and_their_connections() {
    let page = Page::of(seed_model());
    let model = page.get("/models/main").json();
    let nodes = model["nodes"].as_array().unwrap();
    let layers: Vec<&str> = nodes.iter().map(|node| node["layer"].as_str().unwrap()).collect();
    assert_eq!(layers, ["input_layer", "conv2d", "conv2d_1", "conv2d_2", "conv2d_3"]);
    assert_eq!(nodes[1]["convolution"]["channels_per_filter"], 3);
    assert_eq!(model["edges"].as_array().unwrap().len(), 4);
    assert_eq!(model["totals"]["parameters"], 10_104);
}

#[test]
fn the_feature_maps_are_those_of_one_run() {
    let page = Page::of(seed_model());
    let maps = page.get("/models/main/feature-maps?input=photo-rocket").json();
    let layers = maps["layers"].as_array().unwrap();
    let last = &layers[layers.len() - 1];
    assert_eq!((&last["layer"], &last["shape"]), (&json!("conv2d_3"), &json!([28, 28, 7])));
    assert_eq!(last["made_by"], "conv2d_3");
    let (_, values) = page.get("/models/main/values?layer=conv2d_3&input=photo-rocket").tensor();
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    assert_eq!(last["maximum"].as_f64().unwrap() as f32, largest);
}
