//! The input that excites a filter the most, found by climbing.

use std::ops::ControlFlow;

use dichroic_graph::kernels::rng::Stream;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::Reduce;
use dichroic_graph::{Executor, Op, Plan, PlanOptions, StepContext, ValueId};
use serde::Serialize;

use super::AttributionError;
use super::gradient::one_of;
use crate::layers::Mode;
use crate::model::{LoweredModel, Model, ModelError};

/// The part of the way back to the middle of the range that every step takes, so that values only grow where it pays.
const DECAY: f32 = 0.01;
/// How much of every value its blurred neighbourhood takes over in a step: it keeps single pixels from standing out.
const BLUR: f32 = 0.1;
/// The deviation of the noise at the start, as a part of the range.
const START: f32 = 0.05;

/// How to climb.
#[derive(Clone, Debug, PartialEq)]
pub struct Ascent {
    /// Steps; at least 1.
    pub steps: usize,
    /// The length of a step as a part of the input's range: the root of the mean square of its changes; above 0.
    pub rate: f32,
    /// Makes the noise at the start.
    pub seed: u64,
    /// The smallest and largest value of the model's inputs; without, values are free, and the range is that of -0.5 to 0.5.
    pub range: Option<[f32; 2]>,
    /// The size of axes that the model leaves open.
    pub side: usize,
}

impl Default for Ascent {
    /// 64 steps of a twentieth of the range.
    fn default() -> Self {
        Self { steps: 64, rate: 0.05, seed: 0, range: None, side: 96 }
    }
}

/// An input that excites a filter.
///
/// Each step adds `rate · g / √mean(g²)`, where `g` is the gradient of the filter's mean over all positions, before its
/// activation, by the input; then values decay towards the middle of the range and are blurred a little.
///
/// # Source
/// Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013; decay and blur as in Yosinski et al.,
/// "Understanding Neural Networks Through Deep Visualization", 2015.
///
/// ```
/// use dichroic::explain::{Ascent, MaximalInput};
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Input, Sequential};
/// use std::ops::ControlFlow;
/// let mut model = Sequential::new().add(Input::new(&[9, 9, 3])).add(Conv2D::new(4, 3)).finish()?;
/// model.build(0)?;
/// let ascent = Ascent { steps: 8, ..Ascent::default() };
/// let mut heights = Vec::new();
/// let found = MaximalInput::of(&model, ("conv2d", 2), &ascent, &mut |step| {
///     heights.push(step.activation);
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(found.input.shape(), [9, 9, 3]);
/// assert!(found.activation > heights[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MaximalInput {
    /// The layer's path.
    pub layer: String,
    /// The filter, which is the channel of the output.
    pub filter: usize,
    /// The mean of the filter's sums over all positions, before its activation.
    pub activation: f32,
    /// The smallest value of the input.
    pub minimum: f32,
    /// The largest value of the input.
    pub maximum: f32,
    /// The input, without the batch axis.
    #[serde(skip)]
    pub input: Tensor,
}

/// A step on the way up.
#[derive(Clone, Copy, Debug)]
pub struct AscentStep<'a> {
    /// Counted from 0.
    pub step: usize,
    /// Of how many.
    pub steps: usize,
    /// The filter's mean for the input of this step.
    pub activation: f32,
    /// The input of this step, without the batch axis; its shape is that of the result.
    pub input: &'a [f32],
}

impl MaximalInput {
    /// Climbs from noise; `watch` sees every step and may break. With several inputs the first one with positions is
    /// climbed on, and the others are zeros.
    ///
    /// # Errors
    /// When the model has no such layer, the layer no such channel, an option is out of range, or the weights have no
    /// values; and when `watch` breaks.
    pub fn of(
        model: &Model,
        (layer, filter): (&str, usize),
        ascent: &Ascent,
        watch: &mut dyn FnMut(AscentStep<'_>) -> ControlFlow<()>,
    ) -> Result<Self, AttributionError> {
        ascent.check()?;
        let path = model.path_of(layer)?;
        let mut climb = Climb::of(model, (&path, filter), ascent)?;
        for step in 0..ascent.steps {
            let activation = climb.look()?;
            let seen =
                AscentStep { step, steps: ascent.steps, activation, input: climb.input.data() };
            if watch(seen).is_break() {
                return Err(AttributionError::Cancelled);
            }
            climb.step(ascent)?;
        }
        let activation = climb.look()?;
        let input = climb.input;
        let values = input.data().iter().copied();
        Ok(Self {
            layer: path,
            filter,
            activation,
            minimum: values.clone().fold(f32::INFINITY, f32::min),
            maximum: values.fold(f32::NEG_INFINITY, f32::max),
            input,
        })
    }
}

impl Ascent {
    fn check(&self) -> Result<(), AttributionError> {
        let refuse =
            |option, rule, got: String| Err(AttributionError::Option { option, rule, got });
        if self.steps == 0 {
            return refuse("steps", "at least 1", self.steps.to_string());
        }
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return refuse("rate", "above 0", self.rate.to_string());
        }
        if self.side == 0 {
            return refuse("side", "at least 1", self.side.to_string());
        }
        match self.range {
            Some([low, high]) if !(low < high && (high - low).is_finite()) => {
                refuse("range", "a smaller and a larger number", format!("{low} to {high}"))
            }
            _ => Ok(()),
        }
    }

