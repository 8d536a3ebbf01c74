//! What plans make of the ops behind and before convolutions: the same values with fewer steps.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::kernels::pool::PoolKind;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{
    Binary, Concat, Conv, ConvTranspose, Geometry, Pad, Pool, Reduce, Reshape, ScaleShift, Unary,
};
use dichroic_graph::{
    Executor, Graph, GraphError, Operation, ParameterId, Parameters, Plan, PlanOptions, Shape,
    Source, StepContext, ValueId,
};

type Outcome = Result<(), GraphError>;

fn tensor(shape: &[usize], phase: f32) -> Tensor {
    let value = |i: usize| ((i as f32 * 0.618_034 + phase).fract() - 0.5) * 2.0;
    Tensor::new(shape, (0..shape.iter().product()).map(value).collect()).expect("a full shape")
}

/// A graph under construction with its parameters, and what is to be kept of its values.
#[derive(Default)]
struct Net {
    graph: Graph,
    parameters: Vec<Tensor>,
    keep: Vec<ValueId>,
}

impl Net {
    fn input(&mut self, shape: &[usize]) -> ValueId {
        self.graph.input("x", Shape::new(shape))
    }

    fn parameter(&mut self, shape: &[usize]) -> ValueId {
        let id = ParameterId(self.parameters.len());
        self.parameters.push(tensor(shape, 0.21 * (1.0 + id.0 as f32)));
        self.graph.parameter(id, Shape::new(shape))
    }

    /// A convolution that keeps the size.
    fn conv(&mut self, x: ValueId, kernel: usize, filters: usize) -> Result<ValueId, GraphError> {
        let channels = self.graph.shape(x).last_axis();
        let weights = self.parameter(&[kernel, kernel, channels, filters]);
        let bias = self.parameter(&[filters]);
        let pads = ((kernel - 1) / 2, kernel / 2);
        let geometry = Geometry { padding: vec![pads; 2], ..Geometry::new(2) };
        self.graph.add(Conv::new(geometry), &[x, weights, bias])
    }

    fn scale(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        let channels = self.graph.shape(x).last_axis();
        let (scale, shift) = (self.parameter(&[channels]), self.parameter(&[channels]));
        self.graph.add(ScaleShift, &[x, scale, shift])
    }

    fn relu(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        self.graph.add(Unary(Function::Relu), &[x])
    }

    fn sum(&mut self, a: ValueId, b: ValueId) -> Result<ValueId, GraphError> {
        self.graph.add(Binary::new(BinaryKind::Add), &[a, b])
    }

    fn join(&mut self, parts: &[ValueId]) -> Result<ValueId, GraphError> {
        let axis = self.graph.shape(parts[0]).len() - 1;
        self.graph.add(Concat { axis }, parts)
    }

    fn pad(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        let padding = vec![[0, 0], [1, 2], [2, 1], [0, 0]];
        self.graph.add(Pad { padding, value: 0.0 }, &[x])
    }

    /// Pooling by 3 × 3; one that keeps the size has steps of 1.
    fn pool(&mut self, kind: PoolKind, x: ValueId, steps: usize) -> Result<ValueId, GraphError> {
        let padding = if steps == 1 { vec![(1, 1); 2] } else { vec![(0, 0); 2] };
        let pool =
            Pool { kind, window: vec![3, 3], strides: vec![steps; 2], padding, joined: None };
        self.graph.add(pool, &[x])
    }

