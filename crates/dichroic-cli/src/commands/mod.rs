//! The command line: what all commands share, and the list of commands.

mod bench;
mod convert;
mod data;
mod demo;
mod evaluate;
mod explain;
mod explore;
mod figure;
mod layers;
mod plan;
mod predict;
mod run;
mod summary;
mod train;
mod what_if;

use std::num::NonZeroUsize;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::output::{Color, Output};

/// Convolutional networks: define, count, run, train and look inside.
#[derive(Debug, Parser)]
#[command(name = "dichroic", version, after_help = EXAMPLES)]
#[command(propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// Threads to compute with; results have the same bits with any number of them
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// When to colour the output; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  dichroic demo                                        the whole tour, on the pictures inside the program
  dichroic summary model.py --formulas                 count a Keras model, each number with its derivation
  dichroic explain --input 9,9,5 \"Conv2D(56, 4)\"       what one layer holds and why
  dichroic explore model.py                            see every weight in a browser
  dichroic train model.py --data photos --out m.keras  train, and save for Keras
  dichroic convert model.onnx model.keras              take a model elsewhere

MODEL is a Keras script (model.py, or model.py:name for one of several models in it),
a model file (.keras, .h5, .onnx; its content tells which), Keras code in quotes (with
--input H,W,C where it gives no input shape), or a network of keras.applications such
as app:ResNet50. Weights alone (.safetensors, .pt, .npz, .h5) come with --weights FILE.";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Demo),
    Run(run::Run),
    Summary(summary::Summary),
    Explain(explain::Explain),
    Explore(explore::Explore),
    Figure(figure::Figure),
    WhatIf(what_if::WhatIf),
    Train(train::Train),
    Evaluate(evaluate::Evaluate),
    Predict(predict::Predict),
    Convert(convert::Convert),
    Plan(plan::Plan),
    Layers(layers::Layers),
    Data(data::Data),
    Bench(bench::Bench),
}

impl Command {
    /// Does it.
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Demo(command) => command.run(output),
            Self::Run(command) => command.run(output),
            Self::Summary(command) => command.run(output),
            Self::Explain(command) => command.run(output),
            Self::Explore(command) => command.run(output),
            Self::Figure(command) => command.run(output),
            Self::WhatIf(command) => command.run(output),
            Self::Train(command) => command.run(output),
            Self::Evaluate(command) => command.run(output),
            Self::Predict(command) => command.run(output),
            Self::Convert(command) => command.run(output),
            Self::Plan(command) => command.run(output),
            Self::Layers(command) => command.run(output),
            Self::Data(command) => command.run(output),
            Self::Bench(command) => command.run(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_every_command_shows_examples() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            let name = command.get_name();
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("dichroic {name}")), "{name} shows no example");
        }
    }
}
