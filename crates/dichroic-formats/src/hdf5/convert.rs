//! Kernels of other times: other axes, mirrored sides, and rows of a dense layer that came channels first.
//!
//! | written by | kernel | today |
//! |---|---|---|
//! | Keras 1, Theano's order | `(filters, channels, rows, columns)` | `(rows, columns, channels, filters)` |
//! | Keras 1, transposed convolution | `(rows, columns, channels, filters)` | `(rows, columns, filters, channels)` |
//! | Keras 1, one direction | `(length, 1, channels, filters)` | `(length, channels, filters)` |
//! | Theano | sides mirrored | as they are summed |
//!
//! # Source
//! `preprocess_weights_for_loading` in `keras/engine/saving.py` of Keras 2.3.

use dichroic::model::{Model, Weight};
use dichroic_graph::kernels::tensor::Tensor;

use super::saved::{Mirrors, Origin};
use crate::error::Problem;

/// The order of a kernel's axes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AxisOrder {
    /// Sides first, filters last: TensorFlow's.
    SidesFirst,
    /// Filters first, sides last: Theano's.
    FiltersFirst,
}

/// How an array of the file becomes a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conversion {
    /// The shape in the file.
    pub stored: Vec<usize>,
    /// Axis `i` of the kernel is axis `axes[i]` of the array, axes of one left out; empty if nothing moves.
    axes: Vec<usize>,
    /// How many leading axes of the kernel are mirrored.
    mirrored: usize,
    /// Height, width and channels of the feature map that a dense layer's rows stood for, channels first.
    rows: Option<[usize; 3]>,
}

impl Conversion {
    fn none(shape: &[usize]) -> Self {
        Self { stored: shape.to_vec(), axes: Vec::new(), mirrored: 0, rows: None }
    }

    /// How a weight is stored in a file of this origin and order.
    ///
    /// # Errors
    /// When a dense layer's rows came channels first and can't be told apart.
    pub fn of(
        model: &Model,
        weight: &Weight,
        origin: Origin,
        order: AxisOrder,
    ) -> Result<Self, Problem> {
        let shape = &weight.spec.shape;
        let none = Self::none(shape);
        let Some(kind) = weight.layer.layer() else { return Ok(none) };
        let filters_first = order == AxisOrder::FiltersFirst;
        if kind.class_name() == "Dense" && weight.spec.name == "kernel" && filters_first {
            return Ok(Self { rows: rows_of(model, weight)?, ..none });
        }
        let kernel = weight.spec.name.ends_with("kernel");
        if !kernel || !kind.class_name().contains("Conv") {
            return Ok(none);
        }
        let sides = shape.len() - 2;
        let split = kind.class_name().starts_with("Separable")
            || kind.class_name().starts_with("Depthwise");
        let mirrors = match origin.mirrors {
            Mirrors::Yes => true,
            Mirrors::No => false,
            Mirrors::ByOrder => filters_first,
        };
        let axes = match (origin.keras1, filters_first) {
            (true, _) => keras1_axes(shape, kind.class_name().ends_with("Transpose"), order),
            (false, _) => Vec::new(),
        };
        let mut conversion =
            Self { axes, mirrored: if mirrors && !split { sides } else { 0 }, ..none };
        conversion.stored = conversion.stored_shape(shape);
        Ok(conversion)
    }

    /// The array's shape in the file, for a kernel of this shape today.
    fn stored_shape(&self, shape: &[usize]) -> Vec<usize> {
        if self.axes.is_empty() {
            return shape.to_vec();
        }
        let rank = self.axes.len().max(4);
        let mut stored = vec![1; rank];
        for (axis, &place) in self.axes.iter().enumerate() {
            stored[place] = shape[axis];
        }
        stored
    }

    /// Whether the array is the weight as it stands.
    fn changes_nothing(&self) -> bool {
        self.axes.is_empty() && self.mirrored == 0 && self.rows.is_none()
    }

