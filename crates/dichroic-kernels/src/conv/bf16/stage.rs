//! Source values of a band, rounded to bfloat16 and laid out without borders.
//!
//! ```text
//! source row:            0 1 2 3 4 5 …        (channels of f32 at each place)
//! staged, padding 1:   · 0 1 2 3 4 5 … ·      (bfloat16 of one group's channels at each place; · is zero)
//! ```
//!
//! Rows are written in order, and each piece of one may write half a word more than it has, which the
//! next piece writes over.

use crate::conv::gather::{Gather, Phase};
use crate::simd::Simd;

/// What a band's staged memory holds: places from `origin` on along each axis, `step` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct StageShape {
    pub item: usize,
    /// The source place of the first staged one along each axis; negative in the padding.
    pub origin: [isize; 3],
    /// Source places from one staged place to the next.
    pub step: [usize; 3],
    pub size: [usize; 3],
    /// The first channel, and how many.
    pub channel: usize,
    pub channels: usize,
    /// Values from one staged place to the next.
    pub stride: usize,
}

/// How source places map to staged ones along an axis: one axis of a phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct AxisStage {
    /// Source places from one staged place to the next.
    pub step: usize,
    /// Staged places from one destination place's first tap to the next one's.
    pub advance: usize,
    /// Staged places that one destination place spans.
    pub span: usize,
}

impl AxisStage {
    /// With one tap along the axis, a stride leaves out source places: they aren't staged.
    pub fn new(phase: &Phase, axis: usize) -> Self {
        let (low, high) = phase.reach[axis];
        let step = phase.source_step[axis];
        if low == high {
            Self { step, advance: 1, span: 1 }
        } else {
            Self { step: 1, advance: step, span: (high - low) as usize + 1 }
        }
    }

    /// Staged places for this many destination places.
    pub fn size(&self, count: usize) -> usize {
        count.saturating_sub(1) * self.advance + self.span
    }
}

/// Writes the band's values to `to`, places outside the source as zeros.
///
/// # Safety
/// `source` holds the gather's source, and `to` is valid for `size × stride` values and one word more.
#[inline(always)]
pub(super) unsafe fn stage<S: Simd>(
    s: S,
    gather: &Gather,
    source: &[f32],
    shape: &StageShape,
    to: *mut u16,
) {
    let [depth, height, width] = gather.source;
    let [planes, rows, columns] = shape.size;
    // Columns that lie inside the source: first .. end.
    let ceil = |x: isize| if x <= 0 { 0 } else { (x as usize).div_ceil(shape.step[2]) };
    let first = ceil(-shape.origin[2]).min(columns);
    let end = ceil(width as isize - shape.origin[2]).clamp(first, columns);
    let joined = shape.step[2] == 1
        && shape.channels == gather.source_channels
        && shape.channels == shape.stride;
    let mut line = to;
    for plane in 0..planes {
        let d = shape.origin[0] + (plane * shape.step[0]) as isize;
        for row in 0..rows {
            let h = shape.origin[1] + (row * shape.step[1]) as isize;
            let inside = (d as usize) < depth && (h as usize) < height;
            let (first, end) = if inside { (first, end) } else { (columns, columns) };
            // SAFETY: the row has `columns × stride` values, and what follows it one more (the caller's
            // word); places `first..end` lie inside the source, which holds all of their channels.
            unsafe {
                zero(s, line, first * shape.stride);
                let mut place = line.add(first * shape.stride);
                if end > first {
                    let w = (shape.origin[2] + (first * shape.step[2]) as isize) as usize;
                    let index =
                        ((shape.item * depth + d as usize) * height + h as usize) * width + w;
                    let from = source.as_ptr().add(index * gather.source_channels + shape.channel);
                    if joined {
                        round(s, from, (end - first) * shape.channels, place);
                        place = place.add((end - first) * shape.stride);
                    } else {
                        for column in 0..end - first {
                            let from = from.add(column * shape.step[2] * gather.source_channels);
                            round(s, from, shape.channels, place);
                            place = place.add(shape.stride);
                        }
                    }
                }
                zero(s, place, (columns - end) * shape.stride);
                line = line.add(columns * shape.stride);
            }
        }
    }
    // SAFETY: the value behind the last row (the caller's word), which an odd run reads and takes times zero.
    unsafe { zero(s, line, 1) };
}

/// # Safety
/// `to` is valid for `len` values, rounded up to an even number.
#[inline(always)]
unsafe fn zero<S: Simd>(s: S, to: *mut u16, len: usize) {
    let words = len.div_ceil(2);
    let to = to.cast::<f32>();
    let mut i = 0;
    while i < words {
        // SAFETY: the mask keeps to the words that the caller vouches for.
        unsafe { s.store_masked(s.zero(), to.add(i), s.first(words - i)) };
        i += S::LANES;
    }
}

/// Rounds values that follow each other; an odd last one is paired with zero.
///
/// # Safety
/// `from` is valid for `len` values, `to` for as many, rounded up to an even number.
#[inline(always)]
unsafe fn round<S: Simd>(s: S, from: *const f32, len: usize, to: *mut u16) {
    let to = to.cast::<f32>();
    let mut i = 0;
    // SAFETY: whole vectors while there are as many values; then masks keep to what is left.
    unsafe {
        while i + 2 * S::LANES <= len {
            let first = s.load_ptr(from.add(i));
            let second = s.load_ptr(from.add(i + S::LANES));
            s.store_ptr(s.pack_bf16(first, second), to.add(i / 2));
            i += 2 * S::LANES;
        }
        if i < len {
            let left = len - i;
            let first = s.load_masked(from.add(i), s.first(left));
            let behind = from.wrapping_add(i + S::LANES);
            let second = s.load_masked(behind, s.first(left.saturating_sub(S::LANES)));
            s.store_masked(s.pack_bf16(first, second), to.add(i / 2), s.first(left.div_ceil(2)));
        }
    }
}
