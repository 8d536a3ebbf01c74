//! One output value of a convolution, from the input to the sum.

use dichroic::Tensor;
use dichroic::explain::words::figure as words;
use dichroic::explain::{ChannelTrace, Grid, Language, LayerValues, Trace, TraceRequest};
use dichroic::model::Model;

use crate::FigureError;
use crate::colour::{ACCENT, FAINT, Scale, hex, ink_on};
use crate::format::Figure;
use crate::legend::{WIDTH, legend, number};
use crate::sheet::{Area, Cells, Ink, Sheet, Stroke};

/// Channels that are drawn; those that add least are told in one line.
const MOST_CHANNELS: usize = 6;
/// The largest grid whose numbers are written into its cells.
const MOST_NUMBERS: usize = 49;
/// The longest side of the drawn feature maps.
const MAP: f64 = 150.0;

/// Draws how one output value comes about: for each input channel patch × kernel = products, their sums, the bias, the
/// activation, and the value in its feature map.
///
/// Of many channels the six that add most are drawn. All numbers are those of [`Trace`].
///
/// # Errors
/// When the layer is no convolution in one or two directions, or the request or the input does not suit.
pub fn convolution(
    model: &Model,
    request: &TraceRequest,
    inputs: &[Tensor],
    language: Language,
) -> Result<Figure, FigureError> {
    let trace = Trace::of(model, request, inputs)?;
    let values = LayerValues::of(model, inputs)?;
    let position: Vec<String> = trace.at.iter().map(ToString::to_string).collect();
    let title = words::convolution_title(&*trace.layer, trace.filter, position.join(", "));
    let title = title.text_in(language);
    let mut sheet = Sheet::new();
    sheet.text((0.0, 14.0), &title, Ink::of(15.0).bold());
    let steps = Steps { trace: &trace, language };
    let right = steps.draw(&mut sheet);
    if let Some(output) = values.output(&trace.layer) {
        feature_map(&mut sheet, output, &trace, (right + 40.0, 62.0), language);
    }
    Ok(sheet.finish(&title))
}

struct Steps<'a> {
    trace: &'a Trace,
    language: Language,
}

impl Steps<'_> {
    /// The scales of the values, of the kernels and of the products.
    fn scales(&self) -> (Scale, Scale, Scale) {
        let largest = |grid: fn(&ChannelTrace) -> &Grid| {
            let values = self.trace.channels.iter().flat_map(|channel| &grid(channel).values);
            values.fold(0.0_f64, |largest, value| largest.max(value.abs())) as f32
        };
        let around = |largest: f32| Scale::Diverging { largest };
        (
            around(largest(|channel| &channel.patch)),
            around(largest(|channel| &channel.kernel)),
            around(largest(|channel| &channel.products)),
        )
    }

    /// The channels that add most, in their own order, and what the others add together.
    fn shown(&self) -> (Vec<&ChannelTrace>, Option<(usize, f64)>) {
        let mut order: Vec<&ChannelTrace> = self.trace.channels.iter().collect();
        if order.len() <= MOST_CHANNELS {
            return (order, None);
        }
        order.sort_by(|a, b| b.adds.abs().total_cmp(&a.adds.abs()));
        let rest: f64 = order[MOST_CHANNELS..].iter().map(|channel| channel.adds).sum();
        let count = order.len() - MOST_CHANNELS;
        order.truncate(MOST_CHANNELS);
        order.sort_by_key(|channel| channel.channel);
        (order, Some((count, rest)))
    }

    /// Draws a row for each channel, the colour scales and the sum below; gives the right end.
    fn draw(&self, sheet: &mut Sheet) -> f64 {
        let (channels, rest) = self.shown();
        let (values, weights, products) = self.scales();
        let mut y = 62.0;
        let mut right: f64 = 0.0;
        let mut places = Vec::new();
        for (row, channel) in channels.iter().enumerate() {
            let name = words::input_channel(channel.channel).text_in(self.language);
            let mut x = 110.0;
            let mut height: f64 = 0.0;
            let grids = [
                (&channel.patch, values, words::patch(), ""),
                (&channel.kernel, weights, words::kernel(), "×"),
                (&channel.products, products, words::products(), "="),
            ];
            for (grid, scale, heading, sign) in grids {
                if !sign.is_empty() {
                    sheet.text(
                        (x + 13.0, y + grid_height(grid) / 2.0 + 6.0),
                        sign,
                        Ink::of(16.0).middle(),
                    );
                    x += 26.0;
                }
                let area = numbers(sheet, grid, scale, (x, y));
                if row == 0 {
                    let heading = heading.text_in(self.language);
                    let place = (x + area.width / 2.0, y - 10.0);
                    sheet.text(place, &heading, Ink::of(11.0).colour(FAINT).middle());
                    places.push((x, area.width, scale));
                }
                x += area.width;
                height = height.max(area.height);
            }
            sheet.text((0.0, y + height / 2.0 + 4.0), &name, Ink::of(11.0));
            let sum = format!("Σ = {}", number(channel.adds as f32));
            sheet.text((x + 14.0, y + height / 2.0 + 4.0), &sum, Ink::of(13.0).bold());
            right = right.max(x + 110.0);
            y += height + 12.0;
        }
        for (x, width, scale) in places {
            legend(sheet, (x, y + 2.0), width.max(98.0), scale);
        }
        self.total(sheet, y + 50.0, rest);
        right
    }

    /// The sum over the channels, the bias, the activation and the value.
    fn total(&self, sheet: &mut Sheet, mut y: f64, rest: Option<(usize, f64)>) {
        let trace = self.trace;
        let mut row = |name: String, value: f64, bold: bool| {
            let ink = if bold { Ink::of(13.0).bold() } else { Ink::of(12.0) };
            sheet.text((110.0, y), &name, ink);
            sheet.text((430.0, y), &number(value as f32), ink.end());
            y += 19.0;
        };
        if let Some((count, rest)) = rest {
            row(words::other_channels(count as u64).text_in(self.language), rest, false);
        }
        let channels = trace.channels.len() as u64;
        row(words::sum_over(channels).text_in(self.language), trace.sum, false);
        if let Some(bias) = trace.bias {
            row(words::bias().text_in(self.language), f64::from(bias), false);
        }
        if trace.activation != "linear" {
            row(words::before_activation().text_in(self.language), trace.total, false);
        }
        let name = match trace.activation.as_str() {
            "linear" => words::value().text_in(self.language),
            name => words::value_after(name).text_in(self.language),
        };
        row(name, trace.value, true);
    }
}

