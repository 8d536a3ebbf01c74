//! The matrix input channels × filters of a convolution's kernels.

use dichroic::explain::words::figure as words;
use dichroic::explain::{FilterMatrix, Language, LayerExplanation};
use dichroic::model::Model;

use crate::FigureError;
use crate::colour::{FAINT, Scale, hex};
use crate::format::Figure;
use crate::legend::{WIDTH, legend};
use crate::sheet::{Area, Cells, Ink, Sheet, Stroke};

/// Filters and channels that a page has room for.
const MOST_FILTERS: usize = 24;
const MOST_CHANNELS: usize = 12;
const GAP: f64 = 6.0;

/// Draws the kernels of a convolution, a column for each filter, a row for each input channel that it sees.
///
/// All stand on one scale around zero. Above those on red, green and blue each filter stands as a colour picture. Of
/// many, the filters with the largest weights are shown.
///
/// # Errors
/// When the layer is no convolution, or its weights have no values.
pub fn filters(model: &Model, layer: &str, language: Language) -> Result<Figure, FigureError> {
    let matrix = FilterMatrix::of(model, layer, None)?;
    let kernels = FilterMatrix::kernels(model, layer, matrix.stage)?;
    let explained = LayerExplanation::of(model, layer)?;
    let shown: Vec<usize> = match matrix.filters > MOST_FILTERS {
        true => {
            let mut largest = matrix.orders.norm[..MOST_FILTERS].to_vec();
            largest.sort_unstable();
            largest
        }
        false => (0..matrix.filters).collect(),
    };
    let table = Table {
        columns: matrix.kernel_size.last().copied().unwrap_or(1),
        slices: if matrix.rank == 3 { matrix.kernel_size[0] } else { 1 },
        per_kernel: matrix.kernel_size.iter().product(),
        scale: Scale::Diverging { largest: matrix.largest_absolute },
        channels: matrix.channels_per_filter.min(MOST_CHANNELS),
        values: kernels.data(),
        matrix: &matrix,
    };
    let mut sheet = Sheet::new();
    let title = words::filters_title(
        layer,
        explained.filters.unwrap_or_default(),
        explained.kernels.unwrap_or_default(),
    )
    .text_in(language);
    sheet.text((0.0, 14.0), &title, Ink::of(15.0).bold());
    let formula = explained.formula.text_in(language);
    sheet.text((0.0, 33.0), &formula, Ink::of(11.0).colour(FAINT));
    let bottom = table.draw(&mut sheet, &shown, language);
    let mut below = bottom + 22.0;
    if shown.len() < matrix.filters || table.channels < matrix.channels_per_filter {
        let note = words::filters_shown(
            shown.len() as u64,
            matrix.filters as u64,
            table.channels as u64,
            matrix.channels_per_filter as u64,
        );
        sheet.text((0.0, below), &note.text_in(language), Ink::of(10.0).colour(FAINT));
        below += 18.0;
    }
    legend(&mut sheet, (0.0, below - 6.0), WIDTH, table.scale);
    Ok(sheet.finish(&title))
}

struct Table<'a> {
    columns: usize,
    slices: usize,
    per_kernel: usize,
    scale: Scale,
    channels: usize,
    values: &'a [f32],
    matrix: &'a FilterMatrix,
}

impl Table<'_> {
    /// The sides of a drawn kernel, with its slices side by side.
    fn sides(&self) -> (f64, f64, f64) {
        let rows = (self.per_kernel / self.slices / self.columns).max(1);
        let cell = (44.0 / self.columns.max(rows) as f64).clamp(3.0, 14.0);
        let width =
            self.slices as f64 * (self.columns as f64 * cell) + (self.slices - 1) as f64 * 2.0;
        (cell, width, rows as f64 * cell)
    }

    fn kernel(&self, filter: usize, channel: usize) -> &[f32] {
        let place = (filter * self.matrix.channels_per_filter + channel) * self.per_kernel;
        &self.values[place..place + self.per_kernel]
    }

    /// Draws the table below the title; gives where it ends.
    fn draw(&self, sheet: &mut Sheet, shown: &[usize], language: Language) -> f64 {
        let (cell, width, height) = self.sides();
        let labels = 92.0;
        let top = 72.0;
        let heading = words::filter().text_in(language);
        sheet.text((labels - 8.0, top - 8.0), &heading, Ink::of(10.0).colour(FAINT).end());
        let colours = if self.matrix.rgb { height + GAP } else { 0.0 };
        for (column, &filter) in shown.iter().enumerate() {
            let x = labels + column as f64 * (width + GAP);
            let middle = x + width / 2.0;
            sheet.text((middle, top - 8.0), &filter.to_string(), Ink::of(10.0).middle());
            if self.matrix.rgb {
                self.colours(sheet, filter, (x, top), cell);
            }
            for channel in 0..self.channels {
                let y = top + colours + channel as f64 * (height + GAP);
                self.heat_map(sheet, self.kernel(filter, channel), (x, y), cell);
            }
        }
        for row in 0..self.channels {
            let y = top + colours + row as f64 * (height + GAP) + height / 2.0 + 4.0;
            let name = words::channel(row).text_in(language);
            sheet.text((labels - 8.0, y), &name, Ink::of(10.0).end());
        }
        if self.matrix.rgb {
            let name = words::in_colour().text_in(language);
            let ink = Ink::of(10.0).colour(FAINT).end();
            sheet.text((labels - 8.0, top + height / 2.0 + 4.0), &name, ink);
        }
        top + colours + self.channels as f64 * (height + GAP)
    }

    fn heat_map(&self, sheet: &mut Sheet, kernel: &[f32], (x, y): (f64, f64), cell: f64) {
        let slice = self.per_kernel / self.slices;
        for (i, values) in kernel.chunks(slice.max(1)).enumerate() {
            let left = x + i as f64 * (self.columns as f64 * cell + 2.0);
            let cells = Cells { values, columns: self.columns, scale: self.scale };
            let area = sheet.cells((left, y), cell, &cells);
            sheet.frame(area, Stroke::of("#8a949e", 0.6));
        }
    }

    /// The three kernels of a filter as the red, green and blue of one picture.
    fn colours(&self, sheet: &mut Sheet, filter: usize, (x, y): (f64, f64), cell: f64) {
        let largest = self.matrix.statistics[filter].minimum.abs();
        let largest = self.matrix.statistics[filter].maximum.abs().max(largest);
        let part = |channel: usize, place: usize| {
            let weight = self.kernel(filter, channel)[place];
            let share = if largest > 0.0 { weight / largest } else { 0.0 };
            (127.5 + 127.5 * share.clamp(-1.0, 1.0)) as u8
        };
        for place in 0..self.per_kernel {
            let (row, column) = (place / self.columns, place % self.columns);
            let area = Area {
                x: x + column as f64 * cell,
                y: y + row as f64 * cell,
                width: cell + 0.2,
                height: cell + 0.2,
            };
            sheet.fill(area, &hex([part(0, place), part(1, place), part(2, place)]));
        }
    }
}
