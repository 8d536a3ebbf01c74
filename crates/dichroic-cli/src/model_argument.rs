//! What MODEL can be, and how it is found: by what a file holds, not by its name.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use dichroic::applications;
use dichroic::explain::Style;
use dichroic::model::Model;
use dichroic_formats::{SavedModel, SavedTraining, read_keras};
use dichroic_script::{Options, Outcome, Script};

use crate::failure::Failure;

/// MODEL and the input shape that inline code may need.
#[derive(Debug, Args)]
pub struct ModelArgument {
    /// A Keras script (model.py, model.py:name), a .keras file, Keras code ("Conv2D(56, 4)"), or app:ResNet50
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Input shape without the batch, for code that gives none and for app: 9,9,5
    #[arg(long, value_name = "H,W,C")]
    pub input: Option<InputShape>,
}

/// The axes of an input without the batch, as written on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputShape(pub Vec<usize>);

impl FromStr for InputShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let axis = |axis: &str| {
            if axis.trim() == "None" {
                return Err("an open size can't be given here; write keras.Input((None, None, 3)) in a script".to_owned());
            }
            let size = axis.trim().parse::<usize>().ok().filter(|&size| size > 0);
            size.ok_or_else(|| format!("{axis:?} is not a size; write the axes like 28,28,3"))
        };
        let text = text.trim().trim_start_matches('(').trim_end_matches(')');
        text.trim_end_matches(',').split(',').map(axis).collect::<Result<_, _>>().map(Self)
    }
}

/// What a MODEL names.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A script, and the model in it that is asked for by name.
    Script { path: PathBuf, source: String, name: Option<String> },
    /// An archive as Keras 3 writes it.
    Keras(PathBuf),
    /// Code on the command line.
    Inline(String),
    /// A network of `keras.applications`, by Keras's name.
    Application(String),
}

/// A model with what its source says beside it.
pub struct Loaded {
    /// The model; one from code has no values for its weights yet.
    pub model: Model,
    /// The names of the classes, from a file that knows them.
    pub class_names: Vec<String>,
    /// What a file says about training.
    pub training: SavedTraining,
    /// The seed that a script sets.
    pub seed: Option<u64>,
}

impl ModelArgument {
    /// The model, with layers named as current Keras names them.
    ///
    /// # Errors
    /// When MODEL names nothing, or what it names can't be read.
    pub fn load(&self) -> Result<Loaded, Failure> {
        load(&self.model, self.input.as_ref(), Style::Keras3)
    }

    /// The model, with layers named as that Keras names them.
    ///
    /// # Errors
    /// As [`ModelArgument::load`].
    pub fn load_styled(&self, style: Style) -> Result<Loaded, Failure> {
        load(&self.model, self.input.as_ref(), style)
    }
}

impl Loaded {
    /// The same with values for the weights: those of the file, or drawn from a seed.
    ///
    /// # Errors
    /// When the model has no input shape.
    pub fn with_values(mut self, seed: u64) -> Result<Self, Failure> {
        if !self.model.has_values() {
            self.model.build(self.seed.unwrap_or(seed)).map_err(Failure::input)?;
        }
        Ok(self)
    }

    /// The values that a built optimizer keeps, which Keras's summary counts.
    pub fn optimizer_params(&self) -> Option<u64> {
        let SavedTraining::State { optimizer, .. } = &self.training else { return None };
        let slots: usize = optimizer.slots.iter().map(|slot| slot.values.len()).sum();
        // The count of steps and the learning rate are variables of their own.
        Some(slots as u64 + 2)
    }
}

/// Reads what MODEL names.
///
/// # Errors
/// When it names nothing, or what it names can't be read.
pub fn load(argument: &str, input: Option<&InputShape>, style: Style) -> Result<Loaded, Failure> {
    match kind_of(argument)? {
        Kind::Keras(path) if input.is_some() => {
            let headline = format!("{}: a .keras file has its own input shape", path.display());
            Err(Failure::refused(headline).help("leave out --input"))
        }
        Kind::Keras(path) => {
            let saved = read_keras(&path).map_err(Failure::input)?;
            let SavedModel { model, class_names, training } = saved;
            Ok(Loaded { model, class_names, training, seed: None })
        }
        Kind::Script { path, source, name } => {
            let options = options(input, style);
            let shown = path.display().to_string();
            let outcome = Script::run(&source, &shown, &options, &mut std::io::sink());
            from_code(outcome.map_err(Failure::input)?, name.as_deref())
        }
        Kind::Inline(code) => {
            let outcome = Script::inline(&code, &options(input, style)).map_err(Failure::input)?;
            from_code(outcome, None)
        }
        Kind::Application(name) => {
            let model = application(&name, input)?;
            Ok(Loaded { model, class_names: Vec::new(), training: SavedTraining::None, seed: None })
        }
    }
}

