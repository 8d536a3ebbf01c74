//! The summary in the form of current Keras.

use super::table::{Align, Heading, Ink, Text, draw, widths};
use super::{Row, Summary, SummaryError, SummaryOptions, memory};
use crate::explain::message::words::summary as words;
use crate::explain::width::width;
use crate::layers::grouped;

/// The text of Keras's `summary()`.
///
/// # Source
/// `print_summary` in `keras/src/utils/summary_utils.py`.
pub(super) fn render(summary: &Summary, options: &SummaryOptions) -> Result<String, SummaryError> {
    let heading = |title: &str, align| Heading { title: title.to_owned(), align };
    let mut headings = vec![
        heading("Layer (type)", Align::Left),
        heading("Output Shape", Align::Left),
        heading("Param #", Align::Right),
    ];
    if !summary.chain {
        headings.push(heading("Connected to", Align::Left));
    }
    if options.show_trainable {
        headings.push(heading("Trainable", Align::Centre));
    }
    let keras_columns = headings.len();
    for column in &options.columns {
        let align = match column {
            super::Column::Formula => Align::Left,
            _ => Align::Right,
        };
        headings.push(Heading { title: column.header().text_in(summary.language), align });
    }

    let rows: Vec<Vec<Text>> = summary
        .shown(options)?
        .into_iter()
        .map(|(depth, row)| cells(row, depth, summary, options))
        .collect();
    let text_widths = match options.columns.is_empty() {
        true => {
            let (asked, total) = asked_widths(summary, options, keras_columns)?;
            widths(&asked, total)
        }
        false => (0..headings.len())
            .map(|column| {
                let widest = rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
                widest.max(width(&headings[column].title))
            })
            .collect(),
    };

    let color = options.color;
    let mut text = Text::of(&format!("Model: \"{}\"", summary.name), Ink::Bold).print(color);
    text.push('\n');
    text += &draw(&headings, &rows, &text_widths, color);
    let mut total = |label: &str, count: u64| {
        let line = Text::of(&format!(" {label}: "), Ink::Bold)
            .with(&grouped(count), Ink::Number)
            .with(&format!(" ({})", memory(count.saturating_mul(4))), Ink::Plain);
        text += &line.print(color);
        text.push('\n');
    };
    total("Total params", summary.total_params);
    total("Trainable params", summary.trainable_params);
    total("Non-trainable params", summary.non_trainable_params);
    if let Some(count) = summary.optimizer_params {
        total("Optimizer params", count);
    }
    if !options.columns.is_empty()
        && let (Some(macs), Some(bytes)) = (summary.macs, summary.activation_bytes)
    {
        let label = words::multiply_adds().text_in(summary.language);
        let rest = words::for_one_item(memory(bytes)).text_in(summary.language);
        let line = Text::of(&format!(" {label}: "), Ink::Bold)
            .with(&grouped(macs), Ink::Number)
            .with(&format!(" {rest}"), Ink::Plain);
        text += &line.print(color);
        text.push('\n');
    }
    Ok(text)
}

/// The places that Keras asks for, and the width of the whole table.
fn asked_widths(
    summary: &Summary,
    options: &SummaryOptions,
    columns: usize,
) -> Result<(Vec<usize>, usize), SummaryError> {
    let (mut length, defaults): (usize, &[f64]) = match summary.chain {
        true => (88, &[0.45, 0.80, 1.0]),
        false => (108, &[0.3, 0.56, 0.74, 1.0]),
    };
    let mut positions = options.positions.clone().unwrap_or_else(|| defaults.to_vec());
    if options.show_trainable {
        length += 12;
        positions.iter_mut().for_each(|position| *position *= 0.90);
        positions.push(1.0);
    }
    let terminal = options.terminal_columns.unwrap_or(80).saturating_sub(4);
    let length = options.line_length.unwrap_or_else(|| length.min(terminal));
    let mut asked = Vec::with_capacity(columns);
    let mut current = 0;
    for position in positions.iter().take(columns) {
        let end = (position * length as f64).max(0.0) as usize;
        match end.checked_sub(current) {
            Some(width) if width >= 4 => asked.push(width),
            _ => return Err(SummaryError::TooNarrow { columns, line_length: length }),
        }
        current = end;
    }
    if asked.len() < columns {
        return Err(SummaryError::TooNarrow { columns, line_length: length });
    }
    Ok((asked, length))
}

fn cells(row: &Row, depth: usize, summary: &Summary, options: &SummaryOptions) -> Vec<Text> {
    let prefix = match depth {
        0 => String::new(),
        depth => format!("{}└ ", "   ".repeat(depth)),
    };
    let name = Text::of(&format!("{prefix}{} (", row.name), Ink::Plain)
        .with(&row.class_name, Ink::Class)
        .with(")", Ink::Plain);
    let shape = match &row.output_shape {
        Some(shape) => shape_text(&shape.text()),
        None => Text::of("?", Ink::Plain),
    };
    let params = match row.built {
        true => Text::of(&grouped(row.params), Ink::Number),
        false => Text::of("0", Ink::Number).with(" (unbuilt)", Ink::Plain),
    };
    let mut cells = vec![name, shape, params];
    if !summary.chain {
        // Layers of nested models are connected inside; Keras shows the outer connections only.
        let shown: Vec<String> = match depth {
            0 => row.connected_to.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        cells.push(match shown.is_empty() {
            true => Text::of("-", Ink::Plain),
            false => Text::of(&shown.join(", "), Ink::Plain),
        });
    }
    if options.show_trainable {
        cells.push(match row.trainable {
            Some(true) => Text::of("Y", Ink::Yes),
            Some(false) => Text::of("N", Ink::No),
            None => Text::of("-", Ink::Bold),
        });
    }
    let further =
        options.columns.iter().map(|column| Text::default().with_numbers(&column.text(row)));
    cells.extend(further);
    cells
}

/// A shape with its open axes in their own colour.
fn shape_text(shape: &str) -> Text {
    let mut text = Text::default();
    for (index, part) in shape.split("None").enumerate() {
        if index > 0 {
            text = text.with("None", Ink::Open);
        }
        text = text.with_numbers(part);
    }
    text
}
