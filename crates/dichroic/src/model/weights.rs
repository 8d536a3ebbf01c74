//! The weights of a model: which there are, their first values, reading and changing them.

use std::collections::HashSet;
use std::ops::Range;

use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{ParameterId, Parameters};

use super::handle::{Body, LayerRef};
use super::{MOST_NESTED, Model, ModelError};
use crate::layers::{LayerError, WeightSpec};

/// The most values that a model's weights can have together: 32 GiB of f32.
const MOST_VALUES: usize = 1 << 33;

/// One weight of a model. Its place in [`Model::weights`] is its [`ParameterId`].
#[derive(Clone, Debug)]
pub struct Weight {
    /// The names of the layers around it and its own: `conv2d/kernel`, `backbone/conv2d/kernel`.
    pub path: String,
    /// The layer it belongs to.
    pub layer: LayerRef,
    /// Its place among the layer's weights.
    pub position: usize,
    /// Name, shape, initializer, regularizer.
    pub spec: WeightSpec,
    around: Vec<LayerRef>,
}

impl Weight {
    /// Whether training changes it now: the weight is trainable and no layer around it is frozen.
    pub fn trainable(&self) -> bool {
        self.spec.trainable && self.layer.trainable() && self.around.iter().all(LayerRef::trainable)
    }

    /// The number of its values.
    pub fn len(&self) -> usize {
        self.spec.shape.iter().product()
    }

    /// Whether an axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Model {
    /// All weights in Keras's order, each once however often its layer is used.
    pub fn weights(&self) -> &[Weight] {
        &self.weights
    }

    /// The parameters of a layer, or of all layers of a nested model, as a range of [`Model::weights`] for a layer
    /// of this model; a layer that is shared with a nested model before it has its weights there.
    pub fn weights_of(&self, layer: &LayerRef) -> Vec<usize> {
        let mut layers = HashSet::new();
        inner_layers(layer, &mut layers);
        (0..self.weights.len())
            .filter(|&index| layers.contains(&self.weights[index].layer.serial()))
            .collect()
    }

    /// The range of a single layer's parameters.
    pub(super) fn range_of(&self, layer: &LayerRef) -> Range<usize> {
        let first = self.weights.iter().position(|weight| weight.layer == *layer).unwrap_or(0);
        let count =
            self.weights[first..].iter().take_while(|weight| weight.layer == *layer).count();
        first..first + count
    }

    /// Whether training changes a weight: [`Weight::trainable`], and the model itself is not frozen.
    pub fn is_trainable(&self, weight: &Weight) -> bool {
        self.trainable() && weight.trainable()
    }

    /// The parameters that training changes.
    pub fn trainable_weights(&self) -> Vec<ParameterId> {
        let trainable = |(index, weight)| self.is_trainable(weight).then_some(ParameterId(index));
        self.weights.iter().enumerate().filter_map(trainable).collect()
    }

    /// The number of parameters.
    pub fn count_params(&self) -> u64 {
        self.weights.iter().map(|weight| weight.len() as u64).sum()
    }

    /// The number of parameters that training changes.
    pub fn count_trainable(&self) -> u64 {
        let trainable = self.weights.iter().filter(|weight| self.is_trainable(weight));
        trainable.map(|weight| weight.len() as u64).sum()
    }

    /// The number of parameters of one layer, or of all layers in a nested model.
    pub fn count_of(&self, layer: &LayerRef) -> u64 {
        self.weights_of(layer).into_iter().map(|index| self.weights[index].len() as u64).sum()
    }

    /// Draws the first value of every weight from the seed. The seed of each weight follows from the model's
    /// seed and the weight's path, so that one layer's values do not depend on the layers before it.
    ///
    /// # Errors
    /// When the model has no input shape, or an initializer can't fill a weight.
    pub fn build(&mut self, seed: u64) -> Result<(), ModelError> {
        if !self.is_built() {
            return Err(ModelError::NotBuilt { model: self.name().to_owned() });
        }
        let mut tensors = Vec::with_capacity(self.weights.len());
        for weight in &self.weights {
            let spec = &weight.spec;
            let values = spec.initializer.draw(&spec.shape, seed_of(seed, &weight.path));
            let values = values.map_err(|source| refused(weight, source))?;
            tensors.push(Tensor::new(spec.shape.clone(), values)?);
        }
        self.parameters = Some(Parameters::new(tensors));
        self.plans.clear();
        Ok(())
    }

    /// Whether the weights have values. A model without weights has them from the start.
    pub fn has_values(&self) -> bool {
        self.is_built() && (self.parameters.is_some() || self.weights.is_empty())
    }

    /// The values of all weights.
    ///
    /// # Errors
    /// [`ModelError::NoWeights`] before [`Model::build`].
    pub fn parameters(&self) -> Result<&Parameters, ModelError> {
        self.parameters
            .as_ref()
            .ok_or_else(|| ModelError::NoWeights { model: self.name().to_owned() })
    }

