//! `dichroic plan`: how a model will be run.

use clap::Args;
use dichroic::layers::{Mode, grouped};
use dichroic_graph::{Plan as ExecutionPlan, PlanOptions};
use serde_json::json;

use crate::failure::Failure;
use crate::model_argument::ModelArgument;
use crate::output::Output;
use crate::table::{Align, Table};

/// Show how a model will be run: the algorithm of every convolution, and the memory
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Plan {
    #[command(flatten)]
    model: ModelArgument,
    /// Items in one run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic plan model.py
  dichroic plan model.keras --batch-size 16
  dichroic plan --input 28,28,3 \"Conv2D(32, 5, padding='same')\" --json";

impl Plan {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let model = self.model.load()?.model;
        // Any u32 is an usize on the machines that this runs on; a larger batch than memory is refused below.
        let batch = self.batch_size as usize;
        let lowered = model.lower(batch, Mode::Inference).map_err(Failure::input)?;
        let options = PlanOptions::for_outputs(&lowered.outputs);
        let plan = ExecutionPlan::compile(lowered.graph, &options).map_err(Failure::run)?;
        let memory = plan.memory();
        if self.json {
            let steps: Vec<_> = plan
                .steps()
                .map(|step| {
                    json!({
                        "layer": step.layer,
                        "op": step.op,
                        "algorithm": step.algorithm,
                        "inputs": step.inputs.iter().map(|shape| shape.to_vec()).collect::<Vec<_>>(),
                        "outputs": step.outputs.iter().map(|shape| shape.to_vec()).collect::<Vec<_>>(),
                        "macs": step.macs,
                    })
                })
                .collect();
            return output.json(&json!({
                "name": model.name(),
                "batch": batch,
                "instruction_set": options.isa.to_string(),
                "steps": steps,
                "memory": {
                    "arena": memory.arena,
                    "packed": memory.packed,
                    "values": memory.values,
                    "constants": memory.constants,
                    "parameters": memory.parameters,
                },
            }));
        }
        let columns = ["layer", "op", "algorithm", "output", "multiply-adds"];
        let aligns = [Align::Left, Align::Left, Align::Left, Align::Left, Align::Right];
        let mut table = Table::new(columns.into_iter().zip(aligns));
        for step in plan.steps() {
            table.row([
                step.layer.clone(),
                step.op.to_owned(),
                step.algorithm.clone(),
                step.outputs.first().map(ToString::to_string).unwrap_or_default(),
                grouped(step.macs),
            ]);
        }
        output.titled(format!(
            "Plan of {:?} for {batch} {} on {}",
            model.name(),
            if batch == 1 { "item" } else { "items" },
            options.isa
        ))?;
        output.line("")?;
        output.text(table.render())?;
        output.line("")?;
        let total: u64 = plan.steps().map(|step| step.macs).sum();
        output.line(format!("multiply-adds  {}", grouped(total)))?;
        output.line(format!(
            "memory         {} for values ({} if none were reused), of this {} packed weights",
            bytes(memory.arena),
            bytes(memory.values),
            bytes(memory.packed)
        ))?;
        output.line(format!("               {} parameters", bytes(memory.parameters)))
    }
}

/// A size in words: `1.25 MB`.
fn bytes(count: usize) -> String {
    let mut size = count as f64;
    let mut unit = "B";
    for larger in ["KB", "MB", "GB", "TB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.2} {unit}")
}