    /// Runs the plan twice, compares outputs and kept values with the ops' references, and returns
    /// the names of the steps.
    fn check(self, outputs: &[ValueId]) -> Result<Vec<&'static str>, GraphError> {
        let inputs: Vec<Tensor> = self
            .graph
            .inputs()
            .iter()
            .map(|&input| tensor(self.graph.shape(input), 0.77))
            .collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(|input| input.data()).collect();
        let expected = self.by_reference(&inputs);
        let options = PlanOptions {
            mode: ConvMode::Exact,
            keep: self.keep.clone(),
            ..PlanOptions::for_outputs(outputs)
        };
        let plan = Plan::compile(self.graph, &options)?;
        let steps = plan.steps().map(|step| step.op).collect();
        let mut executor = Executor::new(plan)?;
        let parameters = Parameters::new(self.parameters);
        for _ in 0..2 {
            executor.run(&inputs, &parameters, StepContext::default())?;
            for &value in outputs.iter().chain(&self.keep) {
                let expected = expected[value.number()].as_ref().expect("it is computed");
                let got = executor.value(value)?;
                assert_eq!(got.len(), expected.len());
                for (i, (&got, &expected)) in got.iter().zip(expected.data()).enumerate() {
                    let bound = 1e-4 * (1.0 + expected.abs());
                    let number = value.number();
                    assert!(
                        (got - expected).abs() <= bound,
                        "value {number} at {i}: expected {expected}, got {got}, by {steps:?}"
                    );
                }
            }
        }
        Ok(steps)
    }

    /// All values by the references of the ops, one by one.
    fn by_reference(&self, inputs: &[&[f32]]) -> Vec<Option<Tensor>> {
        let mut found: Vec<Option<Tensor>> = Vec::new();
        for node in self.graph.nodes() {
            let value = |&value: &ValueId| match self.graph.source(value) {
                Source::Input { position, .. } => {
                    let shape = self.graph.shape(value).to_vec();
                    Tensor::new(shape, inputs[*position].to_vec()).expect("a full shape")
                }
                Source::Parameter(id) => self.parameters[id.0].clone(),
                Source::Constant(tensor) => (**tensor).clone(),
                _ => found[value.number()].clone().expect("nodes stand in order"),
            };
            let given: Vec<Tensor> = node.inputs.iter().map(value).collect();
            let given: Vec<&Tensor> = given.iter().collect();
            let made = node.op.reference(&given, StepContext::default());
            for (&value, made) in node.outputs.iter().zip(made) {
                found.resize_with(found.len().max(value.number() + 1), || None);
                found[value.number()] = Some(made);
            }
        }
        found
    }
}

#[test]
fn a_residual_is_added_by_the_convolution_and_so_is_its_activation() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[2, 6, 5, 3]);
    let x = net.conv(x, 1, 8)?;
    let x = net.relu(x)?;
    // An identity block, as in ResNet: the shortcut is read by the branch as well.
    let y = net.conv(x, 3, 8)?;
    let y = net.scale(y)?;
    let y = net.relu(y)?;
    let y = net.conv(y, 1, 8)?;
    let y = net.scale(y)?;
    let y = net.sum(x, y)?;
    let x = net.relu(y)?;
    // A block whose shortcut is a convolution.
    let shortcut = net.conv(x, 1, 12)?;
    let y = net.conv(x, 3, 12)?;
    let y = net.sum(y, shortcut)?;
    let y = net.relu(y)?;
    let steps = net.check(&[y])?;
    assert!(steps.iter().all(|&step| ["Conv", "Multiply", "Add"].contains(&step)), "{steps:?}");
    // The only additions left fold biases, once per change of the weights.
    assert_eq!(steps.iter().filter(|&&step| step == "Add").count(), 2);
    Ok(())
}

#[test]
fn an_addition_overwrites_the_shortcut_that_nothing_reads_any_more() -> Outcome {
    let mut net = Net::default();
    let input = net.input(&[1, 16, 16, 16]);
    let mut x = net.conv(input, 1, 16)?;
    for _ in 0..3 {
        let y = net.conv(x, 1, 16)?;
        x = net.sum(x, y)?;
    }
    let plan = Plan::compile(net.graph, &PlanOptions::for_outputs(&[x]))?;
    assert!(plan.steps().all(|step| step.op == "Conv"));
    let memory = plan.memory();
    assert_eq!(memory.arena - memory.packed, 2 * 16 * 16 * 16 * 4);
    Ok(())
}

#[test]
fn a_sum_is_kept_apart_where_its_operand_is_looked_at() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[1, 5, 5, 4]);
    let y = net.conv(x, 3, 4)?;
    let sum = net.sum(y, x)?;
    let z = net.relu(sum)?;
    net.keep = vec![y, sum];
    let steps = net.check(&[z])?;
    assert_eq!(steps, ["Conv", "Add", "Unary"]);
    Ok(())
}

#[test]
fn branches_write_their_channels_of_the_joined_value() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[2, 7, 6, 5]);
    let a = net.conv(x, 1, 20)?;
    let a = net.relu(a)?;
    let b = net.conv(x, 1, 3)?;
    let b = net.conv(b, 3, 17)?;
    let b = net.scale(b)?;
    let c = net.conv(x, 3, 6)?;
    let (c1, c2) = (net.conv(c, 1, 2)?, net.conv(c, 3, 9)?);
    let c = net.join(&[c1, c2])?;
    let d = net.pool(PoolKind::Average, x, 1)?;
    let joined = net.join(&[a, b, c, d])?;
    let y = net.conv(joined, 1, 4)?;
    let steps = net.check(&[y])?;
    assert!(!steps.contains(&"Concat") && !steps.contains(&"Insert"), "{steps:?}");
    Ok(())
}

