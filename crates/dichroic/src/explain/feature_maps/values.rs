//! One run that keeps what every layer reads and makes.

use std::collections::{HashMap, HashSet};

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{Executor, GraphError, Plan, PlanOptions, StepContext, ValueId};

use super::scores::{OutputScores, scores};
use crate::explain::ExplainError;
use crate::explain::channels::keeps_channels;
use crate::layers::Mode;
use crate::model::{LayerRef, LoweredCall, LoweredModel, Model, ModelError};

/// What the first call of every layer reads and makes for one input, without the batch axis.
///
/// Values are those of [`Trace`](crate::explain::Trace): plain sums. One that several layers read is kept once.
#[derive(Clone, Debug)]
pub struct LayerValues {
    calls: Vec<KeptCall>,
    places: HashMap<String, usize>,
    tensors: Vec<Tensor>,
    scores: Vec<OutputScores>,
}

#[derive(Clone, Debug)]
struct KeptCall {
    path: String,
    layer: LayerRef,
    inputs: Vec<usize>,
    output: usize,
    made_by: Option<String>,
}

/// A call with its value.
pub(super) struct CallValue<'a> {
    pub(super) path: &'a str,
    pub(super) layer: &'a LayerRef,
    pub(super) output: &'a Tensor,
    pub(super) made_by: Option<&'a str>,
}

impl LayerValues {
    /// Runs the model on the first item of these arrays.
    ///
    /// # Errors
    /// When the weights have no values or the arrays don't suit the inputs.
    pub fn of(model: &Model, inputs: &[Tensor]) -> Result<Self, ExplainError> {
        let items = model.check_data(inputs)?;
        if items == 0 {
            return Err(ModelError::Data {
                input: model.input_names().join(", "),
                expected: "at least one item".to_owned(),
                got: "none".to_owned(),
            }
            .into());
        }
        let firsts: Vec<Tensor> = inputs.iter().map(first).collect::<Result<_, _>>()?;
        let shapes: Vec<Vec<usize>> = firsts.iter().map(|first| first.shape().to_vec()).collect();
        let lowered = model.lower_for(&shapes, Mode::Inference)?;
        let calls = first_calls(model, &lowered);
        let mut keeper = Keeper { places: HashMap::new(), wanted: Vec::new() };
        let makers = makers(&lowered);
        let kept: Vec<KeptCall> = calls
            .iter()
            .map(|call| KeptCall {
                path: call.path.clone(),
                layer: call.layer.clone(),
                inputs: call.inputs.iter().map(|&value| keeper.place(value)).collect(),
                output: keeper.place(call.outputs[0]),
                made_by: makers.get(&call.outputs[0]).cloned().flatten(),
            })
            .collect();
        let outputs: Vec<usize> =
            lowered.outputs.iter().map(|&value| keeper.place(value)).collect();
        let tensors = run(model, &lowered, &firsts, &keeper.wanted)?;
        let named = model.output_names().into_iter().zip(&lowered.outputs).zip(&outputs);
        let scores = named
            .map(|((name, &value), &place)| scores(name, &lowered.graph, value, &tensors[place]))
            .collect();
        let places =
            kept.iter().enumerate().map(|(place, call)| (call.path.clone(), place)).collect();
        Ok(Self { calls: kept, places, tensors, scores })
    }

    /// What the layer with this path makes: `(positions…, channels)`.
    pub fn output(&self, layer: &str) -> Option<&Tensor> {
        Some(&self.tensors[self.calls[*self.places.get(layer)?].output])
    }

    /// What the layer with this path reads, the first of several; an input layer reads nothing.
    pub fn input(&self, layer: &str) -> Option<&Tensor> {
        let place = self.calls[*self.places.get(layer)?].inputs.first()?;
        Some(&self.tensors[*place])
    }

