//! Where the largest or smallest value along an axis lies.

use std::cmp::Ordering;

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::lanes::Lanes;
use super::{Extreme, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Which of several equal values is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Equals {
    /// The first.
    First,
    /// The last.
    Last,
}

/// The place of the largest or smallest value along an axis, which leaves the shape.
///
/// # Source
/// numpy `argmax`, `argmin`; ONNX `ArgMax`, `ArgMin`. Places have no gradient.
#[derive(Clone, Copy, Debug)]
pub struct ArgExtreme {
    /// The largest or the smallest.
    pub extreme: Extreme,
    /// The axis, which holds at least one value.
    pub axis: usize,
    /// Which of equals.
    pub equals: Equals,
}

impl ArgExtreme {
    /// The place of the value that is meant, in a lane that is not empty.
    fn of(self, lane: impl Iterator<Item = f32>) -> usize {
        let mut best: Option<(usize, f32)> = None;
        for (place, value) in lane.enumerate() {
            let better = best.is_none_or(|(_, best)| match self.order(value, best) {
                Ordering::Less => true,
                Ordering::Equal => self.equals == Equals::Last,
                Ordering::Greater => false,
            });
            if better {
                best = Some((place, value));
            }
        }
        best.map_or(0, |(place, _)| place)
    }

    /// As numpy has it, NaN is the largest of all and the smallest of all.
    fn order(self, a: f32, b: f32) -> Ordering {
        if a.is_nan() || b.is_nan() {
            return b.is_nan().cmp(&a.is_nan());
        }
        self.extreme.order(a, b)
    }
}

impl Operation for ArgExtreme {
    fn name(&self) -> &'static str {
        match self.extreme {
            Extreme::Largest => "ArgMax",
            Extreme::Smallest => "ArgMin",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if x.get(self.axis).is_some_and(|&size| size > 0) => {
                let mut axes = x.to_vec();
                axes.remove(self.axis);
                Ok(smallvec![Shape::from(axes)])
            }
            _ => {
                let rule = format!("needs at least one value on axis {}", self.axis);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<(), GraphError> {
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shape = self
            .infer(&[&Shape::new(x.shape())])
            .expect("shapes were inferred before")
            .remove(0);
        let lanes = Lanes::along(self.axis, x.shape());
        let places = lanes.starts().map(|start| {
            let lane: Vec<f32> = lanes.places(start).map(|place| x.data()[place]).collect();
            // The value before which none comes; NaN comes before all.
            let is_best = |&place: &usize| {
                lane.iter().all(|&other| self.order(lane[place], other) != Ordering::Greater)
            };
            let mut best = (0..lane.len()).filter(is_best);
            let place = match self.equals {
                Equals::First => best.next(),
                Equals::Last => best.next_back(),
            };
            place.expect("one value is the best") as f32
        });
        vec![reference_tensor(&shape, places.collect())]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        self.axis != 0
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(ArgExtremeKernel { op: *self, lanes: Lanes::along(self.axis, inputs[0]) }))
    }
}

/// Lanes that a task scans.
const TASK: usize = 64;

#[derive(Debug)]
struct ArgExtremeKernel {
    op: ArgExtreme,
    lanes: Lanes,
}

impl Kernel for ArgExtremeKernel {
    fn algorithm(&self) -> String {
        String::from("scan")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let x = args.inputs[0];
        parallel::for_each_chunk(args.outputs[0], TASK, TASK * self.lanes.size, |i, y| {
            for (lane, y) in (i * TASK..).zip(y) {
                let places = self.lanes.places(self.lanes.start(lane));
                *y = self.op.of(places.map(|place| x[place])) as f32;
            }
        });
    }
}
