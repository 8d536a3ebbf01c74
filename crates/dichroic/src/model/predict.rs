//! Running a model on data.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, PoisonError};

use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{Executor, Parameters, Plan, PlanOptions, StepContext, ValueId};

use super::{Model, ModelError};
use crate::layers::{Mode, registry};

/// Items in one run, as Keras's default.
const BATCH: usize = 32;
/// How many batch sizes a model keeps plans for.
const MOST_PLANS: usize = 4;

/// Plans by the shapes of the inputs, made when they are first needed.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<HashMap<Vec<Vec<usize>>, Prepared>>);

#[derive(Debug)]
struct Prepared {
    executor: Executor,
    outputs: Vec<ValueId>,
    shapes: Vec<Vec<usize>>,
}

impl Plans {
    /// Forgets all plans: the layers compute in another way.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets all plans: the weights are other ones.
    pub(super) fn clear(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The values that a run kept, by layer.
#[derive(Clone, Debug)]
pub struct KeptValue {
    /// The layer's path: `conv2d`, `backbone/conv2d`.
    pub layer: String,
    /// What its first call gave; batch first.
    pub value: Tensor,
}

impl Model {
    /// The model's outputs for arrays of any number of items, in batches of 32.
    ///
    /// Arrays come in the order of the inputs, batch first; outputs in the order of the outputs.
    ///
    /// # Errors
    /// When the weights have no values, or an array does not suit its input.
    pub fn predict(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, ModelError> {
        self.predict_in_batches(inputs, BATCH)
    }

    /// [`Model::predict`] with `batch` items in one run; with all of them where the model mixes the items of a batch.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn predict_in_batches(
        &self,
        inputs: &[Tensor],
        batch: usize,
    ) -> Result<Vec<Tensor>, ModelError> {
        let items = self.check_data(inputs)?;
        let parameters = self.parameters_or_none()?;
        let batch = batch.max(1);
        let in_parts = items > batch && self.keeps_items_apart(inputs);
        let batch = if in_parts { batch } else { items.max(1) };
        let mut plans = self.plans.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut data: Vec<Vec<f32>> = vec![Vec::new(); self.outputs.len()];
        for first in (0..items).step_by(batch) {
            let size = batch.min(items - first);
            let prepared = self.prepared(&mut plans, sizes(inputs, size))?;
            let slices: Vec<&[f32]> =
                inputs.iter().map(|input| part(input, items, first, size)).collect();
            prepared.executor.run(&slices, parameters, StepContext::default())?;
            for (all, &output) in data.iter_mut().zip(&prepared.outputs) {
                all.extend_from_slice(prepared.executor.value(output)?);
            }
        }
        let shapes = self.prepared(&mut plans, sizes(inputs, batch))?.shapes.clone();
        let whole = |(data, mut shape): (Vec<f32>, Vec<usize>)| {
            if let (true, Some(first)) = (in_parts || items == 0, shape.first_mut()) {
                *first = items;
            }
            Tensor::new(shape, data).map_err(ModelError::from)
        };
        data.into_iter().zip(shapes).map(whole).collect()
    }

    /// What the first call of each layer gives for these arrays, all in one run, as the executor computes it.
    ///
    /// # Errors
    /// As [`Model::predict`], and when there is no such layer.
    pub fn values(&self, inputs: &[Tensor], layers: &[&str]) -> Result<Vec<KeptValue>, ModelError> {
        let items = self.check_data(inputs)?;
        let parameters = self.parameters_or_none()?;
        let lowered = self.lower_for(&sizes(inputs, items), Mode::Inference)?;
        let mut wanted = Vec::with_capacity(layers.len());
        for path in layers {
            self.get_layer(path)?;
            let call = lowered.call(path).ok_or_else(|| ModelError::NoSuchLayer {
                model: self.name().to_owned(),
                layer: (*path).to_owned(),
                suggestion: String::new(),
            })?;
            wanted.push((call.path.clone(), call.outputs[0]));
        }
        let shapes: Vec<Vec<usize>> =
            wanted.iter().map(|(_, value)| lowered.graph.shape(*value).to_vec()).collect();
        let mut options = PlanOptions::for_outputs(&lowered.outputs);
        options.keep = wanted.iter().map(|(_, value)| *value).collect();
        let mut executor = Executor::new(Plan::compile(lowered.graph, &options)?)?;
        let slices: Vec<&[f32]> = inputs.iter().map(Tensor::data).collect();
        executor.run(&slices, parameters, StepContext::default())?;
        let mut kept = Vec::with_capacity(wanted.len());
        for ((layer, value), shape) in wanted.into_iter().zip(shapes) {
            // A layer that only passes its input on gives what came in.
            let data = match lowered.inputs.iter().position(|input| *input == value) {
                Some(position) => inputs[position].data().to_vec(),
                None => executor.value(value)?.to_vec(),
            };
            kept.push(KeptValue { layer, value: Tensor::new(shape, data)? });
        }
        Ok(kept)
    }

    /// The weights' values; an empty store for a model that has no weights.
    pub(crate) fn parameters_or_none(&self) -> Result<&Parameters, ModelError> {
        static NONE: LazyLock<Parameters> = LazyLock::new(Parameters::default);
        match (&self.parameters, self.weights.is_empty()) {
            (Some(parameters), _) => Ok(parameters),
            (None, true) => Ok(&NONE),
            (None, false) => self.parameters(),
        }
    }

    fn prepared<'a>(
        &self,
        plans: &'a mut HashMap<Vec<Vec<usize>>, Prepared>,
        sizes: Vec<Vec<usize>>,
    ) -> Result<&'a mut Prepared, ModelError> {
        if plans.len() >= MOST_PLANS && !plans.contains_key(&sizes) {
            plans.clear();
        }
        match plans.entry(sizes) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let lowered = self.lower_for(entry.key(), Mode::Inference)?;
                let shapes =
                    lowered.outputs.iter().map(|&o| lowered.graph.shape(o).to_vec()).collect();
                let options = PlanOptions::for_outputs(&lowered.outputs);
                let executor = Executor::new(Plan::compile(lowered.graph, &options)?)?;
                Ok(entry.insert(Prepared { executor, outputs: lowered.outputs, shapes }))
            }
        }
    }

    /// Whether a batch can be taken in parts. Keras's layers leave items apart; operations speak of all axes, and some
    /// of them mix the batch.
    fn keeps_items_apart(&self, inputs: &[Tensor]) -> bool {
        let Ok(lowered) = self.lower_for(&sizes(inputs, 2), Mode::Inference) else {
            // Made for batches of one size, it can be run in no others.
            return true;
        };
        let mut layers = lowered.calls.iter().map(|call| call.layer.class_name());
        !layers.any(registry::is_operation) || lowered.graph.keeps_items_apart(&lowered.outputs)
    }

    /// The number of items in the arrays, which must suit the inputs.
    pub(crate) fn check_data(&self, inputs: &[Tensor]) -> Result<usize, ModelError> {
        if !self.is_built() {
            return Err(ModelError::NotBuilt { model: self.name().to_owned() });
        }
        if inputs.len() != self.inputs.len() {
            return Err(ModelError::Data {
                input: self.input_names().join(", "),
                expected: format!("{} arrays", self.inputs.len()),
                got: format!("{}", inputs.len()),
            });
        }
        let items = inputs[0].shape().first().copied().unwrap_or(0);
        for (input, array) in self.inputs.iter().zip(inputs) {
            let suits = array.rank() == input.shape().rank()
                && array.shape().first() == Some(&items)
                && array.shape()[1..]
                    .iter()
                    .zip(&input.shape().axes()[1..])
                    .all(|(got, axis)| axis.is_none_or(|size| size == *got));
            if !suits {
                return Err(ModelError::Data {
                    input: input.layer().name(),
                    expected: format!("{} with {items} items", input.shape()),
                    got: format!("an array of shape {:?}", array.shape()),
                });
            }
        }
        Ok(items)
    }
}

/// The shapes of the arrays with another number of items.
fn sizes(inputs: &[Tensor], items: usize) -> Vec<Vec<usize>> {
    let resized = |input: &Tensor| {
        let mut shape = input.shape().to_vec();
        shape[0] = items;
        shape
    };
    inputs.iter().map(resized).collect()
}

/// The values of `size` items from item `first` on.
fn part(array: &Tensor, items: usize, first: usize, size: usize) -> &[f32] {
    let len = array.len() / items.max(1);
    &array.data()[first * len..(first + size) * len]
}
