//! `dichroic demo`: the whole way on the pictures inside the program.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use dichroic::Tensor;
use dichroic::data::{Dataset, named};
use dichroic::explain::{
    Column, FilterPicture, LayerExplanation, Style, Summary, SummaryOptions, Trace, TraceRequest,
};
use dichroic::layers::grouped;
use dichroic::model::Model;
use dichroic::train::callbacks::{Callback, ProgressLines};
use dichroic::train::{Compile, FitOptions, Logs, Outcome, Trainer};
use dichroic_formats::{Contents, write_keras};
use dichroic_script::{Options, Script};
use serde_json::json;

use super::train::make_folder;
use super::what_if::save_picture;
use crate::failure::Failure;
use crate::interrupt::wish_to_stop;
use crate::output::{self, Output, watched};
use crate::progress::Bar;

/// Define, count, train, explain and save a small network, on real pictures
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// Epochs to train
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// Where to write demo.keras and demo-filters.png
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Print JSON at the end instead of the tour
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic demo
  dichroic demo --out /tmp";

/// The model, as a user would write it.
const SCRIPT: &str = include_str!("demo.py");
/// The first convolution, which sees the picture itself.
const FIRST: &str = "conv2d";
const SEED: u64 = 1;

impl Demo {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let begun = Instant::now();
        make_folder(&self.out)?;
        let mut tour = Tour { output, quiet: self.json };
        tour.head("A small network in Keras code, run without Python")?;
        tour.text(SCRIPT)?;
        let outcome = Script::run(SCRIPT, "demo.py", &Options::default(), &mut std::io::sink());
        let mut model = outcome.map_err(Failure::run)?.into_model(None).map_err(Failure::run)?;
        model.build(SEED).map_err(Failure::run)?;

        tour.head("What it counts, and why")?;
        tour.text(&summary(&model)?)?;

        tour.head("Training: from which of ten photographs does a 32×32 patch come?")?;
        let data = named("photos").map_err(Failure::run)?;
        let test = data.test.ok_or_else(|| Failure::failed("photos has no part to test with"))?;
        tour.text(&format!(
            "{} patches to train on, {} to test with from rows that no training patch touches; chance is 10 %\n",
            grouped(data.train.len() as u64),
            grouped(test.len() as u64)
        ))?;
        let trainer = self.train(&mut model, &data.train, &mut tour)?;
        let logs = trainer.evaluate(&model, &test, 64).map_err(Failure::run)?;
        let accuracy = logs.get("accuracy").unwrap_or(f64::NAN);
        tour.text(&format!("accuracy on the test patches: {:.1} %\n", accuracy * 100.0))?;

        tour.head("One trained filter, and one output value of the first convolution")?;
        let explained = LayerExplanation::of(&model, FIRST).map_err(Failure::explained)?;
        tour.text(&explained.text())?;
        let trace = strongest(&model, &test)?;
        tour.text("\n")?;
        tour.text(&trace.text())?;

        // `demo.keras` reads better than `./demo.keras`.
        let folder = if self.out == Path::new(".") { Path::new("") } else { &self.out };
        let (keras, filters) = (folder.join("demo.keras"), folder.join("demo-filters.png"));
        let state = trainer.state();
        let contents = Contents::of(&model).class_names(test.class_names()).training(&state);
        write_keras(&keras, &contents).map_err(Failure::run)?;
        let scene = FilterPicture::default().draw(&model, FIRST).map_err(Failure::explained)?;
        save_picture(&scene, &filters)?;
        let seconds = begun.elapsed().as_secs_f64();
        if self.json {
            return tour.output.json(&report(&model, &logs, &trace, (&keras, &filters), seconds));
        }
        tour.head("What to try next")?;
        tour.text(&next_steps(&keras, &filters))?;
        tour.text(&format!("\ndone in {seconds:.1} s\n"))
    }

    fn train(
        &self,
        model: &mut Model,
        data: &Dataset,
        tour: &mut Tour<'_>,
    ) -> Result<Trainer, Failure> {
        let config =
            model.compile_config().ok_or_else(|| Failure::failed("demo.py compiles its model"))?;
        let compile = Compile::from_config(config).map_err(Failure::run)?;
        let mut trainer = Trainer::new(model, compile).map_err(Failure::run)?;
        let options = FitOptions {
            epochs: self.epochs as usize,
            seed: SEED,
            cancel: Some(wish_to_stop()?),
            ..FitOptions::default()
        };
        let mut bar = (!tour.quiet && watched()).then(Bar::new);
        let mut lines =
            (!tour.quiet && bar.is_none()).then(|| ProgressLines::new(&mut *tour.output));
        let mut callbacks: Vec<&mut dyn Callback> = Vec::new();
        callbacks.extend(bar.as_mut().map(|bar| bar as &mut dyn Callback));
        callbacks.extend(lines.as_mut().map(|lines| lines as &mut dyn Callback));
        match trainer.fit(model, data, &options, &mut callbacks).map_err(Failure::trained)? {
            Outcome::Cancelled => Err(Failure::Interrupted),
            _ => Ok(trainer),
        }
    }
}

