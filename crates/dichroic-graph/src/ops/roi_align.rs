//! Regions of a feature map, each brought to the same size.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

mod gradient;

pub use gradient::RoiAlignGradient;

/// What becomes of the samples in a cell of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoiKind {
    /// Their mean.
    Average,
    /// The largest product of a neighbour with its weight, as ONNX defines it.
    Max,
}

/// Regions of feature maps, cut into cells; a cell is the mean (or largest) of samples between places.
///
/// A region's corners are multiplied by `scale`, less half a place with `half_pixel`. Without it a region is at least
/// one place wide and high. A sample more than one place outside is 0.
///
/// # Shapes
/// Inputs: `x` `(batch, height, width, channels)`, regions `(regions, 4)` as `x, y, x, y`, and the number of the item
/// that each looks at `(regions,)`. Output: `(regions, cells, cells, channels)`. A region of no item gives NaN. The gradient of the largest is refused.
///
/// # Source
/// ONNX `RoiAlign`; He et al. 2017, "Mask R-CNN".
#[derive(Clone, Copy, Debug)]
pub struct RoiAlign {
    /// What becomes of samples.
    pub kind: RoiKind,
    /// Cells along height and width.
    pub cells: [usize; 2],
    /// Samples along each side of a cell; 0 for about one a place.
    pub sampling: usize,
    /// From the regions' coordinates to places of the feature map.
    pub scale: f32,
    /// Whether the middle of the first place is at ½.
    pub half_pixel: bool,
}

/// The most samples along one side of a cell. A region that needs more would lie outside of any feature map by far.
const MOST_SAMPLES: f32 = 1024.0;

/// Cells along one axis of a region.
#[derive(Clone, Copy)]
struct Cells {
    start: f32,
    cell: f32,
    samples: usize,
}

/// Two neighbours along an axis with their weights.
type Pair = [(usize, f32); 2];

impl RoiAlign {
    /// The cells of a region along an axis; sizes are rounded to `f32` as ONNX Runtime does, since a number of samples
    /// follows from them.
    fn cells(&self, (from, to): (f32, f32), count: usize) -> Cells {
        let offset = if self.half_pixel { 0.5 } else { 0.0 };
        let start = from * self.scale - offset;
        let length = to * self.scale - offset - start;
        let length = if self.half_pixel { length } else { length.max(1.0) };
        let cell = length / count as f32;
        let samples = match self.sampling {
            0 => cell.ceil().clamp(0.0, MOST_SAMPLES) as usize,
            samples => samples,
        };
        Cells { start, cell, samples }
    }

    fn item(&self, number: f32, items: usize) -> Option<usize> {
        (number >= 0.0 && number < items as f32).then_some(number as usize)
    }

    fn shape(&self, inputs: &[&Shape]) -> Option<Shape> {
        match inputs {
            [x, regions, items]
                if x.len() == 4 && regions[..] == [items.elements(), 4] && items.len() == 1 =>
            {
                Some(Shape::from([regions[0], self.cells[0], self.cells[1], x[3]]))
            }
            _ => None,
        }
    }
}

impl Cells {
    /// The neighbours of a sample; `None` for one outside.
    fn neighbours(self, cell: usize, sample: usize, size: usize) -> Option<Pair> {
        let step = self.cell / self.samples as f32;
        let place = self.start + cell as f32 * self.cell + (sample as f32 + 0.5) * step;
        if !(place >= -1.0 && place <= size as f32) || size == 0 {
            return None;
        }
        let place = place.max(0.0);
        let low = place as usize;
        if low + 1 >= size {
            return Some([(size - 1, 1.0), (size - 1, 0.0)]);
        }
        let part = place - low as f32;
        Some([(low, 1.0 - part), (low + 1, part)])
    }
}

