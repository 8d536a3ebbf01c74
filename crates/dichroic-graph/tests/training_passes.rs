//! What is fused for training: the values and gradients of the graph op by op, from fewer passes.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::kernels::pool::PoolKind;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{BatchNorm, Binary, Conv, Geometry, Pad, Pool, Reduce, Unary};
use dichroic_graph::{
    Executor, Graph, GraphError, Operation, ParameterId, Parameters, Plan, PlanOptions, Shape,
    Source, StepContext, ValueId,
};

fn tensor(shape: &[usize], phase: f32) -> Tensor {
    let len = shape.iter().product::<usize>();
    let values = (0..len).map(|i| ((i as f32 * 0.618_034 + phase).fract() - 0.5) * 2.0);
    Tensor::new(shape, values.collect::<Vec<f32>>()).expect("a full shape")
}

/// A graph under construction with its parameters.
struct Net {
    graph: Graph,
    input: ValueId,
    weights: Vec<ValueId>,
    tensors: Vec<Tensor>,
}

const INPUT: [usize; 4] = [3, 7, 6, 4];

impl Net {
    fn new() -> Self {
        let mut graph = Graph::new();
        let input = graph.input("x", Shape::from(INPUT));
        Self { graph, input, weights: Vec::new(), tensors: Vec::new() }
    }

    fn parameter(&mut self, shape: &[usize]) -> ValueId {
        let id = ParameterId(self.tensors.len());
        self.tensors.push(tensor(shape, 0.21 * (1.0 + id.0 as f32)));
        self.weights.push(self.graph.parameter(id, Shape::new(shape)));
        self.weights[id.0]
    }

    fn conv(&mut self, x: ValueId, filters: usize) -> Result<ValueId, GraphError> {
        let channels = self.graph.shape(x).last_axis();
        let (kernel, bias) =
            (self.parameter(&[1, 1, channels, filters]), self.parameter(&[filters]));
        self.graph.add(Conv::new(Geometry::new(2)), &[x, kernel, bias])
    }

    /// A convolution, normalised.
    fn normalised(&mut self, x: ValueId, filters: usize) -> Result<ValueId, GraphError> {
        let y = self.conv(x, filters)?;
        let (gamma, beta) = (self.parameter(&[filters]), self.parameter(&[filters]));
        self.graph.add(BatchNorm::new(1e-3), &[y, gamma, beta])
    }

    fn relu(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        self.graph.add(Unary(Function::Relu), &[x])
    }

    fn sum(&mut self, a: ValueId, b: ValueId) -> Result<ValueId, GraphError> {
        self.graph.add(Binary::new(BinaryKind::Add), &[a, b])
    }

    /// `Σ y²`, so that gradients differ from place to place.
    fn loss(&mut self, y: ValueId) -> Result<ValueId, GraphError> {
        let square = self.graph.add(Unary(Function::Square), &[y])?;
        let axes = (0..self.graph.shape(y).len()).collect();
        self.graph.add(Reduce::sum(axes), &[square])
    }
}

/// All values of a graph by the references of its ops.
fn by_reference(graph: &Graph, parameters: &[Tensor], input: &Tensor) -> Vec<Option<Tensor>> {
    let mut found: Vec<Option<Tensor>> = vec![None; 10_000];
    for node in graph.nodes() {
        let inputs: Vec<Tensor> = node
            .inputs
            .iter()
            .map(|&value| match graph.source(value) {
                Source::Input { .. } => input.clone(),
                Source::Parameter(id) => parameters[id.0].clone(),
                Source::Constant(tensor) => (**tensor).clone(),
                _ => found[value.number()].clone().expect("nodes stand in order"),
            })
            .collect();
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let outputs = node.op.reference(&inputs, StepContext::default());
        for (&value, output) in node.outputs.iter().zip(outputs) {
            found[value.number()] = Some(output);
        }
    }
    found
}

/// Holds loss and gradients of the fused graph to those of the graph as it was built; returns the ops
/// that run.
fn check(mut net: Net, loss: ValueId) -> Result<Vec<String>, GraphError> {
    let input = tensor(&INPUT, 0.77);
    let wrt: Vec<ValueId> = net.weights.iter().copied().chain([net.input]).collect();
    let mut plain = net.graph.clone();
    let expected_gradients = plain.gradients(loss, &wrt)?;
    let expected = by_reference(&plain, &net.tensors, &input);

    net.graph.fuse_before_gradients(&[loss])?;
    let gradients = net.graph.gradients(loss, &wrt)?;
    let mut outputs = gradients.clone();
    outputs.push(loss);
    let options = PlanOptions { mode: ConvMode::Exact, ..PlanOptions::for_outputs(&outputs) };
    let mut executor = Executor::new(Plan::compile(net.graph, &options)?)?;
    executor.run(&[input.data()], &Parameters::new(net.tensors), StepContext::default())?;
    let mut pairs: Vec<_> = gradients.into_iter().zip(expected_gradients).collect();
    pairs.push((loss, loss));
    // A gradient that is 0 but for rounding is as exact as those that it comes from.
    let of = |value: ValueId| expected[value.number()].as_ref().expect("computed").data();
    let all = pairs[..pairs.len() - 1].iter().flat_map(|&(_, value)| of(value));
    let largest = all.fold(1.0, |a: f32, b| a.max(b.abs()));
    for (got, value) in pairs {
        for (place, (got, expected)) in executor.value(got)?.iter().zip(of(value)).enumerate() {
            let close = (got - expected).abs() <= 1e-4 * largest;
            assert!(close, "{value:?} at {place}: expected {expected}, got {got}");
        }
    }
    Ok(executor.steps().map(|step| format!("{} {}", step.op, step.algorithm)).collect())
}

