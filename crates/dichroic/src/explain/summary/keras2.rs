//! The summary in the form of Keras before 2.3, as the first scripts on the web show it.

use super::{Row, Summary, SummaryError, SummaryOptions};
use crate::explain::width::{padded_right, width};
use crate::layers::grouped;

/// The text of the old `summary()`: no title, a rule after each layer, texts cut at their column's end.
///
/// # Source
/// `print_summary` in `keras/utils/layer_utils.py` of Keras 2.2.
pub(super) fn render(summary: &Summary, options: &SummaryOptions) -> Result<String, SummaryError> {
    let (length, defaults): (usize, &[f64]) = match summary.chain {
        true => (65, &[0.45, 0.85, 1.0]),
        false => (98, &[0.33, 0.55, 0.67, 1.0]),
    };
    let mut length = options.line_length.unwrap_or(length);
    let relative = options.positions.clone().unwrap_or_else(|| defaults.to_vec());
    let mut ends: Vec<usize> =
        relative.iter().map(|position| (position * length as f64).max(0.0) as usize).collect();
    let mut headers = ["Layer (type)", "Output Shape", "Param #"].map(str::to_owned).to_vec();
    if !summary.chain {
        headers.push("Connected to".to_owned());
    }
    ends.truncate(headers.len());
    if ends.len() < headers.len() || ends.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(SummaryError::TooNarrow { columns: headers.len(), line_length: length });
    }

    let rows = summary.shown(options)?;
    if options.show_trainable {
        headers.push("Trainable".to_owned());
        length += 11;
        ends.push(length);
    }
    for column in &options.columns {
        let header = column.header().text_in(summary.language);
        let texts = rows.iter().map(|(_, row)| width(&column.text(row)));
        length += texts.chain([width(&header)]).max().unwrap_or(0) + 2;
        headers.push(header);
        ends.push(length);
    }

    let mut text = format!("{}\n", "_".repeat(length));
    text += &line(&headers, &ends);
    text += &format!("{}\n", "=".repeat(length));
    for (index, (depth, row)) in rows.iter().enumerate() {
        if index > 0 {
            text += &format!("{}\n", "_".repeat(length));
        }
        text += &fields(row, *depth, summary, options)
            .iter()
            .map(|fields| line(fields, &ends))
            .collect::<String>();
    }
    text += &format!("{}\n", "=".repeat(length));
    // The old form knew nothing of optimizers.
    let total = summary.trainable_params + summary.non_trainable_params;
    text += &format!("Total params: {}\n", grouped(total));
    text += &format!("Trainable params: {}\n", grouped(summary.trainable_params));
    text += &format!("Non-trainable params: {}\n", grouped(summary.non_trainable_params));
    Ok(text + &format!("{}\n", "_".repeat(length)))
}

/// The fields of a row, then one row for each further connection.
fn fields(
    row: &Row,
    depth: usize,
    summary: &Summary,
    options: &SummaryOptions,
) -> Vec<Vec<String>> {
    let shape = match (&row.output_shape, row.same_outputs) {
        (Some(_), false) | (None, _) => "multiple".to_owned(),
        (Some(shape), true) => shape.text(),
    };
    let mut first = vec![
        format!("{}{} ({})", "  ".repeat(depth), row.name, row.class_name),
        shape,
        row.params.to_string(),
    ];
    let connections: Vec<String> = match depth {
        0 => row.connected_to.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    if !summary.chain {
        first.push(connections.first().cloned().unwrap_or_default());
    }
    if options.show_trainable {
        first.push(match row.trainable {
            Some(true) => "Y".to_owned(),
            Some(false) => "N".to_owned(),
            None => "-".to_owned(),
        });
    }
    first.extend(options.columns.iter().map(|column| column.text(row)));
    let mut rows = vec![first];
    if !summary.chain {
        for connection in connections.iter().skip(1) {
            rows.push(vec![String::new(), String::new(), String::new(), connection.clone()]);
        }
    }
    rows
}

/// A line of fields, each cut at its column's end, with a blank before the next.
fn line(fields: &[String], ends: &[usize]) -> String {
    let mut line = String::new();
    for (index, (field, &end)) in fields.iter().zip(ends).enumerate() {
        // A blank is kept free before the next field.
        let room = if index + 1 < fields.len() { end.saturating_sub(1) } else { end };
        line += field;
        while width(&line) > room {
            line.pop();
        }
        line = padded_right(&line, end);
    }
    line.push('\n');
    line
}
