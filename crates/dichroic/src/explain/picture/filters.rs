//! The kernels of a convolution as a picture: one row for each input channel, one column for each filter.

use dichroic_graph::ParameterId;
use dichroic_graph::kernels::tensor::Tensor;

use super::palette::diverging;
use super::scene::{Anchor, Rgb, Scene, text_width};
use crate::explain::ExplainError;
use crate::explain::trace::convolutions;
use crate::layers::{Convolution, Sharing};
use crate::model::{Model, ModelError};

/// What of a layer is drawn, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterPicture {
    /// The most columns, which are filters in most layers, from the first on.
    pub filters: usize,
    /// The most rows, which are input channels in most layers, from the first on.
    pub channels: usize,
    /// Pixels for one weight; `None` makes the picture about 1,200 pixels wide.
    pub cell: Option<u32>,
}

impl Default for FilterPicture {
    fn default() -> Self {
        Self { filters: 64, channels: 32, cell: None }
    }
}

const GAP: u32 = 4;
const MARGIN: u32 = 12;

impl FilterPicture {
    /// Draws the kernels on one scale around zero; above those of a first layer on three channels, each filter as a
    /// colour picture.
    ///
    /// Of depthwise and separable convolutions, whose channels don't mix, a column is an input channel; of a separable one
    /// the first stage is drawn. A kernel of rank 1 is a strip, one of rank 3 its slices
    /// from left to right.
    ///
    /// # Errors
    /// When the layer is no convolution or its weights have no values.
    pub fn draw(&self, model: &Model, layer: &str) -> Result<Scene, ExplainError> {
        let handle = model.get_layer(layer)?;
        let not_one = || ExplainError::NotAConvolution {
            layer: layer.to_owned(),
            class_name: handle.class_name().to_owned(),
            convolutions: convolutions(model),
        };
        let inputs = handle
            .built_for()
            .ok_or_else(|| ModelError::NotBuilt { model: model.name().to_owned() })?;
        let convolution =
            handle.layer().and_then(|kind| kind.convolution(inputs)).ok_or_else(not_one)?;
        let index = model.weights_of(handle).first().copied().ok_or_else(not_one)?;
        let kernel = model.parameters()?.get(ParameterId(index)).ok_or_else(not_one)?;
        let kernels = Kernels::new(&convolution, kernel, layer);
        Ok(Drawing::new(self, &kernels).scene())
    }
}

/// A kernel array seen as a table of kernels.
struct Kernels<'a> {
    values: &'a [f32],
    /// Slices, rows and columns of one kernel.
    sides: [usize; 3],
    /// The last two axes of the array.
    axes: (usize, usize),
    /// Whether rows of the table run along the last axis instead of the one before it.
    across: bool,
    /// What a row is called, with its number behind it.
    row: &'static str,
    title: String,
    colour: bool,
    largest: f32,
}

impl<'a> Kernels<'a> {
    fn new(convolution: &Convolution, kernel: &'a Tensor, layer: &str) -> Self {
        let size = &convolution.window.size;
        let mut sides = [1; 3];
        sides[3 - size.len()..].copy_from_slice(size);
        let shape = kernel.shape();
        let axes = (shape[shape.len() - 2], shape[shape.len() - 1]);
        let (filters, channels) = (convolution.filters, convolution.in_channels);
        let transposed = convolution.window.transposed;
        let by_channel = matches!(convolution.sharing, Sharing::Depthwise | Sharing::Separable);
        let each = |what: &str| format!("{} {what}{}", axes.1, if axes.1 == 1 { "" } else { "s" });
        let title = match convolution.sharing {
            Sharing::None => format!("{layer}: {filters} filters, {channels} input channels"),
            Sharing::Grouped => format!(
                "{layer}: {filters} filters, {} input channels in each of {} groups",
                axes.0, convolution.groups
            ),
            Sharing::AcrossInputChannels => {
                format!("{layer}: {filters} filters, each on all {channels} input channels")
            }
            Sharing::Depthwise => {
                format!("{layer}: {} for each of {channels} input channels", each("filter"))
            }
            Sharing::Separable => {
                format!(
                    "{layer}, first stage: {} for each of {channels} input channels",
                    each("kernel")
                )
            }
        };
        let largest = kernel.data().iter().filter(|value| value.is_finite());
        Self {
            values: kernel.data(),
            sides,
            axes,
            across: transposed || by_channel,
            row: match convolution.sharing {
                Sharing::None | Sharing::Grouped => "channel",
                Sharing::AcrossInputChannels => "all channels",
                Sharing::Depthwise | Sharing::Separable => "filter",
            },
            title,
            colour: channels == 3
                && size.len() == 2
                && !transposed
                && convolution.sharing == Sharing::None,
            largest: largest.fold(0.0, |largest, value| largest.max(value.abs())),
        }
    }

    /// Rows and columns of the table.
    fn table(&self) -> (usize, usize) {
        if self.across { (self.axes.1, self.axes.0) } else { self.axes }
    }

    fn label(&self, row: usize) -> String {
        if self.table().0 == 1 { self.row.to_owned() } else { format!("{} {row}", self.row) }
    }

    fn value(&self, cell: usize, row: usize, column: usize) -> f32 {
        let (before, last) = if self.across { (column, row) } else { (row, column) };
        let index = (cell * self.axes.0 + before) * self.axes.1 + last;
        self.values.get(index).copied().unwrap_or(0.0)
    }
}

struct Drawing<'a> {
    kernels: &'a Kernels<'a>,
    scene: Scene,
    rows: usize,
    columns: usize,
    cell: u32,
    left: u32,
    top: u32,
}

