//! Writes a model as ONNX.
//!
//! The file is a graph for inference: what acts only in training is left out. Inside, images have their channels
//! second, as ONNX's convolutions take them; a value's axes are moved only where an operator needs another
//! order, so that between convolutions nothing is moved (`value.rs`). Every layer is one function (`layers/`) and
//! gives the operators that compute exactly the same; what ONNX can't say is refused by name.

mod encode;
mod graph;
mod layers;
mod scope;
mod value;
mod walk;

use std::path::Path;

use dichroic::layers::Mode;
use dichroic::model::Model;

use crate::error::{FormatError, Located, Problem};
use scope::Scope;

/// The operator sets that can be written.
const OPSETS: std::ops::RangeInclusive<i64> = 17..=21;

/// How a model is written as ONNX.
///
/// ```
/// use dichroic_formats::onnx::{Images, OnnxExport};
/// let options = OnnxExport { images: Images::ChannelsFirst, ..OnnxExport::default() };
/// assert_eq!(options.opset, 17);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnnxExport {
    /// The version of ONNX's operators, from 17 to 21.
    pub opset: i64,
    /// How images lie that come in and go out.
    pub images: Images,
    /// Whether weights go to a file of their own, `<name>.data`, whatever their size is. Above 2 GiB they always do.
    pub external_data: bool,
}

/// How the axes of images lie outside the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// `(batch, height, width, channels)`, so that the file takes the same data as the model.
    #[default]
    ChannelsLast,
    /// `(batch, channels, height, width)`, as most ONNX files have it; whatever has three axes or more is taken so.
    ChannelsFirst,
}

impl Default for OnnxExport {
    fn default() -> Self {
        Self { opset: *OPSETS.start(), images: Images::ChannelsLast, external_data: false }
    }
}

impl OnnxExport {
    /// The version of the file format that came with the operator set.
    fn ir_version(&self) -> i64 {
        match self.opset {
            ..=18 => 8,
            19 | 20 => 9,
            _ => 10,
        }
    }
}

/// Writes a model as an ONNX file, whole or not at all.
///
/// All values are `float`, and layers of policy `mixed_bfloat16` compute in full precision.
/// Inputs and outputs have the names of the model's layers, nodes those of the layers that they come from, and weights
/// their paths in the model. Open axes have names: `batch`, `height`, `width`.
///
/// # Errors
/// When the weights have no values, a layer or one of its arguments can't be said in ONNX (the error names
/// it), or the file can't be written.
///
/// # Source
/// [ONNX's IR](https://onnx.ai/onnx/repo-docs/IR.html) and [operators](https://onnx.ai/onnx/operators/).
///
/// ```
/// use dichroic::layers::{Conv2D, Flatten};
/// use dichroic::model::{Input, Sequential};
/// use dichroic_formats::onnx::{OnnxExport, write_onnx};
/// let mut model =
///     Sequential::new().add(Input::new(&[8, 8, 1])).add(Conv2D::new(4, 3)).add(Flatten::new()).finish()?;
/// model.build(0)?;
/// let path = std::env::temp_dir().join("dichroic-doc.onnx");
/// write_onnx(&path, &model, &OnnxExport::default())?;
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_onnx(path: &Path, model: &Model, options: &OnnxExport) -> Result<(), FormatError> {
    let write = || {
        if !OPSETS.contains(&options.opset) {
            let what = format!("opset {}", options.opset);
            let fix = format!("use one from {} to {}", OPSETS.start(), OPSETS.end());
            return Err(Located::from(Problem::Unsupported { what, fix }));
        }
        let graph = walk::graph_of(model, options)?;
        encode::write(path, &graph, options).map_err(Located::from)
    };
    write().map_err(|error| error.of(path))
}

/// Refuses a layer that is called for training: an ONNX graph has no such mode.
fn refuse_training(scope: &Scope<'_>) -> Result<(), Problem> {
    match scope.mode {
        Mode::Inference => Ok(()),
        Mode::Training => Err(scope.unsupported("a call with training=True", "leave training out")),
    }
}
