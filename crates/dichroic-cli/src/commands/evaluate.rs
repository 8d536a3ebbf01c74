//! `dichroic evaluate`: how good a model is on data that it was not trained on.

use clap::Args;
use dichroic::train::Trainer;
use serde_json::json;

use crate::failure::Failure;
use crate::model_argument::ModelArgument;
use crate::output::Output;
use crate::policy::PolicyArgument;
use crate::training::{CompileArguments, logs_json, logs_text, read_data};

/// Measure loss and metrics of a model on data
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Evaluate {
    #[command(flatten)]
    model: ModelArgument,
    /// A folder of pictures by class, a folder of IDX files, a .npz file, or a name (see dichroic data)
    #[arg(long, value_name = "DIR|FILE|NAME")]
    data: String,
    #[command(flatten)]
    compile: CompileArguments,
    #[command(flatten)]
    policy: PolicyArgument,
    /// Samples in one run
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic evaluate model.keras --data photos
  dichroic evaluate model.keras --data pictures/ --json
  dichroic evaluate model.keras --data photos --policy mixed_bfloat16

Where the data have a part to test with, that part is used.";

impl Evaluate {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let mut loaded = self.model.load()?.with_values(0)?;
        CompileArguments::leave_out_optimizer(&mut loaded.model);
        self.policy.apply(&loaded.model);
        let split = read_data(&self.data, &loaded.model)?;
        let (part, data) = match split.test {
            Some(test) => ("test", test),
            None => ("all", split.train),
        };
        let compile = self.compile.compile(&loaded.model, &data)?;
        let data = compile.suited_targets(data, &loaded.model).map_err(Failure::trained)?;
        let trainer = Trainer::new(&loaded.model, compile).map_err(Failure::trained)?;
        let logs = trainer
            .evaluate(&loaded.model, &data, self.batch_size as usize)
            .map_err(Failure::trained)?;
        if self.json {
            let mut report = logs_json(&logs);
            report["samples"] = json!(data.len());
            return output.json(&report);
        }
        output.line(format!("{} ({} {part} samples): {}", self.data, data.len(), logs_text(&logs)))
    }
}
