//! Max and average pooling over one, two or three axes, channels last.

pub use forward::PoolForward;
pub use gradient::PoolGradient;

use crate::error::{KernelError, count};

mod forward;
mod gradient;
pub mod reference;
#[cfg(test)]
mod tests;

/// Which value a pooling window gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// The largest; padding counts as -∞. The gradient goes to the first largest.
    Max,
    /// The mean of the values in the window; padding isn't counted, as in Keras.
    Average,
}

/// The sizes of one pooling, in the order depth, height, width; 1-D and 2-D put 1 in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolProblem {
    /// The number of samples.
    pub batch: usize,
    /// The number of channels, each pooled by itself.
    pub channels: usize,
    /// The input's size.
    pub input: [usize; 3],
    /// The window's size (Keras: `pool_size`), 1 or more.
    pub window: [usize; 3],
    /// The step from window to window, 1 or more.
    pub strides: [usize; 3],
    /// Cells put before each axis; fewer than the window has.
    pub pad_before: [usize; 3],
    /// Cells put behind each axis; fewer than the window has.
    pub pad_after: [usize; 3],
}

impl PoolProblem {
    /// The output's size: `(input + pad_before + pad_after - window) / strides + 1`, or 0 on an
    /// axis where the window doesn't fit.
    pub fn output(&self) -> [usize; 3] {
        std::array::from_fn(|axis| {
            if self.input[axis] == 0 {
                return 0;
            }
            let padded = self.input[axis]
                .saturating_add(self.pad_before[axis])
                .saturating_add(self.pad_after[axis]);
            padded
                .checked_sub(self.window[axis])
                .map_or(0, |rest| rest.checked_div(self.strides[axis]).unwrap_or(0) + 1)
        })
    }

    /// The number of values that go in.
    pub fn input_len(&self) -> usize {
        self.batch * self.input.iter().product::<usize>() * self.channels
    }

    /// The number of values that come out.
    pub fn output_len(&self) -> usize {
        self.batch * self.output().iter().product::<usize>() * self.channels
    }

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`KernelError::Size`] for a window or stride of 0, or padding as wide as the window;
    /// [`KernelError::TooLarge`] when the values can't be counted.
    pub fn validate(&self) -> Result<(), KernelError> {
        const KERNEL: &str = "pool";
        let refuse = |what, rule, received: [usize; 3]| {
            Err(KernelError::Size { kernel: KERNEL, what, rule, received: received.to_vec() })
        };
        if self.window.contains(&0) {
            return refuse("the window", "1 or more on each axis", self.window);
        }
        if self.strides.contains(&0) {
            return refuse("strides", "1 or more on each axis", self.strides);
        }
        for padding in [self.pad_before, self.pad_after] {
            if (0..3).any(|axis| padding[axis] >= self.window[axis]) {
                return refuse("padding", "smaller than the window on each axis", padding);
            }
        }
        // The gradient counts the cells of a window in f32.
        if self.window.iter().try_fold(1usize, |a, &b| a.checked_mul(b)).is_none_or(|n| n > 1 << 24)
        {
            return refuse("the window", "of at most 16777216 cells", self.window);
        }
        for [depth, height, width] in [self.input, self.output()] {
            count(KERNEL, &[self.batch, depth, height, width, self.channels])?;
        }
        Ok(())
    }

    /// The input cells of the `o`-th window on an axis: `start..end`, never empty.
    #[inline(always)]
    fn cells(&self, axis: usize, o: usize) -> std::ops::Range<usize> {
        let start = o * self.strides[axis];
        let end = (start + self.window[axis]).saturating_sub(self.pad_before[axis]);
        start.saturating_sub(self.pad_before[axis])..end.min(self.input[axis])
    }

    /// Calls `visit` with the offset of the first channel of each input cell in a window.
    #[inline(always)]
    fn for_each_cell(&self, [od, oh, ow]: [usize; 3], mut visit: impl FnMut(usize)) {
        let (rows, columns) = (self.cells(1, oh), self.cells(2, ow));
        for d in self.cells(0, od) {
            for h in rows.clone() {
                let row = (d * self.input[1] + h) * self.input[2];
                for w in columns.clone() {
                    visit((row + w) * self.channels);
                }
            }
        }
    }

    /// The number of input cells in a window.
    #[inline(always)]
    fn cell_count(&self, [od, oh, ow]: [usize; 3]) -> usize {
        self.cells(0, od).len() * self.cells(1, oh).len() * self.cells(2, ow).len()
    }
}
