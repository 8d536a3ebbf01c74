//! Resizing of pictures and volumes, axis by axis.
//!
//! Every interpolation is a matrix for each axis: an output cell is a weighted sum of a few
//! neighbouring input cells. The gradient is the transposed matrices, in the opposite order.

use std::f64::consts::PI;

use crate::elementwise::map::compiled_for;
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::parallel;

/// Which weights the neighbours get, by their distance from the place looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// The nearest cell; for whole factors each cell is repeated.
    Nearest,
    /// A triangle of radius 1.
    Bilinear,
    /// The cubic of Keys (1981) with `a = -1/2`, radius 2.
    Bicubic,
    /// A windowed sinc of radius 3.
    Lanczos3,
    /// A windowed sinc of radius 5.
    Lanczos5,
}

impl Interpolation {
    /// How far a neighbour may be, in cells.
    pub fn radius(self) -> f64 {
        match self {
            Interpolation::Nearest => 0.5,
            Interpolation::Bilinear => 1.0,
            Interpolation::Bicubic => 2.0,
            Interpolation::Lanczos3 => 3.0,
            Interpolation::Lanczos5 => 5.0,
        }
    }

    /// The weight at a distance within the radius.
    pub fn weight(self, distance: f64) -> f64 {
        let d = distance.abs();
        match self {
            Interpolation::Nearest => 1.0,
            Interpolation::Bilinear => (1.0 - d).max(0.0),
            Interpolation::Bicubic if d <= 1.0 => (1.5 * d - 2.5) * d * d + 1.0,
            Interpolation::Bicubic if d < 2.0 => ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0,
            Interpolation::Bicubic => 0.0,
            Interpolation::Lanczos3 | Interpolation::Lanczos5 => {
                let radius = self.radius();
                if d < 1e-9 {
                    1.0
                } else if d >= radius {
                    0.0
                } else {
                    radius * (PI * d).sin() * (PI * d / radius).sin() / (PI * PI * d * d)
                }
            }
        }
    }
}

/// The sizes of one resizing, in the order depth, height, width; 1-D and 2-D put 1 in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResizeProblem {
    /// The number of samples.
    pub batch: usize,
    /// The number of channels, each resized by itself.
    pub channels: usize,
    /// The input's size.
    pub input: [usize; 3],
    /// The output's size.
    pub output: [usize; 3],
}

/// Resizing, and its gradient.
///
/// The centre of output cell `o` lies at `(o + ½) · input / output - ½` of the input's cells
/// ("half-pixel centres"). Neighbours outside the input are left out and the weights scaled to a sum
/// of 1. There is no antialiasing when the output is smaller, as in Keras.
///
/// # Shapes
/// `x (batch, depth, height, width, channels)`, `y` the same with the output's size.
///
/// # Source
/// `keras.layers.UpSampling1D`/`2D`/`3D`, `keras.ops.image.resize`.
///
/// ```
/// use dichroic_kernels::isa::Isa;
/// use dichroic_kernels::resize::{Interpolation, ResizePlan, ResizeProblem};
/// let problem = ResizeProblem { batch: 1, channels: 1, input: [1, 1, 2], output: [1, 1, 4] };
/// let plan = ResizePlan::new(Interpolation::Bilinear, problem, Isa::detect())?;
/// let (mut y, mut scratch) = ([0.0; 4], vec![0.0; plan.scratch_len()]);
/// plan.run(&[0.0, 4.0], &mut y, &mut scratch);
/// assert_eq!(y, [0.0, 1.0, 3.0, 4.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResizePlan {
    isa: Isa,
    input_len: usize,
    output_len: usize,
    passes: Vec<Pass>,
}

/// One axis resized: `(outer, input, inner)` becomes `(outer, output, inner)`.
#[derive(Clone, Debug, PartialEq)]
struct Pass {
    outer: usize,
    inner: usize,
    forward: Taps,
    backward: Taps,
}

