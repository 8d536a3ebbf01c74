//! Single convolutions: the layers that networks spend their time in.

use std::time::Duration;

use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{Conv, ConvTranspose, ConvWeightGradient, Geometry};
use dichroic_graph::{
    Executor, Graph, ParameterId, Parameters, Plan, PlanOptions, Shape, StepContext, ValueId,
};

use super::timing::{Measurement, Settings, Timing, algorithms, clocked};
use super::workload::Work;
use crate::failure::Failure;

/// A convolution with `same` padding and no bias.
#[derive(Debug)]
pub struct Convolution {
    pub name: &'static str,
    /// Filters see `kernel` places along each axis.
    kernel: usize,
    channels: usize,
    filters: usize,
    /// The input's sides.
    size: &'static [usize],
    strides: usize,
    groups: usize,
    transposed: bool,
    pub batches: &'static [usize],
    /// Whether its gradients are a workload too.
    pub backward: bool,
}

const PLAIN: Convolution = Convolution {
    name: "",
    kernel: 3,
    channels: 64,
    filters: 64,
    size: &[56, 56],
    strides: 1,
    groups: 1,
    transposed: false,
    batches: &[1, 16],
    backward: false,
};

pub static CONVOLUTIONS: [Convolution; 13] = [
    Convolution { name: "conv3x3_64_64_56", backward: true, ..PLAIN },
    Convolution {
        name: "conv3x3_128_128_28",
        channels: 128,
        filters: 128,
        size: &[28, 28],
        backward: true,
        ..PLAIN
    },
    Convolution {
        name: "conv3x3_256_256_14",
        channels: 256,
        filters: 256,
        size: &[14, 14],
        backward: true,
        ..PLAIN
    },
    Convolution {
        name: "conv3x3_512_512_7",
        channels: 512,
        filters: 512,
        size: &[7, 7],
        backward: true,
        ..PLAIN
    },
    Convolution { name: "conv1x1_256_64_56", kernel: 1, channels: 256, backward: true, ..PLAIN },
    Convolution {
        name: "conv1x1_512_2048_7",
        kernel: 1,
        channels: 512,
        filters: 2048,
        size: &[7, 7],
        backward: true,
        ..PLAIN
    },
    Convolution {
        name: "conv7x7s2_3_64_224",
        kernel: 7,
        channels: 3,
        size: &[224, 224],
        strides: 2,
        ..PLAIN
    },
    Convolution { name: "conv3x3s2_128_128_56", channels: 128, filters: 128, strides: 2, ..PLAIN },
    Convolution { name: "conv5x5_48_64_28", kernel: 5, channels: 48, size: &[28, 28], ..PLAIN },
    Convolution { name: "depthwise3x3_256_56", channels: 256, filters: 256, groups: 256, ..PLAIN },
    Convolution {
        name: "deconv4x4s2_128_64_28",
        kernel: 4,
        channels: 128,
        size: &[28, 28],
        strides: 2,
        transposed: true,
        ..PLAIN
    },
    Convolution { name: "conv3d3_64_64_8x56x56", size: &[8, 56, 56], batches: &[1], ..PLAIN },
    Convolution {
        name: "conv1d9_64_128_4096",
        kernel: 9,
        filters: 128,
        size: &[4096],
        batches: &[16],
        ..PLAIN
    },
];

impl Convolution {
    /// The sides of the output.
    fn output(&self) -> Vec<usize> {
        let along = |&side: &usize| match self.transposed {
            true => side * self.strides,
            false => side.div_ceil(self.strides),
        };
        self.size.iter().map(along).collect()
    }

    /// How the kernel moves; over the output of a transposed convolution.
    fn geometry(&self) -> Geometry {
        let rank = self.size.len();
        let (wide, narrow) = match self.transposed {
            true => (self.output(), self.size.to_vec()),
            false => (self.size.to_vec(), self.output()),
        };
        let padding = wide.iter().zip(&narrow).map(|(wide, narrow)| {
            let total = ((narrow - 1) * self.strides + self.kernel).saturating_sub(*wide);
            (total / 2, total - total / 2)
        });
        Geometry {
            strides: vec![self.strides; rank],
            padding: padding.collect(),
            groups: self.groups,
            ..Geometry::new(rank)
        }
    }

    /// The kernel's axes; those of a transposed convolution end in (filters, channels).
    fn weights(&self) -> Vec<usize> {
        let mut axes = vec![self.kernel; self.size.len()];
        axes.extend(match self.transposed {
            true => [self.filters, self.channels],
            false => [self.channels / self.groups, self.filters],
        });
        axes
    }

