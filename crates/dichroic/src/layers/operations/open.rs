//! Axes whose size is open, and those whose size must be known.

use crate::layers::LayerError;
use crate::shape::Shape;

/// The size of an axis that must be known; `why` begins the sentence.
pub(super) fn known(axis: usize, input: &Shape, why: &str) -> Result<usize, LayerError> {
    input.axes()[axis].ok_or_else(|| LayerError::InputShape {
        rule: format!("{why} needs the size of axis {axis}, which is open"),
        got: input.clone(),
        fix: "give the input size".to_owned(),
    })
}

/// The size of an axis on which two values meet by numpy's rules; an open size meets 1 as itself, and any other
/// as that. `None` where the sizes can't meet.
pub(super) fn broadcast(a: Option<usize>, b: Option<usize>) -> Option<Option<usize>> {
    match (a, b) {
        (Some(1), other) | (other, Some(1)) => Some(other),
        (Some(a), Some(b)) => (a == b).then_some(Some(a)),
        (size, other) => Some(size.or(other)),
    }
}

/// The shape that all are stretched to by numpy's rules, all axes matched from the last one on.
///
/// # Errors
/// When sizes differ and none is 1.
pub(super) fn broadcast_shape(inputs: &[Shape]) -> Result<Shape, LayerError> {
    let rank = inputs.iter().map(Shape::rank).max().unwrap_or(0);
    let mut joined = vec![Some(1); rank];
    for input in inputs {
        for (size, &other) in joined[rank - input.rank()..].iter_mut().zip(input.axes()) {
            *size = broadcast(*size, other).ok_or_else(|| LayerError::InputShapes {
                rule: "sizes must be equal or 1 along each axis, counted from the last".to_owned(),
                got: inputs.into(),
                fix: "bring the inputs to one shape".to_owned(),
            })?;
        }
    }
    Ok(Shape::new(joined))
}

/// Refuses indices that are larger than the value on another axis than the one that is indexed.
pub(super) fn within(
    axis: usize,
    x: &Shape,
    indices: &Shape,
    inputs: &[Shape],
) -> Result<(), LayerError> {
    let mut axes = indices.axes().iter().zip(x.axes()).enumerate();
    let fits = axes.all(|(other, pair)| match pair {
        (Some(indices), Some(size)) => other == axis || indices <= size,
        _ => true,
    });
    if indices.rank() == x.rank() && fits {
        return Ok(());
    }
    Err(LayerError::InputShapes {
        rule: format!("needs indices of the value's rank, no larger on all axes but {axis}"),
        got: inputs.into(),
        fix: "cut the indices, or index another axis".to_owned(),
    })
}

/// The shape of the slices of a value that tuples of indices name, behind axes that both share.
pub(super) fn slices(
    batch_dims: usize,
    x: &Shape,
    indices: &Shape,
    inputs: &[Shape],
) -> Result<Shape, LayerError> {
    let wrong = |rule: String| LayerError::InputShapes {
        rule,
        got: inputs.into(),
        fix: "give the last axis of the indices one place for each axis that they index".to_owned(),
    };
    let Some((tuple, before)) = indices.axes().split_last() else {
        return Err(wrong("the indices need an axis".to_owned()));
    };
    let tuple = tuple.ok_or_else(|| wrong("the size of a tuple of indices is open".to_owned()))?;
    let behind = batch_dims.checked_add(tuple).and_then(|first| x.axes().get(first..));
    let shared = before.get(..batch_dims).zip(x.axes().get(..batch_dims));
    let equal = |(a, b): (&Option<usize>, &Option<usize>)| a.is_none() || b.is_none() || a == b;
    match (behind, shared) {
        (Some(behind), Some((ours, theirs))) if ours.iter().zip(theirs).all(equal) => {
            Ok(Shape::new([before, behind].concat()))
        }
        _ => Err(wrong(format!(
            "tuples of {tuple} indices behind {batch_dims} shared axes don't fit the value"
        ))),
    }
}

/// All sizes of a shape of which each is known: those of a graph.
pub(super) fn sizes(shape: &Shape) -> Vec<usize> {
    shape.axes().iter().copied().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_meet_from_the_last_axis_on() {
        let shapes = [Shape::new([None, Some(1), Some(4)]), Shape::new([Some(3), Some(1)])];
        assert_eq!(broadcast_shape(&shapes).unwrap(), Shape::new([None, Some(3), Some(4)]));
        let text = broadcast_shape(&[Shape::new([Some(2)]), Shape::new([Some(3)])]).unwrap_err();
        assert!(text.to_string().contains("(2,) and (3,)"), "{text}");
    }

    #[test]
    fn an_open_size_meets_any_other() {
        assert_eq!(broadcast(None, Some(1)), Some(None));
        assert_eq!(broadcast(None, Some(3)), Some(Some(3)));
        assert_eq!(broadcast(None, None), Some(None));
        assert_eq!(broadcast(Some(0), Some(1)), Some(Some(0)));
    }
}
