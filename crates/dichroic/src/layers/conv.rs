//! Convolutions: `Conv1D`, `Conv2D`, `Conv3D`.

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

/// A convolution along `RANK` spatial axes: every filter has a kernel of its own for every input channel.
///
/// `y[n, oh, ow, oc] = activation(Σ_ic Σ_kh Σ_kw x[n, oh·s + kh·d - pad, ow·s + kw·d - pad, ic] · kernel[kh, kw, ic, oc] + bias[oc])`
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, in_channels)`
/// - `kernel` `(kernel_size…, in_channels / groups, filters)`, `bias` `(filters,)`
/// - output `(batch, [depth,] [height,] width, filters)`
///
/// # Errors
/// When the kernel does not fit, groups don't divide the channels or the filters, or strides and dilation are both above 1.
///
/// # Source
/// `keras.layers.Conv1D`, `Conv2D`, `Conv3D`
///
/// ```
/// use dichroic::layers::{Conv2D, Layer, Padding};
/// use dichroic::Shape;
/// let layer = Conv2D::new(32, 3).padding(Padding::Same).activation("relu");
/// let input = Shape::batched(&[28, 28, 3]);
/// assert_eq!(layer.output_shape(&[input.clone()])?.to_string(), "(None, 28, 28, 32)");
/// assert_eq!(layer.count(&[input])?.to_string(), "32 filters × 3 channels × 3×3 + 32 biases = 896");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conv<const RANK: usize> {
    /// Output channels, each made by one filter; at least 1 and a multiple of `groups`.
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
    /// Groups of channels that don't mix; divides the input channels.
    pub groups: usize,
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
    /// Not supported: unset.
    pub activity_regularizer: Unset,
    /// Not supported: unset.
    pub kernel_constraint: Unset,
    /// Not supported: unset.
    pub bias_constraint: Unset,
}

/// A convolution along one axis: [`Conv`].
pub type Conv1D = Conv<1>;
/// A convolution along height and width: [`Conv`].
pub type Conv2D = Conv<2>;
/// A convolution along depth, height and width: [`Conv`].
pub type Conv3D = Conv<3>;

impl<const RANK: usize> Conv<RANK> {
    /// A convolution with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<Sizes<RANK>>) -> Self {
        Self {
            filters,
            kernel_size: kernel_size.into(),
            strides: 1.into(),
            padding: Padding::Valid,
            data_format: ChannelsLast,
            dilation_rate: 1.into(),
            groups: 1,
            activation: Activation::Linear,
            use_bias: true,
            kernel_initializer: Initializer::glorot_uniform(),
            bias_initializer: Initializer::Zeros,
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: Unset,
            kernel_constraint: Unset,
            bias_constraint: Unset,
        }
    }

    setters! {
        /// Sets the steps between neighbouring outputs.
        strides <- Sizes<RANK>,
        /// Sets how the edges are treated.
        padding: Padding,
        /// Sets the distance between neighbouring positions under the kernel.
        dilation_rate <- Sizes<RANK>,
        /// Sets the number of groups of channels that don't mix.
        groups: usize,
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

    /// The input and the channels that one filter sees.
    fn input<'a>(&self, inputs: &'a [Shape]) -> Result<(&'a Shape, usize), LayerError> {
        self.check()?;
        let (input, channels) = spatial_input(inputs, RANK)?;
        if !channels.is_multiple_of(self.groups) {
            return Err(LayerError::InputShape {
                rule: format!("{} groups don't divide {channels} input channels", self.groups),
                got: input.clone(),
                fix: format!(
                    "use a number of groups that divides {channels}, or change the channels"
                ),
            });
        }
        Ok((input, channels / self.groups))
    }
}

