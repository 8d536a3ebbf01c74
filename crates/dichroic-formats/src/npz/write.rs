//! Writes a model's weights as `.npz`.

use std::io::{self, Seek, Write};
use std::path::Path;

use dichroic::data::npy::{NpyArray, write_npy};
use dichroic::data::write_beside;
use dichroic::model::Model;
use dichroic_graph::kernels::tensor::Tensor;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::ENDING;
use crate::error::{FormatError, Located, Problem};
use crate::named::weights_by_path;

/// Arrays begin at a multiple of this, and so do their values: NumPy pads its headers to the same.
const ALIGNMENT: u16 = 64;

/// Writes the weights of a model, named by their paths (`conv2d/kernel`), whole or not at all.
///
/// The axes are Keras's. Nothing is compressed, as weights hardly shrink: `numpy.load` and our own reader take the
/// values where they lie.
///
/// # Errors
/// When the weights have no values, or the file can't be written.
pub fn write_npz(path: &Path, model: &Model) -> Result<(), FormatError> {
    let weights = weights_by_path(model).map_err(|error| error.of(path))?;
    write_beside(path, |file| write(file, &weights))
        .map_err(|error| Located::from(Problem::Io(error)).of(path))
}

fn write(writer: impl Write + Seek, weights: &[(&str, &Tensor)]) -> io::Result<()> {
    let mut zip = ZipWriter::new(writer);
    for (name, tensor) in weights {
        // No time of writing: the same weights give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .with_alignment(ALIGNMENT)
            .large_file(size_of_val(tensor.data()) as u64 >= u64::from(u32::MAX) / 2);
        zip.start_file(format!("{name}{ENDING}"), options)?;
        write_npy(&mut zip, &NpyArray::from(*tensor))?;
    }
    zip.finish()?.flush()
}
