//! Sums, means and extremes over any axes.
//!
//! Sums are kept short in `f32` and joined in `f64`: a block of at most 256 terms is added up in
//! `f32`, and the blocks' sums in order in `f64`. The blocks are cut by the shape only.

use crate::elementwise::map::compiled_for;
use crate::elementwise::math::select;
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::parallel;

pub mod reference;
#[cfg(test)]
mod tests;

/// What a reduction keeps of the values along the reduced axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceKind {
    /// The sum; 0 for no values.
    Sum,
    /// The sum over the number of values; NaN for no values.
    Mean,
    /// The largest; NaN where there is one; -∞ for no values.
    Max,
    /// The smallest; NaN where there is one; ∞ for no values.
    Min,
    /// The place of the first largest, counted in row-major order over the reduced axes.
    ArgMax,
}

/// `y = reduce(x)` over some axes of one shape.
///
/// The output holds the values of the axes that are kept, in order; whether the reduced axes stay
/// as axes of size 1 makes no difference here.
///
/// # Shapes
/// `x`: the plan's shape; `y`: the sizes of the kept axes.
///
/// Accuracy: a sum's error is within `256 · 2⁻²⁴ · Σ|x|`, in practice some twenty times less.
///
/// # Source
/// `keras.ops.sum`, `mean`, `max`, `min`, `argmax`.
///
/// ```
/// use dichroic_kernels::isa::Isa;
/// use dichroic_kernels::reduce::{ReduceKind, ReducePlan};
/// let plan = ReducePlan::new(ReduceKind::Sum, &[2, 3], &[0], Isa::detect())?;
/// let (mut y, mut scratch) = ([0.0; 3], vec![0.0; plan.scratch_len()]);
/// plan.run(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut y, &mut scratch);
/// assert_eq!(y, [5.0, 7.0, 9.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReducePlan {
    kind: ReduceKind,
    isa: Isa,
    input_len: usize,
    /// Sizes and strides of the kept axes, less the last group where that is kept.
    kept: Vec<(usize, usize)>,
    /// Sizes and strides of the reduced axes, less the last group where that is reduced.
    reduced: Vec<(usize, usize)>,
    last: Last,
    /// The product of `kept`.
    outputs: usize,
    /// The product of `reduced`.
    points: usize,
    /// Points in a block.
    block_points: usize,
}

/// The last group of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// Kept: each point is a row of so many neighbours, reduced side by side.
    Kept(usize),
    /// Reduced: each point is a run of so many neighbours, reduced to one value.
    Reduced(usize),
}

/// Terms added up in `f32` before their sum goes to `f64`.
const CHAIN: usize = 256;
/// Values in a block.
const BLOCK: usize = 8192;
/// Sums side by side along a run: chains of `BLOCK / LANES` = 256 terms.
const LANES: usize = 32;
/// Columns reduced at once where rows are narrow.
const WIDE: usize = 64;

