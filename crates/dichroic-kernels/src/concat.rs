//! Joining arrays along an axis, and parting them again: each is the other's gradient.

use crate::conv::OutputChannels;
use crate::error::{KernelError, count};
use crate::parallel;

/// Copies the channels of `x`, so many at each place, into a range of a wider array's channels.
///
/// # Panics
/// When the range doesn't lie within the wider array, or the arrays differ in their places.
pub fn insert(x: &[f32], channels: usize, y: &mut [f32], range: OutputChannels) {
    let (first, total) = (range.first(), range.stride(channels));
    assert!(first + channels <= total, "the channels must lie within the output's");
    if x.is_empty() {
        return;
    }
    let places = x.len() / channels;
    assert_eq!(y.len(), places * total, "the arrays must have the same places");
    let group = (4096 / channels).max(1);
    parallel::for_each_chunk(y, group * total, group * channels / 2, |i, chunk| {
        let rows = x[i * group * channels..].chunks_exact(channels);
        for (row, wide) in rows.zip(chunk.chunks_exact_mut(total)) {
            wide[first..first + channels].copy_from_slice(row);
        }
    });
}

/// Arrays put one behind the other along an axis.
///
/// # Shapes
/// Inputs: equal on every axis but one; output: the sum of their sizes on that axis.
///
/// # Source
/// `keras.layers.Concatenate`.
///
/// ```
/// use dichroic_kernels::concat::ConcatPlan;
/// let plan = ConcatPlan::new(&[&[2, 1], &[2, 2]], 1)?;
/// let mut y = [0.0; 6];
/// plan.run(&[&[1.0, 4.0], &[2.0, 3.0, 5.0, 6.0]], &mut y);
/// assert_eq!(y, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcatPlan {
    output_shape: Vec<usize>,
    /// The values in a row of each input: its axis and all behind it.
    rows: Vec<usize>,
    /// The values in a row of the output.
    row: usize,
    /// How many rows there are: the product of the axes before.
    outer: usize,
}

impl ConcatPlan {
    /// Plans for the inputs' shapes.
    ///
    /// # Errors
    /// [`KernelError::Size`] for no input; [`KernelError::Axes`] for an axis that isn't there;
    /// [`KernelError::Mismatch`] when the shapes differ on another axis.
    pub fn new(shapes: &[&[usize]], axis: usize) -> Result<Self, KernelError> {
        const KERNEL: &str = "concatenate";
        let Some(&first) = shapes.first() else {
            let (what, rule) = ("the inputs", "one or more");
            return Err(KernelError::Size { kernel: KERNEL, what, rule, received: Vec::new() });
        };
        if axis >= first.len() {
            let received = vec![axis];
            return Err(KernelError::Axes { kernel: KERNEL, rank: first.len(), received });
        }
        let mut output_shape = first.to_vec();
        output_shape[axis] = 0;
        let mut rows = Vec::with_capacity(shapes.len());
        for &shape in shapes {
            let agrees = shape.len() == first.len()
                && (0..first.len()).all(|k| k == axis || shape[k] == first[k]);
            if !agrees {
                let (a, b) = (first.to_vec(), shape.to_vec());
                return Err(KernelError::Mismatch { kernel: KERNEL, axis, a, b });
            }
            count(KERNEL, shape)?;
            rows.push(count(KERNEL, &shape[axis..])?);
            output_shape[axis] = output_shape[axis].checked_add(shape[axis]).ok_or_else(|| {
                KernelError::TooLarge { kernel: KERNEL, received: shape.to_vec() }
            })?;
        }
        count(KERNEL, &output_shape)?;
        let row = count(KERNEL, &output_shape[axis..])?;
        Ok(Self { rows, row, outer: count(KERNEL, &first[..axis])?, output_shape })
    }

