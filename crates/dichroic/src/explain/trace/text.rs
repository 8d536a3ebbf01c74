//! The words and numbers of a trace.

use super::{ChannelTrace, Grid, Trace};
use crate::explain::error::{list, sizes};
use crate::explain::message::words::trace as words;
use crate::explain::message::{Language, Message};
use crate::explain::width::padded_right;

/// The widest kernel that is printed in full, in cells of its last axis.
const WIDEST: usize = 16;

/// The widest line with three grids beside each other; wider ones are stacked.
const WIDEST_LINE: usize = 100;

/// Columns of the words before the last lines' numbers.
const LABEL: usize = 19;

impl Trace {
    /// The same trace, its text in a language.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The trace as text: per channel patch × kernel = products, then the sum, the bias, the activation and the executor's value.
    pub fn text(&self) -> String {
        let title = words::title(
            self.layer.as_str(),
            self.class_name.as_str(),
            self.filter,
            list(&self.at),
        );
        let mut text = format!("{}\n", self.say(title));
        for channel in &self.channels {
            text += &format!("\n{}", self.channel_text(channel));
        }
        text.push('\n');
        for line in self.totals() {
            text += &format!("  {line}\n");
        }
        text
    }

    /// From the sums of the channels to the executor's value.
    fn totals(&self) -> Vec<String> {
        // The activation is computed in f32: its argument is shown as it was.
        let total = match self.activation.as_str() {
            "linear" => self.total,
            _ => f64::from(self.total as f32),
        };
        let parts: Vec<String> = self.channels.iter().map(|channel| number(channel.adds)).collect();
        let sum = number(self.sum);
        let over = self.say(words::sum_over(parts.len() as u64));
        // The longest label; its numbers stand where the others' do unless it is too long for that.
        let over = padded_right(&over, LABEL - 2);
        let mut lines = vec![format!("{over}  {} = {sum}", joined(&parts))];
        lines.push(match self.bias {
            Some(bias) => {
                let label = self.label(words::bias());
                format!("{label}{sum} {} = {}", signed(f64::from(bias)), number(total))
            }
            None => self.say(words::no_bias()),
        });
        if self.activation != "linear" {
            let label = self.label(words::activation());
            let (total, value) = (number(total), number(self.value));
            lines.push(format!("{label}{}({total}) = {value}", self.activation));
        }
        let agree =
            words::agree(format!("{:.1e}", self.difference), format!("{:.1e}", self.tolerance));
        let executor = number(f64::from(self.executor));
        lines.push(format!("{}{executor}   {}", self.label(words::executor()), self.say(agree)));
        lines
    }

    fn channel_text(&self, channel: &ChannelTrace) -> String {
        let mut text = format!("  {}", self.say(words::channel(channel.channel)));
        if let Some(from) = &channel.from {
            let from: Vec<String> = from.iter().map(ToString::to_string).collect();
            text += &self.say(words::patch_from(from.join(",")));
            if !self.transposed {
                text += &self.every();
            }
        }
        if channel.outside > 0 {
            text += &self.say(words::outside(channel.outside as u64));
        }
        if channel.between > 0 {
            text += &self.say(words::between(channel.between as u64));
        }
        text.push('\n');
        text += &self.side_by_side(&channel.patch, &channel.kernel, &channel.products);
        text += &format!("    {}", self.say(words::sum_of_products(number(channel.sum))));
        if let Some(weight) = channel.pointwise_weight {
            let weight = number(f64::from(weight));
            text += &self.say(words::second_stage(weight, number(channel.adds)));
        }
        text.push('\n');
        text
    }

    /// How far apart the positions of a dilated patch lie, after a comma; nothing for neighbours.
    fn every(&self) -> String {
        self.say(match self.dilation_rate.as_slice() {
            [first, rest @ ..] if rest.iter().all(|rate| rate == first) => match first {
                1 => return String::new(),
                2 => words::every_second(),
                3 => words::every_third(),
                rate => words::one_in(*rate),
            },
            rates => words::one_in(sizes(rates)),
        })
    }

    /// Three grids beside each other, row by row; below each other where they are too wide for that.
    fn side_by_side(&self, patch: &Grid, kernel: &Grid, products: &Grid) -> String {
        let width = patch.sizes.last().copied().unwrap_or(1).max(1);
        if width > WIDEST {
            return format!("    {}\n", self.say(words::too_wide(width)));
        }
        // Cells are eight wide with a space between.
        if 4 + 3 * (9 * width - 1) + 10 <= WIDEST_LINE {
            return abreast(patch, kernel, products);
        }
        [(words::patch(), patch), (words::kernel(), kernel), (words::products(), products)]
            .map(|(title, grid)| format!("    {}\n{}", self.say(title), stacked(grid)))
            .concat()
    }

    fn label(&self, words: Message) -> String {
        padded_right(&self.say(words), LABEL)
    }

    fn say(&self, words: Message) -> String {
        words.text_in(self.language)
    }
}

/// One grid, a line for each row.
fn stacked(grid: &Grid) -> String {
    let (rows, plane) = rows_and_plane(grid);
    let line = |row| format!("{}    {}\n", gap(row, plane), cells(grid, row));
    (0..rows).map(line).collect()
}

/// Three grids, a line for each row of all.
fn abreast(patch: &Grid, kernel: &Grid, products: &Grid) -> String {
    let (rows, plane) = rows_and_plane(patch);
    let mut text = String::new();
    for row in 0..rows {
        let (times, equals) = if row % plane == plane / 2 { ("×", "=") } else { (" ", " ") };
        text += &format!(
            "{}    {}  {times} {}  {equals} {}\n",
            gap(row, plane),
            cells(patch, row),
            cells(kernel, row),
            cells(products, row)
        );
    }
    text
}

/// How many rows a grid has, and how many of them are one plane of a 3-D kernel.
fn rows_and_plane(grid: &Grid) -> (usize, usize) {
    let rows = grid.values.len() / row_length(grid);
    match grid.sizes.as_slice() {
        [_, height, _] => (rows, *height),
        _ => (rows, rows.max(1)),
    }
}

fn row_length(grid: &Grid) -> usize {
    grid.sizes.last().copied().unwrap_or(1).max(1)
}

/// Planes of a 3-D kernel stand apart.
fn gap(row: usize, plane: usize) -> &'static str {
    if row > 0 && row.is_multiple_of(plane) { "\n" } else { "" }
}

fn cells(grid: &Grid, row: usize) -> String {
    let width = row_length(grid);
    let cells = &grid.values[row * width..(row + 1) * width];
    cells.iter().map(|value| cell(*value)).collect::<Vec<_>>().join(" ")
}

/// A number in a grid; what rounds to zero has no sign.
fn cell(value: f64) -> String {
    let value = if value.abs() < 0.000_05 { 0.0 } else { value };
    format!("{value:>8.4}")
}

/// The numbers added: all of a few, the first and last of many.
fn joined(parts: &[String]) -> String {
    const MOST: usize = 8;
    let plus = |parts: &[String]| parts.join(" + ").replace("+ -", "- ");
    match parts.len() {
        0..=MOST => plus(parts),
        count => format!("{} + … + {}", plus(&parts[..MOST - 2]), plus(&parts[count - 2..])),
    }
}

fn number(value: f64) -> String {
    format!("{value:.6}")
}

fn signed(value: f64) -> String {
    if value < 0.0 { format!("- {:.6}", -value) } else { format!("+ {value:.6}") }
}
