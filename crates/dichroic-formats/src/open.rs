//! A model from a file of any format that holds one.

use std::path::Path;

use dichroic::model::{Model, Outline};

use crate::error::{FormatError, Problem};
use crate::hdf5::{read_hdf5, read_hdf5_outline};
use crate::keras::{SavedModel, SavedTraining, read_keras, read_outline};
use crate::kind::FileKind;
use crate::onnx::{ImportedOnnx, OnnxOptions, read_onnx};

/// What a user says about a file before it is read.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The shape of the only input without the batch, channels last, for files that leave it open.
    pub input_shape: Option<Vec<usize>>,
}

/// A model from a file.
#[derive(Debug)]
pub enum Opened {
    /// From a file of Keras: `.keras` or `.h5`.
    Keras(SavedModel),
    /// From an ONNX file.
    Onnx(ImportedOnnx),
}

impl Opened {
    /// The model.
    pub fn model(&self) -> &Model {
        match self {
            Self::Keras(saved) => &saved.model,
            Self::Onnx(imported) => &imported.model,
        }
    }

    /// The model with all that a file of Keras can say about it.
    pub fn into_saved(self) -> SavedModel {
        match self {
            Self::Keras(saved) => saved,
            Self::Onnx(imported) => SavedModel {
                model: imported.model,
                class_names: Vec::new(),
                training: SavedTraining::None,
            },
        }
    }
}

/// Opens a model file of any format, told by its content.
///
/// # Errors
/// When the file can't be read, is of no format that holds a model, or its model can't be made.
///
/// ```no_run
/// use dichroic_formats::{OpenOptions, open_model};
/// let opened = open_model("mobilenet.onnx".as_ref(), &OpenOptions::default())?;
/// println!("{} parameters", opened.model().count_params());
/// # Ok::<(), dichroic_formats::FormatError>(())
/// ```
pub fn open_model(path: &Path, options: &OpenOptions) -> Result<Opened, FormatError> {
    let refused = |problem: Problem| problem.at("").of(path);
    let has_own_shape = |kind: FileKind| {
        refused(Problem::Unsupported {
            what: format!("another input shape for {kind}"),
            fix: "it has its own; leave out the input shape".into(),
        })
    };
    match FileKind::of(path)? {
        Some(kind @ (FileKind::Keras | FileKind::Hdf5)) if options.input_shape.is_some() => {
            Err(has_own_shape(kind))
        }
        Some(FileKind::Keras) => read_keras(path).map(Opened::Keras),
        Some(FileKind::Hdf5) => read_hdf5(path).map(Opened::Keras),
        Some(FileKind::Onnx) => {
            let sample_shape = options.input_shape.clone();
            read_onnx(path, &OnnxOptions { sample_shape, ..OnnxOptions::default() })
                .map(Opened::Onnx)
        }
        Some(kind) => Err(refused(Problem::Missing {
            what: format!("the architecture, which {kind} does not hold,"),
            fix: "load the weights into a model".into(),
        })),
        None => Err(refused(Problem::malformed("a model file", "something else"))),
    }
}

/// What a file of Keras says about its layers, those that are refused included; `None` for other formats.
///
/// # Errors
/// When the file can't be read, is damaged, or holds no list of layers.
pub fn open_outline(path: &Path) -> Result<Option<Outline>, FormatError> {
    match FileKind::of(path)? {
        Some(FileKind::Keras) => read_outline(path).map(Some),
        Some(FileKind::Hdf5) => read_hdf5_outline(path).map(Some),
        _ => Ok(None),
    }
}
