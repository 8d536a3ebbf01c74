//! Values put to places that indices name: `ScatterElements`, `ScatterND`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::{broadcast, slices, within};
use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::axes::resolve;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// What becomes of the value that is already at the place.
    pub enum ScatterReduction {
        /// The new one takes its place; of several, the last.
        None = "none",
        /// The new one is added.
        Add = "add",
        /// It is multiplied by the new one.
        Mul = "mul",
        /// The larger of both stays.
        Max = "max",
        /// The smaller of both stays.
        Min = "min",
    }
}

impl ScatterReduction {
    fn op(self) -> ops::ScatterReduction {
        match self {
            Self::None => ops::ScatterReduction::None,
            Self::Add => ops::ScatterReduction::Add,
            Self::Mul => ops::ScatterReduction::Multiply,
            Self::Max => ops::ScatterReduction::Max,
            Self::Min => ops::ScatterReduction::Min,
        }
    }
}

/// The value with `y[i, indices[i, j, k], k] = updates[i, j, k]`, here with axis 1, in the order of the updates.
///
/// A negative index counts from the end; an update with an index outside is left out.
///
/// # Shapes
/// - inputs `x`, whole-number indices of the same rank, no larger than `x` on all axes but the one, and updates of their
///   shape
/// - output the shape of `x`
///
/// # Errors
/// When the axis does not exist, or the shapes don't fit.
///
/// # Source
/// ONNX `ScatterElements`
///
/// ```
/// use dichroic::layers::{Layer, ScatterElements};
/// use dichroic::Shape;
/// let [x, part] = [Shape::batched(&[8]), Shape::batched(&[2])];
/// let output = ScatterElements::new(1).output_shape(&[x.clone(), part.clone(), part])?;
/// assert_eq!(output, x);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ScatterElements {
    /// The axis, counted from the end where negative.
    pub axis: i64,
    /// What becomes of the value that is already there.
    pub reduction: ScatterReduction,
}

/// The value with each slice that a tuple of indices names replaced by its update, in the order of the updates.
///
/// A negative index counts from the end; an update whose tuple points outside is left out.
///
/// # Shapes
/// - inputs `x`, whole-number indices `(…, tuple)`, and updates: the shape of the indices without their last axis, then
///   the axes of `x` that are not indexed
/// - output the shape of `x`
///
/// # Errors
/// When the shapes don't fit.
///
/// # Source
/// `keras.ops.scatter_update`; ONNX `ScatterND`
///
/// ```
/// use dichroic::layers::{Layer, ScatterND};
/// use dichroic::Shape;
/// let shapes = [&[8, 3][..], &[5, 1], &[5, 3]].map(|axes: &[usize]| {
///     Shape::new(axes.iter().copied().map(Some).collect::<Vec<_>>())
/// });
/// assert_eq!(ScatterND::new().output_shape(&shapes)?, shapes[0]);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ScatterND {
    /// What becomes of the values that are already there.
    pub reduction: ScatterReduction,
}

impl ScatterElements {
    /// Replaces values along this axis.
    pub fn new(axis: i64) -> Self {
        Self { axis, reduction: ScatterReduction::None }
    }

    setters! {
        /// Sets what becomes of the value that is already there.
        reduction: ScatterReduction,
    }
}

impl Default for ScatterND {
    fn default() -> Self {
        Self::new()
    }
}

impl ScatterND {
    /// Replaces slices.
    pub fn new() -> Self {
        Self { reduction: ScatterReduction::None }
    }

    setters! {
        /// Sets what becomes of the values that are already there.
        reduction: ScatterReduction,
    }
}

fn three(inputs: &[Shape]) -> Result<[&Shape; 3], LayerError> {
    match inputs {
        [x, indices, updates] => Ok([x, indices, updates]),
        _ => {
            let expected = "a value, indices and updates";
            Err(LayerError::InputCount { expected, got: inputs.len() })
        }
    }
}

/// Refuses updates of another shape than is needed.
fn updates_of(needed: &Shape, updates: &Shape, inputs: &[Shape]) -> Result<(), LayerError> {
    // A size that is open on one side may be any; others must be equal.
    let equal = |(&a, &b): (&Option<usize>, &Option<usize>)| {
        a == b || (a.is_none() || b.is_none()) && broadcast(a, b).is_some()
    };
    let axes = needed.axes().iter().zip(updates.axes());
    if needed.rank() == updates.rank() && axes.into_iter().all(equal) {
        return Ok(());
    }
    Err(LayerError::InputShapes {
        rule: format!("needs updates of shape {needed}"),
        got: inputs.into(),
        fix: "give one update for each index".to_owned(),
    })
}

impl Layer for ScatterElements {
    fn class_name(&self) -> &'static str {
        "ScatterElements"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [x, indices, updates] = three(inputs)?;
        within(resolve(self.axis, x)?, x, indices, inputs)?;
        updates_of(indices, updates, inputs)?;
        Ok(x.clone())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let axis = resolve(self.axis, &shapes[0])?;
        let op = ops::ScatterElements { axis, reduction: self.reduction.op() };
        Ok(lowering.add(op, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

impl Layer for ScatterND {
    fn class_name(&self) -> &'static str {
        "ScatterND"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [x, indices, updates] = three(inputs)?;
        updates_of(&slices(0, x, indices, inputs)?, updates, inputs)?;
        Ok(x.clone())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let op = ops::ScatterND { batch_dims: 0, reduction: self.reduction.op() };
        Ok(lowering.add(op, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_have_the_shape_of_what_they_replace() {
        let shape = |axes: &[usize]| Shape::batched(axes);
        let elements = ScatterElements::new(1);
        assert!(elements.output_shape(&[shape(&[8]), shape(&[2]), shape(&[2])]).is_ok());
        let wrong = elements.output_shape(&[shape(&[8]), shape(&[2]), shape(&[3])]).unwrap_err();
        assert!(wrong.to_string().contains("needs updates of shape (None, 2)"), "{wrong}");
        let slices = ScatterND::new();
        assert!(slices.output_shape(&[shape(&[8, 3]), shape(&[1]), shape(&[8, 3])]).is_ok());
        assert!(slices.output_shape(&[shape(&[8, 3]), shape(&[1]), shape(&[3])]).is_err());
        assert!(slices.output_shape(&[shape(&[8, 3]), shape(&[1])]).is_err());
    }
}