fn cell_of(grid: &Grid) -> f64 {
    let (columns, rows) = sides(grid);
    (128.0 / columns.max(rows) as f64).clamp(9.0, 36.0)
}

fn grid_height(grid: &Grid) -> f64 {
    sides(grid).1 as f64 * cell_of(grid)
}

/// Columns and rows; the slices of three directions stand below each other.
fn sides(grid: &Grid) -> (usize, usize) {
    let columns = grid.sizes.last().copied().unwrap_or(1).max(1);
    (columns, (grid.values.len() / columns).max(1))
}

/// A grid as colours, with its numbers in the cells where they can be read.
fn numbers(sheet: &mut Sheet, grid: &Grid, scale: Scale, place: (f64, f64)) -> Area {
    let cell = cell_of(grid);
    let (columns, _) = sides(grid);
    let values: Vec<f32> = grid.values.iter().map(|value| *value as f32).collect();
    let area = sheet.cells(place, cell, &Cells { values: &values, columns, scale });
    sheet.frame(area, Stroke::of("#8a949e", 0.8));
    if values.len() <= MOST_NUMBERS && cell >= 24.0 {
        for (i, value) in values.iter().enumerate() {
            let (row, column) = ((i / columns) as f64, (i % columns) as f64);
            let middle = (place.0 + (column + 0.5) * cell, place.1 + (row + 0.5) * cell + 3.0);
            let ink = Ink::of((cell * 0.27).min(9.5)).middle();
            sheet.text(middle, &in_cell(*value), ink.colour(ink_on(scale.colour(*value))));
        }
    }
    area
}

/// A value in as few signs as a cell holds.
fn in_cell(value: f32) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    text.replace('-', "−")
}

/// The filter's feature map with the traced value marked.
fn feature_map(
    sheet: &mut Sheet,
    output: &Tensor,
    trace: &Trace,
    (x, y): (f64, f64),
    language: Language,
) {
    let shape = output.shape();
    let (rows, columns) = match shape {
        [length, _] => (1, *length),
        [height, width, _] => (*height, *width),
        // The slice that holds the value.
        [_, height, width, _] => (*height, *width),
        _ => return,
    };
    let filters = shape[shape.len() - 1];
    let (row, column) = match trace.at[..] {
        [x] => (0, x),
        [y, x] => (y, x),
        [_, y, x] => (y, x),
        _ => return,
    };
    let slice = if let [z, _, _] = trace.at[..] { z * rows * columns } else { 0 };
    let value = |place: usize| output.data()[(slice + place) * filters + trace.filter];
    let values: Vec<f32> = (0..rows * columns).map(value).collect();
    let smallest = values.iter().copied().fold(f32::INFINITY, f32::min);
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = Scale::of(smallest, largest);
    let cell = MAP / rows.max(columns) as f64;
    let heading = words::map_of(trace.filter).text_in(language);
    sheet.text((x, y - 10.0), &heading, Ink::of(11.0).colour(FAINT));
    let area = sheet.cells((x, y), cell, &Cells { values: &values, columns, scale });
    sheet.frame(area, Stroke::of("#8a949e", 0.8));
    let mark = Area {
        x: x + column as f64 * cell - 1.0,
        y: y + row as f64 * cell - 1.0,
        width: cell + 2.0,
        height: cell + 2.0,
    };
    sheet.frame(mark, Stroke::of(ACCENT, 2.0));
    let below = area.y + area.height;
    let chip = Area { x, y: below + 12.0, width: 14.0, height: 14.0 };
    sheet.fill(chip, &hex(scale.colour(trace.value as f32)));
    sheet.frame(chip, Stroke::of(ACCENT, 2.0));
    sheet.text((x + 22.0, below + 23.0), &number(trace.value as f32), Ink::of(13.0).bold());
    legend(sheet, (x, below + 44.0), WIDTH, scale);
}
