//! Values read from and written to places that another value names.

use serde_json::{Map, Value, json};

use super::super::MODULES;
use super::counted;
use super::moving::numbers;
use super::parts::{Parts, Span, Term, literal, slices, with_one_open};
use crate::Shape;
use crate::layers::{
    Gather, GatherElements, GatherND, ScatterElements, ScatterND, ScatterReduction,
};

/// The inputs of an operation with their shapes.
type Inputs<'a> = (&'a [Term], &'a [Shape]);

/// Indices as whole numbers.
fn whole(parts: &mut Parts, indices: &Term) -> Term {
    parts.cast(indices, "int32")
}

/// Whole places of an axis.
pub(super) fn gather(parts: &mut Parts, layer: &Gather, terms: &[Term]) -> Term {
    let indices = whole(parts, &terms[1]);
    parts.numpy("Take", json!({"axis": layer.axis}), [terms[0].argument(), indices.argument()])
}

/// Single values along an axis. Where there are fewer indices than places on another axis, the first places are read.
pub(super) fn gather_elements(
    parts: &mut Parts,
    layer: &GatherElements,
    (terms, inputs): Inputs<'_>,
) -> Option<Term> {
    let axis = counted(layer.axis, &inputs[0])?;
    let sizes = inputs[0].axes().iter().zip(inputs[1].axes()).enumerate();
    let narrower = sizes.filter(|&(other, (own, read))| other != axis && own != read);
    let spans = narrower.map(|(axis, (_, read))| {
        let stop = i64::try_from((*read)?).ok()?;
        Some(Span { axis, start: 0, stop: Some(stop), step: 1 })
    });
    let spans: Vec<Span> = spans.collect::<Option<_>>()?;
    let mut x = terms[0].clone();
    if !spans.is_empty() {
        x = parts.plain("GetItem", [x.argument(), slices(inputs[0].rank(), &spans)]);
    }
    let indices = whole(parts, &terms[1]);
    let arguments = [x.argument(), indices.argument()];
    Some(parts.numpy("TakeAlongAxis", json!({"axis": axis}), arguments))
}

/// Tuples of indices as places on one axis, which the axes that they index are laid into.
pub(super) fn gather_nd(
    parts: &mut Parts,
    layer: &GatherND,
    (terms, inputs): Inputs<'_>,
    output: &Shape,
) -> Option<Term> {
    let (x, indices) = (&inputs[0], &inputs[1]);
    let shared = layer.batch_dims;
    let (last, read) = indices.axes().split_last()?;
    let (before, behind) = x.axes().split_at_checked(shared)?;
    let (indexed, rest) = behind.split_at_checked((*last)?)?;
    let indexed: Vec<usize> = indexed.iter().copied().collect::<Option<_>>()?;
    let places = product(&indexed)?;
    let place = joined(parts, &terms[1], &indexed)?;
    if shared == 0 {
        let laid = [&[Some(places)], rest].concat();
        let laid = json!({"newshape": with_one_open(&laid)?});
        let laid = parts.numpy("Reshape", laid, [terms[0].argument()]);
        return Some(parts.numpy("Take", json!({"axis": 0}), [laid.argument(), place.argument()]));
    }
    // Along an axis Keras reads value by value: the rest of each slice becomes an axis of its own.
    let known =
        |sizes: &[Option<usize>]| product(&sizes.iter().copied().collect::<Option<Vec<usize>>>()?);
    let (width, count) = (known(rest)?, known(read.get(shared..)?)?);
    let all = before.iter().copied().try_fold(1usize, |all, size| all.checked_mul(size?));
    let laid = with_one_open(&[all, Some(places), Some(width)])?;
    let laid = parts.numpy("Reshape", json!({"newshape": laid}), [terms[0].argument()]);
    let place_shape = with_one_open(&[all, Some(count), Some(1)])?;
    let place = parts.numpy("Reshape", json!({"newshape": place_shape}), [place.argument()]);
    let place = parts.numpy("Tile", json!({"repeats": [1, 1, width]}), [place.argument()]);
    let arguments = [laid.argument(), place.argument()];
    let taken = parts.numpy("TakeAlongAxis", json!({"axis": 1}), arguments);
    let shape = json!({"newshape": with_one_open(output.axes())?});
    Some(parts.numpy("Reshape", shape, [taken.argument()]))
}

