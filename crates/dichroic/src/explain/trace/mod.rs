//! One output value of a convolution, product by product, held against what the executor computed.

mod place;
mod text;

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{Executor, Plan, PlanOptions, StepContext};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::ExplainError;
use super::message::Language;
use crate::layers::{Convolution, Mode, Sharing, registry};
use crate::model::{Call, Input, LayerRef, Model, ModelError};
use place::Place;

/// Which value is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRequest {
    /// The layer's name, or its path in nested models.
    pub layer: String,
    /// The filter, which is the channel of the output; counted from 0.
    pub filter: usize,
    /// The position in the output: `[x]`, `[y, x]` or `[z, y, x]`.
    pub at: Vec<usize>,
}

/// One output value and everything it is made of.
///
/// `value = activation(Σ_channels Σ_kernel patch · kernel + bias)`, summed in f64.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// The layer.
    pub layer: String,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// The filter.
    pub filter: usize,
    /// The position in the output.
    pub at: Vec<usize>,
    /// Distance between neighbouring input positions of a patch (outputs, if transposed), along each axis.
    pub dilation_rate: Vec<usize>,
    /// Whether inputs are spread over outputs.
    pub transposed: bool,
    /// Each input channel that the filter sees.
    pub channels: Vec<ChannelTrace>,
    /// The sum over the channels.
    pub sum: f64,
    /// The filter's bias; `None` without.
    pub bias: Option<f32>,
    /// The sum with the bias.
    pub total: f64,
    /// The activation's name.
    pub activation: String,
    /// The value after the activation.
    pub value: f64,
    /// What the executor computed for this place in the same plan that the model runs.
    pub executor: f32,
    /// How far the two are apart.
    pub difference: f64,
    /// How far rounding may bring them apart: `1e-5 · Σ |product| + 1e-6`, stretched where the activation is steep.
    pub tolerance: f64,
    #[serde(skip)]
    language: Language,
}

/// What one input channel adds.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelTrace {
    /// The input channel.
    pub channel: usize,
    /// Where the patch begins in the input, along each axis; below 0 in the padding. If transposed, the first
    /// input position that meets a weight, `None` where none does.
    pub from: Option<Vec<i64>>,
    /// The input values under the kernel; 0 in the padding, and where a transposed kernel meets no input.
    pub patch: Grid,
    /// How many of these lie outside the input.
    pub outside: usize,
    /// How many weights of a transposed kernel meet no input position because of the strides.
    pub between: usize,
    /// The kernel for this channel and filter.
    pub kernel: Grid,
    /// Patch times kernel.
    pub products: Grid,
    /// The sum of the products.
    pub sum: f64,
    /// In a separable convolution, the weight of this result in the second stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointwise_weight: Option<f32>,
    /// What the channel adds to the filter's sum.
    pub adds: f64,
}

/// Numbers on the kernel's axes; nested lists in JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The sizes of the axes.
    pub sizes: Vec<usize>,
    /// The numbers, the last axis running fastest.
    pub values: Vec<f64>,
}

impl Serialize for Grid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn nested(sizes: &[usize], values: &[f64]) -> Value {
            match sizes {
                [] | [_] => values.iter().copied().map(Value::from).collect(),
                [first, rest @ ..] => {
                    let len = values.len() / first.max(&1);
                    values.chunks(len.max(1)).map(|part| nested(rest, part)).collect()
                }
            }
        }
        nested(&self.sizes, &self.values).serialize(serializer)
    }
}

impl Trace {
    /// Runs the model on one item (arrays with a batch axis of any size; the first item counts) and traces a value of
    /// a layer's first call.
    ///
    /// # Errors
    /// When the layer is no convolution, the filter or the position is out of range, the model has no weights or the
    /// arrays don't suit; and [`ExplainError::Disagreement`] when the executor computed another value than the
    /// products add up to.
    pub fn of(
        model: &Model,
        request: &TraceRequest,
        inputs: &[Tensor],
    ) -> Result<Self, ExplainError> {
        TraceRun::of(model, &request.layer, inputs)?.trace(model, request.filter, &request.at)
    }
}

