//! `dichroic layers`: what a model can be made of.

use clap::Args;
use dichroic::layers::{LayerError, registry};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::Output;

/// List the layers that models can have, with their arguments and defaults
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Layers {
    /// Show this layer's arguments alone
    #[arg(value_name = "LAYER")]
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic layers                  every layer and its arguments
  dichroic layers Conv2D           one layer
  dichroic layers --json           the same for programs";

/// Columns of the continuation of an argument list.
const WIDTH: usize = 96;

impl Layers {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let names: Vec<&str> = match &self.name {
            Some(name) => vec![registry::resolve(name).map_err(|error| unknown(name, error))?],
            None => registry::class_names().collect(),
        };
        if self.json {
            let layers = names.iter().map(|name| described(name)).collect::<Result<Vec<_>, _>>()?;
            return output.json(&json!({ "layers": layers }));
        }
        if self.name.is_some() {
            return signatures(&names, output);
        }
        let (operations, layers): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| registry::is_operation(name));
        signatures(&layers, output)?;
        output
            .line(format!("\n{} layers; arguments mean what they mean in Keras\n", layers.len()))?;
        signatures(&operations, output)?;
        output.line(format!(
            "\n{} operations; their axes are numpy's, with the batch as axis 0",
            operations.len()
        ))
    }
}

fn signatures(names: &[&str], output: &mut Output) -> Result<(), Failure> {
    for name in names {
        let signature = signature(name)?;
        output.title(name)?;
        output.text(&signature[name.len()..])?;
    }
    Ok(())
}

/// An unknown layer, with those that begin alike where the error knows no closest one.
fn unknown(name: &str, error: LayerError) -> Failure {
    let failure = |error| Failure::input(error);
    if error.to_string().contains("did you mean") {
        return failure(error);
    }
    let lower = name.to_lowercase();
    let alike = lower.char_indices().rev().map(|(end, _)| &lower[..end]).find_map(|start| {
        let names = registry::class_names().filter(|known| known.to_lowercase().starts_with(start));
        let names: Vec<&str> = names.collect();
        (start.len() >= SHORTEST_START && !names.is_empty()).then(|| names.join(", "))
    });
    match alike {
        Some(names) => failure(error).help(format!("did you mean one of {names}?")),
        None => failure(error).help("dichroic layers lists all there are"),
    }
}

/// Letters that two names share at least to be taken for alike.
const SHORTEST_START: usize = 3;

fn defaults(name: &str) -> Result<(Vec<&'static str>, Map<String, Value>), Failure> {
    let arguments = registry::positional(name).map_err(Failure::input)?;
    let example = registry::example(name).map_err(Failure::input)?;
    Ok((arguments, example.config()))
}

/// The arguments that have no default to show.
fn without_default(name: &str) -> Result<Vec<&'static str>, Failure> {
    let mut needed = registry::required(name).map_err(Failure::input)?.to_vec();
    // The shape of the example is made up: an input has the shape that its data have.
    if name == "InputLayer" {
        needed.push("batch_shape");
    }
    Ok(needed)
}

fn described(name: &str) -> Result<Value, Failure> {
    let (arguments, config) = defaults(name)?;
    let needed = without_default(name)?;
    let arguments: Vec<Value> = arguments
        .iter()
        .map(|argument| {
            if needed.contains(argument) {
                json!({ "name": argument })
            } else {
                json!({ "name": argument, "default": config.get(*argument) })
            }
        })
        .collect();
    let group = if registry::is_operation(name) { "operation" } else { "layer" };
    Ok(json!({
        "class_name": name,
        "group": group,
        "aliases": registry::aliases(name),
        "arguments": arguments,
    }))
}

/// `Conv2D(filters, kernel_size, strides=[1, 1], …)`, broken into lines.
fn signature(name: &str) -> Result<String, Failure> {
    let (arguments, config) = defaults(name)?;
    let needed = without_default(name)?;
    let mut text = format!("{name}(");
    let indent = " ".repeat(4);
    let mut column = text.len();
    for (i, argument) in arguments.iter().enumerate() {
        let mut piece = (*argument).to_owned();
        if !needed.contains(argument) {
            piece = format!("{piece}={}", python(config.get(*argument).unwrap_or(&Value::Null)));
        }
        piece.push_str(if i + 1 < arguments.len() { ", " } else { "" });
        if column + piece.len() > WIDTH {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.push_str(&indent);
            column = indent.len();
        }
        column += piece.len();
        text.push_str(&piece);
    }
    text.push_str(")\n");
    Ok(text)
}

/// A default as Python writes it; an object (an initializer, a regularizer) by its class name.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        // One axis: Keras takes the number alone.
        Value::Array(items) if items.len() == 1 => python(&items[0]),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(python).collect();
            format!("({})", items.join(", "))
        }
        Value::Object(object) => match object.get("class_name").and_then(Value::as_str) {
            Some(name) => format!("\"{}\"", registry::auto_name(name)),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}
