//! Layers that remember: LSTM, GRU and RNN in both directions, as Keras's layers.

use dichroic::Tensor;
use dichroic::layers::{
    Concatenate, ExpandDims, GRU, LSTM, SimpleRNN, Squeeze, StridedSlice, Take,
};
use dichroic::model::{LayerRef, Symbol};

use super::broadcast::input;
use super::gates::{Gate, gates};
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Node, Order, Variable};

pub(super) const OPERATORS: &[Operator] =
    &[("GRU", 7..=23, gru), ("LSTM", 7..=23, lstm), ("RNN", 7..=23, rnn)];

/// In which direction time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Reverse,
}

/// One direction of a node: its weights, and how Keras's layer is made for it.
struct Cell<'n> {
    units: usize,
    direction: Direction,
    gates: &'n [Gate],
    weights: Vec<Tensor>,
}

/// What the three operators have of their own.
struct Kind {
    /// For each gate of Keras its place among ONNX's.
    gates: &'static [usize],
    /// For each gate of Keras the place of its function.
    functions: &'static [usize],
    activations: &'static [&'static str],
    /// Whether the two biases stay apart.
    two_biases: bool,
    layer: fn(&Cell<'_>) -> LayerRef,
}

fn lstm<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    if node.attributes.flag("input_forget")? {
        return Err(node.unsupported("an LSTM with input_forget", "export the model without it"));
    }
    if node.known_optional(7)?.is_some_and(|peepholes| !is_zero(&peepholes)) {
        return Err(node.unsupported("an LSTM with peepholes", "export the model without them"));
    }
    let kind = Kind {
        gates: &[0, 2, 3, 1],
        functions: &[0, 0, 1, 0],
        activations: &["Sigmoid", "Tanh", "Tanh"],
        two_biases: false,
        layer: |cell| {
            LSTM::new(cell.units)
                .recurrent_activation(cell.gates[0].name)
                .activation(cell.gates[1].name)
                .use_bias(cell.weights.len() > 2)
                .return_sequences(true)
                .go_backwards(cell.direction == Direction::Reverse)
                .into()
        },
    };
    recurrent(node, &kind, &[5, 6])
}

fn gru<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let after = node.attributes.flag("linear_before_reset")?;
    let layer: fn(&Cell<'_>) -> LayerRef = match after {
        true => |cell| gru_layer(cell).reset_after(true).into(),
        false => |cell| gru_layer(cell).reset_after(false).into(),
    };
    let activations = &["Sigmoid", "Tanh"];
    let (gates, functions) = (&[0, 1, 2], &[0, 0, 1]);
    let kind = Kind { gates, functions, activations, two_biases: after, layer };
    recurrent(node, &kind, &[5])
}

fn gru_layer(cell: &Cell<'_>) -> GRU {
    GRU::new(cell.units)
        .recurrent_activation(cell.gates[0].name)
        .activation(cell.gates[1].name)
        .use_bias(cell.weights.len() > 2)
        .return_sequences(true)
        .go_backwards(cell.direction == Direction::Reverse)
}

fn rnn<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let kind = Kind {
        gates: &[0],
        functions: &[0],
        activations: &["Tanh"],
        two_biases: false,
        layer: |cell| {
            SimpleRNN::new(cell.units)
                .activation(cell.gates[0].name)
                .use_bias(cell.weights.len() > 2)
                .return_sequences(true)
                .go_backwards(cell.direction == Direction::Reverse)
                .into()
        },
    };
    recurrent(node, &kind, &[5])
}

