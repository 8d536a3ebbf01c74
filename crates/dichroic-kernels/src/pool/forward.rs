//! Pooling, forward: a few vectors of channels at a time stay in registers for the whole window.

use super::{PoolKind, PoolProblem};
use crate::conv::OutputChannels;
use crate::error::KernelError;
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

/// Pooling, forward.
///
/// # Shapes
/// `x (batch, depth, height, width, channels)`, `y` the same with [`PoolProblem::output`].
///
/// # Source
/// `keras.layers.MaxPooling1D`/`2D`/`3D`, `AveragePooling1D`/`2D`/`3D`.
///
/// ```
/// use dichroic_kernels::isa::Isa;
/// use dichroic_kernels::pool::{PoolForward, PoolKind, PoolProblem};
/// let problem = PoolProblem { batch: 1, channels: 1, input: [1, 2, 4], window: [1, 2, 2],
///     strides: [1, 2, 2], pad_before: [0; 3], pad_after: [0; 3] };
/// let plan = PoolForward::new(PoolKind::Max, problem, Isa::detect())?;
/// let mut y = [0.0; 2];
/// plan.run(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], &mut y);
/// assert_eq!(y, [6.0, 8.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolForward {
    kind: PoolKind,
    problem: PoolProblem,
    output: OutputChannels,
    isa: Isa,
}

impl PoolForward {
    /// Plans for one problem.
    ///
    /// # Errors
    /// Those of [`PoolProblem::validate`].
    pub fn new(kind: PoolKind, problem: PoolProblem, isa: Isa) -> Result<Self, KernelError> {
        problem.validate()?;
        Ok(Self { kind, problem, output: OutputChannels::Dense, isa })
    }

    /// The same, writing into a channel range of a wider output.
    pub fn into_channels(self, output: OutputChannels) -> Self {
        Self { output, ..self }
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Pools.
    ///
    /// # Panics
    /// When a length is not that of the problem, or the output's channels don't lie in it.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        let p = &self.problem;
        assert_eq!(x.len(), p.input_len(), "the input's length must be that of the problem");
        let [depth, height, width] = p.output();
        let (first, stride) = (self.output.first(), self.output.stride(p.channels));
        assert!(first + p.channels <= stride, "the channels must lie within the output's");
        let places = p.batch * depth * height * width;
        assert_eq!(y.len(), places * stride, "the output's length must be that of the problem");
        if p.channels == 0 {
            return;
        }
        let sample = p.input.iter().product::<usize>() * p.channels;
        // One task is a row of windows.
        let cost = width * p.channels * p.window.iter().product::<usize>() / 16;
        parallel::for_each_chunk(y, width * stride, cost, |i, row| {
            let (n, place) = (i / (depth * height), [i / height % depth, i % height]);
            let x = &x[n * sample..][..sample];
            match self.kind {
                PoolKind::Max => {
                    dispatch(self.isa, Row::<true> { problem: p, place, x, row, first, stride });
                }
                PoolKind::Average => {
                    dispatch(self.isa, Row::<false> { problem: p, place, x, row, first, stride });
                }
            }
        });
    }
}

/// A row of windows: of the largest values (`MAX`), or of the means.
struct Row<'a, const MAX: bool> {
    problem: &'a PoolProblem,
    place: [usize; 2],
    x: &'a [f32],
    row: &'a mut [f32],
    first: usize,
    stride: usize,
}

impl<const MAX: bool> WithSimd for Row<'_, MAX> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let (p, [od, oh]) = (self.problem, self.place);
        for (ow, y) in self.row.chunks_exact_mut(self.stride).enumerate() {
            let y = &mut y[self.first..self.first + p.channels];
            let window = Window { problem: p, place: [od, oh, ow], x: self.x };
            let mut channel = 0;
            while channel + 4 * S::LANES <= p.channels {
                window.pool::<S, MAX, 4>(s, channel, y);
                channel += 4 * S::LANES;
            }
            while channel + S::LANES <= p.channels {
                window.pool::<S, MAX, 1>(s, channel, y);
                channel += S::LANES;
            }
            if channel < p.channels {
                window.pool_rest::<S, MAX>(s, channel, y);
            }
        }
    }
}

struct Window<'a> {
    problem: &'a PoolProblem,
    place: [usize; 3],
    x: &'a [f32],
}

impl Window<'_> {
    /// NV vectors of channels. Four at a time, on 35×35×288 with a window of 3×3, take half the time
    /// of sums in memory.
    #[inline(always)]
    fn pool<S: Simd, const MAX: bool, const NV: usize>(&self, s: S, channel: usize, y: &mut [f32]) {
        let mut all = [start::<S, MAX>(s); NV];
        self.problem.for_each_cell(self.place, |cell| {
            let x = &self.x[cell + channel..][..NV * S::LANES];
            for (v, so_far) in all.iter_mut().enumerate() {
                *so_far = join::<S, MAX>(s, *so_far, s.load(&x[v * S::LANES..]));
            }
        });
        for (v, &value) in all.iter().enumerate() {
            s.store(self.finish::<S, MAX>(s, value), &mut y[channel + v * S::LANES..]);
        }
    }

    /// The channels that fill no vector.
    #[inline(always)]
    fn pool_rest<S: Simd, const MAX: bool>(&self, s: S, channel: usize, y: &mut [f32]) {
        let count = y.len() - channel;
        let mut all = start::<S, MAX>(s);
        self.problem.for_each_cell(self.place, |cell| {
            let x = s.load_first(&self.x[cell + channel..][..count]);
            all = join::<S, MAX>(s, all, x);
        });
        s.store_first(self.finish::<S, MAX>(s, all), &mut y[channel..]);
    }

    #[inline(always)]
    fn finish<S: Simd, const MAX: bool>(&self, s: S, value: S::V) -> S::V {
        if MAX { value } else { s.div(value, s.splat(self.problem.cell_count(self.place) as f32)) }
    }
}

#[inline(always)]
fn start<S: Simd, const MAX: bool>(s: S) -> S::V {
    if MAX { s.splat(f32::NEG_INFINITY) } else { s.zero() }
}

#[inline(always)]
fn join<S: Simd, const MAX: bool>(s: S, so_far: S::V, x: S::V) -> S::V {
    if MAX {
        // A NaN stays: nothing is larger than it, and it is taken where it comes.
        let larger = s.select(s.less(so_far, x), x, so_far);
        s.select(s.equal(x, x), larger, x)
    } else {
        s.add(so_far, x)
    }
}
