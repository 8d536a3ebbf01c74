//! Padding with a constant, and cutting out a part: each is the other's gradient.

use crate::error::{KernelError, count};
use crate::parallel;

/// A part of an array, cut out: on each axis every `strides`-th value from `starts` on.
///
/// # Shapes
/// `x`: the plan's shape; `y`: the plan's sizes.
///
/// # Source
/// numpy's slices; `keras.layers.Cropping1D`/`2D`/`3D`, which have strides of 1.
///
/// ```
/// use dichroic_kernels::pad::{Cut, SlicePlan};
/// let plan = SlicePlan::new(&[6], &[Cut { start: 1, size: 2, stride: 3 }])?;
/// let mut y = [0.0; 2];
/// plan.run(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &mut y);
/// assert_eq!(y, [1.0, 4.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlicePlan {
    input_len: usize,
    output_shape: Vec<usize>,
    output_len: usize,
    rows: Rows,
}

/// What is cut out of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    /// The first value taken.
    pub start: usize,
    /// How many are taken.
    pub size: usize,
    /// The step from one to the next, 1 or more.
    pub stride: usize,
}

/// Values of the larger array that are written at once: 64 KiB, filled and then written over in the cache.
const LARGE_BLOCK: usize = 16_384;

/// Where the rows of the smaller array lie in the larger one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rows {
    first: usize,
    /// Sizes of the smaller array's axes before the row, and their strides in the larger one.
    outer: Vec<(usize, usize)>,
    /// The values in a row, and their step in the larger array.
    row: usize,
    step: usize,
}

impl Rows {
    /// Whole axes at the end become part of the row.
    fn new(shape: &[usize], cuts: &[Cut]) -> Self {
        let (mut first, mut stride) = (0usize, 1usize);
        let mut axes: Vec<(usize, usize)> = Vec::new();
        for (&size, cut) in shape.iter().zip(cuts).rev() {
            first = first.saturating_add(cut.start.saturating_mul(stride));
            let step = stride.saturating_mul(cut.stride);
            match axes.last_mut() {
                Some(last) if last.0.saturating_mul(last.1) == step => last.0 *= cut.size,
                Some(last) if last.0 == 1 => *last = (cut.size, step),
                Some(_) if cut.size == 1 => {}
                _ => axes.push((cut.size, step)),
            }
            stride = stride.saturating_mul(size);
        }
        let (row, step) = if axes.is_empty() { (1, 1) } else { axes.remove(0) };
        axes.reverse();
        Self { first, outer: axes, row, step }
    }

    /// Where the `i`-th row starts in the larger array.
    fn start(&self, i: usize) -> usize {
        let (mut rest, mut offset) = (i, self.first);
        for &(size, stride) in self.outer.iter().rev() {
            offset += rest % size * stride;
            rest /= size;
        }
        offset
    }

    fn read(&self, large: &[f32], small: &mut [f32]) {
        if small.is_empty() {
            return;
        }
        let rows = (4096 / self.row).max(1);
        parallel::for_each_chunk(small, rows * self.row, rows * self.row / 2, |i, chunk| {
            for (j, row) in chunk.chunks_exact_mut(self.row).enumerate() {
                let start = self.start(i * rows + j);
                if self.step == 1 {
                    row.copy_from_slice(&large[start..start + self.row]);
                } else {
                    let from = large[start..].iter().step_by(self.step);
                    row.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
                }
            }
        });
    }

    /// Writes the rows into the larger array, and `around` everywhere else.
    fn write(&self, small: &[f32], large: &mut [f32], around: f32) {
        let rows = small.len() / self.row.max(1);
        let reach = self.row.saturating_sub(1) * self.step + 1;
        parallel::for_each_chunk(large, LARGE_BLOCK, LARGE_BLOCK / 8, |block, chunk| {
            chunk.fill(around);
            let (begin, end) = (block * LARGE_BLOCK, block * LARGE_BLOCK + chunk.len());
            // Rows start one behind the other: the first that ends within this block is found by halves.
            let (mut first, mut last) = (0, rows);
            while first < last {
                let middle = first.midpoint(last);
                if self.start(middle) + reach <= begin {
                    first = middle + 1;
                } else {
                    last = middle;
                }
            }
            for (i, row) in small.chunks_exact(self.row.max(1)).enumerate().skip(first) {
                let start = self.start(i);
                if start >= end {
                    break;
                }
                let skipped = begin.saturating_sub(start).div_ceil(self.step);
                let row = &row[skipped..self.row.min((end - start).div_ceil(self.step))];
                let chunk = &mut chunk[start + skipped * self.step - begin..];
                if self.step == 1 {
                    chunk[..row.len()].copy_from_slice(row);
                } else {
                    let to = chunk.iter_mut().step_by(self.step);
                    to.zip(row).for_each(|(to, &from)| *to = from);
                }
            }
        });
    }
}

