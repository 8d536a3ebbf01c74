//! Feature maps looked at between their places, where a grid says.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

mod gradient;

pub use gradient::{GridSampleGradient, GridSampleSlope};

/// How a value between places is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleMode {
    /// The value at the nearest place; of two equally near ones the even place.
    Nearest,
    /// The line between the two neighbours along each axis.
    Linear,
    /// A cubic through four neighbours along each axis, with Keys's coefficient -0.75.
    Cubic,
}

/// What lies outside of a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleBorder {
    /// Zeros.
    Zeros,
    /// The nearest value inside.
    Edge,
    /// The map mirrored at its border, as often as needed.
    Reflect,
}

/// `y[n, o…, c] = x[n, place(grid[n, o…]), c]`, values between places interpolated.
///
/// A coordinate of -1 is one end of an axis and 1 the other: the middle of the first and the last place with
/// `align_corners`, else their outer edges. The first coordinate belongs to the last spatial axis.
///
/// # Shapes
/// Inputs: `x` `(batch, spatial…, channels)` with 1 to 3 spatial axes, and a grid `(batch, places…, axes)` with as many
/// coordinates as `x` has spatial axes. Output: `(batch, places…, channels)`.
///
/// # Source
/// ONNX `GridSample`; Jaderberg et al. 2015, "Spatial Transformer Networks".
#[derive(Clone, Copy, Debug)]
pub struct GridSample {
    /// How a value between places is found.
    pub mode: SampleMode,
    /// What lies outside.
    pub border: SampleBorder,
    /// Whether -1 and 1 are the middle of the first and the last place.
    pub align_corners: bool,
}

/// Keys's coefficient, as torch and ONNX have it.
const CUBIC: f64 = -0.75;

impl GridSample {
    /// The reference's place of a coordinate on an axis.
    fn place(&self, coordinate: f64, size: usize) -> f64 {
        let size = size as f64;
        let place = match self.align_corners {
            true => (coordinate + 1.0) / 2.0 * (size - 1.0),
            false => ((coordinate + 1.0) * size - 1.0) / 2.0,
        };
        let place = if self.mode == SampleMode::Nearest { place.round_ties_even() } else { place };
        let (least, greatest) = self.ends(size);
        match self.border {
            _ if (least..=greatest).contains(&place) => place,
            SampleBorder::Zeros => place,
            SampleBorder::Edge => place.max(0.0).min(size - 1.0),
            SampleBorder::Reflect => mirrored(place, least, greatest),
        }
    }

    /// Where an axis ends for a mirror.
    fn ends(&self, size: f64) -> (f64, f64) {
        if self.align_corners { (0.0, size - 1.0) } else { (-0.5, size - 0.5) }
    }

    /// The value at a whole place of an axis, which may lie outside.
    fn inside(&self, place: f64, size: usize) -> Option<usize> {
        let length = size as f64;
        let place = match self.border {
            SampleBorder::Zeros => place,
            SampleBorder::Edge => place.max(0.0).min(length - 1.0),
            SampleBorder::Reflect => {
                let (least, greatest) = self.ends(length);
                mirrored(place, least, greatest).trunc()
            }
        };
        (place >= 0.0 && place < length).then_some(place as usize)
    }

    /// Places along one axis with their weights.
    fn taps(&self, coordinate: f64, size: usize) -> Vec<(Option<usize>, f64)> {
        let place = self.place(coordinate, size);
        let (first, part) = (place.floor(), place - place.floor());
        let a = CUBIC;
        let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
        let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
        let taps = match self.mode {
            SampleMode::Nearest => vec![(0.0, 1.0)],
            SampleMode::Linear => vec![(0.0, 1.0 - part), (1.0, part)],
            SampleMode::Cubic => vec![
                (-1.0, far(1.0 + part)),
                (0.0, near(part)),
                (1.0, near(1.0 - part)),
                (2.0, far(2.0 - part)),
            ],
        };
        taps.into_iter().map(|(step, weight)| (self.inside(first + step, size), weight)).collect()
    }

    /// The reference's places of an item that take part in a sample, with the products of their weights.
    fn exact_sources(&self, coordinates: &[f64], spatial: &[usize]) -> Vec<(Option<usize>, f64)> {
        let mut sources = vec![(Some(0), 1.0)];
        for (&size, &coordinate) in spatial.iter().zip(coordinates.iter().rev()) {
            let taps = self.taps(coordinate, size);
            let joined = sources.iter().flat_map(|&(place, weight): &(Option<usize>, f64)| {
                taps.iter().map(move |&(tap, part)| {
                    let place = place.zip(tap).map(|(place, tap)| place * size + tap);
                    (place, weight * part)
                })
            });
            sources = joined.collect();
        }
        sources
    }

    fn sources(&self, coordinates: &[f32], spatial: &[usize]) -> Vec<(Option<usize>, f64)> {
        let exact: Vec<f64> = coordinates.iter().copied().map(f64::from).collect();
        self.exact_sources(&exact, spatial)
    }

