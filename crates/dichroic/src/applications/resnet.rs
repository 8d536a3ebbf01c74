//! Residual networks with bottleneck blocks: ResNet-50, -101 and -152.

use super::options::{Options, Pooling, Sides};
use super::{ApplicationError, named};
use crate::layers::{
    Activation, Add, BatchNormalization, Conv2D, GlobalAveragePooling2D, GlobalMaxPooling2D,
    MaxPooling2D, Padding, ZeroPadding2D,
};
use crate::model::{Model, ModelError, Symbol};

/// 3, 4, 6 and 3 bottleneck blocks.
///
/// # Shapes
/// - input `(batch, 224, 224, 3)`, sides at least 32
/// - output `(batch, classes)`; without the classifier `(batch, ⌈height / 32⌉, ⌈width / 32⌉, 2048)`, or `(batch, 2048)` pooled
///
/// # Errors
/// When an option is out of range or a layer refuses its input.
///
/// # Source
/// K. He, X. Zhang, S. Ren, J. Sun, Deep Residual Learning for Image Recognition, 2015; `keras.applications.ResNet50`
pub fn resnet50(options: &Options) -> Result<Model, ApplicationError> {
    resnet("ResNet50", [3, 4, 6, 3], options)
}

/// 3, 4, 23 and 3 bottleneck blocks; otherwise as [`resnet50`].
///
/// # Errors
/// As [`resnet50`].
///
/// # Source
/// That of [`resnet50`]; `keras.applications.ResNet101`
pub fn resnet101(options: &Options) -> Result<Model, ApplicationError> {
    resnet("ResNet101", [3, 4, 23, 3], options)
}

/// 3, 8, 36 and 3 bottleneck blocks; otherwise as [`resnet50`].
///
/// # Errors
/// As [`resnet50`].
///
/// # Source
/// That of [`resnet50`]; `keras.applications.ResNet152`
pub fn resnet152(options: &Options) -> Result<Model, ApplicationError> {
    resnet("ResNet152", [3, 8, 36, 3], options)
}

fn resnet(
    application: &'static str,
    blocks: [usize; 4],
    options: &Options,
) -> Result<Model, ApplicationError> {
    let input = options.input(&Sides { application, usual: 224, least: 32 })?;
    let mut x = named("conv1_pad", ZeroPadding2D::new(3), &input)?;
    x = named("conv1_conv", Conv2D::new(64, 7).strides(2), &x)?;
    x = normalized("conv1", &x)?;
    x = named("conv1_relu", Activation::new("relu"), &x)?;
    x = named("pool1_pad", ZeroPadding2D::new(1), &x)?;
    x = named("pool1_pool", MaxPooling2D::new(3).strides(2), &x)?;
    for (stack, (filters, blocks)) in [64, 128, 256, 512].into_iter().zip(blocks).enumerate() {
        let name = format!("conv{}", stack + 2);
        let strides = if stack == 0 { 1 } else { 2 };
        x = block(&format!("{name}_block1"), &x, filters, Some(strides))?;
        for number in 2..=blocks {
            x = block(&format!("{name}_block{number}"), &x, filters, None)?;
        }
    }
    let output = match options.pooling {
        Some(Pooling::Average) if !options.include_top => {
            named("avg_pool", GlobalAveragePooling2D::new(), &x)?
        }
        Some(Pooling::Max) if !options.include_top => {
            named("max_pool", GlobalMaxPooling2D::new(), &x)?
        }
        _ => options.top(&x)?,
    };
    options.model(&application.to_lowercase(), &input, &output)
}

/// 1×1, 3×3 and 1×1 convolutions beside a shortcut. The first block of a stack changes the shape, with these strides
/// and a convolution in its shortcut; the others add their input as it is.
fn block(
    name: &str,
    x: &Symbol,
    filters: usize,
    first: Option<usize>,
) -> Result<Symbol, ModelError> {
    let strides = first.unwrap_or(1);
    let shortcut = match first {
        Some(strides) => {
            convolved(&format!("{name}_0"), Conv2D::new(4 * filters, 1).strides(strides), x)?
        }
        None => x.clone(),
    };
    let mut inner = convolved(&format!("{name}_1"), Conv2D::new(filters, 1).strides(strides), x)?;
    inner = named(format!("{name}_1_relu"), Activation::new("relu"), &inner)?;
    let middle = Conv2D::new(filters, 3).padding(Padding::Same);
    inner = convolved(&format!("{name}_2"), middle, &inner)?;
    inner = named(format!("{name}_2_relu"), Activation::new("relu"), &inner)?;
    inner = convolved(&format!("{name}_3"), Conv2D::new(4 * filters, 1), &inner)?;
    let sum = named(format!("{name}_add"), Add::new(), [&shortcut, &inner])?;
    named(format!("{name}_out"), Activation::new("relu"), &sum)
}

/// A convolution, with its bias as in Keras, and its normalisation.
fn convolved(name: &str, layer: Conv2D, x: &Symbol) -> Result<Symbol, ModelError> {
    normalized(name, &named(format!("{name}_conv"), layer, x)?)
}

fn normalized(name: &str, x: &Symbol) -> Result<Symbol, ModelError> {
    // Keras's own number; it came with the published weights.
    let layer = BatchNormalization::new().axis(3).epsilon(1.001e-5);
    named(format!("{name}_bn"), layer, x)
}