    /// The shape of the output.
    pub fn output_shape(&self) -> &[usize] {
        &self.output_shape
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Joins.
    ///
    /// # Panics
    /// When the number of inputs or a length is not that of the plan.
    pub fn run(&self, inputs: &[&[f32]], y: &mut [f32]) {
        assert_eq!(inputs.len(), self.rows.len(), "there must be as many inputs as planned");
        assert_eq!(y.len(), self.outer * self.row, "the output's length must be that of the plan");
        for (input, row) in inputs.iter().zip(&self.rows) {
            assert_eq!(
                input.len(),
                self.outer * row,
                "each input's length must be that of the plan"
            );
        }
        if y.is_empty() {
            return;
        }
        let group = (4096 / self.row).max(1);
        parallel::for_each_chunk(y, group * self.row, group * self.row / 2, |i, chunk| {
            for (j, mut y) in chunk.chunks_exact_mut(self.row).enumerate() {
                for (input, &row) in inputs.iter().zip(&self.rows) {
                    let (part, rest) = y.split_at_mut(row);
                    part.copy_from_slice(&input[(i * group + j) * row..][..row]);
                    y = rest;
                }
            }
        });
    }

    /// One input's gradient: its part of the output's.
    ///
    /// # Panics
    /// When the input isn't there or a length is not that of the plan.
    pub fn gradient(&self, input: usize, dy: &[f32], dx: &mut [f32]) {
        let row = self.rows[input];
        assert_eq!(dy.len(), self.outer * self.row, "the output's length must be that of the plan");
        assert_eq!(dx.len(), self.outer * row, "the input's length must be that of the plan");
        if dx.is_empty() {
            return;
        }
        let before: usize = self.rows[..input].iter().sum();
        let group = (4096 / row).max(1);
        parallel::for_each_chunk(dx, group * row, group * row / 2, |i, chunk| {
            for (j, dx) in chunk.chunks_exact_mut(row).enumerate() {
                dx.copy_from_slice(&dy[(i * group + j) * self.row + before..][..row]);
            }
        });
    }
}

pub mod reference {
    //! Concatenation as its definition reads.

    use crate::elementwise::reference::{for_each_index, offset};

    /// Puts arrays one behind the other along an axis.
    pub fn concat(inputs: &[(&[f32], &[usize])], axis: usize) -> Vec<f32> {
        let mut output = inputs[0].1.to_vec();
        output[axis] = inputs.iter().map(|(_, shape)| shape[axis]).sum();
        let mut y = Vec::new();
        for_each_index(&output, |index| {
            let mut index = index.to_vec();
            for (x, shape) in inputs {
                if index[axis] < shape[axis] {
                    y.push(x[offset(&index, shape)]);
                    return;
                }
                index[axis] -= shape[axis];
            }
        });
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_joined_along_any_axis_and_parted_again() {
        for axis in 0..3 {
            for sizes in [&[1][..], &[2, 3], &[0, 4, 1], &[0]] {
                for outer in [[2, 3, 4], [1, 1, 1], [0, 2, 3], [40, 50, 3]] {
                    let shapes: Vec<[usize; 3]> = sizes
                        .iter()
                        .map(|&size| {
                            let mut shape = outer;
                            shape[axis] = size;
                            shape
                        })
                        .collect();
                    let mut next = 0.0;
                    let inputs: Vec<Vec<f32>> = shapes
                        .iter()
                        .map(|shape| {
                            let value = || {
                                next += 1.0;
                                next
                            };
                            std::iter::repeat_with(value).take(shape.iter().product()).collect()
                        })
                        .collect();
                    let slices: Vec<&[usize]> = shapes.iter().map(|s| s.as_slice()).collect();
                    let values: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
                    let plan = ConcatPlan::new(&slices, axis).unwrap();
                    let mut y = vec![f32::NAN; plan.output_shape().iter().product()];
                    plan.run(&values, &mut y);
                    let pairs: Vec<(&[f32], &[usize])> =
                        values.iter().copied().zip(slices).collect();
                    assert_eq!(y, reference::concat(&pairs, axis), "axis {axis}, {shapes:?}");
                    for (i, x) in inputs.iter().enumerate() {
                        let mut dx = vec![f32::NAN; x.len()];
                        plan.gradient(i, &y, &mut dx);
                        assert_eq!(&dx, x);
                    }
                }
            }
        }
    }

    #[test]
    fn a_part_is_put_into_its_channels_and_the_others_stay() {
        let x: Vec<f32> = (0..6000).map(|i| i as f32).collect();
        let mut y = vec![-1.0; 3000 * 5];
        insert(&x, 2, &mut y, OutputChannels::Range { first: 1, total: 5 });
        for (place, row) in y.chunks_exact(5).enumerate() {
            assert_eq!(row, [-1.0, x[2 * place], x[2 * place + 1], -1.0, -1.0]);
        }
        insert(&[], 0, &mut [], OutputChannels::Dense);
    }

    #[test]
    fn shapes_that_differ_on_another_axis_are_refused() {
        let error = ConcatPlan::new(&[&[2, 3], &[3, 3]], 1).unwrap_err().to_string();
        assert!(error.contains("every axis but 1"), "{error}");
        assert!(ConcatPlan::new(&[], 0).is_err());
        assert!(ConcatPlan::new(&[&[2]], 1).is_err());
        assert!(ConcatPlan::new(&[&[2, 3], &[2]], 0).is_err());
    }
}
