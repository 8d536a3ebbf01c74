//! A page as one file that needs no server: the answers of the server's own handlers, by their address.
//!
//! What is asked for first is what a page can't do without; the large things follow while there is room, and what has
//! none is said in the session's `left_out`.

mod answers;
mod traces;

use std::sync::Arc;

use dichroic::layers::count::grouped;
use dichroic::model::Model;
use serde_json::{Value, json};

use crate::api;
use crate::page;
use crate::problem::Problem;
use crate::workspace::{InputKind, Workspace};
use answers::Answers;

/// Bytes that the answers may take together; two fifths are kept for what comes after the weights, and a tenth for traces.
const BUDGET: usize = 20 << 20;
/// Embedded pictures beside the first one.
const MORE_PICTURES: usize = 3;
/// Values of one layer that are written; larger ones are not even fetched whole by the page.
const MOST_VALUES: usize = 1_000_000;
/// Where the data go: the element, and its end.
const PLACE: &str = r#"<script type="application/json" id="dichroic-export">"#;

/// A page as one file.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The file.
    pub html: String,
    /// What was left out, in sentences.
    pub left_out: Vec<String>,
}

/// Writes views of the model `main` and its pictures into one page.
///
/// # Errors
/// When the program was built without the page, or the model can't be run.
pub fn export(workspace: &Arc<Workspace>) -> Result<Exported, Problem> {
    let template = page::export_template().ok_or_else(|| {
        Problem::failed("this build of dichroic has no page to export").help(page::NOT_BUILT)
    })?;
    fill(workspace, &template)
}