    /// The middle and the width of the range.
    fn middle(&self) -> (f32, f32) {
        self.range.map_or((0.0, 1.0), |[low, high]| (low.midpoint(high), high - low))
    }
}

/// The input on its way up.
struct Climb<'a> {
    model: &'a Model,
    executor: Executor,
    height: ValueId,
    gradient: ValueId,
    inputs: Vec<Vec<f32>>,
    place: usize,
    /// Without the batch axis.
    input: Tensor,
}

impl<'a> Climb<'a> {
    fn of(
        model: &'a Model,
        (path, filter): (&str, usize),
        ascent: &Ascent,
    ) -> Result<Self, AttributionError> {
        let sized = |axis: &Option<usize>| axis.unwrap_or(ascent.side);
        let shapes: Vec<Vec<usize>> = model
            .inputs()
            .iter()
            .map(|input| {
                std::iter::once(1).chain(input.shape().axes().iter().skip(1).map(sized)).collect()
            })
            .collect();
        let place = shapes.iter().position(|shape| shape.len() > 2).unwrap_or(0);
        let mut lowered = model.lower_for(&shapes, Mode::Inference)?;
        let height = mean_of(model, &mut lowered, (path, filter))?;
        let gradient = lowered.graph.gradients(height, &[lowered.inputs[place]])?[0];
        let options = PlanOptions::for_outputs(&[height, gradient]);
        let executor = Executor::new(Plan::compile(lowered.graph, &options)?)?;
        let inputs: Vec<Vec<f32>> = shapes
            .iter()
            .enumerate()
            .map(|(input, shape)| match input == place {
                true => Vec::new(),
                false => vec![0.0; shape.iter().product()],
            })
            .collect();
        let mut input = Tensor::zeros(&shapes[place][1..])?;
        Stream { seed: ascent.seed, step: 0, op: 0 }.fill_normal(0, input.data_mut());
        let (middle, span) = ascent.middle();
        input.data_mut().iter_mut().for_each(|value| *value = middle + *value * START * span);
        Ok(Self { model, executor, height, gradient, inputs, place, input })
    }

    /// Runs the model; returns the filter's mean.
    fn look(&mut self) -> Result<f32, AttributionError> {
        let mut slices: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        slices[self.place] = self.input.data();
        let parameters = self.model.parameters_or_none()?;
        self.executor.run(&slices, parameters, StepContext::default())?;
        Ok(self.executor.value(self.height)?.first().copied().unwrap_or(f32::NAN))
    }

    /// Steps along the gradient of the last look.
    fn step(&mut self, ascent: &Ascent) -> Result<(), AttributionError> {
        let gradient = self.executor.value(self.gradient)?;
        let squares: f64 = gradient.iter().map(|&g| f64::from(g).powi(2)).sum();
        let length = (squares / gradient.len().max(1) as f64).sqrt() as f32;
        let (middle, span) = ascent.middle();
        let scale = ascent.rate * span / length.max(f32::MIN_POSITIVE);
        for (value, g) in self.input.data_mut().iter_mut().zip(gradient) {
            *value += scale * g;
            *value += DECAY * (middle - *value);
        }
        blur(&mut self.input);
        if let Some([low, high]) = ascent.range {
            self.input.data_mut().iter_mut().for_each(|value| *value = value.clamp(low, high));
        }
        Ok(())
    }
}

/// The mean of a channel over all positions, before the layer's activation.
fn mean_of(
    model: &Model,
    lowered: &mut LoweredModel,
    (path, channel): (&str, usize),
) -> Result<ValueId, AttributionError> {
    let missing = || ModelError::NoSuchLayer {
        model: model.name().to_owned(),
        layer: path.to_owned(),
        suggestion: String::new(),
    };
    let mut value = lowered.call(path).ok_or_else(missing)?.outputs[0];
    let graph = &mut lowered.graph;
    let maker = graph.nodes().iter().rev().find(|node| node.outputs.contains(&value));
    if let Some(node) = maker
        && matches!(node.op, Op::Unary(_) | Op::Softmax(_))
    {
        value = node.inputs[0];
    }
    let channels = graph.shape(value).last_axis();
    if channel >= channels {
        return Err(AttributionError::ChannelRange { layer: path.to_owned(), channels, channel });
    }
    let positions = (0..graph.shape(value).len() - 1).collect();
    let means = graph.add(Reduce::mean(positions), &[value])?;
    one_of(graph, means, channel)
}

/// Mixes every value with the mean of itself and its neighbours, weighed 1, 2, 1, along each axis but the channels.
fn blur(input: &mut Tensor) {
    let shape = input.shape().to_vec();
    let Some((_, spatial)) = shape.split_last() else { return };
    for (axis, &len) in spatial.iter().enumerate() {
        let apart: usize = shape[axis + 1..].iter().product();
        let before = input.data().to_vec();
        for (place, value) in input.data_mut().iter_mut().enumerate() {
            let along = place / apart % len;
            let low = if along > 0 { before[place - apart] } else { before[place] };
            let high = if along + 1 < len { before[place + apart] } else { before[place] };
            let blurred = (low + 2.0 * before[place] + high) / 4.0;
            *value += BLUR * (blurred - before[place]);
        }
    }
}
