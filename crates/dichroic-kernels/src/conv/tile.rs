//! The micro-kernel of direct convolution: a register tile of places × channels.
//!
//! ```text
//!              NV vectors of destination channels
//!            ┌───────────┬───────────┐
//!   place 0  │ sum       │ sum       │  += source value × weights vector, for each
//!   place 1  │ sum       │ sum       │     tap and source channel
//!     …      │           │           │
//!  place P−1 │ sum       │ sum       │
//!            └───────────┴───────────┘
//! ```
//!
//! The P × NV sums stay in registers for the whole reduction. Each step loads NV weight vectors
//! and broadcasts P source values through P row pointers. A tap that lies outside the source has its
//! row pointer on zeros, so that borders, strides, dilation and padding need no code of their own; one that lies
//! outside for all places is left out.

use super::finish::{Finish, ZEROS};
use super::gather::Tap;
use super::places::Place;
use super::shape::{Kind, Shape};
use super::zones::Reach;
use crate::simd::{Simd, WithSimd};

/// Source values that lie side by side in memory, seen from any place inside the source.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the place's first channel of the group.
    pub offset: isize,
    pub len: usize,
    /// The [offset](Tap::offset) of the first tap.
    pub tap: [isize; 3],
}

/// A part of the sum, small enough for its weights to stay in the second cache.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The first channel of the group, and how many.
    pub channel: usize,
    pub channels: usize,
    pub taps: std::ops::Range<usize>,
    /// The same products for places inside the source, with neighbouring taps joined.
    pub runs: Vec<Run>,
}

impl Part {
    /// The steps of a sum that takes so many source values at once.
    pub fn steps(&self, step: usize) -> usize {
        self.runs.iter().map(|run| run.len.div_ceil(step)).sum()
    }
}

/// Everything a tile reads and writes.
pub(super) struct TileArgs<'a> {
    pub places: &'a [Place],
    /// The taps that can be read at every place; all others lie outside the source. None when that differs from
    /// place to place.
    pub reach: Option<Reach>,
    pub part: &'a Part,
    pub taps: &'a [Tap],
    /// Depth, height and width of the source.
    pub source_size: [usize; 3],
    /// The first channel of the group at the source's first place.
    pub source: *const f32,
    /// Channels of the source.
    pub source_stride: usize,
    /// The weights of this block and part: one vector tile for each tap and channel.
    pub weights: *const f32,
    /// The block's bias values; null for none.
    pub bias: *const f32,
    /// What the sums start from besides the bias, laid out as the destination with its own distance
    /// between places; null for nothing.
    pub start: *const f32,
    pub start_stride: usize,
    /// The first channel of the block at the destination's first place.
    pub output: *mut f32,
    /// The distance between places of the destination.
    pub output_stride: usize,
    /// Destination channels of the block; at most the width of the tile.
    pub channels: usize,
    /// The sum is complete after this part.
    pub complete: bool,
    pub finish: Finish,
    /// The block fills its vectors, whose places in the destination are aligned: they may be written past
    /// the caches.
    pub stream: bool,
}

/// A tile of P places and NV vectors, with U sets of sums where it is too small to keep the
/// multipliers busy with one.
struct TileOp<'a, 'b, const P: usize, const NV: usize, const U: usize, const DOTS: bool>(
    &'b TileArgs<'a>,
);