impl ReducePlan {
    /// Plans for one shape and the axes to reduce.
    ///
    /// # Errors
    /// [`KernelError::Axes`] for an axis that isn't there or is named twice;
    /// [`KernelError::Size`] when [`ReduceKind::ArgMax`] has no value, or more than 2²⁴, beyond which
    /// `f32` can't tell neighbours apart.
    pub fn new(
        kind: ReduceKind,
        shape: &[usize],
        axes: &[usize],
        isa: Isa,
    ) -> Result<Self, KernelError> {
        const KERNEL: &str = "reduce";
        let input_len = count(KERNEL, shape)?;
        let mut is_reduced = vec![false; shape.len()];
        for &axis in axes {
            let seen = is_reduced.get_mut(axis).is_none_or(|seen| std::mem::replace(seen, true));
            if seen {
                let (rank, received) = (shape.len(), axes.to_vec());
                return Err(KernelError::Axes { kernel: KERNEL, rank, received });
            }
        }
        let mut groups: Vec<(bool, usize, usize)> = Vec::new();
        let mut stride = 1usize;
        for (&size, &reduced) in shape.iter().zip(&is_reduced).rev().filter(|&(&size, _)| size != 1)
        {
            match groups.last_mut() {
                Some(group) if group.0 == reduced => group.1 *= size,
                _ => groups.push((reduced, size, stride)),
            }
            stride = stride.saturating_mul(size);
        }
        let last = match groups.first() {
            Some(&(false, size, _)) => Last::Kept(size),
            Some(&(true, size, _)) => Last::Reduced(size),
            None => Last::Reduced(1),
        };
        groups.reverse();
        groups.pop();
        let of = |wanted: bool| -> Vec<(usize, usize)> {
            let groups = groups.iter().filter(|group| group.0 == wanted);
            groups.map(|&(_, size, stride)| (size, stride)).collect()
        };
        let (kept, reduced) = (of(false), of(true));
        let product = |sizes: &[(usize, usize)]| sizes.iter().map(|&(size, _)| size).product();
        let points: usize = product(&reduced);
        let block_points = match last {
            Last::Kept(row) => (BLOCK / row.max(1)).clamp(16, CHAIN),
            Last::Reduced(run) => (BLOCK / run.max(1)).max(1),
        };
        let plan = Self {
            kind,
            isa,
            input_len,
            outputs: product(&kept),
            points,
            kept,
            reduced,
            last,
            block_points,
        };
        if kind == ReduceKind::ArgMax && !(1..=1 << 24).contains(&plan.reduced_count()) {
            return Err(KernelError::Size {
                kernel: KERNEL,
                what: "the number of values to find the largest of",
                rule: "from 1 to 16777216",
                received: vec![plan.reduced_count()],
            });
        }
        Ok(plan)
    }

    /// The number of values that go in.
    pub fn input_len(&self) -> usize {
        self.input_len
    }

    /// The number of values that come out.
    pub fn output_len(&self) -> usize {
        self.outputs * self.row()
    }

    /// The number of values that are reduced to one.
    pub fn reduced_count(&self) -> usize {
        match self.last {
            Last::Kept(_) => self.points,
            Last::Reduced(run) => self.points * run,
        }
    }

    /// The number of scratch values that a run needs: one for each block's result.
    pub fn scratch_len(&self) -> usize {
        match self.kind {
            ReduceKind::ArgMax => 2 * self.outputs * self.blocks() * self.row(),
            _ if self.blocks() == 1 => 0,
            _ => self.outputs * self.blocks() * self.row(),
        }
    }