/// A matrix with few neighbouring entries in each row.
#[derive(Clone, Debug, PartialEq)]
struct Taps {
    /// The columns of the matrix.
    inputs: usize,
    /// For each row its first column, and where its entries are among the weights.
    rows: Vec<(usize, std::ops::Range<usize>)>,
    weights: Vec<f32>,
}

impl Taps {
    fn new(interpolation: Interpolation, input: usize, output: usize) -> Self {
        let mut taps = Self { inputs: input, rows: Vec::new(), weights: Vec::new() };
        for o in 0..output {
            let (first, weights) = weights(interpolation, input, output, o);
            taps.push(first, weights.iter().map(|&weight| weight as f32));
        }
        taps
    }

    fn push(&mut self, first: usize, weights: impl Iterator<Item = f32>) {
        let start = self.weights.len();
        self.weights.extend(weights);
        self.rows.push((first, start..self.weights.len()));
    }

    fn transposed(&self) -> Self {
        let mut taps = Self { inputs: self.rows.len(), rows: Vec::new(), weights: Vec::new() };
        let weight = |i: usize, (first, range): &(usize, std::ops::Range<usize>)| {
            i.checked_sub(*first)
                .filter(|&t| t < range.len())
                .map(|t| self.weights[range.start + t])
        };
        for i in 0..self.inputs {
            let uses = |row: &(usize, std::ops::Range<usize>)| weight(i, row).is_some();
            // The rows' first columns and last columns never fall, so that those which use a column
            // are neighbours.
            let first = self.rows.iter().position(uses).unwrap_or(0);
            let end = self.rows.iter().rposition(uses).map_or(first, |last| last + 1);
            taps.push(first, self.rows[first..end].iter().map(|row| weight(i, row).unwrap_or(0.0)));
        }
        taps
    }
}

/// The input cells that output cell `o` is made of: the first one, and the weights from there on.
fn weights(
    interpolation: Interpolation,
    input: usize,
    output: usize,
    o: usize,
) -> (usize, Vec<f64>) {
    if interpolation == Interpolation::Nearest {
        // In whole numbers, because half-way cases must not depend on rounding.
        let nearest = (2 * o as u128 + 1) * input as u128 / (2 * output as u128);
        return (nearest as usize, vec![1.0]);
    }
    let center = (o as f64 + 0.5) * input as f64 / output as f64 - 0.5;
    let radius = interpolation.radius();
    let first = (center - radius).ceil().max(0.0) as usize;
    let last = ((center + radius).floor() as usize).min(input - 1);
    let weights: Vec<f64> =
        (first..=last).map(|i| interpolation.weight(i as f64 - center)).collect();
    let sum: f64 = weights.iter().sum();
    (first, weights.iter().map(|weight| weight / sum).collect())
}

impl ResizePlan {
    /// Plans for one problem; the weights are computed here.
    ///
    /// # Errors
    /// [`KernelError::Size`] when an axis has no cells to resize but the output has;
    /// [`KernelError::TooLarge`] when the values can't be counted.
    pub fn new(
        interpolation: Interpolation,
        problem: ResizeProblem,
        isa: Isa,
    ) -> Result<Self, KernelError> {
        const KERNEL: &str = "resize";
        let ResizeProblem { batch, channels, input, output } = problem;
        let len = |[d, h, w]: [usize; 3]| count(KERNEL, &[batch, d, h, w, channels]);
        let (input_len, output_len) = (len(input)?, len(output)?);
        if (0..3).any(|axis| input[axis] == 0 && output[axis] > 0) {
            let (what, rule, received) = ("the input's size", "1 or more", input.to_vec());
            return Err(KernelError::Size { kernel: KERNEL, what, rule, received });
        }
        let mut size = input;
        let mut passes = Vec::new();
        for axis in (0..3).filter(|&axis| input[axis] != output[axis]) {
            let outer = batch * size[..axis].iter().product::<usize>();
            let inner = size[axis + 1..].iter().product::<usize>() * channels;
            let forward = Taps::new(interpolation, input[axis], output[axis]);
            let backward = forward.transposed();
            passes.push(Pass { outer, inner, forward, backward });
            size[axis] = output[axis];
            len(size)?;
        }
        Ok(Self { isa, input_len, output_len, passes })
    }

