//! Values moved by several operations of Keras.

use serde_json::{Map, Value, json};

use super::super::MODULES;
use super::counted;
use super::parts::{Parts, Span, Term, slices, with_one_open};
use crate::Shape;
use crate::layers::{
    BlockOrder, Constant, CumulativeSum, DepthToSpace, PadAxes, PadMode, SpaceToDepth, Squeeze,
};

/// A value that no input changes, kept where Keras keeps weights: `PReLU` of -1 is minus its slope.
pub(super) fn constant(parts: &mut Parts, layer: &Constant, x: &Term) -> Term {
    let zeros = parts.plain("ZerosLike", [x.argument()]);
    let zero = parts.numpy("Sum", json!({"axis": null, "keepdims": false}), [zeros.argument()]);
    let minus_one = parts.plain("Subtract", [zero.argument(), json!(1.0)]);
    let item: Vec<usize> = [&[1], &layer.shape[..]].concat();
    let item = parts.numpy("BroadcastTo", json!({"shape": item}), [minus_one.argument()]);
    let config = json!({"trainable": false, "dtype": "float32", "shared_axes": null});
    let slope = parts.call(("keras.layers", "PReLU"), config, vec![item.argument()], Map::new());
    let value = parts.plain("Negative", [slope.argument()]);
    parts.numpy("Reshape", json!({"newshape": layer.shape}), [value.argument()])
}

/// Axes of 1 repeated; not where an open axis may be of 1.
pub(super) fn broadcast_to(
    parts: &mut Parts,
    (x, input): (&Term, &Shape),
    output: &Shape,
) -> Option<Term> {
    let new = output.rank().checked_sub(input.rank())?;
    let mut repeats = Vec::with_capacity(output.rank());
    for (axis, size) in output.axes().iter().enumerate() {
        let old = if axis < new { Some(1) } else { input.axes()[axis - new] };
        repeats.push(match (old, size) {
            (Some(1), Some(size)) => *size,
            (old, size) if old == *size => 1,
            _ => return None,
        });
    }
    let mut y = x.clone();
    if new > 0 {
        let axes: Vec<usize> = (0..new).collect();
        y = parts.numpy("ExpandDims", json!({"axis": axes}), [y.argument()]);
    }
    Some(parts.numpy("Tile", json!({"repeats": repeats}), [y.argument()]))
}

/// Keras drops no axis whose size is open; the sum over its one place is that place.
pub(super) fn squeeze(parts: &mut Parts, layer: &Squeeze, x: &Term) -> Term {
    parts.numpy("Sum", json!({"axis": layer.axes, "keepdims": false}), [x.argument()])
}

/// Places cut off first; then a constant border, or places of the axis taken again.
pub(super) fn pad_axes(
    parts: &mut Parts,
    layer: &PadAxes,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let cut = |number: i64| number.min(0);
    let spans = layer.padding.iter().enumerate().filter(|(_, pair)| pair.iter().any(|n| *n < 0));
    let spans: Vec<Span> = spans
        .map(|(axis, pair)| {
            let start = usize::try_from(-cut(pair[0])).ok()?;
            let stop = Some(cut(pair[1])).filter(|&stop| stop < 0);
            Some(Span { axis, start, stop, step: 1 })
        })
        .collect::<Option<_>>()?;
    let mut y = x.clone();
    if !spans.is_empty() {
        y = parts.plain("GetItem", [y.argument(), slices(input.rank(), &spans)]);
    }
    let added: Vec<[i64; 2]> = layer.padding.iter().map(|pair| pair.map(|n| n.max(0))).collect();
    if layer.mode == PadMode::Constant {
        if !layer.value.is_finite() {
            return None;
        }
        return Some(pad(parts, &y, &added, layer.value));
    }
    for (axis, pair) in added.iter().enumerate().filter(|(_, pair)| **pair != [0, 0]) {
        let cut_off: i64 = layer.padding[axis].iter().map(|&number| cut(number)).sum();
        let len = i64::try_from(input.axes()[axis]?).ok()?.checked_add(cut_off)?;
        let pair = [usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?];
        let places = layer.places(pair, usize::try_from(len).ok().filter(|&len| len > 0)?);
        let places: Vec<i64> = places.into_iter().map(|place| place as i64).collect();
        y = parts.numpy("Take", json!({"axis": axis}), [y.argument(), json!(places)]);
    }
    Some(y)
}

