//! A file that somebody cuts short in place while a training goes on takes nothing along.

use std::fs::{self, File};
use std::path::Path;

use dichroic::Tensor;
use dichroic::data::{Array, Dataset};
use dichroic::layers::{Dense, Flatten};
use dichroic::model::{Input, LayerRef, Model, Sequential};
use dichroic::train::{Compile, FitOptions, Loss, Optimizer, Trainer};
use dichroic_formats::{
    Contents, NameMap, load_arrays, read_keras, read_safetensors, write_keras, write_safetensors,
};

/// A model whose large layer is not trained, so that nothing but the care for the file makes a copy of its weights.
fn model() -> Model {
    Sequential::new()
        .add(Input::new(&[8, 8, 4]))
        .add(Flatten::new())
        .add(LayerRef::frozen(Dense::new(64)))
        .add(Dense::new(2))
        .finish()
        .unwrap()
}

/// Detaches the model from its file, cuts the file, and trains.
fn train_on(mut model: Model, path: &Path) {
    model.detach();
    File::options().write(true).open(path).unwrap().set_len(0).unwrap();
    let x = Tensor::new(vec![4, 8, 8, 4], vec![0.5; 4 * 256]).unwrap();
    let y = Tensor::new(vec![4, 2], [1.0, 0.0].repeat(4)).unwrap();
    let arrays = |name, tensor| vec![Array::from_tensor(name, tensor).unwrap()];
    let data = Dataset::new(arrays("x", x), arrays("y", y)).unwrap();
    let optimizer: Optimizer = "sgd".parse().unwrap();
    let loss: Loss = "mse".parse().unwrap();
    let compile = Compile::new(optimizer, loss);
    let mut trainer = Trainer::new(&model, compile).unwrap();
    trainer.fit(&mut model, &data, &FitOptions::default(), &mut []).unwrap();
    assert!(trainer.history().get("loss").unwrap()[0].is_finite());
    fs::remove_file(path).unwrap();
}

#[test]
#[cfg(target_endian = "little")]
fn a_training_goes_on_when_its_file_is_cut_short() {
    let mut written = model();
    written.build(3).unwrap();
    let path = |name: &str| {
        std::env::temp_dir().join(format!("dichroic-cut-{}-{name}", std::process::id()))
    };
    let file = path("a.safetensors");
    write_safetensors(&file, &written).unwrap();
    let mut read = model();
    load_arrays(&mut read, &read_safetensors(&file).unwrap(), &NameMap::default()).unwrap();
    assert!(read.parameters().unwrap().tensors()[0].is_shared());
    train_on(read, &file);
    let file = path("a.keras");
    write_keras(&file, &Contents::of(&written)).unwrap();
    train_on(read_keras(&file).unwrap().model, &file);
}
