//! A depthwise convolution, then a 1×1 convolution over channels: `SeparableConv1D`, `SeparableConv2D`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, setters, written};
use super::depthwise_conv::{as_grouped, depthwise_factors};
use super::stencil::{Stencil, at_least_one, not_causal, spatial_input, with_spatial};
use super::{
    ChannelsLast, Convolution, Count, Factor, Layer, LayerError, Lowering, Padding, Sharing, Sizes,
    Term, Unset, WeightSpec, Window,
};
use crate::activations::Activation;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// A convolution split in two: each channel in space by itself, then all channels at each position.
///
/// `z[n, oh, ow, ic·m + j] = Σ_kh Σ_kw x[n, oh·s + kh·d - pad, ow·s + kw·d - pad, ic] · depthwise_kernel[kh, kw, ic, j]`,
/// `y[n, oh, ow, oc] = activation(Σ_c z[n, oh, ow, c] · pointwise_kernel[0, 0, c, oc] + bias[oc])`
///
/// # Shapes
/// - input `(batch, [height,] width, in_channels)`
/// - `depthwise_kernel` `(kernel_size…, in_channels, depth_multiplier)`,
///   `pointwise_kernel` `(1…, in_channels · depth_multiplier, filters)`, `bias` `(filters,)`
/// - output `(batch, [height,] width, filters)`
///
/// # Errors
/// When the kernel does not fit, or strides and dilation are both above 1.
///
/// # Source
/// `keras.layers.SeparableConv1D`, `SeparableConv2D`
///
/// ```
/// use dichroic::layers::{Layer, SeparableConv2D};
/// use dichroic::Shape;
/// let count = SeparableConv2D::new(8, 3).count(&[Shape::batched(&[32, 32, 3])])?;
/// assert_eq!(count.to_string(), "3 channels × 3×3 + 8 filters × 3 channels × 1×1 + 8 biases = 59");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SeparableConv<const RANK: usize> {
    /// Depthwise filters for each input channel; at least 1.
    pub depth_multiplier: usize,
    /// Output channels; at least 1.
    pub filters: usize,
    /// The sides of the depthwise kernel.
    pub kernel_size: Sizes<RANK>,
    /// Steps between neighbouring outputs.
    pub strides: Sizes<RANK>,
    /// How the edges are treated: `valid` or `same`.
    pub padding: Padding,
    /// Channels last.
    pub data_format: ChannelsLast,
    /// Distance between neighbouring positions under the depthwise kernel.
    pub dilation_rate: Sizes<RANK>,
    /// What follows the second sum.
    pub activation: Activation,
    /// Whether each filter adds a bias.
    pub use_bias: bool,
    /// How the depthwise kernel begins.
    pub depthwise_initializer: Initializer,
    /// How the pointwise kernel begins.
    pub pointwise_initializer: Initializer,
    /// How the bias begins.
    pub bias_initializer: Initializer,
    /// The depthwise kernel's penalty.
    pub depthwise_regularizer: Option<Regularizer>,
    /// The pointwise kernel's penalty.
    pub pointwise_regularizer: Option<Regularizer>,
    /// The bias's penalty.
    pub bias_regularizer: Option<Regularizer>,
    /// Not supported: unset.
    pub activity_regularizer: Unset,
    /// Not supported: unset.
    pub depthwise_constraint: Unset,
    /// Not supported: unset.
    pub pointwise_constraint: Unset,
    /// Not supported: unset.
    pub bias_constraint: Unset,
}

/// A separable convolution along one axis: [`SeparableConv`].
pub type SeparableConv1D = SeparableConv<1>;
/// A separable convolution along height and width: [`SeparableConv`].
pub type SeparableConv2D = SeparableConv<2>;