/// The same with any template.
fn fill(workspace: &Arc<Workspace>, template: &str) -> Result<Exported, Problem> {
    let place = template.find(PLACE).map(|start| start + PLACE.len());
    let place = place.filter(|&place| template[place..].trim_start().starts_with("</script>"));
    let place = place.ok_or_else(|| Problem::failed("the page has no place for a model's data"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| Problem::failed(format!("no runtime could be started: {error}")))?;
    let router = api::router().with_state(workspace.clone());
    let (json, left_out) =
        runtime.block_on(Export::new(workspace.clone(), Answers::new(router, BUDGET)).collect())?;
    let mut html = String::with_capacity(template.len() + json.len());
    html.push_str(&template[..place]);
    // Inside a script element only `<` could end it; in JSON it stands in strings alone.
    html.push_str(&json.replace('<', "\\u003c"));
    html.push_str(&template[place..]);
    Ok(Exported { html, left_out })
}

/// A page on its way into a file.
struct Export {
    workspace: Arc<Workspace>,
    answers: Answers,
    left_out: Vec<String>,
}

/// A layer of the model: its path, and whether it is a convolution with stages.
struct Layers {
    all: Vec<String>,
    convolutions: Vec<String>,
}

impl Export {
    fn new(workspace: Arc<Workspace>, answers: Answers) -> Self {
        Self { workspace, answers, left_out: Vec::new() }
    }

    async fn collect(mut self) -> Result<(String, Vec<String>), Problem> {
        let record = self.workspace.models.get("main")?;
        let layers = record.with(Layers::of);
        let first = self.workspace.inputs.default_for(&record);
        let inputs = self.inputs(&first);
        let mut session = self.answers.ask_json("/api/v1/session").await?;
        self.answers.keep("/models/main").await?;
        for layer in &layers.all {
            for language in ["en", "zh-CN"] {
                self.answers
                    .keep(&address("layer", &[("layer", layer), ("lang", language)]))
                    .await?;
            }
        }
        for input in &inputs {
            // Made-up values have no picture.
            self.answers.try_keep(&format!("/inputs/{input}/picture")).await;
        }
        self.answers.reserve(BUDGET / 5 * 2);
        self.weights(&layers).await?;
        self.answers.reserve(BUDGET / 10);
        self.maps(&layers, &inputs).await?;
        self.answers.reserve(0);
        traces::collect(&mut self, &layers.convolutions, &first).await?;
        session["exported"] = json!(true);
        session["left_out"] = json!(self.left_out);
        let retain = |field: &mut Value, keep: &dyn Fn(&str) -> bool| {
            if let Some(entries) = field.as_array_mut() {
                entries.retain(|entry| entry["id"].as_str().is_some_and(keep));
            }
        };
        retain(&mut session["models"], &|id| id == "main");
        retain(&mut session["inputs"], &|id| inputs.iter().any(|input| input == id));
        self.answers.put("/api/v1/session", session);
        Ok((self.answers.into_json(), self.left_out))
    }

    /// The inputs that are written: the user's own, else the first with a few others like it.
    fn inputs(&self, first: &str) -> Vec<String> {
        let entries = self.workspace.inputs.entries();
        let own = entries.iter().filter(|entry| entry.kind == InputKind::Image);
        let own: Vec<String> = own.map(|entry| entry.id.clone()).collect();
        if !own.is_empty() {
            return own;
        }
        let family = first.split('-').next().unwrap_or(first);
        let like = entries.iter().filter(|entry| entry.id != first && entry.id.starts_with(family));
        let more = like.take(MORE_PICTURES).map(|entry| entry.id.clone());
        std::iter::once(first.to_owned()).chain(more).collect()
    }

    /// The statistics and weights of convolutions, while they fit.
    async fn weights(&mut self, layers: &Layers) -> Result<(), Problem> {
        let mut missing = 0;
        for layer in &layers.convolutions {
            let address = address("filters", &[("layer", layer)]);
            let Ok(matrix) = self.answers.ask_json(&format!("/api/v1{address}")).await else {
                missing += 1;
                continue;
            };
            let stages = matrix["stages"].as_array().cloned().unwrap_or_default();
            let mut kept = self.answers.put_if_it_fits(&format!("/api/v1{address}"), matrix)
                && self
                    .answers
                    .keep_if_it_fits(&self::address("kernels", &[("layer", layer)]))
                    .await?;
            for stage in stages.iter().filter_map(Value::as_str) {
                for what in ["filters", "kernels"] {
                    let address = self::address(what, &[("layer", layer), ("stage", stage)]);
                    kept &= self.answers.keep_if_it_fits(&address).await?;
                }
            }
            missing += usize::from(!kept);
        }
        if missing > 0 {
            self.left_out.push(format!(
                "The weights of {missing} of {} convolutions are not in this file: they would make it too large.",
                layers.convolutions.len()
            ));
        }
        Ok(())
    }

    /// What the layers make of each input, while it fits.
    async fn maps(&mut self, layers: &Layers, inputs: &[String]) -> Result<(), Problem> {
        let (mut missing, mut asked) = (0, 0);
        let record = self.workspace.models.get("main")?;
        for input in inputs {
            let values = self.workspace.values(&record, input)?;
            let numbers = address("feature-maps", &[("input", input)]);
            missing += usize::from(!self.answers.keep_if_it_fits(&numbers).await?);
            asked += 1;
            for (layer, of) in layers.sides() {
                // Nested models and their inputs have no values of their own.
                let value = if of == "input" { values.input(layer) } else { values.output(layer) };
                if value.is_none() {
                    continue;
                }
                asked += 1;
                let fits = record.with(|model| small(model, layer));
                let address = address("values", &[("layer", layer), ("input", input), ("of", of)]);
                let kept = fits && self.answers.keep_if_it_fits(&address).await?;
                missing += usize::from(!kept);
            }
        }
        if missing > 0 {
            self.left_out.push(format!(
                "Of the feature maps, {} of {} are not in this file: they would make it too large.",
                grouped(missing as u64),
                grouped(asked)
            ));
        }
        Ok(())
    }
}

impl Layers {
    fn of(model: &Model) -> Self {
        let (mut all, mut convolutions) = (Vec::new(), Vec::new());
        fn collect(model: &Model, prefix: &str, tell: &mut impl FnMut(String, bool)) {
            for layer in model.all_layers() {
                let path = format!("{prefix}{}", layer.name());
                if let Some(nested) = layer.built_model() {
                    collect(nested, &format!("{path}/"), tell);
                }
                let convolves = layer.layer().zip(layer.built_for());
                let convolves =
                    convolves.is_some_and(|(kind, inputs)| kind.convolution(inputs).is_some());
                tell(path, convolves);
            }
        }
        collect(model, "", &mut |path, convolves| {
            if convolves {
                convolutions.push(path.clone());
            }
            all.push(path);
        });
        Self { all, convolutions }
    }

    /// What every layer gives, and what convolutions see.
    fn sides(&self) -> impl Iterator<Item = (&String, &'static str)> {
        let given = self.all.iter().map(|layer| (layer, "output"));
        given.chain(self.convolutions.iter().map(|layer| (layer, "input")))
    }
}

/// Whether the page asks for all values of the layer at once.
fn small(model: &Model, layer: &str) -> bool {
    let layer = model.get_layer(layer).ok();
    let call = layer.and_then(|layer| model.first_call(layer));
    let elements = call.and_then(|call| call.output_shapes().first()?.elements());
    elements.is_none_or(|elements| elements <= MOST_VALUES)
}

/// An address under the model `main`, its parameters in the order of the contract.
fn address(what: &str, parameters: &[(&str, &str)]) -> String {
    let parameters: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("/models/main/{what}?{}", parameters.join("&"))
}

/// Percent-encoded as `encodeURIComponent` does it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
