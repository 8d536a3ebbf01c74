//! One layer lowered by itself and run, for the tests of layers.

use dichroic::Shape;
use dichroic::layers::{Layer, Lowering, Mode, WeightSpec};
use dichroic_graph::kernels::elementwise::Binary;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops;
use dichroic_graph::{
    Executor, Graph, ParameterId, Parameters, Plan, PlanOptions, StepContext, ValueId,
};

/// A layer in a graph of its own, with the gradients of `Σ output · direction`.
pub struct Lowered {
    executor: Executor,
    parameters: Parameters,
    output: ValueId,
    output_shape: Vec<usize>,
    loss: ValueId,
    gradients: Vec<ValueId>,
    specs: Vec<WeightSpec>,
}

/// The shapes of arrays as layers see them.
pub fn known(shapes: &[Vec<usize>]) -> Vec<Shape> {
    let open =
        |shape: &Vec<usize>| Shape::new(shape.iter().map(|&size| Some(size)).collect::<Vec<_>>());
    shapes.iter().map(open).collect()
}

impl Lowered {
    /// Lowers the layer for inputs of these shapes and the weights' values in Keras's order.
    pub fn new(
        layer: &dyn Layer,
        shapes: &[Vec<usize>],
        weights: Vec<Vec<f32>>,
        mode: Mode,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let specs = layer.weights(&known(shapes))?;
        let mut graph = Graph::new();
        graph.scope("layer");
        let inputs: Vec<ValueId> = (shapes.iter().enumerate())
            .map(|(i, shape)| graph.input(&format!("input{i}"), shape.as_slice().into()))
            .collect();
        let mut values = Vec::new();
        let mut tensors = Vec::new();
        for (i, (spec, data)) in specs.iter().zip(weights).enumerate() {
            values.push(graph.parameter(ParameterId(i), spec.shape.as_slice().into()));
            tensors.push(Tensor::new(spec.shape.clone(), data)?);
        }
        let mut lowering = Lowering { graph: &mut graph, inputs: &inputs, weights: &values, mode };
        let output = layer.lower(&mut lowering)?;
        let output_shape = graph.shape(output).clone();
        let direction = graph.input("direction", output_shape.clone());
        let product = graph.add(ops::Binary::new(Binary::Multiply), &[output, direction])?;
        let loss = graph.add(ops::Reduce::sum((0..output_shape.len()).collect()), &[product])?;
        let trained = values.iter().zip(&specs).filter(|(_, spec)| spec.trainable);
        let wrt: Vec<ValueId> =
            inputs.iter().copied().chain(trained.map(|(&value, _)| value)).collect();
        let gradients = graph.gradients(loss, &wrt)?;
        let outputs: Vec<ValueId> = [output, loss].into_iter().chain(gradients.clone()).collect();
        let plan = Plan::compile(graph, &PlanOptions::for_outputs(&outputs))?;
        Ok(Self {
            executor: Executor::new(plan)?,
            parameters: Parameters::new(tensors),
            output,
            output_shape: output_shape.to_vec(),
            loss,
            gradients,
            specs,
        })
    }

    /// The shape of the output, as the graph has it.
    pub fn output_shape(&self) -> &[usize] {
        &self.output_shape
    }

    /// The values of a weight, to be changed.
    pub fn weight_mut(&mut self, index: usize) -> &mut [f32] {
        self.parameters.get_mut(ParameterId(index)).expect("one of the weights").data_mut()
    }

    /// The numbers of the weights that gradients change.
    pub fn trained(&self) -> Vec<usize> {
        (0..self.specs.len()).filter(|&index| self.specs[index].trainable).collect()
    }

    /// Runs the layer; returns `Σ output · direction`.
    pub fn run(&mut self, inputs: &[Vec<f32>], direction: &[f32]) -> f32 {
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).chain([direction]).collect();
        self.executor.run(&inputs, &self.parameters, StepContext::default()).expect("a run");
        self.executor.value(self.loss).expect("the loss")[0]
    }

    /// The output of the last run.
    pub fn output(&self) -> &[f32] {
        self.executor.value(self.output).expect("the output")
    }

    /// The gradients of the last run: of each input, then of each weight that gradients change.
    pub fn gradients(&self) -> Vec<Vec<f32>> {
        let gradient = |&value| self.executor.value(value).expect("a gradient").to_vec();
        self.gradients.iter().map(gradient).collect()
    }

    /// The weights after the updates of the last run (moving statistics).
    pub fn updated(&mut self) -> Vec<Vec<f32>> {
        self.executor.apply_updates(&mut self.parameters).expect("the updates");
        self.parameters.tensors().iter().map(|tensor| tensor.data().to_vec()).collect()
    }
}