/// The network of this name, for pictures of the usual size unless another is asked for.
fn application(name: &str, input: Option<&InputShape>) -> Result<Model, Failure> {
    let mut options = applications::Options::default();
    if let Some(InputShape(axes)) = input {
        let axes = <[usize; 3]>::try_from(axes.as_slice()).map_err(|_| {
            let headline =
                format!("app:{name} takes pictures, got --input with {} axes", axes.len());
            Failure::refused(headline)
                .help("write height, width and channels, such as --input 224,224,3")
        })?;
        options = options.input_shape(axes);
    }
    applications::by_name(name, &options).map_err(Failure::input)
}

fn options(input: Option<&InputShape>, style: Style) -> Options {
    let input_shape = input.map(|shape| shape.0.clone());
    Options { summary_style: style, input_shape, ..Options::default() }
}

fn from_code(outcome: Outcome, name: Option<&str>) -> Result<Loaded, Failure> {
    // A seed is a name for a stream of numbers; its sign is no more than one bit of that name.
    let seed = outcome.seed.map(i64::cast_unsigned);
    let model = outcome.into_model(name).map_err(Failure::input)?;
    if !model.is_built() {
        let headline = format!("model {:?} has no input shape yet", model.name());
        return Err(
            Failure::refused(headline).help("give it with --input, such as --input 28,28,3")
        );
    }
    Ok(Loaded { model, class_names: Vec::new(), training: SavedTraining::None, seed })
}

/// What stands before the name of a network of `keras.applications`.
const APPLICATION: &str = "app:";

/// Scripts are written by people; anything longer is no script.
const LARGEST_SCRIPT: u64 = 4 << 20;

/// Finds out what `argument` names.
///
/// # Errors
/// When it is neither a file of a kind that is known nor code.
pub fn kind_of(argument: &str) -> Result<Kind, Failure> {
    let whole = Path::new(argument);
    if whole.is_dir() {
        let headline = format!("{argument}: is a folder, and MODEL is a file or code");
        return Err(Failure::refused(headline));
    }
    if whole.exists() {
        return file(whole, None);
    }
    if let Some((path, name)) = argument.rsplit_once(':')
        && Path::new(path).is_file()
    {
        return file(Path::new(path), Some(name.to_owned()));
    }
    if let Some(name) = argument.strip_prefix(APPLICATION) {
        return Ok(Kind::Application(name.to_owned()));
    }
    if argument.contains('(') {
        return Ok(Kind::Inline(argument.to_owned()));
    }
    Err(Failure::refused(format!("no file {argument:?}")).help(
        "MODEL is a Keras script (model.py or model.py:name), a .keras file, Keras code in quotes such as \"Conv2D(56, 4)\", or a known network such as app:ResNet50",
    ))
}

fn file(path: &Path, name: Option<String>) -> Result<Kind, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::refused(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut start = Vec::new();
    file.by_ref().take(8).read_to_end(&mut start).map_err(unreadable)?;
    let refused = |what: &str| Failure::refused(format!("{}: {what}", path.display()));
    if start.starts_with(b"PK") {
        return match name {
            None => Ok(Kind::Keras(path.to_owned())),
            Some(name) => Err(refused(&format!("holds one model; it can't be asked for {name:?}"))),
        };
    }
    if start == b"\x89HDF\r\n\x1a\n" {
        return Err(refused("is an HDF5 file, and only .keras files can be read so far")
            .help("load it in Keras and save it again with model.save(\"model.keras\")"));
    }
    if length == 0 {
        return Err(refused("is empty"));
    }
    if length > LARGEST_SCRIPT {
        return Err(refused(&format!(
            "is no .keras file, and with {length} bytes too long for a script"
        )));
    }
    match fs::read_to_string(path) {
        Ok(source) if !source.contains('\0') => {
            Ok(Kind::Script { path: path.to_owned(), source, name })
        }
        Ok(_) => Err(refused("is neither a script nor a .keras file")),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(refused("is neither a script nor a .keras file"))
        }
        Err(error) => Err(unreadable(error)),
    }
}
