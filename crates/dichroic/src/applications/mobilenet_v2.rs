//! Inverted residual blocks with linear bottlenecks: MobileNetV2.

use super::mobilenet::{check_alpha, model_name, scaled};
use super::options::{Options, Sides};
use super::{ApplicationError, named};
use crate::Shape;
use crate::layers::{
    Add, BatchNormalization, Conv2D, DepthwiseConv2D, GlobalAveragePooling2D, Margins, Padding,
    ReLU, ZeroPadding2D,
};
use crate::model::{Call, Model, ModelError, Symbol};

/// A convolution, seventeen inverted residual blocks and a last convolution.
///
/// # Shapes
/// - input `(batch, 224, 224, 3)`, sides at least 32
/// - output `(batch, classes)`; without the classifier `(batch, ⌈height / 32⌉, ⌈width / 32⌉, 1280)`, or `(batch, 1280)` pooled
///
/// # Errors
/// When an option is out of range or a layer refuses its input.
///
/// # Source
/// M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018;
/// `keras.applications.MobileNetV2`
pub fn mobilenet_v2(options: &Options) -> Result<Model, ApplicationError> {
    mobilenet_v2_with(1.0, options)
}

/// [`mobilenet_v2`] with `alpha` times as many filters.
///
/// # Errors
/// As [`mobilenet_v2`].
///
/// ```
/// use dichroic::applications::{Options, mobilenet_v2_with};
/// let model = mobilenet_v2_with(0.35, &Options::default())?;
/// assert_eq!((model.name(), model.count_params()), ("mobilenetv2_0.35_224", 1_691_208));
/// # Ok::<(), dichroic::applications::ApplicationError>(())
/// ```
pub fn mobilenet_v2_with(alpha: f64, options: &Options) -> Result<Model, ApplicationError> {
    let sides = Sides { application: "MobileNetV2", usual: 224, least: 32 };
    let input = options.input(&sides)?;
    check_alpha(sides.application, alpha)?;
    let mut channels = by_eight(32.0 * alpha);
    let first = Conv2D::new(channels, 3).strides(2).padding(Padding::Same).use_bias(false);
    let mut x = named("Conv1", first, &input)?;
    x = named("Conv1_relu", relu6(), &normalized("bn_Conv1", &x)?)?;
    // Filters of a stage, its blocks, and the strides of the first of them: table 2 of the paper.
    let stages =
        [(16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)];
    let mut number = 0;
    for (filters, blocks, strides) in stages {
        let filters = by_eight(scaled(filters, alpha) as f64);
        for place in 0..blocks {
            let block =
                Block { number, channels, filters, strides: if place == 0 { strides } else { 1 } };
            x = block.call(&x)?;
            channels = filters;
            number += 1;
        }
    }
    // The last convolution never gets narrower, as the paper says.
    let last = if alpha > 1.0 { by_eight(1280.0 * alpha) } else { 1280 };
    x = named("Conv_1", Conv2D::new(last, 1).use_bias(false), &x)?;
    x = named("out_relu", relu6(), &normalized("Conv_1_bn", &x)?)?;
    let output = if options.include_top {
        options.classifier(&GlobalAveragePooling2D::new().call(&x)?)?
    } else {
        options.pooled(&x)?
    };
    options.model(&model_name("mobilenetv2", alpha, &input), &input, &output)
}

/// An inverted residual block: wider, convolved depthwise, narrow again.
struct Block {
    number: usize,
    channels: usize,
    filters: usize,
    strides: usize,
}

impl Block {
    fn call(&self, input: &Symbol) -> Result<Symbol, ModelError> {
        // The first block does not widen, and Keras names it apart.
        let widens = self.number > 0;
        let name =
            if widens { format!("block_{}", self.number) } else { "expanded_conv".to_owned() };
        let mut x = input.clone();
        if widens {
            x = named(format!("{name}_expand"), pointwise(self.channels.saturating_mul(6)), &x)?;
            x = normalized(&format!("{name}_expand_BN"), &x)?;
            x = named(format!("{name}_expand_relu"), relu6(), &x)?;
        }
        let mut depthwise = DepthwiseConv2D::new(3).strides(self.strides).use_bias(false);
        if self.strides == 2 {
            let padding = ZeroPadding2D::new(halving_padding(x.shape()));
            x = named(format!("{name}_pad"), padding, &x)?;
        } else {
            depthwise = depthwise.padding(Padding::Same);
        }
        x = named(format!("{name}_depthwise"), depthwise, &x)?;
        x = normalized(&format!("{name}_depthwise_BN"), &x)?;
        x = named(format!("{name}_depthwise_relu"), relu6(), &x)?;
        x = named(format!("{name}_project"), pointwise(self.filters), &x)?;
        x = normalized(&format!("{name}_project_BN"), &x)?;
        if self.channels == self.filters && self.strides == 1 {
            x = named(format!("{name}_add"), Add::new(), [input, &x])?;
        }
        Ok(x)
    }
}

fn pointwise(filters: usize) -> Conv2D {
    Conv2D::new(filters, 1).padding(Padding::Same).use_bias(false)
}

fn normalized(name: &str, x: &Symbol) -> Result<Symbol, ModelError> {
    named(name, BatchNormalization::new().momentum(0.999), x)
}

fn relu6() -> ReLU {
    ReLU::new().max_value(6.0)
}

/// The zeros before a 3×3 kernel with strides of 2, so that it sees what it would see with padding `same`: none before
/// an even axis, one before an odd one, and always one after. Open axes count as even, as in Keras.
fn halving_padding(shape: &Shape) -> Margins<2> {
    let before = match *shape.spatial() {
        [Some(height), width] => [height % 2, width.map_or(0, |width| width % 2)],
        _ => [0, 0],
    };
    before.map(|before| (before, 1)).into()
}

/// The nearest multiple of 8, at least 8, and never less than nine tenths.
fn by_eight(filters: f64) -> usize {
    // From float to integer `as` saturates, and the layer refuses what is too large.
    let nearest = ((filters + 4.0) as usize / 8 * 8).max(8);
    if (nearest as f64) < 0.9 * filters { nearest.saturating_add(8) } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_multiples_of_eight_and_lose_less_than_a_tenth() {
        for (filters, expected) in
            [(0.5, 8), (8.4, 8), (11.0, 16), (11.2, 16), (12.0, 16), (18.0, 24), (33.6, 32)]
        {
            assert_eq!(by_eight(filters), expected, "{filters}");
        }
        assert!(by_eight(f64::MAX) > 1 << 60);
    }

    #[test]
    fn an_odd_axis_gets_a_zero_before_it() {
        let margins = |height, width| halving_padding(&Shape::new([None, height, width, Some(8)]));
        assert_eq!(margins(Some(112), Some(57)), Margins::from(((0, 1), (1, 1))));
        assert_eq!(margins(None, None), Margins::from(((0, 1), (0, 1))));
    }

    #[test]
    fn a_wide_network_widens_its_last_convolution_too() {
        let channels = |alpha| {
            let model = mobilenet_v2_with(alpha, &Options::default().without_top(None)).unwrap();
            model.outputs()[0].shape().channels()
        };
        assert_eq!([channels(0.5), channels(1.4)], [Some(1280), Some(1792)]);
        for alpha in [0.0, f64::NAN] {
            assert!(mobilenet_v2_with(alpha, &Options::default()).is_err(), "{alpha}");
        }
    }
}