impl<'a> Drawing<'a> {
    fn new(options: &FilterPicture, kernels: &'a Kernels<'a>) -> Self {
        let (all_rows, all_columns) = kernels.table();
        let (rows, columns) =
            (all_rows.min(options.channels.max(1)), all_columns.min(options.filters.max(1)));
        let across = columns as u32 * (kernels.sides[0] * kernels.sides[2]) as u32;
        let cell = options.cell.unwrap_or_else(|| (1_200 / across.max(1)).clamp(3, 16)).max(1);
        let mut title = kernels.title.clone();
        if rows < all_rows || columns < all_columns {
            title += &format!(" (the first {rows} rows and {columns} columns)");
        }
        let longest = if kernels.colour { "in colour" } else { "" };
        let widest = (0..rows).map(|row| text_width(&kernels.label(row), 1)).max().unwrap_or(0);
        Self {
            kernels,
            scene: Scene::new(title),
            rows,
            columns,
            cell,
            left: MARGIN + widest.max(text_width(longest, 1)) + 8,
            top: MARGIN + 14 + 16 + 14,
        }
    }

    /// The place of one kernel: pixels wide and high, gap left out.
    fn tile(&self) -> (u32, u32) {
        let [slices, rows, columns] = self.kernels.sides.map(|side| side as u32);
        (slices * columns * self.cell + (slices - 1) * 2, rows * self.cell)
    }

    fn scene(mut self) -> Scene {
        let (width, height) = self.tile();
        let title = self.scene.title.clone();
        self.scene.text((MARGIN, MARGIN), 2, &title, Anchor::Start);
        let step =
            (text_width(&self.columns.to_string(), 1) + 6).div_ceil(width + GAP).max(1) as usize;
        for column in (0..self.columns).step_by(step) {
            let middle = self.left + column as u32 * (width + GAP) + width / 2;
            self.scene.text((middle, self.top - 12), 1, &column.to_string(), Anchor::Middle);
        }
        let mut line = 0;
        if self.kernels.colour {
            self.row_label(line, "in colour");
            for column in 0..self.columns {
                self.kernel(line, column, |drawing, cell| drawing.colour(cell, column));
            }
            line += 1;
        }
        for row in 0..self.rows {
            let label = self.kernels.label(row);
            self.row_label(line, &label);
            for column in 0..self.columns {
                self.kernel(line, column, |drawing, cell| {
                    drawing.shade(drawing.kernels.value(cell, row, column))
                });
            }
            line += 1;
        }
        let bottom = self.top + line * (height + GAP) + 8;
        let grid = self.left + self.columns as u32 * (width + GAP);
        let scale = self.scale(bottom);
        self.scene.width = grid.max(MARGIN + text_width(&title, 2)).max(scale) + MARGIN;
        self.scene.height = bottom + 12 + 12 + MARGIN;
        self.scene
    }

    fn row_label(&mut self, row: u32, text: &str) {
        let (_, height) = self.tile();
        let middle = self.top + row * (height + GAP) + height / 2;
        self.scene.text((self.left - 8, middle.saturating_sub(3)), 1, text, Anchor::End);
    }

    fn kernel(&mut self, row: u32, column: usize, colour: impl Fn(&Self, usize) -> Rgb) {
        let (width, height) = self.tile();
        let (x, y) = (self.left + column as u32 * (width + GAP), self.top + row * (height + GAP));
        // A frame, so that a kernel of zeros is seen too.
        self.scene.rect((x - 1, y - 1), (width + 2, height + 2), [200, 200, 200]);
        let [slices, rows, columns] = self.kernels.sides;
        for cell in 0..slices * rows * columns {
            let (slice, within) = (cell / (rows * columns), cell % (rows * columns));
            let across = (slice * columns + within % columns) as u32 * self.cell + slice as u32 * 2;
            let down = (within / columns) as u32 * self.cell;
            let fill = colour(self, cell);
            self.scene.rect((x + across, y + down), (self.cell, self.cell), fill);
        }
    }

    /// The scale below the kernels; returns its right end.
    fn scale(&mut self, y: u32) -> u32 {
        const STEPS: u32 = 61;
        let largest = self.kernels.largest;
        for step in 0..STEPS {
            let part = step as f32 / (STEPS - 1) as f32 * 2.0 - 1.0;
            let fill = self.shade(part * largest);
            self.scene.rect((self.left + step * 4, y), (4, 10), fill);
        }
        let right = self.left + STEPS * 4;
        for (x, text, anchor) in [
            (self.left, format!("-{largest:.3}"), Anchor::Start),
            (self.left + STEPS * 2, "0".to_owned(), Anchor::Middle),
            (right, format!("+{largest:.3}"), Anchor::End),
        ] {
            self.scene.text((x, y + 14), 1, &text, anchor);
        }
        right
    }

    fn shade(&self, value: f32) -> Rgb {
        if !value.is_finite() {
            // Neither above nor below: it must be seen.
            return [0, 0, 0];
        }
        diverging(value / self.kernels.largest.max(f32::MIN_POSITIVE))
    }

    fn colour(&self, cell: usize, filter: usize) -> Rgb {
        let largest = self.kernels.largest.max(f32::MIN_POSITIVE);
        let light = |channel: usize| {
            let value = self.kernels.value(cell, channel, filter) / largest;
            ((value * 0.5 + 0.5) * 255.0).round() as u8
        };
        [light(0), light(1), light(2)]
    }
}
