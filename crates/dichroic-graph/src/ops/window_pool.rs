//! Pooling with gaps in the window, and sums under a window: what [`super::Pool`] has no kernel for.

use std::ops::Range;

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::{Tensor, element_count};
use smallvec::{SmallVec, smallvec};

use super::geometry::with_leading;
use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

mod gradient;

pub use gradient::WindowPoolGradient;

/// What becomes of the values under a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowPoolKind {
    /// The largest; -∞ where a window lies in the padding, NaN where a value is.
    Max,
    /// The mean of those that are not padding.
    Average,
    /// Their sum.
    Sum,
}

/// The largest value, the mean or the sum of each channel under a window with gaps; padding takes no part.
///
/// # Shapes
/// Input: `(batch, spatial…, channels)`. Output: `(batch, spatial…, channels)`, each spatial axis
/// `⌊(size + padding - dilation_rate · (window - 1) - 1) / strides⌋ + 1`.
///
/// # Source
/// ONNX `MaxPool`, `AveragePool`, `LpPool` with `dilations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPool {
    /// What becomes of the values.
    pub kind: WindowPoolKind,
    /// The window's sides, one for each spatial axis.
    pub window: Vec<usize>,
    /// Steps between neighbouring windows.
    pub strides: Vec<usize>,
    /// Distance between neighbouring positions under the window.
    pub dilation_rate: Vec<usize>,
    /// Places outside the input that windows may cover, before and after each axis.
    pub padding: Vec<(usize, usize)>,
}

/// One pooling, with 1 in front of axes that are not there.
#[derive(Clone, Copy, Debug)]
struct Problem {
    batch: usize,
    channels: usize,
    input: [usize; 3],
    output: [usize; 3],
    window: [usize; 3],
    strides: [usize; 3],
    dilation_rate: [usize; 3],
    pad_before: [usize; 3],
}

impl WindowPool {
    fn problem(&self, x: &[usize]) -> Result<Problem, String> {
        let rank = self.window.len();
        let lengths = [self.strides.len(), self.dilation_rate.len(), self.padding.len()];
        if !(1..=3).contains(&rank) || lengths != [rank; 3] || x.len() != rank + 2 {
            return Err("needs (batch, spatial…, channels) with 1 to 3 spatial axes".into());
        }
        let sizes = [&self.window, &self.strides, &self.dilation_rate];
        if sizes.iter().any(|sizes| sizes.contains(&0)) {
            return Err("the window, strides and dilation_rate must be at least 1".into());
        }
        let output = (0..rank).map(|axis| self.output_size(axis, x[axis + 1]));
        let output = output.collect::<Option<Vec<usize>>>();
        let output = output.filter(|sizes| element_count(sizes).is_ok());
        let output = output.ok_or("the window or the padding is larger than can be addressed")?;
        let before: Vec<usize> = self.padding.iter().map(|&(before, _)| before).collect();
        Ok(Problem {
            batch: x[0],
            channels: x[rank + 1],
            input: with_leading(&x[1..=rank], 1),
            output: with_leading(&output, 1),
            window: with_leading(&self.window, 1),
            strides: with_leading(&self.strides, 1),
            dilation_rate: with_leading(&self.dilation_rate, 1),
            pad_before: with_leading(&before, 0),
        })
    }

    /// The size of an output axis, 0 where the window does not fit; none where it can't be computed.
    fn output_size(&self, axis: usize, input: usize) -> Option<usize> {
        let (before, after) = self.padding[axis];
        let padded = input.checked_add(before)?.checked_add(after)?;
        let extent = (self.window[axis] - 1).checked_mul(self.dilation_rate[axis])?;
        // Positions are computed as `isize` from sums of two of these.
        let reach = padded.checked_add(extent)?.checked_add(self.strides[axis])?;
        isize::try_from(reach).ok().filter(|reach| reach.checked_mul(4).is_some())?;
        let room = padded.checked_sub(extent + 1);
        Some(room.filter(|_| input > 0).map_or(0, |room| room / self.strides[axis] + 1))
    }

    fn output_shape(&self, problem: &Problem) -> Shape {
        let spatial = problem.output[3 - self.window.len()..].iter().copied();
        std::iter::once(problem.batch).chain(spatial).chain([problem.channels]).collect()
    }
}

impl Problem {
    /// The input place under tap `tap` of output `output`; none in the padding.
    fn place(&self, axis: usize, output: usize, tap: usize) -> Option<usize> {
        let place = output * self.strides[axis] + tap * self.dilation_rate[axis];
        place.checked_sub(self.pad_before[axis]).filter(|&place| place < self.input[axis])
    }

    /// The outputs along an axis for which a tap lies inside the input.
    fn outputs_inside(&self, axis: usize, tap: usize) -> Range<usize> {
        let (stride, offset) = (self.strides[axis], tap * self.dilation_rate[axis]);
        let first = self.pad_before[axis].saturating_sub(offset).div_ceil(stride);
        let beyond = (self.input[axis] + self.pad_before[axis]).saturating_sub(offset);
        let end = beyond.div_ceil(stride).min(self.output[axis]);
        first.min(end)..end
    }

    /// How many taps of an output lie inside the input.
    fn taps_inside(&self, axis: usize, output: usize) -> usize {
        (0..self.window[axis]).filter(|&tap| self.place(axis, output, tap).is_some()).count()
    }

    /// The values in a row of the input and in one of the output.
    fn rows(&self) -> (usize, usize) {
        (self.input[2] * self.channels, self.output[2] * self.channels)
    }

