//! `dichroic figure`: pictures for papers and slides.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dichroic::explain::words::program as words;
use dichroic::explain::{Architecture, LayerExplanation, TraceRequest};
use dichroic::model::Model;
use dichroic_figure::{Figure as Drawing, FigureError};
use serde_json::json;

use super::explain::{Position, counted, first_convolution, middle};
use crate::failure::Failure;
use crate::language::LanguageArgument;
use crate::model_argument::ModelArgument;
use crate::output::Output;
use crate::picture_file::{Format, write};
use crate::pictures;

/// Draw a model, its filters, one convolution, feature maps or receptive fields for a paper
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Figure {
    #[command(flatten)]
    model: ModelArgument,
    /// What to draw
    #[arg(long, value_enum)]
    kind: Kind,
    /// The layer; the first convolution if not given, for receptive fields the last layer that has one
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Of a convolution: the filter, counted from 0
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    filter: Option<i64>,
    /// Of a convolution: the place of the output value, Y,X (X in 1-D, Z,Y,X in 3-D); the middle if not given
    #[arg(long, value_name = "Y,X", allow_hyphen_values = true)]
    at: Option<Position>,
    /// The picture that the model is run on; made-up values if not given
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Where to write it; the ending chooses the format: .svg, .png or .pdf
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Pixels of a .png for each point of the figure
    #[arg(long, value_name = "N", default_value_t = 2.0, value_parser = scale)]
    scale: f32,
    #[command(flatten)]
    language: LanguageArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic figure model.py --kind architecture -o model.pdf
  dichroic figure model.keras --kind filters --layer conv2d -o filters.svg
  dichroic figure model.keras --kind convolution --layer conv2d --filter 3 --at 10,12 --image cat.png -o step.png
  dichroic figure model.keras --kind feature-maps --layer conv2d_1 --image cat.png -o maps.png
  dichroic figure app:VGG16 --kind receptive-field -o field.svg";

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The layers as volumes to scale
    Architecture,
    /// The kernels of a convolution, input channels × filters
    Filters,
    /// One output value: patch × kernel = products, channel by channel
    Convolution,
    /// What a layer makes of an input
    FeatureMaps,
    /// What one output value of each layer sees of the input
    ReceptiveField,
}

fn scale(text: &str) -> Result<f32, String> {
    let scale: f32 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    match (0.1..=16.0).contains(&scale) {
        true => Ok(scale),
        false => Err(format!("{text} is out of range; give a number from 0.1 to 16")),
    }
}

impl Figure {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let format = Format::of(&self.output, &Format::ALL)?;
        let drawing = self.draw()?;
        let bytes = match format {
            Format::Svg => drawing.svg().as_bytes().to_vec(),
            Format::Png => drawing.png(self.scale).map_err(failed)?,
            Format::Pdf => drawing.pdf().map_err(failed)?,
        };
        write(&self.output, &bytes)?;
        let shown = self.output.display().to_string();
        if self.json {
            return output.json(&json!({ "file": shown, "bytes": bytes.len() }));
        }
        let drew = words::drew(shown).in_language(self.language.of_text());
        output.line(drew.to_string())
    }

    fn draw(&self) -> Result<Drawing, Failure> {
        let loaded = self.model.load()?;
        let language = self.language.of_text();
        let drawn = match self.kind {
            Kind::Architecture => dichroic_figure::architecture(&loaded.model, language),
            Kind::ReceptiveField => {
                let layer = match &self.layer {
                    Some(layer) => layer.clone(),
                    None => last_with_field(&loaded.model)?,
                };
                dichroic_figure::receptive_field(&loaded.model, &layer, language)
            }
            Kind::Filters => {
                let model = loaded.with_values(0)?.model;
                dichroic_figure::filters(&model, &self.layer(&model)?, language)
            }
            Kind::FeatureMaps => {
                let model = loaded.with_values(0)?.model;
                let inputs = pictures::inputs(&model, self.image.as_deref())?;
                dichroic_figure::feature_maps(&model, &self.layer(&model)?, &inputs, language)
            }
            Kind::Convolution => {
                let model = loaded.with_values(0)?.model;
                let inputs = pictures::inputs(&model, self.image.as_deref())?;
                dichroic_figure::convolution(&model, &self.request(&model)?, &inputs, language)
            }
        };
        drawn.map_err(failed)
    }

    fn layer(&self, model: &Model) -> Result<String, Failure> {
        match &self.layer {
            Some(layer) => Ok(layer.clone()),
            None => first_convolution(model),
        }
    }

    fn request(&self, model: &Model) -> Result<TraceRequest, Failure> {
        let layer = self.layer(model)?;
        let at = match &self.at {
            Some(position) => position.counted()?,
            None => middle(&LayerExplanation::of(model, &layer).map_err(Failure::input)?),
        };
        let filter = counted("--filter", self.filter.unwrap_or(0))?;
        Ok(TraceRequest { layer, filter, at })
    }
}

/// The last layer whose field is no longer the whole input by definition, as it is after a dense layer.
fn last_with_field(model: &Model) -> Result<String, Failure> {
    let architecture = Architecture::of(model).map_err(Failure::input)?;
    let strided = |node: &&dichroic::explain::Node| {
        node.output_shape.as_ref().is_some_and(|shape| shape.len() > 1)
            && node.input_shape.is_some()
            && node.output_stride.as_ref().is_some_and(|strides| !strides.0.is_empty())
    };
    let last = architecture.nodes.iter().rev().find(strided);
    last.map(|node| node.layer.clone()).ok_or_else(|| {
        Failure::refused(format!("model {:?} has no layer with a receptive field", model.name()))
            .help("receptive fields are those of convolutions and poolings")
    })
}

fn failed(error: FigureError) -> Failure {
    match error {
        FigureError::Explain(error) => Failure::explained(error),
        FigureError::Format { .. } => Failure::run(error),
        error => Failure::input(error),
    }
}
