//! Looking between the places of feature maps: GridSample, AffineGrid, RoiAlign.

use dichroic::layers::{GridSample, RoiAlign, RoiAlignKind, SampleBorder, SampleMode};

use super::broadcast::input;
use super::layout::reshaped;
use super::products::product;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Entry, Node, Order, Variable};

pub(super) const OPERATORS: &[Operator] = &[
    ("AffineGrid", 20..=23, affine_grid),
    ("GridSample", 16..=23, grid_sample),
    ("RoiAlign", 10..=23, roi_align),
];

fn grid_sample<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let mode = match node.attributes.text_or("mode", "linear")? {
        "linear" | "bilinear" => SampleMode::Linear,
        "cubic" | "bicubic" => SampleMode::Cubic,
        "nearest" => SampleMode::Nearest,
        other => return Err(Problem::malformed("mode linear, cubic or nearest", other).into()),
    };
    let border = match node.attributes.text_or("padding_mode", "zeros")? {
        "zeros" => SampleBorder::Zeros,
        "border" => SampleBorder::Edge,
        "reflection" => SampleBorder::Reflect,
        other => {
            let expected = "padding_mode zeros, border or reflection";
            return Err(Problem::malformed(expected, other).into());
        }
    };
    let corners = node.attributes.flag("align_corners")?;
    let layer = GridSample::new().mode(mode).border(border).align_corners(corners);
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    let grid = input(node, 1)?;
    let grid = node.plain(&grid)?;
    let symbol = node.builder.layer(layer, &[x.symbol.clone(), grid.symbol])?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn roi_align<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let kind = match node.attributes.text_or("mode", "avg")? {
        "avg" => RoiAlignKind::Average,
        "max" => RoiAlignKind::Max,
        other => return Err(Problem::malformed("mode avg or max", other).into()),
    };
    // The first version has no word for it.
    let usual = if node.opset < 16 { "output_half_pixel" } else { "half_pixel" };
    let half = match node.attributes.text_or("coordinate_transformation_mode", usual)? {
        "half_pixel" => true,
        "output_half_pixel" => false,
        other => {
            let expected = "coordinate_transformation_mode half_pixel or output_half_pixel";
            return Err(Problem::malformed(expected, other).into());
        }
    };
    let count = |name: &str, default: i64| -> Result<usize, Located> {
        let given = node.attributes.int_or(name, default)?;
        usize::try_from(given)
            .map_err(|_| Problem::malformed(format!("{name} of at least 0"), given).into())
    };
    let cells = [count("output_height", 1)?, count("output_width", 1)?];
    let layer = RoiAlign::new(cells)
        .kind(kind)
        .sampling_ratio(count("sampling_ratio", 0)?)
        .spatial_scale(node.attributes.float_or("spatial_scale", 1.0)?)
        .half_pixel(half);
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    let mut symbols = vec![x.symbol.clone()];
    let mut batch = 1;
    for place in 1..=2 {
        let value = input(node, place)?;
        batch = value.batch;
        symbols.push(node.plain(&value)?.symbol);
    }
    let symbol = node.builder.layer(layer, &symbols)?;
    // The first axis counts the regions.
    Ok(vec![Value::Variable(Variable { batch, ..x.with(symbol) })])
}

/// The places of an image that a matrix for each item moves.
fn affine_grid<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let sizes = node.known_whole(1)?;
    let sizes = sizes.get(2..).unwrap_or_default();
    let theta = input(node, 0)?;
    let sizes: Vec<usize> = sizes
        .iter()
        .map(|&size| usize::try_from(size))
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::malformed("sizes of at least 0", format!("{sizes:?}")))?;
    let places = sizes.iter().try_fold(sizes.len() + 1, |count, &size| count.checked_mul(size));
    if theta.rank() != 3 || !(2..=3).contains(&sizes.len()) || places.is_none_or(|p| p > MOST) {
        let expected = format!("matrices (items, 2, 3) or (items, 3, 4), at most {MOST} numbers");
        return Err(Problem::malformed(expected, format!("a grid of {sizes:?}")).into());
    }
    let base = base(&sizes, node.attributes.flag("align_corners")?);
    let base = node.constant(&base, &Order::plain(2))?;
    // (places, axes + 1) · (items, axes + 1, axes)
    let order = theta.order.transposed(&[0, 2, 1]);
    let turned = node.plain(&theta.clone().ordered(order))?;
    let moved = product(node, &base, &turned)?;
    let moved = Variable { batch: theta.batch, ..moved };
    let axes = sizes.len() as i64;
    let shape = [theta.size(0)].into_iter();
    let shape = shape.chain(sizes.iter().map(|&size| Entry::Known(size as i64)));
    let shape = shape.chain([Entry::Known(axes)]).collect();
    Ok(vec![Value::Variable(reshaped(node, &moved, shape)?.typed(theta.element))])
}

/// The most numbers of a grid.
const MOST: usize = 1 << 24;

/// The places of an image from -1 to 1, the last axis first, and a 1 behind them.
fn base<'a>(sizes: &[usize], align_corners: bool) -> Array<'a> {
    let places: usize = sizes.iter().product();
    let mut values = Vec::with_capacity(places * (sizes.len() + 1));
    for number in 0..places {
        let mut left = number;
        for &size in sizes.iter().rev() {
            let (place, size_of_axis) = ((left % size) as f32, size as f32);
            left /= size;
            values.push(match align_corners {
                true if size == 1 => 0.0,
                true => 2.0 * place / (size_of_axis - 1.0) - 1.0,
                false => (2.0 * place + 1.0) / size_of_axis - 1.0,
            });
        }
        values.push(1.0);
    }
    Array::floats(vec![places, sizes.len() + 1], ElementType::Float32, values)
}
