//! `dichroic data`: the data sets that have names.

use clap::Args;
use dichroic::data::{NAMES, named};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::Output;
use crate::table::{Align, Table};

/// List the data sets that can be named where --data is taken
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Data {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic data
  dichroic train model.py --data photos
  dichroic train model.py --data folder/       folder/CLASS/picture.png, .jpg
  dichroic train model.py --data arrays.npz    x and y, or x_train, y_train, x_test, y_test";

impl Data {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let mut sets = Vec::new();
        for name in NAMES {
            sets.push(match named(name) {
                Ok(split) => {
                    let input = &split.train.inputs()[0];
                    json!({
                        "name": name,
                        "available": true,
                        "sample_shape": input.sample_shape(),
                        "train": split.train.len(),
                        "test": split.test.as_ref().map_or(0, |test| test.len()),
                        "classes": split.train.class_names(),
                    })
                }
                Err(error) => {
                    json!({ "name": name, "available": false, "problem": error.to_string() })
                }
            });
        }
        if self.json {
            return output.json(&json!({ "data_sets": sets }));
        }
        let columns = ["name", "sample", "train", "test", "classes"];
        let aligns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
        let mut table = Table::new(columns.into_iter().zip(aligns));
        let mut problems = Vec::new();
        for set in &sets {
            let text = |key: &str| set[key].as_str().unwrap_or_default().to_owned();
            if let Some(problem) = set["problem"].as_str() {
                problems.push(format!("{}: {problem}", text("name")));
                continue;
            }
            let list = |key: &str, between: &str| {
                let items = set[key].as_array().cloned().unwrap_or_default();
                let words = items.iter().map(|item| match item {
                    Value::String(word) => word.clone(),
                    other => other.to_string(),
                });
                words.collect::<Vec<_>>().join(between)
            };
            table.row([
                text("name"),
                list("sample_shape", "×"),
                set["train"].to_string(),
                set["test"].to_string(),
                list("classes", ", "),
            ]);
        }
        output.titled(table.render())?;
        for problem in problems {
            output.line(problem)?;
        }
        output.line("also: a folder of pictures by class, a folder of IDX files, a .npz file")
    }
}