    /// The number of scratch values that a run needs: what lies between the axes' passes.
    pub fn scratch_len(&self) -> usize {
        let between = self.passes.iter().skip(1);
        between.map(|pass| pass.outer * pass.forward.inputs * pass.inner).sum()
    }

    /// Resizes.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        assert_eq!(x.len(), self.input_len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.output_len, "the output's length must be that of the plan");
        self.run_passes(self.passes.iter().map(|pass| (pass, &pass.forward)), (x, y), scratch);
    }

    /// The input's gradient.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn gradient(&self, dy: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
        assert_eq!(dy.len(), self.output_len, "the output's length must be that of the plan");
        assert_eq!(dx.len(), self.input_len, "the input's length must be that of the plan");
        let passes = self.passes.iter().rev().map(|pass| (pass, &pass.backward));
        self.run_passes(passes, (dy, dx), scratch);
    }

    fn run_passes<'a>(
        &self,
        passes: impl ExactSizeIterator<Item = (&'a Pass, &'a Taps)>,
        (x, y): (&[f32], &mut [f32]),
        scratch: &mut [f32],
    ) {
        let count = passes.len();
        if count == 0 {
            y.copy_from_slice(x);
        }
        let (mut x, mut scratch) = (x, scratch);
        for (i, (pass, taps)) in passes.enumerate() {
            if i + 1 == count {
                self.run_pass(pass, taps, (x, &mut *y));
            } else {
                let len = pass.outer * taps.rows.len() * pass.inner;
                let (between, rest) = std::mem::take(&mut scratch).split_at_mut(len);
                self.run_pass(pass, taps, (x, &mut *between));
                (x, scratch) = (between, rest);
            }
        }
    }

    fn run_pass(&self, pass: &Pass, taps: &Taps, (x, y): (&[f32], &mut [f32])) {
        let (inner, outputs) = (pass.inner, taps.rows.len());
        if y.is_empty() {
            return;
        }
        let group = (4096 / inner).max(1);
        parallel::for_each_chunk(y, group * inner, group * inner, |i, chunk| {
            compiled_for(
                self.isa,
                #[inline(always)]
                || {
                    for (j, y) in chunk.chunks_exact_mut(inner).enumerate() {
                        let row = i * group + j;
                        let (first, range) = &taps.rows[row % outputs];
                        let weights = &taps.weights[range.clone()];
                        let start = (row / outputs * taps.inputs + first) * inner;
                        weighted_sum(x.get(start..).unwrap_or_default(), weights, y);
                    }
                },
            );
        });
    }
}

/// `y = Σ weights[t] · x[t, …]`.
#[inline(always)]
fn weighted_sum(x: &[f32], weights: &[f32], y: &mut [f32]) {
    y.fill(0.0);
    for (x, &weight) in x.chunks_exact(y.len()).zip(weights) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y += weight * x;
        }
    }
}

pub mod reference {
    //! Resizing as its definition reads: each output cell from all its neighbours at once.

    use super::{Interpolation, ResizeProblem, weights};
    use crate::elementwise::reference::{for_each_index, offset};

