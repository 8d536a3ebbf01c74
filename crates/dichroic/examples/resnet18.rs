//! ResNet-18 as torchvision defines it, in the functional style.
//!
//!     cargo run --release -p dichroic --example resnet18

use dichroic::explain::{Costs, Style, Summary, SummaryOptions};
use dichroic::layers::{
    Activation, Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D,
    ZeroPadding2D,
};
use dichroic::model::{Call, Input, LayerRef, Model, ModelError, Symbol};

/// What torchvision's own model holds for 1000 classes.
const PARAMETERS: u64 = 11_689_512;

/// A convolution without bias and its normalisation; PyTorch pads both sides alike, which `same` does not with strides.
fn conv(name: &str, x: &Symbol, layer: Conv2D) -> Result<Symbol, ModelError> {
    let margin = layer.kernel_size.as_slice()[0] / 2;
    let padded = if margin > 0 { ZeroPadding2D::new(margin).call(x)? } else { x.clone() };
    let y = LayerRef::named(format!("{name}_conv"), layer.use_bias(false)).call(&padded)?;
    // PyTorch's momentum of 0.1 is the share of the new value, Keras's 0.9 that of the old.
    let norm = BatchNormalization::new().epsilon(1e-5).momentum(0.9);
    LayerRef::named(format!("{name}_bn"), norm).call(&y)
}

fn relu(x: &Symbol) -> Result<Symbol, ModelError> {
    Activation::new("relu").call(x)
}

/// Two 3×3 convolutions beside a shortcut; the shortcut is a 1×1 convolution where the shape changes.
fn block(name: &str, x: &Symbol, filters: usize, strides: usize) -> Result<Symbol, ModelError> {
    let inner = conv(&format!("{name}_1"), x, Conv2D::new(filters, 3).strides(strides))?;
    let inner = conv(&format!("{name}_2"), &relu(&inner)?, Conv2D::new(filters, 3))?;
    let shortcut = if x.shape().channels() == Some(filters) {
        x.clone()
    } else {
        conv(&format!("{name}_0"), x, Conv2D::new(filters, 1).strides(strides))?
    };
    relu(&Add::new().call([&inner, &shortcut])?)
}

fn resnet18(input_shape: &[usize], classes: usize) -> Result<Model, ModelError> {
    let input = Input::new(input_shape);
    let mut x = relu(&conv("stem", &input, Conv2D::new(64, 7).strides(2))?)?;
    // After ReLU nothing is below 0, so that padding with zeros and with -∞ give the same maximum.
    x = MaxPooling2D::new(3).strides(2).call(&ZeroPadding2D::new(1).call(&x)?)?;
    for (layer, filters) in (1..).zip([64, 128, 256, 512]) {
        let strides = if layer == 1 { 1 } else { 2 };
        x = block(&format!("layer{layer}_0"), &x, filters, strides)?;
        x = block(&format!("layer{layer}_1"), &x, filters, 1)?;
    }
    let x = GlobalAveragePooling2D::new().call(&x)?;
    Model::named("resnet18", &input, &LayerRef::named("fc", Dense::new(classes)).call(&x)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = resnet18(&[224, 224, 3], 1000)?;
    print!("{}", Summary::of(&model, None).render(Style::Keras3, &SummaryOptions::default())?);
    let trainable = model.count_trainable();
    let verdict =
        if trainable == PARAMETERS { "as in torchvision" } else { "not as in torchvision" };
    println!("{trainable} trainable parameters, {verdict}");
    if let Some(macs) = Costs::of(&model).macs(&model) {
        println!("{macs} multiply-adds for one picture");
    }
    Ok(())
}
