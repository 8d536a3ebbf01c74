//! Exponential, logarithm and their relatives in `f32`, free of branches, so that loops over them
//! become vector code.
//!
//! Each function states the bound that its test holds it to, in units in the last place (ULP) of
//! the correctly rounded result. All pass NaN through. The polynomials were fitted by Lawson's
//! iteration (weighted least squares towards the least greatest relative error) in 40 digits.

use std::f32::consts::LOG2_E;

/// Adding this moves the integer part of a small number to the low bits of the significand.
const ROUNDER: f32 = 12_582_912.0;
/// The upper 12 bits of ln 2: its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_145_75;
/// ln 2 - [`LN2_HIGH`].
const LN2_LOW: f32 = 1.428_606_8e-6;

/// `(eʳ - 1 - r) / r²` for `|r| ≤ ln 2 / 2`.
const EXP_TAIL: [f32; 6] =
    [0.5, 0.166_666_67, 4.166_635_5e-2, 8.333_273e-3, 1.394_097e-3, 1.991_414e-4];
/// `(ln(1 + f) - f + f²/2) / f³` for `√½ ≤ 1 + f ≤ √2`.
const LOG_TAIL: [f32; 9] = [
    0.333_333_12,
    -0.249_999_87,
    0.200_021_47,
    -0.166_692_13,
    0.142_200_1,
    -0.123_855_93,
    0.118_652_49,
    -0.117_805_19,
    6.920_595_3e-2,
];
/// `(tanh(x) - x) / x³` as a polynomial in `x²`, for `|x| ≤ 0.625`.
const TANH_TAIL: [f32; 6] =
    [-0.333_333_33, 0.133_333_05, -5.395_955e-2, 2.177_099_6e-2, -8.350_008e-3, 2.298_942e-3];
/// `e^(z²) erfc(z) / t` as a polynomial in `t = 1 / (1 + z/2)`, for `0 ≤ z ≤ 10.5`.
const ERFC: [f32; 11] = [
    0.282_089_2,
    0.282_236_8,
    0.245_335_87,
    0.184_700_85,
    5.808_9e-2,
    2.780_162_2e-2,
    -9.902_389e-3,
    -0.302_267_14,
    0.389_894_97,
    -0.194_296_42,
    3.631_764_7e-2,
];
/// `sin(πr/2) / r` as a polynomial in `r²`, for `|r| ≤ ½`.
const SIN: [f32; 5] =
    [std::f32::consts::FRAC_PI_2, -0.645_964_1, 7.969_258e-2, -4.681_266_5e-3, 1.582_067_5e-4];
/// `cos(πr/2)` as a polynomial in `r²`, for `|r| ≤ ½`.
const COS: [f32; 5] = [1.0, -1.233_700_5, 0.253_669_2, -2.086_007e-2, 9.036_317e-4];
/// `erfinv(u) / u` as a polynomial in `-ln(1 - u²)`, for `|u| ≤ erf(√2)`.
const ERFINV: [f32; 7] = [
    0.886_226_9,
    0.232_014_63,
    1.154_237_1e-2,
    -2.315_985e-3,
    -1.534_636e-4,
    6.450_785e-5,
    -4.552_640_2e-6,
];

#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum * x + coefficients[i];
    }
    sum
}

/// `yes` where the condition holds, else `no`; both are computed.
///
/// A plain `if` invites the compiler to branch around the costlier side, or to store one side only,
/// and either keeps a loop from becoming (good) vector code: ELU took five times as long.
#[inline(always)]
pub(crate) fn select(condition: bool, yes: f32, no: f32) -> f32 {
    std::hint::select_unpredictable(condition, yes, no)
}

/// The larger of two values; NaN where `x` is.
#[inline(always)]
pub(crate) fn at_least(x: f32, min: f32) -> f32 {
    select(x < min, min, x)
}

/// The smaller of two values; NaN where `x` is.
#[inline(always)]
pub(crate) fn at_most(x: f32, max: f32) -> f32 {
    select(x > max, max, x)
}

/// `x` within `[min, max]`; NaN where `x` is.
#[inline(always)]
pub(crate) fn clamp(x: f32, min: f32, max: f32) -> f32 {
    at_most(at_least(x, min), max)
}

/// `2ⁿ` for `-126 ≤ n ≤ 127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `x = n ln 2 + r` with whole `n` and `|r| ≤ ln 2 / 2`; yields `(n, r, (eʳ - 1 - r) / r²)`.
#[inline(always)]
fn reduce_exponent(x: f32) -> (i32, f32, f32) {
    let shifted = x * LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let r = x - whole * LN2_HIGH;
    let r = r - whole * LN2_LOW;
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32);
    (n, r, polynomial(r, EXP_TAIL))
}

