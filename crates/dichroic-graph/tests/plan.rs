//! What a plan promises: the same values as the graph, whatever was folded, fused or shared.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::kernels::parallel::ThreadPool;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{
    BatchNorm, Binary, BroadcastTo, Conv, ConvTranspose, Geometry, Reduce, Reshape, ScaleShift,
    Softmax, Unary,
};
use dichroic_graph::{
    Executor, Graph, GraphError, Operation, ParameterId, Parameters, Plan, PlanOptions, Shape,
    Source, StepContext, ValueId, available_memory,
};

type Outcome = Result<(), GraphError>;

fn values(len: usize, phase: f32) -> Vec<f32> {
    (0..len).map(|i| ((i as f32 * 0.618_034 + phase).fract() - 0.5) * 2.0).collect()
}

fn tensor(shape: &[usize], phase: f32) -> Tensor {
    Tensor::new(shape, values(shape.iter().product(), phase)).expect("a full shape")
}

/// A graph under construction with its parameters.
#[derive(Default)]
struct Net {
    graph: Graph,
    parameters: Vec<Tensor>,
}

impl Net {
    fn parameter(&mut self, shape: &[usize]) -> ValueId {
        let id = ParameterId(self.parameters.len());
        self.parameters.push(tensor(shape, 0.21 * (1.0 + id.0 as f32)));
        self.graph.parameter(id, Shape::new(shape))
    }

    fn conv_scale_relu(&mut self, x: ValueId, filters: usize) -> Result<ValueId, GraphError> {
        let channels = self.graph.shape(x).last_axis();
        let kernel = self.parameter(&[3, 3, channels, filters]);
        let bias = self.parameter(&[filters]);
        let (scale, shift) = (self.parameter(&[filters]), self.parameter(&[filters]));
        let y = self.graph.add(Conv::new(Geometry::new(2)), &[x, kernel, bias])?;
        let y = self.graph.add(ScaleShift, &[y, scale, shift])?;
        self.graph.add(Unary(Function::Relu), &[y])
    }
}

/// All values of a graph by the references of its ops.
fn by_reference(graph: &Graph, parameters: &[Tensor], input: &Tensor) -> Vec<Option<Tensor>> {
    let mut found: Vec<Option<Tensor>> = Vec::new();
    let get = |found: &[Option<Tensor>], value: ValueId| -> Tensor {
        match graph.source(value) {
            Source::Input { .. } => input.clone(),
            Source::Parameter(id) => parameters[id.0].clone(),
            Source::Constant(tensor) => (**tensor).clone(),
            _ => found[graph_index(value)].clone().expect("nodes stand in order"),
        }
    };
    for node in graph.nodes() {
        let inputs: Vec<Tensor> = node.inputs.iter().map(|&i| get(&found, i)).collect();
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let outputs = node.op.reference(&inputs, StepContext::default());
        for (&value, output) in node.outputs.iter().zip(outputs) {
            let index = graph_index(value);
            found.resize_with(found.len().max(index + 1), || None);
            found[index] = Some(output);
        }
    }
    found
}

fn graph_index(value: ValueId) -> usize {
    value.number()
}

fn assert_close(got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len());
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let bound = 2e-5 * (1.0 + expected.abs());
        assert!((got - expected).abs() <= bound, "at {i}: expected {expected}, got {got}");
    }
}

#[test]
fn a_folded_and_fused_plan_equals_the_graph_op_by_op() -> Outcome {
    let mut net = Net::default();
    let x = net.graph.input("x", Shape::from([2, 9, 8, 3]));
    let y = net.conv_scale_relu(x, 5)?;
    let y = net.conv_scale_relu(y, 4)?;
    let kernel = net.parameter(&[2, 2, 6, 4]);
    let (scale, shift) = (net.parameter(&[6]), net.parameter(&[6]));
    let up = ConvTranspose::new(Geometry { strides: vec![2, 2], ..Geometry::new(2) }, &[10, 8]);
    let y = net.graph.add(up, &[y, kernel])?;
    let y = net.graph.add(ScaleShift, &[y, scale, shift])?;
    let shape = Shape::from([2, 10 * 8 * 6]);
    let y = net.graph.add(Reshape { shape }, &[y])?;
    let y = net.graph.add(Softmax::probabilities(), &[y])?;

    let input = tensor(&[2, 9, 8, 3], 0.77);
    let expected = by_reference(&net.graph, &net.parameters, &input);
    let options = PlanOptions { mode: ConvMode::Exact, ..PlanOptions::for_outputs(&[y]) };
    let plan = Plan::compile(net.graph, &options)?;
    let runs: Vec<&str> = plan.steps().map(|step| step.op).collect();
    assert!(!runs.contains(&"ScaleShift") && !runs.contains(&"Unary"), "{runs:?}");
    let mut executor = Executor::new(plan)?;
    let parameters = Parameters::new(net.parameters);
    for _ in 0..2 {
        executor.run(&[input.data()], &parameters, StepContext::default())?;
        let expected = expected[y.number()].as_ref().expect("computed");
        assert_close(executor.value(y)?, expected.data());
    }
    Ok(())
}

