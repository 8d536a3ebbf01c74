//! Blocks of several kernel sizes side by side: InceptionV3.

use super::options::{Options, Sides};
use super::{ApplicationError, named};
use crate::layers::{
    Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D, Padding,
};
use crate::model::{Call, Model, ModelError, Symbol};

/// 94 convolutions in a stem and eleven blocks of parallel branches.
///
/// # Shapes
/// - input `(batch, 299, 299, 3)`, sides at least 75
/// - output `(batch, classes)`; without the classifier `(batch, height, width, 2048)`, 8×8 for 299×299, or `(batch, 2048)` pooled
///
/// # Errors
/// When an option is out of range or a layer refuses its input.
///
/// # Source
/// C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, Rethinking the Inception Architecture for Computer Vision, 2015;
/// `keras.applications.InceptionV3`
pub fn inception_v3(options: &Options) -> Result<Model, ApplicationError> {
    let input = options.input(&Sides { application: "InceptionV3", usual: 299, least: 75 })?;
    let mut x = stem(&input)?;
    for (block, pooled) in [32, 64, 64].into_iter().enumerate() {
        x = five_by_five(block, &x, pooled)?;
    }
    x = to_17_by_17(&x)?;
    for (block, filters) in (4..).zip([128, 160, 160, 192]) {
        x = seven_by_seven(block, &x, filters)?;
    }
    x = to_8_by_8(&x)?;
    for block in [9, 10] {
        x = split_three_by_three(block, &x)?;
    }
    // The pooled output of the network without classifier has an automatic name, as in Keras.
    options.model("inception_v3", &input, &options.top(&x)?)
}

/// The layers before the first block: 299×299 to 35×35.
fn stem(input: &Symbol) -> Result<Symbol, ModelError> {
    let mut x = conv_bn(input, Conv2D::new(32, 3).strides(2))?;
    x = conv_bn(&x, Conv2D::new(32, 3))?;
    x = branch(&x, &[(64, [3, 3])])?;
    x = MaxPooling2D::new(3).strides(2).call(&x)?;
    x = conv_bn(&x, Conv2D::new(80, 1))?;
    x = conv_bn(&x, Conv2D::new(192, 3))?;
    MaxPooling2D::new(3).strides(2).call(&x)
}

fn five_by_five(block: usize, x: &Symbol, pooled: usize) -> Result<Symbol, ModelError> {
    let branches = [
        branch(x, &[(64, [1, 1])])?,
        branch(x, &[(48, [1, 1]), (64, [5, 5])])?,
        branch(x, &[(64, [1, 1]), (96, [3, 3]), (96, [3, 3])])?,
        pool_branch(x, pooled)?,
    ];
    named(format!("mixed{block}"), joined(), branches)
}

fn to_17_by_17(x: &Symbol) -> Result<Symbol, ModelError> {
    let single = conv_bn(x, Conv2D::new(384, 3).strides(2))?;
    let double = branch(x, &[(64, [1, 1]), (96, [3, 3])])?;
    let double = conv_bn(&double, Conv2D::new(96, 3).strides(2))?;
    let pool = MaxPooling2D::new(3).strides(2).call(x)?;
    named("mixed3", joined(), [single, double, pool])
}

/// 7×7 kernels as a row after a column.
fn seven_by_seven(block: usize, x: &Symbol, filters: usize) -> Result<Symbol, ModelError> {
    let (row, column) = ([1, 7], [7, 1]);
    let single = [(filters, [1, 1]), (filters, row), (192, column)];
    let double =
        [(filters, [1, 1]), (filters, column), (filters, row), (filters, column), (192, row)];
    let branches = [
        branch(x, &[(192, [1, 1])])?,
        branch(x, &single)?,
        branch(x, &double)?,
        pool_branch(x, 192)?,
    ];
    named(format!("mixed{block}"), joined(), branches)
}

fn to_8_by_8(x: &Symbol) -> Result<Symbol, ModelError> {
    let narrow = branch(x, &[(192, [1, 1])])?;
    let narrow = conv_bn(&narrow, Conv2D::new(320, 3).strides(2))?;
    let wide = branch(x, &[(192, [1, 1]), (192, [1, 7]), (192, [7, 1])])?;
    let wide = conv_bn(&wide, Conv2D::new(192, 3).strides(2))?;
    let pool = MaxPooling2D::new(3).strides(2).call(x)?;
    named("mixed8", joined(), [narrow, wide, pool])
}

/// A row and a column side by side, after one convolution and after two.
fn split_three_by_three(block: usize, x: &Symbol) -> Result<Symbol, ModelError> {
    let split = |x: &Symbol| -> Result<[Symbol; 2], ModelError> {
        Ok([branch(x, &[(384, [1, 3])])?, branch(x, &[(384, [3, 1])])?])
    };
    let point = branch(x, &[(320, [1, 1])])?;
    let single = split(&branch(x, &[(384, [1, 1])])?)?;
    let single = named(format!("mixed9_{}", block - 9), joined(), single)?;
    let double = split(&branch(x, &[(448, [1, 1]), (384, [3, 3])])?)?;
    let double = joined().call(double)?;
    let pool = pool_branch(x, 192)?;
    named(format!("mixed{block}"), joined(), [point, single, double, pool])
}

/// The mean of each neighbourhood, then a 1×1 convolution.
fn pool_branch(x: &Symbol, filters: usize) -> Result<Symbol, ModelError> {
    let pool = AveragePooling2D::new(3).strides(1).padding(Padding::Same);
    branch(&pool.call(x)?, &[(filters, [1, 1])])
}

/// Convolutions that keep height and width, given by filters and kernel size.
fn branch(x: &Symbol, convolutions: &[(usize, [usize; 2])]) -> Result<Symbol, ModelError> {
    convolutions.iter().try_fold(x.clone(), |x, &(filters, kernel_size)| {
        conv_bn(&x, Conv2D::new(filters, kernel_size).padding(Padding::Same))
    })
}

/// A convolution without bias, its normalisation without gamma, and ReLU; their names are automatic, as in Keras.
fn conv_bn(x: &Symbol, layer: Conv2D) -> Result<Symbol, ModelError> {
    let x = layer.use_bias(false).call(x)?;
    let x = BatchNormalization::new().axis(3).scale(false).call(&x)?;
    Activation::new("relu").call(&x)
}

fn joined() -> Concatenate {
    Concatenate::new().axis(3)
}
