//! PyTorch's LSTM, GRU and RNN: which array is which weight, and in which order its gates come.
//!
//! | PyTorch | here |
//! |---|---|
//! | `weight_ih_l0` `(gates · units, channels)` | `kernel` `(channels, gates · units)` |
//! | `weight_hh_l0` `(gates · units, units)` | `recurrent_kernel` `(units, gates · units)` |
//! | `bias_ih_l0`, `bias_hh_l0` `(gates · units,)` | `bias`: their sum; of a GRU one below the other, `(2, 3 · units)` |
//! | `…_l0_reverse` | the backward layer of `Bidirectional` |
//! | `lstm.…_l1` | the layer `lstm_l1` |
//! | gates of an LSTM i, f, g, o | i, f, c, o: the same |
//! | gates of a GRU r, z, n | z, r, h |
//!
//! # Source
//! `torch/nn/modules/rnn.py`

use dichroic::model::Weight;
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::Value;

use super::super::NamedArray;
use crate::error::Problem;

/// What an array of a recurrent module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role<'a> {
    /// Our name for the weight.
    weight: &'static str,
    /// Which part of the weight: the second bias is added to the first, or comes below it.
    pub part: usize,
    /// The number of the layer in the module, as it is written.
    pub layer: &'a str,
    /// Whether it reads the sequence from its end.
    reverse: bool,
}

/// Reads an array's own name: `weight_ih_l0`, `bias_hh_l1_reverse`, or `weight_ih` of a single cell.
pub(super) fn role(own: &str) -> Option<Role<'_>> {
    let (own, reverse) = match own.strip_suffix("_reverse") {
        Some(forward) => (forward, true),
        None => (own, false),
    };
    let (kind, layer) = own.split_once("_l").unwrap_or((own, "0"));
    let (weight, part) = match kind {
        "weight_ih" => ("kernel", 0),
        "weight_hh" => ("recurrent_kernel", 0),
        "bias_ih" => ("bias", 0),
        "bias_hh" => ("bias", 1),
        _ => return None,
    };
    layer.bytes().all(|digit| digit.is_ascii_digit()).then_some(Role {
        weight,
        part,
        layer,
        reverse,
    })
}

impl Role<'_> {
    /// Whether it is this weight of its layer.
    pub fn is(self, weight: &Weight) -> bool {
        place(weight) == Some((self.weight, self.reverse))
    }
}

/// The weight's name in its recurrent layer, and whether that is a backward one.
fn place(weight: &Weight) -> Option<(&'static str, bool)> {
    let name = weight.spec.name;
    Some(match (weight.layer.class_name(), name) {
        ("LSTM" | "GRU" | "SimpleRNN", _) => (name, false),
        ("Bidirectional", "forward_kernel") => ("kernel", false),
        ("Bidirectional", "forward_recurrent_kernel") => ("recurrent_kernel", false),
        ("Bidirectional", "forward_bias") => ("bias", false),
        ("Bidirectional", "backward_kernel") => ("kernel", true),
        ("Bidirectional", "backward_recurrent_kernel") => ("recurrent_kernel", true),
        ("Bidirectional", "backward_bias") => ("bias", true),
        _ => return None,
    })
}

/// PyTorch's name for a weight, if its layer is recurrent; of two biases the first.
pub(super) fn in_pytorch(weight: &Weight) -> Option<String> {
    let (name, reverse) = place(weight)?;
    let name = match name {
        "kernel" => "weight_ih_l0",
        "recurrent_kernel" => "weight_hh_l0",
        _ => "bias_ih_l0",
    };
    Some(format!("{name}{}", if reverse { "_reverse" } else { "" }))
}

/// How many arrays of PyTorch's make this weight.
pub(super) fn parts(weight: &Weight) -> usize {
    if matches!(place(weight), Some(("bias", _))) { 2 } else { 1 }
}

