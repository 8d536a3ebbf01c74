//! `dichroic what-if`: one layer under every way of sharing.

use std::path::{Path, PathBuf};

use clap::Args;
use dichroic::explain::words::program as words;
use dichroic::explain::{Language, Scene, WhatIf as Comparison};
use dichroic::model::Model;
use dichroic::train::{Budget, Outcome, VariantEvent};

use crate::failure::Failure;
use crate::interrupt::wish_to_stop;
use crate::language::LanguageArgument;
use crate::model_argument::ModelArgument;
use crate::output::{Output, watched};
use crate::picture_file::{Format, write};
use crate::training::{CompileArguments, read_data};

/// Compare a convolution with itself under every way of sharing kernels
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WhatIf {
    #[command(flatten)]
    model: ModelArgument,
    /// The convolution
    #[arg(long, value_name = "NAME")]
    layer: String,
    /// Train each variant with the same seed and budget, and add accuracy and time
    #[arg(long)]
    train: bool,
    /// Epochs for each variant
    #[arg(long, value_name = "N", default_value_t = 3, requires = "train")]
    epochs: u32,
    /// Data to train on and to test with; where they have no part to test with, a fifth of each class is held out
    #[arg(long, value_name = "DIR|FILE|NAME", default_value = "photos", requires = "train")]
    data: String,
    /// Seed of first weights, shuffling and dropout
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    compile: CompileArguments,
    /// Draw the comparison: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    language: LanguageArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic what-if model.py --layer conv2d
  dichroic what-if model.py --layer conv2d --train --epochs 3 --data photos
  dichroic what-if model.py --layer conv2d --plot sharing.svg";

impl WhatIf {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        if let Some(path) = &self.plot {
            Format::of(path, &FORMATS)?;
        }
        let model = self.model.load()?.model;
        let language = match self.json {
            true => self.language.of_json(),
            false => self.language.of_text(),
        };
        let comparison = Comparison::of(&model, &self.layer).map_err(Failure::explained)?;
        let mut comparison = comparison.in_language(language);
        if self.train {
            self.train_all(&model, &mut comparison, language)?;
        }
        if let Some(path) = &self.plot {
            save_picture(&comparison.picture(), path)?;
        }
        if self.json {
            let value = serde_json::to_value(&comparison).map_err(Failure::run)?;
            return output.json(&value);
        }
        output.titled(comparison.text())?;
        match &self.plot {
            Some(path) => output
                .line(words::drew(path.display().to_string()).in_language(language).to_string()),
            None => Ok(()),
        }
    }

    fn train_all(
        &self,
        model: &Model,
        comparison: &mut Comparison,
        language: Language,
    ) -> Result<(), Failure> {
        let split = read_data(&self.data, model)?;
        let budget = Budget {
            data: &split,
            choices: self.compile.choices()?,
            epochs: self.epochs as usize,
            seed: self.seed,
            cancel: Some(wish_to_stop()?),
        };
        let names: Vec<String> =
            comparison.variants.iter().map(|variant| variant.name.to_string()).collect();
        let mut tell = |variant: usize, event: VariantEvent<'_>| {
            let name = &names[variant];
            match event {
                VariantEvent::Begun if watched() => {
                    eprintln!("{}", words::training(name.as_str()).in_language(language));
                }
                VariantEvent::Refused { reason } => {
                    anstream::eprintln!("warning: {name} is not trained: {reason}");
                }
                _ => {}
            }
        };
        match comparison.train(model, &budget, &mut tell).map_err(Failure::trained)? {
            Outcome::Cancelled => Err(Failure::Interrupted),
            _ => Ok(()),
        }
    }
}

/// How a comparison and a demo's filters can be written.
const FORMATS: [Format; 2] = [Format::Svg, Format::Png];

/// Writes a picture; the ending of the name says how.
///
/// # Errors
/// When the ending is neither .svg nor .png, or the file can't be written.
pub fn save_picture(scene: &Scene, path: &Path) -> Result<(), Failure> {
    let bytes = match Format::of(path, &FORMATS)? {
        Format::Png => scene.to_png().map_err(Failure::explained)?,
        _ => scene.to_svg().into_bytes(),
    };
    write(path, &bytes)
}