impl<const RANK: usize> Layer for Conv<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["Conv1D", "Conv2D", "Conv3D"])
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
        at_least_one("groups", &[self.groups])?;
        if !self.filters.is_multiple_of(self.groups) {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "groups".to_owned(),
                rule: "must divide the number of filters".to_owned(),
                got: format!("groups={} for filters={}", self.groups, self.filters),
            });
        }
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let (input, _) = self.input(inputs)?;
        let spatial = self.stencil().output(input)?;
        self.activation.output_shape(with_spatial(input, spatial, Some(self.filters)))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = self.input(inputs)?;
        let shape = [self.kernel_size.as_slice(), &[channels, self.filters]].concat();
        let kernel = WeightSpec::new("kernel", shape, &self.kernel_initializer)
            .regularized(self.kernel_regularizer)
            .checked()?;
        let bias = WeightSpec::new("bias", [self.filters], &self.bias_initializer)
            .regularized(self.bias_regularizer);
        Ok(std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect())
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = self.input(inputs)?;
        let what = if self.groups == 1 { "channels" } else { "channels a group" };
        let kernel = Term::new(
            "kernel",
            [
                Factor::of(self.filters, "filters"),
                Factor::of(channels, what),
                Factor::sides(self.kernel_size.as_slice()),
            ],
        );
        let bias = Term::new("bias", [Factor::of(self.filters, "biases")]);
        Ok(Count { terms: std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let (input, _) = self.input(&shapes)?;
        let window = self.stencil().window(input);
        let (x, kernel, bias) =
            (lowering.input()?, lowering.weights[0], lowering.weights.get(1).copied());
        let y = lowering.conv(x, kernel, bias, (&window, self.groups))?;
        self.activation.lower(lowering, y)
    }

    fn convolution(&self, inputs: &[Shape]) -> Option<Convolution> {
        let (input, channels) = self.input(inputs).ok()?;
        Some(Convolution {
            rank: RANK,
            in_channels: channels * self.groups,
            filters: self.filters,
            groups: self.groups,
            sharing: if self.groups == 1 { Sharing::None } else { Sharing::Grouped },
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

#[cfg(test)]
mod tests {
    use super::*;

    fn message(layer: &impl Layer, axes: &[usize]) -> String {
        layer.output_shape(&[Shape::batched(axes)]).unwrap_err().to_string()
    }

    #[test]
    fn the_question_of_the_first_reader_has_4536_parameters() {
        let layer = Conv2D::new(56, 4);
        let input = [Shape::batched(&[9, 9, 5])];
        assert_eq!(layer.output_shape(&input).unwrap(), Shape::batched(&[6, 6, 56]));
        assert_eq!(layer.count(&input).unwrap().total(), 4536);
    }

    #[test]
    fn groups_leave_a_filter_the_channels_of_its_group() {
        let layer = Conv2D::new(6, 3).groups(2);
        let input = [Shape::batched(&[7, 6, 4])];
        assert_eq!(layer.weights(&input).unwrap()[0].shape, [3, 3, 2, 6]);
        let formula = "6 filters × 2 channels a group × 3×3 + 6 biases = 114";
        assert_eq!(layer.count(&input).unwrap().to_string(), formula);
        assert!(message(&layer, &[7, 6, 3]).contains("2 groups don't divide 3 input channels"));
        assert!(Conv2D::new(5, 3).groups(2).check().is_err());
    }

    #[test]
    fn a_wrong_rank_names_the_axes_and_the_fix() {
        let text = message(&Conv2D::new(8, 3), &[28, 28]);
        assert!(
            text.contains("rank 4 (batch, height, width, channels), got (None, 28, 28)"),
            "{text}"
        );
        assert!(text.contains("use the 1D layer"), "{text}");
        assert!(message(&Conv2D::new(8, 3), &[784]).contains("before Flatten"));
    }

    #[test]
    fn causal_padding_is_for_one_axis() {
        assert!(Conv1D::new(4, 3).padding(Padding::Causal).check().is_ok());
        assert!(Conv2D::new(4, 3).padding(Padding::Causal).check().is_err());
    }

    #[test]
    fn absurd_sizes_are_refused_before_any_memory_is_taken() {
        let layer = Conv2D::new(i32::MAX as usize, 30_000).padding(Padding::Same);
        assert!(layer.weights(&[Shape::batched(&[9, 9, 9])]).is_err());
        assert!(Conv2D::new(usize::MAX, 3).check().is_err());
    }
}
