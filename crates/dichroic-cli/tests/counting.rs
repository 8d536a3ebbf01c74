//! summary, explain, what-if, plan, run, layers and data: what they print and what their JSON holds.

mod support;

use serde_json::json;
use support::{Place, keys};

const SUMMARY_KEYS: [&str; 5] =
    ["name", "total_params", "trainable_params", "non_trainable_params", "layers"];
const LAYER_KEYS: [&str; 9] = [
    "name",
    "type",
    "input_shape",
    "output_shape",
    "params",
    "formula",
    "macs",
    "activation_bytes",
    "receptive_field",
];
const EXPLAIN_KEYS: [&str; 12] = [
    "layer",
    "type",
    "input_shape",
    "output_shape",
    "filters",
    "kernels",
    "weights_per_kernel",
    "weights_per_filter",
    "weights",
    "biases",
    "parameters",
    "formula",
];

fn seed() -> Place {
    let place = Place::new(&format!("seed-{:?}", std::thread::current().id()));
    place.model("keras_seed.py");
    place
}

#[test]
fn the_seed_script_prints_what_old_keras_printed_byte_for_byte() {
    let expected = include_str!("models/keras_seed.keras2.txt");
    let place = seed();
    assert_eq!(place.good(&["summary", "keras_seed.py", "--style", "keras2"]), expected);
    let printed = place.good(&["run", "keras_seed.py", "--summary-style", "keras2"]);
    assert_eq!(printed, format!("{expected}None\n"));
}

#[test]
fn the_summary_of_current_keras_is_in_boxes() {
    let text = seed().good(&["summary", "keras_seed.py"]);
    assert!(text.starts_with("Model: \"sequential\"\n┏━"), "{text}");
    assert!(
        text.contains(
            "│ conv2d (Conv2D)                 │ (None, 28, 28, 32)     │         2,400 │"
        ),
        "{text}"
    );
    assert!(text.contains(" Total params: 10,104 (39.47 KB)\n"), "{text}");
}

#[test]
fn formulas_stand_beside_their_counts() {
    let text = seed().good(&["summary", "keras_seed.py", "--formulas"]);
    assert!(text.contains("32 filters × 3 channels × 5×5 = 2,400"), "{text}");
}

#[test]
fn the_summary_as_json_has_the_promised_keys() {
    let place = seed();
    let summary = place.json(&["summary", "keras_seed.py", "--json"]);
    for key in SUMMARY_KEYS {
        assert!(keys(&summary).contains(&key), "{key} in {:?}", keys(&summary));
    }
    let first = &summary["layers"][0];
    for key in LAYER_KEYS {
        assert!(keys(first).contains(&key), "{key} in {:?}", keys(first));
    }
    assert_eq!(summary["total_params"], 10_104);
    assert_eq!(first["params"], 2_400);
    assert_eq!(first["output_shape"], json!([null, 28, 28, 32]));
    assert_eq!(first["macs"], 28 * 28 * 2_400);
}

#[test]
fn columns_are_added_on_request() {
    let place = seed();
    let columns = "flops,memory,receptive_field,output_stride";
    let text = place.good(&["summary", "keras_seed.py", "--columns", columns]);
    assert!(text.contains("5×5") && text.contains("3,763,200"), "{text}");
    let error = place.bad(2, &["summary", "keras_seed.py", "--columns", "colour"]);
    assert!(error.contains("receptive_field"), "{error}");
}

#[test]
fn explaining_the_example_gives_its_numbers() {
    let place = Place::new("explain-example");
    let layer = place.json(&["explain", "--input", "9,9,5", "Conv2D(56, 4)", "--json"]);
    for key in EXPLAIN_KEYS {
        assert!(keys(&layer).contains(&key), "{key} in {:?}", keys(&layer));
    }
    let numbers = [
        ("filters", 56),
        ("kernels", 280),
        ("weights_per_kernel", 16),
        ("weights_per_filter", 80),
        ("weights", 4_480),
        ("biases", 56),
        ("parameters", 4_536),
    ];
    for (key, number) in numbers {
        assert_eq!(layer[key], number, "{key}");
    }
    assert_eq!(layer["output_shape"], json!([null, 6, 6, 56]));
    let text = place.good(&["explain", "--input", "9,9,5", "Conv2D(56, 4)"]);
    for number in ["56", "16", "80", "4,480", "4,536"] {
        assert!(text.contains(number), "{number} in {text}");
    }
}

#[test]
fn explaining_a_model_lists_its_layers() {
    let place = seed();
    let all = place.json(&["explain", "keras_seed.py", "--json"]);
    assert_eq!(all["layers"].as_array().unwrap().len(), 4);
    let one = place.json(&["explain", "keras_seed.py", "--layer", "conv2d_1", "--json"]);
    assert_eq!((&one["layer"], &one["filters"]), (&json!("conv2d_1"), &json!(17)));
}

#[test]
fn a_layer_inside_a_nested_model_is_found_by_its_name_and_by_its_path() {
    let place = Place::new("nested");
    place.keras_file("nested.keras");
    for name in ["inner_conv", "block/inner_conv"] {
        let layer = place.json(&["explain", "nested.keras", "--layer", name, "--json"]);
        assert_eq!(layer["type"], json!("Conv2D"), "{name}");
        let trace = ["explain", "nested.keras", "--layer", name, "--filter", "1", "--at", "2,2"];
        assert!(place.good(&trace).contains("they agree"), "{name}");
        place.good(&["what-if", "nested.keras", "--layer", name]);
    }
}

