//! The micro-kernel: some neighbouring places of one row × one or two vectors of channels.
//!
//! ```text
//! source row     x0 x1 x2 x3 x4 x5 …     each loaded once for a row of taps
//!                 │╲ │╲ │╲ │
//! sums            s0 s1 s2 …             s0 += w0 x0 + w1 x1 + w2 x2,  s1 += w0 x1 + …
//! ```
//!
//! With 8 places and 3 taps 10 loads serve 24 products; a kernel that loads for each product can do no more
//! than the load units. Rows of taps longer than three are cut into segments, whose weights fit
//! the registers beside the sums.

use super::lanes::{Block, Step};
use crate::conv::direct::even_cuts;
use crate::conv::finish::{Finish, ZEROS};
use crate::simd::{Simd, WithSimd};

/// The most places of a tile.
pub(super) const MOST_PLACES: usize = 8;
/// The most taps of a segment.
pub(super) const MOST_TAPS: usize = 3;

/// Neighbouring taps of a row.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Source columns from a place's own to the first tap's.
    pub offset: isize,
    pub taps: usize,
}

/// The segments of a row of taps, the first at `offset` and each `step` columns after the one before.
pub(super) fn segments(taps: usize, offset: isize, step: isize) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut tap = 0;
    for count in even_cuts(taps, MOST_TAPS) {
        segments.push(Segment { offset: offset + tap as isize * step, taps: count });
        tap += count;
    }
    segments
}

/// How the places of a tile share source columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// The next place starts one tap further.
    One,
    /// The next place starts two taps further.
    Two,
    /// No column is shared, or none that is worth it.
    None,
}

/// Everything a tile reads and writes.
pub(super) struct TileArgs<'a> {
    /// Places of the tile.
    pub places: usize,
    pub sharing: Sharing,
    /// The first row of taps that lies inside the source: its first column, at channel 0.
    pub source: *const f32,
    /// Planes and rows of taps that lie inside the source, and the distances between them.
    pub planes: usize,
    pub rows: usize,
    pub plane_step: isize,
    pub row_step: isize,
    /// Columns of the source.
    pub columns: usize,
    pub segments: &'a [Segment],
    pub source_channels: usize,
    /// The source column of the tile's first place.
    pub column: isize,
    /// Source columns from one place to the next, and from one tap to the next.
    pub place_columns: isize,
    pub tap_columns: isize,
    pub block: &'a Block,
    /// The block's weights for the first row of taps inside, and the distances between planes and rows.
    pub weights: *const f32,
    pub weights_plane_step: usize,
    pub weights_row_step: usize,
    /// Null for none.
    pub bias: *const f32,
    /// The residual at the tile's first place, and the distance between places; null for none.
    pub start: *const f32,
    pub start_step: usize,
    /// The output at the tile's first place, and the distance between places.
    pub output: *mut f32,
    pub output_step: usize,
    pub finish: Finish,
    /// Write past the caches.
    pub stream: bool,
}

/// A tile of P places and NV vectors.
///
/// `FULL`: all lanes of source and destination are there. `STEPS`: the lanes take what the block's
/// steps say, else the channel of their own number. `SLIDE`: taps from one place to the next; 0
/// where columns are not shared.
struct TileOp<
    'a,
    'b,
    const P: usize,
    const NV: usize,
    const SLIDE: usize,
    const FULL: bool,
    const STEPS: bool,
>(&'b TileArgs<'a>);

impl<const P: usize, const NV: usize, const SLIDE: usize, const FULL: bool, const STEPS: bool>
    WithSimd for TileOp<'_, '_, P, NV, SLIDE, FULL, STEPS>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        // SAFETY: `run_tile`'s caller vouches for the pointers.
        unsafe { tile::<S, P, NV, SLIDE, FULL, STEPS>(s, self.0) }
    }
}

/// # Safety
/// As [`run_tile`]; the constants are what they say.
#[inline(always)]
unsafe fn tile<
    S: Simd,
    const P: usize,
    const NV: usize,
    const SLIDE: usize,
    const FULL: bool,
    const STEPS: bool,