impl SlicePlan {
    /// Plans for one shape and what is cut out of each axis.
    ///
    /// # Errors
    /// [`KernelError::Rank`] unless there is a cut for each axis; [`KernelError::Size`] for a stride
    /// of 0 or a cut that ends outside.
    pub fn new(shape: &[usize], cuts: &[Cut]) -> Result<Self, KernelError> {
        const KERNEL: &str = "slice";
        if cuts.len() != shape.len() {
            return Err(KernelError::Rank {
                kernel: KERNEL,
                what: "the cuts' sizes",
                expected: shape.len(),
                received: cuts.iter().map(|cut| cut.size).collect(),
            });
        }
        for (&size, cut) in shape.iter().zip(cuts) {
            let received = vec![cut.start, cut.size, cut.stride];
            if cut.stride == 0 {
                let (what, rule) = ("the last of start, size and stride", "1 or more");
                return Err(KernelError::Size { kernel: KERNEL, what, rule, received });
            }
            let last = cut.size.checked_sub(1).and_then(|steps| steps.checked_mul(cut.stride));
            let end = last.and_then(|last| last.checked_add(cut.start));
            if cut.size > 0 && end.is_none_or(|end| end >= size) {
                let (what, rule) = ("start, size and stride", "within the axis");
                return Err(KernelError::Size { kernel: KERNEL, what, rule, received });
            }
        }
        let output_shape: Vec<usize> = cuts.iter().map(|cut| cut.size).collect();
        Ok(Self {
            input_len: count(KERNEL, shape)?,
            output_len: count(KERNEL, &output_shape)?,
            output_shape,
            rows: Rows::new(shape, cuts),
        })
    }

    /// The shape of the output.
    pub fn output_shape(&self) -> &[usize] {
        &self.output_shape
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Cuts the part out.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.input_len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.output_len, "the output's length must be that of the plan");
        self.rows.read(x, y);
    }

    /// The input's gradient: that of the output where the part was cut out, and 0 around it.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn gradient(&self, dy: &[f32], dx: &mut [f32]) {
        assert_eq!(dx.len(), self.input_len, "the input's length must be that of the plan");
        assert_eq!(dy.len(), self.output_len, "the output's length must be that of the plan");
        self.rows.write(dy, dx, 0.0);
    }
}

/// An array with a constant put around it.
///
/// # Shapes
/// `x`: the plan's shape; `y`: on each axis as much more as is put before and behind it.
///
/// # Source
/// `keras.layers.ZeroPadding1D`/`2D`/`3D`, `keras.ops.pad` with `mode="constant"`.
#[derive(Clone, Debug, PartialEq)]
pub struct PadPlan {
    value: f32,
    /// The slice that takes the padding off again.
    inside: SlicePlan,
    output_shape: Vec<usize>,
}

impl PadPlan {
    /// Plans for one shape and the values put before and behind each axis.
    ///
    /// # Errors
    /// [`KernelError::Rank`] unless each axis has its padding; [`KernelError::TooLarge`] when the
    /// output can't be counted.
    pub fn new(shape: &[usize], padding: &[[usize; 2]], value: f32) -> Result<Self, KernelError> {
        const KERNEL: &str = "pad";
        if padding.len() != shape.len() {
            return Err(KernelError::Rank {
                kernel: KERNEL,
                what: "the padding before and behind",
                expected: shape.len(),
                received: padding.iter().flatten().copied().collect(),
            });
        }
        let output_shape = shape
            .iter()
            .zip(padding)
            .map(|(&size, [before, after])| size.checked_add(*before)?.checked_add(*after))
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(|| KernelError::TooLarge { kernel: KERNEL, received: shape.to_vec() })?;
        let cut = |(&size, &[start, _]): (&usize, &[usize; 2])| Cut { start, size, stride: 1 };
        let cuts: Vec<Cut> = shape.iter().zip(padding).map(cut).collect();
        Ok(Self { value, inside: SlicePlan::new(&output_shape, &cuts)?, output_shape })
    }

    /// The shape of the output.
    pub fn output_shape(&self) -> &[usize] {
        &self.output_shape
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Pads.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.inside.output_len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.inside.input_len, "the output's length must be that of the plan");
        self.inside.rows.write(x, y, self.value);
    }

    /// The input's gradient: that of the output, less the padding.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn gradient(&self, dy: &[f32], dx: &mut [f32]) {
        self.inside.run(dy, dx);
    }
}

pub mod reference {
    //! Padding and slicing as their definitions read.

    use super::Cut;
    use crate::elementwise::reference::{for_each_index, offset};

    /// Cuts a part out.
    pub fn slice(x: &[f32], shape: &[usize], cuts: &[Cut]) -> Vec<f32> {
        let sizes: Vec<usize> = cuts.iter().map(|cut| cut.size).collect();
        let mut y = Vec::new();
        for_each_index(&sizes, |index| {
            let from: Vec<usize> =
                index.iter().zip(cuts).map(|(i, cut)| cut.start + i * cut.stride).collect();
            y.push(x[offset(&from, shape)]);
        });
        y
    }

