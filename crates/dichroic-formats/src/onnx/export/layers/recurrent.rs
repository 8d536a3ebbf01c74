//! `LSTM`, `GRU`, `SimpleRNN` and `Bidirectional`.

use dichroic::activations::Activation;
use dichroic::layers::registry;
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::Value as Json;

use super::super::graph::{Attribute, Attributes};
use super::super::scope::{Scope, permuted};
use super::super::value::Value;
use crate::error::Problem;

/// `LSTM`, `GRU` and `SimpleRNN`; one that goes backwards gives its outputs in the order in which it makes them.
pub(super) fn recurrent(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let y = at_their_steps(scope)?;
    let backwards: bool = scope.argument("go_backwards")?;
    if !backwards || y.rank() < 3 {
        return Ok(y);
    }
    let (start, end) = (scope.ints("start", &[-1]), scope.ints("end", &[i64::MIN]));
    let (axis, step) = (scope.axes(&[y.position(1)]), scope.ints("step", &[-1]));
    let name = scope.emit("Slice", &[&y.name, &start, &end, &axis, &step], Vec::new());
    Ok(y.renamed(name))
}

/// `Bidirectional`: both layers, whose outputs ONNX puts at the places of their inputs, merged.
pub(super) fn bidirectional(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let (forward, backward) = scope.weights.split_at(scope.weights.len() / 2);
    let mut outputs = Vec::with_capacity(2);
    for (name, weights) in [("layer", forward), ("backward_layer", backward)] {
        let inner: Json = scope.argument(name)?;
        let class_name = inner.get("class_name").and_then(Json::as_str).unwrap_or_default();
        let config = inner.get("config").and_then(Json::as_object).cloned().unwrap_or_default();
        let layer = registry::from_config(class_name, &config)
            .map_err(|error| Problem::malformed(format!("a {name} that is known"), error))?;
        outputs.push(at_their_steps(&mut Scope {
            graph: scope.graph,
            options: scope.options,
            path: scope.path,
            layer: layer.as_ref(),
            config: layer.config(),
            inputs: scope.inputs,
            weights,
            mode: scope.mode,
        })?);
    }
    let [a, b] = [&outputs[0], &outputs[1]];
    let y = match scope.argument::<String>("merge_mode")?.as_str() {
        "sum" => scope.combine("Add", a, b),
        "mul" => scope.combine("Mul", a, b),
        "ave" => scope.combine("Mean", a, b),
        _ => {
            let axis = vec![("axis", Attribute::size(a.position(a.rank() - 1)))];
            let name = scope.emit("Concat", &[&a.name, &b.name], axis);
            a.renamed(name)
        }
    };
    Ok(y.reshaped(shape))
}

/// A recurrent layer's outputs, each at the step of its input, or its last one.
fn at_their_steps(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    match scope.layer.class_name() {
        "LSTM" => lstm(scope),
        "GRU" => gru(scope),
        "SimpleRNN" => simple_rnn(scope),
        other => Err(Problem::malformed("LSTM, GRU or SimpleRNN", other)),
    }
}

/// Input, forget, cell, output here; input, output, forget, cell in ONNX.
fn lstm(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let activations = [recurrent_activation(scope)?, activation(scope)?, activation(scope)?];
    steps(scope, "LSTM", (&[0, 3, 1, 2], &activations), Vec::new())
}

/// Update, reset, new on both sides.
fn gru(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let activations = [recurrent_activation(scope)?, activation(scope)?];
    let reset_after: bool = scope.argument("reset_after")?;
    let order = vec![("linear_before_reset", Attribute::Int(reset_after.into()))];
    steps(scope, "GRU", (&[0, 1, 2], &activations), order)
}

fn simple_rnn(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let activations = [activation(scope)?];
    steps(scope, "RNN", (&[0], &activations), Vec::new())
}

fn activation(scope: &Scope<'_>) -> Result<Gate, Problem> {
    Gate::of(scope, scope.argument("activation")?)
}

fn recurrent_activation(scope: &Scope<'_>) -> Result<Gate, Problem> {
    Gate::of(scope, scope.argument("recurrent_activation")?)
}

/// A function of a gate as ONNX names it, with its numbers.
#[derive(Clone, Copy)]
struct Gate {
    name: &'static str,
    alpha: Option<f32>,
    beta: Option<f32>,
}

