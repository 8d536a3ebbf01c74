//! Max and average pooling over one, two or three axes, channels last.

pub use forward::PoolForward;

use crate::elementwise::map::compiled_for;
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

mod forward;
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

/// Reads `len` values, at most a vector.
#[inline(always)]
fn load<S: Simd>(s: S, x: &[f32], start: usize, len: usize) -> S::V {
    if len == S::LANES { s.load(&x[start..]) } else { s.load_first(&x[start..start + len]) }
}

/// Writes at most a vector.
#[inline(always)]
fn store<S: Simd>(s: S, value: S::V, y: &mut [f32]) {
    if y.len() == S::LANES { s.store(value, y) } else { s.store_first(value, y) }
}

/// The gradient of pooling with respect to its input.
///
/// For [`PoolKind::Max`] the first largest value of each window gets the window's whole gradient;
/// for [`PoolKind::Average`] each value gets its share.
///
/// # Shapes
/// `x`, `dx (batch, depth, height, width, channels)`; `dy` the same with [`PoolProblem::output`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolGradient {
    kind: PoolKind,
    problem: PoolProblem,
    isa: Isa,
}

impl PoolGradient {
    /// Plans for one problem.
    ///
    /// # Errors
    /// Those of [`PoolProblem::validate`].
    pub fn new(kind: PoolKind, problem: PoolProblem, isa: Isa) -> Result<Self, KernelError> {
        problem.validate()?;
        Ok(Self { kind, problem, isa })
    }

    /// Whether `x` is looked at: it is for the largest value, and may be empty for the mean.
    pub fn needs_input(&self) -> bool {
        self.kind == PoolKind::Max
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Writes the input's gradient, `dx`.
    ///
    /// # Panics
    /// When a length is not that of the problem.
    pub fn run(&self, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        let p = &self.problem;
        assert!(
            !self.needs_input() || x.len() == dx.len(),
            "the input's length must be its gradient's"
        );
        assert_eq!(dy.len(), p.output_len(), "the output's length must be that of the problem");
        assert_eq!(dx.len(), p.input_len(), "the input's length must be that of the problem");
        let (sample, output) = (dx.len() / p.batch.max(1), dy.len() / p.batch.max(1));
        // Windows of one sample may overlap, so that a task is a sample.
        parallel::for_each_chunk(dx, sample, sample, |n, dx| {
            dx.fill(0.0);
            let dy = &dy[n * output..][..output];
            match self.kind {
                PoolKind::Max => {
                    let x = &x[n * sample..][..sample];
                    dispatch(self.isa, MaxGradient { problem: p, x, dy, dx });
                }
                PoolKind::Average => compiled_for(
                    self.isa,
                    #[inline(always)]
                    || average_gradient(p, dy, dx),
                ),
            }
        });
    }
}

/// Calls `visit(window, its dy)` for each window of a sample.
#[inline(always)]
fn for_each_window(p: &PoolProblem, dy: &[f32], mut visit: impl FnMut([usize; 3], &[f32])) {
    let [depth, height, width] = p.output();
    let mut rows = dy.chunks_exact(p.channels.max(1));
    for od in 0..depth {
        for oh in 0..height {
            for ow in 0..width {
                visit([od, oh, ow], rows.next().unwrap_or_default());
            }
        }
    }
}

/// Gives each window's gradient to its first largest value, a vector of channels at a time.
struct MaxGradient<'a> {
    problem: &'a PoolProblem,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl WithSimd for MaxGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let p = self.problem;
        for_each_window(p, self.dy, |window, dy| {
            for (i, dy) in dy.chunks(S::LANES).enumerate() {
                let (channel, len) = (i * S::LANES, dy.len());
                // The first cell stands until one is larger, so that a window of -∞ has one as well.
                let mut largest = s.splat(f32::NEG_INFINITY);
                let mut place = s.zero();
                let mut k = 0.0;
                p.for_each_cell(window, |cell| {
                    let x = load(s, self.x, cell + channel, len);
                    let better = s.less(largest, x);
                    let k_or_place = s.select(better, s.splat(k), place);
                    let larger = s.select(better, x, largest);
                    // The first NaN wins and stays.
                    let first_nan = s.select(s.equal(largest, largest), s.splat(k), place);
                    place = s.select(s.equal(x, x), k_or_place, first_nan);
                    largest = s.select(s.equal(x, x), larger, x);
                    k += 1.0;
                });
                let dy = if len == S::LANES { s.load(dy) } else { s.load_first(dy) };
                k = 0.0;
                p.for_each_cell(window, |cell| {
                    let start = cell + channel;
                    let share = s.select(s.equal(place, s.splat(k)), dy, s.zero());
                    let sum = s.add(load(s, self.dx, start, len), share);
                    store(s, sum, &mut self.dx[start..start + len]);
                    k += 1.0;
                });
            }
        });
    }
}

#[inline(always)]
fn average_gradient(p: &PoolProblem, dy: &[f32], dx: &mut [f32]) {
    for_each_window(p, dy, |window, dy| {
        let share = 1.0 / p.cell_count(window) as f32;
        p.for_each_cell(window, |cell| {
            for (dx, &dy) in dx[cell..cell + p.channels].iter_mut().zip(dy) {
                *dx += share * dy;
            }
        });
    });
}
