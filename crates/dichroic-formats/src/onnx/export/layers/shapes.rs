//! Values moved, repeated, padded and cut.

use dichroic::layers::Margins;
use serde::de::DeserializeOwned;

use super::super::graph::whole;
use super::super::scope::Scope;
use super::super::value::Value;
use crate::error::Problem;

/// `Reshape`; the batch is copied.
pub(super) fn reshape(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let target: Vec<i64> = scope.argument("target_shape")?;
    let sizes: Vec<i64> = std::iter::once(0).chain(target).collect();
    let sizes = scope.ints("target_shape", &sizes);
    let shape = scope.output_shape()?;
    let name = scope.emit("Reshape", &[&x.name, &sizes], Vec::new());
    Ok(Value::plain(name, shape))
}

/// `Permute` only says where the axes lie: who needs them in an order moves them.
pub(super) fn permute(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let dims: Vec<usize> = scope.argument("dims")?;
    let shape = scope.output_shape()?;
    let axes: Vec<usize> = std::iter::once(0).chain(dims).collect();
    Ok(permuted_axes(&x, &axes, shape))
}

/// The value under a permutation of the model's axes, itself unmoved.
pub(super) fn permuted_axes(x: &Value, axes: &[usize], shape: dichroic::Shape) -> Value {
    let place = |held: &usize| axes.iter().position(|axis| axis == held).unwrap_or(*held);
    let order = x.order.iter().map(place).collect();
    Value { order, shape, ..x.clone() }
}

/// `RepeatVector`: a new axis, along which the value spreads.
pub(super) fn repeat_vector(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let n: usize = scope.argument("n")?;
    let shape = scope.output_shape()?;
    let axis = scope.axes(&[1]);
    let row = scope.emit("Unsqueeze", &[&x.name, &axis], Vec::new());
    let sizes = scope.ints("n", &[1, whole(n), 1]);
    let name = scope.emit("Expand", &[&row, &sizes], Vec::new());
    Ok(Value::plain(name, shape))
}

/// `ZeroPadding1D`–`3D`, in the order of the input's axes.
pub(super) fn zero_padding(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let margins = margins(scope, "padding", x.rank())?;
    let before = x.order.iter().map(|&axis| whole(margins[axis].0));
    let after = x.order.iter().map(|&axis| whole(margins[axis].1));
    let pads: Vec<i64> = before.chain(after).collect();
    let pads = scope.ints("pads", &pads);
    let shape = scope.output_shape()?;
    Ok(scope.apply_to("Pad", &x, &pads).reshaped(shape))
}

/// `Cropping1D`–`3D`.
pub(super) fn cropping(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let margins = margins(scope, "cropping", x.rank())?;
    let cut: Vec<usize> = (0..x.rank()).filter(|&axis| margins[axis] != (0, 0)).collect();
    if cut.is_empty() {
        return Ok(x);
    }
    let starts: Vec<i64> = cut.iter().map(|&axis| whole(margins[axis].0)).collect();
    // An end counts from the back, where 0 would be the beginning.
    let end = |&axis: &usize| match margins[axis].1 {
        0 => i64::MAX,
        after => -whole(after),
    };
    let ends: Vec<i64> = cut.iter().map(end).collect();
    let (starts, ends) = (scope.ints("starts", &starts), scope.ints("ends", &ends));
    let axes = scope.axes(&x.positions(&cut));
    let shape = scope.output_shape()?;
    let name = scope.emit("Slice", &[&x.name, &starts, &ends, &axes], Vec::new());
    Ok(x.renamed(name).reshaped(shape))
}

/// Cells before and after each axis of the model; none along batch and channels.
fn margins(scope: &Scope<'_>, argument: &str, rank: usize) -> Result<Vec<(usize, usize)>, Problem> {
    fn read<const RANK: usize>(
        scope: &Scope<'_>,
        argument: &str,
    ) -> Result<Vec<(usize, usize)>, Problem>
    where
        Margins<RANK>: DeserializeOwned,
    {
        Ok(scope.argument::<Margins<RANK>>(argument)?.as_slice().to_vec())
    }
    let spatial = match rank {
        3 => read::<1>(scope, argument)?,
        4 => read::<2>(scope, argument)?,
        _ => read::<3>(scope, argument)?,
    };
    Ok([&[(0, 0)][..], &spatial, &[(0, 0)]].concat())
}