#[test]
fn changed_parameters_are_prepared_anew() -> Outcome {
    let mut net = Net::default();
    let x = net.graph.input("x", Shape::from([1, 5, 5, 2]));
    let y = net.conv_scale_relu(x, 3)?;
    let graph = net.graph.clone();
    let plan = Plan::compile(net.graph, &PlanOptions::for_outputs(&[y]))?;
    let mut executor = Executor::new(plan)?;
    let mut parameters = Parameters::new(net.parameters);
    let input = tensor(&[1, 5, 5, 2], 0.3);
    executor.run(&[input.data()], &parameters, StepContext::default())?;
    for index in 0..parameters.len() {
        let changed = parameters.get_mut(ParameterId(index)).expect("it exists");
        changed.data_mut().iter_mut().for_each(|value| *value *= 0.5);
        executor.run(&[input.data()], &parameters, StepContext::default())?;
        let expected = by_reference(&graph, parameters.tensors(), &input);
        assert_close(executor.value(y)?, expected[y.number()].as_ref().expect("computed").data());
    }
    Ok(())
}

#[test]
fn kept_values_are_those_that_were_computed_on_the_way() -> Outcome {
    let mut net = Net::default();
    let x = net.graph.input("x", Shape::from([1, 6, 6, 2]));
    let kernel = net.parameter(&[3, 3, 2, 4]);
    let before = net.graph.add(Conv::new(Geometry::new(2)), &[x, kernel])?;
    let after = net.graph.add(Unary(Function::Relu), &[before])?;
    let flat = net.graph.add(Reshape { shape: Shape::from([1, 64]) }, &[after])?;
    let options = PlanOptions { keep: vec![x, before, after], ..PlanOptions::for_outputs(&[flat]) };
    let mut executor = Executor::new(Plan::compile(net.graph, &options)?)?;
    let parameters = Parameters::new(net.parameters);
    let input = tensor(&[1, 6, 6, 2], 0.9);
    executor.run(&[input.data()], &parameters, StepContext::default())?;
    assert_eq!(executor.value(x)?, input.data());
    let clipped: Vec<f32> = executor.value(before)?.iter().map(|v| v.max(0.0)).collect();
    assert_eq!(executor.value(after)?, clipped);
    assert_eq!(executor.value(flat)?, clipped);
    assert!(matches!(executor.value(kernel), Err(GraphError::NotKept { .. })));
    Ok(())
}

#[test]
fn an_input_or_a_parameter_that_is_an_output_can_be_read() -> Outcome {
    let mut net = Net::default();
    let x = net.graph.input("x", Shape::from([2]));
    let held = net.parameter(&[3]);
    let turned = net.graph.add(Reshape { shape: Shape::from([3, 1]) }, &[held])?;
    let plan = Plan::compile(net.graph, &PlanOptions::for_outputs(&[x, held, turned]))?;
    let mut executor = Executor::new(plan)?;
    for phase in [0.1, 0.7] {
        let parameters = Parameters::new(vec![tensor(&[3], phase)]);
        executor.run(&[&[phase, 1.0]], &parameters, StepContext::default())?;
        assert_eq!(executor.value(x)?, [phase, 1.0]);
        assert_eq!(executor.value(held)?, values(3, phase));
        assert_eq!(executor.value(turned)?, values(3, phase));
    }
    Ok(())
}

#[test]
fn updates_change_the_parameters_only_when_they_are_applied() -> Outcome {
    let mut net = Net::default();
    let x = net.graph.input("x", Shape::from([6, 2]));
    let (gamma, beta) = (net.parameter(&[2]), net.parameter(&[2]));
    let moving_mean = net.parameter(&[2]);
    let outputs = net.graph.add_multi(BatchNorm::new(1e-3), &[x, gamma, beta])?;
    net.graph.update(moving_mean, outputs[1]);
    let plan = Plan::compile(net.graph, &PlanOptions::for_outputs(&[outputs[0]]))?;
    let mut executor = Executor::new(plan)?;
    let mut parameters = Parameters::new(net.parameters);
    let before = parameters.tensors()[2].clone();
    let input: Vec<f32> = (0..12).map(|i| i as f32).collect();
    executor.run(&[&input], &parameters, StepContext::default())?;
    assert_eq!(parameters.tensors()[2].data(), before.data());
    executor.apply_updates(&mut parameters)?;
    assert_eq!(parameters.tensors()[2].data(), [5.0, 6.0]);
    Ok(())
}