    /// The first place of the item to which a place of the grid belongs, counted in places.
    fn item_of(&self, number: usize, x: &[usize], grid: &[usize]) -> usize {
        let places = |shape: &[usize]| shape[1..shape.len() - 1].iter().product::<usize>();
        number / places(grid).max(1) * places(x)
    }
}

/// A place beyond an end, mirrored there until it lies inside.
fn mirrored(place: f64, least: f64, greatest: f64) -> f64 {
    let range = greatest - least;
    if range <= 0.0 || !place.is_finite() {
        return least.max(0.0);
    }
    let beyond = if place < least { least - place } else { place - least };
    let (turns, rest) = ((beyond / range).floor(), beyond % range);
    if turns % 2.0 == 0.0 { least + rest } else { greatest - rest }
}

impl Operation for GridSample {
    fn name(&self) -> &'static str {
        "GridSample"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let shape = match inputs {
            [x, grid] if (3..=5).contains(&x.len()) && grid.len() == x.len() => {
                let (axes, last) = (x.len() - 2, x.len() - 1);
                let fits = x[0] == grid[0] && grid[last] == axes;
                let sizes = grid[..last].iter().chain([&x[last]]).copied();
                fits.then(|| sizes.collect::<Shape>())
            }
            _ => None,
        };
        let rule = "needs a value (batch, spatial…, channels) and a grid (batch, places…, spatial axes)";
        shape.map(|shape| smallvec![shape]).ok_or_else(|| shape_error(self, rule, inputs))
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (dy, x, grid) = (backward.output_gradient(), backward.input(0), backward.input(1));
        if backward.needs(0) {
            let op = GridSampleGradient { op: *self, shape: backward.shape(x).clone() };
            let dx = backward.add(op, &[dy, grid])?;
            backward.set(0, dx);
        }
        // The nearest place stays the nearest.
        if backward.needs(1) && self.mode != SampleMode::Nearest {
            let slope = backward.add(GridSampleSlope(*self), &[dy, x, grid])?;
            backward.set(1, slope);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, grid) = (inputs[0], inputs[1]);
        let axes = x.rank() - 2;
        let (spatial, channels) = (&x.shape()[1..=axes], x.shape()[axes + 1]);
        let mut y = Vec::new();
        for (number, coordinates) in grid.data().chunks_exact(axes).enumerate() {
            let sources = self.sources(coordinates, spatial);
            let item = self.item_of(number, x.shape(), grid.shape());
            for channel in 0..channels {
                let value = |&(place, weight): &(Option<usize>, f64)| {
                    let value = |place: usize| x.data()[(item + place) * channels + channel];
                    place.map_or(0.0, |place| weight * f64::from(value(place)))
                };
                y.push(sources.iter().map(value).sum::<f64>() as f32);
            }
        }
        let shape = [&grid.shape()[..=axes], &[channels]].concat();
        vec![reference_tensor(&Shape::from(shape.as_slice()), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], batched: &[bool]) -> bool {
        batched == [true, true]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(GridSampleKernel::new(*self, inputs[0], inputs[1])))
    }
}

/// Beyond any place of a feature map; whole numbers up to it are exact.
const FARTHEST: f32 = 8_388_608.0;

/// Keys's cubic at a distance of up to 2, and its slope.
fn keys(distance: f32) -> (f32, f32) {
    let (a, d) = (CUBIC as f32, distance.abs());
    let (value, slope) = match d <= 1.0 {
        true => (
            ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
            (3.0 * (a + 2.0) * d - 2.0 * (a + 3.0)) * d,
        ),
        false => (
            ((d - 5.0) * d + 8.0) * d * a - 4.0 * a,
            ((3.0 * d - 10.0) * d + 8.0) * a,
        ),
    };
    (value, slope * distance.signum())
}

/// Values that a task makes at least.
const TASK: usize = 4096;

#[derive(Debug)]
struct GridSampleKernel {
    op: GridSample,
    /// Spatial axes that there are, the last of `size`.
    axes: usize,
    size: [usize; 3],
    channels: usize,
    /// Places of the grid in one item.
    of_item: usize,
}

/// A place along an axis that takes part, its weight, and how the weight grows with the coordinate.
#[derive(Clone, Copy, Debug)]
struct Tap {
    place: usize,
    weight: f32,
    slope: f32,
}

type Taps = SmallVec<[Tap; 4]>;

impl GridSampleKernel {
    fn new(op: GridSample, x: &[usize], grid: &[usize]) -> Self {
        let axes = x.len() - 2;
        let mut size = [1; 3];
        size[3 - axes..].copy_from_slice(&x[1..=axes]);
        let of_item = grid[1..=axes].iter().product();
        Self { op, axes, size, channels: x[axes + 1], of_item }
    }