impl<const P: usize, const NV: usize, const U: usize, const DOTS: bool> WithSimd
    for TileOp<'_, '_, P, NV, U, DOTS>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let t = self.0;
        let Some(places) = t.places.first_chunk::<P>() else { return };
        // Plain loops instead of `array::from_fn` and closures: these are compiled without the vector
        // instructions until they are inlined, and the compiler doesn't always do that.
        let mut bases = [t.source; P];
        for p in 0..P {
            bases[p] = t.source.wrapping_offset(places[p].source * t.source_stride as isize);
        }
        let mut sums = [[[s.zero(); NV]; P]; U];
        if !DOTS {
            // SAFETY: the caller vouches for the pointers.
            unsafe { add_start(s, &mut sums[0], t, places) };
        }
        let mut weights = t.weights;
        if let Some(reach) = t.reach {
            for run in &t.part.runs {
                let end = weights.wrapping_add(steps::<S, DOTS>(run.len) * NV * S::LANES);
                if reach.holds(run.tap) {
                    // SAFETY: the taps within reach lie inside the source for every place, and a
                    // run covers channels of such taps only; the block has NV vectors of weights for each step.
                    unsafe {
                        let from = (run.offset, run.len);
                        accumulate::<S, P, NV, U, DOTS>(s, &mut sums, &bases, from, weights);
                    }
                }
                weights = end;
            }
        } else {
            let per_tap = steps::<S, DOTS>(t.part.channels) * NV * S::LANES;
            for tap in &t.taps[t.part.taps.clone()] {
                let offset = tap.linear * t.source_stride as isize + t.part.channel as isize;
                let mut rows = [ZEROS.as_ptr(); P];
                let mut any = false;
                for p in 0..P {
                    if places[p].holds(tap.offset, t.source_size) {
                        rows[p] = bases[p].wrapping_offset(offset);
                        any = true;
                    }
                }
                if any {
                    // SAFETY: each row is a place of the source with the part's channels, or the zeros,
                    // of which there are as many as a part may have channels.
                    unsafe {
                        let from = (0, t.part.channels);
                        accumulate::<S, P, NV, U, DOTS>(s, &mut sums, &rows, from, weights);
                    }
                }
                weights = weights.wrapping_add(per_tap);
            }
        }
        for u in 1..U {
            for p in 0..P {
                for v in 0..NV {
                    sums[0][p][v] = s.add(sums[0][p][v], sums[u][p][v]);
                }
            }
        }
        if DOTS {
            let mut channels = [[s.zero(); 1]; P];
            for p in 0..P {
                channels[p][0] = s.sum_each(sums[0][p]);
            }
            // SAFETY: the caller vouches for the pointers.
            unsafe {
                add_start(s, &mut channels, t, places);
                finish(s, &mut channels, t, places);
            }
        } else {
            // SAFETY: as above.
            unsafe { finish(s, &mut sums[0], t, places) };
        }
    }
}

/// The steps that `len` products take.
#[inline(always)]
fn steps<S: Simd, const DOTS: bool>(len: usize) -> usize {
    if DOTS { len.div_ceil(S::LANES) } else { len }
}

/// Adds what the sums start from: bias, residual, the parts before.
///
/// # Safety
/// The pointers of `t` hold the block's channels, of which there are more than fill all vectors but one.
#[inline(always)]
unsafe fn add_start<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    t: &TileArgs<'_>,
    places: &[Place; P],
) {
    for v in 0..NV {
        let mask = s.first(t.channels - v * S::LANES);
        if !t.bias.is_null() {
            // SAFETY: the bias holds the block's channels, and the mask keeps to them.
            let bias = unsafe { s.load_masked(t.bias.wrapping_add(v * S::LANES), mask) };
            for p in 0..P {
                sums[p][v] = s.add(sums[p][v], bias);
            }
        }
        if !t.start.is_null() {
            for p in 0..P {
                let from = t.start.wrapping_add(places[p].destination * t.start_stride);
                // SAFETY: there are the block's channels at each of the places, and the mask keeps to
                // them (`Ends::new` checks the lengths).
                let start = unsafe { s.load_masked(from.wrapping_add(v * S::LANES), mask) };
                sums[p][v] = s.add(sums[p][v], start);
            }
        }
    }
}

/// Applies the activation after the last part, and stores the sums.
///
/// # Safety
/// As [`add_start`].
#[inline(always)]
unsafe fn finish<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    t: &TileArgs<'_>,
    places: &[Place; P],
) {
    let finish = if t.complete { t.finish } else { Finish::Plain };
    finish.bend(s, sums);
    let [least, most] = finish.bounds();
    let bounds = [s.splat(least), s.splat(most)];
    let at = |p: usize, v: usize| {
        t.output.wrapping_add(places[p].destination * t.output_stride + v * S::LANES)
    };
    // SAFETY: the destination holds the block's channels at each of the places; where they may be streamed, they fill all
    // vectors and are aligned (`TileArgs::stream`).
    unsafe { Finish::store_all(s, bounds, sums, at, (t.channels, t.stream)) };
}

