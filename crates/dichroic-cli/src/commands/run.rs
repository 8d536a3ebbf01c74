//! `dichroic run`: a Keras script, without Python.

use std::path::PathBuf;

use clap::Args;
use dichroic_script::{ErrorKind, Options, Script};

use super::summary::Style;
use crate::failure::Failure;
use crate::model_argument::{Kind, kind_of};
use crate::output::Output;
use crate::policy::PolicyArgument;

/// Run a Keras script without Python, and print what it prints
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// The script
    #[arg(value_name = "SCRIPT.py")]
    script: PathBuf,
    /// The form in which the script's summaries are printed
    #[arg(long, value_enum, default_value_t)]
    summary_style: Style,
    #[command(flatten)]
    policy: PolicyArgument,
}

const EXAMPLES: &str = "\
Examples:
  dichroic run model.py
  dichroic run model.py --summary-style keras2
  dichroic run model.py --policy mixed_bfloat16

A script can define models, compile them, print summaries and compute with numbers, texts, lists and
functions. It reads no file, reaches no network and always ends.";

impl Run {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let shown = self.script.display().to_string();
        let Kind::Script { source, .. } = kind_of(&shown)? else {
            return Err(Failure::refused(format!("{shown}: is no script"))
                .help("summary, explain and predict take model files"));
        };
        let options = Options {
            summary_style: self.summary_style.form(),
            dtype_policy: self.policy.initial(),
            ..Options::default()
        };
        match Script::run(&source, &shown, &options, output) {
            Ok(_) => Ok(()),
            // The only thing that a script's output fails on is a reader that has gone, or a full disk.
            Err(error) if error.kind() == ErrorKind::Output => {
                output.show()?;
                Err(Failure::run(error))
            }
            Err(error) => Err(Failure::input(error)),
        }
    }
}
