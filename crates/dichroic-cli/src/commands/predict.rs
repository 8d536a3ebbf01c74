//! `dichroic predict`: what a model makes of pictures or arrays.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use dichroic::Tensor;
use dichroic::data::npy::NpyArray;
use dichroic::data::npz::write_npz;
use dichroic::explain::Style;
use dichroic::model::Model;
use dichroic_formats::{FileKind, read_npz};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::input_file::{refuse_overwriting, regular};
use crate::model_argument::{InputShape, Kind, Loaded, WeightsArgument, kind_of, load};
use crate::output::Output;
use crate::pictures::{Pixels, own_shape, tensor};
use crate::policy::PolicyArgument;

/// Predict the classes of pictures, or the outputs for arrays
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Predict {
    /// A model file (.keras, .h5, .onnx), or a Keras script (whose weights are random unless --weights gives them)
    #[arg(value_name = "MODEL")]
    model: String,
    #[command(flatten)]
    weights: WeightsArgument,
    /// Pictures, PNG or JPEG
    #[arg(value_name = "IMAGE", conflicts_with = "input")]
    images: Vec<PathBuf>,
    /// How a picture's bytes become numbers [default: bytes where the model begins with a Rescaling, else unit]
    #[arg(long, value_enum, value_name = "RANGE", conflicts_with = "input")]
    pixels: Option<Pixels>,
    /// How many classes to show for each picture
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Arrays named as the model's inputs, channels last; a single array needs no name
    #[arg(long, value_name = "IN.npz", requires = "output")]
    input: Option<PathBuf>,
    /// Where to write the arrays, named as the model's outputs
    #[arg(long, value_name = "OUT.npz", requires = "input")]
    output: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic predict model.keras cat.png dog.jpg
  dichroic predict model.keras cat.png --top 5 --json
  dichroic predict model.keras cat.png --policy mixed_bfloat16
  dichroic predict model.onnx cat.png --pixels imagenet
  dichroic predict model.py cat.png --weights weights.pth
  dichroic predict model.keras --input in.npz --output out.npz";

impl Predict {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        if self.images.is_empty() && self.input.is_none() {
            return Err(Failure::refused("there is nothing to predict for").help(
                "name pictures (PNG or JPEG) after MODEL, or give arrays with --input IN.npz --output OUT.npz",
            ));
        }
        let loaded = self.load()?;
        let loaded = loaded.with_weights(&self.weights)?.with_values(0)?;
        self.policy.apply(&loaded.model);
        match (&self.input, &self.output) {
            (Some(from), Some(to)) => self.arrays(&loaded, (from, to), output),
            _ => self.pictures(&loaded, output),
        }
    }

    /// The model; one that can't leave its input's size open gets that of the first picture, or of the only array.
    fn load(&self) -> Result<Loaded, Failure> {
        let refusal = match load(&self.model, None, Style::Keras3) {
            Ok(loaded) => return Ok(loaded),
            Err(refusal) => refusal,
        };
        if !matches!(kind_of(&self.model), Ok(Kind::File(_, FileKind::Onnx))) {
            return Err(refusal);
        }
        let Some(size) = self.size_of_input()? else { return Err(refusal) };
        load(&self.model, Some(&size), Style::Keras3).map_err(|_| refusal)
    }

    /// The size of the first picture, or of an item of the only array.
    fn size_of_input(&self) -> Result<Option<InputShape>, Failure> {
        if let Some(picture) = self.images.first() {
            let own = own_shape(picture)?;
            // Transparency is no colour.
            let channels = if own.channels == 4 { 3 } else { own.channels };
            return Ok(Some(InputShape([own.height, own.width, channels].map(Some).into())));
        }
        let Some(path) = &self.input else { return Ok(None) };
        regular(path)?;
        let arrays = read_npz(path).map_err(Failure::input)?;
        let [array] = arrays.arrays() else { return Ok(None) };
        let sizes = array.shape().get(1..);
        Ok(sizes.map(|sizes| InputShape(sizes.iter().copied().map(Some).collect())))
    }

    fn pictures(&self, loaded: &Loaded, output: &mut Output) -> Result<(), Failure> {
        let model = &loaded.model;
        if !matches!(model.outputs(), [output] if output.shape().rank() == 2) {
            let shapes: Vec<String> =
                model.outputs().iter().map(|output| output.shape().to_string()).collect();
            let headline = format!(
                "model {:?} gives {}, and classes come from one output of (batch, classes)",
                model.name(),
                shapes.join(" and ")
            );
            return Err(Failure::refused(headline)
                .help("--input IN.npz --output OUT.npz gives every output as an array"));
        }
        let mut reports = Vec::with_capacity(self.images.len());
        for path in &self.images {
            let input = tensor(model, path, self.pixels)?;
            let outputs = model.predict(&[input]).map_err(Failure::input)?;
            let top = self.best(outputs[0].data(), &loaded.class_names);
            if self.json {
                reports.push(json!({ "file": path.display().to_string(), "top": top }));
                continue;
            }
            output.line(path.display().to_string())?;
            let shares = outputs[0].data();
            let distribution = shares.iter().all(|&x| (0.0..=1.0).contains(&x))
                && (shares.iter().sum::<f32>() - 1.0).abs() < 1e-3;
            for entry in top {
                let score = entry["score"].as_f64().unwrap_or(f64::NAN);
                let class = entry["class"].as_str().unwrap_or_default();
                if distribution {
                    output.line(format!("  {:5.1} %  {class}", score * 100.0))?;
                } else {
                    output.line(format!("  {score:12.6}  {class}"))?;
                }
            }
        }
        if self.json { output.json(&json!({ "predictions": reports })) } else { Ok(()) }
    }

    /// The largest outputs with their classes, the largest first; equal ones in the order of the classes.
    fn best(&self, scores: &[f32], class_names: &[String]) -> Vec<Value> {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        order
            .into_iter()
            .take(self.top as usize)
            .map(|index| {
                let class =
                    class_names.get(index).cloned().unwrap_or_else(|| format!("class {index}"));
                json!({ "class": class, "index": index, "score": scores[index] })
            })
            .collect()
    }

    fn arrays(
        &self,
        loaded: &Loaded,
        (from, to): (&Path, &Path),
        output: &mut Output,
    ) -> Result<(), Failure> {
        refuse_overwriting(to, from, "--output is --input itself")?;
        let inputs = named_inputs(&loaded.model, from)?;
        let outputs = loaded.model.predict(&inputs).map_err(|error| {
            let failure = Failure::input(error).of(from.display());
            match loaded.channels_first {
                true => failure.help("arrays have their channels last here, whatever the file's order is: (batch, height, width, channels)"),
                false => failure,
            }
        })?;
        let names = unique(loaded.output_names.clone());
        let arrays: Vec<(String, NpyArray)> =
            names.into_iter().zip(&outputs).map(|(name, tensor)| (name, tensor.into())).collect();
        write_npz(to, &arrays).map_err(Failure::run)?;
        let described: Vec<Value> = arrays
            .iter()
            .map(|(name, array)| json!({ "name": name, "shape": array.shape }))
            .collect();
        if self.json {
            return output
                .json(&json!({ "output": to.display().to_string(), "arrays": described }));
        }
        for (name, array) in &arrays {
            output.line(format!("{}: {name} {:?}", to.display(), array.shape))?;
        }
        Ok(())
    }
}

