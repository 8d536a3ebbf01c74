//! The samples of one training or evaluation, and how batches are made of them.

use std::collections::BTreeMap;
use std::ops::Range;

use dichroic_graph::kernels::rng::Stream;

use super::TrainError;
use super::objective::Objective;
use crate::data::{Array, Dataset};
use crate::model::Model;
use crate::shape::Shape;

/// The stream of shuffling; ops of a graph count theirs from 1.
const SHUFFLE: u32 = u32::MAX;

/// A part of a data set, with the weight of each sample.
#[derive(Debug)]
pub(crate) struct Samples<'a> {
    pub(crate) data: &'a Dataset,
    pub(crate) rows: Range<usize>,
    /// For each output, the weight of every sample of the data set.
    weights: Vec<Option<Vec<f32>>>,
}

impl<'a> Samples<'a> {
    /// The samples `rows`, weighed by their own weights or those of their classes.
    pub(crate) fn new(
        data: &'a Dataset,
        rows: Range<usize>,
        objective: &Objective,
        class_weight: &BTreeMap<i64, f32>,
    ) -> Result<Self, TrainError> {
        let own = |target: usize| data.sample_weights(target).map(<[f32]>::to_vec);
        let of_output = |target: Option<usize>| target.and_then(own);
        let mut weights: Vec<Option<Vec<f32>>> =
            objective.outputs.iter().map(|output| of_output(output.target)).collect();
        if !class_weight.is_empty() {
            if weights.iter().any(Option::is_some) {
                return Err(TrainError::argument(
                    "class_weight",
                    "class weights or sample weights",
                    "both",
                ));
            }
            let [output] = objective.outputs.as_slice() else {
                return Err(TrainError::argument(
                    "class_weight",
                    "a model with one output",
                    "several outputs",
                ));
            };
            let target = output.target.map(|target| &data.targets()[target]);
            weights[0] = target.map(|target| weights_of_classes(target, class_weight));
        }
        Ok(Self { data, rows, weights })
    }

    /// The number of samples.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the samples of an output are weighed.
    pub(crate) fn weighted(&self, output: usize) -> bool {
        self.weights[output].is_some()
    }

    /// The order of an epoch: as they come, or shuffled by seed and epoch.
    pub(crate) fn order(&self, shuffle: Option<(u64, usize)>, order: &mut Vec<usize>) {
        order.clear();
        order.extend(self.rows.clone());
        if let Some((seed, epoch)) = shuffle {
            Stream { seed, step: epoch as u64, op: SHUFFLE }.shuffle(order);
        }
    }
}

/// Keras's `class_weight_to_sample_weights`: 1 for a class that is not listed.
fn weights_of_classes(target: &Array, class_weight: &BTreeMap<i64, f32>) -> Vec<f32> {
    let weight = |row: usize| {
        let values = target.sample(row);
        let class = match values.as_slice() {
            [one] => one.round_ties_even() as i64,
            many => {
                let largest = many.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                many.iter().position(|&value| value == largest).unwrap_or(0) as i64
            }
        };
        class_weight.get(&class).copied().unwrap_or(1.0)
    };
    (0..target.samples()).map(weight).collect()
}

/// The buffers that batches are gathered in, as large as the largest batch.
#[derive(Debug)]
pub(crate) struct Batch {
    inputs: Vec<Vec<f32>>,
    targets: Vec<Vec<f32>>,
    weights: Vec<Vec<f32>>,
    largest: usize,
    rows: usize,
}

impl Batch {
    pub(crate) fn new(samples: &Samples<'_>, objective: &Objective, largest: usize) -> Self {
        let buffer = |array: &Array| vec![0.0; array.sample_len() * largest];
        let target = |place: Option<usize>| {
            place.map_or(Vec::new(), |place| buffer(&samples.data.targets()[place]))
        };
        let weights = samples
            .weights
            .iter()
            .map(|weights| vec![0.0; weights.as_ref().map_or(0, |_| largest)]);
        Self {
            inputs: samples.data.inputs().iter().map(buffer).collect(),
            targets: objective.outputs.iter().map(|output| target(output.target)).collect(),
            weights: weights.collect(),
            largest,
            rows: 0,
        }
    }

