//! The order of axes: what ONNX thinks of a value against how it lies in memory.

/// Which axis of ONNX lies at each place of memory: `places()[p]` is ONNX's axis at place `p`.
///
/// ```text
/// ONNX      N  C  H  W        order of a feature map that lies channels last:
///           0  1  2  3          place   0  1  2  3
/// memory    N  H  W  C          axis    0  2  3  1
/// ```
///
/// A Transpose of the file only changes this order; values move when a layer asks for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order(Vec<usize>);

impl Order {
    /// An order from the axes at each place.
    pub fn new(places: Vec<usize>) -> Self {
        Self(places)
    }

    /// Memory as ONNX sees it.
    pub fn plain(rank: usize) -> Self {
        Self((0..rank).collect())
    }

    /// Axis 1 of ONNX, the channels, at the last place.
    pub fn channels_last(rank: usize) -> Self {
        Self(match rank {
            0 | 1 => (0..rank).collect(),
            _ => std::iter::once(0).chain(2..rank).chain([1]).collect(),
        })
    }

    /// ONNX's axis at each place.
    pub fn places(&self) -> &[usize] {
        &self.0
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Whether memory is as ONNX sees it.
    pub fn is_plain(&self) -> bool {
        self.0.iter().copied().eq(0..self.0.len())
    }

    /// The place of an axis of ONNX.
    pub fn place_of(&self, axis: usize) -> usize {
        self.0.iter().position(|&other| other == axis).unwrap_or(axis)
    }

    /// The order after ONNX's Transpose, whose output axis `j` is input axis `permutation[j]`; nothing moves.
    pub fn transposed(&self, permutation: &[usize]) -> Self {
        let new_axis = |old: &usize| permutation.iter().position(|p| p == old).unwrap_or(*old);
        Self(self.0.iter().map(new_axis).collect())
    }

    /// The places of this order in the sequence that `target` wants: a permutation of memory.
    pub fn way_to(&self, target: &Self) -> Vec<usize> {
        target.0.iter().map(|&axis| self.place_of(axis)).collect()
    }

    /// The order of the axes that are left, where `removed` are axes of ONNX.
    pub fn without(&self, removed: &[usize]) -> Self {
        let renumbered = |axis: &usize| axis - removed.iter().filter(|&gone| gone < axis).count();
        Self(self.0.iter().filter(|axis| !removed.contains(axis)).map(renumbered).collect())
    }

    /// The values of an array of this shape (ONNX's axes) in the order of memory; `value` reads at an index of the array.
    ///
    /// The array is walked from its beginning to its end for a few places along memory's last axis at a time, so that each
    /// cache line of a large weight is fetched about once.
    pub fn gather<T: Copy + Default>(&self, shape: &[usize], value: impl Fn(usize) -> T) -> Vec<T> {
        let len = shape.iter().product();
        if self.is_plain() || len == 0 {
            return (0..len).map(value).collect();
        }
        let mut axes = self.merged_axes(shape);
        let last = axes.pop().unwrap_or(Axis { size: 1, read: 1, write: 1 });
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.read));
        let tile = if last.read == 1 { last.size } else { TILE };
        let mut gathered = vec![T::default(); len];
        for start in (0..last.size).step_by(tile) {
            let width = tile.min(last.size - start);
            rows(&axes, (start * last.read, start), &mut |from, to| {
                for (place, written) in gathered[to..to + width].iter_mut().enumerate() {
                    *written = value(from + place * last.read);
                }
            });
        }
        gathered
    }

    /// The axes of memory; neighbours that stay neighbours count as one.
    fn merged_axes(&self, shape: &[usize]) -> Vec<Axis> {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let mut axes: Vec<Axis> = Vec::with_capacity(self.0.len());
        let mut write = shape.iter().product();
        for &axis in &self.0 {
            let (size, read) = (shape[axis], strides[axis]);
            write /= size;
            match axes.last_mut() {
                Some(before) if before.read == read * size => {
                    *before = Axis { size: before.size * size, read, write };
                }
                _ => axes.push(Axis { size, read, write }),
            }
        }
        axes
    }
}

/// Places along memory's last axis that are filled together: a cache line. More would read from more places at a time than
/// the first cache keeps apart, since weights lie some power of two apart.
const TILE: usize = 16;

/// An axis with its steps in the array that is read and in memory.
#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    read: usize,
    write: usize,
}

/// Calls `row` with the places in both of each row along the last axis.
fn rows(axes: &[Axis], (from, to): (usize, usize), row: &mut impl FnMut(usize, usize)) {
    match axes {
        [] => row(from, to),
        [axis, rest @ ..] => {
            for i in 0..axis.size {
                rows(rest, (from + i * axis.read, to + i * axis.write), row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transpose_to_channels_first_lays_a_plain_picture_channels_last() {
        let picture = Order::plain(4).transposed(&[0, 3, 1, 2]);
        assert_eq!(picture, Order::channels_last(4));
        assert!(picture.transposed(&[0, 2, 3, 1]).is_plain());
    }

    #[test]
    fn the_way_from_plain_to_channels_last_is_the_permutation_of_memory() {
        let way = Order::plain(4).way_to(&Order::channels_last(4));
        assert_eq!(way, [0, 2, 3, 1]);
        assert_eq!(Order::channels_last(4).way_to(&Order::plain(4)), [0, 3, 1, 2]);
    }

    #[test]
    fn values_are_gathered_in_the_order_of_memory() {
        let order = Order::new(vec![2, 0, 1]);
        let gathered = order.gather(&[2, 3, 2], |place| place);
        assert_eq!(gathered, [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
        assert_eq!(Order::plain(0).gather(&[], |place| place), [0]);
        let (rows, columns) = (3, 150);
        let turned = Order::new(vec![1, 0]).gather(&[rows, columns], |place| place);
        let expected = (0..rows * columns).map(|i| i % rows * columns + i / rows);
        assert!(turned.into_iter().eq(expected));
    }

    #[test]
    fn an_axis_that_goes_leaves_the_others_in_place() {
        let order = Order::channels_last(4).without(&[2]);
        assert_eq!(order, Order::new(vec![0, 2, 1]));
    }
}
