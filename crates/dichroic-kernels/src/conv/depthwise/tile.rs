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

/// The source values that a tile needs.
pub(super) struct Window<'a> {
    /// Places of the tile.
    pub places: usize,
    pub sharing: Sharing,
    /// The first row of taps that lies inside the source: its first column, at channel 0.
    pub source: *const f32,
    pub source_channels: usize,
    /// Planes and rows of taps that lie inside the source, and the distances between them.
    pub planes: usize,
    pub rows: usize,
    pub plane_step: isize,
    pub row_step: isize,
    /// Columns of the source.
    pub columns: usize,
    pub segments: &'a [Segment],
    /// The source column of the tile's first place.
    pub column: isize,
    /// Source columns from one place to the next, and from one tap to the next.
    pub place_columns: isize,
    pub tap_columns: isize,
    pub block: &'a Block,
    /// The distances between the weights of planes and rows of taps.
    pub weights_plane_step: usize,
    pub weights_row_step: usize,
}

impl Window<'_> {
    /// True when whole vectors can be read, and all their lanes are channels of the block.
    pub fn is_full(&self, lanes: usize) -> bool {
        self.block.channels == self.block.vectors * lanes
            && (self.block.steps.is_empty() || self.source_channels >= lanes)
    }
}

/// Everything a tile reads and writes.
pub(super) struct TileArgs<'a> {
    pub window: Window<'a>,
    /// The block's weights for the first row of taps inside.
    pub weights: *const f32,
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
    let written = s.first(t.window.block.channels);
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
    // SAFETY: the caller vouches for the window.
    unsafe {
        for_each_segment(s, &t.window, |source, column, step, taps, weights| {
            let weights = t.weights.wrapping_add(weights);
            macro_rules! taps {
                ($k:literal) => {{
                    let w: [[S::V; NV]; $k] = std::array::from_fn(|k| {
                        std::array::from_fn(|v| {
                            s.load_ptr(weights.wrapping_add((k * NV + v) * S::LANES))
                        })
                    });
                    let add = |k: usize, p: usize, x: [S::V; NV]| {
                        for v in 0..NV {
                            sums[p][v] = s.fma(x[v], w[k][v], sums[p][v]);
                        }
                    };
                    let at = (source, column, step);
                    for_each_product::<S, P, NV, SLIDE, FULL, STEPS, $k>(s, &t.window, at, add);
                }};
            }
            match taps {
                3 => taps!(3),
                2 => taps!(2),
                _ => taps!(1),
            }
        });
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

/// Calls `visit(source row, column, step, taps, weights)` for each segment of the rows of taps inside the
/// source and each step of the block; `weights` counts from those of the first row inside.
///
/// # Safety
/// The window's rows lie inside the source.
#[inline(always)]
pub(super) unsafe fn for_each_segment<S: Simd>(
    _: S,
    t: &Window<'_>,
    mut visit: impl FnMut(*const f32, isize, Option<&Step>, usize, usize),
) {
    for plane in 0..t.planes {
        for row in 0..t.rows {
            let offset = plane as isize * t.plane_step + row as isize * t.row_step;
            let source = t.source.wrapping_offset(offset);
            let mut weights = plane * t.weights_plane_step + row * t.weights_row_step;
            for segment in t.segments {
                let column = t.column + segment.offset;
                let len = segment.taps * t.block.vectors * S::LANES;
                // One call only: a second one would keep the compiler from inlining `visit`, and what isn't
                // inlined is compiled without the instructions.
                for turn in 0..t.block.steps.len().max(1) {
                    visit(source, column, t.block.steps.get(turn), segment.taps, weights);
                    weights += len;
                }
            }
        }
    }
}

/// Calls `add(tap, place, source values)` for the products of K neighbouring taps.
///
/// # Safety
/// `source` is the start of a row of the window, and the constants are what they say in [`TileOp`].
#[inline(always)]
pub(super) unsafe fn for_each_product<
    S: Simd,
    const P: usize,
    const NV: usize,
    const SLIDE: usize,
    const FULL: bool,
    const STEPS: bool,
    const K: usize,
>(
    s: S,
    t: &Window<'_>,
    (source, mut column, step): (*const f32, isize, Option<&Step>),
    mut add: impl FnMut(usize, usize, [S::V; NV]),
) {
    let (lanes, taken, source, held) = match step {
        Some(step) if STEPS => (
            s.load(&step.lanes),
            step.partial.then(|| s.less(s.zero(), s.load(&step.taken))),
            source.wrapping_add(step.window),
            s.first(t.source_channels),
        ),
        _ => {
            let held = s.first(t.block.channels);
            (s.zero(), None, source.wrapping_add(t.block.channel), held)
        }
    };
    let load = |column: isize, from: *const f32| -> [S::V; NV] {
        // One comparison sees both ends: a column before the first becomes a huge number. A branch
        // instead of the choice of an address tears products and loads apart: a third slower.
        let from = if (column as usize) < t.columns { from } else { ZEROS.as_ptr() };
        std::array::from_fn(|v| {
            // SAFETY: the column lies inside the source, and the channels within its channels.
            let x = unsafe { read::<S, FULL>(s, from.wrapping_add(v * S::LANES), held) };
            match (STEPS, taken) {
                (false, _) => x,
                (true, None) => s.permute(x, lanes),
                (true, Some(taken)) => s.select(taken, s.permute(x, lanes), s.zero()),
            }
        })
    };
    let column_step = t.source_channels as isize;
    let tap_step = t.tap_columns * column_step;
    let mut from = source.wrapping_offset(column * column_step);
    if SLIDE == 0 {
        for p in 0..P {
            let (mut tap_column, mut tap_from) = (column, from);
            for k in 0..K {
                add(k, p, load(tap_column, tap_from));
                tap_column += t.tap_columns;
                tap_from = tap_from.wrapping_offset(tap_step);
            }
            column += t.place_columns;
            from = from.wrapping_offset(t.place_columns * column_step);
        }
        return;
    }
    for j in 0..(P - 1) * SLIDE + K {
        let x = load(column, from);
        for k in 0..K {
            if j >= k && (j - k) % SLIDE == 0 && (j - k) / SLIDE < P {
                add(k, (j - k) / SLIDE, x);
            }
        }
        column += t.tap_columns;
        from = from.wrapping_offset(tap_step);
    }
}

/// # Safety
/// `from` is valid to read: with `FULL` for a whole vector, else for the lanes of the mask.
#[inline(always)]
pub(super) unsafe fn read<S: Simd, const FULL: bool>(s: S, from: *const f32, mask: S::M) -> S::V {
    // SAFETY: the caller vouches for it.
    unsafe { if FULL { s.load_ptr(from) } else { s.load_masked(from, mask) } }
}

/// Computes a tile.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place and tap that `args` names.
pub(super) unsafe fn run_tile<S: Simd>(s: S, t: &TileArgs<'_>) {
    let (block, full) = (t.window.block, t.window.is_full(S::LANES));
    macro_rules! places {
        ($nv:literal, $slide:literal, $full:literal, $steps:literal) => {
            match t.window.places {
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
            match t.window.sharing {
                Sharing::One => places!($nv, 1, $full, $steps),
                Sharing::Two => places!($nv, 2, $full, $steps),
                Sharing::None => places!($nv, 0, $full, $steps),
            }
        };
    }
    match (block.vectors, full, !block.steps.is_empty()) {
        (1, true, false) => sharing!(1, true, false),
        (1, false, false) => sharing!(1, false, false),
        (1, true, true) => sharing!(1, true, true),
        (1, false, true) => sharing!(1, false, true),
        (2, true, false) if const { S::REGISTERS >= 32 } => sharing!(2, true, false),
        (vectors, ..) => unreachable!("no tile of {vectors} vectors"),
    }
}