    /// Bytes of the buffers for batches of this size.
    pub(crate) fn bytes(samples: &Samples<'_>, largest: usize) -> u64 {
        let arrays = samples.data.inputs().iter().chain(samples.data.targets());
        let values: usize = arrays.map(Array::sample_len).sum();
        (values as u64).saturating_mul(largest as u64).saturating_mul(4)
    }

    /// Gathers the samples `rows` of the data set.
    pub(crate) fn gather(&mut self, samples: &Samples<'_>, objective: &Objective, rows: &[usize]) {
        self.rows = rows.len();
        for (buffer, array) in self.inputs.iter_mut().zip(samples.data.inputs()) {
            array.copy_samples(rows, &mut buffer[..rows.len() * array.sample_len()]);
        }
        for (buffer, output) in self.targets.iter_mut().zip(&objective.outputs) {
            if let Some(place) = output.target {
                let array = &samples.data.targets()[place];
                array.copy_samples(rows, &mut buffer[..rows.len() * array.sample_len()]);
            }
        }
        for (buffer, weights) in self.weights.iter_mut().zip(&samples.weights) {
            if let Some(weights) = weights {
                buffer.iter_mut().zip(rows).for_each(|(own, &row)| *own = weights[row]);
            }
        }
    }

    /// The most samples that it holds.
    pub(crate) fn largest(&self) -> usize {
        self.largest
    }

    /// The number of samples gathered.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The samples of input `index`.
    pub(crate) fn input(&self, index: usize, sample_len: usize) -> &[f32] {
        &self.inputs[index][..self.rows * sample_len]
    }

    /// The targets of an output.
    pub(crate) fn target(&self, output: usize, sample_len: usize) -> &[f32] {
        &self.targets[output][..self.rows * sample_len]
    }

    /// The weights of an output's samples; `None` where all count alike.
    pub(crate) fn weights(&self, output: usize) -> Option<&[f32]> {
        let weights = &self.weights[output];
        (!weights.is_empty()).then(|| &weights[..self.rows])
    }
}

/// The axes of one sample of each input, which must suit the model's.
pub(crate) fn input_shapes(model: &Model, data: &Dataset) -> Result<Vec<Vec<usize>>, TrainError> {
    let names = model.input_names();
    if names.len() != data.inputs().len() {
        let expected = format!("{} inputs ({})", names.len(), names.join(", "));
        return Err(TrainError::shape(
            "the model",
            expected,
            format!("{} in the data set", data.inputs().len()),
        ));
    }
    let mut shapes = Vec::with_capacity(names.len());
    for ((name, input), array) in names.iter().zip(model.inputs()).zip(data.inputs()) {
        let declared = &input.shape().axes()[1..];
        let own = array.sample_shape();
        // A column of numbers suits an input of one number.
        let own = if own.is_empty() && declared == [Some(1)] { &[1][..] } else { own };
        let suits = own.len() == declared.len()
            && own
                .iter()
                .zip(declared)
                .all(|(own, declared)| declared.is_none_or(|size| size == *own));
        if !suits {
            let (needed, got) = (input.shape().sample(), Shape::batched(own).sample());
            // A number for each sample comes in as an axis of size 1.
            let fitting = if own.is_empty() { Shape::batched(&[1]).sample() } else { got.clone() };
            return Err(TrainError::shape(
                format!("input {name:?}"),
                format!("samples of shape {needed}"),
                format!("{got} in the data set; use Input({fitting}) in the model, or other data"),
            ));
        }
        shapes.push(own.to_vec());
    }
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Flatten;
    use crate::model::{Input, Sequential};

    #[test]
    fn samples_of_another_shape_get_the_input_that_would_take_them() {
        let model =
            Sequential::new().add(Input::new(&[28, 28, 3])).add(Flatten::new()).finish().unwrap();
        let samples = crate::data::Values::F32(vec![0.0; 32 * 32 * 3]);
        let x = Array::new("x", [1, 32, 32, 3], samples).unwrap();
        let data = Dataset::new(vec![x], Vec::new()).unwrap();
        let text = "input \"input_layer\" needs samples of shape (28, 28, 3), got (32, 32, 3) in the data set; \
                    use Input((32, 32, 3)) in the model, or other data";
        assert_eq!(input_shapes(&model, &data).unwrap_err().to_string(), text);
    }
}
