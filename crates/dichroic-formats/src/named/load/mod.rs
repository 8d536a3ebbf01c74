//! The way of named arrays into a model.
//!
//! Each array finds its weight by name ([`names`]), by a map that the user gives ([`map`]), or, only when asked for, by order.
//! Then its axes are turned from the convention of its file to ours ([`turn`]).

mod map;
mod names;
mod order;
mod recurrent;
mod turn;

#[cfg(test)]
mod tests;

use dichroic::model::{Model, ModelError};
use dichroic_graph::kernels::tensor::Tensor;

use super::{NamedArray, NamedArrays};
use crate::error::{FormatError, Located, Problem};
pub use map::{NameMap, Target};
pub(super) use names::split;

/// What became of the arrays of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The name of each array that was taken, and the path of the weight it became, in the order of the file.
    pub pairs: Vec<(String, String)>,
    /// The arrays that no model needs (PyTorch's counts of batches) or that the map leaves out.
    pub ignored: Vec<String>,
}

/// Fills the weights of a model from the arrays of a file.
///
/// A name finds its weight if it is
/// - the weight's path, as our own files and Keras's have it: `conv2d/kernel`, `conv2d/kernel:0`;
/// - PyTorch's name for it, where the layer has the name of the module and `.`, `/` and `_` count as equal: `block.0.conv1.weight` is the kernel of the layer `block_0_conv1`
///   or of `conv1` in the model `0` in the model `block`, and `bn1.running_mean` the moving mean of `bn1`;
/// - brought to one of these by the map.
///
/// Axes of PyTorch's files are turned: kernels from `(out, in, kernel…)` to `(kernel…, in, out)`, also those of depthwise and
/// transposed convolutions, and matrices from `(out, in)` to `(in, out)`. Where a feature map was flattened before
/// (`Flatten`, or a `Reshape` to a vector, perhaps with layers in between that leave the places alone), PyTorch counts its values channels
/// first and we count them last: rows of matrices and entries of vectors are moved accordingly. Layer normalisation over whole feature maps
/// moves its first axis to the end. Recurrent layers have their gates in PyTorch's order, two biases, and arrays of their own names
/// (`lstm.weight_ih_l0_reverse`). Whether a file is PyTorch's says [`NamedArrays::convention`], never the sizes.
///
/// # Errors
/// When a weight has no array or an array no weight (the error lists both with the nearest names), when two arrays claim one
/// weight, or when a shape doesn't fit. The model is not changed then.
pub fn load_arrays(
    model: &mut Model,
    arrays: &NamedArrays,
    map: &NameMap,
) -> Result<Loaded, FormatError> {
    let mut load = || {
        if !model.is_built() {
            let error = ModelError::NotBuilt { model: model.name().to_owned() };
            return Err(Problem::Model(Box::new(error)).into());
        }
        let Plan { arrays_of, ignored } = match map {
            NameMap::Names(entries) => names::plan(model, arrays, entries)?,
            NameMap::InOrder => order::plan(model, arrays)?,
        };
        let tensors = arrays_of.iter().zip(model.weights()).map(|(parts, weight)| {
            let parts: Vec<&NamedArray> = parts.iter().map(|&i| &arrays.arrays()[i]).collect();
            let names: Vec<&str> = parts.iter().map(|array| array.name()).collect();
            let turned = turn::tensor(weight, &parts, arrays.convention());
            let place = || format!("{} for {}", names.join(", "), weight.path);
            turned.map_err(|problem| problem.at(place()))
        });
        let tensors = tensors.collect::<Result<Vec<Tensor>, Located>>()?;
        let paths = model.weights().iter().map(|weight| weight.path.clone());
        let taken = arrays_of.into_iter().zip(paths);
        let taken =
            taken.flat_map(|(parts, path)| parts.into_iter().map(move |i| (i, path.clone())));
        let mut taken: Vec<(usize, String)> = taken.collect();
        taken.sort_unstable();
        let name = |index: usize| arrays.arrays()[index].name().to_owned();
        let pairs = taken.into_iter().map(|(index, path)| (name(index), path)).collect();
        let ignored = ignored.into_iter().map(name).collect();
        model.set_parameters(tensors).map_err(|error| Problem::Model(Box::new(error)))?;
        Ok(Loaded { pairs, ignored })
    };
    load().map_err(|error: Located| error.of(arrays.path()))
}

/// Which array goes where.
struct Plan {
    /// For each weight of the model the numbers of its arrays: one, or two biases of PyTorch's that make one of ours.
    arrays_of: Vec<Vec<usize>>,
    ignored: Vec<usize>,
}

/// Whether an array's own name is one of PyTorch's recurrent modules: `weight_ih_l0`.
pub(super) fn is_recurrent(own: &str) -> bool {
    recurrent::role(own).is_some()
}

/// Whether an array is a count that PyTorch keeps for training alone.
fn is_count_of_batches(array: &NamedArray) -> bool {
    split(array.name()).1 == "num_batches_tracked"
}