    /// The memory of the values.
    pub fn bytes(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.len() * size_of::<f32>()).sum()
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = CallValue<'_>> {
        self.calls.iter().map(|call| CallValue {
            path: &call.path,
            layer: &call.layer,
            output: &self.tensors[call.output],
            made_by: call.made_by.as_deref(),
        })
    }

    pub(super) fn scores(&self) -> &[OutputScores] {
        &self.scores
    }
}

/// The first call of every layer that makes a value of its own: not of nested models and their inputs.
fn first_calls<'a>(model: &Model, lowered: &'a LoweredModel) -> Vec<&'a LoweredCall> {
    let mut met = HashSet::new();
    let own = |call: &&LoweredCall| match call.layer.is_input() {
        true => model.inputs().iter().any(|input| *input.layer() == call.layer),
        false => call.layer.model().is_none(),
    };
    lowered.calls.iter().filter(own).filter(|call| met.insert(&call.path)).collect()
}

/// Which convolution's filters made the channels of each value.
fn makers(lowered: &LoweredModel) -> HashMap<ValueId, Option<String>> {
    let mut makers: HashMap<ValueId, Option<String>> = HashMap::new();
    for call in &lowered.calls {
        let Some(kind) = call.layer.layer() else { continue };
        let output = call.outputs[0];
        if call.inputs.contains(&output) {
            // The layer passes its input on.
            continue;
        }
        let inputs = call.layer.built_for().unwrap_or_default();
        let maker = match kind.convolution(inputs) {
            // `glu` makes half as many channels as there are filters.
            Some(convolution) => (convolution.filters == lowered.graph.shape(output).last_axis())
                .then(|| call.path.clone()),
            None if keeps_channels(kind) => {
                call.inputs.first().and_then(|input| makers.get(input)?.clone())
            }
            None => None,
        };
        makers.insert(output, maker);
    }
    makers
}

/// Gives each value that is to be kept a place.
struct Keeper {
    places: HashMap<ValueId, usize>,
    wanted: Vec<ValueId>,
}

impl Keeper {
    fn place(&mut self, value: ValueId) -> usize {
        let wanted = &mut self.wanted;
        *self.places.entry(value).or_insert_with(|| {
            wanted.push(value);
            wanted.len() - 1
        })
    }
}

fn run(
    model: &Model,
    lowered: &LoweredModel,
    inputs: &[Tensor],
    wanted: &[ValueId],
) -> Result<Vec<Tensor>, ExplainError> {
    let of_graph = |error: GraphError| ExplainError::Model(error.into());
    let computed: Vec<ValueId> =
        wanted.iter().copied().filter(|value| !lowered.inputs.contains(value)).collect();
    let mut options = PlanOptions::for_outputs(&lowered.outputs);
    options.keep = computed;
    options.mode = ConvMode::Exact;
    let plan = Plan::compile(lowered.graph.clone(), &options).map_err(of_graph)?;
    let mut executor = Executor::new(plan).map_err(of_graph)?;
    let slices: Vec<&[f32]> = inputs.iter().map(Tensor::data).collect();
    let parameters = model.parameters_or_none()?;
    executor.run(&slices, parameters, StepContext::default()).map_err(of_graph)?;
    let item = |&value: &ValueId| {
        let data = match lowered.inputs.iter().position(|&input| input == value) {
            Some(position) => inputs[position].data(),
            None => executor.value(value).map_err(of_graph)?,
        };
        // An operation may put another axis than the batch first: its value is kept as it lies.
        let mut shape = lowered.graph.shape(value).to_vec();
        if shape.first() == Some(&1) {
            shape.remove(0);
        }
        Ok(Tensor::new(shape, data.to_vec()).map_err(ModelError::from)?)
    };
    wanted.iter().map(item).collect()
}

/// The first item, with a batch axis of 1.
pub(in crate::explain) fn first(array: &Tensor) -> Result<Tensor, ModelError> {
    let mut shape = array.shape().to_vec();
    let items = shape.first().copied().unwrap_or(1).max(1);
    if let Some(batch) = shape.first_mut() {
        *batch = 1;
    }
    Ok(Tensor::new(shape, array.data()[..array.len() / items].to_vec())?)
}