/// The value of a recurrent layer's weight from PyTorch's arrays, one for each of its parts; `None` for other layers.
pub(super) fn tensor(weight: &Weight, arrays: &[&NamedArray]) -> Option<Result<Tensor, Problem>> {
    let (name, reverse) = place(weight)?;
    let (class_name, config) = layer(weight, reverse);
    // Our gate `i` is PyTorch's gate `order[i]`.
    let order: &[usize] = match class_name.as_str() {
        "LSTM" => &[0, 1, 2, 3],
        "GRU" if config.get("reset_after") == Some(&Value::Bool(false)) => {
            let what = "a GRU of PyTorch's for a layer with reset_after=False".to_owned();
            let fix = "make the layer with reset_after=True, as PyTorch computes".to_owned();
            return Some(Err(Problem::Unsupported { what, fix }));
        }
        "GRU" => &[1, 0, 2],
        _ => &[0],
    };
    Some(match name {
        "bias" => bias(weight, arrays, order),
        _ => matrix(weight, arrays, order),
    })
}

/// The class and the configuration of the layer, or of the one in it that reads in this direction.
fn layer(weight: &Weight, reverse: bool) -> (String, Value) {
    let class_name = weight.layer.class_name();
    let config = weight.layer.layer().map(|layer| Value::Object(layer.config()));
    let config = config.unwrap_or_default();
    if class_name != "Bidirectional" {
        return (class_name.to_owned(), config);
    }
    let inner = config.get(if reverse { "backward_layer" } else { "layer" });
    let inner = inner.cloned().unwrap_or_default();
    let class_name = inner.get("class_name").and_then(Value::as_str).unwrap_or_default().to_owned();
    (class_name, inner.get("config").cloned().unwrap_or_default())
}

/// Refuses an array of another shape.
fn expect(array: &NamedArray, shape: &[usize]) -> Result<(), Problem> {
    if array.shape() == shape {
        return Ok(());
    }
    let got = array.shape().iter().map(|&size| size as u64).collect();
    Err(Problem::Shape { expected: shape.to_vec(), got })
}

/// `(gates · units, inputs)` turned over, gates in our order.
fn matrix(weight: &Weight, arrays: &[&NamedArray], order: &[usize]) -> Result<Tensor, Problem> {
    let (&[array], &[inputs, all]) = (arrays, &weight.spec.shape[..]) else {
        return Err(Problem::malformed("one array", format!("{} arrays", arrays.len())));
    };
    expect(array, &[all, inputs])?;
    let rows = array.tensor();
    let mut values = Vec::with_capacity(weight.len());
    for input in 0..inputs {
        values.extend(ordered(all, order).map(|row| rows.data()[row * inputs + input]));
    }
    Ok(Tensor::new(weight.spec.shape.clone(), values).expect("as many values as places"))
}

/// Two vectors of biases: one below the other where the weight has two rows, else their sum.
fn bias(weight: &Weight, arrays: &[&NamedArray], order: &[usize]) -> Result<Tensor, Problem> {
    let &[first, second] = arrays else {
        return Err(Problem::malformed("two arrays of biases", format!("{} arrays", arrays.len())));
    };
    let all = weight.spec.shape.last().copied().unwrap_or(1);
    expect(first, &[all])?;
    expect(second, &[all])?;
    let [first, second] = [first.tensor(), second.tensor()];
    let rows = [first.data(), second.data()];
    let values = match weight.spec.shape.len() {
        1 => ordered(all, order).map(|row| rows[0][row] + rows[1][row]).collect(),
        _ => rows.iter().flat_map(|row| ordered(all, order).map(|place| row[place])).collect(),
    };
    Ok(Tensor::new(weight.spec.shape.clone(), values).expect("as many values as places"))
}

/// The rows of `all`, gate by gate in our order.
fn ordered(all: usize, order: &[usize]) -> impl Iterator<Item = usize> {
    let units = all / order.len();
    order.iter().flat_map(move |gate| gate * units..(gate + 1) * units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_weight_its_layer_and_its_direction() {
        let read = |own| role(own).map(|role| (role.weight, role.part, role.layer, role.reverse));
        assert_eq!(read("weight_ih_l0"), Some(("kernel", 0, "0", false)));
        assert_eq!(read("bias_hh_l12_reverse"), Some(("bias", 1, "12", true)));
        assert_eq!(read("weight_hh"), Some(("recurrent_kernel", 0, "0", false)));
        assert_eq!(read("weight_hr_l0"), None);
        assert_eq!(read("weight_ih_lx"), None);
    }

    #[test]
    fn gates_are_taken_unit_by_unit() {
        assert_eq!(ordered(6, &[1, 0, 2]).collect::<Vec<_>>(), [2, 3, 0, 1, 4, 5]);
    }
}