/// `eˣ`, within 2 ULP; infinite above 88.73, 0 below -104.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let (n, r, tail) = reduce_exponent(clamp(x, -104.0, 89.0));
    // In two factors, because 2ⁿ itself can be infinite or subnormal where the result is not.
    let half = n >> 1;
    (1.0 + (r + r * r * tail)) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `eˣ - 1`, within 3 ULP, near 0 as well.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    // e⁻³⁰ is lost beside 1.
    let (n, r, tail) = reduce_exponent(clamp(x, -30.0, 89.0));
    // Half of it, because 2¹²⁸ isn't a number but 2¹²⁷ is.
    let scale = power_of_two(n.wrapping_sub(1));
    2.0 * (scale * (r + r * r * tail) + (scale - 0.5))
}

/// `ln x`, within 2 ULP; -∞ at 0, NaN below.
#[inline(always)]
pub fn log(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = select(subnormal, x * 8_388_608.0, x);
    let bits = scaled.to_bits() as i32;
    // The exponent that leaves a significand between √½ and √2.
    let exponent = bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits() as i32) >> 23;
    let f = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32) - 1.0;
    let e = exponent as f32 - select(subnormal, 23.0, 0.0);
    let square = f * f;
    let tail = f * square * polynomial(f, LOG_TAIL) + e * LN2_LOW - 0.5 * square;
    let y = e * LN2_HIGH + (f + tail);
    let y = select(x > f32::MAX, x, y);
    let y = select(x == 0.0, f32::NEG_INFINITY, y);
    select(x >= 0.0, y, f32::NAN)
}

/// `ln(1 + x)` for `0 ≤ x ≤ 1`, within 3 ULP.
#[inline(always)]
pub fn log1p_of_fraction(x: f32) -> f32 {
    let y = 1.0 + x;
    // What the addition lost is put back to first order.
    log(y) + (x - (y - 1.0)) / y
}

/// `(tanh(x) - x) / x`, for `|x| ≤ 0.625`.
#[inline(always)]
fn tanh_tail(square: f32) -> f32 {
    square * polynomial(square, TANH_TAIL)
}

/// The hyperbolic tangent, within 3 ULP.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let small = x + x * tanh_tail(x * x);
    let large = 1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0);
    select(x.abs() <= 0.625, small, large.copysign(x))
}

/// `x - tanh(x)`, within 10 ULP, near 0 as well.
#[inline(always)]
pub fn tanh_shrink(x: f32) -> f32 {
    select(x.abs() <= 0.625, -x * tanh_tail(x * x), x - tanh(x))
}

/// `1 / (1 + e⁻ˣ)`, within 4 ULP.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `ln(1 + eˣ)`, within 4 ULP.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    at_least(x, 0.0) + log1p_of_fraction(exp(-x.abs()))
}

/// `e^(-x²/2)`, and the normal distribution `Φ(x)` within `2⁻²¹ + 2⁻²² x²` relative.
#[inline(always)]
pub fn normal_distribution(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let bell = exp(-0.5 * (x * x));
    let t = 1.0 / (1.0 + 0.5 * z);
    let upper = 0.5 * bell * (t * polynomial(t, ERFC));
    (bell, select(x > 0.0, 1.0 - upper, upper))
}

/// `(sin 2πu, cos 2πu)` for `0 ≤ u ≤ 1`, within `2⁻²²` absolute.
#[inline(always)]
pub fn sin_cos_of_turns(u: f32) -> (f32, f32) {
    let shifted = 4.0 * u + ROUNDER;
    let r = 4.0 * u - (shifted - ROUNDER);
    let quadrant = shifted.to_bits();
    let sin = r * polynomial(r * r, SIN);
    let cos = polynomial(r * r, COS);
    let even = quadrant & 1 == 0;
    let (a, b) = (select(even, sin, cos), select(even, cos, sin));
    (select(quadrant & 2 == 0, a, -a), select(quadrant.wrapping_add(1) & 2 == 0, b, -b))
}

/// The inverse of the error function for `|u| ≤ erf(√2)`, within `2⁻²⁰` relative.
#[inline(always)]
pub fn erfinv_of_two_sigma(u: f32) -> f32 {
    u * polynomial(-log((1.0 - u) * (1.0 + u)), ERFINV)
}