>(
    s: S,
    t: &TileArgs<'_>,
) {
    let written = s.first(t.block.channels);
    let mut sums = [[s.zero(); NV]; P];
    if !t.bias.is_null() {
        for v in 0..NV {
            // SAFETY: the bias holds the block's channels.
            let bias = unsafe { read::<S, FULL>(s, t.bias.wrapping_add(v * S::LANES), written) };
            for sum in &mut sums {
                sum[v] = bias;
            }
        }
    }
    if !t.start.is_null() {
        for (p, sum) in sums.iter_mut().enumerate() {
            let row = t.start.wrapping_add(p * t.start_step);
            for (v, sum) in sum.iter_mut().enumerate() {
                // SAFETY: the residual holds the block's channels at each of the places.
                let x = unsafe { read::<S, FULL>(s, row.wrapping_add(v * S::LANES), written) };
                *sum = s.add(*sum, x);
            }
        }
    }
    for plane in 0..t.planes {
        for row in 0..t.rows {
            let step = plane as isize * t.plane_step + row as isize * t.row_step;
            let source = t.source.wrapping_offset(step);
            let mut weights =
                t.weights.wrapping_add(plane * t.weights_plane_step + row * t.weights_row_step);
            for segment in t.segments {
                let column = t.column + segment.offset;
                let mut add = |lanes: Option<&Step>| {
                    macro_rules! taps {
                        ($k:literal) => {{
                            // SAFETY: the caller vouches for the rows and their weights.
                            unsafe {
                                add_segment::<S, P, NV, SLIDE, FULL, STEPS, $k>(
                                    s, t, &mut sums, source, column, weights, lanes,
                                )
                            }
                            weights = weights.wrapping_add($k * NV * S::LANES);
                        }};
                    }
                    match segment.taps {
                        3 => taps!(3),
                        2 => taps!(2),
                        _ => taps!(1),
                    }
                };
                if STEPS {
                    t.block.steps.iter().for_each(|step| add(Some(step)));
                } else {
                    add(None);
                }
            }
        }
    }
    for (p, sum) in sums.iter().enumerate() {
        let output = t.output.wrapping_add(p * t.output_step);
        for (v, &sum) in sum.iter().enumerate() {
            let (sum, to) = (t.finish.apply(s, sum), output.wrapping_add(v * S::LANES));
            // SAFETY: `to` is the block's channels at a place of the destination, and only these
            // are written.
            unsafe {
                match (FULL, t.stream) {
                    (true, true) => s.stream_ptr(sum, to),
                    (true, false) => s.store_ptr(sum, to),
                    (false, _) => s.store_masked(sum, to, written),
                }
            }
        }
    }
}

/// Adds the products of K neighbouring taps.
///
/// # Safety
/// As [`run_tile`]; `source` is the start of a row, and `weights` the segment's own.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "the registers of one loop, always inlined")]
unsafe fn add_segment<
    S: Simd,
    const P: usize,
    const NV: usize,
    const SLIDE: usize,
    const FULL: bool,
    const STEPS: bool,
    const K: usize,
