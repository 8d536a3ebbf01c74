//! ONNX files: what other programs exported, as a model of layers, and models for other programs.

mod export;
mod import;
mod proto;
mod table;

use std::collections::HashMap;
use std::path::Path;

use dichroic::model::Model;
use dichroic_graph::kernels::mapped::SharedBytes;

use crate::error::{FormatError, Located, Problem};
pub use export::{Images, OnnxExport, write_onnx};
pub use import::{KnownInput, Port};
pub use table::operator_table;

/// What a user says about a file before it is read.
#[derive(Clone, Debug, Default)]
pub struct OnnxOptions {
    /// Sizes for inputs by name, in the file's order, batch first, where the file leaves them open.
    pub input_shapes: HashMap<String, Vec<usize>>,
    /// The sizes of one item of the only input, without the batch, in the order in which the model takes them: channels last
    /// where the first that reads the input looks along space.
    pub sample_shape: Option<Vec<usize>>,
    /// Values for inputs by name that then are constants.
    pub known_inputs: HashMap<String, KnownInput>,
}

/// A model from an ONNX file.
#[derive(Debug)]
pub struct ImportedOnnx {
    /// The model, channels last, with the values of its weights.
    pub model: Model,
    /// Its inputs, in the order of the file and of the model.
    pub inputs: Vec<Port>,
    /// Its outputs, in the order of the file and of the model.
    pub outputs: Vec<Port>,
}

/// Reads an ONNX file of operator set 7 to 23, with its external data.
///
/// Channels come last in the model where the file has them first; each [`Port`] says how an input or output lies.
/// A batch of 1, or one with a name, becomes an open batch if all nodes allow it.
///
/// # Errors
/// When the file can't be read, is no ONNX model, or needs something that is not supported: the error names
/// the node, the operator and what about it.
///
/// ```no_run
/// use dichroic_formats::onnx::{OnnxOptions, read_onnx};
/// let imported = read_onnx("mobilenet.onnx".as_ref(), &OnnxOptions::default())?;
/// println!("{:?}", imported.inputs[0].shape);
/// # Ok::<(), dichroic_formats::FormatError>(())
/// ```
///
/// # Source
/// `onnx/onnx.proto` and `docs/Operators.md` of ONNX 1.18
pub fn read_onnx(path: &Path, options: &OnnxOptions) -> Result<ImportedOnnx, FormatError> {
    let located = |error: Located| error.of(path);
    let bytes = SharedBytes::open(path).map_err(|error| located(Problem::from(error).into()))?;
    read(&bytes, path.parent().unwrap_or(Path::new("")), options).map_err(located)
}

fn read(bytes: &[u8], folder: &Path, options: &OnnxOptions) -> Result<ImportedOnnx, Located> {
    let model = proto::parse(bytes)?;
    let external = proto::External::of(&model, folder)?;
    import::import(&model, &external, options)
}
