//! Trains on a folder that holds one folder of pictures for each class.
//!
//!     cargo run --release -p dichroic --example train_on_a_folder -- path/to/pictures

use dichroic::data::{self, PictureShape, ReadOptions};
use dichroic::layers::{Conv2D, Dense, Dropout, GlobalAveragePooling2D, MaxPooling2D, Rescaling};
use dichroic::model::{Input, Sequential};
use dichroic::train::callbacks::{EarlyStopping, Monitor, ProgressLines};
use dichroic::train::{Compile, FitOptions, Trainer, Validation};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder with one folder for each class")?;
    let picture = PictureShape { height: 64, width: 64, channels: 3 };
    let options = ReadOptions { picture: Some(picture), ..ReadOptions::default() };
    let data = data::open(folder.as_ref(), &options)?.train;
    let classes = data.class_names().len();
    println!("{} pictures of {classes} classes: {}", data.len(), data.class_names().join(", "));

    let mut model = Sequential::new()
        .add(Input::new(&[64, 64, 3]))
        .add(Rescaling::new(1.0 / 255.0))
        .add(Conv2D::new(32, 3).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Conv2D::new(64, 3).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Conv2D::new(128, 3).activation("relu"))
        .add(GlobalAveragePooling2D::new())
        .add(Dropout::new(0.3))
        .add(Dense::new(classes).activation("softmax"))
        .finish()?;
    model.build(0)?;

    let compile = Compile::named("adam", "sparse_categorical_crossentropy", &["accuracy"])?;
    let mut trainer = Trainer::new(&model, compile)?;
    let options =
        FitOptions { epochs: 30, validation: Validation::Split(0.2), ..FitOptions::default() };
    let mut patience = EarlyStopping::new(Monitor::new("val_loss"), 5).restore_best_weights();
    let mut progress = ProgressLines::new(std::io::stdout());
    trainer.fit(&mut model, &data, &options, &mut [&mut progress, &mut patience])?;
    Ok(())
}
