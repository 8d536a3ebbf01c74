//! The four convolutions that the project began with, counted and run.
//!
//!     cargo run --release -p dichroic --example seed_model

use dichroic::Tensor;
use dichroic::explain::{Column, Style, Summary, SummaryOptions};
use dichroic::layers::{Conv2D, Padding};
use dichroic::model::{Input, Sequential};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let conv = |filters, size| Conv2D::new(filters, size).padding(Padding::Same).use_bias(false);
    let mut model = Sequential::new()
        .add(Input::new(&[28, 28, 3]))
        .add(conv(32, 5))
        .add(conv(17, 3))
        .add(conv(13, 3))
        .add(conv(7, 3))
        .finish()?;

    let options = SummaryOptions { columns: vec![Column::Formula], ..SummaryOptions::default() };
    print!("{}", Summary::of(&model, None).render(Style::Keras3, &options)?);

    model.build(42)?;
    let pictures = Tensor::zeros(vec![2, 28, 28, 3])?;
    let feature_maps = model.predict(&[pictures])?;
    println!("two pictures in, feature maps of shape {:?} out", feature_maps[0].shape());
    Ok(())
}
