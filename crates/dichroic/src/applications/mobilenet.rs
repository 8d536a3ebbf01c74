//! Depthwise and pointwise convolutions in turn: MobileNet.

use super::options::{Options, Sides};
use super::{ApplicationError, named};
use crate::layers::{
    Activation, BatchNormalization, Conv2D, DepthwiseConv2D, Dropout, GlobalAveragePooling2D,
    Padding, ReLU, Reshape, ZeroPadding2D,
};
use crate::model::{Call, Model, ModelError, Symbol};

/// The arguments that Keras's MobileNet has beside those of all applications.
#[derive(Clone, Copy, Debug)]
pub struct MobileNetOptions {
    /// The factor for the number of filters; above 0.
    pub alpha: f64,
    /// Depthwise filters for each channel; at least 1.
    pub depth_multiplier: usize,
    /// The share of features dropped before the classifier in training.
    pub dropout: f64,
}

impl Default for MobileNetOptions {
    fn default() -> Self {
        Self { alpha: 1.0, depth_multiplier: 1, dropout: 1e-3 }
    }
}

/// A convolution and thirteen pairs of depthwise and pointwise ones.
///
/// # Shapes
/// - input `(batch, 224, 224, 3)`, sides at least 32
/// - output `(batch, classes)`; without the classifier `(batch, height / 32, width / 32, 1024)`, or `(batch, 1024)` pooled
///
/// # Errors
/// When an option is out of range or a layer refuses its input.
///
/// # Source
/// A. Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017;
/// `keras.applications.MobileNet`
pub fn mobilenet(options: &Options) -> Result<Model, ApplicationError> {
    mobilenet_with(&MobileNetOptions::default(), options)
}

/// [`mobilenet`] with another width, depth or dropout.
///
/// # Errors
/// As [`mobilenet`].
///
/// ```
/// use dichroic::applications::{MobileNetOptions, Options, mobilenet_with};
/// let narrow = MobileNetOptions { alpha: 0.25, ..MobileNetOptions::default() };
/// let model = mobilenet_with(&narrow, &Options::default())?;
/// assert_eq!((model.name(), model.count_params()), ("mobilenet_0.25_224", 475_544));
/// # Ok::<(), dichroic::applications::ApplicationError>(())
/// ```
pub fn mobilenet_with(
    own: &MobileNetOptions,
    options: &Options,
) -> Result<Model, ApplicationError> {
    let sides = Sides { application: "MobileNet", usual: 224, least: 32 };
    let input = options.input(&sides)?;
    check_alpha(sides.application, own.alpha)?;
    let first = Conv2D::new(scaled(32, own.alpha), 3).strides(2).padding(Padding::Same);
    let mut x = named("conv1", first.use_bias(false), &input)?;
    x = activated("conv1", &x)?;
    let filters = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
    for (block, filters) in (1..).zip(filters) {
        let strides = if matches!(block, 2 | 4 | 6 | 12) { 2 } else { 1 };
        x = depthwise(block, &x, (own.depth_multiplier, strides))?;
        let pointwise = Conv2D::new(scaled(filters, own.alpha), 1).padding(Padding::Same);
        let name = format!("conv_pw_{block}");
        x = activated(&name, &named(name.as_str(), pointwise.use_bias(false), &x)?)?;
    }
    let output = if options.include_top {
        classifier(&x, own.dropout, options)?
    } else {
        options.pooled(&x)?
    };
    options.model(&model_name("mobilenet", own.alpha, &input), &input, &output)
}

fn depthwise(
    block: usize,
    x: &Symbol,
    (depth_multiplier, strides): (usize, usize),
) -> Result<Symbol, ModelError> {
    let name = format!("conv_dw_{block}");
    let layer =
        DepthwiseConv2D::new(3).depth_multiplier(depth_multiplier).strides(strides).use_bias(false);
    let x = if strides == 1 {
        named(name.as_str(), layer.padding(Padding::Same), x)?
    } else {
        let padding = ZeroPadding2D::new(((0, 1), (0, 1)));
        named(name.as_str(), layer, &named(format!("conv_pad_{block}"), padding, x)?)?
    };
    activated(&name, &x)
}

/// Normalisation and ReLU6.
fn activated(name: &str, x: &Symbol) -> Result<Symbol, ModelError> {
    let x = named(format!("{name}_bn"), BatchNormalization::new(), x)?;
    named(format!("{name}_relu"), ReLU::new().max_value(6.0), &x)
}

/// MobileNet's classifier is a 1×1 convolution.
fn classifier(x: &Symbol, dropout: f64, options: &Options) -> Result<Symbol, ModelError> {
    let x = GlobalAveragePooling2D::new().keepdims(true).call(x)?;
    let x = named("dropout", Dropout::new(dropout), &x)?;
    let layer = Conv2D::new(options.classes, 1).padding(Padding::Same);
    let x = named("conv_preds", layer, &x)?;
    let classes = i64::try_from(options.classes).expect("the options limit the classes");
    let x = named("reshape_2", Reshape::new([classes]), &x)?;
    named("predictions", Activation::new(options.classifier_activation.clone()), &x)
}

/// Refuses a width that gives no filters at all.
pub(super) fn check_alpha(application: &'static str, got: f64) -> Result<(), ApplicationError> {
    if got > 0.0 && got.is_finite() {
        return Ok(());
    }
    Err(ApplicationError::Alpha { application, got })
}

/// The number of filters for this width, rounded down.
pub(super) fn scaled(filters: usize, alpha: f64) -> usize {
    // From float to integer `as` saturates, and the layer refuses what is too large.
    (filters as f64 * alpha) as usize
}

/// Keras's name of a network of this width for pictures of this height: `mobilenet_1.00_224`.
pub(super) fn model_name(family: &str, alpha: f64, input: &Symbol) -> String {
    let height = input.shape().spatial()[0].map_or("None".to_owned(), |side| side.to_string());
    format!("{family}_{alpha:.2}_{height}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_that_gives_no_filters_or_too_many_is_refused() {
        let of = |alpha| {
            let own = MobileNetOptions { alpha, ..MobileNetOptions::default() };
            mobilenet_with(&own, &Options::default()).map(|model| model.count_params())
        };
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(of(alpha), Err(ApplicationError::Alpha { .. })), "{alpha}");
        }
        for alpha in [1e-9, 1e300] {
            assert!(matches!(of(alpha), Err(ApplicationError::Model(_))), "{alpha}");
        }
    }

    #[test]
    fn depth_multiplies_the_depthwise_filters() {
        let own = MobileNetOptions { depth_multiplier: 2, ..MobileNetOptions::default() };
        let model = mobilenet_with(&own, &Options::default()).unwrap();
        let shape = model.get_layer("conv_dw_1").unwrap().output(0).unwrap().shape().clone();
        assert_eq!(shape.to_string(), "(None, 112, 112, 64)");
    }
}