impl Gate {
    fn of(scope: &Scope<'_>, activation: Activation) -> Result<Self, Problem> {
        let plain = |name| Ok(Self { name, alpha: None, beta: None });
        match activation.name() {
            "sigmoid" => plain("Sigmoid"),
            "tanh" => plain("Tanh"),
            "relu" => plain("Relu"),
            "softplus" => plain("Softplus"),
            "softsign" => plain("Softsign"),
            "linear" => Ok(Self { name: "Affine", alpha: Some(1.0), beta: Some(0.0) }),
            "elu" => Ok(Self { name: "Elu", alpha: Some(1.0), beta: None }),
            "hard_sigmoid" => {
                Ok(Self { name: "HardSigmoid", alpha: Some(1.0 / 6.0), beta: Some(0.5) })
            }
            other => Err(scope.unsupported(format!("activation {other:?}"), "use another one")),
        }
    }
}

/// The op on `(time, batch, channels)`, with gates in this order; then all outputs, or the last one.
fn steps(
    scope: &mut Scope<'_>,
    op: &'static str,
    (gates, functions): (&[usize], &[Gate]),
    attributes: Attributes,
) -> Result<Value, Problem> {
    let inputs = scope.all_inputs();
    let x = inputs.first().ok_or_else(|| Problem::malformed("an input", "none"))?;
    let x = scope.in_order(x, &[1, 0, 2])?;
    let units: usize = scope.argument("units")?;
    let backwards: bool = scope.argument("go_backwards")?;
    let mut given = vec![x.name.clone()];
    for (index, what) in [(0, "kernel"), (1, "recurrent_kernel")] {
        let weight = scope.weight_values(index)?;
        given.push(by_gate(scope, what, weight, (gates, units)));
    }
    given.push(bias(scope, (gates, units))?);
    // No sequence lengths: all are whole.
    given.push(String::new());
    for state in &inputs[1..] {
        let state = scope.plain(state);
        let axis = scope.axes(&[0]);
        given.push(scope.emit("Unsqueeze", &[&state.name, &axis], Vec::new()));
    }
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let direction = if backwards { "reverse" } else { "forward" };
    let mut all = vec![
        ("hidden_size", Attribute::size(units)),
        ("direction", Attribute::Text(direction)),
        ("activations", Attribute::Texts(functions.iter().map(|gate| gate.name).collect())),
    ];
    // One for each function that has one, in order.
    let alphas: Vec<f32> = functions.iter().filter_map(|gate| gate.alpha).collect();
    let betas: Vec<f32> = functions.iter().filter_map(|gate| gate.beta).collect();
    for (name, numbers) in [("activation_alpha", alphas), ("activation_beta", betas)] {
        if !numbers.is_empty() {
            all.push((name, Attribute::Floats(numbers)));
        }
    }
    all.extend(attributes);
    let outputs = scope.emit_several(op, &given, (2, all));
    finish(scope, &outputs)
}

/// All outputs, or the last state.
fn finish(scope: &mut Scope<'_>, outputs: &[String]) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    if !scope.argument::<bool>("return_sequences")? {
        let axis = scope.axes(&[0]);
        let last = scope.emit("Squeeze", &[&outputs[1], &axis], Vec::new());
        return Ok(Value::plain(last, shape));
    }
    let axis = scope.axes(&[1]);
    let name = scope.emit("Squeeze", &[&outputs[0], &axis], Vec::new());
    Ok(Value { order: vec![1, 0, 2], ..Value::plain(name, shape) })
}

/// `(channels, gates · units)` as `(1, gates · units, channels)`, gates in this order.
fn by_gate(
    scope: &mut Scope<'_>,
    what: &str,
    weight: &Tensor,
    (gates, units): (&[usize], usize),
) -> String {
    let channels = weight.shape()[0];
    let rows = permuted(weight.data(), weight.shape(), &[1, 0]);
    let sorted = sorted(&rows, gates, units * channels);
    scope.floats(what, &[1, gates.len() * units, channels], &sorted)
}

/// `(1, 2 · gates · units)`: what is added to the input's part, then to the state's.
fn bias(scope: &mut Scope<'_>, (gates, units): (&[usize], usize)) -> Result<String, Problem> {
    let len = gates.len() * units;
    let mut values = vec![0.0; 2 * len];
    if scope.argument("use_bias")? {
        let bias = scope.weight_values(2)?.data();
        for (part, half) in bias.chunks(len).zip(values.chunks_mut(len)) {
            half.copy_from_slice(&sorted(part, gates, units));
        }
    }
    Ok(scope.floats("bias", &[1, 2 * len], &values))
}

/// Parts of this length in the order of ONNX's gates.
fn sorted(values: &[f32], gates: &[usize], len: usize) -> Vec<f32> {
    gates.iter().flat_map(|&gate| &values[gate * len..(gate + 1) * len]).copied().collect()
}