/// Adds `len` products from `offset` on to each sum.
///
/// # Safety
/// Each row is valid to read for `len` values from `offset` on, and `weights` for as many steps of NV vectors.
#[inline(always)]
unsafe fn accumulate<S: Simd, const P: usize, const NV: usize, const U: usize, const DOTS: bool>(
    s: S,
    sums: &mut [[[S::V; NV]; P]; U],
    rows: &[*const f32; P],
    (offset, len): (isize, usize),
    mut weights: *const f32,
) {
    let step_len = if DOTS { S::LANES } else { 1 };
    let mut k = 0;
    if U > 1 {
        while k + U * step_len <= len {
            for (u, set) in sums.iter_mut().enumerate() {
                let at = offset + (k + u * step_len) as isize;
                // SAFETY: the step ends at k + U × step_len ≤ len at most.
                unsafe { step::<S, P, NV, DOTS>(s, set, rows, (at, step_len), weights) };
                weights = weights.wrapping_add(NV * S::LANES);
            }
            k += U * step_len;
        }
    }
    while k + step_len <= len {
        // SAFETY: k + step_len ≤ len.
        unsafe {
            let at = (offset + k as isize, step_len);
            step::<S, P, NV, DOTS>(s, &mut sums[0], rows, at, weights);
        }
        weights = weights.wrapping_add(NV * S::LANES);
        k += step_len;
    }
    if DOTS && k < len {
        // SAFETY: k + (len − k) = len.
        unsafe {
            let at = (offset + k as isize, len - k);
            step::<S, P, NV, DOTS>(s, &mut sums[0], rows, at, weights);
        }
    }
}

/// Adds to each sum the product of the value at `k`, or of `count` ≤ `LANES` values from there on.
///
/// # Safety
/// Each row is valid to read for these values, and `weights` for NV vectors.
#[inline(always)]
unsafe fn step<S: Simd, const P: usize, const NV: usize, const DOTS: bool>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    rows: &[*const f32; P],
    (k, count): (isize, usize),
    weights: *const f32,
) {
    let mut w = [s.zero(); NV];
    for (v, w) in w.iter_mut().enumerate() {
        // SAFETY: the caller vouches for NV vectors of weights.
        *w = unsafe { s.load_ptr(weights.add(v * S::LANES)) };
    }
    for p in 0..P {
        // SAFETY: the caller vouches for the row's values.
        let x = unsafe {
            let from = rows[p].offset(k);
            match (DOTS, count == S::LANES) {
                (false, _) => s.splat(*from),
                (true, true) => s.load_ptr(from),
                (true, false) => s.load_masked(from, s.first(count)),
            }
        };
        for v in 0..NV {
            sums[p][v] = s.fma(x, w[v], sums[p][v]);
        }
    }
}

