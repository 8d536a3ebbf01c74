//! `dichroic summary`: the layers of a model with their shapes and counts.

mod outline;

use std::path::Path;

use clap::{Args, ValueEnum};
use dichroic::explain::{self, Column, SummaryOptions};
use dichroic::model::Outline;
use dichroic_formats::open_outline;

use crate::failure::Failure;
use crate::language::LanguageArgument;
use crate::model_argument::ModelArgument;
use crate::output::{self, Output};

/// Show a model's layers with shapes and parameter counts, in the form of Keras
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Summary {
    #[command(flatten)]
    model: ModelArgument,
    /// The form: of current Keras, or of Keras before 2.3
    #[arg(long, value_enum, default_value_t)]
    style: Style,
    /// Add a column with the derivation of each count
    #[arg(long)]
    formulas: bool,
    /// Add columns: formula, macs, flops, memory, receptive_field, output_stride
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = column)]
    columns: Vec<Column>,
    /// Width of the table
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..))]
    line_length: Option<u16>,
    /// Add a column that says what is trained
    #[arg(long)]
    show_trainable: bool,
    /// Show the layers inside nested models
    #[arg(long)]
    expand_nested: bool,
    #[command(flatten)]
    language: LanguageArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic summary model.py
  dichroic summary model.py --formulas
  dichroic summary model.py --style keras2
  dichroic summary model.keras --columns flops,memory,receptive_field,output_stride
  dichroic summary mobilenet.onnx
  dichroic summary lambda.keras --lenient
  dichroic summary --input 28,28,3 \"Conv2D(32, 5)\" --json";

/// The forms of a summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// Boxes; layers are counted from conv2d, conv2d_1.
    #[default]
    Keras3,
    /// Rules of _ and =; layers are counted from conv2d_1.
    Keras2,
}

impl Style {
    /// The library's name for it.
    pub fn form(self) -> explain::Style {
        match self {
            Self::Keras3 => explain::Style::Keras3,
            Self::Keras2 => explain::Style::Keras2,
        }
    }
}

fn column(name: &str) -> Result<Column, String> {
    Column::from_name(name.trim()).ok_or_else(|| {
        let known: Vec<&str> = Column::NAMES.iter().map(|(name, _)| *name).collect();
        format!("columns are {}", known.join(", "))
    })
}

/// What a file of Keras says of its layers, those that are the reason for its refusal included.
fn outline_of(argument: &str) -> Option<Outline> {
    let path = Path::new(argument);
    path.is_file().then(|| open_outline(path).ok().flatten()).flatten()
}

impl Summary {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let loaded = match self.model.load_styled(self.style.form()) {
            Ok(loaded) => loaded,
            // A file that is refused as a whole may still say what its layers are.
            Err(refusal) => {
                let Some(outline) = outline_of(&self.model.model) else { return Err(refusal) };
                return match (self.model.weights.lenient, self.json) {
                    (true, true) => output.json(&outline::json(&outline)),
                    (true, false) => output.text(outline::text(&outline)),
                    (false, _) if outline.layers.iter().any(|layer| layer.problem.is_some()) => {
                        Err(refusal.help("--lenient shows what can be said of the other layers"))
                    }
                    (false, _) => Err(refusal),
                };
            }
        };
        let summary = explain::Summary::of(&loaded.model, loaded.optimizer_params());
        if self.json {
            let summary = summary.in_language(self.language.of_json());
            return output.json(&serde_json::to_value(&summary).map_err(Failure::run)?);
        }
        let summary = summary.in_language(self.language.of_text());
        let mut columns = self.columns;
        if self.formulas && !columns.contains(&Column::Formula) {
            columns.insert(0, Column::Formula);
        }
        let options = SummaryOptions {
            line_length: self.line_length.map(usize::from),
            terminal_columns: output::columns(),
            expand_nested: self.expand_nested,
            show_trainable: self.show_trainable,
            columns,
            color: output.color(),
            ..SummaryOptions::default()
        };
        output.text(summary.render(self.style.form(), &options).map_err(Failure::input)?)
    }
}