/// A border of one value.
pub(super) fn pad(parts: &mut Parts, x: &Term, padding: &[[i64; 2]], value: f32) -> Term {
    if padding.iter().all(|pair| *pair == [0, 0]) {
        return x.clone();
    }
    let module = format!("{MODULES}numpy");
    let kwargs = Map::from_iter([("constant_values".to_owned(), json!(value))]);
    let config = json!({"pad_width": padding, "mode": "constant"});
    parts.call((&module, "Pad"), config, vec![x.argument()], kwargs)
}

/// Turned round for sums from the end; moved on by one place where a place does not count itself.
pub(super) fn cumulative_sum(
    parts: &mut Parts,
    layer: &CumulativeSum,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let axis = counted(layer.axis, input)?;
    let flip = |parts: &mut Parts, x: &Term| match layer.reverse {
        true => parts.numpy("Flip", json!({"axis": axis}), [x.argument()]),
        false => x.clone(),
    };
    let mut y = flip(parts, x);
    if layer.exclusive {
        let mut padding = vec![[0, 0]; input.rank()];
        padding[axis] = [1, 0];
        y = pad(parts, &y, &padding, 0.0);
        let span = Span { axis, start: 0, stop: Some(-1), step: 1 };
        y = parts.plain("GetItem", [y.argument(), slices(input.rank(), &[span])]);
    }
    y = parts.numpy("Cumsum", json!({"axis": axis, "dtype": null}), [y.argument()]);
    Some(flip(parts, &y))
}

/// A reshape to `split`, an order of its axes, and a reshape to `merged`.
fn regrouped(
    parts: &mut Parts,
    x: &Term,
    split: &[Option<usize>],
    order: &[usize],
    merged: &Shape,
) -> Option<Term> {
    let (split, merged) = (with_one_open(split)?, with_one_open(merged.axes())?);
    let y = parts.numpy("Reshape", json!({"newshape": split}), [x.argument()]);
    let y = parts.numpy("Transpose", json!({"axes": order}), [y.argument()]);
    Some(parts.numpy("Reshape", json!({"newshape": merged}), [y.argument()]))
}

/// Channels spread over blocks of places.
pub(super) fn depth_to_space(
    parts: &mut Parts,
    layer: &DepthToSpace,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let output = crate::layers::Layer::output_shape(layer, std::slice::from_ref(input)).ok()?;
    let (spatial, block) = (input.rank().checked_sub(2)?, Some(layer.block_size));
    let blocks = vec![block; spatial];
    let (before, channels) = (&input.axes()[..=spatial], [output.channels()]);
    let (split, order) = match layer.mode {
        BlockOrder::DCR => ([before, &blocks, &channels].concat(), layer.mode.to_places(spatial)),
        BlockOrder::CRD => ([before, &channels, &blocks].concat(), layer.mode.to_places(spatial)),
    };
    regrouped(parts, x, &split, &order, &output)
}

/// Blocks of places gathered into channels.
pub(super) fn space_to_depth(
    parts: &mut Parts,
    layer: &SpaceToDepth,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let output = crate::layers::Layer::output_shape(layer, std::slice::from_ref(input)).ok()?;
    let spatial = input.rank().checked_sub(2)?;
    let pairs = output.axes()[1..=spatial].iter().flat_map(|&size| [size, Some(layer.block_size)]);
    let ends = [input.axes()[0], input.channels()];
    let split: Vec<Option<usize>> =
        ends[..1].iter().copied().chain(pairs).chain([ends[1]]).collect();
    let mut order = vec![0; split.len()];
    for (to, from) in layer.mode.to_places(spatial).into_iter().enumerate() {
        order[from] = to;
    }
    regrouped(parts, x, &split, &order, &output)
}

/// A list of numbers as arguments.
pub(super) fn numbers<T: Into<Value>>(values: impl IntoIterator<Item = T>) -> Vec<Value> {
    values.into_iter().map(Into::into).collect()
}
