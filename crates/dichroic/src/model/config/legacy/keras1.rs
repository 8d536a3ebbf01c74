//! Keras 1: other names for nearly all arguments, and classes that were split or joined since.
//!
//! # Source
//! `get_config` of the layers of Keras 1.2.2, and `keras/legacy/interfaces.py` of Keras 2.0.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::super::ModelError;
use super::{Arguments, refused, rename};

/// Names that no layer of today uses, with today's. Those that depend on the class come before these.
const RENAMED: [(&str, &str); 22] = [
    ("nb_filter", "filters"),
    ("filter_length", "kernel_size"),
    ("border_mode", "padding"),
    ("subsample", "strides"),
    ("subsample_length", "strides"),
    ("atrous_rate", "dilation_rate"),
    ("output_dim", "units"),
    ("init", "kernel_initializer"),
    ("beta_init", "beta_initializer"),
    ("gamma_init", "gamma_initializer"),
    ("W_regularizer", "kernel_regularizer"),
    ("b_regularizer", "bias_regularizer"),
    ("W_constraint", "kernel_constraint"),
    ("b_constraint", "bias_constraint"),
    ("bias", "use_bias"),
    ("pool_length", "pool_size"),
    ("stride", "strides"),
    ("length", "size"),
    ("p", "rate"),
    ("sigma", "stddev"),
    ("dim_ordering", "data_format"),
    ("input_dtype", "dtype"),
];

/// Classes by another name. `Convolution2D` and its like are names of Keras 3 too.
const CLASSES: [(&str, &str); 5] = [
    ("AtrousConvolution1D", "Conv1D"),
    ("AtrousConvolution2D", "Conv2D"),
    ("AtrousConv1D", "Conv1D"),
    ("AtrousConv2D", "Conv2D"),
    ("Deconvolution2D", "Conv2DTranspose"),
];

/// What `Merge` did with its inputs, by its mode.
const MERGES: [(&str, &str); 6] = [
    ("sum", "Add"),
    ("mul", "Multiply"),
    ("ave", "Average"),
    ("max", "Maximum"),
    ("min", "Minimum"),
    ("concat", "Concatenate"),
];

/// Brings a layer of Keras 1 into the form of Keras 2; any other passes through.
pub(super) fn modernize<'a>(
    class_name: &'a str,
    config: &mut Arguments,
    place: &str,
) -> Result<Cow<'a, str>, ModelError> {
    match class_name {
        "Merge" => return merge(config, place),
        "ThresholdedReLU" => {
            rename(config, "theta", "threshold");
            return Ok("ReLU".into());
        }
        _ => {}
    }
    let class_name = CLASSES
        .iter()
        .find(|(old, _)| *old == class_name)
        .map_or(Cow::from(class_name), |(_, new)| Cow::from(*new));
    if config.get("dim_ordering").is_some_and(|ordering| ordering == "th") {
        return Err(refused(
            place,
            "dim_ordering",
            "th",
            "channels come first there; build the model again with channels last (dim_ordering='tf') and \
             load its weights alone",
        ));
    }
    kernel_sides(config);
    match &*class_name {
        "BatchNormalization" => normalization_mode(config, place)?,
        "Conv2DTranspose" => output_shape(config, place)?,
        "PReLU" => rename(config, "init", "alpha_initializer"),
        "SeparableConvolution2D" | "SeparableConv2D" => separable(config),
        "ZeroPadding1D" | "ZeroPadding2D" => padding(config),
        _ => {}
    }
    for (old, new) in RENAMED {
        rename(config, old, new);
    }
    config.remove("input_length");
    if config.get("data_format").is_some_and(|ordering| ordering == "tf") {
        config.insert("data_format".to_owned(), "channels_last".into());
    }
    for (name, value) in config.iter_mut() {
        if name.ends_with("_regularizer") {
            regularizer(value);
        }
    }
    Ok(class_name)
}

/// `nb_row` and `nb_col`, or `kernel_dim1` to `kernel_dim3`, are the sides of the kernel.
fn kernel_sides(config: &mut Arguments) {
    for sides in [&["nb_row", "nb_col"][..], &["kernel_dim1", "kernel_dim2", "kernel_dim3"]] {
        if sides.iter().all(|side| config.contains_key(*side)) {
            let sides: Vec<Value> = sides.iter().filter_map(|side| config.remove(*side)).collect();
            config.insert("kernel_size".to_owned(), sides.into());
        }
    }
}

