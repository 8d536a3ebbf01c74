//! The gradient of pooling.

use std::ops::Range;

use super::{PoolKind, PoolProblem};
use crate::error::KernelError;
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Tasks that a batch is cut into, unless it has more samples.
const TASKS: usize = 16;
/// The least values of a task.
const LEAST: usize = 8192;

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
        if dx.is_empty() {
            return;
        }
        let (sample, output) = (dx.len() / p.batch, dy.len() / p.batch);
        let [rows, band] = p.bands();
        let bands = rows.div_ceil(band);
        let row = sample / rows;
        let cost = output * p.window.iter().product::<usize>() / (4 * bands) + sample / (8 * bands);
        let parts = DisjointMut::new(dx);
        parallel::for_each(p.batch * bands, cost, |i| {
            let (n, start) = (i / bands, i % bands * band);
            let rows = start..rows.min(start + band);
            let inside = rows.start * row..rows.end * row;
            let place = n * sample + inside.start..n * sample + inside.end;
            // SAFETY: the bands of a sample don't overlap, nor do the samples.
            let dx = unsafe { parts.range(place) };
            let x = if self.needs_input() { &x[n * sample..][..sample] } else { &[] };
            let dy = &dy[n * output..][..output];
            let band = Band { kind: self.kind, problem: p, rows, inside, x, dy, dx };
            dispatch(self.isa, band);
        });
    }
}

impl PoolProblem {
    /// The axis that is cut into bands: the first that has more than one value.
    fn cut_axis(&self) -> usize {
        (0..3).find(|&axis| self.input[axis] > 1).unwrap_or(2)
    }

    /// The rows of a sample (planes in 3-D, cells in 1-D), and those of a band.
    ///
    /// A window on the border of two bands is looked at for both, so that bands are some windows high.
    fn bands(&self) -> [usize; 2] {
        let axis = self.cut_axis();
        let rows = self.input[axis];
        let sample = self.input_len() / self.batch.max(1);
        let bands = TASKS.div_ceil(self.batch.max(1)).min(sample / LEAST).max(1);
        let least = 2 * self.window[axis].max(self.strides[axis]);
        [rows, rows.div_ceil(bands).max(least)]
    }

    /// The windows that have cells in these rows.
    fn windows_in(&self, axis: usize, rows: &Range<usize>) -> Range<usize> {
        let (pad, stride) = (self.pad_before[axis], self.strides[axis]);
        let first = (rows.start + pad + 1).saturating_sub(self.window[axis]).div_ceil(stride);
        first..(rows.end + pad).div_ceil(stride).min(self.output()[axis])
    }

    /// Whether no two windows share a cell.
    fn windows_are_apart(&self) -> bool {
        (0..3).all(|axis| self.strides[axis] >= self.window[axis])
    }
}

/// Vectors of channels that go through a window together: walking the window costs as much as one of them.
const GROUP: usize = 4;

/// Up to [`GROUP`] vectors of neighbouring channels.
#[derive(Clone, Copy)]
struct Channels {
    first: usize,
    /// Channels in each vector: all lanes, or fewer in one that stands alone.
    len: usize,
}

impl Channels {
    /// Where vector `v` lies, behind the first channel of a cell.
    #[inline(always)]
    fn at<S: Simd>(self, cell: usize, v: usize) -> std::ops::Range<usize> {
        let start = cell + self.first + v * S::LANES;
        start..start + self.len
    }

    #[inline(always)]
    fn load<S: Simd>(self, s: S, x: &[f32], cell: usize, v: usize) -> S::V {
        let x = &x[self.at::<S>(cell, v)];
        if self.len == S::LANES { s.load(x) } else { s.load_first(x) }
    }

    #[inline(always)]
    fn store<S: Simd>(self, s: S, value: S::V, y: &mut [f32], (cell, v): (usize, usize)) {
        let y = &mut y[self.at::<S>(cell, v)];
        if self.len == S::LANES { s.store(value, y) } else { s.store_first(value, y) }
    }
}