    /// The weight, from the array as it was stored.
    pub fn apply(&self, stored: Tensor, shape: &[usize]) -> Result<Tensor, Problem> {
        if self.changes_nothing() {
            return Ok(stored);
        }
        let values = stored.data();
        let mut converted = Vec::with_capacity(values.len());
        match self.rows {
            Some([height, width, channels]) => {
                let columns = shape.get(1).copied().unwrap_or(1);
                for position in 0..height * width {
                    for channel in 0..channels {
                        let row = channel * height * width + position;
                        converted.extend_from_slice(&values[row * columns..(row + 1) * columns]);
                    }
                }
            }
            None => {
                let places = self.places(shape);
                converted.extend(places.into_iter().map(|place| values[place]));
            }
        }
        Tensor::new(shape, converted)
            .map_err(|error| Problem::malformed("an array of this shape", error))
    }

    /// For each value of the kernel, its place in the array.
    fn places(&self, shape: &[usize]) -> Vec<usize> {
        let mut strides = vec![1; self.stored.len()];
        for axis in (1..self.stored.len()).rev() {
            strides[axis - 1] = strides[axis] * self.stored[axis];
        }
        let stride = |axis: usize| match self.axes.get(axis) {
            Some(&place) => strides[place],
            None => strides[axis],
        };
        let mut places = vec![0];
        for (axis, &size) in shape.iter().enumerate() {
            let mirrored = axis < self.mirrored;
            let step =
                |index: usize| stride(axis) * if mirrored { size - 1 - index } else { index };
            places = places
                .iter()
                .flat_map(|place| (0..size).map(move |index| place + step(index)))
                .collect();
        }
        places
    }
}

/// Where each axis of a kernel lies in an array of Keras 1.
fn keras1_axes(shape: &[usize], transposed: bool, order: AxisOrder) -> Vec<usize> {
    let sides = shape.len() - 2;
    match (order, sides, transposed) {
        // (length, 1, channels, filters) and (filters, channels, length, 1)
        (AxisOrder::SidesFirst, 1, _) => vec![0, 2, 3],
        (AxisOrder::FiltersFirst, 1, _) => vec![2, 1, 0],
        (AxisOrder::SidesFirst, _, false) => Vec::new(),
        // Today's transposed kernels are (sides…, filters, channels): both kinds had the last two the other way round.
        (AxisOrder::SidesFirst, _, true) => (0..sides).chain([sides + 1, sides]).collect(),
        (AxisOrder::FiltersFirst, _, false) => (2..2 + sides).chain([1, 0]).collect(),
        (AxisOrder::FiltersFirst, _, true) => (2..2 + sides).chain([0, 1]).collect(),
    }
}

/// The feature map that the rows of a dense layer stand for; `None` where its order doesn't matter.
fn rows_of(model: &Model, weight: &Weight) -> Result<Option<[usize; 3]>, Problem> {
    let refused = || Problem::Unsupported {
        what: format!("the dense layer of {:?} in Theano's order", weight.path),
        fix: "its rows can be put in order only behind Flatten; convert the weights with Keras 2"
            .into(),
    };
    let Some(call) = model.first_call(&weight.layer) else { return Err(refused()) };
    let mut normalized = false;
    let mut place = call.inputs.first().copied();
    while let Some(at) = place {
        let call = &model.calls()[at.call];
        place = call.inputs.first().copied();
        match model.layer_of(call).class_name() {
            "Dropout" | "Activation" | "ReLU" => {}
            "BatchNormalization" => normalized = true,
            "Flatten" => {
                let shape = call.input_shapes().swap_remove(0);
                let sizes: Option<Vec<usize>> = shape.axes()[1..].iter().copied().collect();
                return match sizes.as_deref() {
                    Some([_] | [1, 1, _]) => Ok(None),
                    // A normalisation in between has values in the same order of rows.
                    Some(&[height, width, channels]) if !normalized => {
                        Ok(Some([height, width, channels]))
                    }
                    _ => Err(refused()),
                };
            }
            "Dense" | "InputLayer" => return Ok(None),
            class_name if class_name.starts_with("Global") => return Ok(None),
            _ => return Err(refused()),
        }
    }
    Ok(None)
}
