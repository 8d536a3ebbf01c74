//! Writes a model's weights as safetensors.

use std::io::{self, Write};
use std::path::Path;

use dichroic::data::write_beside;
use dichroic::model::Model;
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::{Map, json};

use super::{METADATA, OURS};
use crate::error::{FormatError, Located, Problem};
use crate::named::weights_by_path;

/// The values begin at a multiple of this, so that they can be used in a mapped file where they lie.
const ALIGNMENT: usize = 64;

/// Writes the weights of a model, named by their paths (`conv2d/kernel`), whole or not at all.
///
/// The axes are Keras's; the metadata say so with `"format": "dichroic"`.
///
/// # Errors
/// When the weights have no values, or the file can't be written.
pub fn write_safetensors(path: &Path, model: &Model) -> Result<(), FormatError> {
    let weights = weights_by_path(model).map_err(|error| error.of(path))?;
    write_beside(path, |file| write(file, &weights))
        .map_err(|error| Located::from(Problem::Io(error)).of(path))
}

fn write(writer: &mut impl Write, weights: &[(&str, &Tensor)]) -> io::Result<()> {
    let mut header = Map::new();
    header.insert(METADATA.into(), json!({ "format": OURS }));
    let mut start = 0;
    for (name, tensor) in weights {
        let end = start + size_of_val(tensor.data());
        let entry =
            json!({ "dtype": "F32", "shape": tensor.shape(), "data_offsets": [start, end] });
        header.insert((*name).into(), entry);
        start = end;
    }
    let mut header = serde_json::to_vec(&header)?;
    let length = (8 + header.len()).next_multiple_of(ALIGNMENT) - 8;
    header.resize(length, b' ');
    writer.write_all(&(length as u64).to_le_bytes())?;
    writer.write_all(&header)?;
    let mut bytes = Vec::new();
    for piece in weights.iter().flat_map(|(_, tensor)| tensor.data().chunks(8192)) {
        bytes.clear();
        bytes.extend(piece.iter().flat_map(|value| value.to_le_bytes()));
        writer.write_all(&bytes)?;
    }
    Ok(())
}