    /// Puts a constant around an array.
    pub fn pad(x: &[f32], shape: &[usize], padding: &[[usize; 2]], value: f32) -> Vec<f32> {
        let output: Vec<usize> = shape
            .iter()
            .zip(padding)
            .map(|(size, [before, after])| before + size + after)
            .collect();
        let mut y = Vec::new();
        for_each_index(&output, |index| {
            let inside: Option<Vec<usize>> = index
                .iter()
                .zip(padding)
                .zip(shape)
                .map(|((i, [before, _]), &size)| i.checked_sub(*before).filter(|&i| i < size))
                .collect();
            y.push(inside.map_or(value, |index| x[offset(&index, shape)]));
        });
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp(shape: &[usize]) -> Vec<f32> {
        (0..shape.iter().product()).map(|i: usize| i as f32).collect()
    }

    fn cuts() -> impl Strategy<Value = Vec<(usize, Cut)>> {
        let cut =
            (0..4usize, 0..5usize, 1..4usize, 0..3usize).prop_map(|(start, size, stride, rest)| {
                let used = if size == 0 { start } else { start + (size - 1) * stride + 1 };
                (used + rest, Cut { start, size, stride })
            });
        prop::collection::vec(cut, 0..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_slice_is_what_its_definition_says(cuts in cuts()) {
            let (shape, cuts): (Vec<usize>, Vec<Cut>) = cuts.into_iter().unzip();
            let x = ramp(&shape);
            let plan = SlicePlan::new(&shape, &cuts).unwrap();
            let mut y = vec![f32::NAN; cuts.iter().map(|cut| cut.size).product()];
            plan.run(&x, &mut y);
            prop_assert_eq!(&y, &reference::slice(&x, &shape, &cuts));
            // Each value cut out is found again where it was, and all else is 0.
            let mut dx = vec![f32::NAN; x.len()];
            plan.gradient(&vec![1.0; y.len()], &mut dx);
            for (i, &dx) in dx.iter().enumerate() {
                prop_assert_eq!(dx == 1.0, y.contains(&(i as f32)));
            }
        }

        #[test]
        fn padding_is_what_its_definition_says(axes in prop::collection::vec((0..5usize, 0..3usize, 0..3usize), 0..5)) {
            let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
            let padding: Vec<[usize; 2]> = axes.iter().map(|axis| [axis.1, axis.2]).collect();
            let x = ramp(&shape);
            let plan = PadPlan::new(&shape, &padding, -7.0).unwrap();
            let mut y = vec![f32::NAN; plan.output_shape().iter().product()];
            plan.run(&x, &mut y);
            prop_assert_eq!(&y, &reference::pad(&x, &shape, &padding, -7.0));
            let mut dx = vec![f32::NAN; x.len()];
            plan.gradient(&y, &mut dx);
            prop_assert_eq!(dx, x);
        }
    }

    #[test]
    fn arrays_of_several_blocks_are_padded_and_cut_alike() {
        let (shape, padding) = ([3, 70, 67, 5], [[0, 0], [1, 2], [3, 0], [0, 1]]);
        let x = ramp(&shape);
        let plan = PadPlan::new(&shape, &padding, -7.0).unwrap();
        let mut y = vec![f32::NAN; plan.output_shape().iter().product()];
        plan.run(&x, &mut y);
        assert!(y.len() > 3 * LARGE_BLOCK);
        assert!(y == reference::pad(&x, &shape, &padding, -7.0));
        let cuts = [(0, 2, 1), (1, 30, 2), (0, 22, 3), (1, 2, 2)];
        let cuts = cuts.map(|(start, size, stride)| Cut { start, size, stride });
        let plan = SlicePlan::new(&shape, &cuts).unwrap();
        let mut part = vec![f32::NAN; plan.output_shape().iter().product()];
        plan.run(&x, &mut part);
        assert!(part == reference::slice(&x, &shape, &cuts));
        let mut dx = vec![f32::NAN; x.len()];
        plan.gradient(&part, &mut dx);
        let taken: std::collections::HashSet<usize> = part.iter().map(|&i| i as usize).collect();
        for (i, &dx) in dx.iter().enumerate() {
            assert_eq!(dx, if taken.contains(&i) { i as f32 } else { 0.0 });
        }
    }

    #[test]
    fn a_cut_that_ends_outside_is_refused() {
        for (start, size, stride) in
            [(0, 4, 1), (3, 1, 1), (1, 2, 2), (0, 1, 0), (usize::MAX, 2, 1)]
        {
            assert!(SlicePlan::new(&[3], &[Cut { start, size, stride }]).is_err());
        }
        assert!(SlicePlan::new(&[3, 3], &[Cut { start: 0, size: 1, stride: 1 }]).is_err());
        assert!(PadPlan::new(&[3], &[[usize::MAX, 1]], 0.0).is_err());
    }
}
