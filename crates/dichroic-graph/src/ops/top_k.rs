//! The largest or smallest values along an axis.

use std::cmp::Ordering;

use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::lanes::Lanes;
use super::{BroadcastTo, ScatterElements, ScatterReduction, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Which end of an order is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extreme {
    /// The largest values; NaN counts as larger than all.
    Largest,
    /// The smallest values; NaN counts as larger than all.
    Smallest,
}

impl Extreme {
    /// Whether `a` comes before `b`, comes behind it, or is its equal.
    pub(super) fn order(self, a: f32, b: f32) -> Ordering {
        let rising = a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()));
        match self {
            Self::Largest => rising.reverse(),
            Self::Smallest => rising,
        }
    }
}

/// The first `k` values along an axis from one end of their order, best first, and their places; of equals the one
/// with the lower place comes first.
///
/// # Shapes
/// Input: any. Outputs: values and places, both as the input with `k` along the axis.
///
/// # Source
/// ONNX `TopK`. The gradient goes to the places that were taken.
#[derive(Clone, Copy, Debug)]
pub struct TopK {
    /// How many are taken, no more than there are.
    pub k: usize,
    /// The axis.
    pub axis: usize,
    /// Which end of their order.
    pub extreme: Extreme,
}

impl Operation for TopK {
    fn name(&self) -> &'static str {
        "TopK"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if x.get(self.axis).is_some_and(|&size| self.k <= size) => {
                let mut taken = x.to_vec();
                taken[self.axis] = self.k;
                Ok(smallvec![Shape::new(&taken), Shape::from(taken)])
            }
            _ => {
                let rule = format!("needs at least {} values on axis {}", self.k, self.axis);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (dy, places) = (backward.output_gradient(), backward.output(1));
        let shape = backward.shape(backward.input(0)).clone();
        let zero = backward.scalar(0.0);
        let zeros = backward.add(BroadcastTo { shape }, &[zero])?;
        let scatter = ScatterElements { axis: self.axis, reduction: ScatterReduction::None };
        let dx = backward.add(scatter, &[zeros, places, dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shapes = self.infer(&[&Shape::new(x.shape())]).expect("shapes were inferred before");
        let (from, to) =
            (Lanes::along(self.axis, x.shape()), Lanes::along(self.axis, &shapes[0]));
        let mut values = vec![0.0; shapes[0].elements()];
        let mut places = values.clone();
        for (start, target) in from.starts().zip(to.starts()) {
            let lane: Vec<f32> = from.places(start).map(|place| x.data()[place]).collect();
            let mut order: Vec<usize> = (0..lane.len()).collect();
            // The sort is stable, so that equals keep their order.
            order.sort_by(|&a, &b| self.extreme.order(lane[a], lane[b]));
            for (target, place) in to.places(target).zip(order) {
                (values[target], places[target]) = (lane[place], place as f32);
            }
        }
        vec![reference_tensor(&shapes[0], values), reference_tensor(&shapes[1], places)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        self.axis != 0
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(TopKKernel { op: *self, lanes: Lanes::along(self.axis, inputs[0]) }))
    }
}

#[derive(Debug)]
struct TopKKernel {
    op: TopK,
    lanes: Lanes,
}

impl Kernel for TopKKernel {
    fn algorithm(&self) -> String {
        String::from("select, then sort")
    }

    /// The places of one lane, as `f32`, to be put into order.
    fn scratch_len(&self) -> usize {
        self.lanes.size
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let TopK { k, extreme, .. } = self.op;
        let [values, places] = args.outputs else { return };
        if k == 0 {
            return;
        }
        let x = args.inputs[0];
        let order = &mut args.scratch[..self.lanes.size];
        let taken = Lanes { size: k, ..self.lanes };
        for (start, target) in self.lanes.starts().zip(taken.starts()) {
            let value = |place: f32| x[start + place as usize * self.lanes.inner];
            let compare = |a: &f32, b: &f32| {
                extreme.order(value(*a), value(*b)).then_with(|| a.total_cmp(b))
            };
            order.iter_mut().enumerate().for_each(|(i, place)| *place = i as f32);
            if k < order.len() {
                order.select_nth_unstable_by(k - 1, compare);
            }
            order[..k].sort_unstable_by(compare);
            for (target, &place) in taken.places(target).zip(order.iter()) {
                (values[target], places[target]) = (value(place), place);
            }
        }
    }
}
