//! `dichroic plan`: how a model will be run.

mod times;

use clap::Args;
use dichroic::layers::{Mode, grouped};
use dichroic::model::Model;
use dichroic_graph::plan::StepInfo;
use dichroic_graph::{Executor, Plan as ExecutionPlan, PlanOptions, Shape};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model_argument::ModelArgument;
use crate::output::{Output, size_text};
use crate::policy::PolicyArgument;
use crate::table::{Align, Table};
use times::{Times, percent};

/// Show how a model will be run: the algorithm of every convolution, and the memory
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Plan {
    #[command(flatten)]
    model: ModelArgument,
    #[command(flatten)]
    policy: PolicyArgument,
    /// Items in one run [default: as many as the model fixes, or 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Run it with made-up inputs and show the time of every step
    #[arg(long)]
    time: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic plan model.py
  dichroic plan model.keras --batch-size 16
  dichroic plan app:ResNet50 --time --threads 2
  dichroic plan app:ResNet50 --policy mixed_bfloat16
  dichroic plan --input 28,28,3 \"Conv2D(32, 5, padding='same')\" --json";

impl Plan {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let mut loaded = self.model.load()?;
        if self.time {
            loaded = loaded.with_values(0)?;
        }
        let model = loaded.model;
        self.policy.apply(&model);
        // Any u32 is an usize on the machines that this runs on; a larger batch than memory is refused below.
        let batch = self.batch_size.map_or_else(|| fixed_batch(&model), |given| given as usize);
        let lowered = model.lower(batch, Mode::Inference).map_err(Failure::input)?;
        let options = PlanOptions::for_outputs(&lowered.outputs);
        let shapes = lowered.inputs.iter().map(|&input| lowered.graph.shape(input).clone());
        let shapes: Vec<Shape> = shapes.collect();
        let plan = ExecutionPlan::compile(lowered.graph, &options).map_err(Failure::run)?;
        let memory = plan.memory();
        let steps: Vec<StepInfo> = plan.steps().cloned().collect();
        let times = if self.time {
            let inputs: Vec<Vec<f32>> = shapes.iter().map(made_up).collect();
            let mut executor = Executor::new(plan).map_err(Failure::run)?;
            Some(Times::of(&mut executor, &model, &inputs)?)
        } else {
            None
        };
        if self.json {
            let mut report = json!({
                "name": model.name(),
                "batch": batch,
                "instruction_set": options.isa.to_string(),
                "steps": steps.iter().enumerate().map(|(i, step)| described(i, step, times.as_ref())).collect::<Vec<_>>(),
                "memory": {
                    "arena": memory.arena,
                    "packed": memory.packed,
                    "values": memory.values,
                    "constants": memory.constants,
                    "parameters": memory.parameters,
                },
            });
            if let Some(times) = &times {
                report["times"] = times.json();
            }
            return output.json(&report);
        }
        output.titled(format!(
            "Plan of {:?} for {batch} {} on {}",
            model.name(),
            if batch == 1 { "item" } else { "items" },
            options.isa
        ))?;
        output.line("")?;
        output.text(table(&steps, times.as_ref()).render())?;
        output.line("")?;
        if let Some(times) = &times {
            times.show(steps.iter(), output)?;
        }
        let total: u64 = steps.iter().map(|step| step.macs).sum();
        output.line(format!("multiply-adds  {}", grouped(total)))?;
        output.line(format!(
            "memory         {} for values ({} if none were reused), of this {} packed weights",
            size_text(memory.arena as u64),
            size_text(memory.values as u64),
            size_text(memory.packed as u64)
        ))?;
        output.line(format!("               {} parameters", size_text(memory.parameters as u64)))
    }
}

/// The items that the first input asks for; 1 where any number will do.
fn fixed_batch(model: &Model) -> usize {
    let first = model.inputs().first().and_then(|input| input.shape().axes().first().copied());
    first.flatten().unwrap_or(1)
}

fn described(index: usize, step: &StepInfo, times: Option<&Times>) -> Value {
    let shapes = |shapes: &[Shape]| shapes.iter().map(|shape| shape.to_vec()).collect::<Vec<_>>();
    let mut described = json!({
        "layer": step.layer,
        "op": step.op,
        "algorithm": step.algorithm,
        "inputs": shapes(&step.inputs),
        "outputs": shapes(&step.outputs),
        "macs": step.macs,
        "prepares": step.prepares,
    });
    if let Some(times) = times {
        described["ms"] = json!(times.steps[index]);
        described["packing_ms"] = json!(times.packing[index]);
        described["gflop_per_s"] = json!(times.rate(index, step));
        described["share"] = json!(times.share(index, step));
    }
    described
}

fn table(steps: &[StepInfo], times: Option<&Times>) -> Table {
    let mut columns = vec![
        ("layer", Align::Left),
        ("op", Align::Left),
        ("algorithm", Align::Left),
        ("output", Align::Left),
        ("multiply-adds", Align::Right),
    ];
    if times.is_some() {
        columns.extend(["ms", "GFLOP/s", "share"].map(|name| (name, Align::Right)));
    }
    let mut table = Table::new(columns);
    for (i, step) in steps.iter().enumerate() {
        let mut row = vec![
            step.layer.clone(),
            step.op.to_owned(),
            step.algorithm.clone(),
            step.outputs.first().map(ToString::to_string).unwrap_or_default(),
            grouped(step.macs),
        ];
        if let Some(times) = times {
            row.push(format!("{:.3}", times.steps[i]));
            row.push(times.rate(i, step).map_or(String::new(), |rate| format!("{rate:.0}")));
            row.push(times.share(i, step).map_or_else(|| "once".to_owned(), percent));
        }
        table.row(row);
    }
    table
}

/// Values between −1 and 1, different ones.
fn made_up(shape: &Shape) -> Vec<f32> {
    let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
    (0..shape.elements()).map(value).collect()
}
