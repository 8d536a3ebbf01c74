//! Rounding to the numbers that formats of 16 bits hold.

/// The nearest number of bfloat16: the upper half of an `f32`, ties to even.
pub(super) fn bfloat16(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    let bits = x.to_bits();
    // Half of the last kept bit, one less where that bit is even; a carry moves the exponent up, to ∞ at last.
    let rounded = bits + 0x7fff + ((bits >> 16) & 1);
    f32::from_bits(rounded & 0xffff_0000)
}

/// The nearest number of IEEE 754's binary16, ties to even: 11 bits down to 2⁻¹⁴, multiples of 2⁻²⁴ below.
pub(super) fn float16(x: f32) -> f32 {
    /// Halfway between the largest number, 65,504, and the one that would follow.
    const OVERFLOW: f32 = 65_520.0;
    if x.abs() >= OVERFLOW {
        return f32::INFINITY.copysign(x);
    }
    if x.abs() < 6.103_515_6e-5 {
        // Below 2⁻¹⁴ all steps are 2⁻²⁴ wide.
        const STEPS: f32 = 16_777_216.0;
        return (x * STEPS).round_ties_even() / STEPS;
    }
    if x.is_nan() {
        return x;
    }
    let bits = x.to_bits();
    let rounded = bits + 0xfff + ((bits >> 13) & 1);
    f32::from_bits(rounded & 0xffff_e000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_sixteen_bits_stay_and_halves_go_to_the_even_one() {
        for (x, y) in [
            (1.0, 1.0),
            (1.0 + 1.0 / 2048.0, 1.0),
            (1.0 + 3.0 / 2048.0, 1.0 + 2.0 / 1024.0),
            (65_504.0, 65_504.0),
            (65_519.0, 65_504.0),
            (65_520.0, f32::INFINITY),
            (-1e9, f32::NEG_INFINITY),
            (5.960_464_5e-8, 5.960_464_5e-8),
            (2.0_f32.powi(-25), 0.0),
            (3.0 * 2.0_f32.powi(-25), 2.0_f32.powi(-23)),
        ] {
            assert_eq!(float16(x), y, "{x}");
        }
        assert!(float16(f32::NAN).is_nan());
    }

    #[test]
    fn bfloat16_keeps_eight_bits() {
        assert_eq!(bfloat16(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(bfloat16(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0);
        assert_eq!(bfloat16(f32::MAX), f32::INFINITY);
        assert_eq!(bfloat16(f32::NEG_INFINITY), f32::NEG_INFINITY);
        assert!(bfloat16(f32::NAN).is_nan());
    }
}
