//! The gradient of pooling with gaps in the window.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Problem, WindowPool, WindowPoolKind};
use crate::error::GraphError;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::ops::{reference_tensor, shape_error};
use crate::shape::Shape;

/// The gradient of [`WindowPool`], from `(x, dy)`: the first of the largest values takes it whole; under a mean, all
/// values share it; each value of a sum takes it.
#[derive(Clone, Debug)]
pub struct WindowPoolGradient(pub WindowPool);

impl Operation for WindowPoolGradient {
    fn name(&self) -> &'static str {
        match self.0.kind {
            WindowPoolKind::Max => "WindowMaxGradient",
            WindowPoolKind::Average => "WindowAverageGradient",
            WindowPoolKind::Sum => "WindowSumGradient",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [x, dy] = inputs else { return Err(shape_error(self, "takes x and dy", inputs)) };
        let problem = self.0.problem(x).map_err(|rule| shape_error(self, rule, inputs))?;
        let pooled = self.0.output_shape(&problem);
        if pooled != **dy {
            return Err(shape_error(self, format!("dy needs shape {pooled}"), inputs));
        }
        Ok(smallvec![(*x).clone()])
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let problem = self.0.problem(inputs[0].shape()).expect("shapes were inferred before");
        let (x, dy) = (inputs[0].data(), inputs[1].data());
        let mut dx = vec![0.0; x.len()];
        let outputs = problem.output.iter().product::<usize>();
        for n in 0..problem.batch {
            for output in 0..outputs {
                for c in 0..problem.channels {
                    let places = problem.places(output).map(|place| {
                        (n * problem.input.iter().product::<usize>() + place) * problem.channels + c
                    });
                    let places: Vec<usize> = places.collect();
                    let dy = f64::from(dy[(n * outputs + output) * problem.channels + c]);
                    match self.0.kind {
                        WindowPoolKind::Sum => places.iter().for_each(|&place| dx[place] += dy),
                        WindowPoolKind::Average => {
                            places.iter().for_each(|&place| dx[place] += dy / places.len() as f64);
                        }
                        WindowPoolKind::Max => {
                            let largest = places.iter().copied().reduce(|best, place| {
                                if x[place] > x[best] { place } else { best }
                            });
                            largest.into_iter().for_each(|place| dx[place] += dy);
                        }
                    }
                }
            }
        }
        let dx = dx.into_iter().map(|dx| dx as f32).collect();
        vec![reference_tensor(&Shape::new(inputs[0].shape()), dx)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.0.problem(inputs[0]).map_err(|rule| shape_error(self, rule, inputs))?;
        Ok(Box::new(WindowPoolGradientKernel { kind: self.0.kind, problem }))
    }
}

/// Takes one item at a time, all channels of a place together.
#[derive(Debug)]
struct WindowPoolGradientKernel {
    kind: WindowPoolKind,
    problem: Problem,
}

impl Kernel for WindowPoolGradientKernel {
    fn algorithm(&self) -> String {
        String::from("place by place")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let p = &self.problem;
        let of_item = |sizes: [usize; 3]| sizes.iter().product::<usize>() * p.channels;
        let (values, outputs) = (of_item(p.input), of_item(p.output));
        let (x, dy) = (args.inputs[0], args.inputs[1]);
        if values == 0 {
            return;
        }
        let taps: usize = p.window.iter().product();
        let nanoseconds = outputs.saturating_mul(taps);
        parallel::for_each_chunk(args.outputs[0], values, nanoseconds, |n, dx| {
            dx.fill(0.0);
            let dy = &dy[n * outputs..][..outputs];
            for (output, dy) in dy.chunks_exact(p.channels).enumerate() {
                match self.kind {
                    WindowPoolKind::Max => self.to_the_largest(&x[n * values..], output, (dy, dx)),
                    WindowPoolKind::Average => {
                        let share = 1.0 / p.places(output).count() as f32;
                        self.to_all(share, output, (dy, dx));
                    }
                    WindowPoolKind::Sum => self.to_all(1.0, output, (dy, dx)),
                }
            }
        });
    }
}

impl WindowPoolGradientKernel {
    fn to_the_largest(&self, x: &[f32], output: usize, (dy, dx): (&[f32], &mut [f32])) {
        for (c, dy) in dy.iter().enumerate() {
            let places = self.problem.places(output).map(|place| place * self.problem.channels + c);
            let largest = places.reduce(|best, place| if x[place] > x[best] { place } else { best });
            if let Some(place) = largest {
                dx[place] += dy;
            }
        }
    }

    fn to_all(&self, share: f32, output: usize, (dy, dx): (&[f32], &mut [f32])) {
        for place in self.problem.places(output) {
            let dx = &mut dx[place * self.problem.channels..];
            dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy * share);
        }
    }
}