#[test]
fn one_and_two_threads_give_the_same_bits_for_a_training_step() -> Outcome {
    let run = |threads: usize| -> Result<Vec<Vec<f32>>, GraphError> {
        let mut net = Net::default();
        let x = net.graph.input("x", Shape::from([4, 17, 19, 3]));
        let y = net.conv_scale_relu(x, 24)?;
        let y = net.conv_scale_relu(y, 40)?;
        let square = net.graph.add(Binary::new(BinaryKind::Multiply), &[y, y])?;
        let loss = net.graph.add(Reduce::mean(vec![0, 1, 2, 3]), &[square])?;
        let weights: Vec<ValueId> = (0..net.graph.nodes().len())
            .flat_map(|node| net.graph.nodes()[node].inputs.clone())
            .filter(|&value| matches!(net.graph.source(value), Source::Parameter(_)))
            .collect();
        let gradients = net.graph.gradients(loss, &weights)?;
        let plan = Plan::compile(net.graph, &PlanOptions::for_outputs(&gradients))?;
        let mut executor = Executor::new(plan)?;
        let parameters = Parameters::new(net.parameters);
        let input = tensor(&[4, 17, 19, 3], 0.4);
        let pool = ThreadPool::new(threads).expect("a pool");
        pool.install(|| executor.run(&[input.data()], &parameters, StepContext::default()))?;
        gradients.iter().map(|&g| Ok(executor.value(g)?.to_vec())).collect()
    };
    let (one, two) = (run(1)?, run(2)?);
    assert!(one.iter().flatten().any(|&value| value != 0.0));
    let bits =
        |all: &[Vec<f32>]| -> Vec<u32> { all.iter().flatten().map(|v| v.to_bits()).collect() };
    assert!(bits(&one) == bits(&two), "gradients differ between one and two threads");
    Ok(())
}

#[test]
fn wrong_inputs_and_parameters_are_refused_with_their_sizes() -> Outcome {
    let mut net = Net::default();
    let x = net.graph.input("pictures", Shape::from([1, 4]));
    let bias = net.parameter(&[4]);
    let y = net.graph.add(Binary::new(BinaryKind::Add), &[x, bias])?;
    let mut executor = Executor::new(Plan::compile(net.graph, &PlanOptions::for_outputs(&[y]))?)?;
    let parameters = Parameters::new(net.parameters);
    let step = StepContext::default();
    let error = executor.run(&[], &parameters, step).expect_err("no input");
    assert!(matches!(error, GraphError::InputCount { expected: 1, got: 0 }));
    let error = executor.run(&[&[1.0; 3]], &parameters, step).expect_err("a short input");
    assert!(error.to_string().contains("\"pictures\" has shape (1, 4)"), "{error}");
    let error = executor.run(&[&[1.0; 4]], &Parameters::default(), step).expect_err("no weights");
    assert!(matches!(error, GraphError::ParameterLength { index: 0, expected: 4, got: 0 }));
    Ok(())
}

#[test]
fn gradients_of_shared_values_are_summed_and_of_unused_ones_are_zero() -> Outcome {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::from([3]));
    let unused = graph.input("unused", Shape::from([2]));
    let y = graph.add(Binary::new(BinaryKind::Multiply), &[x, x])?;
    let z = graph.add(Binary::new(BinaryKind::Add), &[y, x])?;
    let loss = graph.add(Reduce::sum(vec![0]), &[z])?;
    let gradients = graph.gradients(loss, &[x, unused])?;
    let mut executor = Executor::new(Plan::compile(graph, &PlanOptions::for_outputs(&gradients))?)?;
    let parameters = Parameters::default();
    executor.run(&[&[1.0, 2.0, 3.0], &[9.0, 9.0]], &parameters, StepContext::default())?;
    assert_eq!(executor.value(gradients[0])?, [3.0, 5.0, 7.0]);
    assert_eq!(executor.value(gradients[1])?, [0.0, 0.0]);
    Ok(())
}

#[test]
fn memory_is_shared_between_values_that_are_never_alive_together() -> Outcome {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::from([1024]));
    let mut y = x;
    for _ in 0..10 {
        y = graph.add(Binary::new(BinaryKind::Add), &[x, y])?;
    }
    let plan = Plan::compile(graph, &PlanOptions::for_outputs(&[y]))?;
    assert_eq!(plan.memory().arena, 2 * 1024 * 4);
    Ok(())
}

#[test]
fn a_plan_larger_than_the_memory_is_refused_with_both_figures() -> Outcome {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::from([1, 1]));
    let shape = Shape::from([1 << 22, 1 << 22]);
    let y = graph.add(BroadcastTo { shape }, &[x])?;
    let plan = Plan::compile(graph, &PlanOptions::for_outputs(&[y]))?;
    let error = Executor::new(plan).expect_err("64 TiB are refused");
    if available_memory().is_some() {
        assert!(error.to_string().contains("70368744177664 bytes"), "{error}");
    }
    Ok(())
}