    /// The numbers of the input places of an item under the window of an output place.
    fn places(&self, output: usize) -> impl Iterator<Item = usize> + '_ {
        let [_, out_height, out_width] = self.output;
        let [od, oh, ow] =
            [output / (out_height * out_width), output / out_width % out_height, output % out_width];
        let [depths, heights, widths] = self.window;
        let depths = (0..depths).filter_map(move |tap| self.place(0, od, tap));
        let rows = depths.flat_map(move |d| {
            let heights = (0..heights).filter_map(move |tap| self.place(1, oh, tap));
            heights.map(move |h| (d * self.input[1] + h) * self.input[2])
        });
        rows.flat_map(move |row| {
            (0..widths).filter_map(move |tap| self.place(2, ow, tap)).map(move |w| row + w)
        })
    }
}

impl Operation for WindowPool {
    fn name(&self) -> &'static str {
        match self.kind {
            WindowPoolKind::Max => "WindowMax",
            WindowPoolKind::Average => "WindowAverage",
            WindowPoolKind::Sum => "WindowSum",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [x] = inputs else { return Err(shape_error(self, "takes one input", inputs)) };
        let problem = self.problem(x).map_err(|rule| shape_error(self, rule, inputs))?;
        Ok(smallvec![self.output_shape(&problem)])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (x, dy) = (backward.input(0), backward.output_gradient());
        let dx = backward.add(WindowPoolGradient(self.clone()), &[x, dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let problem = self.problem(inputs[0].shape()).expect("shapes were inferred before");
        let places: usize = problem.input.iter().product();
        let mut y = Vec::new();
        for n in 0..problem.batch {
            for output in 0..problem.output.iter().product() {
                for c in 0..problem.channels {
                    let at = |place: usize| (n * places + place) * problem.channels + c;
                    let values = problem.places(output).map(|place| inputs[0].data()[at(place)]);
                    let values: Vec<f64> = values.map(f64::from).collect();
                    let sum: f64 = values.iter().sum();
                    y.push(match self.kind {
                        WindowPoolKind::Sum => sum,
                        WindowPoolKind::Average => sum / values.len() as f64,
                        WindowPoolKind::Max => values.into_iter().fold(f64::NEG_INFINITY, larger),
                    } as f32);
                }
            }
        }
        vec![reference_tensor(&self.output_shape(&problem), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        true
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.problem(inputs[0]).map_err(|rule| shape_error(self, rule, inputs))?;
        Ok(Box::new(WindowPoolKernel { kind: self.kind, problem }))
    }
}

fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// Takes one row of the output at a time and adds tap after tap, so that the loop runs over all channels of all places
/// of a row.
#[derive(Debug)]
struct WindowPoolKernel {
    kind: WindowPoolKind,
    problem: Problem,
}

impl Kernel for WindowPoolKernel {
    fn algorithm(&self) -> String {
        String::from("row by row")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, p) = (args.inputs[0], &self.problem);
        let row = p.rows().1;
        if row == 0 {
            return;
        }
        let taps: usize = p.window.iter().product();
        // About a quarter of a nanosecond for a value and a tap.
        let nanoseconds = row.saturating_mul(taps) / 4;
        parallel::for_each_chunk(args.outputs[0], row, nanoseconds, |index, y| self.row(x, index, y));
    }
}

impl WindowPoolKernel {
    fn row(&self, x: &[f32], index: usize, y: &mut [f32]) {
        let p = &self.problem;
        let [out_depth, out_height, _] = p.output;
        let (oh, rest) = (index % out_height, index / out_height);
        let (od, n) = (rest % out_depth, rest / out_depth);
        y.fill(if self.kind == WindowPoolKind::Max { f32::NEG_INFINITY } else { 0.0 });
        for d in (0..p.window[0]).filter_map(|tap| p.place(0, od, tap)) {
            for h in (0..p.window[1]).filter_map(|tap| p.place(1, oh, tap)) {
                let row = ((n * p.input[0] + d) * p.input[1] + h) * p.rows().0;
                self.taps_of_row(&x[row..row + p.rows().0], y);
            }
        }
        if self.kind == WindowPoolKind::Average {
            let rows = p.taps_inside(0, od) * p.taps_inside(1, oh);
            for (ow, y) in y.chunks_exact_mut(p.channels).enumerate() {
                let count = (rows * p.taps_inside(2, ow)) as f32;
                y.iter_mut().for_each(|y| *y /= count);
            }
        }
    }

    fn taps_of_row(&self, x: &[f32], y: &mut [f32]) {
        let (p, channels) = (&self.problem, self.problem.channels);
        for tap in 0..p.window[2] {
            let outputs = p.outputs_inside(2, tap);
            let Some(from) = p.place(2, outputs.start, tap).filter(|_| !outputs.is_empty()) else {
                continue;
            };
            let y = &mut y[outputs.start * channels..outputs.end * channels];
            if p.strides[2] == 1 {
                self.take(&x[from * channels..][..y.len()], y);
                continue;
            }
            let sources = x[from * channels..].chunks(p.strides[2].saturating_mul(channels));
            for (x, y) in sources.zip(y.chunks_exact_mut(channels)) {
                self.take(&x[..channels], y);
            }
        }
    }

    #[inline]
    fn take(&self, x: &[f32], y: &mut [f32]) {
        if self.kind == WindowPoolKind::Max {
            let larger = |a: f32, b: f32| if b > a || b.is_nan() { b } else { a };
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = larger(*y, x));
        } else {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y += x);
        }
    }
}
