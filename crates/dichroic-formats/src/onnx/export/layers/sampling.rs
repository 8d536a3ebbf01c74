//! Looking between the places of feature maps: `GridSample`, `RoiAlign`.

use serde_json::Value as Json;

use super::super::graph::{Attribute, whole};
use super::super::scope::Scope;
use super::super::value::{Value, channels_first};
use super::arithmetic::indices;
use crate::error::Problem;

pub(super) fn grid_sample(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let inputs = scope.all_inputs();
    let [x, grid] = inputs.as_slice() else {
        return Err(Problem::malformed("feature maps and a grid", inputs.len()));
    };
    // Before opset 20 the words are those of pictures, and there is nothing else.
    let old = scope.options.opset < 20;
    if old && x.rank() != 4 {
        return Err(scope.unsupported("GridSample along other than two axes", "use opset 20"));
    }
    let mode = match (scope.argument::<Json>("mode")?.as_str().unwrap_or_default(), old) {
        ("nearest", _) => "nearest",
        ("linear", true) => "bilinear",
        ("linear", false) => "linear",
        ("cubic", true) => "bicubic",
        ("cubic", false) => "cubic",
        (mode, _) => return Err(scope.unsupported(format!("mode {mode:?}"), "use another one")),
    };
    let border = match scope.argument::<Json>("border")?.as_str().unwrap_or_default() {
        "zeros" => "zeros",
        "edge" => "border",
        "reflect" => "reflection",
        other => return Err(scope.unsupported(format!("border {other:?}"), "use another one")),
    };
    let corners: bool = scope.argument("align_corners")?;
    let order = channels_first(x.rank());
    let x = scope.in_order(x, &order)?;
    let grid = scope.plain(grid);
    let attributes = vec![
        ("mode", Attribute::Text(mode)),
        ("padding_mode", Attribute::Text(border)),
        ("align_corners", Attribute::Int(corners.into())),
    ];
    let name = scope.emit("GridSample", &[&x.name, &grid.name], attributes);
    Ok(Value { order, ..Value::plain(name, shape) })
}

pub(super) fn roi_align(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let inputs = scope.all_inputs();
    let [x, regions, items] = inputs.as_slice() else {
        return Err(Problem::malformed("feature maps, regions and items", inputs.len()));
    };
    let kind = match scope.argument::<Json>("kind")?.as_str().unwrap_or_default() {
        "average" => "avg",
        "max" => "max",
        other => return Err(scope.unsupported(format!("kind {other:?}"), "use another one")),
    };
    let [height, width]: [usize; 2] = scope.argument("cells")?;
    let sampling: usize = scope.argument("sampling_ratio")?;
    let half: bool = scope.argument("half_pixel")?;
    let order = channels_first(4);
    let x = scope.in_order(x, &order)?;
    let regions = scope.plain(regions);
    let items = indices(scope, items);
    let attributes = vec![
        ("mode", Attribute::Text(kind)),
        ("output_height", Attribute::Int(whole(height))),
        ("output_width", Attribute::Int(whole(width))),
        ("sampling_ratio", Attribute::Int(whole(sampling))),
        ("spatial_scale", Attribute::Float(scope.number("spatial_scale")?)),
        (
            "coordinate_transformation_mode",
            Attribute::Text(if half { "half_pixel" } else { "output_half_pixel" }),
        ),
    ];
    let name = scope.emit("RoiAlign", &[&x.name, &regions.name, &items.name], attributes);
    Ok(Value { order, ..Value::plain(name, shape) })
}