fn trace(
    layer: &LayerRef,
    request: &TraceRequest,
    place: &Place<'_>,
    run: &TraceRun,
) -> Result<Trace, ExplainError> {
    let channels = place.channels(request.filter, &request.at);
    let sum: f64 = channels.iter().map(|channel| channel.adds).sum();
    let bias = place.bias(request.filter);
    let total = sum + f64::from(bias.unwrap_or(0.0));
    let value = activated(layer, request, place, total)?;
    let executor = run.output_at(request);
    let products: f64 = channels
        .iter()
        .map(|channel| {
            let weight = channel.pointwise_weight.map_or(1.0, |weight| f64::from(weight.abs()));
            weight * channel.products.values.iter().map(|product| product.abs()).sum::<f64>()
        })
        .sum();
    let rounding = 1e-5 * (products + f64::from(bias.unwrap_or(0.0).abs())) + 1e-6;
    // A steep activation stretches what rounding did to its input.
    let mut tolerance = rounding;
    for total in [total - rounding, total + rounding] {
        let stretched = (activated(layer, request, place, total)? - value).abs();
        tolerance = tolerance.max(stretched + 1e-6 * value.abs());
    }
    let difference = (value - f64::from(executor)).abs();
    // A comparison with NaN is false: NaN on one side alone is a disagreement too.
    let agrees = difference <= tolerance
        || (value.is_nan() && executor.is_nan())
        || value == f64::from(executor);
    if !agrees {
        return Err(ExplainError::Disagreement {
            layer: request.layer.clone(),
            filter: request.filter,
            at: request.at.clone(),
            traced: value,
            executor,
            tolerance,
        });
    }
    Ok(Trace {
        layer: request.layer.clone(),
        class_name: layer.class_name().to_owned(),
        filter: request.filter,
        at: request.at.clone(),
        dilation_rate: place.convolution.window.dilation_rate.clone(),
        transposed: place.convolution.window.transposed,
        channels,
        sum,
        bias,
        total,
        activation: place.convolution.activation.clone(),
        value,
        executor,
        difference,
        tolerance,
        language: Language::default(),
    })
}

/// The layer's activation on the traced sum; on the sums of all filters where it mixes channels.
fn activated(
    layer: &LayerRef,
    request: &TraceRequest,
    place: &Place<'_>,
    total: f64,
) -> Result<f64, ExplainError> {
    let name = place.convolution.activation.as_str();
    if name == "linear" {
        return Ok(total);
    }
    let mixes = ["softmax", "log_softmax", "glu", "sparsemax"].contains(&name);
    let (sums, index) = match mixes {
        true => {
            let sum = |filter: usize| {
                let channels = place.channels(filter, &request.at);
                let sum: f64 = channels.iter().map(|channel| channel.adds).sum();
                (sum + f64::from(place.bias(filter).unwrap_or(0.0))) as f32
            };
            ((0..place.convolution.filters).map(sum).collect(), request.filter)
        }
        false => (vec![total as f32], 0),
    };
    let config = layer.layer().map(|kind| kind.config()).unwrap_or_default();
    let argument = config.get("activation").cloned().unwrap_or(Value::Null);
    let arguments: Map<String, Value> = [("activation".to_owned(), argument)].into_iter().collect();
    let x = Input::new(&[sums.len()]);
    let y = registry::from_config("Activation", &arguments)?.call(&x)?;
    let row = Tensor::new([1, sums.len()], sums).map_err(ModelError::from)?;
    let outputs = Model::new(&x, &y)?.predict(&[row])?;
    let value = outputs.first().and_then(|output| output.data().get(index));
    value.map(|&value| f64::from(value)).ok_or_else(|| ExplainError::FilterRange {
        layer: request.layer.clone(),
        filters: outputs.first().map_or(0, Tensor::len),
        filter: request.filter,
    })
}

/// What the executor read and made at a layer's first call: one run, from which any of the output values is traced.
///
/// ```
/// use dichroic::Tensor;
/// use dichroic::explain::TraceRun;
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Input, Sequential};
/// let mut model = Sequential::new().add(Input::new(&[9, 9, 5])).add(Conv2D::new(56, 4)).finish()?;
/// model.build(0)?;
/// let run = TraceRun::of(&model, "conv2d", &[Tensor::new([1, 9, 9, 5], vec![0.5; 405])?])?;
/// assert_eq!(run.trace(&model, 3, &[0, 5])?.channels.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TraceRun {
    path: String,
    input: Tensor,
    output: Tensor,
}

impl TraceRun {
    /// Runs the model on one item, as [`Trace::of`] does.
    ///
    /// # Errors
    /// When the layer is no convolution, the model has no weights or the arrays don't suit.
    pub fn of(model: &Model, layer: &str, inputs: &[Tensor]) -> Result<Self, ExplainError> {
        let path = model.path_of(layer)?;
        let found = model.get_layer(&path)?;
        // Before the model is run: a layer without filters has nothing to trace.
        let built = found.layer().zip(found.built_for());
        if built.is_none_or(|(kind, inputs)| kind.convolution(inputs).is_none()) {
            return Err(not_a_convolution(model, &path, found));
        }
        Self::run(model, path, inputs)
    }

