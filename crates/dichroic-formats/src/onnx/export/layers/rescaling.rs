//! `Rescaling`.

use dichroic::layers::PerChannel;

use super::super::scope::Scope;
use super::super::value::Value;
use super::functions::affine;
use crate::error::Problem;

/// `scale · x + offset`, by one number or by one a channel.
pub(super) fn rescaling(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let mut y = scope.input()?;
    let scale: PerChannel = scope.argument("scale")?;
    let offset: PerChannel = scope.argument("offset")?;
    y = match scale {
        PerChannel::All(scale) => affine(scope, &y, scale as f32, 0.0),
        PerChannel::Each(scales) => by_channel(scope, ("Mul", "scale"), &y, &scales),
    };
    Ok(match offset {
        PerChannel::All(offset) => affine(scope, &y, 1.0, offset as f32),
        PerChannel::Each(offsets) => by_channel(scope, ("Add", "offset"), &y, &offsets),
    })
}

fn by_channel(
    scope: &mut Scope<'_>,
    (op, what): (&'static str, &str),
    x: &Value,
    values: &[f64],
) -> Value {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    let constant = scope.along(what, &values, x, x.rank() - 1);
    scope.apply_to(op, x, &constant)
}
