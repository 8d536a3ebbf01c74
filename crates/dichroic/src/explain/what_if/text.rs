//! The words and numbers of a comparison.

use super::{Variant, WhatIf};
use crate::explain::axes::Axes;
use crate::explain::message::Message;
use crate::explain::message::words::what_if as words;
use crate::explain::width::{padded_left, padded_right, width};
use crate::layers::grouped;

impl WhatIf {
    /// The table as text: one line for each variant.
    pub fn text(&self) -> String {
        let trained = self.variants.iter().any(|variant| variant.test_accuracy.is_some());
        let mut rows = vec![self.header(trained)];
        rows.extend(self.variants.iter().map(|variant| self.row(variant, trained)));
        let title = words::title(self.layer.as_str(), self.class_name.as_str());
        let mut text = format!("{}\n\n{}", self.say(&title), aligned(&rows));
        for reason in &self.left_out {
            text += &self.say(&words::left_out(reason.clone()));
            text.push('\n');
        }
        text
    }

    fn header(&self, trained: bool) -> Vec<String> {
        let mut header =
            vec![words::variant(), words::parameters(), words::multiply_adds(), words::output()];
        if trained {
            header.extend([words::test_accuracy(), words::time()]);
        }
        header.push(words::formula());
        header.iter().map(|title| self.say(title)).collect()
    }

    fn row(&self, variant: &Variant, trained: bool) -> Vec<String> {
        let name = match variant.as_it_is {
            true => words::as_it_is(variant.name.clone()),
            false => variant.name.clone(),
        };
        let unknown = || "?".to_owned();
        let mut row = vec![
            self.say(&name),
            grouped(variant.params),
            variant.macs.map_or_else(unknown, grouped),
            variant.output_shape.as_ref().map_or_else(unknown, Axes::text),
        ];
        if trained {
            let dash = || "-".to_owned();
            let seconds = |seconds| self.say(&words::seconds(format!("{seconds:.1}")));
            row.push(variant.test_accuracy.map_or_else(dash, |a| format!("{:.1} %", a * 100.0)));
            row.push(variant.seconds.map_or_else(dash, seconds));
        }
        row.push(self.say(&variant.formula));
        row
    }

    fn say(&self, message: &Message) -> String {
        message.text_in(self.language)
    }
}

/// Rows with columns as wide as their texts; numbers stand at the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| match column {
                0 | 3 => padded_right(cell, width),
                _ if column + 1 == columns => cell.clone(),
                _ => padded_left(cell, width),
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}