    /// Traces the value of a filter at a position. The model must be the one that was run, with the same weights.
    ///
    /// # Errors
    /// When the filter or the position is out of range, and [`ExplainError::Disagreement`] when the executor computed
    /// another value than the products add up to.
    pub fn trace(&self, model: &Model, filter: usize, at: &[usize]) -> Result<Trace, ExplainError> {
        let request = &TraceRequest { layer: self.path.clone(), filter, at: at.to_vec() };
        let layer = model.get_layer(&self.path)?;
        let axes: Vec<Option<usize>> = self.input.shape().iter().copied().map(Some).collect();
        let convolution =
            layer.layer().and_then(|kind| kind.convolution(&[crate::Shape::new(axes)]));
        let convolution = convolution.ok_or_else(|| not_a_convolution(model, &self.path, layer))?;
        let filters = convolution.filters;
        if filter >= filters {
            return Err(ExplainError::FilterRange { layer: self.path.clone(), filters, filter });
        }
        let output = &self.output.shape()[1..self.output.rank() - 1];
        if at.len() != output.len() || at.iter().zip(output).any(|(at, size)| at >= size) {
            let (layer, output, at) = (self.path.clone(), output.to_vec(), at.to_vec());
            return Err(ExplainError::PositionRange { layer, output, at });
        }
        let weights = weights(model, layer)?;
        let place = Place { convolution: &convolution, input: &self.input, weights: &weights };
        trace(layer, request, &place, self)
    }

    /// Bytes of the values that it holds.
    pub fn bytes(&self) -> usize {
        size_of_val(self.input.data()) + size_of_val(self.output.data())
    }

    fn run(model: &Model, path: String, inputs: &[Tensor]) -> Result<Self, ExplainError> {
        let values = |error: dichroic_graph::GraphError| ExplainError::Model(error.into());
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape().to_vec()).collect();
        model.check_data(inputs)?;
        let lowered = model.lower_for(&shapes, Mode::Inference)?;
        let call = lowered.call(&path).cloned().ok_or_else(|| ModelError::NoSuchLayer {
            model: model.name().to_owned(),
            layer: path.clone(),
            suggestion: String::new(),
        })?;
        let read = call.inputs.first().copied().unwrap_or(call.outputs[0]);
        let made = call.outputs[0];
        let sizes = |value| lowered.graph.shape(value).to_vec();
        let (input_shape, output_shape) = (sizes(read), sizes(made));
        let mut options = PlanOptions::for_outputs(&lowered.outputs);
        options.keep = vec![read, made];
        // The terms that a trace adds up are those of plain sums of `f32`.
        options.mode = ConvMode::Exact;
        let plan = Plan::compile(lowered.graph, &options).map_err(values)?;
        let mut executor = Executor::new(plan).map_err(values)?;
        let slices: Vec<&[f32]> = inputs.iter().map(Tensor::data).collect();
        executor
            .run(&slices, model.parameters_or_none()?, StepContext::default())
            .map_err(values)?;
        let first = |value, shape: Vec<usize>| -> Result<Tensor, ExplainError> {
            let all = match lowered.inputs.iter().position(|&input| input == value) {
                Some(position) => inputs[position].data(),
                None => executor.value(value).map_err(values)?,
            };
            let len = all.len() / shape[0].max(1);
            let mut shape = shape;
            shape[0] = 1;
            Ok(Tensor::new(shape, all[..len].to_vec()).map_err(ModelError::from)?)
        };
        let (input, output) = (first(read, input_shape)?, first(made, output_shape)?);
        Ok(Self { path, input, output })
    }

    fn output_at(&self, request: &TraceRequest) -> f32 {
        let sizes = &self.output.shape()[1..];
        let place = request.at.iter().chain([&request.filter]).zip(sizes);
        let index = place.fold(0, |index, (at, size)| index * size + at);
        self.output.data().get(index).copied().unwrap_or(f32::NAN)
    }
}

fn not_a_convolution(model: &Model, path: &str, layer: &LayerRef) -> ExplainError {
    ExplainError::NotAConvolution {
        layer: path.to_owned(),
        class_name: layer.class_name().to_owned(),
        convolutions: convolutions(model),
    }
}

/// The values of a layer's weights, in the order of its weights.
fn weights<'a>(model: &'a Model, layer: &LayerRef) -> Result<Vec<&'a Tensor>, ExplainError> {
    let parameters = model.parameters()?;
    let ids = model.weights_of(layer).into_iter();
    Ok(ids.filter_map(|index| parameters.get(dichroic_graph::ParameterId(index))).collect())
}