impl<const RANK: usize> SeparableConv<RANK> {
    /// A separable convolution with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<Sizes<RANK>>) -> Self {
        Self {
            depth_multiplier: 1,
            filters,
            kernel_size: kernel_size.into(),
            strides: 1.into(),
            padding: Padding::Valid,
            data_format: ChannelsLast,
            dilation_rate: 1.into(),
            activation: Activation::Linear,
            use_bias: true,
            depthwise_initializer: Initializer::glorot_uniform(),
            pointwise_initializer: Initializer::glorot_uniform(),
            bias_initializer: Initializer::Zeros,
            depthwise_regularizer: None,
            pointwise_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: Unset,
            depthwise_constraint: Unset,
            pointwise_constraint: Unset,
            bias_constraint: Unset,
        }
    }

    setters! {
        /// Sets the number of depthwise filters for each input channel.
        depth_multiplier: usize,
        /// Sets the steps between neighbouring outputs.
        strides <- Sizes<RANK>,
        /// Sets how the edges are treated.
        padding: Padding,
        /// Sets the distance between neighbouring positions under the depthwise kernel.
        dilation_rate <- Sizes<RANK>,
        /// Sets what follows the second sum.
        activation <- Activation,
        /// Sets whether each filter adds a bias.
        use_bias: bool,
        /// Sets how the depthwise kernel begins.
        depthwise_initializer: Initializer,
        /// Sets how the pointwise kernel begins.
        pointwise_initializer: Initializer,
        /// Sets how the bias begins.
        bias_initializer: Initializer,
        /// Sets the depthwise kernel's penalty.
        depthwise_regularizer <- Option<Regularizer>,
        /// Sets the pointwise kernel's penalty.
        pointwise_regularizer <- Option<Regularizer>,
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

    /// Channels between the two convolutions.
    fn middle(&self, channels: usize) -> usize {
        channels.saturating_mul(self.depth_multiplier)
    }
}

impl<const RANK: usize> Layer for SeparableConv<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["SeparableConv1D", "SeparableConv2D", "SeparableConv3D"])
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.stencil().check()?;
        not_causal(self.padding)?;
        at_least_one("filters", &[self.filters])?;
        at_least_one("depth_multiplier", &[self.depth_multiplier])?;
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
        let (_, channels) = spatial_input(inputs, RANK)?;
        let sides = self.kernel_size.as_slice();
        let depthwise = [sides, &[channels, self.depth_multiplier]].concat();
        let pointwise = [&[1; RANK][..], &[self.middle(channels), self.filters]].concat();
        let mut weights = vec![
            WeightSpec::new("depthwise_kernel", depthwise, &self.depthwise_initializer)
                .regularized(self.depthwise_regularizer)
                .checked()?,
            WeightSpec::new("pointwise_kernel", pointwise, &self.pointwise_initializer)
                .regularized(self.pointwise_regularizer)
                .checked()?,
        ];
        if self.use_bias {
            let bias = WeightSpec::new("bias", [self.filters], &self.bias_initializer);
            weights.push(bias.regularized(self.bias_regularizer));
        }
        Ok(weights)
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = spatial_input(inputs, RANK)?;
        let sides = self.kernel_size.as_slice();
        let depthwise = depthwise_factors(channels, self.depth_multiplier, sides);
        let pointwise = [
            Factor::of(self.filters, "filters"),
            Factor::of(self.middle(channels), "channels"),
            Factor::sides(&[1; RANK]),
        ];
        let mut terms = vec![
            Term::new("depthwise_kernel", depthwise),
            Term::new("pointwise_kernel", pointwise),
        ];
        if self.use_bias {
            terms.push(Term::new("bias", [Factor::of(self.filters, "biases")]));
        }
        Ok(Count { terms })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let (input, channels) = spatial_input(&shapes, RANK)?;
        let window = self.stencil().window(input);
        let (x, depthwise, pointwise) =
            (lowering.input()?, lowering.weights[0], lowering.weights[1]);
        let bias = lowering.weights.get(2).copied();
        let depthwise = as_grouped(lowering, depthwise)?;
        let middle = lowering.conv(x, depthwise, None, (&window, channels))?;
        let y = lowering.conv(middle, pointwise, bias, (&Window::point(RANK), 1))?;
        self.activation.lower(lowering, y)
    }

    fn convolution(&self, inputs: &[Shape]) -> Option<Convolution> {
        self.check().ok()?;
        let (input, channels) = spatial_input(inputs, RANK).ok()?;
        Some(Convolution {
            rank: RANK,
            in_channels: channels,
            filters: self.filters,
            groups: channels,
            sharing: Sharing::Separable,
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
