//! The derivation of a parameter count in words.

use super::words::count;
use super::{Argument, Message};
use crate::layers::{Count, Factor, Term, grouped};

/// The derivation in one line: `32 filters × 3 channels × 5×5 + 32 biases = 2,432`; in English what
/// [`Count`] itself shows.
pub(in crate::explain) fn formula(of: &Count) -> Message {
    if of.terms.is_empty() {
        return Message::verbatim("0");
    }
    let sum = Message::joined(of.terms.iter().map(product).collect(), " + ");
    Message::joined(vec![sum, Message::verbatim(grouped(of.total()))], " = ")
}

fn product(term: &Term) -> Message {
    Message::joined(term.factors.iter().map(factor).collect(), " × ")
}

fn factor(factor: &Factor) -> Message {
    let number = match factor.sizes.as_slice() {
        [size] => Argument::Number(*size as u64),
        sizes => {
            let sizes: Vec<String> = sizes.iter().map(|&size| grouped(size as u64)).collect();
            Argument::Text(sizes.join("×"))
        }
    };
    match factor.what {
        "filters" => count::filters(number),
        "channels" => count::channels(number),
        "channels a group" => count::channels_of_group(number),
        "filters a channel" => count::filters_of_channel(number),
        "biases" => count::biases(number),
        "units" => count::units(number),
        "inputs" => count::inputs(number),
        "gammas" => count::gammas(number),
        "betas" => count::betas(number),
        "alphas" => count::alphas(number),
        "values" => count::values(number),
        "means" => count::means(number),
        "variances" => count::variances(number),
        "count" => count::counts(number),
        "moving means" => count::moving_means(number),
        "moving variances" => count::moving_variances(number),
        _ => Message::verbatim(factor.to_string()),
    }
}
