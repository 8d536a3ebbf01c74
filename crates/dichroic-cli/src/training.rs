//! What training, judging and comparing share: data that suit the model, and how it is compiled.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use dichroic::data::{self, Dataset, Names, ReadOptions, Split};
use dichroic::model::Model;
use dichroic::train::{Compile, CompileChoices, Loss, Optimizer};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::pictures::picture_shape;

/// How a model is compiled, over what its script or file says.
#[derive(Debug, Default, Args)]
pub struct CompileArguments {
    /// Optimizer: sgd, rmsprop, adam, adamw
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<String>,
    /// Learning rate
    #[arg(long, value_name = "RATE", value_parser = positive)]
    pub learning_rate: Option<f64>,
    /// Loss by its Keras name: sparse_categorical_crossentropy, mse, …
    #[arg(long, value_name = "NAME")]
    pub loss: Option<String>,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("{text:?} is no number above 0"))
}

impl CompileArguments {
    /// What they ask for.
    ///
    /// # Errors
    /// When a name is not known.
    pub fn choices(&self) -> Result<CompileChoices, Failure> {
        let optimizer = self.optimizer.as_ref().map(|name| name.parse::<Optimizer>()).transpose();
        let loss = self.loss.as_ref().map(|name| name.parse::<Loss>()).transpose();
        Ok(CompileChoices {
            optimizer: optimizer.map_err(Failure::refused)?,
            learning_rate: self.learning_rate,
            loss: loss.map_err(|error| Failure::refused(format!("loss: {error}")))?,
        })
    }

    /// What the model's script or file compiled it with, changed by the arguments; for a model that was never compiled,
    /// Adam and the loss that suits its output.
    ///
    /// # Errors
    /// When a name is not known.
    pub fn compile(&self, model: &Model, data: &Dataset) -> Result<Compile, Failure> {
        self.choices()?.compile(model, data).map_err(Failure::trained)
    }

    /// Takes the optimizer out of what the model was compiled with, so that one that isn't known is no hindrance where
    /// another is used, or none.
    pub fn leave_out_optimizer(model: &mut Model) {
        let mut config = model.compile_config().cloned();
        if let Some(optimizer) = config.as_mut().and_then(|config| config.get_mut("optimizer")) {
            *optimizer = Value::Null;
            model.set_compile_config(config);
        }
    }

    /// Whether they change what the optimizer is.
    pub fn change_optimizer(&self) -> bool {
        self.optimizer.is_some()
    }
}

/// Reads the data that `source` names, in the form that the model takes.
///
/// # Errors
/// When there are none, or they are damaged.
pub fn read_data(source: &str, model: &Model) -> Result<Split, Failure> {
    let names = Names { inputs: model.input_names(), outputs: model.output_names() };
    // Only folders of pictures need the size, and they say so themselves where it is not known.
    let picture = if Path::new(source).is_dir() { picture_shape(model).ok() } else { None };
    let options = ReadOptions { picture, names, ..ReadOptions::default() };
    let split = data::open(source, &options).map_err(Failure::input)?;
    check_classes(source, &split.train, model)?;
    Ok(split.with_range(model.pixel_range()))
}

/// Refuses data with more classes than the model can tell apart, and warns of data with fewer.
fn check_classes(source: &str, data: &Dataset, model: &Model) -> Result<(), Failure> {
    let classes = data.class_names().len();
    let [output] = model.outputs() else { return Ok(()) };
    let outputs = match output.shape().channels() {
        // One probability tells two classes apart.
        Some(1) if model.ends_with("sigmoid") => 2,
        Some(outputs) if outputs > 1 && output.shape().rank() == 2 => outputs,
        _ => return Ok(()),
    };
    if classes > outputs {
        let headline = format!(
            "{source}: has {classes} classes, and model {:?} tells {outputs} apart",
            model.name()
        );
        return Err(Failure::refused(headline)
            .help(format!("end the model with one output for each class: Dense({classes})")));
    }
    if classes > 0 && classes < outputs {
        anstream::eprintln!(
            "warning: {source} has {classes} classes, and model {:?} has outputs for {outputs}",
            model.name()
        );
    }
    Ok(())
}

/// Measured values as a JSON object.
pub fn logs_json(logs: &dichroic::train::Logs) -> Value {
    Value::Object(logs.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

/// Measured values in words: `accuracy 0.9123, loss 0.2511`.
pub fn logs_text(logs: &dichroic::train::Logs) -> String {
    let mut text = String::new();
    for (name, value) in logs.iter() {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string can't fail.
        let _ = write!(text, "{comma}{name} {value:.4}");
    }
    text
}
