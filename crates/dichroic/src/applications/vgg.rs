//! Plain stacks of 3×3 convolutions: VGG-16 and VGG-19.

use super::options::{Options, Sides};
use super::{ApplicationError, named};
use crate::layers::{Conv2D, Dense, Flatten, MaxPooling2D, Padding};
use crate::model::Model;

/// 13 convolutions and 3 dense layers.
///
/// # Shapes
/// - input `(batch, 224, 224, 3)`, sides at least 32
/// - output `(batch, classes)`; without the classifier `(batch, ⌊height / 32⌋, ⌊width / 32⌋, 512)`, or `(batch, 512)` pooled
///
/// # Errors
/// When an option is out of range or a layer refuses its input; the classifier needs a known height and width.
///
/// # Source
/// K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014; `keras.applications.VGG16`
pub fn vgg16(options: &Options) -> Result<Model, ApplicationError> {
    vgg("VGG16", [2, 2, 3, 3, 3], options)
}

/// 16 convolutions and 3 dense layers; otherwise as [`vgg16`].
///
/// # Errors
/// As [`vgg16`].
///
/// # Source
/// That of [`vgg16`]; `keras.applications.VGG19`
pub fn vgg19(options: &Options) -> Result<Model, ApplicationError> {
    vgg("VGG19", [2, 2, 4, 4, 4], options)
}

fn vgg(
    application: &'static str,
    convolutions: [usize; 5],
    options: &Options,
) -> Result<Model, ApplicationError> {
    let input = options.input(&Sides { application, usual: 224, least: 32 })?;
    let mut x = input.clone();
    let filters = [64, 128, 256, 512, 512];
    for (block, (filters, convolutions)) in (1..).zip(filters.into_iter().zip(convolutions)) {
        for number in 1..=convolutions {
            let layer = Conv2D::new(filters, 3).activation("relu").padding(Padding::Same);
            x = named(format!("block{block}_conv{number}"), layer, &x)?;
        }
        x = named(format!("block{block}_pool"), MaxPooling2D::new(2), &x)?;
    }
    let output = if options.include_top {
        x = named("flatten", Flatten::new(), &x)?;
        for name in ["fc1", "fc2"] {
            x = named(name, Dense::new(4096).activation("relu"), &x)?;
        }
        options.classifier(&x)?
    } else {
        options.pooled(&x)?
    };
    options.model(&application.to_lowercase(), &input, &output)
}