    /// The values of all weights, to be changed.
    ///
    /// # Errors
    /// [`ModelError::NoWeights`] before [`Model::build`].
    pub fn parameters_mut(&mut self) -> Result<&mut Parameters, ModelError> {
        // What is borrowed can be replaced by another store with the same version, which plans could not tell.
        self.plans.clear();
        let name = self.name().to_owned();
        self.parameters.as_mut().ok_or(ModelError::NoWeights { model: name })
    }

    /// Replaces the values of all weights, in the order of [`Model::weights`].
    ///
    /// # Errors
    /// When their number or a shape is another.
    pub fn set_parameters(&mut self, tensors: Vec<Tensor>) -> Result<(), ModelError> {
        if tensors.len() != self.weights.len() {
            return Err(ModelError::Data {
                input: "weights".to_owned(),
                expected: format!("{} tensors", self.weights.len()),
                got: format!("{} tensors", tensors.len()),
            });
        }
        for (weight, tensor) in self.weights.iter().zip(&tensors) {
            check_shape(weight, tensor)?;
        }
        self.plans.clear();
        self.parameters = Some(Parameters::new(tensors));
        Ok(())
    }

    /// Copies the values that still lie in the mapped file they were read from.
    ///
    /// A program that works on a model for long calls this, since a file that somebody cuts short in place takes its values
    /// along, and the system ends whoever reads them. [`Trainer::fit`](crate::train::Trainer::fit) does so by itself.
    pub fn detach(&mut self) {
        let shared =
            |parameters: &&mut Parameters| parameters.tensors().iter().any(Tensor::is_shared);
        if let Some(parameters) = self.parameters.as_mut().filter(shared) {
            parameters.tensors_mut().iter_mut().for_each(Tensor::detach);
        }
    }

    /// A weight's value by layer and name: `("conv2d", "kernel")`.
    ///
    /// # Errors
    /// When the model has no such layer, the layer no such weight, or the weights no values.
    pub fn weight(&self, layer: &str, weight: &str) -> Result<&Tensor, ModelError> {
        let id = self.weight_id(layer, weight)?;
        let tensor = self.parameters()?.get(id);
        tensor.ok_or_else(|| ModelError::NoWeights { model: self.name().to_owned() })
    }

    /// Changes a weight's value by layer and name.
    ///
    /// # Errors
    /// As [`Model::weight`], and when the shape is another.
    pub fn set_weight(
        &mut self,
        layer: &str,
        weight: &str,
        value: Tensor,
    ) -> Result<(), ModelError> {
        let id = self.weight_id(layer, weight)?;
        check_shape(&self.weights[id.0], &value)?;
        if let Some(place) = self.parameters_mut()?.get_mut(id) {
            *place = value;
        }
        Ok(())
    }