/// A band of a sample's gradient, written by nobody else.
struct Band<'a> {
    kind: PoolKind,
    problem: &'a PoolProblem,
    rows: Range<usize>,
    /// The band's values in the sample.
    inside: Range<usize>,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl WithSimd for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(mut self, s: S) {
        let (p, axis) = (self.problem, self.problem.cut_axis());
        let row = self.inside.len() / self.rows.len().max(1);
        let mut ranges = p.output().map(|size| 0..size);
        ranges[axis] = p.windows_in(axis, &self.rows);
        let [ods, ohs, ows] = ranges;
        // Rows are cleared shortly before the first window adds to them, while they go through the cache.
        let mut clear = 0;
        for od in ods {
            for oh in ohs.clone() {
                for ow in ows.clone() {
                    let window = [od, oh, ow];
                    let end = p.cells(axis, window[axis]).end.min(self.rows.end);
                    let end = (end - self.rows.start) * row;
                    if clear < end {
                        self.dx[clear..end].fill(0.0);
                        clear = end;
                    }
                    self.visit_all(s, window);
                }
            }
        }
        self.dx[clear..].fill(0.0);
    }
}

impl Band<'_> {
    /// Visits all channels of a window.
    #[inline(always)]
    fn visit_all<S: Simd>(&mut self, s: S, window: [usize; 3]) {
        let (mut first, channels) = (0, self.problem.channels);
        while first + GROUP * S::LANES <= channels {
            self.visit::<S, GROUP>(s, window, Channels { first, len: S::LANES });
            first += GROUP * S::LANES;
        }
        while first < channels {
            let len = S::LANES.min(channels - first);
            self.visit::<S, 1>(s, window, Channels { first, len });
            first += len;
        }
    }

    #[inline(always)]
    fn visit<S: Simd, const V: usize>(&mut self, s: S, window: [usize; 3], channels: Channels) {
        let p = self.problem;
        let [_, height, width] = p.output();
        let cell = ((window[0] * height + window[1]) * width + window[2]) * p.channels;
        // Plain loops: what `array::map` calls is not compiled for the instruction set.
        let mut dy = [s.zero(); V];
        for v in 0..V {
            dy[v] = channels.load(s, self.dy, cell, v);
        }
        // The place of the first largest value, counted in cells of the window.
        let mut places = [s.zero(); V];
        match self.kind {
            PoolKind::Max => self.find_largest(s, window, channels, &mut places),
            PoolKind::Average => {
                let share = s.splat(1.0 / p.cell_count(window) as f32);
                for dy in &mut dy {
                    *dy = s.mul(share, *dy);
                }
            }
        }
        let apart = p.windows_are_apart();
        let mut k = 0.0;
        p.for_each_cell(window, |cell| {
            if self.inside.contains(&cell) {
                let cell = cell - self.inside.start;
                for v in 0..V {
                    let share = match self.kind {
                        PoolKind::Max => s.select(s.equal(places[v], s.splat(k)), dy[v], s.zero()),
                        PoolKind::Average => dy[v],
                    };
                    let sum = if apart {
                        share
                    } else {
                        s.add(channels.load(s, self.dx, cell, v), share)
                    };
                    channels.store(s, sum, self.dx, (cell, v));
                }
            }
            k += 1.0;
        });
    }

    #[inline(always)]
    fn find_largest<S: Simd, const V: usize>(
        &self,
        s: S,
        window: [usize; 3],
        channels: Channels,
        places: &mut [S::V; V],
    ) {
        // The first cell stands until one is larger, so that a window of -∞ has one as well.
        let mut largest = [s.splat(f32::NEG_INFINITY); V];
        let mut k = 0.0;
        self.problem.for_each_cell(window, |cell| {
            for (v, (largest, place)) in largest.iter_mut().zip(places.iter_mut()).enumerate() {
                let x = channels.load(s, self.x, cell, v);
                // Anything but "not larger" replaces it, so that the first NaN does; and a NaN stays.
                let (keeps, is_number) = (s.less_equal(x, *largest), s.equal(*largest, *largest));
                *place = s.select(is_number, s.select(keeps, *place, s.splat(k)), *place);
                *largest = s.select(is_number, s.select(keeps, *largest, x), *largest);
            }
            k += 1.0;
        });
    }
}