    /// Reduces.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        assert_eq!(x.len(), self.input_len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.output_len(), "the output's length must be that of the plan");
        let scratch = &mut scratch[..self.scratch_len()];
        if y.is_empty() {
            return;
        }
        match self.kind {
            ReduceKind::ArgMax => self.run_arg_max(x, y, scratch),
            _ if self.blocks() == 1 => {
                let group = (BLOCK / (self.row() * self.reduced_count()).max(1)).max(1);
                let cost = group * self.row() * self.reduced_count() / 2;
                parallel::for_each_chunk(y, group * self.row(), cost, |i, chunk| {
                    for (j, out) in chunk.chunks_exact_mut(self.row()).enumerate() {
                        self.reduce_block(x, i * group + j, 0, out);
                        if self.kind == ReduceKind::Mean {
                            let divisor = self.reduced_count() as f32;
                            out.iter_mut().for_each(|value| *value /= divisor);
                        }
                    }
                });
            }
            _ => {
                parallel::for_each_chunk(scratch, self.row(), BLOCK / 4, |i, out| {
                    self.reduce_block(x, i / self.blocks(), i % self.blocks(), out);
                });
                let partials: &[f32] = scratch;
                parallel::for_each_chunk(y, 64, 64 * self.blocks(), |i, chunk| {
                    for (j, out) in chunk.iter_mut().enumerate() {
                        *out = self.join(partials, i * 64 + j);
                    }
                });
            }
        }
    }

    /// Results side by side: the row that is kept, or 1.
    fn row(&self) -> usize {
        match self.last {
            Last::Kept(row) => row,
            Last::Reduced(_) => 1,
        }
    }

    /// Blocks that one output is made of.
    fn blocks(&self) -> usize {
        let pieces = match self.last {
            Last::Kept(_) => 1,
            Last::Reduced(run) => run.div_ceil(BLOCK),
        };
        (self.points.div_ceil(self.block_points) * pieces).max(1)
    }

    /// Reduces one block of the `output`-th row of outputs.
    fn reduce_block(&self, x: &[f32], output: usize, block: usize, out: &mut [f32]) {
        match self.kind {
            ReduceKind::Sum | ReduceKind::Mean => compiled_for(
                self.isa,
                #[inline(always)]
                || self.fold(x, (output, block), out, 0.0, add),
            ),
            ReduceKind::Max => compiled_for(
                self.isa,
                #[inline(always)]
                || self.fold(x, (output, block), out, f32::NEG_INFINITY, larger),
            ),
            ReduceKind::Min => compiled_for(
                self.isa,
                #[inline(always)]
                || self.fold(x, (output, block), out, f32::INFINITY, smaller),
            ),
            ReduceKind::ArgMax => unreachable!("the largest value's place has its own run"),
        }
    }

    #[inline(always)]
    fn fold(
        &self,
        x: &[f32],
        (output, block): (usize, usize),
        out: &mut [f32],
        none: f32,
        f: impl Fn(f32, f32) -> f32 + Copy,
    ) {
        let base = offset(output, &self.kept);
        match self.last {
            Last::Kept(row) => {
                let first = block * self.block_points;
                if let (&[(_, stride)], true) = (self.reduced.as_slice(), row <= WIDE / 2) {
                    // Neighbouring points: several rows side by side fill the vectors.
                    let end = self.points.min(first + self.block_points);
                    let block = &x[base + first * stride..base + end * stride];
                    return fold_narrow_rows(block, out, none, f);
                }
                out.fill(none);
                for point in first..self.points.min(first + self.block_points) {
                    let start = base + offset(point, &self.reduced);
                    for (out, &x) in out.iter_mut().zip(&x[start..start + row]) {
                        *out = f(*out, x);
                    }
                }
            }
            Last::Reduced(run) => {
                let mut lanes = [none; LANES];
                self.for_each_run(block, run, |_, start, len| {
                    let run = &x[base + start..base + start + len];
                    let mut chunks = run.chunks_exact(LANES);
                    for chunk in &mut chunks {
                        for (lane, &x) in lanes.iter_mut().zip(chunk) {
                            *lane = f(*lane, x);
                        }
                    }
                    for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
                        *lane = f(*lane, x);
                    }
                });
                // By halves, so that the lanes' sum has the shortest chain.
                let mut width = LANES / 2;
                while width > 0 {
                    for i in 0..width {
                        lanes[i] = f(lanes[i], lanes[i + width]);
                    }
                    width /= 2;
                }
                out[0] = lanes[0];
            }
        }
    }

    /// Calls `visit(index of the first value, its offset, length)` for each run in a block.
    #[inline(always)]
    fn for_each_run(&self, block: usize, run: usize, mut visit: impl FnMut(usize, usize, usize)) {
        if run > BLOCK {
            let pieces = run.div_ceil(BLOCK);
            let (point, piece) = (block / pieces, block % pieces);
            if point < self.points {
                let start = piece * BLOCK;
                let offset = offset(point, &self.reduced) + start;
                visit(point * run + start, offset, BLOCK.min(run - start));
            }
        } else {
            let first = block * self.block_points;
            for point in first..self.points.min(first + self.block_points) {
                visit(point * run, offset(point, &self.reduced), run);
            }
        }
    }

    /// Joins the blocks of one output, in order.
    fn join(&self, partials: &[f32], index: usize) -> f32 {
        let (output, column) = (index / self.row(), index % self.row());
        let start = output * self.blocks() * self.row() + column;
        let blocks = (0..self.blocks()).map(|block| partials[start + block * self.row()]);
        match self.kind {
            ReduceKind::Max => blocks.fold(f32::NEG_INFINITY, larger),
            ReduceKind::Min => blocks.fold(f32::INFINITY, smaller),
            ReduceKind::Sum => blocks.map(f64::from).sum::<f64>() as f32,
            _ => (blocks.map(f64::from).sum::<f64>() / self.reduced_count() as f64) as f32,
        }
    }

    /// For each block the largest values, then their places; joined in order, so that the first of
    /// equals stays.
    fn run_arg_max(&self, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        let row = self.row();
        parallel::for_each_chunk(scratch, 2 * row, BLOCK, |i, chunk| {
            let (output, block) = (i / self.blocks(), i % self.blocks());
            let (values, places) = chunk.split_at_mut(row);
            values.fill(f32::NEG_INFINITY);
            places.fill(-1.0);
            let base = offset(output, &self.kept);
            let mut take = |column: usize, place: usize, x: f32| {
                if is_better(x, values[column], places[column]) {
                    (values[column], places[column]) = (x, place as f32);
                }
            };
            match self.last {
                Last::Kept(_) => {
                    let first = block * self.block_points;
                    for point in first..self.points.min(first + self.block_points) {
                        let start = base + offset(point, &self.reduced);
                        for (column, &x) in x[start..start + row].iter().enumerate() {
                            take(column, point, x);
                        }
                    }
                }
                Last::Reduced(run) => self.for_each_run(block, run, |place, start, len| {
                    for (i, &x) in x[base + start..base + start + len].iter().enumerate() {
                        take(0, place + i, x);
                    }
                }),
            }
        });
        for (index, out) in y.iter_mut().enumerate() {
            let (output, column) = (index / row, index % row);
            let (mut value, mut place) = (f32::NEG_INFINITY, -1.0);
            for block in 0..self.blocks() {
                let start = (output * self.blocks() + block) * 2 * row + column;
                if is_better(scratch[start], value, place) && scratch[start + row] >= 0.0 {
                    (value, place) = (scratch[start], scratch[start + row]);
                }
            }
            *out = place;
        }
    }
}