/// Computes a tile of `args.places.len()` places, in `shape`.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place and tap that `args` names.
pub(super) unsafe fn run_tile<S: Simd>(s: S, shape: Shape, args: &TileArgs<'_>) {
    macro_rules! tile {
        ($p:literal, $nv:literal) => {
            s.vectorize(TileOp::<$p, $nv, 1, false>(args))
        };
        ($p:literal, $nv:literal, $u:literal) => {
            s.vectorize(TileOp::<$p, $nv, $u, false>(args))
        };
    }
    match shape.kind {
        Kind::Wide => {}
        Kind::Half => return s.vectorize_half(HalfOp(args)),
        // SAFETY: the caller's word.
        Kind::Dots => return unsafe { run_dots(s, shape, args) },
    }
    // Only what `most_places` allows is compiled, for each register file.
    match (shape.vectors, args.places.len()) {
        (1, 1) => tile!(1, 1, 8),
        (1, 2) => tile!(2, 1, 4),
        (1, 3) => tile!(3, 1, 2),
        (1, 4) => tile!(4, 1, 2),
        (1, 5) => tile!(5, 1),
        (1, 6) => tile!(6, 1),
        (1, 7) => tile!(7, 1),
        (1, 8) => tile!(8, 1),
        (1, 9) => tile!(9, 1),
        (1, 10) => tile!(10, 1),
        (1, 11) => tile!(11, 1),
        (1, 12) => tile!(12, 1),
        (2, 1) => tile!(1, 2, 4),
        (2, 2) => tile!(2, 2, 2),
        (2, 3) => tile!(3, 2),
        (2, 4) => tile!(4, 2),
        (2, 5) => tile!(5, 2),
        (2, 6) => tile!(6, 2),
        (vectors, places) if const { S::REGISTERS >= 32 } => match (vectors, places) {
            (1, 13) => tile!(13, 1),
            (1, 14) => tile!(14, 1),
            (2, 7) => tile!(7, 2),
            (2, 8) => tile!(8, 2),
            (2, 9) => tile!(9, 2),
            (2, 10) => tile!(10, 2),
            (2, 11) => tile!(11, 2),
            (2, 12) => tile!(12, 2),
            (2, 13) => tile!(13, 2),
            (2, 14) => tile!(14, 2),
            (3, 1) => tile!(1, 3, 4),
            (3, 2) => tile!(2, 3, 2),
            (3, 3) => tile!(3, 3),
            (3, 4) => tile!(4, 3),
            (3, 5) => tile!(5, 3),
            (3, 6) => tile!(6, 3),
            (3, 7) => tile!(7, 3),
            (3, 8) => tile!(8, 3),
            (3, 9) => tile!(9, 3),
            (4, 1) => tile!(1, 4, 2),
            (4, 2) => tile!(2, 4),
            (4, 3) => tile!(3, 4),
            (4, 4) => tile!(4, 4),
            (4, 5) => tile!(5, 4),
            (4, 6) => tile!(6, 4),
            _ => unreachable!("no tile of {places} places and {vectors} vectors"),
        },
        (vectors, places) => unreachable!("no tile of {places} places and {vectors} vectors"),
    }
}

/// A tile of one vector with the token that it is given.
struct HalfOp<'a, 'b>(&'b TileArgs<'a>);

impl WithSimd for HalfOp<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        // SAFETY: `run_tile` alone makes this, and its caller vouches for the pointers.
        unsafe { run_tile(s, Shape { kind: Kind::Wide, vectors: 1 }, self.0) };
    }
}

/// Computes a tile of dot products, whose number of places is one of [`Shape::padded_places`].
///
/// # Safety
/// As [`run_tile`].
unsafe fn run_dots<S: Simd>(s: S, shape: Shape, args: &TileArgs<'_>) {
    macro_rules! dots {
        ($p:literal, $nv:literal) => {
            s.vectorize(TileOp::<$p, $nv, 1, true>(args))
        };
        ($p:literal, $nv:literal, $u:literal) => {
            s.vectorize(TileOp::<$p, $nv, $u, true>(args))
        };
    }
    match (shape.vectors, args.places.len()) {
        (1, 1) => dots!(1, 1, 8),
        (1, 4) => dots!(4, 1, 2),
        (1, 8) => dots!(8, 1),
        (2, 1) => dots!(1, 2, 4),
        (2, 4) => dots!(4, 2),
        (vectors, places) if const { S::LANES >= 8 } => match (vectors, places) {
            (3, 1) => dots!(1, 3, 2),
            (3, 3) => dots!(3, 3),
            (4, 1) => dots!(1, 4, 2),
            (4, 2) => dots!(2, 4),
            (vectors, places) if const { S::LANES >= 16 } => match (vectors, places) {
                (1, 14) => dots!(14, 1),
                (2, 8) => dots!(8, 2),
                (2, 14) => dots!(14, 2),
                (3, 7) => dots!(7, 3),
                (3, 8) => dots!(8, 3),
                (4, 4) => dots!(4, 4),
                (4, 6) => dots!(6, 4),
                (5, 1) => dots!(1, 5),
                (5, 5) => dots!(5, 5),
                (6, 1) => dots!(1, 6),
                (6, 4) => dots!(4, 6),
                (7, 1) => dots!(1, 7),
                (7, 3) => dots!(3, 7),
                (8, 1) => dots!(1, 8),
                (8, 3) => dots!(3, 8),
                _ => unreachable!("no tile of {places} places and {vectors} dot products"),
            },
            _ => unreachable!("no tile of {places} places and {vectors} dot products"),
        },
        (vectors, places) => unreachable!("no tile of {places} places and {vectors} dot products"),
    }
}
