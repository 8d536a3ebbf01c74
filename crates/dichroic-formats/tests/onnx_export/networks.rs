//! Whole networks to export.

use dichroic::Shape;
use dichroic::applications::{self, Options};
use dichroic::layers::*;
use dichroic::model::{Call, CallOptions, Input, LayerRef, Model, Sequential};

use super::cases::Case;

/// Small graphs, each for something that no single layer shows.
pub fn graphs() -> Vec<Case> {
    vec![
        Case::of("pyramid", pyramid(), &[&[2, 16, 16, 3]]),
        Case::of("pyramid", pyramid(), &[&[2, 16, 16, 3]]).channels_first(),
        Case::of("pyramid", pyramid(), &[&[2, 16, 16, 3]]).external(),
        Case::of("classifier", classifier(), &[&[3, 12, 12, 3]]),
        Case::of("classifier", classifier(), &[&[3, 12, 12, 3]]).opset(20),
        Case::of("two_inputs", two_inputs(), &[&[2, 8, 8, 3], &[2, 5]]),
        Case::of("two_inputs", two_inputs(), &[&[2, 8, 8, 3], &[2, 5]]).channels_first(),
        Case::of("nested", nested(), &[&[2, 8, 8, 3]]),
        Case::of("shared", shared(), &[&[2, 8, 8, 3]]),
        Case::of("open", open(), &[&[2, 11, 9, 3]]),
        Case::of("generator", generator(), &[&[2, 7]]),
        Case::of("outputs", outputs(), &[&[2, 6, 6, 2]]),
        Case::of("series", series(), &[&[2, 9, 4]]),
    ]
}

/// Known networks with drawn weights, on pictures smaller than usual.
pub fn applications() -> Vec<Case> {
    let small = |name: &str, size: usize| {
        let options = Options::default().input_shape([size, size, 3]);
        let mut model = applications::by_name(name, &options).expect(name);
        model.build(7).expect("initial values");
        let inputs = vec![super::cases::noise(name, vec![1, size, size, 3], -2.0..2.0)];
        Case { name: name.to_owned(), model, inputs, options: Default::default() }
    };
    vec![
        small("ResNet50", 64),
        small("MobileNetV2", 96),
        small("MobileNet", 96).channels_first(),
        small("InceptionV3", 75),
        small("VGG16", 32).external(),
    ]
}

fn pyramid() -> Model {
    let x = Input::named("image", &[16, 16, 3]);
    let y = Rescaling::new(0.5).offset(-1.0).call(&x).unwrap();
    let y = ZeroPadding2D::new(((0, 1), (0, 1))).call(&y).unwrap();
    let y = Conv2D::new(8, 3).strides(2).use_bias(false).call(&y).unwrap();
    let y = BatchNormalization::new().call(&y).unwrap();
    let low = ReLU::new().call(&y).unwrap();
    let y = SeparableConv2D::new(8, 3).padding(Padding::Same).call(&low).unwrap();
    let y = MaxPooling2D::new(2).call(&y).unwrap();
    let y = UpSampling2D::new(2).interpolation(Interpolation::Bilinear).call(&y).unwrap();
    let y = Concatenate::new().call([&low, &y]).unwrap();
    let y = Conv2DTranspose::new(4, 3).strides(2).padding(Padding::Same).call(&y).unwrap();
    Model::new(&x, &y).unwrap()
}

fn classifier() -> Model {
    let x = Input::new(&[12, 12, 3]);
    let y = Conv2D::new(6, 3).activation("gelu").call(&x).unwrap();
    let y = AveragePooling2D::new(2).padding(Padding::Same).call(&y).unwrap();
    let y = DepthwiseConv2D::new(3).activation("mish").call(&y).unwrap();
    let y = Flatten::new().call(&y).unwrap();
    let y = Dropout::new(0.4).call(&y).unwrap();
    let y = Dense::new(9).activation("relu").call(&y).unwrap();
    let y = Dense::new(5).activation("softmax").call(&y).unwrap();
    Model::new(&x, &y).unwrap()
}

