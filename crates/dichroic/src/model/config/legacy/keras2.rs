//! Keras 2: what its layers wrote beside their arguments, and arguments that changed their form.

use serde_json::{Map, Value};

use super::super::super::ModelError;
use super::{Arguments, refused};

/// What initializers wrote of TensorFlow's arguments; none of them changes a value.
const INITIALIZER_EXTRAS: [&str; 3] = ["dtype", "verify_shape", "partition_info"];

/// Takes numbers out of the wrappings in which NumPy values were written, and TensorFlow's arguments out of initializers.
pub(super) fn plain_values(config: &mut Arguments) {
    for (name, value) in config.iter_mut() {
        if value.get("type").is_some_and(|kind| kind == "ndarray") {
            *value = value.get("value").cloned().unwrap_or_default();
        }
        if value.get("class_name").is_some_and(|name| name == "__numpy__") {
            *value = value.pointer("/config/value").cloned().unwrap_or_default();
        }
        if name.ends_with("_initializer")
            && let Some(Value::Object(arguments)) = value.get_mut("config")
        {
            arguments.retain(|name, _| !INITIALIZER_EXTRAS.contains(&name.as_str()));
        }
    }
}

/// Refuses functions whose name means another function today: `hard_sigmoid` was `clip(0.2 · x + 0.5, 0, 1)`, and is
/// `clip(x / 6 + 0.5, 0, 1)`. Keras 3 tells itself apart by the object that it writes for the type.
pub(super) fn check_functions(config: &Arguments, place: &str) -> Result<(), ModelError> {
    let today = config
        .get("dtype")
        .and_then(|policy| policy.get("class_name"))
        .is_some_and(|class_name| class_name == "DTypePolicy");
    for name in ["activation", "recurrent_activation"] {
        if !today && config.get(name).is_some_and(|function| function == "hard_sigmoid") {
            let advice =
                "before Keras 3 it was clip(0.2 x + 0.5, 0, 1), which no layer of Keras 3 is";
            return Err(refused(place, "activation", "hard_sigmoid", advice));
        }
    }
    Ok(())
}

/// Brings a layer of Keras 2, whose class name is today's, into today's form.
pub(super) fn modernize(class_name: &str, config: &mut Arguments) {
    if class_name.contains("Conv") {
        strip_inherited(class_name, config);
    }
    match class_name {
        "BatchNormalization" => {
            if let Some([axis]) = config.get("axis").and_then(Value::as_array).map(Vec::as_slice) {
                let axis = axis.clone();
                config.insert("axis".to_owned(), axis);
            }
        }
        // How the sums were arranged in memory; the sums are the same.
        "LSTM" | "GRU" | "SimpleRNN" => {
            let old = config.remove("implementation").is_some();
            // Before there was a choice, the reset came before the product.
            if old && class_name == "GRU" && !config.contains_key("reset_after") {
                config.insert("reset_after".to_owned(), false.into());
            }
            if config.get("time_major") == Some(&Value::Bool(false)) {
                config.remove("time_major");
            }
        }
        // These were written by their parent, Dropout, and mean nothing here.
        "SpatialDropout1D" | "SpatialDropout2D" | "SpatialDropout3D" => {
            drop_unset(config, "noise_shape");
        }
        _ => {}
    }
    if no_penalty(config.get("activity_regularizer")) {
        config.insert("activity_regularizer".to_owned(), Value::Null);
    }
}

/// Takes away what a convolution wrote for its parent class and never used itself.
fn strip_inherited(class_name: &str, config: &mut Arguments) {
    let split = class_name.starts_with("SeparableConv");
    let grouped =
        !split && !class_name.starts_with("Depthwise") && !class_name.ends_with("Transpose");
    if !grouped && config.get("groups") == Some(&Value::from(1)) {
        config.remove("groups");
    }
    if split {
        config.remove("kernel_initializer");
        drop_unset(config, "kernel_regularizer");
        drop_unset(config, "kernel_constraint");
    }
}

fn drop_unset(config: &mut Arguments, name: &str) {
    if config.get(name).is_some_and(Value::is_null) {
        config.remove(name);
    }
}

/// Whether a regularizer has only factors of 0, as Keras 2.0 wrote for layers that were given none.
fn no_penalty(regularizer: Option<&Value>) -> bool {
    let factors = regularizer.and_then(|value| value.get("config")).and_then(Value::as_object);
    let zero = |factors: &Map<String, Value>| {
        !factors.is_empty() && factors.values().all(|factor| factor.as_f64() == Some(0.0))
    };
    factors.is_some_and(zero)
}