    /// Calls `visit(output offset, input offset, weight)` for each pair that belong together.
    pub fn for_each_weight(
        interpolation: Interpolation,
        p: &ResizeProblem,
        mut visit: impl FnMut(usize, usize, f64),
    ) {
        let shape = |size: [usize; 3]| [p.batch, size[0], size[1], size[2], p.channels];
        for_each_index(&shape(p.output), |output| {
            let axes: Vec<(usize, Vec<f64>)> = (0..3)
                .map(|axis| weights(interpolation, p.input[axis], p.output[axis], output[axis + 1]))
                .collect();
            let sizes: Vec<usize> = axes.iter().map(|(_, weights)| weights.len()).collect();
            for_each_index(&sizes, |t| {
                let mut input = output.to_vec();
                let mut weight = 1.0;
                for axis in 0..3 {
                    input[axis + 1] = axes[axis].0 + t[axis];
                    weight *= axes[axis].1[t[axis]];
                }
                visit(offset(output, &shape(p.output)), offset(&input, &shape(p.input)), weight);
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use proptest::prelude::*;

    const ALL: [Interpolation; 5] = [
        Interpolation::Nearest,
        Interpolation::Bilinear,
        Interpolation::Bicubic,
        Interpolation::Lanczos3,
        Interpolation::Lanczos5,
    ];

    fn random(len: usize) -> Vec<f32> {
        let mut values = vec![0.0; len];
        Stream { seed: 11, step: 0, op: 0 }.fill_normal(0, &mut values);
        values
    }

    fn problems() -> impl Strategy<Value = ResizeProblem> {
        let size = || [1..4usize, 1..6usize, 1..9usize];
        (0..3usize, 0..20usize, size(), size()).prop_map(|(batch, channels, input, output)| {
            ResizeProblem { batch, channels, input, output }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn resizing_and_its_gradient_are_the_weighted_sums(p in problems()) {
            for interpolation in ALL {
                for isa in Isa::available() {
                    let plan = ResizePlan::new(interpolation, p, isa).unwrap();
                    let (x, dy) = (random(plan.input_len), random(plan.output_len));
                    let mut expected = (vec![0.0; dy.len()], vec![0.0; x.len()]);
                    reference::for_each_weight(interpolation, &p, |o, i, weight| {
                        expected.0[o] += weight * f64::from(x[i]);
                        expected.1[i] += weight * f64::from(dy[o]);
                    });
                    let mut scratch = vec![f32::NAN; plan.scratch_len()];
                    let mut y = vec![f32::NAN; dy.len()];
                    plan.run(&x, &mut y, &mut scratch);
                    let mut dx = vec![f32::NAN; x.len()];
                    plan.gradient(&dy, &mut dx, &mut scratch);
                    for (got, expected) in y.iter().chain(&dx).zip(expected.0.iter().chain(&expected.1)) {
                        prop_assert!((f64::from(*got) - expected).abs() < 2e-5, "{interpolation:?} {got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn whole_factors_repeat_the_nearest_cell() {
        let p = ResizeProblem { batch: 1, channels: 1, input: [1, 1, 3], output: [1, 1, 9] };
        let plan = ResizePlan::new(Interpolation::Nearest, p, Isa::detect()).unwrap();
        let mut y = [0.0; 9];
        plan.run(&[1.0, 2.0, 3.0], &mut y, &mut []);
        assert_eq!(y, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
    }

    #[test]
    fn a_constant_picture_stays_constant() {
        let p = ResizeProblem { batch: 1, channels: 2, input: [1, 5, 3], output: [1, 7, 8] };
        for interpolation in ALL {
            let plan = ResizePlan::new(interpolation, p, Isa::detect()).unwrap();
            let mut y = vec![0.0; plan.output_len];
            plan.run(&vec![3.0; plan.input_len], &mut y, &mut vec![0.0; plan.scratch_len()]);
            assert!(y.iter().all(|y| (y - 3.0).abs() < 1e-5), "{interpolation:?}");
        }
    }

    #[test]
    fn nothing_cannot_be_resized_to_something() {
        let p = ResizeProblem { batch: 1, channels: 1, input: [1, 0, 1], output: [1, 2, 1] };
        assert!(ResizePlan::new(Interpolation::Bilinear, p, Isa::Portable).is_err());
    }
}
