//! The gradient of the mean of samples in the cells of regions.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::RoiAlign;
use crate::error::GraphError;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::ops::{reference_tensor, shape_error};
use crate::shape::Shape;

/// The gradient of [`RoiAlign`] for the feature maps, from `(dy, regions, items)`: a neighbour of a sample takes its
/// weight's part of the cell's share.
#[derive(Clone, Debug)]
pub struct RoiAlignGradient {
    /// What was done.
    pub op: RoiAlign,
    /// The shape of the feature maps.
    pub shape: Shape,
}

impl RoiAlignGradient {
    /// The places of an item that take part in the cells of a region, with the number of the cell and their weights.
    fn for_each_part(&self, corners: &[f32], mut add: impl FnMut(usize, usize, f32)) {
        let [high, wide] = self.op.cells;
        let (height, width) = (self.shape[1], self.shape[2]);
        let rows = self.op.cells((corners[1], corners[3]), high);
        let columns = self.op.cells((corners[0], corners[2]), wide);
        let share = 1.0 / (rows.samples * columns.samples).max(1) as f32;
        for cell in 0..high * wide {
            for sample in 0..rows.samples * columns.samples {
                let (i, j) = (sample / columns.samples, sample % columns.samples);
                let vertical = rows.neighbours(cell / wide, i, height);
                let pair = vertical.zip(columns.neighbours(cell % wide, j, width));
                let Some((vertical, horizontal)) = pair else { continue };
                for ((h, of_h), (w, of_w)) in vertical.into_iter().flat_map(|v| horizontal.map(|u| (v, u))) {
                    add(cell, h * width + w, of_h * of_w * share);
                }
            }
        }
    }
}

impl Operation for RoiAlignGradient {
    fn name(&self) -> &'static str {
        "RoiAlignGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let made = match inputs {
            [_, regions, items] => self.op.infer(&[&self.shape, regions, items]).ok(),
            _ => None,
        };
        match made.as_deref() {
            Some([made]) if made == inputs[0] => Ok(smallvec![self.shape.clone()]),
            _ => Err(shape_error(self, "dy needs the shape of the regions' cells", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (dy, regions, items) = (inputs[0], inputs[1], inputs[2]);
        let (places, channels) = (self.shape[1] * self.shape[2], self.shape[3]);
        let cells = self.op.cells[0] * self.op.cells[1];
        let mut dx = vec![0.0f64; self.shape.elements()];
        for (region, (corners, &number)) in regions.data().chunks_exact(4).zip(items.data()).enumerate() {
            let Some(item) = self.op.item(number, self.shape[0]) else { continue };
            self.for_each_part(corners, |cell, place, weight| {
                for channel in 0..channels {
                    let dy = dy.data()[(region * cells + cell) * channels + channel];
                    dx[(item * places + place) * channels + channel] += f64::from(weight) * f64::from(dy);
                }
            });
        }
        vec![reference_tensor(&self.shape, dx.into_iter().map(|sum| sum as f32).collect())]
    }

    fn kernel(
        &self,
        _inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(RoiAlignGradientKernel(self.clone())))
    }
}

#[derive(Debug)]
struct RoiAlignGradientKernel(RoiAlignGradient);

impl Kernel for RoiAlignGradientKernel {
    fn algorithm(&self) -> String {
        String::from("scatter")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (dy, regions, items, op) = (args.inputs[0], args.inputs[1], args.inputs[2], &self.0);
        let channels = op.shape[3];
        let item = op.shape[1] * op.shape[2] * channels;
        let cells = op.op.cells[0] * op.op.cells[1];
        // Each item belongs to one task, which adds in the order of the regions.
        parallel::for_each_chunk(args.outputs[0], item, item + dy.len(), |n, dx| {
            dx.fill(0.0);
            for (region, corners) in regions.chunks_exact(4).enumerate() {
                if op.op.item(items[region], op.shape[0]) != Some(n) {
                    continue;
                }
                op.for_each_part(corners, |cell, place, weight| {
                    let dy = &dy[(region * cells + cell) * channels..][..channels];
                    for (dx, dy) in dx[place * channels..][..channels].iter_mut().zip(dy) {
                        *dx += weight * dy;
                    }
                });
            }
        });
    }
}