    pub fn work(&self) -> Work {
        let parameters = self.weights().iter().product::<usize>() as u64;
        let places = match self.transposed {
            true => self.size.iter().product::<usize>(),
            false => self.output().iter().product(),
        };
        Work { parameters, macs: parameters * places as u64 }
    }

    /// The output for inputs of `batch` items.
    pub fn forward(&self, batch: usize, settings: Settings) -> Result<Measurement, Failure> {
        let mut parts = self.parts(batch)?;
        let inputs = [filled(parts.graph.shape(parts.x))];
        let outputs = [parts.y];
        let (mut executor, algorithm) = parts.prepare(&outputs, settings)?;
        let timing = Timing::of(Duration::from_millis(300), || {
            let (inputs, parameters) = (slices(&inputs), &parts.parameters);
            clocked(|| run(&mut executor, &inputs, parameters))
        })?;
        Ok(Measurement { timing, algorithm })
    }

    /// The output, then the gradients of input and weights for a gradient from above. The weights
    /// count as new ones in each run, as they are in training.
    pub fn forward_backward(
        &self,
        batch: usize,
        settings: Settings,
    ) -> Result<Measurement, Failure> {
        let mut parts = self.parts(batch)?;
        let graph = &mut parts.graph;
        let shape = graph.shape(parts.y).clone();
        let dy = graph.input("dy", shape);
        let (geometry, size) = (self.geometry(), self.size.len());
        let dx = graph
            .add(ConvTranspose::new(geometry.clone(), self.size), &[dy, parts.w])
            .map_err(Failure::run)?;
        let kernel_size = vec![self.kernel; size];
        let dw = graph
            .add(ConvWeightGradient { geometry, kernel_size }, &[parts.x, dy])
            .map_err(Failure::run)?;
        let inputs = [filled(graph.shape(parts.x)), filled(graph.shape(dy))];
        let outputs = [parts.y, dx, dw];
        let (mut executor, algorithm) = parts.prepare(&outputs, settings)?;
        let timing = Timing::of(Duration::from_millis(400), || {
            parts.parameters.tensors_mut();
            let (inputs, parameters) = (slices(&inputs), &parts.parameters);
            clocked(|| run(&mut executor, &inputs, parameters))
        })?;
        Ok(Measurement { timing, algorithm })
    }

    fn parts(&self, batch: usize) -> Result<Parts, Failure> {
        let mut graph = Graph::new();
        let mut axes = vec![batch];
        axes.extend(self.size);
        axes.push(self.channels);
        let x = graph.input("x", Shape::new(&axes));
        let shape = Shape::new(&self.weights());
        let w = graph.parameter(ParameterId(0), shape.clone());
        let y = match self.transposed {
            true => graph.add(ConvTranspose::new(self.geometry(), &self.output()), &[x, w]),
            false => graph.add(Conv::new(self.geometry()), &[x, w]),
        };
        let weights = Tensor::new(shape.to_vec(), filled(&shape)).map_err(Failure::run)?;
        let parameters = Parameters::new(vec![weights]);
        Ok(Parts { graph, x, w, y: y.map_err(Failure::run)?, parameters })
    }
}

struct Parts {
    graph: Graph,
    x: ValueId,
    w: ValueId,
    y: ValueId,
    parameters: Parameters,
}

impl Parts {
    fn prepare(
        &mut self,
        outputs: &[ValueId],
        settings: Settings,
    ) -> Result<(Executor, String), Failure> {
        let options = PlanOptions { mode: settings.mode, ..PlanOptions::for_outputs(outputs) };
        let graph = std::mem::take(&mut self.graph);
        let plan = Plan::compile(graph, &options).map_err(Failure::run)?;
        let algorithm = algorithms(plan.steps());
        Ok((Executor::new(plan).map_err(Failure::run)?, algorithm))
    }
}

fn run(executor: &mut Executor, inputs: &[&[f32]], parameters: &Parameters) -> Result<(), Failure> {
    executor.run(inputs, parameters, StepContext::default()).map_err(Failure::run)
}

fn slices(inputs: &[Vec<f32>]) -> Vec<&[f32]> {
    inputs.iter().map(Vec::as_slice).collect()
}

/// Values between −1 and 1 without pattern: multiplying zeros, or numbers too small to be normal, takes another time.
pub fn filled(shape: &Shape) -> Vec<f32> {
    let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
    (0..shape.elements()).map(value).collect()
}
