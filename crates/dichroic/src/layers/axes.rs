//! Axes by number, counted from the front or, if negative, from the back.

use super::{Axes, LayerError};
use crate::shape::Shape;

/// The axis counted from the front.
pub(super) fn resolve(axis: i64, input: &Shape) -> Result<usize, LayerError> {
    let rank = i64::try_from(input.rank()).unwrap_or(i64::MAX);
    let from_front = if axis < 0 { axis.saturating_add(rank) } else { axis };
    usize::try_from(from_front).ok().filter(|&axis| axis < input.rank()).ok_or_else(|| {
        LayerError::InputShape {
            rule: format!("axis {axis} is not among the {rank} axes of the input"),
            got: input.clone(),
            fix: format!("use an axis from {} to {}", -rank, rank - 1),
        }
    })
}

/// The axes counted from the front, in rising order, each once.
pub(super) fn resolve_all(axes: &Axes, input: &Shape) -> Result<Vec<usize>, LayerError> {
    let mut resolved =
        axes.as_slice().iter().map(|&axis| resolve(axis, input)).collect::<Result<Vec<_>, _>>()?;
    resolved.sort_unstable();
    resolved.dedup();
    Ok(resolved)
}

/// The sizes of these axes, all of which must be known.
pub(super) fn sizes(axes: &[usize], input: &Shape) -> Result<Vec<usize>, LayerError> {
    axes.iter().map(|&axis| input.axes()[axis]).collect::<Option<Vec<_>>>().ok_or_else(|| {
        LayerError::InputShape {
            rule: "has weights along an axis whose size is not known".to_owned(),
            got: input.clone(),
            fix: "give the input fixed sizes along the axes of the weights".to_owned(),
        }
    })
}

/// An order of axes that moves `last` behind all others, and the order that undoes it.
pub(super) fn to_the_end(rank: usize, last: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let order: Vec<usize> =
        (0..rank).filter(|axis| !last.contains(axis)).chain(last.iter().copied()).collect();
    let mut back = vec![0; rank];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    (order, back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_axis_counts_from_the_back() {
        let input = Shape::batched(&[4, 5, 3]);
        assert_eq!(resolve(-1, &input).unwrap(), 3);
        assert_eq!(resolve_all(&Axes::from([-1, 1]), &input).unwrap(), [1, 3]);
        assert!(resolve(4, &input).unwrap_err().to_string().contains("from -4 to 3"));
    }

    #[test]
    fn an_order_and_its_way_back() {
        assert_eq!(to_the_end(4, &[1]), (vec![0, 2, 3, 1], vec![0, 3, 1, 2]));
    }
}
