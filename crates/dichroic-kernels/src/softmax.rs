//! Softmax, its logarithm and cross-entropy, over the last axis.

use crate::elementwise::map::{self, compiled_for};
use crate::elementwise::math::{exp, log, select};
use crate::error::{KernelError, count};
use crate::isa::Isa;

pub mod reference;
#[cfg(test)]
mod tests;

/// Partial sums side by side, joined by halves.
const LANES: usize = 32;

/// `take` folded over pairs of values, and the lanes' results joined by `join`, in an order that
/// depends on the length only.
#[inline(always)]
pub(crate) fn fold(
    (a, b): (&[f32], &[f32]),
    none: f32,
    take: impl Fn(f32, f32, f32) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    if a.len() < LANES {
        return a.iter().zip(b).fold(none, |sum, (&a, &b)| take(sum, a, b));
    }
    let mut lanes = [none; LANES];
    let (mut a_chunks, mut b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in (&mut a_chunks).zip(&mut b_chunks) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane = take(*lane, a, b);
        }
    }
    let rest = a_chunks.remainder().iter().zip(b_chunks.remainder());
    for (lane, (&a, &b)) in lanes.iter_mut().zip(rest) {
        *lane = take(*lane, a, b);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = join(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
pub(crate) fn sum(x: &[f32]) -> f32 {
    fold((x, x), 0.0, |sum, x, _| sum + x, |a, b| a + b)
}

/// `Σ term(a, b)`.
#[inline(always)]
pub(crate) fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    fold((a, b), 0.0, |sum, a, b| sum + term(a, b), |a, b| a + b)
}

#[inline(always)]
fn largest(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| select((b > a) | b.is_nan(), b, a);
    fold((x, x), f32::NEG_INFINITY, |largest, x, _| larger(largest, x), larger)
}

/// Softmax or its logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoftmaxKind {
    /// `y = eˣ / Σ eˣ`, with the row's largest value subtracted first.
    Softmax,
    /// `y = x - ln Σ eˣ`.
    LogSoftmax,
}

/// Softmax of each row, and its gradient.
///
/// # Shapes
/// `x`, `y`, `dy`, `dx (rows, features)`; for another axis than the last, transpose first.
///
/// # Source
/// `keras.activations.softmax`, `log_softmax`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftmaxPlan {
    kind: SoftmaxKind,
    rows: Rows,
}

/// Rows of one length, cut into blocks of whole rows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rows {
    len: usize,
    features: usize,
    isa: Isa,
}

impl Rows {
    fn new(
        kernel: &'static str,
        [rows, features]: [usize; 2],
        isa: Isa,
    ) -> Result<Self, KernelError> {
        Ok(Self { len: count(kernel, &[rows, features])?, features, isa })
    }

    fn block_len(&self) -> usize {
        (1024 / self.features.max(1)).max(1) * self.features.max(1)
    }

    /// Calls `row(start, y)` for each row, in code compiled for the instruction set.
    #[inline(always)]
    fn for_each(&self, y: &mut [f32], row: impl Fn(usize, &mut [f32]) + Sync + Send) {
        assert_eq!(y.len(), self.len, "the output's length must be that of the plan");
        map::blocks_of(y, self.block_len(), |start, block| {
            compiled_for(
                self.isa,
                #[inline(always)]
                || {
                    for (i, y) in block.chunks_exact_mut(self.features).enumerate() {
                        row(start + i * self.features, y);
                    }
                },
            );
        });
    }
}

impl SoftmaxPlan {
    /// Plans for `[rows, features]`.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] when the values can't be counted.
    pub fn new(kind: SoftmaxKind, shape: [usize; 2], isa: Isa) -> Result<Self, KernelError> {
        Ok(Self { kind, rows: Rows::new("softmax", shape, isa)? })
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// `y = softmax(x)`.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.rows.len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.rows.len, "the output's length must be that of the plan");
        let kind = self.kind;
        if y.is_empty() {
            return;
        }
        let (features, len) = (self.rows.features, self.rows.block_len());
        map::blocks_of(y, len, |start, y| {
            let x = &x[start..start + y.len()];
            compiled_for(
                self.rows.isa,
                #[inline(always)]
                || softmax_rows(kind, features, x, y),
            );
        });
    }

    /// `dx` from the output and its gradient: `y (dy - Σ y dy)`, or `dy - eʸ Σ dy` for the logarithm.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn gradient(&self, y: &[f32], dy: &[f32], dx: &mut [f32]) {
        assert_eq!(y.len(), self.rows.len, "the output's length must be that of the plan");
        assert_eq!(dy.len(), self.rows.len, "the gradient's length must be that of the plan");
        let kind = self.kind;
        self.rows.for_each(
            dx,
            #[inline(always)]
            |start, dx| {
                let (y, dy) = (&y[start..start + dx.len()], &dy[start..start + dx.len()]);
                match kind {
                    SoftmaxKind::Softmax => {
                        let mean = sum_of(y, dy, |y, dy| y * dy);
                        for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                            *dx = y * (dy - mean);
                        }
                    }
                    SoftmaxKind::LogSoftmax => {
                        let total = sum(dy);
                        for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                            *dx = dy - exp(y) * total;
                        }
                    }
                }
            },
        );
    }
}

