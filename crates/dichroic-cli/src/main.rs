//! The program `dichroic`: convolutional networks on the command line.
//!
//! Each command is one file under `commands`; what they share lies beside this file.
#![forbid(unsafe_code)]

mod benchmark;
mod commands;
mod failure;
mod input_file;
mod interrupt;
mod language;
mod model_argument;
mod output;
mod picture_file;
mod pictures;
mod policy;
mod progress;
mod table;
mod training;

use std::process::ExitCode;

use clap::Parser;

use commands::Cli;
use failure::{Failure, guarded};
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.apply();
    guarded(|| {
        if let Some(threads) = cli.threads {
            dichroic::set_threads(threads.get()).map_err(Failure::run)?;
        }
        let mut output = Output::new();
        let outcome = cli.command.run(&mut output);
        // What was written before a failure is shown before its message.
        let flushed = output.show();
        outcome.and(flushed)
    })
}