/// One number for each tuple of indices into axes of these sizes.
fn joined(parts: &mut Parts, indices: &Term, sizes: &[usize]) -> Option<Term> {
    let indices = whole(parts, indices);
    let mut strides = vec![1usize; sizes.len()];
    for axis in (0..sizes.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1].checked_mul(sizes[axis + 1])?;
    }
    let row = |values: &[usize]| literal(&[values.len()], "int32", numbers(values.iter().copied()));
    let negative = parts.plain("Less", [indices.argument(), json!(0)]);
    let raised = parts.plain("Add", [indices.argument(), row(sizes)]);
    let arguments = [negative.argument(), raised.argument(), indices.argument()];
    let counted = parts.plain("Where", arguments);
    let steps = parts.plain("Multiply", [counted.argument(), row(&strides)]);
    Some(parts.numpy("Sum", json!({"axis": -1, "keepdims": false}), [steps.argument()]))
}

fn product(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1usize, |all, &size| all.checked_mul(size))
}

/// Slices written one by one.
pub(super) fn scatter_nd(
    parts: &mut Parts,
    layer: &ScatterND,
    (terms, inputs): Inputs<'_>,
) -> Option<Term> {
    let tuple = (*inputs[1].axes().last()?)?;
    let indices = whole(parts, &terms[1]);
    let rows = json!({"newshape": [-1, i64::try_from(tuple).ok()?]});
    let indices = parts.numpy("Reshape", rows, [indices.argument()]);
    let slices = [&[None], inputs[0].axes().get(tuple..)?].concat();
    let slices = json!({"newshape": with_one_open(&slices)?});
    let updates = parts.numpy("Reshape", slices, [terms[2].argument()]);
    Some(update(parts, layer.reduction, [&terms[0], &indices, &updates]))
}

/// Values written one by one: the place on the other axes is that of the update, counted along each.
pub(super) fn scatter_elements(
    parts: &mut Parts,
    layer: &ScatterElements,
    (terms, inputs): Inputs<'_>,
) -> Option<Term> {
    let axis = counted(layer.axis, &inputs[0])?;
    let rank = inputs[0].rank();
    let indices = whole(parts, &terms[1]);
    let ones = parts.plain("OnesLike", [indices.argument()]);
    let places = (0..rank).map(|other| {
        if other == axis {
            return indices.argument();
        }
        let config = json!({"axis": other, "dtype": "int32"});
        let number = parts.numpy("Cumsum", config, [ones.argument()]);
        parts.plain("Subtract", [number.argument(), json!(1)]).argument()
    });
    let places: Vec<Value> = places.collect();
    let tuples = parts.numpy("Stack", json!({"axis": -1}), [places.into()]);
    let rows = json!({"newshape": [-1, i64::try_from(rank).ok()?]});
    let tuples = parts.numpy("Reshape", rows, [tuples.argument()]);
    let updates = parts.numpy("Reshape", json!({"newshape": [-1]}), [terms[2].argument()]);
    Some(update(parts, layer.reduction, [&terms[0], &tuples, &updates]))
}

fn update(parts: &mut Parts, reduction: ScatterReduction, inputs: [&Term; 3]) -> Term {
    // Before version 3.14 the operation knew nothing but writing, and no such argument.
    let config = match reduction {
        ScatterReduction::None => json!({}),
        other => json!({"reduction": other.word()}),
    };
    let module = format!("{MODULES}core");
    let arguments = inputs.map(Term::argument).to_vec();
    parts.call((&module, "ScatterUpdate"), config, arguments, Map::new())
}