/// All steps, and the last one of each direction. The cell's own state at the end (Y_c) is not given.
fn recurrent<'a>(
    node: &mut Node<'_, 'a>,
    kind: &Kind,
    states: &[usize],
) -> Result<Vec<Value<'a>>, Located> {
    // The weights say it.
    node.attributes.ignore("hidden_size");
    let batch_first = node.attributes.flag("layout")?;
    let directions: &[Direction] = match node.attributes.text_or("direction", "forward")? {
        "forward" => &[Direction::Forward],
        "reverse" => &[Direction::Reverse],
        "bidirectional" => &[Direction::Forward, Direction::Reverse],
        other => return Err(Problem::malformed("a direction", format!("{other:?}")).into()),
    };
    // Keras wants (batch, time, channels).
    let sequence = if batch_first { Order::plain(3) } else { Order::new(vec![1, 0, 2]) };
    let x = input(node, 0)?;
    if x.rank() != 3 {
        return Err(Problem::malformed("3 axes", x.rank()).into());
    }
    let x = node.in_order(&x, &sequence)?;
    whole_sequences(node, &x)?;
    let gates = gates_of_directions(node, kind, directions.len())?;
    let (mut steps, mut last) = (Vec::new(), Vec::new());
    for (number, &direction) in directions.iter().enumerate() {
        let gates = &gates[number];
        let weights = weights(node, kind, (number, gates))?;
        let units = weights[1].shape()[0];
        let cell = Cell { units, direction, gates, weights };
        let mut inputs = vec![x.symbol.clone()];
        inputs.extend(initial_states(node, states, (number, batch_first))?);
        let layer = (kind.layer)(&cell);
        let y = node.builder.weighted(layer, &inputs, cell.weights)?;
        // Going backwards, the first step is made last, and Keras gives steps as they are made.
        last.push(node.layer(StridedSlice::new([1], [-1], [i64::MAX], [1]), &y)?);
        let y = match direction {
            Direction::Forward => y,
            Direction::Reverse => node.layer(StridedSlice::new([1], [-1], [i64::MIN], [-1]), &y)?,
        };
        steps.push(node.layer(ExpandDims::new([2]), &y)?);
    }
    let (steps, last) = (joined(node, steps, 2)?, joined(node, last, 1)?);
    let (steps_order, last_order) = match batch_first {
        true => (Order::plain(4), Order::plain(3)),
        false => (Order::new(vec![2, 0, 1, 3]), Order::new(vec![1, 0, 2])),
    };
    Ok(vec![
        Value::Variable(x.with(steps).ordered(steps_order)),
        Value::Variable(x.with(last).ordered(last_order)),
    ])
}

/// One value of those of all directions.
fn joined(node: &mut Node<'_, '_>, parts: Vec<Symbol>, axis: i64) -> Result<Symbol, Located> {
    match &parts[..] {
        [only] => Ok(only.clone()),
        _ => node.builder.layer(Concatenate::new().axis(axis), &parts),
    }
}

/// Refuses sequences that end before the last step.
fn whole_sequences(node: &Node<'_, '_>, x: &Variable) -> Result<(), Located> {
    let Some(lengths) = node.known_optional(4)? else { return Ok(()) };
    let steps = x.shape().axes()[1];
    let whole = |&length: &i64| usize::try_from(length).ok() == steps;
    if lengths.to_whole()?.iter().all(whole) {
        return Ok(());
    }
    Err(node
        .unsupported("sequences of different lengths", "export the model without sequence_lens"))
}

/// The functions of each direction.
fn gates_of_directions(
    node: &Node<'_, '_>,
    kind: &Kind,
    directions: usize,
) -> Result<Vec<Vec<Gate>>, Located> {
    if node.attributes.has("clip") {
        let what = format!("{} with clip", node.op);
        return Err(node.unsupported(&what, "export the model without it"));
    }
    let each = kind.activations.len();
    let gates = gates(node, &kind.activations.repeat(directions))?;
    if gates.len() != each * directions {
        let expected = format!("{} activations", each * directions);
        return Err(Problem::malformed(expected, gates.len()).into());
    }
    let of_directions: Vec<Vec<Gate>> = gates.chunks(each).map(<[Gate]>::to_vec).collect();
    // Keras has one activation for the new value and the state, which no weights are multiplied by.
    let differs =
        |gates: &Vec<Gate>| gates.len() == 3 && (gates[1] != gates[2] || !gates[2].is_plain());
    if of_directions.iter().any(differs) {
        return Err(node.unsupported("an LSTM with three activations", "use the same one twice"));
    }
    Ok(of_directions)
}