/// Folds rows of `out.len()` neighbours, as many side by side as fit into [`WIDE`] columns.
#[inline(always)]
fn fold_narrow_rows(x: &[f32], out: &mut [f32], none: f32, f: impl Fn(f32, f32) -> f32 + Copy) {
    let row = out.len();
    let mut columns = [none; WIDE];
    for x in x.chunks(WIDE / row * row) {
        for (column, &x) in columns.iter_mut().zip(x) {
            *column = f(*column, x);
        }
    }
    out.fill(none);
    for columns in columns.chunks_exact(row) {
        for (out, &column) in out.iter_mut().zip(columns) {
            *out = f(*out, column);
        }
    }
}

/// Whether `x` replaces the best so far: NaN beats all, as in numpy, and anything beats nothing.
fn is_better(x: f32, best: f32, place: f32) -> bool {
    x > best || (x.is_nan() && !best.is_nan()) || place < 0.0
}

/// The offset of the `index`-th combination of the axes.
#[inline(always)]
fn offset(index: usize, axes: &[(usize, usize)]) -> usize {
    let (mut rest, mut offset) = (index, 0);
    for &(size, stride) in axes.iter().rev() {
        offset += rest % size * stride;
        rest /= size;
    }
    offset
}

#[inline(always)]
fn add(a: f32, x: f32) -> f32 {
    a + x
}

#[inline(always)]
fn larger(a: f32, x: f32) -> f32 {
    select((x > a) | x.is_nan(), x, a)
}

#[inline(always)]
fn smaller(a: f32, x: f32) -> f32 {
    select((x < a) | x.is_nan(), x, a)
}
