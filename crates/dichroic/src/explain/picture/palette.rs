//! The colours of signed values.

use super::Rgb;

/// White for zero, red above and blue below, darker with distance, from zero outwards.
const ABOVE: [Rgb; 4] = [[247, 247, 247], [253, 219, 199], [239, 138, 98], [178, 24, 43]];
const BELOW: [Rgb; 4] = [[247, 247, 247], [209, 229, 240], [103, 169, 207], [33, 102, 172]];

/// The colour of a value on the scale around zero that all pictures of weights share.
///
/// `share` is the value divided by the largest one, from -1 (blue) over 0 (nearly white) to 1 (red); values beyond have the
/// colours of the ends.
pub fn diverging(share: f32) -> Rgb {
    let part = share.abs().min(1.0) * 3.0;
    let stops = if share < 0.0 { &BELOW } else { &ABOVE };
    let from = (part as usize).min(2);
    mixed([stops[from], stops[from + 1]], part - from as f32)
}

/// A colour between two, `part` of the way from the first to the second.
pub fn mixed([from, to]: [Rgb; 2], part: f32) -> Rgb {
    std::array::from_fn(|i| {
        let (a, b) = (f32::from(from[i]), f32::from(to[i]));
        (a + (b - a) * part).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_neutral_and_values_beyond_have_the_colours_of_the_ends() {
        assert_eq!([diverging(0.0), diverging(-0.0)], [ABOVE[0]; 2]);
        assert_eq!([diverging(1.0), diverging(2.0)], [ABOVE[3]; 2]);
        assert_eq!([diverging(-1.0), diverging(-2.0)], [BELOW[3]; 2]);
    }
}
