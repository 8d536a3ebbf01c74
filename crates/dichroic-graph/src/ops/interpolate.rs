//! Weighted sums along one axis, the weights known beforehand: resampling.

use std::sync::Arc;

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Which places of an axis each place of a new axis is made of, and with which weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    input: usize,
    /// Where the taps of each output begin, and where the last ones end.
    starts: Vec<usize>,
    taps: Vec<(usize, f32)>,
    offsets: Vec<f32>,
}

impl Taps {
    /// Taps into an axis of `input` places, none of a new axis yet.
    pub fn new(input: usize) -> Self {
        Self { input, starts: vec![0], taps: Vec::new(), offsets: Vec::new() }
    }

    /// Adds a place of the new axis: `offset + Σ weight · x[place]`. Places that don't exist are left out.
    pub fn push(&mut self, offset: f32, taps: impl IntoIterator<Item = (usize, f32)>) {
        let input = self.input;
        self.taps.extend(taps.into_iter().filter(|&(place, _)| place < input));
        self.starts.push(self.taps.len());
        self.offsets.push(offset);
    }

    /// The number of places of the new axis.
    pub fn outputs(&self) -> usize {
        self.offsets.len()
    }

    /// Whether the new axis is the old one.
    pub fn is_identity(&self) -> bool {
        let itself = |output| self.of(output) == [(output, 1.0)] && self.offsets[output] == 0.0;
        self.outputs() == self.input && (0..self.outputs()).all(itself)
    }

    fn of(&self, output: usize) -> &[(usize, f32)] {
        &self.taps[self.starts[output]..self.starts[output + 1]]
    }

    /// The same weights from the new axis to the old one, without offsets: what a gradient takes.
    fn transposed(&self) -> Self {
        let mut rows = vec![Vec::new(); self.input];
        for output in 0..self.outputs() {
            for &(place, weight) in self.of(output) {
                rows[place].push((output, weight));
            }
        }
        let mut transposed = Self::new(self.outputs());
        rows.into_iter().for_each(|row| transposed.push(0.0, row));
        transposed
    }
}

/// `y[…, o, …] = offset[o] + Σ weight[o, i] · x[…, i, …]` along one axis.
///
/// # Shapes
/// Input: any with the axis, as long as the taps say. Output: the same with [`Taps::outputs`] places on that axis.
#[derive(Clone, Debug)]
pub struct Interpolate {
    /// The axis.
    pub axis: usize,
    /// What each place of the new axis is made of.
    pub taps: Arc<Taps>,
}

impl Interpolate {
    fn output(&self, x: &[usize]) -> Option<Shape> {
        let mut shape = x.to_vec();
        let size = shape.get_mut(self.axis).filter(|size| **size == self.taps.input)?;
        *size = self.taps.outputs();
        Some(shape.into())
    }

    /// The values behind one place of the axis.
    fn inner(&self, x: &[usize]) -> usize {
        x[self.axis + 1..].iter().product()
    }
}

impl Operation for Interpolate {
    fn name(&self) -> &'static str {
        "Interpolate"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let shape = match inputs {
            [x] => self.output(x),
            _ => None,
        };
        let rule = || format!("axis {} must have {} places", self.axis, self.taps.input);
        Ok(smallvec![shape.ok_or_else(|| shape_error(self, rule(), inputs))?])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let back = Self { axis: self.axis, taps: Arc::new(self.taps.transposed()) };
        let dx = backward.add(back, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shape = self.output(x.shape()).expect("shapes were inferred before");
        let (outputs, inner) = (self.taps.outputs(), self.inner(x.shape()));
        let value = |at: usize| {
            let (outer, output, i) = (at / inner / outputs, at / inner % outputs, at % inner);
            let tap = |&(place, weight): &(usize, f32)| {
                f64::from(weight) * f64::from(x.data()[(outer * self.taps.input + place) * inner + i])
            };
            let sum: f64 = self.taps.of(output).iter().map(tap).sum();
            (f64::from(self.taps.offsets[output]) + sum) as f32
        };
        vec![reference_tensor(&shape, (0..shape.elements()).map(value).collect())]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        self.axis != 0
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        self.infer(inputs)?;
        Ok(Box::new(InterpolateKernel { taps: self.taps.clone(), inner: self.inner(inputs[0]) }))
    }
}

/// Values behind a place that are worth a task of their own.
const LONG_ROW: usize = 1024;

#[derive(Debug)]
struct InterpolateKernel {
    taps: Arc<Taps>,
    /// The values behind one place of the axis.
    inner: usize,
}

impl Kernel for InterpolateKernel {
    fn algorithm(&self) -> String {
        String::from("tap by tap")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (outputs, inner) = (self.taps.outputs(), self.inner);
        let places = if inner >= LONG_ROW { 1 } else { outputs };
        if outputs == 0 || inner == 0 {
            return;
        }
        let x = args.inputs[0];
        let taps = self.taps.taps.len().div_ceil(outputs).max(1);
        // About half a nanosecond for a value and a tap.
        let nanoseconds = places.saturating_mul(inner).saturating_mul(taps) / 2;
        parallel::for_each_chunk(args.outputs[0], places * inner, nanoseconds, |i, y| {
            let (outer, first) = (i * places / outputs, i * places % outputs);
            let x = &x[outer * self.taps.input * inner..][..self.taps.input * inner];
            for (output, y) in (first..).zip(y.chunks_exact_mut(inner)) {
                self.place(x, output, y);
            }
        });
    }
}

impl InterpolateKernel {
    fn place(&self, x: &[f32], output: usize, y: &mut [f32]) {
        let offset = self.taps.offsets[output];
        let row = |place: usize| &x[place * self.inner..][..self.inner];
        match *self.taps.of(output) {
            [(place, 1.0)] if offset == 0.0 => y.copy_from_slice(row(place)),
            [(first, a), (second, b)] => {
                for ((y, x0), x1) in y.iter_mut().zip(row(first)).zip(row(second)) {
                    *y = offset + (a * x0 + b * x1);
                }
            }
            ref taps => {
                y.fill(offset);
                for &(place, weight) in taps {
                    y.iter_mut().zip(row(place)).for_each(|(y, x)| *y += weight * x);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_takes_the_weights_the_other_way() {
        let mut taps = Taps::new(2);
        taps.push(0.0, [(0, 1.0)]);
        taps.push(5.0, []);
        taps.push(0.0, [(0, 0.25), (1, 0.75)]);
        let back = taps.transposed();
        assert_eq!((back.input, back.outputs()), (3, 2));
        assert_eq!(back.of(0), [(0, 1.0), (2, 0.25)]);
        assert_eq!(back.of(1), [(2, 0.75)]);
        assert!(!taps.is_identity());
    }
}
