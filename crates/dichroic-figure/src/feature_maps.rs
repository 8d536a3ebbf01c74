//! The feature maps that a layer makes of an input.

use dichroic::Tensor;
use dichroic::explain::words::figure as words;
use dichroic::explain::{ExplainError, FeatureMaps, Language, LayerValues};
use dichroic::model::Model;

use crate::FigureError;
use crate::colour::{FAINT, Scale};
use crate::format::Figure;
use crate::legend::{WIDTH, legend};
use crate::sheet::{Cells, Ink, Sheet, Stroke, times};

/// Maps on a page.
const MOST_MAPS: usize = 64;
const MAPS_IN_A_ROW: usize = 8;
/// The longest side of a drawn map, and the most cells along it.
const SIDE: f64 = 84.0;
const MOST_CELLS: usize = 56;

/// Draws the feature maps of a layer for one input, on one colour scale.
///
/// Maps of more than 56 cells along a side are drawn by the means of their blocks. A sequence is a strip, of a volume the
/// middle slice is drawn.
///
/// # Errors
/// When the layer's values have no positions, or the input does not suit.
pub fn feature_maps(
    model: &Model,
    layer: &str,
    inputs: &[Tensor],
    language: Language,
) -> Result<Figure, FigureError> {
    let path = model.path_of(layer).map_err(ExplainError::from)?;
    let values = LayerValues::of(model, inputs)?;
    let output = values.output(&path).ok_or_else(|| not_planar(&path, "?"))?;
    let maps = Maps::of(output).ok_or_else(|| not_planar(&path, &times(output.shape())))?;
    let described = FeatureMaps::of_values(&values);
    let range = described.layers.iter().find(|maps| maps.layer == path);
    let (minimum, maximum) = range.map_or((0.0, 1.0), |maps| (maps.minimum, maps.maximum));
    let scale = Scale::of(minimum, maximum);
    let mut sheet = Sheet::new();
    let title = words::maps_title(&*path, maps.channels as u64, times(output.shape()));
    let title = title.text_in(language);
    sheet.text((0.0, 14.0), &title, Ink::of(15.0).bold());
    if let Some(maps) = range {
        let zeros = format!("{:.1} %", maps.zeros * 100.0);
        sheet.text(
            (0.0, 33.0),
            &words::zeros(zeros).text_in(language),
            Ink::of(11.0).colour(FAINT),
        );
    }
    let shown = maps.channels.min(MOST_MAPS);
    let mut below = 44.0;
    for channel in 0..shown {
        let (row, column) = (channel / MAPS_IN_A_ROW, channel % MAPS_IN_A_ROW);
        let (map, columns) = maps.drawn(channel);
        let rows = map.len() / columns;
        // Whole pixels at the usual two for each point.
        let cell = (SIDE * 2.0 / columns.max(rows) as f64).floor().max(1.0) / 2.0;
        let (width, height) = (columns as f64 * cell, rows as f64 * cell);
        let place = (column as f64 * (width + 10.0), 54.0 + row as f64 * (height + 22.0));
        let area = sheet.cells(place, cell, &Cells { values: &map, columns, scale });
        sheet.frame(area, Stroke::of("#8a949e", 0.6));
        let number = (place.0, place.1 + height + 11.0);
        sheet.text(number, &channel.to_string(), Ink::of(9.0).colour(FAINT));
        below = number.1;
    }
    if shown < maps.channels {
        below += 18.0;
        let note = words::maps_shown(shown as u64, maps.channels as u64).text_in(language);
        sheet.text((0.0, below), &note, Ink::of(10.0).colour(FAINT));
    }
    legend(&mut sheet, (0.0, below + 14.0), WIDTH, scale);
    Ok(sheet.finish(&title))
}

/// Values by position and channel.
struct Maps<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    channels: usize,
}

impl<'a> Maps<'a> {
    fn of(output: &'a Tensor) -> Option<Self> {
        let data = output.data();
        let (rows, columns, channels, values) = match *output.shape() {
            [length, channels] => (1, length, channels, data),
            [rows, columns, channels] => (rows, columns, channels, data),
            [slices, rows, columns, channels] => {
                let slice = rows * columns * channels;
                (rows, columns, channels, data.get(slices / 2 * slice..(slices / 2 + 1) * slice)?)
            }
            _ => return None,
        };
        (rows > 0 && columns > 0).then_some(Self { values, rows, columns, channels })
    }

    /// A map in cells that can be seen, and how many of them a row has.
    fn drawn(&self, channel: usize) -> (Vec<f32>, usize) {
        let block = self.rows.max(self.columns).div_ceil(MOST_CELLS);
        let (rows, columns) = (self.rows.div_ceil(block), self.columns.div_ceil(block));
        let mean = |place: usize| {
            let (top, left) = (place / columns * block, place % columns * block);
            let (bottom, right) = ((top + block).min(self.rows), (left + block).min(self.columns));
            let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (y, x)));
            let value = |(y, x)| self.values[(y * self.columns + x) * self.channels + channel];
            let count = ((bottom - top) * (right - left)) as f32;
            places.map(value).sum::<f32>() / count
        };
        ((0..rows * columns).map(mean).collect(), columns)
    }
}

fn not_planar(layer: &str, shape: &str) -> FigureError {
    FigureError::NotPlanar {
        layer: layer.to_owned(),
        shape: shape.to_owned(),
        what: "feature maps",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_maps_are_drawn_by_the_means_of_their_blocks() -> Result<(), Box<dyn std::error::Error>>
    {
        let values: Vec<f32> = (0..112 * 3).map(|i| i as f32).collect();
        let tensor = Tensor::new([3, 112, 1], values)?;
        let maps = Maps::of(&tensor).ok_or("a map")?;
        let (map, columns) = maps.drawn(0);
        assert_eq!((map.len(), columns), (112, 56));
        assert_eq!(map[0], (0.0 + 1.0 + 112.0 + 113.0) / 4.0);
        // The last row of blocks is one row high.
        assert_eq!(map[56], (224.0 + 225.0) / 2.0);
        Ok(())
    }
}
