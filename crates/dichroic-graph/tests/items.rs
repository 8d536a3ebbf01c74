//! What a plan promises that takes a batch item by item: the same bits as item after item alone.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::kernels::parallel::ThreadPool;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{
    Binary, BroadcastTo, Concat, Conv, CumulativeSum, Gather, Geometry, Reduce, Reshape, Reverse,
    Slice, Softmax, Transpose, Unary,
};
use dichroic_graph::{
    Executor, Graph, GraphError, ParameterId, Parameters, Plan, PlanOptions, Shape, StepContext,
    ValueId, Work,
};

type Outcome = Result<(), GraphError>;

fn values(len: usize, phase: f32) -> Vec<f32> {
    (0..len).map(|i| ((i as f32 * 0.618_034 + phase).fract() - 0.5) * 2.0).collect()
}

/// A small network: wide maps first, then a branch that is joined, at last two steps with many weights.
struct Net {
    graph: Graph,
    parameters: Vec<Tensor>,
    /// Of the branches, the joined maps, and the two outputs.
    named: Vec<ValueId>,
    outputs: Vec<ValueId>,
}

impl Net {
    fn new(batch: usize) -> Result<Self, GraphError> {
        let mut net = Self {
            graph: Graph::new(),
            parameters: Vec::new(),
            named: Vec::new(),
            outputs: Vec::new(),
        };
        let x = net.graph.input("x", Shape::from([batch, 24, 22, 3]));
        let y = net.conv(x, 3, 8)?;
        let left = net.conv(y, 3, 5)?;
        let right = net.conv(y, 1, 6)?;
        let joined = net.graph.add(Concat { axis: 3 }, &[left, right])?;
        let z = net.conv(joined, 3, 11)?;
        let z = net.graph.add(Binary::new(BinaryKind::Add), &[z, joined])?;
        let channels = net.graph.add(Reduce::mean(vec![1, 2]), &[z])?;
        let len = net.graph.shape(z).elements() / batch;
        let flat = net.graph.add(Reshape { shape: Shape::from([batch, 1, len]) }, &[z])?;
        let logits = net.dense(flat, 10)?;
        let classes = net.graph.add(Softmax::probabilities(), &[logits])?;
        net.named = vec![x, left, joined, z, classes];
        net.outputs = vec![classes, channels];
        Ok(net)
    }

    fn parameter(&mut self, shape: &[usize]) -> ValueId {
        let id = ParameterId(self.parameters.len());
        let data = values(shape.iter().product(), 0.21 * (1.0 + id.0 as f32));
        self.parameters.push(Tensor::new(shape.to_vec(), data).expect("a full shape"));
        self.graph.parameter(id, Shape::new(shape))
    }

    /// A convolution with ReLU that keeps the size of its input.
    fn conv(&mut self, x: ValueId, size: usize, filters: usize) -> Result<ValueId, GraphError> {
        let kernel = self.parameter(&[size, size, self.graph.shape(x).last_axis(), filters]);
        let bias = self.parameter(&[filters]);
        let mut geometry = Geometry::new(2);
        geometry.padding = vec![(size / 2, size / 2); 2];
        let y = self.graph.add(Conv::new(geometry), &[x, kernel, bias])?;
        self.graph.add(Unary(Function::Relu), &[y])
    }

    fn dense(&mut self, x: ValueId, units: usize) -> Result<ValueId, GraphError> {
        let kernel = self.parameter(&[1, self.graph.shape(x).last_axis(), units]);
        self.graph.add(Conv::new(Geometry::new(1)), &[x, kernel])
    }

    fn executor(&self, keep: &[ValueId]) -> Result<Executor, GraphError> {
        let options =
            PlanOptions { keep: keep.to_vec(), ..PlanOptions::for_outputs(&self.outputs) };
        Executor::new(Plan::compile(self.graph.clone(), &options)?)
    }
}

