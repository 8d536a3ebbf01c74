//! A small residual network in the functional style, trained on the photographs that ship inside.
//!
//!     cargo run --release -p dichroic --example residual_network

use dichroic::data;
use dichroic::layers::{
    Activation, Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, Padding, Rescaling,
};
use dichroic::model::{Call, Input, Model, ModelError, Symbol};
use dichroic::train::callbacks::ProgressLines;
use dichroic::train::{Compile, FitOptions, Trainer, Validation};

fn conv(x: &Symbol, filters: usize, strides: usize) -> Result<Symbol, ModelError> {
    let layer = Conv2D::new(filters, 3).strides(strides).padding(Padding::Same).use_bias(false);
    BatchNormalization::new().call(&layer.call(x)?)
}

/// Two convolutions beside a shortcut; the shortcut is a 1×1 convolution where the shape changes.
fn block(x: &Symbol, filters: usize, strides: usize) -> Result<Symbol, ModelError> {
    let inner = Activation::new("relu").call(&conv(x, filters, strides)?)?;
    let inner = conv(&inner, filters, 1)?;
    let shortcut =
        if strides == 1 { x.clone() } else { Conv2D::new(filters, 1).strides(strides).call(x)? };
    Activation::new("relu").call(&Add::new().call(vec![inner, shortcut])?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let photos = data::named("photos")?;
    let test = photos.test.ok_or("the photographs come with test patches")?;
    let input = Input::new(&[32, 32, 3]);
    let mut x = Rescaling::new(1.0 / 255.0).call(&input)?;
    x = Activation::new("relu").call(&conv(&x, 16, 2)?)?;
    for (filters, strides) in [(16, 1), (32, 2), (64, 2)] {
        x = block(&x, filters, strides)?;
    }
    let x = GlobalAveragePooling2D::new().call(&x)?;
    let output = Dense::new(10).activation("softmax").call(&x)?;
    let mut model = Model::new(&input, &output)?;
    model.build(0)?;
    println!("{} parameters", model.count_params());

    let compile = Compile::named("adam", "sparse_categorical_crossentropy", &["accuracy"])?;
    let mut trainer = Trainer::new(&model, compile)?;
    let options =
        FitOptions { epochs: 3, validation: Validation::Data(&test), ..FitOptions::default() };
    let mut progress = ProgressLines::new(std::io::stdout());
    trainer.fit(&mut model, &photos.train, &options, &mut [&mut progress])?;
    Ok(())
}
