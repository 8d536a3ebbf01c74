//! Of boxes that overlap, those with the highest scores.

use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Extreme, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// What the four numbers of a box are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoxFormat {
    /// Two opposite corners: `y, x, y, x`.
    Corners,
    /// The centre and the sides: `x, y, width, height`.
    Center,
}

/// For each class the boxes with the highest scores, none of which overlaps a better one by more than a threshold.
///
/// # Shapes
/// Inputs: boxes `(batch, boxes, 4)` and scores `(batch, classes, boxes)`. Output: `(rows, 3)`, each row the numbers of
/// batch, class and box, by batch, then class, best first; there are as many rows as can come at most, and those that
/// are not used hold -1.
///
/// # Source
/// ONNX `NonMaxSuppression`. Of equal scores the lower box goes first; a score that is NaN is passed over. A choice has
/// no gradient.
#[derive(Clone, Copy, Debug)]
pub struct NonMaxSuppression {
    /// The most boxes of a class, in each item of the batch.
    pub most: usize,
    /// The part of the union of two boxes that they may share, 0 to 1.
    pub iou_threshold: f32,
    /// Boxes with a score up to this are passed over; minus infinity passes over none.
    pub score_threshold: f32,
    /// What the numbers of a box are.
    pub format: BoxFormat,
}

impl NonMaxSuppression {
    fn is_candidate(&self, score: f32) -> bool {
        score > self.score_threshold
            || (score == f32::NEG_INFINITY && self.score_threshold == f32::NEG_INFINITY)
    }

    /// Least and greatest place of a box on both axes.
    fn bounds(&self, numbers: &[f32]) -> [[f32; 2]; 2] {
        let &[a, b, c, d] = numbers else { return [[0.0; 2]; 2] };
        match self.format {
            BoxFormat::Corners => [[a.min(c), a.max(c)], [b.min(d), b.max(d)]],
            BoxFormat::Center => {
                let (x, y) = (c / 2.0, d / 2.0);
                [[a - x, a + x], [b - y, b + y]]
            }
        }
    }

    /// Whether two boxes share more than the threshold allows.
    fn overlap(&self, a: &[f32], b: &[f32]) -> bool {
        let (a, b) = (self.bounds(a), self.bounds(b));
        let shared = |axis: usize| a[axis][1].min(b[axis][1]) - a[axis][0].max(b[axis][0]);
        let (first, second) = (shared(0), shared(1));
        if first <= 0.0 || second <= 0.0 {
            return false;
        }
        let area = |sides: [[f32; 2]; 2]| (sides[0][1] - sides[0][0]) * (sides[1][1] - sides[1][0]);
        let shared = first * second;
        let union = area(a) + area(b) - shared;
        area(a) > 0.0 && area(b) > 0.0 && union > 0.0 && shared / union > self.iou_threshold
    }
}

impl Operation for NonMaxSuppression {
    fn name(&self) -> &'static str {
        "NonMaxSuppression"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let rule = "takes boxes (batch, boxes, 4) and scores (batch, classes, boxes)";
        let shapes = inputs.iter().map(|shape| &shape[..]).collect::<SmallVec<[&[usize]; 2]>>();
        let rows = match shapes.as_slice() {
            &[&[batch, boxes, 4], &[same, classes, scored]] if (batch, boxes) == (same, scored) => {
                batch.checked_mul(classes).and_then(|rows| rows.checked_mul(self.most.min(boxes)))
            }
            _ => None,
        };
        let rows = rows.ok_or_else(|| shape_error(self, rule, inputs))?;
        Ok(smallvec![Shape::from([rows, 3])])
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<(), GraphError> {
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (boxes, scores) = (inputs[0], inputs[1]);
        let &[batch, count, _] = boxes.shape() else { unreachable!("the shapes were inferred") };
        let classes = scores.shape()[1];
        let mut rows = Vec::new();
        for (n, class) in (0..batch).flat_map(|n| (0..classes).map(move |class| (n, class))) {
            let score = |b: usize| scores.data()[(n * classes + class) * count + b];
            let place = |b: usize| &boxes.data()[(n * count + b) * 4..][..4];
            let mut left: Vec<usize> = (0..count).filter(|&b| self.is_candidate(score(b))).collect();
            let mut chosen = 0;
            while chosen < self.most && !left.is_empty() {
                // The first of those with the highest score.
                let best = left.iter().copied().reduce(|a, b| if score(b) > score(a) { b } else { a });
                let best = best.expect("a box is left");
                rows.extend([n as f32, class as f32, best as f32]);
                left.retain(|&b| b != best && !self.overlap(place(b), place(best)));
                chosen += 1;
            }
        }
        let shape = Shape::from([batch * classes * self.most.min(count), 3]);
        rows.resize(shape.elements(), -1.0);
        vec![reference_tensor(&shape, rows)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let (classes, boxes) = (inputs[1][1], inputs[1][2]);
        Ok(Box::new(NonMaxSuppressionKernel { op: *self, classes, boxes }))
    }
}

#[derive(Debug)]
struct NonMaxSuppressionKernel {
    op: NonMaxSuppression,
    classes: usize,
    boxes: usize,
}

impl NonMaxSuppressionKernel {
    /// Puts the chosen boxes of one class to the front of `order`, best first; returns how many there are.
    fn choose(&self, boxes: &[f32], scores: &[f32], order: &mut [f32]) -> usize {
        let place = |b: f32| &boxes[4 * b as usize..][..4];
        let mut candidates = 0;
        for (b, &score) in scores.iter().enumerate() {
            if self.op.is_candidate(score) {
                order[candidates] = b as f32;
                candidates += 1;
            }
        }
        order[..candidates].sort_unstable_by(|a, b| {
            let scores = Extreme::Largest.order(scores[*a as usize], scores[*b as usize]);
            scores.then_with(|| a.total_cmp(b))
        });
        let mut chosen = 0;
        for next in 0..candidates {
            if chosen == self.op.most {
                break;
            }
            let candidate = order[next];
            let overlaps = |&better: &f32| self.op.overlap(place(candidate), place(better));
            if !order[..chosen].iter().any(overlaps) {
                order[chosen] = candidate;
                chosen += 1;
            }
        }
        chosen
    }
}

impl Kernel for NonMaxSuppressionKernel {
    fn algorithm(&self) -> String {
        String::from("sort, then greedy")
    }

    /// The boxes of one class, as `f32`, to be put into order.
    fn scratch_len(&self) -> usize {
        self.boxes
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (boxes, scores) = (args.inputs[0], args.inputs[1]);
        args.outputs[0].fill(-1.0);
        if args.outputs[0].is_empty() {
            return;
        }
        let mut rows = args.outputs[0].chunks_exact_mut(3);
        let order = &mut args.scratch[..self.boxes];
        for (i, scores) in scores.chunks_exact(self.boxes).enumerate() {
            let (n, class) = (i / self.classes, i % self.classes);
            let boxes = &boxes[n * self.boxes * 4..][..self.boxes * 4];
            let chosen = self.choose(boxes, scores, order);
            for (&b, row) in order[..chosen].iter().zip(rows.by_ref()) {
                row.copy_from_slice(&[n as f32, class as f32, b]);
            }
        }
    }
}