#[test]
fn a_part_that_is_read_elsewhere_is_copied_and_the_others_are_not() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[1, 6, 6, 3]);
    let dense = net.conv(x, 3, 5)?;
    let new = net.conv(dense, 3, 4)?;
    let other = net.conv(dense, 1, 4)?;
    net.keep = vec![other];
    let joined = net.join(&[dense, new, x, other])?;
    let steps = net.check(&[joined])?;
    assert_eq!(steps, ["Conv", "Conv", "Conv", "Insert", "Insert", "Insert"]);

    let mut net = Net::default();
    let x = net.input(&[1, 6, 6, 3]);
    let y = net.relu(x)?;
    let rows = net.graph.add(Concat { axis: 1 }, &[x, y])?;
    let joined = net.join(&[x, y])?;
    assert_eq!(net.check(&[joined, rows])?, ["Unary", "Concat", "Concat"]);
    Ok(())
}

#[test]
fn upsampled_features_are_joined_in_place_as_well() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[1, 4, 4, 3]);
    let skip = net.conv(x, 3, 6)?;
    let down = net.pool(PoolKind::Max, skip, 1)?;
    let weights = net.parameter(&[2, 2, 5, 6]);
    let geometry = Geometry { strides: vec![1, 1], ..Geometry::new(2) };
    let small = net.graph.add(Conv::new(geometry.clone()), &[down, weights]);
    assert!(small.is_err(), "the weights are those of a transposed convolution");
    let weights = net.parameter(&[1, 1, 5, 6]);
    let up = net.graph.add(ConvTranspose::new(geometry, &[4, 4]), &[down, weights])?;
    let up = net.relu(up)?;
    let joined = net.join(&[skip, up])?;
    let steps = net.check(&[joined])?;
    assert_eq!(steps, ["Conv", "MaxPool", "ConvTranspose", "Insert"]);
    Ok(())
}

#[test]
fn zeros_around_are_padded_by_those_who_read_them() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[1, 8, 7, 3]);
    let y = net.pad(x)?;
    let y = net.conv(y, 3, 4)?;
    let y = net.relu(y)?;
    let y = net.pad(y)?;
    let y = net.pool(PoolKind::Max, y, 2)?;
    assert_eq!(net.check(&[y])?, ["Conv", "MaxPool"]);
    Ok(())
}

#[test]
fn zeros_stay_where_they_count() -> Outcome {
    // The largest of negative values and a zero is the zero, and a mean counts its zeros.
    for (kind, step) in [(PoolKind::Max, "MaxPool"), (PoolKind::Average, "AveragePool")] {
        let mut net = Net::default();
        let x = net.input(&[1, 8, 7, 3]);
        let mut y = net.conv(x, 3, 4)?;
        if kind == PoolKind::Average {
            y = net.relu(y)?;
        }
        let y = net.pad(y)?;
        let y = net.pool(kind, y, 2)?;
        assert_eq!(net.check(&[y])?, ["Conv", "Pad", step]);
    }
    let mut net = Net::default();
    let x = net.input(&[1, 8, 7, 3]);
    let padded = net.pad(x)?;
    let y = net.conv(padded, 3, 4)?;
    net.keep = vec![padded];
    assert_eq!(net.check(&[y])?, ["Pad", "Conv"]);
    Ok(())
}

#[test]
fn an_activation_reaches_its_convolution_through_a_change_of_shape() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[2, 3, 3, 2]);
    let y = net.conv(x, 1, 5)?;
    let flat = net.graph.add(Reshape { shape: Shape::from([2, 45]) }, &[y])?;
    let y = net.relu(flat)?;
    assert_eq!(net.check(&[y])?, ["Conv"]);

    let mut net = Net::default();
    let x = net.input(&[2, 3, 3, 2]);
    let y = net.conv(x, 1, 5)?;
    let flat = net.graph.add(Reshape { shape: Shape::from([2, 45]) }, &[y])?;
    let z = net.relu(flat)?;
    net.keep = vec![y];
    assert_eq!(net.check(&[z])?, ["Conv", "Unary"]);
    Ok(())
}