#[test]
fn a_trace_ends_with_the_value_of_the_executor() {
    let place = seed();
    let arguments =
        ["explain", "keras_seed.py", "--layer", "conv2d", "--filter", "3", "--at", "0,5"];
    let text = place.good(&arguments);
    assert!(text.contains("executor"), "{text}");
    let mut with_json = arguments.to_vec();
    with_json.push("--json");
    let trace = &place.json(&with_json)["trace"];
    assert!(trace.is_object(), "{trace}");
}

#[test]
fn what_if_compares_every_sharing_of_the_first_layer() {
    let place = seed();
    let text = place.good(&["what-if", "keras_seed.py", "--layer", "conv2d"]);
    assert!(text.contains("2,400") && text.contains("800"), "{text}");
    let report = place.json(&["what-if", "keras_seed.py", "--layer", "conv2d", "--json"]);
    let counts: Vec<u64> = report["variants"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|variant| variant["params"].as_u64())
        .collect();
    assert!(counts.contains(&2_400) && counts.contains(&800), "{counts:?}");
}

#[test]
fn what_if_draws_a_chart() {
    let place = seed();
    for name in ["chart.svg", "chart.png"] {
        place.good(&["what-if", "keras_seed.py", "--layer", "conv2d", "--plot", name]);
        assert!(std::fs::metadata(place.path(name)).unwrap().len() > 500);
    }
    place.bad(2, &["what-if", "keras_seed.py", "--layer", "conv2d", "--plot", "chart.gif"]);
}

#[test]
fn the_plan_shows_an_algorithm_for_every_convolution() {
    let place = seed();
    let plan = place.json(&["plan", "keras_seed.py", "--json"]);
    let steps = plan["steps"].as_array().unwrap();
    let convolutions: Vec<_> =
        steps.iter().filter(|step| step["macs"].as_u64() > Some(0)).collect();
    assert_eq!(convolutions.len(), 4);
    assert!(convolutions.iter().all(|step| !step["algorithm"].as_str().unwrap().is_empty()));
    assert!(plan["memory"]["arena"].as_u64() > Some(0));
    assert!(place.good(&["plan", "keras_seed.py", "--batch-size", "4"]).contains("4 items"));
}

#[test]
fn a_timed_plan_says_what_each_step_takes() {
    let place = seed();
    let plan = place.json(&["plan", "keras_seed.py", "--time", "--json"]);
    let (steps, times) = (plan["steps"].as_array().unwrap(), &plan["times"]);
    assert!(steps.iter().all(|step| step["ms"].as_f64() >= Some(0.0)), "{plan}");
    assert!(times["run_ms"].as_f64() > Some(0.0) && times["runs"].as_u64() >= Some(5), "{times}");
    let text = place.good(&["plan", "keras_seed.py", "--time"]);
    assert!(text.contains("between steps"), "{text}");
}

#[test]
fn a_script_with_several_models_is_asked_by_name() {
    let place = Place::new("several");
    place.write(
        "two.py",
        "from keras import Sequential, Input, layers\n\
         small = Sequential([Input((4,)), layers.Dense(1)])\n\
         large = Sequential([Input((4,)), layers.Dense(10)])\n",
    );
    let params = |model: &str| place.json(&["summary", model, "--json"])["total_params"].clone();
    assert_eq!(params("two.py"), 50);
    assert_eq!(params("two.py:small"), 5);
    let error = place.bad(2, &["summary", "two.py:medium"]);
    assert!(error.contains("medium"), "{error}");
}

#[test]
fn a_file_of_keras_is_known_by_its_content() {
    let place = Place::new("content");
    place.write("model.bin", std::fs::read(place.keras_file("seed.keras")).unwrap());
    assert_eq!(place.json(&["summary", "model.bin", "--json"])["total_params"], 10_104);
}

#[test]
fn layers_and_data_are_listed() {
    let place = Place::new("lists");
    let layers = place.json(&["layers", "--json"]);
    let names: Vec<&str> = layers["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["class_name"].as_str().unwrap())
        .collect();
    for name in ["Conv2D", "SharedConv2D", "BatchNormalization", "Concatenate"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(place.good(&["layers", "Conv2D"]).starts_with("Conv2D(filters, kernel_size, strides="));
    assert!(place.good(&["layers", "Conv1D"]).contains("strides=1,"));
    assert!(place.good(&["layers", "InputLayer"]).contains("batch_shape,"));
    let text = place.good(&["data"]);
    assert!(text.contains("photos") && text.contains("fashion"), "{text}");
    assert!(place.json(&["data", "--json"])["data_sets"].as_array().unwrap().len() >= 3);
}

#[test]
fn known_networks_are_counted_as_keras_counts_them() {
    let place = Place::new("applications");
    let text = place.good(&["summary", "app:ResNet50"]);
    assert!(text.starts_with("Model: \"resnet50\"\n"), "{text}");
    assert!(text.contains("conv2_block1_1_conv"), "{text}");
    assert!(text.contains("Total params: 25,636,712"), "{text}");
    let text = place.good(&["summary", "app:MobileNetV2", "--input", "96,96,1"]);
    assert!(text.contains("(None, 96, 96, 1)"), "{text}");
}

#[test]
fn sizes_may_stay_open_for_code() {
    let place = Place::new("open-sizes");
    let text = place.good(&["summary", "--input", "None,None,3", "Conv2D(4, 5)"]);
    assert!(text.contains("(None, None, None, 4)") && text.contains("304"), "{text}");
}
