//! The words and numbers of a trace.

use super::{ChannelTrace, Grid, Trace};
use crate::explain::error::{list, sizes};

/// The widest kernel that is printed in full, in cells of its last axis.
const WIDEST: usize = 16;

/// The widest line with three grids beside each other; wider ones are stacked.
const WIDEST_LINE: usize = 100;

impl Trace {
    /// The trace as text: per channel patch × kernel = products, then the sum, the bias, the activation and the executor's value.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} ({}), filter {} at {}\n",
            self.layer,
            self.class_name,
            self.filter,
            list(&self.at)
        );
        for channel in &self.channels {
            text.push('\n');
            text += &channel_text(self, channel);
        }
        text.push('\n');
        // The activation is computed in f32: its argument is shown as it was.
        let total = match self.activation.as_str() {
            "linear" => self.total,
            _ => f64::from(self.total as f32),
        };
        let parts: Vec<String> = self.channels.iter().map(|channel| number(channel.adds)).collect();
        let what = if self.channels.len() == 1 { "channel" } else { "channels" };
        text += &format!(
            "  sum over {} {what}  {} = {}\n",
            parts.len(),
            joined(&parts),
            number(self.sum)
        );
        text += &match self.bias {
            Some(bias) => format!(
                "  bias               {} {} = {}\n",
                number(self.sum),
                signed(f64::from(bias)),
                number(total)
            ),
            None => "  no bias\n".to_owned(),
        };
        if self.activation != "linear" {
            text += &format!(
                "  activation         {}({}) = {}\n",
                self.activation,
                number(total),
                number(self.value)
            );
        }
        text + &format!(
            "  executor           {}   difference {:.1e}, rounding allows {:.1e}: they agree\n",
            number(f64::from(self.executor)),
            self.difference,
            self.tolerance
        )
    }
}

fn channel_text(trace: &Trace, channel: &ChannelTrace) -> String {
    let mut text = format!("  input channel {}", channel.channel);
    if let Some(from) = &channel.from {
        let from: Vec<String> = from.iter().map(ToString::to_string).collect();
        text += &format!(", patch from {}", from.join(","));
        if !trace.transposed {
            text += &every(&trace.dilation_rate);
        }
    }
    if channel.outside > 0 {
        let (values, lie) =
            if channel.outside == 1 { ("value", "lies") } else { ("values", "lie") };
        text += &format!(", {} {values} {lie} outside the input and count 0", channel.outside);
    }
    if channel.between > 0 {
        let (weights, meet) =
            if channel.between == 1 { ("weight", "meets") } else { ("weights", "meet") };
        text += &format!(
            ", {} {weights} {meet} no input value because of the strides",
            channel.between
        );
    }
    text.push('\n');
    text += &side_by_side(&channel.patch, &channel.kernel, &channel.products);
    text += &format!("    sum of products {}", number(channel.sum));
    if let Some(weight) = channel.pointwise_weight {
        text += &format!(
            ", × {} of the second stage = {}",
            number(f64::from(weight)),
            number(channel.adds)
        );
    }
    text.push('\n');
    text
}

/// How far apart the positions of a dilated patch lie, after a comma; nothing for neighbours.
fn every(dilation_rate: &[usize]) -> String {
    match dilation_rate {
        [first, rest @ ..] if rest.iter().all(|rate| rate == first) => match first {
            1 => String::new(),
            2 => ", every 2nd position".to_owned(),
            3 => ", every 3rd position".to_owned(),
            rate => format!(", one in {rate} positions"),
        },
        rates => format!(", one in {} positions", sizes(rates)),
    }
}

/// Three grids beside each other, row by row; below each other where they are too wide for that.
fn side_by_side(patch: &Grid, kernel: &Grid, products: &Grid) -> String {
    let width = patch.sizes.last().copied().unwrap_or(1).max(1);
    if width > WIDEST {
        return format!("    ({width} numbers a row are too wide to print; JSON has them all)\n");
    }
    let rows = patch.values.len() / width;
    // Planes of a 3-D kernel stand apart.
    let plane = match patch.sizes.as_slice() {
        [_, height, _] => *height,
        _ => rows.max(1),
    };
    let part = |grid: &Grid, row: usize| {
        let cells = &grid.values[row * width..(row + 1) * width];
        cells.iter().map(|value| cell(*value)).collect::<Vec<_>>().join(" ")
    };
    let mut text = String::new();
    // Cells are eight wide with a space between.
    if 4 + 3 * (9 * width - 1) + 10 > WIDEST_LINE {
        for (what, grid) in [("patch", patch), ("× kernel", kernel), ("= products", products)] {
            text += &format!("    {what}\n");
            for row in 0..rows {
                if row > 0 && row % plane == 0 {
                    text.push('\n');
                }
                text += &format!("    {}\n", part(grid, row));
            }
        }
        return text;
    }
    for row in 0..rows {
        if row > 0 && row % plane == 0 {
            text.push('\n');
        }
        let middle = row % plane == plane / 2;
        let (times, equals) = if middle { ("×", "=") } else { (" ", " ") };
        text += &format!(
            "    {}  {times} {}  {equals} {}\n",
            part(patch, row),
            part(kernel, row),
            part(products, row)
        );
    }
    text
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