/// The exponentials of several rows are taken at once, because a row alone may be too short to fill
/// a vector.
#[inline(always)]
fn softmax_rows(kind: SoftmaxKind, features: usize, x: &[f32], y: &mut [f32]) {
    let rows = || x.chunks_exact(features);
    for (x, y) in rows().zip(y.chunks_exact_mut(features)) {
        let largest = largest(x);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x - largest;
        }
    }
    for y in y.iter_mut() {
        *y = exp(*y);
    }
    for (x, y) in rows().zip(y.chunks_exact_mut(features)) {
        let sum = sum(y);
        match kind {
            SoftmaxKind::Softmax => y.iter_mut().for_each(|y| *y /= sum),
            SoftmaxKind::LogSoftmax => {
                let (largest, log_sum) = (largest(x), log(sum));
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = (x - largest) - log_sum;
                }
            }
        }
    }
}

/// How the wanted class of a row is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Targets {
    /// A probability for each class (Keras: `categorical_crossentropy`).
    Probabilities,
    /// The number of the class, from 0 (Keras: `sparse_categorical_crossentropy`).
    Classes,
}

/// Cross-entropy of the softmax of each row: `loss = Σ targets · (ln Σ eˣ - x)`, and its gradient
/// `dx = dloss · (softmax(x) · Σ targets - targets)`.
///
/// Softmax and logarithm in one, so that no probability is rounded to 0 on the way. A class number
/// that isn't one gives NaN.
///
/// # Shapes
/// `logits`, `dx (rows, classes)`; `targets (rows, classes)` or `(rows)`; `loss`, `dloss (rows)`.
///
/// # Source
/// `keras.ops.categorical_crossentropy`, `sparse_categorical_crossentropy`, `from_logits=True`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftmaxCrossEntropyPlan {
    targets: Targets,
    rows: usize,
    logits: Rows,
}

impl SoftmaxCrossEntropyPlan {
    /// Plans for `[rows, classes]`.
    ///
    /// # Errors
    /// [`KernelError::TooLarge`] when the values can't be counted; [`KernelError::Size`] for no class.
    pub fn new(targets: Targets, shape: [usize; 2], isa: Isa) -> Result<Self, KernelError> {
        const KERNEL: &str = "softmax cross-entropy";
        if shape[1] == 0 {
            let (what, rule, received) = ("the number of classes", "1 or more", shape.to_vec());
            return Err(KernelError::Size { kernel: KERNEL, what, rule, received });
        }
        Ok(Self { targets, rows: shape[0], logits: Rows::new(KERNEL, shape, isa)? })
    }

    /// The number of values in `targets`.
    pub fn targets_len(&self) -> usize {
        match self.targets {
            Targets::Probabilities => self.logits.len,
            Targets::Classes => self.rows,
        }
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Writes the loss of each row.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, logits: &[f32], targets: &[f32], loss: &mut [f32]) {
        assert_eq!(logits.len(), self.logits.len, "the logits' length must be that of the plan");
        assert_eq!(
            targets.len(),
            self.targets_len(),
            "the targets' length must be that of the plan"
        );
        assert_eq!(loss.len(), self.rows, "the loss must have one value for each row");
        let classes = self.logits.features;
        let per_block = (1024 / classes).max(1);
        crate::parallel::for_each_chunk(loss, per_block, per_block * classes, |i, loss| {
            compiled_for(
                self.logits.isa,
                #[inline(always)]
                || {
                    for (j, loss) in loss.iter_mut().enumerate() {
                        let row = i * per_block + j;
                        let x = &logits[row * classes..][..classes];
                        let largest = largest(x);
                        let log_sum = log(sum_of(x, x, |x, _| exp(x - largest)));
                        *loss = match self.targets {
                            // No share of nothing: 0 · ∞ would be NaN.
                            Targets::Probabilities => {
                                let targets = &targets[row * classes..][..classes];
                                sum_of(x, targets, |x, target| {
                                    let cost = target * (log_sum - (x - largest));
                                    select(target == 0.0, 0.0, cost)
                                })
                            }
                            Targets::Classes => match class(targets[row], classes) {
                                Some(class) => log_sum - (x[class] - largest),
                                None => f32::NAN,
                            },
                        };
                    }
                },
            );
        });
    }

    /// Writes the gradient of the logits, from that of each row's loss.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn gradient(&self, logits: &[f32], targets: &[f32], dloss: &[f32], dx: &mut [f32]) {
        assert_eq!(logits.len(), self.logits.len, "the logits' length must be that of the plan");
        assert_eq!(
            targets.len(),
            self.targets_len(),
            "the targets' length must be that of the plan"
        );
        assert_eq!(dloss.len(), self.rows, "the gradient must have one value for each row");
        let (classes, kind) = (self.logits.features, self.targets);
        self.logits.for_each(
            dx,
            #[inline(always)]
            |start, dx| {
                let (row, x) = (start / classes, &logits[start..start + classes]);
                let largest = largest(x);
                for (dx, &x) in dx.iter_mut().zip(x) {
                    *dx = exp(x - largest);
                }
                let sum_of_exp = sum(dx);
                let dloss = dloss[row];
                match kind {
                    Targets::Probabilities => {
                        let targets = &targets[start..start + classes];
                        let factor = sum(targets) / sum_of_exp;
                        for (dx, &target) in dx.iter_mut().zip(targets) {
                            *dx = dloss * (*dx * factor - target);
                        }
                    }
                    Targets::Classes => match class(targets[row], classes) {
                        Some(class) => {
                            for dx in dx.iter_mut() {
                                *dx = dloss * (*dx / sum_of_exp);
                            }
                            dx[class] -= dloss;
                        }
                        None => dx.fill(f32::NAN),
                    },
                }
            },
        );
    }
}

/// The class that a target names, if it names one.
#[inline(always)]
fn class(target: f32, classes: usize) -> Option<usize> {
    // A negative number or NaN becomes 0, which the comparison tells apart.
    let class = target as usize;
    (class < classes && class as f32 == target).then_some(class)
}
