//! Transposed convolutions: `Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, setters, written};
use super::stencil::{Stencil, at_least_one, extent, not_causal, spatial_input, with_spatial};
use super::{
    ChannelsLast, Convolution, Count, Factor, Layer, LayerError, Lowering, Padding, Sharing, Sizes,
    Term, Unset, WeightSpec, Window,
};
use crate::activations::Activation;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// A transposed convolution: every input value is spread over the output by the kernel, `strides` apart.
///
/// `y[n, ih·s + kh·d - pad, iw·s + kw·d - pad, oc] += x[n, ih, iw, ic] · kernel[kh, kw, oc, ic]`, then bias and activation.
/// It is the gradient of the convolution with the same kernel, which is why its weights have filters before channels.
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, in_channels)`
/// - `kernel` `(kernel_size…, filters, in_channels)`, `bias` `(filters,)`
/// - output `(batch, [depth,] [height,] width, filters)`, each spatial axis
///   - `valid`: `(size - 1) · strides + extent + output_padding`, by default `max(strides - extent, 0)`
///   - `same`: `size · strides`, or `(size - 1) · strides + extent mod 2 + output_padding`
///
///   where `extent = (kernel_size - 1) · dilation_rate + 1`
///
/// # Errors
/// When strides and dilation are both above 1, or `output_padding` is not below `strides`.
///
/// # Source
/// `keras.layers.Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`;
/// sizes and padding follow `keras/src/backend/common/backend_utils.py`.
///
/// ```
/// use dichroic::layers::{Conv2DTranspose, Layer, Padding};
/// use dichroic::Shape;
/// let layer = Conv2DTranspose::new(8, 3).strides(2).padding(Padding::Same);
/// let output = layer.output_shape(&[Shape::batched(&[14, 14, 16])])?;
/// assert_eq!(output.to_string(), "(None, 28, 28, 8)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConvTranspose<const RANK: usize> {
    /// Output channels; at least 1.
    pub filters: usize,
    /// The kernel's sides.
    pub kernel_size: Sizes<RANK>,
    /// Steps in the output between neighbouring inputs.
    pub strides: Sizes<RANK>,
    /// Which part of the output is kept: `valid` (all) or `same`.
    pub padding: Padding,
    /// Cells added at the end of each axis, below `strides`; unset for Keras's own choice.
    pub output_padding: Option<Sizes<RANK>>,
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
    /// Not supported: unset.
    pub activity_regularizer: Unset,
    /// Not supported: unset.
    pub kernel_constraint: Unset,
    /// Not supported: unset.
    pub bias_constraint: Unset,
}

/// A transposed convolution along one axis: [`ConvTranspose`].
pub type Conv1DTranspose = ConvTranspose<1>;
/// A transposed convolution along height and width: [`ConvTranspose`].
pub type Conv2DTranspose = ConvTranspose<2>;
/// A transposed convolution along depth, height and width: [`ConvTranspose`].
pub type Conv3DTranspose = ConvTranspose<3>;

impl<const RANK: usize> ConvTranspose<RANK> {
    /// A transposed convolution with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<Sizes<RANK>>) -> Self {
        Self {
            filters,
            kernel_size: kernel_size.into(),
            strides: 1.into(),
            padding: Padding::Valid,
            output_padding: None,
            data_format: ChannelsLast,
            dilation_rate: 1.into(),
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
        /// Sets the steps in the output between neighbouring inputs.
        strides <- Sizes<RANK>,
        /// Sets which part of the output is kept.
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

    /// Sets the cells added at the end of each axis.
    #[must_use]
    pub fn output_padding(mut self, output_padding: impl Into<Sizes<RANK>>) -> Self {
        self.output_padding = Some(output_padding.into());
        self
    }

    /// Cells cut off before and after each axis of the full output; after the end also added.
    fn crops(&self) -> Vec<(usize, After)> {
        let crop = |axis: usize| {
            let extent =
                extent(self.kernel_size.as_slice()[axis], self.dilation_rate.as_slice()[axis]);
            let stride = self.strides.as_slice()[axis];
            let added = self.output_padding.map(|padding| padding.as_slice()[axis]);
            match self.padding {
                Padding::Same => {
                    // Keras gives the zeros that surround the spread input; what they lack of the
                    // kernel's reach on each side is cut off.
                    let total = match added {
                        None => stride + extent - 2,
                        Some(added) => extent + extent % 2 + added - 2,
                    };
                    let before = total.div_ceil(2).min(extent - 1);
                    (extent - 1 - before, After::from_reach(extent - 1, total - before))
                }
                Padding::Valid | Padding::Causal => {
                    (0, After::Add(added.unwrap_or(stride.saturating_sub(extent))))
                }
            }
        };
        (0..RANK).map(crop).collect()
    }

    fn spatial(&self, input: &Shape) -> Vec<Option<usize>> {
        let crops = self.crops();
        let size = |(axis, size): (usize, &Option<usize>)| {
            let extent =
                extent(self.kernel_size.as_slice()[axis], self.dilation_rate.as_slice()[axis]);
            let (before, after) = crops[axis];
            size.map(|size| {
                let spread = size.saturating_sub(1).saturating_mul(self.strides.as_slice()[axis]);
                let full = spread.saturating_add(extent);
                match after {
                    After::Crop(cells) => full.saturating_sub(before + cells),
                    After::Add(cells) => full.saturating_sub(before).saturating_add(cells),
                }
            })
        };
        input.spatial().iter().enumerate().map(size).collect()
    }

    fn transposed_window(&self) -> Window {
        let crops = self.crops();
        Window {
            size: self.kernel_size.as_slice().to_vec(),
            strides: self.strides.as_slice().to_vec(),
            dilation_rate: self.dilation_rate.as_slice().to_vec(),
            pad_before: crops.iter().map(|&(before, _)| before).collect(),
            pad_after: crops.iter().map(|&(_, after)| after.cropped()).collect(),
            transposed: true,
        }
    }
}

/// What happens at the end of an axis of the full output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// This many cells are cut off.
    Crop(usize),
    /// This many cells are added, which no input reaches.
    Add(usize),
}

