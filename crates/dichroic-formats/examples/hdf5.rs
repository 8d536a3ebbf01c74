//! Predicts with an HDF5 file, and turns one model file into another; `.ci/hdf5_interop.py` runs it beside Keras.
//!
//! ```text
//! hdf5 predict MODEL.h5 INPUTS.npz OUTPUTS.npz
//! hdf5 convert MODEL.h5|MODEL.keras MODEL.h5|MODEL.keras|WEIGHTS.weights.h5|WEIGHTS-weights.h5
//! hdf5 load MODEL.h5 WEIGHTS.h5 name|topology MODEL.h5
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use dichroic::data::Limits;
use dichroic::data::npy::NpyArray;
use dichroic::data::npz::{read_npz, write_npz};
use dichroic::model::Model;
use dichroic_formats::{
    Matching, SavedModel, is_hdf5, read_hdf5, read_hdf5_weights, read_keras, write_hdf5,
    write_hdf5_weights, write_keras,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["predict", model, inputs, outputs] => {
            predict(&read(model)?.model, Path::new(inputs), Path::new(outputs))
        }
        ["convert", from, to] => write(&read(from)?, to),
        ["load", model, weights, how, to] => {
            let matching = if how == "name" { Matching::ByName } else { Matching::ByTopology };
            let mut file = read(model)?;
            // Other values than those of the file, so that none can be left over.
            file.model.build(1)?;
            read_hdf5_weights(Path::new(weights), &mut file.model, matching)?;
            write(&file, to)
        }
        _ => Err("say predict, convert or load, and the files".into()),
    }
}

fn read(path: &str) -> Result<SavedModel, Box<dyn Error>> {
    let path = Path::new(path);
    Ok(if is_hdf5(path) { read_hdf5(path)? } else { read_keras(path)? })
}

fn write(file: &SavedModel, to: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::new(to);
    if to.ends_with("weights.h5") {
        write_hdf5_weights(path, &file.model)?;
    } else if to.ends_with(".h5") {
        write_hdf5(path, &file.contents())?;
    } else {
        write_keras(path, &file.contents())?;
    }
    Ok(())
}

fn predict(model: &Model, inputs: &Path, outputs: &Path) -> Result<(), Box<dyn Error>> {
    let mut arrays: HashMap<_, _> = read_npz(inputs, &Limits::default())?.into_iter().collect();
    let mut given = Vec::new();
    for name in model.input_names() {
        let array = arrays.remove(&name).ok_or_else(|| format!("no input {name:?}"))?;
        given.push(array.into_tensor()?);
    }
    let made = model.predict(&given)?;
    let named = made
        .into_iter()
        .enumerate()
        .map(|(number, output)| (format!("output{number}"), NpyArray::from(&output)));
    write_npz(outputs, &named.collect::<Vec<_>>())?;
    Ok(())
}
