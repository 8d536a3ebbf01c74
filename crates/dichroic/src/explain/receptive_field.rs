//! How much of the input one output value sees, and how far apart neighbouring outputs look.

use crate::Shape;
use crate::layers::{Layer, Window, registry};

/// The part of the model's input that one output position sees, along each spatial axis.
///
/// `size' = size + (extent - 1) · stride` and `stride' = stride · strides` for a window that gathers, where extent
/// is its size with the holes of dilation; a window that spreads (transposed convolution, upsampling) sees
/// `⌈extent / strides⌉` positions and divides the stride. Padding is counted as if the input went on.
///
/// # Source
/// Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016; Araujo et al., Computing
/// Receptive Fields of Convolutional Neural Networks, Distill 2019.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceptiveField {
    /// Input positions seen along each axis; fractional between the grids of an upsampling.
    size: Vec<f64>,
    /// Input positions between neighbouring outputs along each axis; below 1 after upsampling.
    stride: Vec<f64>,
    /// The input's own size along each axis, where known.
    input: Vec<Option<usize>>,
    /// Every output sees the whole input.
    whole: bool,
}

impl ReceptiveField {
    /// An input's field of itself.
    pub(super) fn of_input(shape: &Shape) -> Self {
        let axes = shape.spatial().len();
        Self {
            size: vec![1.0; axes],
            stride: vec![1.0; axes],
            input: shape.spatial().to_vec(),
            whole: false,
        }
    }

    /// Input positions seen along each spatial axis; `None` where the whole input is seen and its size is open.
    pub fn sizes(&self) -> Option<Vec<u64>> {
        if self.whole {
            return self.input.iter().map(|size| size.map(|size| size as u64)).collect();
        }
        // Rounding errors of thirds must not count as a further position.
        Some(self.size.iter().map(|size| (size - 1e-6).ceil() as u64).collect())
    }

    /// Input positions between neighbouring outputs along each axis; empty where the whole input is seen.
    pub fn strides(&self) -> &[f64] {
        if self.whole { &[] } else { &self.stride }
    }

    /// Whether every output sees the whole input.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    fn through(&self, window: &Window) -> Self {
        let mut next = self.clone();
        for axis in 0..self.size.len() {
            let extent = (window.size[axis] - 1) * window.dilation_rate[axis] + 1;
            let strides = window.strides[axis];
            if window.transposed {
                next.size[axis] += (extent.div_ceil(strides) - 1) as f64 * self.stride[axis];
                next.stride[axis] /= strides as f64;
            } else {
                next.size[axis] += (extent - 1) as f64 * self.stride[axis];
                next.stride[axis] *= strides as f64;
            }
        }
        next
    }

    fn everything(&self) -> Self {
        Self { whole: true, ..self.clone() }
    }

    fn joined(&self, other: &Self) -> Option<Self> {
        if self.size.len() != other.size.len() {
            return None;
        }
        let larger = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a.max(*b)).collect();
        Some(Self {
            size: larger(&self.size, &other.size),
            stride: larger(&self.stride, &other.stride),
            input: self.input.clone(),
            whole: self.whole || other.whole,
        })
    }
}

/// The field of a layer's output; `None` where positions can no longer be followed (after a Reshape to other axes).
pub(super) fn after(
    layer: &dyn Layer,
    inputs: &[Shape],
    output: &Shape,
    fields: &[Option<ReceptiveField>],
) -> Option<ReceptiveField> {
    let mut field = fields.first()?.clone()?;
    for other in &fields[1..] {
        field = field.joined(other.as_ref()?)?;
    }
    if field.whole {
        return Some(field);
    }
    let spatial = inputs.first()?.spatial();
    let class_name = layer.class_name();
    if class_name.starts_with("Global") {
        return Some(field.everything());
    }
    if let Some(window) = layer.window(inputs) {
        let fits = window.size.len() == field.size.len() && spatial.len() == field.size.len();
        return fits.then(|| field.through(&window));
    }
    match class_name {
        // One value each: what it sees stays, which value it was is lost.
        "Flatten" => Some(field),
        "Dense" if spatial.is_empty() && !field.size.is_empty() => Some(field.everything()),
        "LayerNormalization" | "Softmax" if mixes_positions(layer, inputs) => {
            Some(field.everything())
        }
        // They may put any value at any place; these do not.
        "Where" | "Function" | "Clip" | "Arithmetic" => {
            (output.spatial().len() == spatial.len()).then_some(field)
        }
        _ if registry::is_operation(class_name) => None,
        _ => (output.spatial().len() == spatial.len()
            && (spatial.len() == field.size.len() || spatial.is_empty())
            && class_name != "Permute")
            .then_some(field),
    }
}

/// Whether a layer with an `axis` argument works along another axis than that of the channels.
fn mixes_positions(layer: &dyn Layer, inputs: &[Shape]) -> bool {
    let rank = inputs.first().map_or(0, Shape::rank) as i64;
    let last = |axis: i64| axis == -1 || axis == rank - 1;
    match layer.config().get("axis") {
        Some(serde_json::Value::Array(axes)) => {
            axes.iter().filter_map(serde_json::Value::as_i64).any(|axis| !last(axis))
        }
        Some(axis) => axis.as_i64().is_some_and(|axis| !last(axis)),
        None => false,
    }
}
