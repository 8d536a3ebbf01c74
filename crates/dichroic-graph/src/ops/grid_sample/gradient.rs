//! The gradients of samples between places: for the feature maps, and for the grid.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{GridSample, GridSampleKernel};
use crate::error::GraphError;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::ops::{reference_tensor, shape_error};
use crate::shape::Shape;

/// The gradient of [`GridSample`] for the feature maps, from `(dy, grid)`: each place that took part takes its weight's
/// part of `dy`.
#[derive(Clone, Debug)]
pub struct GridSampleGradient {
    /// What was done.
    pub op: GridSample,
    /// The shape of the feature maps.
    pub shape: Shape,
}

/// The gradient of [`GridSample`] for the grid, from `(dy, x, grid)`: the slope along each axis, 0 where the border is
/// repeated and for the nearest place.
#[derive(Clone, Copy, Debug)]
pub struct GridSampleSlope(pub GridSample);

impl Operation for GridSampleGradient {
    fn name(&self) -> &'static str {
        "GridSampleGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let made = match inputs {
            [_, grid] => self.op.infer(&[&self.shape, grid]).ok(),
            _ => None,
        };
        match made.as_deref() {
            Some([made]) if made == inputs[0] => Ok(smallvec![self.shape.clone()]),
            _ => Err(shape_error(self, "dy needs the shape of what was sampled", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (dy, grid) = (inputs[0], inputs[1]);
        let last = self.shape.len() - 1;
        let channels = self.shape[last];
        let mut dx = vec![0.0f64; self.shape.elements()];
        for (number, (coordinates, dy)) in pairs(grid, dy, last - 1, channels).enumerate() {
            let item = self.op.item_of(number, &self.shape, grid.shape());
            for (place, weight) in self.op.sources(coordinates, &self.shape[1..last]) {
                let Some(place) = place else { continue };
                for (channel, &dy) in dy.iter().enumerate() {
                    dx[(item + place) * channels + channel] += weight * f64::from(dy);
                }
            }
        }
        vec![reference_tensor(&self.shape, dx.into_iter().map(|sum| sum as f32).collect())]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(ScatterKernel(GridSampleKernel::new(self.op, &self.shape, inputs[1]))))
    }
}

/// The coordinates and the gradient of each place of a grid.
fn pairs<'t>(
    grid: &'t Tensor,
    dy: &'t Tensor,
    axes: usize,
    channels: usize,
) -> impl Iterator<Item = (&'t [f32], &'t [f32])> {
    grid.data().chunks_exact(axes).zip(dy.data().chunks_exact(channels.max(1)))
}

#[derive(Debug)]
struct ScatterKernel(GridSampleKernel);

impl Kernel for ScatterKernel {
    fn algorithm(&self) -> String {
        String::from("scatter")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (dy, grid, kernel) = (args.inputs[0], args.inputs[1], &self.0);
        let (channels, taken) = (kernel.channels, kernel.of_item);
        let item = kernel.size.iter().product::<usize>() * channels;
        // Each item belongs to one task, which adds in the order of the grid.
        parallel::for_each_chunk(args.outputs[0], item, item + taken * channels * 4, |n, dx| {
            dx.fill(0.0);
            for place in n * taken..(n + 1) * taken {
                let dy = &dy[place * channels..][..channels];
                kernel.for_each_source(&grid[place * kernel.axes..][..kernel.axes], |at, weight| {
                    for (dx, dy) in dx[at * channels..][..channels].iter_mut().zip(dy) {
                        *dx += weight * dy;
                    }
                });
            }
        });
    }
}

impl Operation for GridSampleSlope {
    fn name(&self) -> &'static str {
        "GridSampleSlope"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let made = match inputs {
            [_, x, grid] => self.0.infer(&[x, grid]).ok(),
            _ => None,
        };
        match made.as_deref() {
            Some([made]) if made == inputs[0] => Ok(smallvec![inputs[2].clone()]),
            _ => Err(shape_error(self, "dy needs the shape of what was sampled", inputs)),
        }
    }

    /// The difference of the samples on both sides, in `f64`.
    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        const STEP: f64 = 1e-6;
        let (dy, x, grid) = (inputs[0], inputs[1], inputs[2]);
        let last = x.rank() - 1;
        let channels = x.shape()[last];
        let mut slopes = Vec::with_capacity(grid.data().len());
        for (number, (coordinates, dy)) in pairs(grid, dy, last - 1, channels).enumerate() {
            let item = self.0.item_of(number, x.shape(), grid.shape());
            let loss = |coordinates: &[f64]| -> f64 {
                let mut loss = 0.0;
                for (place, weight) in self.0.exact_sources(coordinates, &x.shape()[1..last]) {
                    let Some(place) = place else { continue };
                    for (channel, &dy) in dy.iter().enumerate() {
                        let x = x.data()[(item + place) * channels + channel];
                        loss += weight * f64::from(x) * f64::from(dy);
                    }
                }
                loss
            };
            let exact: Vec<f64> = coordinates.iter().copied().map(f64::from).collect();
            for axis in 0..exact.len() {
                let beside = |step: f64| {
                    let mut moved = exact.clone();
                    moved[axis] += step;
                    loss(&moved)
                };
                slopes.push(((beside(STEP) - beside(-STEP)) / (2.0 * STEP)) as f32);
            }
        }
        slopes.resize(grid.data().len(), 0.0);
        vec![reference_tensor(&Shape::from(grid.shape()), slopes)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(SlopeKernel(GridSampleKernel::new(self.0, inputs[1], inputs[2]))))
    }
}

#[derive(Debug)]
struct SlopeKernel(GridSampleKernel);

impl Kernel for SlopeKernel {
    fn algorithm(&self) -> String {
        String::from("slopes of each place")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (dy, x, grid, kernel) = (args.inputs[0], args.inputs[1], args.inputs[2], &self.0);
        let (channels, axes) = (kernel.channels, kernel.axes);
        let item = kernel.size.iter().product::<usize>() * channels;
        parallel::for_each_chunk(args.outputs[0], axes, channels * 16, |place, slopes| {
            slopes.fill(0.0);
            let dy = &dy[place * channels..][..channels];
            let x = x.get(place / kernel.of_item * item..).unwrap_or_default();
            kernel.for_each_slope(&grid[place * axes..][..axes], |at, axis, weight| {
                let x = &x[at * channels..][..channels];
                let product = x.iter().zip(dy).map(|(x, dy)| x * dy).sum::<f32>();
                slopes[axis] += weight * product;
            });
        });
    }
}