    /// The number of a weight by layer and name.
    ///
    /// # Errors
    /// When the model has no such layer or the layer no such weight.
    pub fn weight_id(&self, layer: &str, weight: &str) -> Result<ParameterId, ModelError> {
        let range = self.range_of(self.get_layer(layer)?);
        let found = range.clone().find(|&index| self.weights[index].spec.name == weight);
        found.map(ParameterId).ok_or_else(|| {
            let known: Vec<&str> =
                self.weights[range].iter().map(|known| known.spec.name).collect();
            ModelError::NoSuchWeight {
                layer: layer.to_owned(),
                weight: weight.to_owned(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            }
        })
    }

    /// Collects the weights of all layers anew.
    pub(super) fn collect_weights(&mut self) -> Result<(), ModelError> {
        self.weights.clear();
        let layers = self.layers.clone();
        self.gather_all(&layers)
    }

    /// Adds the weights of a layer that are not there yet; new weights have no values.
    pub(super) fn add_weights(&mut self, layer: &LayerRef) -> Result<(), ModelError> {
        self.gather_all(std::slice::from_ref(layer))
    }

    fn gather_all(&mut self, layers: &[LayerRef]) -> Result<(), ModelError> {
        let mut known: HashSet<u64> =
            self.weights.iter().map(|weight| weight.layer.serial()).collect();
        let before = self.weights.len();
        for layer in layers {
            let nesting = gather(layer, &[], &mut known, &mut self.weights)?;
            self.nesting = self.nesting.max(nesting + 1);
        }
        if self.nesting > MOST_NESTED {
            return Err(ModelError::TooLarge {
                what: "models inside each other",
                limit: MOST_NESTED,
            });
        }
        let values = self.weights.iter().try_fold(0usize, |sum, weight| {
            let len =
                weight.spec.shape.iter().try_fold(1usize, |len, &axis| len.checked_mul(axis))?;
            sum.checked_add(len).filter(|&sum| sum <= MOST_VALUES)
        });
        if values.is_none() {
            return Err(ModelError::TooLarge { what: "weights", limit: MOST_VALUES });
        }
        if self.weights.len() > before {
            self.parameters = None;
            self.plans.clear();
        }
        Ok(())
    }
}

/// Adds the weights of a layer; returns how deep models lie in it.
fn gather(
    layer: &LayerRef,
    around: &[LayerRef],
    known: &mut HashSet<u64>,
    weights: &mut Vec<Weight>,
) -> Result<usize, ModelError> {
    match layer.body() {
        Body::Input(_) => Ok(0),
        Body::Layer(kind) => {
            let Some(inputs) = layer.built_for() else { return Ok(0) };
            if !known.insert(layer.serial()) {
                return Ok(0);
            }
            let mut prefix: String = around.iter().map(|outer| outer.name() + "/").collect();
            prefix += &layer.name();
            let specs = kind.weights(inputs).map_err(|source| ModelError::Layer {
                layer: prefix.clone(),
                class_name: layer.class_name().to_owned(),
                source: Box::new(source),
            })?;
            weights.extend(specs.into_iter().enumerate().map(|(position, spec)| Weight {
                path: format!("{prefix}/{}", spec.name),
                layer: layer.clone(),
                position,
                spec,
                around: around.to_vec(),
            }));
            Ok(0)
        }
        Body::Model(_) => {
            let Some(model) = layer.built_model() else { return Ok(0) };
            let mut around = around.to_vec();
            around.push(layer.clone());
            let mut nesting = model.nesting;
            if around.len() < MOST_NESTED {
                for inner in &model.layers {
                    nesting = nesting.max(gather(inner, &around, known, weights)? + 1);
                }
            }
            Ok(nesting)
        }
    }
}

/// The layers that have weights of their own in a layer: itself, or all in a nested model.
fn inner_layers(layer: &LayerRef, layers: &mut HashSet<u64>) {
    match layer.built_model() {
        Some(model) => model.layers.iter().for_each(|inner| inner_layers(inner, layers)),
        None => {
            layers.insert(layer.serial());
        }
    }
}

fn check_shape(weight: &Weight, tensor: &Tensor) -> Result<(), ModelError> {
    if tensor.shape() == weight.spec.shape {
        return Ok(());
    }
    Err(ModelError::WeightShape {
        weight: weight.path.clone(),
        expected: weight.spec.shape.clone(),
        got: tensor.shape().to_vec(),
    })
}

fn refused(weight: &Weight, source: LayerError) -> ModelError {
    ModelError::Layer {
        layer: weight.path.clone(),
        class_name: weight.layer.class_name().to_owned(),
        source: Box::new(source),
    }
}

/// The seed of one weight: FNV-1a over the model's seed and the path.
fn seed_of(seed: u64, path: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    let bytes = seed.to_le_bytes().into_iter().chain(path.bytes());
    bytes
        .fold(start, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Conv2D, Dense, Flatten};
    use crate::model::{Input, Sequential};

    fn small() -> Model {
        Sequential::new()
            .add(Input::new(&[6, 6, 3]))
            .add(Conv2D::new(4, 3))
            .add(Flatten::new())
            .add(Dense::new(2))
            .finish()
            .unwrap()
    }

    #[test]
    fn weights_have_paths_and_shapes_in_the_order_of_keras() {
        let model = small();
        let found: Vec<(&str, &[usize])> =
            model.weights().iter().map(|w| (w.path.as_str(), w.spec.shape.as_slice())).collect();
        assert_eq!(
            found,
            [
                ("conv2d/kernel", &[3, 3, 3, 4][..]),
                ("conv2d/bias", &[4]),
                ("dense/kernel", &[64, 2]),
                ("dense/bias", &[2]),
            ]
        );
        assert_eq!(model.count_params(), 112 + 130);
    }

    #[test]
    fn the_same_seed_draws_the_same_values_and_another_seed_others() {
        let (mut a, mut b, mut c) = (small(), small(), small());
        a.build(1).unwrap();
        b.build(1).unwrap();
        c.build(2).unwrap();
        let kernel = |model: &Model| model.weight("conv2d", "kernel").unwrap().clone();
        assert_eq!(kernel(&a), kernel(&b));
        assert_ne!(kernel(&a), kernel(&c));
    }

    #[test]
    fn a_frozen_layer_keeps_its_weights_out_of_training() {
        let model = small();
        model.get_layer("dense").unwrap().set_trainable(false);
        assert_eq!(model.count_trainable(), 112);
        model.set_trainable(false);
        assert_eq!(model.count_trainable(), 0);
        model.set_trainable(true);
        assert_eq!(model.count_trainable(), 242);
    }

    #[test]
    fn a_wrong_name_or_shape_is_refused_with_what_there_is() {
        let mut model = small();
        model.build(0).unwrap();
        let error = model.weight("conv2d", "gamma").unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer \"conv2d\" has no weight \"gamma\"; it has kernel, bias"
        );
        let error = model.weight("conv2", "kernel").unwrap_err();
        assert_eq!(
            error.to_string(),
            "model \"sequential\" has no layer \"conv2\" (did you mean \"conv2d\"?)"
        );
        let error = model.set_weight("dense", "bias", Tensor::scalar(1.0)).unwrap_err();
        assert_eq!(error.to_string(), "weight \"dense/bias\" has shape [2], got []");
    }
}