impl After {
    fn from_reach(reach: usize, zeros: usize) -> Self {
        if reach >= zeros { Self::Crop(reach - zeros) } else { Self::Add(zeros - reach) }
    }

    fn cropped(self) -> usize {
        match self {
            Self::Crop(cells) => cells,
            Self::Add(_) => 0,
        }
    }
}

impl<const RANK: usize> Layer for ConvTranspose<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"])
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let stencil = Stencil {
            what: "kernel",
            size: self.kernel_size.as_slice(),
            strides: self.strides.as_slice(),
            dilation_rate: self.dilation_rate.as_slice(),
            padding: self.padding,
        };
        stencil.check()?;
        not_causal(self.padding)?;
        at_least_one("filters", &[self.filters])?;
        let too_large = |padding: &Sizes<RANK>| {
            padding
                .as_slice()
                .iter()
                .zip(self.strides.as_slice())
                .any(|(added, stride)| added >= stride)
        };
        if let Some(padding) = self.output_padding.as_ref().filter(|padding| too_large(padding)) {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "output_padding".to_owned(),
                rule: "must be below strides along each axis".to_owned(),
                got: format!(
                    "output_padding={:?} with strides={:?}",
                    padding.as_slice(),
                    self.strides.as_slice()
                ),
            });
        }
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let (input, _) = spatial_input(inputs, RANK)?;
        let spatial = self.spatial(input);
        if spatial.contains(&Some(0)) {
            return Err(LayerError::InputShape {
                rule: "nothing is left of the output".to_owned(),
                got: input.clone(),
                fix: "use padding='valid' or a larger output_padding".to_owned(),
            });
        }
        self.activation.output_shape(with_spatial(input, spatial, Some(self.filters)))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = spatial_input(inputs, RANK)?;
        let shape = [self.kernel_size.as_slice(), &[self.filters, channels]].concat();
        let kernel = WeightSpec::new("kernel", shape, &self.kernel_initializer)
            .regularized(self.kernel_regularizer)
            .checked()?;
        let bias = WeightSpec::new("bias", [self.filters], &self.bias_initializer)
            .regularized(self.bias_regularizer);
        Ok(std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect())
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.output_shape(inputs)?;
        let (_, channels) = spatial_input(inputs, RANK)?;
        let kernel = Term::new(
            "kernel",
            [
                Factor::of(self.filters, "filters"),
                Factor::of(channels, "channels"),
                Factor::sides(self.kernel_size.as_slice()),
            ],
        );
        let bias = Term::new("bias", [Factor::of(self.filters, "biases")]);
        Ok(Count { terms: std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let (input, _) = spatial_input(&shapes, RANK)?;
        let spatial: Vec<usize> = self.spatial(input).into_iter().flatten().collect();
        let window = self.transposed_window();
        let (x, kernel, bias) =
            (lowering.input()?, lowering.weights[0], lowering.weights.get(1).copied());
        let y = lowering.conv_transpose(x, kernel, bias, (&window, &spatial))?;
        self.activation.lower(lowering, y)
    }

    fn convolution(&self, inputs: &[Shape]) -> Option<Convolution> {
        self.check().ok()?;
        let (_, in_channels) = spatial_input(inputs, RANK).ok()?;
        Some(Convolution {
            rank: RANK,
            in_channels,
            filters: self.filters,
            groups: 1,
            sharing: Sharing::None,
            window: self.transposed_window(),
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

    fn width(layer: &Conv1DTranspose, size: usize) -> usize {
        layer.output_shape(&[Shape::batched(&[size, 1])]).unwrap().spatial()[0].unwrap()
    }

    #[test]
    fn output_sizes_are_those_of_keras() {
        let layer = |kernel: usize| Conv1DTranspose::new(1, kernel);
        assert_eq!(width(&layer(3), 5), 7);
        assert_eq!(width(&layer(3).strides(2), 5), 11);
        assert_eq!(width(&layer(2).strides(3), 5), 15);
        assert_eq!(width(&layer(3).strides(2).padding(Padding::Same), 5), 10);
        assert_eq!(width(&layer(2).strides(3).padding(Padding::Same), 5), 15);
        assert_eq!(width(&layer(3).strides(2).padding(Padding::Same).output_padding(0), 5), 9);
        assert_eq!(width(&layer(3).dilation_rate(2), 5), 9);
    }

    #[test]
    fn output_padding_stays_below_strides() {
        let layer = Conv1DTranspose::new(1, 3).strides(2).output_padding(2);
        assert!(layer.check().unwrap_err().to_string().contains("below strides"));
    }
}
