//! bfloat16: the upper half of an `f32`, with 8 bits of precision and the same range.
//!
//! Two of them share the 32 bits of an `f32`'s place, which is then no number but a *word*:
//!
//! ```text
//! word:   high half (bits 16 to 31)   low half (bits 0 to 15)
//!         second value                first value
//! ```
//!
//! In memory the first value lies in front on the little-endian CPUs that we know, so that a row of
//! words is a row of bfloat16.

/// The nearest bfloat16, halves to the even one; its bits as the upper half of an `f32`. NaN stays NaN.
///
/// ```
/// use dichroic_kernels::simd::bf16::round;
/// assert_eq!(round(1.0 + 1.0 / 512.0), 1.0);
/// assert_eq!(round(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0);
/// ```
#[inline(always)]
pub fn round(x: f32) -> f32 {
    let bits = x.to_bits();
    if x.is_nan() {
        return f32::from_bits((bits | 0x0040_0000) & 0xffff_0000);
    }
    f32::from_bits(bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
}

/// The word of two values.
#[inline(always)]
pub fn pair(low: f32, high: f32) -> f32 {
    f32::from_bits(round(low).to_bits() >> 16 | round(high).to_bits())
}

/// The first value of a word.
#[inline(always)]
pub fn low(word: f32) -> f32 {
    f32::from_bits(word.to_bits() << 16)
}

/// The second value of a word.
#[inline(always)]
pub fn high(word: f32) -> f32 {
    f32::from_bits(word.to_bits() & 0xffff_0000)
}