/// The paths of a model's convolutions, those in nested models too.
pub(super) fn convolutions(model: &Model) -> Vec<String> {
    let mut paths = Vec::new();
    for layer in model.layers() {
        let name = layer.name();
        if let Some(nested) = layer.model() {
            paths.extend(convolutions(nested).iter().map(|inner| format!("{name}/{inner}")));
        }
        if let (Some(kind), Some(inputs)) = (layer.layer(), layer.built_for())
            && kind.convolution(inputs).is_some()
        {
            paths.push(name);
        }
    }
    paths
}

/// The input channels that a filter sees.
fn channels_of(
    convolution: &Convolution,
    filter: usize,
    multiplier: usize,
) -> std::ops::Range<usize> {
    match convolution.sharing {
        Sharing::None | Sharing::AcrossInputChannels => 0..convolution.in_channels,
        Sharing::Separable => 0..convolution.in_channels * multiplier,
        Sharing::Depthwise => {
            let channel = filter / multiplier.max(1);
            channel..channel + 1
        }
        Sharing::Grouped => {
            let channels = convolution.in_channels / convolution.groups;
            let group = filter / (convolution.filters / convolution.groups).max(1);
            group * channels..(group + 1) * channels
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Conv2D;
    use crate::model::Sequential;

    fn model() -> Model {
        let mut model = Sequential::new()
            .add(Input::new(&[5, 5, 2]))
            .add(Conv2D::new(3, 3).activation("softmax"))
            .finish()
            .unwrap();
        model.build(11).unwrap();
        model
    }

    fn picture() -> Tensor {
        Tensor::new([1, 5, 5, 2], (0..50).map(|i| (i % 9) as f32 * 0.25).collect()).unwrap()
    }

    #[test]
    fn an_activation_over_channels_is_traced_with_the_sums_of_all_filters() {
        let request = TraceRequest { layer: "conv2d".to_owned(), filter: 1, at: vec![2, 0] };
        let trace = Trace::of(&model(), &request, &[picture()]).unwrap();
        assert!(trace.difference <= trace.tolerance);
        assert_eq!(trace.channels.len(), 2);
        assert!((0.0..=1.0).contains(&trace.value));
    }

    #[test]
    fn a_steep_activation_stretches_what_rounding_may_do() {
        let mut model = Sequential::new()
            .add(Input::new(&[5, 5, 2]))
            .add(Conv2D::new(3, 3).activation("exponential"))
            .finish()
            .unwrap();
        model.build(5).unwrap();
        let bias = Tensor::new([3], vec![10.0; 3]).unwrap();
        model.set_weight("conv2d", "bias", bias).unwrap();
        let request = TraceRequest { layer: "conv2d".to_owned(), filter: 1, at: vec![1, 1] };
        let trace = Trace::of(&model, &request, &[picture()]).unwrap();
        assert!(trace.value > 100.0 && trace.tolerance > 1e-4 * trace.value, "{trace:?}");
    }

    #[test]
    fn another_value_of_the_executor_is_a_disagreement() {
        let model = model();
        let request = TraceRequest { layer: "conv2d".to_owned(), filter: 0, at: vec![0, 0] };
        let layer = model.get_layer("conv2d").unwrap();
        let mut run = TraceRun::of(&model, "conv2d", &[picture()]).unwrap();
        run.output.data_mut()[0] += 0.01;
        let weights = weights(&model, layer).unwrap();
        let convolution = layer.layer().unwrap().convolution(layer.built_for().unwrap()).unwrap();
        let place = Place { convolution: &convolution, input: &run.input, weights: &weights };
        let error = trace(layer, &request, &place, &run).unwrap_err();
        assert!(matches!(error, ExplainError::Disagreement { .. }), "{error}");
    }

    #[test]
    fn a_filter_or_position_out_of_range_is_told_the_range() {
        let model = model();
        let refused = |filter: usize, at: &[usize]| {
            let request = TraceRequest { layer: "conv2d".to_owned(), filter, at: at.to_vec() };
            Trace::of(&model, &request, &[picture()]).unwrap_err().to_string()
        };
        assert_eq!(refused(3, &[0, 0]), "layer \"conv2d\" has filters 0 to 2, got 3");
        assert_eq!(
            refused(0, &[0, 3]),
            "layer \"conv2d\" has an output of 3×3: give Y,X from 0 to 2,2, got 0,3"
        );
    }
}
