//! What training, judging and comparing share: data that suit the model, and how it is compiled.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use dichroic::data::{self, Array, Dataset, Names, ReadOptions, Split, Values};
use dichroic::model::Model;
use dichroic::train::{Compile, LossFunction, Metric, Optimizer, PerOutput};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::pictures::{picture_shape, pixel_range};

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
    /// What the model's script or file compiled it with, changed by the arguments; for a model that was never compiled,
    /// Adam and the loss that suits its output.
    ///
    /// # Errors
    /// When a name is not known.
    pub fn compile(&self, model: &Model, data: &Dataset) -> Result<Compile, Failure> {
        let own = model.compile_config().map(Compile::from_config).transpose();
        let own = own.map_err(Failure::trained)?.filter(|own| own.loss != PerOutput::All(None));
        let compiled = own.is_some();
        let mut compile = own.unwrap_or_else(|| suitable(model, data));
        if let Some(name) = &self.loss {
            let named = Compile::named("adam", name, &[]).map_err(Failure::trained)?;
            compile.loss = named.loss;
        }
        if let Some(name) = &self.optimizer {
            compile.optimizer = name.parse::<Optimizer>().map_err(Failure::refused)?;
        }
        if let Some(rate) = self.learning_rate {
            compile.optimizer = compile.optimizer.learning_rate(rate);
        }
        let no_metrics = compile.metrics == PerOutput::All(Vec::new());
        if !compiled && no_metrics && classifies(&compile) {
            compile.metrics = PerOutput::All(accuracy()?);
        }
        Ok(compile)
    }

    /// Whether they change what the optimizer is.
    pub fn change_optimizer(&self) -> bool {
        self.optimizer.is_some()
    }
}

/// The metric for classes.
///
/// # Errors
/// None that is known: the name is Keras's own.
pub fn accuracy() -> Result<Vec<Metric>, Failure> {
    Ok(vec!["accuracy".parse::<Metric>().map_err(Failure::refused)?])
}

/// Whether the loss compares classes.
fn classifies(compile: &Compile) -> bool {
    let PerOutput::All(Some(loss)) = &compile.loss else { return false };
    matches!(
        loss.function,
        LossFunction::CategoricalCrossentropy { .. }
            | LossFunction::SparseCategoricalCrossentropy { .. }
            | LossFunction::BinaryCrossentropy { .. }
    )
}

/// Adam, and the loss that suits the target: classes or numbers, probabilities or logits.
fn suitable(model: &Model, data: &Dataset) -> Compile {
    let outputs = model.outputs().first().and_then(|output| output.shape().channels());
    let column = data.targets().first().is_some_and(|target| target.sample_len() == 1);
    let loss = match outputs {
        Some(1) if !data.class_names().is_empty() => LossFunction::BinaryCrossentropy {
            from_logits: !ends_with(model, "sigmoid"),
            label_smoothing: 0.0,
        },
        Some(1) => LossFunction::MeanSquaredError,
        _ if column => LossFunction::SparseCategoricalCrossentropy {
            from_logits: !ends_with(model, "softmax"),
            ignore_class: None,
        },
        _ if ends_with(model, "softmax") => {
            LossFunction::CategoricalCrossentropy { from_logits: false, label_smoothing: 0.0 }
        }
        _ => LossFunction::MeanSquaredError,
    };
    Compile::new(Optimizer::new(dichroic::train::Adam::default()), loss)
}

/// Whether the layer that makes the model's output ends with this activation.
pub fn ends_with(model: &Model, activation: &str) -> bool {
    let Some(layer) = model.outputs().first().map(|output| output.layer()) else { return false };
    match (layer.model(), layer.layer()) {
        (Some(nested), _) => ends_with(nested, activation),
        (None, Some(kind)) => {
            kind.class_name().eq_ignore_ascii_case(activation)
                || kind.config().get("activation").and_then(Value::as_str) == Some(activation)
        }
        (None, None) => false,
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
    Ok(split.with_range(pixel_range(model)))
}

/// Refuses data with more classes than the model can tell apart, and warns of data with fewer.
fn check_classes(source: &str, data: &Dataset, model: &Model) -> Result<(), Failure> {
    let classes = data.class_names().len();
    let [output] = model.outputs() else { return Ok(()) };
    let outputs = match output.shape().channels() {
        // One probability tells two classes apart.
        Some(1) if ends_with(model, "sigmoid") => 2,
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

/// Class numbers as rows with a one in the place of the class, for losses that ask for that.
///
/// # Errors
/// When a number is no class of the model's.
pub fn with_suitable_targets(
    data: Dataset,
    model: &Model,
    compile: &Compile,
) -> Result<Dataset, Failure> {
    let PerOutput::All(Some(loss)) = &compile.loss else { return Ok(data) };
    if !matches!(loss.function, LossFunction::CategoricalCrossentropy { .. }) {
        return Ok(data);
    }
    let ([target], [output]) = (data.targets(), model.outputs()) else { return Ok(data) };
    let Some(classes) = output.shape().channels().filter(|&classes| classes > 1) else {
        return Ok(data);
    };
    if target.sample_len() != 1 || output.shape().rank() != 2 {
        return Ok(data);
    }
    let mut rows = vec![0.0f32; target.samples().saturating_mul(classes)];
    for (sample, row) in rows.chunks_exact_mut(classes).enumerate() {
        let class = target.sample(sample)[0];
        // A class number is small and whole; anything else is found by the comparison.
        let place = class as usize;
        if place as f32 != class || place >= classes {
            return Err(Failure::refused(format!(
                "sample {sample} has class {class}, and the model has the classes 0 to {}",
                classes - 1
            )));
        }
        row[place] = 1.0;
    }
    let rows = Array::new(target.name(), [target.samples(), classes], Values::F32(rows));
    let (inputs, names) = (data.inputs().to_vec(), data.class_names().to_vec());
    let data = Dataset::new(inputs, vec![rows.map_err(Failure::input)?]).map_err(Failure::input)?;
    Ok(data.with_class_names(names))
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
