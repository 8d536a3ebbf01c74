//! Writes ONNX files with data and predictions for `.ci/onnx_interop.py` and `.ci/keras_operations.py`.
//!
//!     cargo run --release -p dichroic-formats --example onnx_cases -- FOLDER

use std::error::Error;
use std::path::{Path, PathBuf};

use dichroic::Tensor;
use dichroic::data::npy::NpyArray;
use dichroic::data::npz::write_npz;
use dichroic::model::Model;
use dichroic_formats::onnx::{Images, write_onnx};
use dichroic_formats::{Contents, write_keras};
use serde_json::json;

#[path = "../tests/onnx_export/cases.rs"]
mod cases;
#[path = "../tests/onnx_export/networks.rs"]
mod networks;
#[path = "../tests/onnx_export/operations.rs"]
mod operations;

use cases::Case;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: onnx_cases FOLDER")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let mut index = Vec::new();
    let mut failed = 0;
    for case in cases::cases(true) {
        let first = case.options.images == Images::ChannelsFirst;
        match write(&folder, &case) {
            Ok(keras) => {
                let unknown = case.model.unknown_to_keras();
                index.push(json!({
                    "name": case.name, "channels_first": first, "keras": keras, "unknown": unknown,
                }));
            }
            Err(error) => {
                eprintln!("FAIL {}: {error}", case.name);
                failed += 1;
            }
        }
    }
    std::fs::write(folder.join("index.json"), serde_json::to_string(&index)?)?;
    if failed > 0 {
        return Err(format!("{failed} models could not be written").into());
    }
    println!("{} cases", index.len());
    Ok(())
}

/// Whether a model holds operations, all of which Keras has or can be made of what it has.
fn has_operations_of_keras(model: &Model) -> bool {
    let config = model.to_config().to_string();
    let written = config.contains("keras.src.ops.") || config.contains("\"dichroic\":");
    written && model.unknown_to_keras().is_empty()
}

/// A case as `NAME.onnx` and `NAME.npz` with arrays `in0`, …, `out0`, …; as `NAME.keras` too, where Keras
/// has all its operations, and then true.
fn write(folder: &Path, case: &Case) -> Result<bool, Box<dyn Error>> {
    write_onnx(&folder.join(format!("{}.onnx", case.name)), &case.model, &case.options)?;
    let outputs = case.model.predict(&case.inputs)?;
    let numbered = |kind: &str, tensors: &[Tensor]| -> Vec<(String, NpyArray)> {
        let arrays = tensors.iter().enumerate();
        arrays.map(|(i, tensor)| (format!("{kind}{i}"), NpyArray::from(tensor))).collect()
    };
    let arrays: Vec<_> = [numbered("in", &case.inputs), numbered("out", &outputs)].concat();
    write_npz(&folder.join(format!("{}.npz", case.name)), &arrays)?;
    // The other operator set and the other order of axes make no other `.keras` file.
    let same = case.options.opset == 21 || case.options.images == Images::ChannelsFirst;
    let keras = !same && has_operations_of_keras(&case.model);
    if keras {
        write_keras(&folder.join(format!("{}.keras", case.name)), &Contents::of(&case.model))?;
    }
    Ok(keras)
}