/// Whole numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % count
    }

    fn pick(&mut self, values: &[ValueId]) -> ValueId {
        values[self.below(values.len())]
    }
}

#[test]
fn any_network_gives_what_its_ops_give_one_by_one() -> Outcome {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut net = Net::default();
        let x = net.input(&[1 + dice.below(2), 5, 4, 3]);
        let mut values = vec![x];
        let mut smaller = Vec::new();
        for _ in 0..3 + dice.below(12) {
            // Mostly the newest one, so that there are chains for passes to find.
            let newest = *values.last().expect("the input is there");
            let x = if dice.below(3) > 0 { newest } else { dice.pick(&values) };
            let y = match dice.below(9) {
                0 | 1 => net.conv(x, 1 + 2 * dice.below(2), 1 + dice.below(6))?,
                2 => net.relu(x)?,
                3 => net.scale(x)?,
                4 | 5 => {
                    let shape = net.graph.shape(x).clone();
                    let same = |&&value: &&ValueId| *net.graph.shape(value) == shape;
                    let others: Vec<ValueId> = values.iter().filter(same).copied().collect();
                    let other = dice.pick(&others);
                    net.sum(other, x)?
                }
                6 | 7 => {
                    let parts: Vec<ValueId> =
                        (0..1 + dice.below(3)).map(|_| dice.pick(&values)).chain([x]).collect();
                    if parts.iter().map(|&part| net.graph.shape(part).last_axis()).sum::<usize>()
                        > 40
                    {
                        continue;
                    }
                    net.join(&parts)?
                }
                _ => {
                    let padded = net.pad(x)?;
                    let kind = [PoolKind::Max, PoolKind::Average][dice.below(2)];
                    smaller.push(net.pool(kind, padded, 2)?);
                    smaller.push(net.conv(padded, 3, 2)?);
                    net.pool(kind, x, 1)?
                }
            };
            values.push(y);
            if dice.below(8) == 0 {
                net.keep.push(y);
            }
        }
        let mut outputs = vec![*values.last().expect("the input is there")];
        outputs.extend(smaller.iter().filter(|_| dice.below(2) == 0));
        let computed = |value: &ValueId| !matches!(net.graph.source(*value), Source::Input { .. });
        let outputs: Vec<ValueId> = outputs.into_iter().filter(computed).collect();
        println!("network {seed}");
        net.check(&outputs)?;
    }
    Ok(())
}

#[test]
fn gradients_are_those_of_the_network_before_it_was_fused() -> Outcome {
    let mut net = Net::default();
    let x = net.input(&[2, 6, 6, 3]);
    let padded = net.pad(x)?;
    let a = net.conv(padded, 3, 4)?;
    let b = net.conv(a, 3, 4)?;
    let sum = net.sum(a, b)?;
    let c = net.relu(sum)?;
    let joined = net.join(&[c, a])?;
    let y = net.conv(joined, 1, 2)?;
    let square = net.graph.add(Binary::new(BinaryKind::Multiply), &[y, y])?;
    let loss = net.graph.add(Reduce::mean(vec![0, 1, 2, 3]), &[square])?;
    let weights: Vec<ValueId> = (net.graph.nodes().iter())
        .flat_map(|node| node.inputs.clone())
        .filter(|&value| matches!(net.graph.source(value), Source::Parameter(_)))
        .collect();
    let gradients = net.graph.gradients(loss, &weights)?;
    let steps = net.check(&gradients)?;
    assert!(!steps.contains(&"Pad"), "{steps:?}");
    Ok(())
}

#[test]
fn folded_weights_give_their_memory_back_once_they_are_packed() -> Outcome {
    let mut net = Net::default();
    let mut x = net.input(&[1, 3, 3, 64]);
    for _ in 0..4 {
        x = net.conv(x, 3, 64)?;
        x = net.scale(x)?;
        x = net.relu(x)?;
    }
    let plan = Plan::compile(net.graph.clone(), &PlanOptions::for_outputs(&[x]))?;
    let (memory, one) = (plan.memory(), 3 * 3 * 64 * 64 * 4);
    assert!(memory.arena < memory.packed + one + one / 2, "{memory:?}");
    assert!(net.check(&[x])?.contains(&"Conv"));
    Ok(())
}
