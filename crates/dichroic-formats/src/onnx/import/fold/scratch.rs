//! Known values through layers: a model of one node, run once.

use dichroic::Shape;
use dichroic::layers::Mode;
use dichroic::model::Model;
use dichroic_graph::{Executor, Graph, Operation as _, Plan, PlanOptions, StepContext};

use crate::error::{Located, Problem};
use crate::onnx::import::builder::Builder;
use crate::onnx::import::operators::ImportFn;
use crate::onnx::import::{Array, Node, Order, Value, Variable, refused};

/// The outputs of a node whose inputs are all known, as its layers compute them.
pub(crate) fn run<'a>(
    node: &mut Node<'_, 'a>,
    import: ImportFn,
) -> Result<Vec<Value<'a>>, Located> {
    let mut builder = Builder::default();
    let given = first_float(node);
    let (symbol, data) = match &given {
        Some((place, array)) => {
            let shape: Vec<_> = array.shape().iter().copied().map(Some).collect();
            let symbol = builder.input("x", Shape::new(shape));
            let variable = Variable::plain(symbol.clone(), array.element());
            node.inputs[*place] = Some(Value::Variable(variable));
            (symbol, array.to_floats()?.into_owned())
        }
        // Nothing to compute with: layers of constants hang on a value that nobody reads.
        None => (builder.input("anchor", Shape::new([Some(1)])), vec![0.0]),
    };
    std::mem::swap(&mut builder, node.builder);
    let made = import(node).and_then(|made| settled(node, made));
    std::mem::swap(&mut builder, node.builder);
    if let Some((place, array)) = given {
        node.inputs[place] = Some(Value::Known(array));
    }
    let made = made?;
    let variables: Vec<&Variable> = made.iter().filter_map(variable).collect();
    if variables.is_empty() {
        return Ok(made);
    }
    let outputs = variables.iter().map(|variable| variable.symbol.clone()).collect();
    let model = builder.finish(None, vec![symbol], outputs)?;
    let mut computed = evaluate(&model, data)?.into_iter();
    made.iter()
        .map(|value| match value {
            Value::Known(array) => Ok(Value::Known(array.clone())),
            Value::Variable(variable) => {
                let values = computed.next().unwrap_or_default();
                array(variable, values).map(Value::Known)
            }
        })
        .collect()
}

/// The values with nothing left undone.
fn settled<'a>(node: &mut Node<'_, 'a>, made: Vec<Value<'a>>) -> Result<Vec<Value<'a>>, Located> {
    let settle = |value| match value {
        Value::Variable(variable) => node.settled(&variable).map(Value::Variable),
        known => Ok(known),
    };
    made.into_iter().map(settle).collect()
}

fn variable<'v>(value: &'v Value<'_>) -> Option<&'v Variable> {
    match value {
        Value::Variable(variable) => Some(variable),
        Value::Known(_) => None,
    }
}

/// The first input that can be an input of a model.
fn first_float<'a>(node: &Node<'_, 'a>) -> Option<(usize, Array<'a>)> {
    node.inputs.iter().enumerate().find_map(|(place, input)| match input {
        Some(Value::Known(array)) if !array.is_open() && array.len() > 0 => {
            Some((place, array.clone()))
        }
        _ => None,
    })
}

/// All outputs of a model with one input of fixed shape.
fn evaluate(model: &Model, data: Vec<f32>) -> Result<Vec<Vec<f32>>, Located> {
    let shape: Vec<usize> =
        model.inputs()[0].shape().axes().iter().map(|a| a.unwrap_or(1)).collect();
    let lowered = model.lower_for(&[shape], Mode::Inference).map_err(refused)?;
    check_cost(&lowered.graph)?;
    let failed = |error: dichroic_graph::GraphError| refused(error.into());
    let options = PlanOptions::for_outputs(&lowered.outputs);
    let plan = Plan::compile(lowered.graph, &options).map_err(failed)?;
    let mut executor = Executor::new(plan).map_err(failed)?;
    let none = dichroic_graph::Parameters::default();
    let parameters =
        if model.weights().is_empty() { &none } else { model.parameters().map_err(refused)? };
    executor.run(&[&data], parameters, StepContext::default()).map_err(failed)?;
    lowered
        .outputs
        .iter()
        .map(|&output| match lowered.inputs.contains(&output) {
            true => Ok(data.clone()),
            false => executor.value(output).map(<[f32]>::to_vec).map_err(failed),
        })
        .collect()
}

/// What a layer gave, with ONNX's axes and type.
fn array<'a>(variable: &Variable, values: Vec<f32>) -> Result<Array<'a>, Located> {
    let shape: Option<Vec<usize>> = variable.shape().axes().iter().copied().collect();
    let shape = shape.ok_or_else(|| Problem::malformed("known sizes", variable.shape()))?;
    let places = Order::plain(shape.len());
    // Read at ONNX's axes, memory is an array whose axes are those of the order.
    let way = Order::new(variable.order.way_to(&places));
    let values = way.gather(&shape, |place| values[place]);
    let shape = (0..shape.len()).map(|axis| shape[variable.order.place_of(axis)]).collect();
    Ok(match variable.element.is_float() {
        true => Array::floats(shape, variable.element, values),
        false => Array::whole(shape, variable.element, values.iter().map(|&v| v as i64).collect()),
    })
}

/// The most values that the layers of one node may hold together.
const MOST_VALUES: u64 = 1 << 26;
/// The most multiply-adds that they may cost: some seconds.
const MOST_MACS: u64 = 1 << 32;

/// Refuses what a file of any size could ask for while it is merely read.
fn check_cost(graph: &Graph) -> Result<(), Located> {
    let (mut values, mut macs) = (0u64, 0u64);
    for node in graph.nodes() {
        let inputs: Vec<_> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
        macs = macs.saturating_add(node.op.macs(&inputs));
        for &output in &node.outputs {
            let len =
                graph.shape(output).iter().map(|&size| size as u64).fold(1, u64::saturating_mul);
            values = values.saturating_add(len);
        }
    }
    if values <= MOST_VALUES && macs <= MOST_MACS {
        return Ok(());
    }
    let expected =
        format!("constants of at most {MOST_VALUES} values and {MOST_MACS} multiply-adds");
    Err(Problem::malformed(expected, format!("{values} values, {macs} multiply-adds")).into())
}