fn count(ops: &[String], name: &str) -> usize {
    ops.iter().filter(|op| op.contains(name)).count()
}

#[test]
fn a_normalisation_applies_the_relu_behind_it_and_its_gradient_too() -> Result<(), GraphError> {
    let mut net = Net::new();
    let y = net.normalised(net.input, 5)?;
    let y = net.relu(y)?;
    let y = net.conv(y, 3)?;
    let loss = net.loss(y)?;
    let ops = check(net, loss)?;
    assert_eq!(count(&ops, "Relu"), 1, "{ops:?}");
    assert_eq!(count(&ops, "BatchNorm blocked, Relu"), 1, "{ops:?}");
    Ok(())
}

#[test]
fn a_normalisation_adds_the_residual_whichever_comes_first() -> Result<(), GraphError> {
    for (filters, projected_last) in [(4, false), (5, false), (5, true)] {
        let mut net = Net::new();
        let (x, mut skip) = (net.input, net.input);
        if filters != 4 && !projected_last {
            skip = net.normalised(x, filters)?;
        }
        let y = net.normalised(x, 3)?;
        let y = net.relu(y)?;
        let y = net.normalised(y, filters)?;
        if projected_last {
            skip = net.normalised(x, filters)?;
        }
        let y = net.sum(y, skip)?;
        let y = net.relu(y)?;
        let loss = net.loss(y)?;
        let ops = check(net, loss)?;
        assert_eq!(count(&ops, "AddThenRelu"), 1, "{ops:?}");
        assert_eq!(count(&ops, "Unary Relu"), 0, "{ops:?}");
    }
    Ok(())
}

#[test]
fn a_normalisation_that_is_read_elsewhere_stays_as_it_is() -> Result<(), GraphError> {
    let mut net = Net::new();
    let y = net.normalised(net.input, 4)?;
    let rectified = net.relu(y)?;
    let y = net.sum(rectified, y)?;
    let loss = net.loss(y)?;
    let ops = check(net, loss)?;
    assert_eq!(count(&ops, "BatchNorm blocked, Nothing"), 1, "{ops:?}");
    Ok(())
}

#[test]
fn a_bias_before_a_normalisation_has_the_gradient_zero_without_a_sum() -> Result<(), GraphError> {
    let mut net = Net::new();
    let y = net.normalised(net.input, 5)?;
    let loss = net.loss(y)?;
    let ops = check(net, loss)?;
    // The loss is a sum as well.
    assert_eq!(count(&ops, "Sum"), 1, "{ops:?}");
    Ok(())
}

#[test]
fn a_relu_behind_max_pooling_is_taken_back_on_the_pooled_values() -> Result<(), GraphError> {
    for (window, strides, padding) in [(2, 2, (0, 0)), (3, 2, (1, 1)), (3, 1, (0, 1))] {
        let mut net = Net::new();
        let y = net.conv(net.input, 5)?;
        let y = net.relu(y)?;
        let pool = Pool {
            kind: PoolKind::Max,
            window: vec![window; 2],
            strides: vec![strides; 2],
            padding: vec![padding; 2],
            joined: None,
        };
        let y = net.graph.add(pool, &[y])?;
        let loss = net.loss(y)?;
        let pooled = net.graph.shape(y).clone();
        let mut graph = net.graph.clone();
        let gradients = graph.gradients(loss, &net.weights)?;
        let plan = Plan::compile(graph, &PlanOptions::for_outputs(&gradients))?;
        let gradients: Vec<_> = plan.steps().filter(|step| step.op == "UnaryGradient").collect();
        assert!(gradients.iter().all(|step| step.outputs[0] == pooled), "{gradients:?}");
        check(net, loss)?;
    }
    Ok(())
}

#[test]
fn padding_is_folded_so_that_gradients_need_no_cutting() -> Result<(), GraphError> {
    let mut net = Net::new();
    let pad = || Pad { padding: vec![[0, 0], [1, 1], [1, 1], [0, 0]], value: 0.0 };
    let y = net.normalised(net.input, 4)?;
    let y = net.relu(y)?;
    let y = net.graph.add(pad(), &[y])?;
    let pool = Pool {
        kind: PoolKind::Max,
        window: vec![3; 2],
        strides: vec![2; 2],
        padding: vec![(0, 0); 2],
        joined: None,
    };
    let y = net.graph.add(pool, &[y])?;
    let y = net.graph.add(pad(), &[y])?;
    let kernel = net.parameter(&[3, 3, 4, 3]);
    let y = net.graph.add(Conv::new(Geometry::new(2)), &[y, kernel])?;
    let loss = net.loss(y)?;
    let ops = check(net, loss)?;
    assert_eq!(count(&ops, "Pad") + count(&ops, "Slice"), 0, "{ops:?}");
    Ok(())
}
