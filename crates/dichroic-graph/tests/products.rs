//! Matrix products in plans that take a batch item by item: the batch may lie on any axis of either operand.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::Unary as Function;
use dichroic_graph::kernels::parallel::ThreadPool;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{MatMul, Reshape, Transpose, Unary};
use dichroic_graph::{
    Executor, Graph, GraphError, Op, Operation, Parameters, Plan, PlanOptions, Shape, StepContext,
    ValueId,
};

type Outcome = Result<(), GraphError>;

const BATCH: usize = 4;

fn values(len: usize, phase: f32) -> Vec<f32> {
    (0..len).map(|i| ((i as f32 * 0.618_034 + phase).fract() - 0.5) * 2.0).collect()
}

/// A product between operands made of the batch `x`, with steps around it that gain by taking items alone.
fn product(
    graph: &mut Graph,
    x: ValueId,
    operands: impl Fn(&mut Graph, ValueId) -> Result<[ValueId; 2], GraphError>,
) -> Result<ValueId, GraphError> {
    let mut y = graph.add(Unary(Function::Tanh), &[x])?;
    y = graph.add(Unary(Function::Abs), &[y])?;
    let operands = operands(graph, y)?;
    let y = graph.add(MatMul, &operands)?;
    graph.add(Unary(Function::Negate), &[y])
}

fn check(
    shape: [usize; 3],
    operands: impl Fn(&mut Graph, ValueId) -> Result<[ValueId; 2], GraphError>,
) -> Result<bool, GraphError> {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::from(shape));
    let y = product(&mut graph, x, operands)?;
    let input = values(shape.iter().product(), 0.3);
    let expected = references(&graph, Tensor::new(shape.to_vec(), input.clone())?, y);
    let options = PlanOptions { mode: ConvMode::Exact, ..PlanOptions::for_outputs(&[y]) };
    let pool = ThreadPool::new(2).expect("a pool");
    pool.install(|| {
        let mut executor = Executor::new(Plan::compile(graph, &options)?)?;
        for _ in 0..2 {
            executor.run(&[&input], &Parameters::default(), StepContext::default())?;
        }
        for (i, (got, expected)) in executor.value(y)?.iter().zip(expected.data()).enumerate() {
            assert!((got - expected).abs() <= 1e-3, "[{i}] expected {expected}, got {got}");
        }
        let by_item = executor.steps().any(|step| step.op == "MatMul" && step.by_item);
        Ok(by_item)
    })
}

/// The value of `y` by the references of all ops in their order.
fn references(graph: &Graph, x: Tensor, y: ValueId) -> Tensor {
    let mut made = std::collections::HashMap::from([(graph.inputs()[0], x)]);
    for node in graph.nodes() {
        let constant = |value: &ValueId| match graph.source(*value) {
            dichroic_graph::Source::Constant(tensor) => Some((**tensor).clone()),
            _ => None,
        };
        let input = |value: &ValueId| made.get(value).cloned().or_else(|| constant(value));
        let inputs: Vec<Tensor> = node.inputs.iter().filter_map(input).collect();
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let outputs = node.op.reference(&inputs, StepContext::default());
        made.extend(node.outputs.iter().copied().zip(outputs));
    }
    made.remove(&y).expect("every node was computed")
}

fn constant(graph: &mut Graph, shape: &[usize]) -> Result<ValueId, GraphError> {
    let len = shape.iter().product();
    Ok(graph.constant(Tensor::new(shape.to_vec(), values(len, 0.8))?))
}

#[test]
fn a_batch_of_products_is_taken_item_by_item() -> Outcome {
    let by_item = check([BATCH, 96, 80], |graph, x| {
        let other = graph.add(Transpose { axes: vec![0, 2, 1] }, &[x])?;
        Ok([x, other])
    })?;
    assert!(by_item);
    // One matrix for all, on either side.
    assert!(check([BATCH, 96, 80], |graph, x| Ok([x, constant(graph, &[80, 16])?]))?);
    assert!(check([BATCH, 96, 80], |graph, x| Ok([constant(graph, &[1, 16, 96])?, x]))?);
    Ok(())
}

#[test]
fn heads_of_an_item_stay_with_it() -> Outcome {
    let by_item = check([BATCH, 3 * 64, 80], |graph, x| {
        let heads = graph.add(Reshape { shape: Shape::from([3 * BATCH, 64, 80]) }, &[x])?;
        let other = graph.add(Transpose { axes: vec![0, 2, 1] }, &[heads])?;
        Ok([heads, other])
    })?;
    assert!(by_item);
    Ok(())
}

#[test]
fn a_batch_that_is_summed_over_or_lies_elsewhere_is_taken_as_a_whole() -> Outcome {
    let flat =
        |graph: &mut Graph, x| graph.add(Reshape { shape: Shape::from([BATCH, 96 * 80]) }, &[x]);
    // The batch on the axis that is summed over, and on the columns.
    let summed = check([BATCH, 96, 80], |graph, x| {
        let rows = flat(graph, x)?;
        Ok([constant(graph, &[3, BATCH])?, rows])
    })?;
    let columns = check([BATCH, 96, 80], |graph, x| {
        let rows = flat(graph, x)?;
        let columns = graph.add(Transpose { axes: vec![1, 0] }, &[rows])?;
        Ok([constant(graph, &[2, 96 * 80])?, columns])
    })?;
    let both = check([BATCH, 96, 80], |graph, x| {
        let rows = flat(graph, x)?;
        let columns = graph.add(Transpose { axes: vec![1, 0] }, &[rows])?;
        Ok([rows, columns])
    })?;
    // An operand of lower rank: its batch would meet another axis.
    let lower = check([BATCH, 80, 80], |graph, x| Ok([constant(graph, &[2, BATCH, 5, 80])?, x]))?;
    assert_eq!([summed, columns, both, lower], [false; 4]);
    Ok(())
}

#[test]
fn what_a_product_says_of_its_items_is_what_its_axes_are() {
    let apart = |a: &[usize], b: &[usize], batched: [bool; 2]| {
        Op::from(MatMul).keeps_items_apart(&[&Shape::new(a), &Shape::new(b)], &batched)
    };
    assert!(apart(&[4, 2, 3], &[4, 3, 5], [true, true]));
    assert!(apart(&[4, 2, 3], &[3, 5], [true, false]));
    assert!(apart(&[4, 3], &[3, 5], [true, false]));
    assert!(!apart(&[4, 3], &[3, 5], [false, true]));
    assert!(!apart(&[2, 4, 3], &[3, 5], [false, true]));
    assert!(!apart(&[4, 2, 3], &[7, 1, 3, 5], [true, false]));
}