/// The arrays of a file in the order of the model's inputs.
fn named_inputs(model: &Model, path: &Path) -> Result<Vec<Tensor>, Failure> {
    regular(path)?;
    let arrays = read_npz(path).map_err(Failure::input)?;
    let names = model.input_names();
    if let ([_], [only]) = (names.as_slice(), arrays.arrays()) {
        return Ok(vec![only.tensor()]);
    }
    let missing = |name: &str| {
        let found: Vec<&str> = arrays.arrays().iter().map(|array| array.name()).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        let headline = format!(
            "{}: no array {name:?}, which the model takes; it holds {found}",
            path.display()
        );
        Failure::refused(headline)
            .help(format!("name the arrays as the model's inputs: {}", names.join(", ")))
    };
    let tensor =
        |name: &String| arrays.get(name).map(|array| array.tensor()).ok_or_else(|| missing(name));
    names.iter().map(tensor).collect()
}

/// Names with a number added where one comes again: an archive holds each name once.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    names
        .into_iter()
        .map(|name| {
            let count = seen.entry(name.clone()).or_insert(0);
            *count += 1;
            if *count == 1 { name } else { format!("{name}_{}", *count - 1) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_comes_twice_gets_a_number() {
        let names = ["a", "b", "a"].map(str::to_owned).to_vec();
        assert_eq!(unique(names), ["a", "b", "a_1"]);
    }
}