>(
    s: S,
    t: &TileArgs<'_>,
    sums: &mut [[S::V; NV]; P],
    source: *const f32,
    column: isize,
    weights: *const f32,
    step: Option<&Step>,
) {
    let mut w = [[s.zero(); NV]; K];
    for (k, w) in w.iter_mut().enumerate() {
        for (v, w) in w.iter_mut().enumerate() {
            // SAFETY: there are NV vectors of weights for every tap.
            *w = unsafe { s.load_ptr(weights.wrapping_add((k * NV + v) * S::LANES)) };
        }
    }
    let (lanes, taken, source, held) = match step {
        Some(step) if STEPS => (
            s.load(&step.lanes),
            step.partial.then(|| s.less(s.zero(), s.load(&step.taken))),
            source.wrapping_add(step.window),
            s.first(t.source_channels),
        ),
        _ => (s.zero(), None, source.wrapping_add(t.block.channel), s.first(t.block.channels)),
    };
    let load = |column: isize, from: *const f32| -> [S::V; NV] {
        let mut x = [s.zero(); NV];
        // One comparison sees both ends: a column before the first becomes a huge number. The choice
        // of an address costs nothing measurable; a branch tears the products apart from their loads.
        let from = if (column as usize) < t.columns { from } else { ZEROS.as_ptr() };
        for (v, x) in x.iter_mut().enumerate() {
            // SAFETY: the column lies inside the source, and the channels within its channels.
            *x = unsafe { read::<S, FULL>(s, from.wrapping_add(v * S::LANES), held) };
            if STEPS {
                *x = s.permute(*x, lanes);
                if let Some(taken) = taken {
                    *x = s.select(taken, *x, s.zero());
                }
            }
        }
        x
    };
    let mut column = column;
    let mut from = source.wrapping_offset(column * t.source_channels as isize);
    let tap_step = t.tap_columns * t.source_channels as isize;
    if SLIDE == 0 {
        for (p, sum) in sums.iter_mut().enumerate() {
            let (mut column, mut from) = (column, from);
            for _ in 0..p {
                column += t.place_columns;
                from = from.wrapping_offset(t.place_columns * t.source_channels as isize);
            }
            for w in &w {
                let x = load(column, from);
                for v in 0..NV {
                    sum[v] = s.fma(x[v], w[v], sum[v]);
                }
                column += t.tap_columns;
                from = from.wrapping_offset(tap_step);
            }
        }
        return;
    }
    for j in 0..(P - 1) * SLIDE + K {
        let x = load(column, from);
        for (k, w) in w.iter().enumerate() {
            if j >= k && (j - k) % SLIDE == 0 && (j - k) / SLIDE < P {
                let sum = &mut sums[(j - k) / SLIDE];
                for v in 0..NV {
                    sum[v] = s.fma(x[v], w[v], sum[v]);
                }
            }
        }
        column += t.tap_columns;
        from = from.wrapping_offset(tap_step);
    }
}

/// # Safety
/// `from` is valid to read: with `FULL` for a whole vector, else for the lanes of the mask.
#[inline(always)]
unsafe fn read<S: Simd, const FULL: bool>(s: S, from: *const f32, mask: S::M) -> S::V {
    // SAFETY: the caller vouches for it.
    unsafe { if FULL { s.load_ptr(from) } else { s.load_masked(from, mask) } }
}

/// Computes a tile.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place and tap that `args` names.
pub(super) unsafe fn run_tile<S: Simd>(s: S, t: &TileArgs<'_>) {
    let steps = !t.block.steps.is_empty();
    let full =
        t.block.channels == t.block.vectors * S::LANES && (!steps || t.source_channels >= S::LANES);
    macro_rules! places {
        ($nv:literal, $slide:literal, $full:literal, $steps:literal) => {
            match t.places {
                1 => s.vectorize(TileOp::<1, $nv, $slide, $full, $steps>(t)),
                2 => s.vectorize(TileOp::<2, $nv, $slide, $full, $steps>(t)),
                3 => s.vectorize(TileOp::<3, $nv, $slide, $full, $steps>(t)),
                4 => s.vectorize(TileOp::<4, $nv, $slide, $full, $steps>(t)),
                5 => s.vectorize(TileOp::<5, $nv, $slide, $full, $steps>(t)),
                6 => s.vectorize(TileOp::<6, $nv, $slide, $full, $steps>(t)),
                7 => s.vectorize(TileOp::<7, $nv, $slide, $full, $steps>(t)),
                8 => s.vectorize(TileOp::<8, $nv, $slide, $full, $steps>(t)),
                places => unreachable!("no tile of {places} places"),
            }
        };
    }
    macro_rules! sharing {
        ($nv:literal, $full:literal, $steps:literal) => {
            match t.sharing {
                Sharing::One => places!($nv, 1, $full, $steps),
                Sharing::Two => places!($nv, 2, $full, $steps),
                Sharing::None => places!($nv, 0, $full, $steps),
            }
        };
    }
    match (t.block.vectors, full, steps) {
        (1, true, false) => sharing!(1, true, false),
        (1, false, false) => sharing!(1, false, false),
        (1, true, true) => sharing!(1, true, true),
        (1, false, true) => sharing!(1, false, true),
        (2, true, false) if S::REGISTERS >= 32 => sharing!(2, true, false),
        (vectors, ..) => unreachable!("no tile of {vectors} vectors"),
    }
}
