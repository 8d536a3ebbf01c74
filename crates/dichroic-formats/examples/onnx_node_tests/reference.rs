//! A graph by the references of its ops, one node after the other.

use dichroic::Tensor;
use dichroic_graph::{Graph, Operation as _, Parameters, Source, StepContext, ValueId};

/// The values of the outputs, each sum in `f64` and in the order of its definition.
///
/// The architectures of the folder `light` need this. Their weights are all alike, so that the thousand numbers before the
/// last Softmax are equal, at 1e10 to 1e21. Softmax gives 0.001 for each if they are equal to the last bit, and 1 and 0 if
/// one sum was rounded otherwise than its neighbour. Kernels sum the last few of many filters in another order.
///
/// # Errors
/// When a value is missing or of another size than the graph says.
pub fn outputs(
    graph: &Graph,
    (outputs, inputs): (&[ValueId], &[Vec<f32>]),
    parameters: &Parameters,
) -> Result<Vec<Vec<f32>>, String> {
    let mut values: Vec<Option<Tensor>> = Vec::new();
    let mut readers = readers(graph, outputs);
    for node in graph.nodes() {
        for &input in &node.inputs {
            if place(&mut values, input).is_none() {
                let value = given(graph, input, (inputs, parameters))?;
                *place(&mut values, input) = Some(value);
            }
        }
        let read: Vec<&Tensor> =
            node.inputs.iter().filter_map(|input| values[input.number()].as_ref()).collect();
        let made = node.op.reference(&read, StepContext::default());
        for (&output, value) in node.outputs.iter().zip(made) {
            *place(&mut values, output) = Some(value);
        }
        for &input in &node.inputs {
            readers[input.number()] -= 1;
            if readers[input.number()] == 0 {
                values[input.number()] = None;
            }
        }
    }
    let value = |&output: &ValueId| match values.get(output.number()).cloned().flatten() {
        Some(value) => Ok(value.data().to_vec()),
        None => given(graph, output, (inputs, parameters)).map(|value| value.data().to_vec()),
    };
    outputs.iter().map(value).collect()
}

/// How often each value is read; outputs are kept.
fn readers(graph: &Graph, outputs: &[ValueId]) -> Vec<usize> {
    let mut readers = Vec::new();
    let read = graph.nodes().iter().flat_map(|node| node.inputs.iter()).chain(outputs);
    for value in read {
        let number = value.number();
        readers.resize(readers.len().max(number + 1), 0);
        readers[number] += 1;
    }
    readers
}

fn place(values: &mut Vec<Option<Tensor>>, value: ValueId) -> &mut Option<Tensor> {
    let number = value.number();
    values.resize(values.len().max(number + 1), None);
    &mut values[number]
}

/// A value that no node makes.
fn given(
    graph: &Graph,
    value: ValueId,
    (inputs, parameters): (&[Vec<f32>], &Parameters),
) -> Result<Tensor, String> {
    match graph.source(value) {
        Source::Input { position, .. } => {
            let data = inputs.get(*position).ok_or("an input is missing")?;
            let shape: &[usize] = graph.shape(value);
            Tensor::new(shape.to_vec(), data.clone()).map_err(|error| error.to_string())
        }
        Source::Parameter(id) => Ok(parameters.get(*id).ok_or("a weight is missing")?.clone()),
        Source::Constant(tensor) => Ok(tensor.as_ref().clone()),
        _ => Err("a value is read before it is made".to_owned()),
    }
}
