//! What is computed from the values under a window.

use serde_json::{Map, json};

use super::moving::pad;
use super::parts::{Parts, Span, Term, slices};
use crate::Shape;
use crate::layers::{LocalResponseNormalization, WindowPooling, WindowPoolingKind};

/// Pools of a padded value. What a mean must not count is found by pooling ones.
pub(super) fn pooling(
    parts: &mut Parts,
    layer: &WindowPooling,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let window = Window::of(layer, input)?;
    match layer.kind {
        WindowPoolingKind::Max => {
            let padded = pad(parts, x, &window.padding, f32::MIN);
            window.pooled(parts, &padded)
        }
        WindowPoolingKind::Average => {
            let padded = pad(parts, x, &window.padding, 0.0);
            let mean = window.pooled(parts, &padded)?;
            if window.counted == window.padding {
                return Some(mean);
            }
            let ones = parts.plain("OnesLike", [x.argument()]);
            let counted = pad(parts, &ones, &window.counted, 1.0);
            let left = window.padding.iter().zip(&window.counted);
            let left: Vec<[i64; 2]> =
                left.map(|(all, own)| [all[0] - own[0], all[1] - own[1]]).collect();
            let counted = pad(parts, &counted, &left, 0.0);
            let share = window.pooled(parts, &counted)?;
            Some(parts.plain("Divide", [mean.argument(), share.argument()]))
        }
        WindowPoolingKind::Lp => {
            let sizes = parts.plain("Absolute", [x.argument()]);
            let powers = parts.plain("Power", [sizes.argument(), json!(f64::from(layer.p))]);
            let padded = pad(parts, &powers, &window.padding, 0.0);
            let mean = window.pooled(parts, &padded)?;
            let cells: usize = layer.pool_size.iter().product();
            let sum = parts.plain("Multiply", [mean.argument(), json!(cells as f64)]);
            Some(parts.plain("Power", [sum.argument(), json!(1.0 / f64::from(layer.p))]))
        }
    }
}

/// A window with all cells that it may cover around the input.
struct Window<'a> {
    layer: &'a WindowPooling,
    /// The input's axes.
    input: &'a Shape,
    /// Cells around each axis of the input, batch and channels included.
    padding: Vec<[i64; 2]>,
    /// Those of them that a mean counts.
    counted: Vec<[i64; 2]>,
}

impl<'a> Window<'a> {
    fn of(layer: &'a WindowPooling, input: &'a Shape) -> Option<Self> {
        let mut padding = vec![[0, 0]; input.rank()];
        let mut counted = padding.clone();
        for (axis, size) in input.spatial().iter().enumerate() {
            let [before, after] = layer.padding[axis];
            let covered = match size {
                Some(size) => layer.axis(axis, *size)?.1,
                // The last window of an open axis that is rounded down ends in the padding.
                None if layer.ceil_mode => return None,
                None => after,
            };
            let cells = |cells: usize| i64::try_from(cells).ok();
            padding[axis + 1] = [cells(before)?, cells(covered)?];
            if layer.count_include_pad {
                counted[axis + 1] = [cells(before)?, cells(covered.min(after))?];
            }
        }
        Some(Self { layer, input, padding, counted })
    }

    /// The largest under each window, or the mean of all its cells.
    fn pooled(&self, parts: &mut Parts, padded: &Term) -> Option<Term> {
        if self.layer.dilation_rate.iter().any(|&rate| rate != 1) {
            return self.cell_by_cell(parts, padded);
        }
        let kind = match self.layer.kind {
            WindowPoolingKind::Max => "Max",
            _ => "Average",
        };
        let config = json!({
            "pool_size": self.layer.pool_size, "strides": self.layer.strides, "padding": "valid",
            "data_format": "channels_last", "trainable": true, "dtype": "float32",
        });
        // Keras's operation wants a tuple, which no file can hold; its layer makes one.
        let class_name = format!("{kind}Pooling{}D", self.layer.pool_size.len());
        let arguments = vec![padded.argument()];
        Some(parts.call(("keras.layers", &class_name), config, arguments, Map::new()))
    }

    /// Keras pools under whole windows only: here each cell of the window is a slice.
    fn cell_by_cell(&self, parts: &mut Parts, padded: &Term) -> Option<Term> {
        let largest = self.layer.kind == WindowPoolingKind::Max;
        let sizes = self.input.spatial().iter().enumerate();
        let counts = sizes.map(|(axis, size)| Some(self.layer.axis(axis, (*size)?)?.0));
        let counts: Vec<usize> = counts.collect::<Option<_>>()?;
        let cells: usize = self.layer.pool_size.iter().product();
        let mut all: Option<Term> = None;
        for cell in 0..cells {
            let mut rest = cell;
            let mut spans = Vec::with_capacity(counts.len());
            for (axis, &count) in counts.iter().enumerate().rev() {
                let start = rest % self.layer.pool_size[axis] * self.layer.dilation_rate[axis];
                rest /= self.layer.pool_size[axis];
                let step = self.layer.strides[axis];
                let stop = i64::try_from(start + (count - 1) * step + 1).ok();
                spans.push(Span { axis: axis + 1, start, stop, step });
            }
            let slices = slices(self.input.rank(), &spans);
            let values = parts.plain("GetItem", [padded.argument(), slices]);
            let class_name = if largest { "Maximum" } else { "Add" };
            all = Some(match all {
                None => values,
                Some(all) => parts.plain(class_name, [all.argument(), values.argument()]),
            });
        }
        let all = all?;
        Some(match largest {
            true => all,
            false => parts.plain("Divide", [all.argument(), json!(cells as f64)]),
        })
    }
}

/// The squares of neighbouring channels are slices of the squares with a border.
pub(super) fn normalization(
    parts: &mut Parts,
    layer: &LocalResponseNormalization,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    /// More slices than this are more than any network asks for.
    const MOST: usize = 64;
    let channels = input.channels()?;
    let axis = input.rank().checked_sub(1)?;
    if layer.size > MOST {
        return None;
    }
    let before = (layer.size - 1) / 2;
    let mut padding = vec![[0, 0]; input.rank()];
    padding[axis] = [before as i64, (layer.size - 1 - before) as i64];
    let squares = parts.plain("Square", [x.argument()]);
    let squares = pad(parts, &squares, &padding, 0.0);
    let mut sum: Option<Term> = None;
    for start in 0..layer.size {
        let stop = i64::try_from(start + channels).ok();
        let span = Span { axis, start, stop, step: 1 };
        let slices = slices(input.rank(), &[span]);
        let neighbours = parts.plain("GetItem", [squares.argument(), slices]);
        sum = Some(match sum {
            None => neighbours,
            Some(sum) => parts.plain("Add", [sum.argument(), neighbours.argument()]),
        });
    }
    let share = json!(f64::from(layer.alpha) / layer.size as f64);
    let scaled = parts.plain("Multiply", [sum?.argument(), share]);
    let base = parts.plain("Add", [scaled.argument(), json!(layer.bias)]);
    let divisor = parts.plain("Power", [base.argument(), json!(layer.beta)]);
    Some(parts.plain("Divide", [x.argument(), divisor.argument()]))
}