/// What a net of `batch` items gives for the values named.
fn run(batch: usize, keep: bool, input: &[f32]) -> Result<Vec<Vec<f32>>, GraphError> {
    let net = Net::new(batch)?;
    let kept: &[ValueId] = if keep { &net.named } else { &[] };
    let mut executor = net.executor(kept)?;
    let parameters = Parameters::new(net.parameters.clone());
    // Twice: what a first run leaves in memory must not be seen in the second.
    for _ in 0..2 {
        executor.run(&[input], &parameters, StepContext::default())?;
    }
    let read = if keep { &net.named } else { &net.outputs };
    read.iter().map(|&value| Ok(executor.value(value)?.to_vec())).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn wide_maps_are_taken_item_by_item_and_many_weights_as_a_whole() -> Outcome {
    let executor = Net::new(4)?.executor(&[])?;
    let by_item: Vec<bool> =
        executor.steps().filter(|step| !step.prepares).map(|step| step.by_item).collect();
    let end = by_item.iter().take_while(|&&by_item| by_item).count();
    assert!(end > 2 && end < by_item.len(), "{by_item:?}");
    assert!(by_item[end..].iter().all(|&by_item| !by_item), "{by_item:?}");
    let one = Net::new(1)?.executor(&[])?;
    assert!(one.steps().all(|step| !step.by_item));
    Ok(())
}

#[test]
fn a_batch_gives_what_its_items_give_for_any_number_of_threads() -> Outcome {
    for batch in [2, 3, 5, 8] {
        let len = 24 * 22 * 3;
        let input = values(batch * len, 0.4);
        for keep in [false, true] {
            let alone: Vec<Vec<Vec<f32>>> = input
                .chunks(len)
                .map(|item| run(1, keep, item))
                .collect::<Result<_, GraphError>>()?;
            for threads in [1, 2, 3] {
                let pool = ThreadPool::new(threads).expect("a pool");
                let together = pool.install(|| run(batch, keep, &input))?;
                for (value, together) in together.iter().enumerate() {
                    let items = together.chunks(together.len() / batch);
                    // The classes come from a step that takes the batch as a whole, in other tiles.
                    let by_item = if keep { value < 4 } else { value == 1 };
                    let rounding = if by_item { 0.0 } else { 2e-4 };
                    for (item, (got, expected)) in items.zip(&alone).enumerate() {
                        let expected = &expected[value];
                        assert_eq!(got.len(), expected.len());
                        for (got, expected) in got.iter().zip(expected) {
                            let bound = rounding * (1.0 + expected.abs());
                            assert!(
                                (got - expected).abs() <= bound,
                                "value {value} of item {item} of {batch}, {threads} threads, \
                                 kept: {keep}: expected {expected}, got {got}"
                            );
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_number_of_threads_changes_no_bit() -> Outcome {
    for batch in [2, 5, 7] {
        let input = values(batch * 24 * 22 * 3, 0.9);
        let with = |threads: usize| {
            let pool = ThreadPool::new(threads).expect("a pool");
            pool.install(|| run(batch, false, &input))
        };
        let one = with(1)?;
        for threads in [2, 3, 8] {
            for (got, expected) in with(threads)?.iter().zip(&one) {
                assert!(bits(got) == bits(expected), "{threads} threads, {batch} items");
            }
        }
    }
    Ok(())
}

#[test]
fn an_executor_may_run_with_more_or_fewer_threads_than_it_was_made_with() -> Outcome {
    let net = Net::new(6)?;
    let input = values(6 * 24 * 22 * 3, 0.1);
    let parameters = Parameters::new(net.parameters.clone());
    let pools = [1, 2, 4].map(|threads| ThreadPool::new(threads).expect("a pool"));
    let mut executor = pools[1].install(|| net.executor(&[]))?;
    let mut seen = Vec::new();
    for pool in &pools {
        pool.install(|| executor.run(&[&input], &parameters, StepContext::default()))?;
        seen.push(bits(executor.value(net.outputs[0])?));
    }
    assert!(seen.iter().all(|bits| *bits == seen[0]));
    Ok(())
}

#[test]
fn item_by_item_takes_less_memory_than_the_batch_as_a_whole() -> Outcome {
    let pool = ThreadPool::new(2).expect("a pool");
    let net = Net::new(32)?;
    let options = PlanOptions::for_outputs(&net.outputs);
    let plan = Plan::compile(net.graph.clone(), &options)?;
    let kept = PlanOptions { keep: net.named.clone(), ..options };
    let whole = Plan::compile(net.graph, &kept)?;
    let (lanes, whole) = pool.install(|| (plan.memory().arena, whole.memory().arena));
    assert!(2 * lanes < whole, "{lanes} bytes, {whole} where every value is kept");
    Ok(())
}

#[test]
fn every_step_is_timed_once_in_a_run_however_many_items_it_takes() -> Outcome {
    let net = Net::new(3)?;
    let mut executor = net.executor(&[])?;
    let parameters = Parameters::new(net.parameters.clone());
    let input = values(3 * 24 * 22 * 3, 0.1);
    let mut runs = vec![0; executor.steps().count()];
    executor.run_timed(&[&input], &parameters, StepContext::default(), |seen| {
        if seen.work == Work::Run {
            runs[seen.step] += 1;
        }
    })?;
    assert!(runs.iter().all(|&runs| runs == 1), "{runs:?}");
    Ok(())
}

#[test]
fn an_op_that_mixes_items_takes_the_batch_as_a_whole() -> Outcome {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::from([4, 3, 5]));
    let y = graph.add(Unary(Function::Relu), &[x])?;
    let mean = graph.add(Reduce::mean(vec![0]), &[y])?;
    let centred = graph.add(Binary::new(BinaryKind::Subtract), &[y, mean])?;
    let options =
        PlanOptions { mode: ConvMode::Exact, ..PlanOptions::for_outputs(&[centred, mean]) };
    let mut executor = Executor::new(Plan::compile(graph, &options)?)?;
    let input = values(60, 0.3);
    executor.run(&[&input], &Parameters::default(), StepContext::default())?;
    for i in 0..15 {
        let positive = |item: usize| input[item * 15 + i].max(0.0);
        let expected = (0..4).map(positive).sum::<f32>() / 4.0;
        assert!((executor.value(mean)?[i] - expected).abs() < 1e-6);
        let third = executor.value(centred)?[2 * 15 + i];
        assert!((third - (positive(2) - expected)).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn an_empty_batch_is_taken_as_a_whole() -> Outcome {
    let net = Net::new(4)?;
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::from([0, 4, 4, 3]));
    let y = graph.add(Unary(Function::Relu), &[x])?;
    let mut executor = Executor::new(Plan::compile(graph, &PlanOptions::for_outputs(&[y]))?)?;
    let parameters = Parameters::new(net.parameters);
    executor.run(&[&[]], &parameters, StepContext::default())?;
    assert_eq!(executor.value(y)?, [0.0; 0]);
    Ok(())
}

#[test]
fn ops_that_move_values_along_the_batch_are_told_from_those_that_do_not() -> Outcome {
    let apart = |make: &dyn Fn(&mut Graph, ValueId) -> Result<ValueId, GraphError>| {
        let mut graph = Graph::new();
        let x = graph.input("x", Shape::from([4, 6]));
        let y = make(&mut graph, x)?;
        Ok::<bool, GraphError>(graph.keeps_items_apart(&[y]))
    };
    let slice = |axis, size| {
        let mut sizes = [4, 6];
        sizes[axis] = size;
        Slice::block(&[0, 0], &sizes)
    };
    let sum = |axis| CumulativeSum { axis, exclusive: false, reverse: false };
    let taken = |axis| {
        apart(&|graph, x| {
            let places = graph.constant(Tensor::new([4], vec![3.0, 2.0, 1.0, 0.0])?);
            graph.add(Gather { axis }, &[x, places])
        })
    };
    assert!(apart(&|graph, x| graph.add(slice(1, 3), &[x]))?);
    assert!(!apart(&|graph, x| graph.add(slice(0, 2), &[x]))?);
    assert!(apart(&|graph, x| graph.add(sum(1), &[x]))?);
    assert!(!apart(&|graph, x| graph.add(sum(0), &[x]))?);
    assert!(apart(&|graph, x| graph.add(Reverse { axes: vec![1] }, &[x]))?);
    assert!(!apart(&|graph, x| graph.add(Reverse { axes: vec![0, 1] }, &[x]))?);
    assert!(taken(1)? && !taken(0)?);
    // Twice turned round is as before, but a value in between has no place for each item.
    assert!(!apart(&|graph, x| {
        let turned = graph.add(Transpose { axes: vec![1, 0] }, &[x])?;
        graph.add(Transpose { axes: vec![1, 0] }, &[turned])
    })?);
    assert!(!apart(&|graph, x| graph.add(BroadcastTo { shape: Shape::from([3, 4, 6]) }, &[x]))?);
    assert!(!apart(&|graph, x| graph.add(Reshape { shape: Shape::from([8, 3]) }, &[x]))?);
    assert!(apart(&|graph, x| {
        let halves = graph.add(Reshape { shape: Shape::from([8, 3]) }, &[x])?;
        graph.add(Reshape { shape: Shape::from([4, 3, 2]) }, &[halves])
    })?);
    Ok(())
}
