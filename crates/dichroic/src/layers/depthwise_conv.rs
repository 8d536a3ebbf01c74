//! Convolutions of each channel by itself: `DepthwiseConv1D`, `DepthwiseConv2D`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, setters, written};
use super::stencil::{Stencil, at_least_one, not_causal, spatial_input, with_spatial};
use super::{
    ChannelsLast, Convolution, Count, Factor, Layer, LayerError, Lowering, Padding, Sharing, Sizes,
    Term, Unset, WeightSpec, Window,
};
use crate::activations::Activation;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// A convolution in which every input channel has `depth_multiplier` filters of its own and channels don't mix.
///
/// `y[n, oh, ow, ic·m + j] = activation(Σ_kh Σ_kw x[n, oh·s + kh·d - pad, ow·s + kw·d - pad, ic] · kernel[kh, kw, ic, j] + bias[ic·m + j])`
///
/// # Shapes
/// - input `(batch, [height,] width, in_channels)`
/// - `kernel` `(kernel_size…, in_channels, depth_multiplier)`, `bias` `(in_channels · depth_multiplier,)`
/// - output `(batch, [height,] width, in_channels · depth_multiplier)`
///
/// # Errors
/// When the kernel does not fit, or strides and dilation are both above 1.
///
/// # Source
/// `keras.layers.DepthwiseConv1D`, `DepthwiseConv2D`
///
/// ```
/// use dichroic::layers::{DepthwiseConv2D, Layer};
/// use dichroic::Shape;
/// let count = DepthwiseConv2D::new(3).count(&[Shape::batched(&[32, 32, 16])])?;
/// assert_eq!(count.to_string(), "16 channels × 3×3 + 16 biases = 160");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DepthwiseConv<const RANK: usize> {
    /// Filters for each input channel; at least 1.
    pub depth_multiplier: usize,
    /// The kernel's sides.
    pub kernel_size: Sizes<RANK>,
    /// Steps between neighbouring outputs.
    pub strides: Sizes<RANK>,
    /// How the edges are treated: `valid` or `same`.
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
    pub depthwise_initializer: Initializer,
    /// How the bias begins.
    pub bias_initializer: Initializer,
    /// The kernel's penalty.
    pub depthwise_regularizer: Option<Regularizer>,
    /// The bias's penalty.
    pub bias_regularizer: Option<Regularizer>,
    /// Not supported: unset.
    pub activity_regularizer: Unset,
    /// Not supported: unset.
    pub depthwise_constraint: Unset,
    /// Not supported: unset.
    pub bias_constraint: Unset,
}

/// A depthwise convolution along one axis: [`DepthwiseConv`].
pub type DepthwiseConv1D = DepthwiseConv<1>;
/// A depthwise convolution along height and width: [`DepthwiseConv`].
pub type DepthwiseConv2D = DepthwiseConv<2>;

impl<const RANK: usize> DepthwiseConv<RANK> {
    /// A depthwise convolution with Keras's defaults.
    pub fn new(kernel_size: impl Into<Sizes<RANK>>) -> Self {
        Self {
            depth_multiplier: 1,
            kernel_size: kernel_size.into(),
            strides: 1.into(),
            padding: Padding::Valid,
            data_format: ChannelsLast,
            dilation_rate: 1.into(),
            activation: Activation::Linear,
            use_bias: true,
            depthwise_initializer: Initializer::glorot_uniform(),
            bias_initializer: Initializer::Zeros,
            depthwise_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: Unset,
            depthwise_constraint: Unset,
            bias_constraint: Unset,
        }
    }

    setters! {
        /// Sets the number of filters for each input channel.
        depth_multiplier: usize,
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
        depthwise_initializer: Initializer,
        /// Sets how the bias begins.
        bias_initializer: Initializer,
        /// Sets the kernel's penalty.
        depthwise_regularizer <- Option<Regularizer>,
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

    fn filters(&self, channels: usize) -> usize {
        channels.saturating_mul(self.depth_multiplier)
    }
}

impl<const RANK: usize> Layer for DepthwiseConv<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["DepthwiseConv1D", "DepthwiseConv2D", "DepthwiseConv3D"])
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.stencil().check()?;
        not_causal(self.padding)?;
        at_least_one("depth_multiplier", &[self.depth_multiplier])?;
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let (input, channels) = spatial_input(inputs, RANK)?;
        let spatial = self.stencil().output(input)?;
        self.activation.output_shape(with_spatial(input, spatial, Some(self.filters(channels))))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = spatial_input(inputs, RANK)?;
        let shape = [self.kernel_size.as_slice(), &[channels, self.depth_multiplier]].concat();
        let kernel = WeightSpec::new("kernel", shape, &self.depthwise_initializer)
            .regularized(self.depthwise_regularizer)
            .checked()?;
        let bias = WeightSpec::new("bias", [self.filters(channels)], &self.bias_initializer)
            .regularized(self.bias_regularizer);
        Ok(std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect())
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = spatial_input(inputs, RANK)?;
        let kernel = Term::new(
            "kernel",
            depthwise_factors(channels, self.depth_multiplier, self.kernel_size.as_slice()),
        );
        let bias = Term::new("bias", [Factor::of(self.filters(channels), "biases")]);
        Ok(Count { terms: std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let (input, channels) = spatial_input(&shapes, RANK)?;
        let window = self.stencil().window(input);
        let (x, kernel, bias) =
            (lowering.input()?, lowering.weights[0], lowering.weights.get(1).copied());
        let kernel = as_grouped(lowering, kernel)?;
        let y = lowering.conv(x, kernel, bias, (&window, channels))?;
        self.activation.lower(lowering, y)
    }

    fn convolution(&self, inputs: &[Shape]) -> Option<Convolution> {
        self.check().ok()?;
        let (input, channels) = spatial_input(inputs, RANK).ok()?;
        Some(Convolution {
            rank: RANK,
            in_channels: channels,
            filters: self.filters(channels),
            groups: channels,
            sharing: Sharing::Depthwise,
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

/// `3 channels × 2 filters a channel × 5×5`
pub(super) fn depthwise_factors(
    channels: usize,
    multiplier: usize,
    sides: &[usize],
) -> Vec<Factor> {
    let mut factors = vec![Factor::of(channels, "channels")];
    if multiplier > 1 {
        factors.push(Factor::of(multiplier, "filters a channel"));
    }
    factors.push(Factor::sides(sides));
    factors
}

/// A depthwise kernel `(kernel…, channels, multiplier)` as that of a convolution with a group for each
/// channel, `(kernel…, 1, channels · multiplier)`: the same values in the same order.
pub(super) fn as_grouped(
    lowering: &mut Lowering<'_>,
    kernel: ValueId,
) -> Result<ValueId, LayerError> {
    let mut shape = lowering.shape(kernel).to_vec();
    if let [.., channels, filters] = shape.as_mut_slice() {
        (*channels, *filters) = (1, *channels * *filters);
    }
    lowering.reshape(kernel, shape)
}
