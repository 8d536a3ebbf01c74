//! Convolutions whose filters use one kernel on every input channel: `SharedConv1D`, `SharedConv2D`, `SharedConv3D`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::reduce::ReduceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, setters, written};
use super::stencil::{Stencil, at_least_one, not_causal, spatial_input, with_spatial};
use super::{
    ChannelsLast, Convolution, Count, Factor, Layer, LayerError, Lowering, Padding, Sharing, Sizes,
    Term, WeightSpec, Window,
};
use crate::activations::Activation;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// A convolution along `RANK` spatial axes in which a filter has one kernel and uses it on every input channel.
///
/// `y[n, oh, ow, oc] = activation(Σ_ic Σ_kh Σ_kw x[n, oh·s + kh·d - pad, ow·s + kw·d - pad, ic] · kernel[kh, kw, 0, oc] + bias[oc])`
///
/// Because every channel meets the same kernel, the sum over channels may go first: the layer sees only
/// the sum of its input's channels. This is what a convolution would be if filters had no weights of
/// their own for each channel, and why it can't tell red from blue.
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, in_channels)`
/// - `kernel` `(kernel_size…, 1, filters)`, `bias` `(filters,)`
/// - output `(batch, [depth,] [height,] width, filters)`
///
/// # Errors
/// When the kernel does not fit, or strides and dilation are both above 1.
///
/// # Source
/// None in Keras; the same as `Conv2D` on `sum(x, axis=-1, keepdims=True)`.
///
/// ```
/// use dichroic::layers::{Layer, SharedConv2D};
/// use dichroic::Shape;
/// let layer = SharedConv2D::new(32, 5).use_bias(false);
/// let count = layer.count(&[Shape::batched(&[28, 28, 3])])?;
/// assert_eq!(count.to_string(), "32 filters × 5×5 = 800");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharedConv<const RANK: usize> {
    /// Output channels, each made by one kernel; at least 1.
    pub filters: usize,
    /// The kernel's sides.
    pub kernel_size: Sizes<RANK>,
    /// Steps between neighbouring outputs.
    pub strides: Sizes<RANK>,
    /// How the edges are treated.
    pub padding: Padding,
    /// Channels last.
    pub data_format: ChannelsLast,
    /// Distance between neighbouring positions under the kernel.
    pub dilation_rate: Sizes<RANK>,
    /// What follows the sum.
    pub activation: Activation,
    /// Whether each filter adds a bias.
    pub use_bias: bool,
    /// How the kernel begins.
    pub kernel_initializer: Initializer,
    /// How the bias begins.
    pub bias_initializer: Initializer,
    /// The kernel's penalty.
    pub kernel_regularizer: Option<Regularizer>,
    /// The bias's penalty.
    pub bias_regularizer: Option<Regularizer>,
}

/// A shared convolution along one axis: [`SharedConv`].
pub type SharedConv1D = SharedConv<1>;
/// A shared convolution along height and width: [`SharedConv`].
pub type SharedConv2D = SharedConv<2>;
/// A shared convolution along depth, height and width: [`SharedConv`].
pub type SharedConv3D = SharedConv<3>;

impl<const RANK: usize> SharedConv<RANK> {
    /// A shared convolution with the defaults of Keras's convolutions.
    pub fn new(filters: usize, kernel_size: impl Into<Sizes<RANK>>) -> Self {
        Self {
            filters,
            kernel_size: kernel_size.into(),
            strides: 1.into(),
            padding: Padding::Valid,
            data_format: ChannelsLast,
            dilation_rate: 1.into(),
            activation: Activation::Linear,
            use_bias: true,
            kernel_initializer: Initializer::glorot_uniform(),
            bias_initializer: Initializer::Zeros,
            kernel_regularizer: None,
            bias_regularizer: None,
        }
    }

    setters! {
        /// Sets the steps between neighbouring outputs.
        strides <- Sizes<RANK>,
        /// Sets how the edges are treated.
        padding: Padding,
        /// Sets the distance between neighbouring positions under the kernel.
        dilation_rate <- Sizes<RANK>,
        /// Sets what follows the sum.
        activation <- Activation,
        /// Sets whether each filter adds a bias.
        use_bias: bool,
        /// Sets how the kernel begins.
        kernel_initializer: Initializer,
        /// Sets how the bias begins.
        bias_initializer: Initializer,
        /// Sets the kernel's penalty.
        kernel_regularizer <- Option<Regularizer>,
        /// Sets the bias's penalty.
        bias_regularizer <- Option<Regularizer>,
    }

    fn stencil(&self) -> Stencil<'_> {
        Stencil {
            what: "kernel",
            size: self.kernel_size.as_slice(),
            strides: self.strides.as_slice(),
            dilation_rate: self.dilation_rate.as_slice(),
            padding: self.padding,
        }
    }
}

impl<const RANK: usize> Layer for SharedConv<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["SharedConv1D", "SharedConv2D", "SharedConv3D"])
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.stencil().check()?;
        if RANK > 1 {
            not_causal(self.padding)?;
        }
        at_least_one("filters", &[self.filters])?;
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let (input, _) = spatial_input(inputs, RANK)?;
        let spatial = self.stencil().output(input)?;
        self.activation.output_shape(with_spatial(input, spatial, Some(self.filters)))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        self.output_shape(inputs)?;
        let shape = [self.kernel_size.as_slice(), &[1, self.filters]].concat();
        let kernel = WeightSpec::new("kernel", shape, &self.kernel_initializer)
            .regularized(self.kernel_regularizer)
            .checked()?;
        let bias = WeightSpec::new("bias", [self.filters], &self.bias_initializer)
            .regularized(self.bias_regularizer);
        Ok(std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect())
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.output_shape(inputs)?;
        let sides = Factor::sides(self.kernel_size.as_slice());
        let kernel = Term::new("kernel", [Factor::of(self.filters, "filters"), sides]);
        let bias = Term::new("bias", [Factor::of(self.filters, "biases")]);
        Ok(Count { terms: std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let (input, _) = spatial_input(&shapes, RANK)?;
        let window = self.stencil().window(input);
        let (x, kernel, bias) =
            (lowering.input()?, lowering.weights[0], lowering.weights.get(1).copied());
        let sum = lowering.reduce_kept(ReduceKind::Sum, x, &[RANK + 1])?;
        let y = lowering.conv(sum, kernel, bias, (&window, 1))?;
        self.activation.lower(lowering, y)
    }

    fn convolution(&self, inputs: &[Shape]) -> Option<Convolution> {
        self.check().ok()?;
        let (input, in_channels) = spatial_input(inputs, RANK).ok()?;
        Some(Convolution {
            rank: RANK,
            in_channels,
            filters: self.filters,
            groups: 1,
            sharing: Sharing::AcrossInputChannels,
            window: self.stencil().window(input),
            bias: self.use_bias,
            activation: self.activation.name().to_owned(),
        })
    }

    fn window(&self, inputs: &[Shape]) -> Option<Window> {
        self.convolution(inputs).map(|convolution| convolution.window)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
