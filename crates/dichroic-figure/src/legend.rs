//! The key to a colour scale.

use crate::colour::{FAINT, Scale};
use crate::sheet::{Anchor, Cells, Ink, Sheet, Stroke};

/// Steps of the bar.
const STEPS: usize = 49;
/// How wide a bar usually is.
pub(crate) const WIDTH: f64 = 147.0;
const HEIGHT: f64 = 11.0;

/// Draws a bar with the values at its ends (and zero, if it lies between them) below it.
pub(crate) fn legend(sheet: &mut Sheet, (x, y): (f64, f64), width: f64, scale: Scale) {
    let (from, to) = scale.ends();
    let value = |step: usize| from + (to - from) * step as f32 / (STEPS - 1) as f32;
    let values: Vec<f32> = (0..STEPS).map(value).collect();
    let step = width / STEPS as f64;
    let rows = (HEIGHT / step).round().max(1.0) as usize;
    let bar = values.repeat(rows);
    let area = sheet.cells((x, y), step, &Cells { values: &bar, columns: STEPS, scale });
    sheet.frame(area, Stroke::RULE);
    let ink = Ink::of(10.0).colour(FAINT);
    let below = y + area.height + 13.0;
    sheet.text((x, below), &number(from), ink);
    if from < 0.0 {
        sheet.text((x + area.width / 2.0, below), "0", Ink { anchor: Anchor::Middle, ..ink });
    }
    sheet.text((x + area.width, below), &number(to), ink.end());
}

/// A value with three digits that count.
pub(crate) fn number(value: f32) -> String {
    let magnitude = value.abs();
    let text = match magnitude {
        _ if magnitude == 0.0 => "0".to_owned(),
        m if !(1e-3..1e5).contains(&m) => format!("{value:.2e}"),
        m if m >= 100.0 => format!("{value:.0}"),
        m if m >= 10.0 => format!("{value:.1}"),
        m if m >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        let shown = [0.0, 0.1234, -1.5, 12.34, 123.4, 1.2e-5].map(number);
        assert_eq!(shown, ["0", "0.123", "−1.50", "12.3", "123", "1.20e−5"]);
    }
}
