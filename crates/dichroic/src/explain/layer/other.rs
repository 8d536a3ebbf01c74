//! The words of the explanation of a layer that is no convolution.

use super::{LayerExplanation, Note, TermExplanation};
use crate::Shape;
use crate::explain::error::sizes;
use crate::explain::message::Message;
use crate::explain::message::words::{count, layer as words};
use crate::layers::Layer;

/// The paragraphs for a layer that is no convolution.
pub(super) fn other(
    explained: &LayerExplanation,
    kind: &dyn Layer,
    inputs: &[Shape],
    output: &Shape,
) -> Vec<Note> {
    let mut counts = match explained.class_name.as_str() {
        "Dense" => dense(explained, output),
        _ => explained.terms.iter().map(term_line).collect(),
    };
    counts.push(match explained.parameters {
        0 => words::nothing_learned(),
        parameters => {
            words::counted_parameters(count::parameters(parameters), explained.formula.clone())
        }
    });
    if let Some(macs) = explained.macs.filter(|&macs| macs > 0) {
        counts.push(words::cost(count::multiply_adds(macs)));
    }
    let mut notes = vec![Note { about: words::about_counts(), lines: counts }];
    if let Some(line) = purpose(&explained.class_name, kind, inputs) {
        notes.push(Note { about: words::about_purpose(), lines: vec![line] });
    }
    notes
}

fn dense(explained: &LayerExplanation, output: &Shape) -> Vec<Message> {
    let units = output.channels().unwrap_or(0) as u64;
    let inputs = explained.weights.checked_div(units).unwrap_or(0);
    vec![
        words::units(count::units(units), count::inputs(inputs)),
        words::unit_weights(units, inputs, count::weights(explained.weights)),
        match explained.biases {
            0 => words::no_biases(),
            biases => words::unit_biases(count::biases(biases)),
        },
    ]
}

fn term_line(term: &TermExplanation) -> Message {
    match term.trainable {
        true => words::term(term.weight, term.formula.clone()),
        false => words::term_fixed(term.weight, term.formula.clone()),
    }
}

fn purpose(class_name: &str, kind: &dyn Layer, inputs: &[Shape]) -> Option<Message> {
    let window = || kind.window(inputs).map(|it| (sizes(&it.size), sizes(&it.strides)));
    Some(match class_name {
        name if name.starts_with("GlobalMax") => words::does_global_maximum(),
        name if name.starts_with("GlobalAverage") => words::does_global_mean(),
        name if name.starts_with("MaxPooling") => {
            let (window, strides) = window()?;
            words::does_pool_maximum(window, strides)
        }
        name if name.starts_with("AveragePooling") => {
            let (window, strides) = window()?;
            words::does_pool_mean(window, strides)
        }
        name if name.starts_with("ZeroPadding") => words::does_pad(),
        name if name.starts_with("Cropping") => words::does_crop(),
        name if name.starts_with("UpSampling") => {
            match kind.config().get("interpolation").and_then(serde_json::Value::as_str) {
                None | Some("nearest") => words::does_repeat_positions(),
                Some(how) => words::does_interpolate(how),
            }
        }
        "Dense" => words::does_dense(),
        "BatchNormalization" => words::does_normalize_batch(),
        "LayerNormalization" => words::does_normalize_item(),
        "PReLU" => words::does_learned_slope(),
        "Flatten" => words::does_flatten(),
        "Reshape" => words::does_reshape(),
        "Permute" => words::does_permute(),
        "RepeatVector" => words::does_repeat_row(),
        "Dropout" => words::does_drop(),
        "Rescaling" => words::does_rescale(),
        "Add" => words::does_add(),
        "Subtract" => words::does_subtract(),
        "Multiply" => words::does_multiply(),
        "Average" => words::does_average(),
        "Maximum" => words::does_maximum(),
        "Minimum" => words::does_minimum(),
        "Concatenate" => words::does_concatenate(),
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax" => words::does_activate(),
        _ => return None,
    })
}