impl Operation for RoiAlign {
    fn name(&self) -> &'static str {
        "RoiAlign"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let rule = "needs a value (batch, height, width, channels), regions (n, 4) and items (n,)";
        let shape = self.shape(inputs).ok_or_else(|| shape_error(self, rule, inputs))?;
        Ok(smallvec![shape])
    }

    /// As in torchvision, the regions have none.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if backward.needs(0) {
            if self.kind == RoiKind::Max {
                return Err(backward.refuse(self.name()));
            }
            let (dy, regions, items) =
                (backward.output_gradient(), backward.input(1), backward.input(2));
            let shape = backward.shape(backward.input(0)).clone();
            let op = RoiAlignGradient { op: *self, shape };
            let dx = backward.add(op, &[dy, regions, items])?;
            backward.set(0, dx);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, regions, items) = (inputs[0], inputs[1], inputs[2]);
        let &[batch, height, width, channels] = x.shape() else {
            unreachable!("the shapes were inferred")
        };
        let mut y = Vec::new();
        for (region, &number) in regions.data().chunks_exact(4).zip(items.data()) {
            let item = self.item(number, batch);
            let rows = self.cells((region[1], region[3]), self.cells[0]);
            let columns = self.cells((region[0], region[2]), self.cells[1]);
            for (row, column) in (0..self.cells[0]).flat_map(|r| (0..self.cells[1]).map(move |c| (r, c))) {
                for channel in 0..channels {
                    let Some(item) = item else {
                        y.push(f32::NAN);
                        continue;
                    };
                    let mut samples = Vec::new();
                    for (i, j) in (0..rows.samples).flat_map(|i| (0..columns.samples).map(move |j| (i, j))) {
                        let pair = rows.neighbours(row, i, height).zip(columns.neighbours(column, j, width));
                        let Some((vertical, horizontal)) = pair else {
                            samples.push([0.0; 4]);
                            continue;
                        };
                        let product = |(h, of_h): (usize, f32), (w, of_w): (usize, f32)| {
                            let value = x.data()[((item * height + h) * width + w) * channels + channel];
                            f64::from(of_h) * f64::from(of_w) * f64::from(value)
                        };
                        samples.push([
                            product(vertical[0], horizontal[0]),
                            product(vertical[0], horizontal[1]),
                            product(vertical[1], horizontal[0]),
                            product(vertical[1], horizontal[1]),
                        ]);
                    }
                    let all = samples.iter().flatten().copied();
                    y.push(match self.kind {
                        RoiKind::Average => all.sum::<f64>() / samples.len().max(1) as f64,
                        RoiKind::Max => all.reduce(f64::max).unwrap_or(0.0),
                    } as f32);
                }
            }
        }
        let shape = [regions.shape()[0], self.cells[0], self.cells[1], channels];
        vec![reference_tensor(&Shape::from(shape), y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let shape = [inputs[0][0], inputs[0][1], inputs[0][2], inputs[0][3]];
        Ok(Box::new(RoiAlignKernel { op: *self, shape }))
    }
}

#[derive(Debug)]
struct RoiAlignKernel {
    op: RoiAlign,
    /// Of the feature maps.
    shape: [usize; 4],
}

impl RoiAlignKernel {
    /// All channels of one cell.
    fn cell(&self, x: &[f32], [rows, columns]: [Cells; 2], [row, column]: [usize; 2], y: &mut [f32]) {
        let [_, height, width, channels] = self.shape;
        let max = self.op.kind == RoiKind::Max;
        y.fill(if max { f32::NEG_INFINITY } else { 0.0 });
        let outside = |y: &mut [f32]| {
            if max {
                y.iter_mut().for_each(|y| *y = y.max(0.0));
            }
        };
        for i in 0..rows.samples {
            let Some(vertical) = rows.neighbours(row, i, height) else {
                outside(y);
                continue;
            };
            for j in 0..columns.samples {
                let Some(horizontal) = columns.neighbours(column, j, width) else {
                    outside(y);
                    continue;
                };
                for ((h, of_h), (w, of_w)) in vertical.into_iter().flat_map(|v| horizontal.map(|u| (v, u))) {
                    let from = &x[(h * width + w) * channels..][..channels];
                    let weight = of_h * of_w;
                    for (y, x) in y.iter_mut().zip(from) {
                        *y = if max { y.max(weight * x) } else { *y + weight * x };
                    }
                }
            }
        }
        let samples = rows.samples * columns.samples;
        if samples == 0 {
            y.fill(0.0);
        } else if !max {
            y.iter_mut().for_each(|y| *y /= samples as f32);
        }
    }
}

impl Kernel for RoiAlignKernel {
    fn algorithm(&self) -> String {
        String::from("samples of each cell")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, regions, items) = (args.inputs[0], args.inputs[1], args.inputs[2]);
        let [batch, height, width, channels] = self.shape;
        let [high, wide] = self.op.cells;
        if args.outputs[0].is_empty() {
            return;
        }
        let (item, region) = (height * width * channels, high * wide * channels);
        parallel::for_each_chunk(args.outputs[0], region, region, |number, y| {
            let corners = &regions[number * 4..][..4];
            let Some(own) = self.op.item(items[number], batch) else {
                y.fill(f32::NAN);
                return;
            };
            let x = &x[own * item..][..item];
            let rows = self.op.cells((corners[1], corners[3]), high);
            let columns = self.op.cells((corners[0], corners[2]), wide);
            for (place, y) in y.chunks_exact_mut(channels).enumerate() {
                self.cell(x, [rows, columns], [place / wide, place % wide], y);
            }
        });
    }
}