fn two_inputs() -> Model {
    let image = Input::named("image", &[8, 8, 3]);
    let facts = Input::named("facts", &[5]);
    let y = Conv2D::new(4, 3).padding(Padding::Same).call(&image).unwrap();
    let gate = Dense::new(4).activation("sigmoid").call(&facts).unwrap();
    let gated = Multiply::new().call([&y, &gate]).unwrap();
    let seen = Flatten::new().call(&gated).unwrap();
    let joined = Concatenate::new().call([&seen, &facts]).unwrap();
    let y = Dense::new(3).call(&joined).unwrap();
    Model::new([&image, &facts], [&gated, &y]).unwrap()
}

fn block() -> Model {
    Sequential::named("block")
        .add(Input::new(&[8, 8, 3]))
        .add(Conv2D::new(3, 3).padding(Padding::Same))
        .add(LayerNormalization::new())
        .add(Activation::new("silu"))
        .finish()
        .unwrap()
}

fn nested() -> Model {
    let block = LayerRef::from(block());
    let x = Input::new(&[8, 8, 3]);
    let y = block.call(block.call(&x).unwrap()).unwrap();
    let y = GlobalAveragePooling2D::new().keepdims(true).call(&y).unwrap();
    Model::new(&x, &y).unwrap()
}

fn shared() -> Model {
    let x = Input::new(&[8, 8, 3]);
    let kernel = LayerRef::named("kernel", Conv2D::new(3, 3).padding(Padding::Same));
    let head = LayerRef::named("head", Dense::new(4));
    let a = kernel.call(&x).unwrap();
    let b = kernel.call(&a).unwrap();
    let flat = |x| head.call(Flatten::new().call(x).unwrap()).unwrap();
    // The same weights on maps in two orders: rows are permuted for one of them only.
    let sum = Add::new().call([flat(&a), flat(&b), flat(&x)]).unwrap();
    Model::new(&x, &sum).unwrap()
}

fn open() -> Model {
    let x = Input::with(Some("image".into()), Shape::new([None, None, None, Some(3)]));
    let y = Conv2D::new(4, 3).strides(2).padding(Padding::Same).call(&x).unwrap();
    let y = MaxPooling2D::new(3).strides(2).padding(Padding::Same).call(&y).unwrap();
    let y = Conv2D::new(4, 4).padding(Padding::Same).call(&y).unwrap();
    let y = GlobalMaxPooling2D::new().call(&y).unwrap();
    Model::new(&x, &y).unwrap()
}

fn generator() -> Model {
    Sequential::new()
        .add(Input::new(&[7]))
        .add(Dense::new(3 * 4 * 5).activation("leaky_relu"))
        .add(Reshape::new([3, 4, 5]))
        .add(Conv2DTranspose::new(4, 4).strides(2).padding(Padding::Same))
        .add(UpSampling2D::new(2))
        .add(Cropping2D::new(((1, 0), (0, 2))))
        .add(Conv2D::new(2, 3).activation("tanh"))
        .finish()
        .unwrap()
}

/// An input that goes out, a value that goes out twice, flattened maps that nobody reads.
fn outputs() -> Model {
    let x = Input::named("x", &[6, 6, 2]);
    let y = Conv2D::new(3, 3).call(&x).unwrap();
    let same = Dropout::new(0.5).call_with(&y, CallOptions::default()).unwrap().remove(0);
    let turned = Permute::new([3, 1, 2]).call(&y).unwrap();
    let flat = Flatten::new().call(&y).unwrap();
    Model::new(&x, [&x, &y, &same, &turned, &flat]).unwrap()
}

fn series() -> Model {
    let x = Input::new(&[9, 4]);
    let y = Conv1D::new(6, 3).padding(Padding::Causal).dilation_rate(2).call(&x).unwrap();
    let z = Dense::new(6).activation("elu").call(&y).unwrap();
    let y = Average::new().call([&y, &z]).unwrap();
    let y = LayerNormalization::new().call(&y).unwrap();
    let y = GlobalAveragePooling1D::new().call(&y).unwrap();
    let y = RepeatVector::new(3).call(&y).unwrap();
    Model::new(&x, &y).unwrap()
}