/// Kernel, recurrent kernel and bias of one direction, gates in Keras's order and transposed.
fn weights(
    node: &Node<'_, '_>,
    kind: &Kind,
    (direction, functions): (usize, &[Gate]),
) -> Result<Vec<Tensor>, Located> {
    let mut weights = Vec::with_capacity(3);
    for place in 1..=2 {
        let array = node.known(place)?;
        let [directions, rows, columns] = array.shape()[..] else {
            return Err(Problem::malformed("weights of 3 axes", array.rank()).into());
        };
        let gates = kind.gates.len();
        if direction >= directions || rows % gates != 0 {
            return Err(Problem::malformed(format!("weights of {gates} gates"), rows).into());
        }
        let units = rows / gates;
        let values = array.to_floats()?;
        let values = &values[direction * rows * columns..][..rows * columns];
        let mut turned = Vec::with_capacity(values.len());
        for column in 0..columns {
            for (&gate, &function) in kind.gates.iter().zip(kind.functions) {
                let scale = functions[function].scale;
                turned.extend(
                    (0..units).map(|unit| scale * values[(gate * units + unit) * columns + column]),
                );
            }
        }
        weights.push(tensor(vec![columns, rows], turned)?);
    }
    let bias = match node.known_optional(3)? {
        Some(biases) => Some(bias(&biases, kind, direction)?),
        None if functions.iter().all(|gate| gate.shift == 0.0) => None,
        None if kind.two_biases => {
            Some(tensor(vec![2, rows(&weights)], vec![0.0; 2 * rows(&weights)])?)
        }
        None => Some(tensor(vec![rows(&weights)], vec![0.0; rows(&weights)])?),
    };
    if let Some(mut bias) = bias {
        scale_and_shift(&mut bias, kind, functions);
        weights.push(bias);
    }
    Ok(weights)
}

/// The values of all gates together.
fn rows(weights: &[Tensor]) -> usize {
    weights[0].shape()[1]
}

/// What the functions want of sums, for their biases; the first of two takes the shift.
fn scale_and_shift(bias: &mut Tensor, kind: &Kind, functions: &[Gate]) {
    let gates = kind.functions.len();
    let units = bias.shape().last().copied().unwrap_or(0) / gates;
    for (place, value) in bias.data_mut().iter_mut().enumerate() {
        let gate = &functions[kind.functions[place / units % gates]];
        let shift = if place < gates * units { gate.shift } else { 0.0 };
        *value = gate.scale * *value + shift;
    }
}

/// ONNX adds two biases, one with the input and one with the state.
fn bias(array: &Array<'_>, kind: &Kind, direction: usize) -> Result<Tensor, Located> {
    let both = array.shape().last().copied().unwrap_or(0);
    let rows = both / 2;
    let units = rows / kind.gates.len();
    let values = array.to_floats()?;
    let fits = units * kind.gates.len() * 2 == both && (direction + 1) * both <= values.len();
    if !fits {
        return Err(Problem::malformed("two biases for each gate", both).into());
    }
    let values = &values[direction * both..][..both];
    let of_gates = |from: usize| {
        kind.gates
            .iter()
            .flat_map(move |gate| (0..units).map(move |unit| from + gate * units + unit))
    };
    if kind.two_biases {
        let biases = of_gates(0).chain(of_gates(rows)).map(|at| values[at]).collect();
        return tensor(vec![2, rows], biases);
    }
    tensor(vec![rows], of_gates(0).map(|at| values[at] + values[at + rows]).collect())
}

fn tensor(shape: Vec<usize>, values: Vec<f32>) -> Result<Tensor, Located> {
    Tensor::new(shape, values).map_err(|e| Problem::malformed("weights", e).into())
}

/// The states at the beginning for one direction, as `(batch, units)`; none where all are 0.
fn initial_states(
    node: &mut Node<'_, '_>,
    states: &[usize],
    (direction, batch_first): (usize, bool),
) -> Result<Vec<Symbol>, Located> {
    let zero = |&place: &usize| match node.optional(place) {
        None => true,
        Some(Value::Known(array)) => is_zero(array),
        Some(Value::Variable(_)) => false,
    };
    if states.iter().all(zero) {
        return Ok(Vec::new());
    }
    let order = if batch_first { Order::plain(3) } else { Order::new(vec![1, 0, 2]) };
    let mut symbols = Vec::with_capacity(states.len());
    for &place in states {
        let state = input(node, place)?;
        let state = node.in_order(&state, &order)?;
        let own = node.layer(Take::new([direction as i64], 1), &state.symbol)?;
        symbols.push(node.layer(Squeeze::new([1]), &own)?);
    }
    Ok(symbols)
}

fn is_zero(array: &Array<'_>) -> bool {
    array.to_floats().is_ok_and(|values| values.iter().all(|&value| value == 0.0))
}
