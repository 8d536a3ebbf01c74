//! `dichroic convert`: a model from one format into another, checked by running both.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use dichroic::layers::grouped;
use dichroic::model::Model;
use dichroic_formats::onnx::{Images, OnnxExport};
use dichroic_formats::{
    Agreement, Contents, Destination, FileKind, OpenOptions, Opened, Problem, SavedTraining, Side,
    WeightsOptions, load_weights, open_model, save_model,
};
use serde_json::json;

use crate::failure::Failure;
use crate::input_file::refuse_overwriting;
use crate::model_argument::{Loaded, ModelArgument};
use crate::output::{Output, size_text};

/// The seed of the inputs on which both models run.
const SEED: u64 = 0;

/// Convert a model to another format, and check that both give the same
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Convert {
    #[command(flatten)]
    model: ModelArgument,
    /// The file to write; its name says the format: .keras, .h5, .onnx, or weights alone as .weights.h5, .safetensors, .npz
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Version of ONNX's operators to write
    #[arg(long, value_name = "N", default_value_t = 17, value_parser = clap::value_parser!(i64).range(17..=21))]
    opset: i64,
    /// How pictures lie in an ONNX file; as in MODEL if not given
    #[arg(long, value_enum, value_name = "ORDER")]
    images: Option<Order>,
    /// Write the weights of an ONNX file beside it
    #[arg(long)]
    external_data: bool,
    /// The largest difference allowed, as a share of the largest output (or of 1 if that is larger)
    #[arg(long, value_name = "X", default_value_t = 1e-4)]
    tolerance: f32,
    /// Write without reading the file back and running both
    #[arg(long)]
    no_check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic convert model.onnx model.keras
  dichroic convert model.keras model.onnx --images channels-first
  dichroic convert old.h5 model.safetensors
  dichroic convert model.py model.keras --weights weights.pth --name-map names.json
  dichroic convert app:MobileNetV2 mobilenet.onnx --opset 20 --json

Both models run on the same random inputs; a larger difference than --tolerance ends with exit code 3.";

/// How pictures lie in an ONNX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// (batch, channels, height, width)
    ChannelsFirst,
    /// (batch, height, width, channels)
    ChannelsLast,
}

impl Convert {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let target = Destination::of_name(&self.out).ok_or_else(|| {
            Failure::refused(format!("{}: no format has this name", self.out.display()))
                .help("end it with .keras, .h5, .onnx, .weights.h5, .safetensors or .npz")
        })?;
        refuse_overwriting(&self.out, Path::new(&self.model.model), "OUT is MODEL itself")?;
        let loaded = self.model.load()?.with_values(0)?;
        let export = self.export(&loaded);
        let (optimizer, progress) = match &loaded.training {
            SavedTraining::State { optimizer, progress } => (Some(optimizer), progress.as_ref()),
            SavedTraining::None | SavedTraining::Unusable(_) => (None, None),
        };
        let (model, class_names) = (&loaded.model, loaded.class_names.as_slice());
        let contents = Contents { model, class_names, optimizer, progress };
        save_model(&self.out, &contents, &export).map_err(|error| match &error.problem {
            Problem::Io(_) => Failure::run(error),
            _ => Failure::input(error),
        })?;
        let agreement = match self.no_check {
            true => None,
            false => Some(self.check(&loaded, target, export.images)?),
        };
        let unknown = match target {
            Destination::Model(FileKind::Onnx) | Destination::Weights(_) => Vec::new(),
            Destination::Model(_) => loaded.model.unknown_to_keras(),
        };
        self.report(&loaded.model, &unknown, agreement.as_ref(), output)?;
        match agreement.map(|agreement| agreement.relative()) {
            Some(difference) if difference > self.tolerance => Err(Failure::failed(format!(
                "{}: differs from {} by {difference:.1e} of the largest output, more than {:.1e}",
                self.out.display(),
                self.model.model,
                self.tolerance
            ))),
            _ => Ok(()),
        }
    }

    fn export(&self, loaded: &Loaded) -> OnnxExport {
        let channels_first = match self.images {
            Some(order) => order == Order::ChannelsFirst,
            None => loaded.channels_first,
        };
        let images = match channels_first {
            true => Images::ChannelsFirst,
            false => Images::ChannelsLast,
        };
        OnnxExport { opset: self.opset, images, external_data: self.external_data }
    }

    /// Reads the new file back and runs both models on the same inputs.
    fn check(
        &self,
        loaded: &Loaded,
        target: Destination,
        images: Images,
    ) -> Result<Agreement, Failure> {
        let model = &loaded.model;
        let agreement = match target {
            Destination::Weights(_) => {
                let mut copy = Model::from_config(&model.to_config()).map_err(Failure::run)?;
                load_weights(&mut copy, &self.out, &WeightsOptions::default())
                    .map_err(Failure::run)?;
                Agreement::of(&Side::plain(model), &Side::plain(&copy), SEED)
            }
            Destination::Model(_) => {
                let opened =
                    open_model(&self.out, &OpenOptions::default()).map_err(Failure::run)?;
                let first = match (&opened, images) {
                    (Opened::Onnx(_), Images::ChannelsFirst) => Side::channels_first(model),
                    _ => Side::plain(model),
                };
                let second = match &opened {
                    Opened::Keras(saved) => Side::plain(&saved.model),
                    Opened::Onnx(onnx) => Side::imported(&onnx.model, &onnx.inputs, &onnx.outputs),
                };
                Agreement::of(&first, &second, SEED)
            }
        };
        agreement.map_err(Failure::run)
    }

    fn report(
        &self,
        model: &Model,
        unknown_to_keras: &[String],
        agreement: Option<&Agreement>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let bytes = size_of(&self.out);
        let shown = self.out.display().to_string();
        if self.json {
            let outputs = agreement.map(|agreement| {
                let outputs = agreement.outputs.iter().map(|output| {
                    json!({
                        "name": output.name,
                        "shape": output.shape,
                        "largest_difference": output.largest_difference,
                        "largest_value": output.largest_value,
                    })
                });
                json!({ "inputs": agreement.inputs, "outputs": outputs.collect::<Vec<_>>() })
            });
            return output.json(&json!({
                "file": shown,
                "bytes": bytes,
                "parameters": model.count_params(),
                "unknown_to_keras": unknown_to_keras,
                "checked": outputs,
            }));
        }
        let parameters = grouped(model.count_params());
        output.line(format!("{shown}: {parameters} parameters, {}", size_text(bytes)))?;
        if !unknown_to_keras.is_empty() {
            output.line(format!(
                "Keras can't open these layers, dichroic can: {}",
                unknown_to_keras.join(", ")
            ))?;
        }
        let Some(agreement) = agreement else { return Ok(()) };
        let inputs: Vec<String> = agreement.inputs.iter().map(|shape| tuple(shape)).collect();
        output.line(format!("both run on random inputs {}:", inputs.join(" and ")))?;
        for checked in &agreement.outputs {
            let shape = tuple(&checked.shape);
            let difference = match checked.largest_difference {
                0.0 => "none".to_owned(),
                difference => format!("{difference:.1e}"),
            };
            output.line(format!(
                "  {} {shape}: largest difference {difference}, largest value {:.3}",
                checked.name, checked.largest_value
            ))?;
        }
        Ok(())
    }
}

/// The bytes of a file and of the weights beside it.
fn size_of(path: &Path) -> u64 {
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".data");
    bytes(path) + bytes(Path::new(&beside))
}

fn tuple(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    match sizes.as_slice() {
        [only] => format!("({only},)"),
        sizes => format!("({})", sizes.join(", ")),
    }
}
