//! MODEL on the command line: what it can be, and how it becomes a model.

mod input_shape;
mod kind;
mod weights;

use clap::Args;
use dichroic::Shape;
use dichroic::applications;
use dichroic::explain::Style;
use dichroic::model::Model;
use dichroic_formats::{FileKind, OpenOptions, Opened, SavedModel, SavedTraining, open_model};
use dichroic_script::{Options, Outcome, Script};

use crate::failure::Failure;
pub use input_shape::InputShape;
pub use kind::{Kind, kind_of};
pub use weights::WeightsArgument;

/// MODEL, the input shape that some need, and the weights that some get from elsewhere.
#[derive(Debug, Args)]
pub struct ModelArgument {
    /// A Keras script (model.py, model.py:name), a model file (.keras, .h5, .onnx, Keras's .json), Keras code ("Conv2D(56, 4)"), or app:ResNet50
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Input shape without the batch, for code that gives none (None is an open size), for app: and for open sizes of a file: 9,9,5
    #[arg(long, value_name = "H,W,C")]
    pub input: Option<InputShape>,
    #[command(flatten)]
    pub weights: WeightsArgument,
}

/// A model with what its source says beside it.
pub struct Loaded {
    /// The model; one from code has no values for its weights yet.
    pub model: Model,
    /// The names of the outputs, as the file has them.
    pub output_names: Vec<String>,
    /// The names of the classes, from a file that knows them.
    pub class_names: Vec<String>,
    /// What a file says about training.
    pub training: SavedTraining,
    /// Whether it is from an ONNX file that takes its data with the channels behind the batch.
    pub channels_first: bool,
    /// The seed that a script sets.
    pub seed: Option<u64>,
}

impl ModelArgument {
    /// The model, with layers named as current Keras names them.
    ///
    /// # Errors
    /// When MODEL names nothing, or what it names can't be read.
    pub fn load(&self) -> Result<Loaded, Failure> {
        self.load_styled(Style::Keras3)
    }

    /// The model, with layers named as that Keras names them.
    ///
    /// # Errors
    /// As [`ModelArgument::load`].
    pub fn load_styled(&self, style: Style) -> Result<Loaded, Failure> {
        load(&self.model, self.input.as_ref(), style)?.with_weights(&self.weights)
    }
}

impl Loaded {
    fn of_file(opened: Opened) -> Self {
        let (channels_first, output_names) = match &opened {
            Opened::Keras(saved) => (false, saved.model.output_names()),
            Opened::Onnx(onnx) => {
                let moved = |order: &[usize]| !order.iter().copied().eq(0..order.len());
                let first = onnx.inputs.iter().any(|input| moved(&input.order));
                (first, onnx.outputs.iter().map(|output| output.name.clone()).collect())
            }
        };
        let SavedModel { model, class_names, training } = opened.into_saved();
        Self { model, output_names, class_names, training, channels_first, seed: None }
    }

    fn of_code(model: Model, seed: Option<u64>) -> Self {
        Self {
            output_names: model.output_names(),
            model,
            class_names: Vec::new(),
            training: SavedTraining::None,
            channels_first: false,
            seed,
        }
    }

    /// The same with the weights that the user names.
    ///
    /// # Errors
    /// As [`WeightsArgument::fill`].
    pub fn with_weights(mut self, weights: &WeightsArgument) -> Result<Self, Failure> {
        weights.fill(&mut self.model)?;
        Ok(self)
    }

    /// The same for inputs of this shape, where the file leaves sizes open.
    fn sized(mut self, shape: &InputShape, argument: &str) -> Result<Self, Failure> {
        self.model = shape.apply(self.model).map_err(|failure| failure.of(argument))?;
        Ok(self)
    }

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
        Kind::File(path, format) => {
            let of_onnx = input.filter(|_| format == FileKind::Onnx);
            let shown = path.display().to_string();
            let input_shape = of_onnx.map(|shape| shape.known(&shown)).transpose()?;
            let open = OpenOptions { input_shape };
            let loaded = Loaded::of_file(open_model(&path, &open).map_err(Failure::input)?);
            match input {
                Some(shape) if format != FileKind::Onnx => loaded.sized(shape, argument),
                _ => Ok(loaded),
            }
        }
        Kind::Architecture { path, config } => {
            let model = Model::from_config(&config)
                .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
            let loaded = Loaded::of_code(model, None);
            match input {
                Some(shape) => loaded.sized(shape, argument),
                None => Ok(loaded),
            }
        }
        Kind::Script { path, source, name } => {
            let options = options(input, style);
            let shown = path.display().to_string();
            let outcome = Script::run(&source, &shown, &options, &mut std::io::sink());
            from_code(outcome.map_err(Failure::input)?, name.as_deref(), Some(&shown))
        }
        Kind::Inline(code) => {
            let outcome = Script::inline(&code, &options(input, style)).map_err(Failure::input)?;
            from_code(outcome, None, None)
        }
        Kind::Application(name) => {
            let model = application(&name, input)?;
            Ok(Loaded::of_code(model, None))
        }
    }
}

/// The network of this name, for pictures of the usual size unless another is asked for.
fn application(name: &str, input: Option<&InputShape>) -> Result<Model, Failure> {
    let mut options = applications::Options::default();
    if let Some(shape) = input {
        let axes = shape.known(&format!("app:{name}"))?;
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
    let input_shape = input.map(|InputShape(axes)| Shape::new([&[None], &axes[..]].concat()));
    Options { summary_style: style, input_shape, ..Options::default() }
}

/// The model that code makes; errors begin with the file that the code is from.
fn from_code(outcome: Outcome, name: Option<&str>, file: Option<&str>) -> Result<Loaded, Failure> {
    // A seed is a name for a stream of numbers; its sign is no more than one bit of that name.
    let seed = outcome.seed.map(i64::cast_unsigned);
    let model = outcome.into_model(name).map_err(|error| match file {
        Some(file) => Failure::refused(format!("{file}: {error}")),
        None => Failure::input(error),
    })?;
    if !model.is_built() {
        let headline = format!("model {:?} has no input shape yet", model.name());
        return Err(
            Failure::refused(headline).help("give it with --input, such as --input 28,28,3")
        );
    }
    Ok(Loaded::of_code(model, seed))
}