/// The output, silent where only JSON is wanted.
struct Tour<'a> {
    output: &'a mut Output,
    quiet: bool,
}

impl Tour<'_> {
    fn text(&mut self, text: &str) -> Result<(), Failure> {
        if self.quiet {
            return Ok(());
        }
        self.output.text(text)?;
        self.output.show()
    }

    fn head(&mut self, title: &str) -> Result<(), Failure> {
        let bold = anstyle::Style::new().bold();
        self.text(&format!("\n{bold}── {title}{bold:#}\n\n"))
    }
}

fn summary(model: &Model) -> Result<String, Failure> {
    let options = SummaryOptions {
        terminal_columns: output::columns(),
        columns: vec![Column::Formula],
        ..SummaryOptions::default()
    };
    Summary::of(model, None).render(Style::Keras3, &options).map_err(Failure::run)
}

/// The trace of the value with which the first convolution answers most strongly to a test picture.
fn strongest(model: &Model, test: &Dataset) -> Result<Trace, Failure> {
    let input = &test.inputs()[0];
    let mut shape = vec![1];
    shape.extend_from_slice(input.sample_shape());
    let picture = Tensor::new(shape, input.sample(test.len() / 2)).map_err(Failure::run)?;
    let inputs = [picture];
    let kept = model.values(&inputs, &[FIRST]).map_err(Failure::run)?;
    let map = &kept[0].value;
    let [_, height, width, filters] = map.shape()[..] else {
        return Err(Failure::failed("the first convolution has rank 2"));
    };
    let mut best = (f32::MIN, 0, 0, 0);
    // Not at the border: a patch that lies in the picture shows more.
    for oh in 2..height.saturating_sub(2) {
        for ow in 2..width.saturating_sub(2) {
            for oc in 0..filters {
                let value = map.data()[(oh * width + ow) * filters + oc];
                if value > best.0 {
                    best = (value, oh, ow, oc);
                }
            }
        }
    }
    let (_, oh, ow, oc) = best;
    let request = TraceRequest { layer: FIRST.to_owned(), filter: oc, at: vec![oh, ow] };
    Trace::of(model, &request, &inputs).map_err(Failure::explained)
}

fn report(
    model: &Model,
    logs: &Logs,
    trace: &Trace,
    (keras, filters): (&Path, &Path),
    seconds: f64,
) -> serde_json::Value {
    json!({
        "parameters": model.count_params(),
        "test_accuracy": logs.get("accuracy"),
        "test_loss": logs.get("loss"),
        "trace": trace,
        "files": [keras.display().to_string(), filters.display().to_string()],
        "seconds": seconds,
    })
}

fn next_steps(keras: &Path, filters: &Path) -> String {
    let (keras, filters) = (keras.display(), filters.display());
    format!(
        "{filters} shows all {FIRST} filters; {keras} opens in Keras too. Now:\n\
         \n\
         \x20 dichroic summary {keras} --columns macs,memory,receptive_field\n\
         \x20 dichroic explain {keras} --layer {FIRST} --filter 3 --at 16,16 --image picture.png\n\
         \x20 dichroic what-if {keras} --layer {FIRST} --train\n\
         \x20 dichroic predict {keras} picture.png\n\
         \x20 dichroic train --resume {keras} --data photos --epochs 25 --out {keras}\n"
    )
}
