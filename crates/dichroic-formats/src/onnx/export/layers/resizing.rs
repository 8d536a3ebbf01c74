//! `Resize` with all that ONNX says about it.

use super::super::graph::{Attribute, Attributes, whole};
use super::super::scope::Scope;
use super::super::value::{Value, channels_first};
use super::activations::resolved;
use crate::error::Problem;

/// `Resize`, by scales or to sizes; images lie with their channels first, as runtimes want them.
pub(super) fn resize(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let written: Vec<i64> = scope.argument("axes")?;
    let mut axes = Vec::with_capacity(written.len());
    for axis in written {
        axes.extend(resolved(&[axis], x.rank())?);
    }
    let spatial = axes.iter().all(|&axis| (1..x.rank().saturating_sub(1)).contains(&axis));
    let x = match spatial {
        true => scope.in_order(&x, &channels_first(x.rank()))?,
        false => scope.plain(&x),
    };
    let sizes: Option<Vec<i64>> = scope.argument("sizes")?;
    let scales: Option<Vec<f32>> = scope.argument("scales")?;
    let attributes = attributes(scope)?;
    let region = region(scope, &x, &axes)?;
    let shape = scope.output_shape()?;
    let name = match (sizes, scales) {
        (None, Some(scales)) => {
            let mut all = vec![1.0; x.rank()];
            for (&axis, &scale) in axes.iter().zip(&scales) {
                all[x.position(axis)] = scale;
            }
            let scales = scope.floats("scales", &[all.len()], &all);
            scope.emit("Resize", &[&x.name, &region, &scales], attributes)
        }
        (Some(sizes), None) => {
            let sizes = all_sizes(scope, &x, (&axes, &sizes));
            scope.emit("Resize", &[&x.name, &region, "", &sizes], attributes)
        }
        _ => return Err(scope.unsupported("sizes together with scales", "give one of them")),
    };
    Ok(x.renamed(name).reshaped(shape))
}

fn attributes(scope: &Scope<'_>) -> Result<Attributes, Problem> {
    let mode = one_of(scope, "mode", &["nearest", "linear", "cubic"])?;
    let coordinates = one_of(
        scope,
        "coordinate_transformation",
        &[
            "half_pixel",
            "half_pixel_symmetric",
            "pytorch_half_pixel",
            "align_corners",
            "asymmetric",
            "tf_half_pixel_for_nn",
            "tf_crop_and_resize",
        ],
    )?;
    let mut attributes = vec![
        ("mode", Attribute::Text(mode)),
        ("coordinate_transformation_mode", Attribute::Text(coordinates)),
    ];
    if coordinates == "half_pixel_symmetric" && scope.options.opset < 19 {
        return Err(scope.unsupported(coordinates, "use opset 19"));
    }
    match mode {
        "nearest" => {
            let roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];
            let rounding = one_of(scope, "rounding", &roundings)?;
            attributes.push(("nearest_mode", Attribute::Text(rounding)));
        }
        "cubic" => {
            let coefficient: f32 = scope.argument("cubic_coefficient")?;
            attributes.push(("cubic_coeff_a", Attribute::Float(coefficient)));
        }
        _ => {}
    }
    if scope.argument("exclude_outside")? {
        attributes.push(("exclude_outside", Attribute::Int(1)));
    }
    if scope.argument("antialias")? {
        if scope.options.opset < 18 {
            return Err(scope.unsupported("antialias", "use opset 18"));
        }
        attributes.push(("antialias", Attribute::Int(1)));
    }
    let outside: f32 = scope.argument("extrapolation_value")?;
    if outside != 0.0 {
        attributes.push(("extrapolation_value", Attribute::Float(outside)));
    }
    Ok(attributes)
}

/// An argument that is one of these words.
fn one_of(
    scope: &Scope<'_>,
    argument: &str,
    words: &[&'static str],
) -> Result<&'static str, Problem> {
    let written: String = scope.argument(argument)?;
    let found = words.iter().find(|word| **word == written).copied();
    found.ok_or_else(|| scope.unsupported(format!("{argument} {written:?}"), "use another one"))
}

/// Where the part lies that is resized, for those who crop; nothing for the others.
fn region(scope: &mut Scope<'_>, x: &Value, axes: &[usize]) -> Result<String, Problem> {
    let roi: Vec<f32> = scope.argument("roi")?;
    if roi.is_empty() {
        return Ok(String::new());
    }
    let mut all = [vec![0.0; x.rank()], vec![1.0; x.rank()]].concat();
    for (i, &axis) in axes.iter().enumerate() {
        all[x.position(axis)] = roi[i];
        all[x.rank() + x.position(axis)] = roi[axes.len() + i];
    }
    Ok(scope.floats("roi", &[all.len()], &all))
}

/// The sizes of all axes as a value; open ones are taken from the value itself.
fn all_sizes(scope: &mut Scope<'_>, x: &Value, (axes, sizes): (&[usize], &[i64])) -> String {
    let mut all: Vec<Option<i64>> = x.sizes().into_iter().map(|size| size.map(whole)).collect();
    for (&axis, &size) in axes.iter().zip(sizes) {
        all[x.position(axis)] = Some(size);
    }
    if let Some(known) = all.iter().copied().collect::<Option<Vec<i64>>>() {
        return scope.ints("sizes", &known);
    }
    let mut parts = Vec::with_capacity(all.len());
    for (place, size) in all.into_iter().enumerate() {
        let place = whole(place);
        parts.push(match size {
            Some(size) => scope.ints("size", &[size]),
            None => {
                let one =
                    vec![("start", Attribute::Int(place)), ("end", Attribute::Int(place + 1))];
                scope.emit("Shape", &[&x.name], one)
            }
        });
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    scope.emit("Concat", &parts, vec![("axis", Attribute::Int(0))])
}
