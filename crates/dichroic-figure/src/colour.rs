//! Colour scales: the same as in the program's other pictures and on the explorer's page.

use dichroic::explain::{Rgb, diverging, mixed};

/// From the smallest value to the largest, evenly lighter.
const RISING: [Rgb; 5] =
    [[33, 20, 71], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
/// Colours on a scale; so few that cells of one colour can be drawn as one path.
const STEPS: f32 = 48.0;

pub(crate) const INK: &str = "#1c2128";
pub(crate) const FAINT: &str = "#5c6670";
pub(crate) const RULE: &str = "#c4cbd3";
pub(crate) const ACCENT: &str = "#0b7285";
pub(crate) const PAPER: &str = "#ffffff";

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Around zero, to the same distance on both sides.
    Diverging { largest: f32 },
    /// From the smallest to the largest.
    Rising { minimum: f32, maximum: f32 },
}

impl Scale {
    /// Around zero where there are values below it, else rising from zero.
    pub(crate) fn of(minimum: f32, maximum: f32) -> Self {
        match minimum < 0.0 {
            true => Self::Diverging { largest: maximum.abs().max(minimum.abs()) },
            false => Self::Rising { minimum: 0.0, maximum },
        }
    }

    /// The colour of a value; grey for one that is no number.
    pub(crate) fn colour(self, value: f32) -> Rgb {
        if !value.is_finite() {
            return [128, 128, 128];
        }
        match self {
            Self::Diverging { largest } => {
                diverging(stepped(if largest > 0.0 { value / largest } else { 0.0 }))
            }
            Self::Rising { minimum, maximum } => {
                let span = maximum - minimum;
                rising(stepped(if span > 0.0 { (value - minimum) / span } else { 0.0 }))
            }
        }
    }

    /// The values at the ends.
    pub(crate) fn ends(self) -> (f32, f32) {
        match self {
            Self::Diverging { largest } => (-largest, largest),
            Self::Rising { minimum, maximum } => (minimum, maximum),
        }
    }
}

/// The nearest step of the scale.
fn stepped(share: f32) -> f32 {
    (share.clamp(-1.0, 1.0) * STEPS).round() / STEPS
}

fn rising(share: f32) -> Rgb {
    let place = share.max(0.0) * (RISING.len() - 1) as f32;
    let below = (place as usize).min(RISING.len() - 2);
    mixed([RISING[below], RISING[below + 1]], place - below as f32)
}

/// As SVG writes it.
pub(crate) fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Black or white, whichever can be read on this colour.
pub(crate) fn ink_on([red, green, blue]: Rgb) -> &'static str {
    let light = 0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue);
    if light > 140.0 { INK } else { PAPER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_neutral_and_the_ends_are_the_darkest() {
        let scale = Scale::of(-1.0, 2.0);
        assert_eq!(scale.colour(0.0), [247, 247, 247]);
        assert_eq!(scale.colour(2.0), [178, 24, 43]);
        assert_eq!(scale.colour(-2.0), [33, 102, 172]);
        assert_eq!(scale.colour(f32::NAN), [128, 128, 128]);
    }

    #[test]
    fn a_layer_of_zeros_has_a_colour() {
        assert_eq!(Scale::of(0.0, 0.0).colour(0.0), RISING[0]);
        assert_eq!(Scale::Diverging { largest: 0.0 }.colour(0.0), [247, 247, 247]);
    }
}