/// Mode 0 normalises each channel by the moving statistics, as today; the others did something else.
fn normalization_mode(config: &mut Arguments, place: &str) -> Result<(), ModelError> {
    match config.remove("mode") {
        None => Ok(()),
        Some(mode) if mode == 0 => Ok(()),
        Some(mode) => Err(refused(
            place,
            "batch normalisation of mode",
            &mode.to_string(),
            "only mode 0, which keeps moving statistics for each channel, is known today",
        )),
    }
}

/// The output size was an argument of its own. Today it follows from the others, and must come out the same.
fn output_shape(config: &mut Arguments, place: &str) -> Result<(), ModelError> {
    let Some(shape) = config.remove("output_shape") else { return Ok(()) };
    let list = |name: &str| config.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let number = |list: &[Value], axis: usize| list.get(axis).and_then(Value::as_u64);
    let (kernel, strides) = (list("kernel_size"), list("subsample"));
    let valid = config.get("border_mode").is_none_or(|mode| mode == "valid");
    let follows = (0..kernel.len()).all(|axis| {
        let output = shape.as_array().and_then(|shape| number(shape, axis + 1));
        let (Some(output), Some(side)) = (output, number(&kernel, axis)) else { return false };
        let stride = number(&strides, axis).unwrap_or(1).max(1);
        let covered = if valid { output.checked_sub(side.max(stride)) } else { Some(output) };
        covered.is_some_and(|covered| covered % stride == 0)
    });
    if follows {
        return Ok(());
    }
    Err(refused(
        place,
        "output_shape",
        &shape.to_string(),
        "with these strides a transposed convolution gives another size today",
    ))
}

/// One initializer stood for both kernels.
fn separable(config: &mut Arguments) {
    if let Some(init) = config.remove("init") {
        config.insert("depthwise_initializer".to_owned(), init.clone());
        config.insert("pointwise_initializer".to_owned(), init);
    }
}

/// Four numbers were top, bottom, left and right; objects named their sides.
fn padding(config: &mut Arguments) {
    let Some(padding) = config.get("padding") else { return };
    let side = |name: &str| padding.get(name).cloned().unwrap_or_else(|| 0.into());
    let new = match padding {
        Value::Array(sides) if sides.len() == 4 => {
            json!([[sides[0], sides[1]], [sides[2], sides[3]]])
        }
        Value::Object(sides) if sides.contains_key("left_pad") && sides.len() == 2 => {
            json!([side("left_pad"), side("right_pad")])
        }
        Value::Object(_) => {
            json!([[side("top_pad"), side("bottom_pad")], [side("left_pad"), side("right_pad")]])
        }
        _ => return,
    };
    config.insert("padding".to_owned(), new);
}

/// A regularizer was written flat: `{"name": "L1L2Regularizer", "l1": 0, "l2": 0.01}`.
fn regularizer(value: &mut Value) {
    let flat = value.as_object().is_some_and(|object| {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        name.ends_with("Regularizer") && !object.contains_key("class_name")
    });
    if flat {
        let factor = |name: &str| value.get(name).cloned().unwrap_or_else(|| 0.0.into());
        let (l1, l2) = (factor("l1"), factor("l2"));
        *value = json!({"class_name": "L1L2", "config": {"l1": l1, "l2": l2}});
    }
}

/// One class for all ways to merge.
fn merge(config: &mut Arguments, place: &str) -> Result<Cow<'static, str>, ModelError> {
    if config.get("layers").is_some_and(|layers| !layers.is_null()) {
        let advice =
            "a chain that begins with several models must be built again as a functional model";
        return Err(refused(place, "layer class", "Merge of models", advice));
    }
    for kind in ["mode_type", "output_shape_type", "output_mask_type"] {
        if config.get(kind).is_some_and(|kind| kind != "raw") {
            let advice = "it runs Python code from the file; build the model again without it";
            return Err(refused(place, "layer class", "Merge by a function", advice));
        }
    }
    let mode = config.get("mode").and_then(Value::as_str).unwrap_or("sum").to_owned();
    let Some((_, class_name)) = MERGES.iter().find(|(old, _)| *old == mode) else {
        let known: Vec<&str> = MERGES.iter().map(|(mode, _)| *mode).collect();
        let advice = format!("known are {}", known.join(", "));
        return Err(refused(place, "merge mode", &mode, &advice));
    };
    let axis = config.get("concat_axis").cloned();
    config.retain(|name, _| matches!(name.as_str(), "name" | "trainable" | "dtype"));
    if let ("Concatenate", Some(axis)) = (*class_name, axis) {
        config.insert("axis".to_owned(), axis);
    }
    Ok(Cow::from(*class_name))
}
