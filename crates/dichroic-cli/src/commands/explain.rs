//! `dichroic explain`: what a layer holds and why, and one output value product by product.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use dichroic::explain::words::program as words;
use dichroic::explain::{LayerExplanation, Trace, TraceRequest};
use dichroic::model::Model;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::language::LanguageArgument;
use crate::model_argument::ModelArgument;
use crate::output::Output;
use crate::pictures;

/// Explain a layer's kernels, filters and counts; with --filter and --at, trace one output value
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    #[command(flatten)]
    model: ModelArgument,
    /// The layer; all of them if not given, the first convolution for a trace
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Trace this filter, counted from 0
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    filter: Option<i64>,
    /// Trace the output value at this place: Y,X (X in 1-D, Z,Y,X in 3-D); the middle if not given
    #[arg(long, value_name = "Y,X", allow_hyphen_values = true)]
    at: Option<Position>,
    /// The picture to run the trace on; made-up values if not given
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    #[command(flatten)]
    language: LanguageArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic explain --input 9,9,5 \"Conv2D(56, 4)\"
  dichroic explain model.py --layer conv2d
  dichroic explain model.keras --layer conv2d --filter 3 --at 10,12 --image cat.png
  dichroic explain model.py --layer conv2d --lang zh-CN
  dichroic explain model.py --json";

/// A place in a layer's output.
#[derive(Clone, Debug)]
pub struct Position(Vec<i64>);

impl Position {
    /// The place, if it lies in front of nothing.
    ///
    /// # Errors
    /// When an axis is negative.
    pub fn counted(&self) -> Result<Vec<usize>, Failure> {
        self.0.iter().map(|&place| counted("--at", place)).collect()
    }
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let axis = |axis: &str| {
            let wrong = || format!("{axis:?} is not a place; write it like 10,12");
            axis.trim().parse().map_err(|_| wrong())
        };
        text.split(',').map(axis).collect::<Result<_, _>>().map(Self)
    }
}

impl Explain {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let loaded = self.model.load()?;
        if self.filter.is_some() || self.at.is_some() || self.image.is_some() {
            let model = loaded.with_values(0)?.model;
            return self.trace(&model, output);
        }
        let model = loaded.model;
        let layers = match &self.layer {
            Some(name) => vec![LayerExplanation::of(&model, name).map_err(Failure::input)?],
            None => LayerExplanation::of_all(&model).map_err(Failure::input)?,
        };
        if self.json {
            let language = self.language.of_json();
            let value = |layer: LayerExplanation| value(&layer.in_language(language));
            let mut values = layers.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
            return output.json(&match values.len() {
                1 => values.remove(0),
                _ => json!({ "layers": values }),
            });
        }
        let language = self.language.of_text();
        for (i, layer) in layers.into_iter().enumerate() {
            if i > 0 {
                output.line("")?;
            }
            output.titled(layer.in_language(language).text())?;
        }
        Ok(())
    }

    fn trace(&self, model: &Model, output: &mut Output) -> Result<(), Failure> {
        let layer = match &self.layer {
            Some(name) => name.clone(),
            None => first_convolution(model)?,
        };
        let explained = LayerExplanation::of(model, &layer).map_err(Failure::input)?;
        let request = TraceRequest {
            filter: counted("--filter", self.filter.unwrap_or(0))?,
            at: match &self.at {
                Some(position) => position.counted()?,
                None => middle(&explained),
            },
            layer,
        };
        let inputs = pictures::inputs(model, self.image.as_deref())?;
        let trace = Trace::of(model, &request, &inputs).map_err(Failure::explained)?;
        if self.json {
            let mut object = value(&explained.in_language(self.language.of_json()))?;
            object["trace"] = serde_json::to_value(&trace).map_err(Failure::run)?;
            return output.json(&object);
        }
        let language = self.language.of_text();
        output.titled(trace.in_language(language).text())?;
        if self.image.is_none() {
            output.line(format!("\n{}", words::made_up_input().in_language(language)))?;
        }
        Ok(())
    }
}

/// A number that counts from 0.
///
/// # Errors
/// When it is negative.
pub fn counted(option: &str, number: i64) -> Result<usize, Failure> {
    usize::try_from(number).map_err(|_| {
        Failure::refused(format!(
            "{option} {number}: is counted from 0, and nothing lies before it"
        ))
    })
}

fn value(layer: &LayerExplanation) -> Result<Value, Failure> {
    serde_json::to_value(layer).map_err(Failure::run)
}

/// The path of the model's first convolution, in nested models too.
pub fn first_convolution(model: &Model) -> Result<String, Failure> {
    find_convolution(model).ok_or_else(|| {
        Failure::refused(format!("model {:?} has no convolution to trace", model.name())).help(
            "traces are made of convolutions; explain without --filter and --at takes every layer",
        )
    })
}

fn find_convolution(model: &Model) -> Option<String> {
    model.all_layers().iter().find_map(|layer| match (layer.model(), layer.layer()) {
        (Some(nested), _) => {
            find_convolution(nested).map(|inner| format!("{}/{inner}", layer.name()))
        }
        (None, Some(kind)) => kind.convolution(layer.built_for()?).map(|_| layer.name()),
        (None, None) => None,
    })
}

/// The middle of a layer's output.
pub fn middle(layer: &LayerExplanation) -> Vec<usize> {
    let shapes = layer.output_shape.as_ref().map(|axes| axes.shapes()).unwrap_or_default();
    let spatial = shapes.first().map(|shape| shape.spatial().to_vec()).unwrap_or_default();
    spatial.into_iter().map(|size| size.unwrap_or(1) / 2).collect()
}