    fn taps(&self, axis: usize, coordinates: &[f32]) -> Taps {
        let Some(behind) = axis.checked_sub(3 - self.axes) else {
            return smallvec![Tap { place: 0, weight: 1.0, slope: 0.0 }];
        };
        let size = self.size[axis];
        let (place, growth) = self.place(coordinates[self.axes - 1 - behind], size as f32);
        let first = place.floor();
        let part = place - first;
        let mut taps = Taps::new();
        let mut add = |step: f32, weight: f32, slope: f32| {
            let inside = self.inside(first + step, size);
            taps.extend(inside.map(|place| Tap { place, weight, slope: slope * growth }));
        };
        match self.op.mode {
            SampleMode::Nearest => add(0.0, 1.0, 0.0),
            SampleMode::Linear => {
                add(0.0, 1.0 - part, -1.0);
                add(1.0, part, 1.0);
            }
            SampleMode::Cubic => {
                for step in [-1.0, 0.0, 1.0, 2.0] {
                    let (weight, slope) = keys(part - step);
                    add(step, weight, slope);
                }
            }
        }
        taps
    }

    /// Where a coordinate lies, and how far it moves with the coordinate; what is too far away to count with lies as
    /// far as can be told.
    fn place(&self, coordinate: f32, size: f32) -> (f32, f32) {
        let op = &self.op;
        let (place, growth) = match op.align_corners {
            true => ((coordinate + 1.0) * 0.5 * (size - 1.0), 0.5 * (size - 1.0)),
            false => (((coordinate + 1.0) * size - 1.0) * 0.5, 0.5 * size),
        };
        let place = place.clamp(-FARTHEST, FARTHEST);
        let place = if op.mode == SampleMode::Nearest { place.round_ties_even() } else { place };
        match op.border {
            SampleBorder::Zeros => (place, growth),
            SampleBorder::Edge => {
                let (least, greatest) = op.ends(f64::from(size));
                let inside = (least..=greatest).contains(&f64::from(place));
                if inside { (place, growth) } else { (place.max(0.0).min(size - 1.0), 0.0) }
            }
            SampleBorder::Reflect => {
                let (place, direction) = self.mirrored(place, size);
                (place, growth * direction)
            }
        }
    }

    fn inside(&self, place: f32, size: usize) -> Option<usize> {
        let place = match self.op.border {
            SampleBorder::Zeros => place,
            SampleBorder::Edge => place.max(0.0).min(size as f32 - 1.0),
            SampleBorder::Reflect => self.mirrored(place, size as f32).0.trunc(),
        };
        (place >= 0.0 && place < size as f32).then_some(place as usize)
    }

    /// A place mirrored at the ends until it lies inside, and whether it moves on (1) or back (-1).
    fn mirrored(&self, place: f32, size: f32) -> (f32, f32) {
        let least = if self.op.align_corners { 0.0 } else { -0.5 };
        let range = size - 1.0 - 2.0 * least;
        if range <= 0.0 || place.is_nan() {
            return (0.0, 0.0);
        }
        // Back and forth is twice the range.
        let rest = (place - least).rem_euclid(2.0 * range);
        if rest > range { (least + 2.0 * range - rest, -1.0) } else { (least + rest, 1.0) }
    }

    /// The places of an item that take part in a sample, with the products of their weights.
    fn for_each_source(&self, coordinates: &[f32], mut add: impl FnMut(usize, f32)) {
        let [depths, rows, columns] = [0, 1, 2].map(|axis| self.taps(axis, coordinates));
        for depth in &depths {
            for row in &rows {
                let line = (depth.place * self.size[1] + row.place) * self.size[2];
                let weight = depth.weight * row.weight;
                for column in &columns {
                    add(line + column.place, weight * column.weight);
                }
            }
        }
    }

    /// The same places with the growth of their weights along each coordinate.
    fn for_each_slope(&self, coordinates: &[f32], mut add: impl FnMut(usize, usize, f32)) {
        let [depths, rows, columns] = [0, 1, 2].map(|axis| self.taps(axis, coordinates));
        for depth in &depths {
            for row in &rows {
                let line = (depth.place * self.size[1] + row.place) * self.size[2];
                for column in &columns {
                    let slopes = [
                        depth.weight * row.weight * column.slope,
                        depth.weight * row.slope * column.weight,
                        depth.slope * row.weight * column.weight,
                    ];
                    for (axis, slope) in slopes.into_iter().take(self.axes).enumerate() {
                        add(line + column.place, axis, slope);
                    }
                }
            }
        }
    }

    /// All channels at one place of the grid.
    fn sample(&self, x: &[f32], coordinates: &[f32], y: &mut [f32]) {
        y.fill(0.0);
        self.for_each_source(coordinates, |place, weight| {
            let from = &x[place * self.channels..][..self.channels];
            for (y, x) in y.iter_mut().zip(from) {
                *y += weight * x;
            }
        });
    }
}

impl Kernel for GridSampleKernel {
    fn algorithm(&self) -> String {
        String::from("taps of each place")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, grid) = (args.inputs[0], args.inputs[1]);
        if args.outputs[0].is_empty() {
            return;
        }
        let item = self.size.iter().product::<usize>() * self.channels;
        let places = TASK.div_ceil(self.channels);
        let len = places * self.channels;
        parallel::for_each_chunk(args.outputs[0], len, len, |i, chunk| {
            for (j, y) in chunk.chunks_exact_mut(self.channels).enumerate() {
                let place = i * places + j;
                let x = &x[place / self.of_item * item..][..item];
                self.sample(x, &grid[place * self.axes..][..self.axes], y);
            }
        });
    }
}
