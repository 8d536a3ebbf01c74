//! Depthwise convolution: one filter for each channel, so that the vectors run over the channels.
//!
//! ```text
//! packed weights:  phase │ block of channels │ tap │ NV × LANES
//! work:            task = (phase, run of places); in it: tile of places → block
//! ```
//!
//! Each source value is used once for each tap, straight from memory. That is as many loads as
//! multiplications, which is what the CPU can do; large inputs are bound by memory anyway.

use std::ops::Range;

use super::direct::{MOST_RUNS, even_cuts};
use super::epilogue::Ends;
use super::finish::{Finish, ZEROS};
use super::gather::{Gather, Place, Tap};
use super::{ConvArgs, Epilogue};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

/// The widest tile, in vectors.
const MOST_VECTORS: usize = 4;
/// The tallest tile, in places: with four vectors 24 sums, which fit 32 registers.
const MOST_PLACES: usize = 6;
/// Products that one core does in about a nanosecond, when the values come from the second cache.
const MACS_PER_NANOSECOND: usize = 16;
/// Products of a task, some 15 µs.
const TASK_MACS: usize = 250_000;

/// A planned depthwise gather.
#[derive(Clone, Debug)]
pub(super) struct DepthwisePlan {
    gather: Gather,
    epilogue: Epilogue,
    finish: Finish,
    isa: Isa,
    vectors: usize,
    tile: usize,
    tasks: Vec<Task>,
    /// About what a task takes.
    nanoseconds: usize,
    /// Where the weights of each phase start.
    packed: Vec<usize>,
    packed_len: usize,
}

#[derive(Clone, Debug)]
struct Task {
    phase: usize,
    places: Range<usize>,
}

impl DepthwisePlan {
    /// Plans for a gather with as many groups as source channels and destination channels.
    pub fn new(gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        debug_assert!(gather.source_channels == gather.destination_channels);
        let channels = gather.source_channels;
        let (widest, tile) = match isa {
            Isa::Avx512 | Isa::Neon => (MOST_VECTORS, MOST_PLACES),
            Isa::Avx2 | Isa::Portable => (2, MOST_PLACES),
        };
        let vectors = channels.div_ceil(isa.lanes()).clamp(1, widest);
        let width = vectors * isa.lanes();
        let (mut packed, mut packed_len) = (Vec::new(), 0);
        let mut tasks = Vec::new();
        for (i, phase) in gather.phases.iter().enumerate() {
            packed.push(packed_len);
            packed_len += channels.div_ceil(width) * width * phase.taps.len();
            let places = gather.places(phase);
            let wanted = TASK_MACS / (channels * phase.taps.len()).max(1);
            let wanted = wanted.max(places.div_ceil(MOST_RUNS));
            let run = wanted.div_ceil(tile).max(1) * tile;
            for start in (0..places).step_by(run) {
                tasks.push(Task { phase: i, places: start..places.min(start + run) });
            }
        }
        let products = |task: &Task| {
            let taps = gather.phases[task.phase].taps.len().max(1);
            task.places.len().saturating_mul(taps)
        };
        let macs =
            tasks.iter().map(products).fold(0, usize::saturating_add).saturating_mul(channels);
        Self {
            finish: Finish::new(epilogue.activation),
            epilogue,
            nanoseconds: macs / MACS_PER_NANOSECOND / tasks.len().max(1),
            gather,
            isa,
            vectors,
            tile,
            tasks,
            packed,
            packed_len,
        }
    }

    pub fn packed_len(&self) -> usize {
        self.packed_len
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed_len, "length of the packed weights");
        packed.fill(0.0);
        let (channels, width) = (self.gather.source_channels, self.vectors * self.isa.lanes());
        for (phase, &start) in self.gather.phases.iter().zip(&self.packed) {
            for (block, first) in (0..channels).step_by(width).enumerate() {
                for (t, tap) in phase.taps.iter().enumerate() {
                    let to = start + (block * phase.taps.len() + t) * width;
                    let from = tap.weight * channels + first;
                    let count = width.min(channels - first);
                    packed[to..to + count].copy_from_slice(&weights[from..from + count]);
                }
            }
        }
    }

    pub fn run(&self, args: ConvArgs<'_>) {
        assert_eq!(args.input.len(), self.gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.packed_len, "length of the packed weights");
        let (places, channels) = self.gather.destination_size();
        let (source, packed) = (args.input, args.packed);
        let ends = Ends::new(&self.epilogue, places, channels, args);
        let values = Values { source, packed, ends };
        parallel::for_each(self.tasks.len(), self.nanoseconds, |i| {
            dispatch(self.isa, TaskOp { plan: self, task: &self.tasks[i], values: &values });
        });
    }

    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: &Task, values: &Values<'_>) {
        let g = &self.gather;
        let (phase, channels) = (&g.phases[task.phase], g.source_channels);
        let width = self.vectors * S::LANES;
        let mut cursor = g.cursor(phase, task.places.start);
        let mut places = [Place::default(); MOST_PLACES];
        for count in even_cuts(task.places.len(), self.tile) {
            for place in &mut places[..count] {
                *place = cursor.next();
            }
            for (block, first) in (0..channels).step_by(width).enumerate() {
                let weights = self.packed[task.phase] + block * phase.taps.len() * width;
                let (start, start_stride) = values.ends.residual(first);
                let args = TileArgs {
                    places: &places[..count],
                    taps: &phase.taps,
                    source_size: g.source,
                    source: values.source.as_ptr().wrapping_add(first),
                    stride: channels,
                    weights: values.packed[weights..].as_ptr(),
                    bias: values.ends.bias(first),
                    start,
                    start_stride,
                    output: values.ends.output(first),
                    output_stride: values.ends.stride(),
                    channels: width.min(channels - first),
                    finish: self.finish,
                };
                // SAFETY: the cursor names places of the source and the destination only, whose
                // lengths `run` has checked; each block has a row of weights for every tap. No other
                // task writes these places.
                unsafe { run_tile(s, self.vectors, &args) };
            }
            if matches!(self.finish, Finish::Rows(_)) {
                for place in &places[..count] {
                    // SAFETY: only this task writes this place.
                    let row = unsafe { values.ends.row(place.destination, 0..channels) };
                    self.finish.apply_to_row(self.isa, row);
                }
            }
        }
    }
}

struct Values<'a> {
    source: &'a [f32],
    packed: &'a [f32],
    ends: Ends<'a>,
}

struct TaskOp<'a> {
    plan: &'a DepthwisePlan,
    task: &'a Task,
    values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        self.plan.run_task(s, self.task, self.values);
    }
}

/// Everything a tile reads and writes; the pointers are at the block's first channel.
struct TileArgs<'a> {
    places: &'a [Place],
    taps: &'a [Tap],
    source_size: [usize; 3],
    source: *const f32,
    /// Channels of the source.
    stride: usize,
    weights: *const f32,
    /// Null for none.
    bias: *const f32,
    /// The residual, with its own distance between places; null for none.
    start: *const f32,
    start_stride: usize,
    output: *mut f32,
    output_stride: usize,
    /// Channels of the block; at most the width of the tile.
    channels: usize,
    finish: Finish,
}

struct TileOp<'a, 'b, const P: usize, const NV: usize>(&'b TileArgs<'a>);

impl<const P: usize, const NV: usize> WithSimd for TileOp<'_, '_, P, NV> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        if self.0.channels == NV * S::LANES {
            // SAFETY: `run_tile`'s caller vouches for the pointers.
            unsafe { tile::<S, P, NV, true>(s, self.0) }
        } else {
            // SAFETY: as above.
            unsafe { tile::<S, P, NV, false>(s, self.0) }
        }
    }
}

/// # Safety
/// As [`run_tile`]; with `FULL` the block has NV × LANES channels.
#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const NV: usize, const FULL: bool>(s: S, t: &TileArgs<'_>) {
    let mut masks = [s.first(0); NV];
    for (v, mask) in masks.iter_mut().enumerate() {
        *mask = s.first(t.channels.saturating_sub(v * S::LANES));
    }
    let Some(places) = t.places.first_chunk::<P>() else { return };
    let mut sums = [[s.zero(); NV]; P];
    if !t.bias.is_null() {
        for v in 0..NV {
            // SAFETY: the bias holds the block's channels.
            let bias = unsafe { read::<S, FULL>(s, t.bias.wrapping_add(v * S::LANES), masks[v]) };
            for sum in &mut sums {
                sum[v] = bias;
            }
        }
    }
    if !t.start.is_null() {
        for p in 0..P {
            let row = t.start.wrapping_add(places[p].destination * t.start_stride);
            for v in 0..NV {
                // SAFETY: the residual holds the block's channels at each of the places.
                let x = unsafe { read::<S, FULL>(s, row.wrapping_add(v * S::LANES), masks[v]) };
                sums[p][v] = s.add(sums[p][v], x);
            }
        }
    }
    let bases: [*const f32; P] =
        std::array::from_fn(|p| t.source.wrapping_offset(places[p].source * t.stride as isize));
    let inside = places.iter().all(|place| place.inside);
    let mut weights = t.weights;
    for tap in t.taps {
        let offset = tap.linear * t.stride as isize;
        let mut w = [s.zero(); NV];
        for (v, w) in w.iter_mut().enumerate() {
            // SAFETY: the block has NV vectors of weights for every tap.
            *w = unsafe { s.load_ptr(weights.wrapping_add(v * S::LANES)) };
        }
        weights = weights.wrapping_add(NV * S::LANES);
        for p in 0..P {
            let row = if inside || places[p].holds(tap.offset, t.source_size) {
                bases[p].wrapping_offset(offset)
            } else {
                ZEROS.as_ptr()
            };
            for v in 0..NV {
                // SAFETY: the row is a place of the source, or zeros, at the block's channels.
                let x = unsafe { read::<S, FULL>(s, row.wrapping_add(v * S::LANES), masks[v]) };
                sums[p][v] = s.fma(x, w[v], sums[p][v]);
            }
        }
    }
    for p in 0..P {
        let output = t.output.wrapping_add(places[p].destination * t.output_stride);
        for v in 0..NV {
            let (sum, to) = (t.finish.apply(s, sums[p][v]), output.wrapping_add(v * S::LANES));
            // SAFETY: `to` is the block's channels at a place of the destination, and only these
            // are written.
            unsafe { if FULL { s.store_ptr(sum, to) } else { s.store_masked(sum, to, masks[v]) } }
        }
    }
}

/// # Safety
/// `from` is valid to read: with `FULL` for a whole vector, else for the lanes of the mask.
#[inline(always)]
unsafe fn read<S: Simd, const FULL: bool>(s: S, from: *const f32, mask: S::M) -> S::V {
    // SAFETY: the caller vouches for it.
    unsafe { if FULL { s.load_ptr(from) } else { s.load_masked(from, mask) } }
}

/// Computes a tile of `args.places.len()` places and `vectors` vectors.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place and tap that `args` names.
unsafe fn run_tile<S: Simd>(s: S, vectors: usize, args: &TileArgs<'_>) {
    macro_rules! tile {
        ($p:literal, $nv:literal) => {
            s.vectorize(TileOp::<$p, $nv>(args))
        };
    }
    match (vectors, args.places.len()) {
        (1, 1) => tile!(1, 1),
        (1, 2) => tile!(2, 1),
        (1, 3) => tile!(3, 1),
        (1, 4) => tile!(4, 1),
        (1, 5) => tile!(5, 1),
        (1, 6) => tile!(6, 1),
        (2, 1) => tile!(1, 2),
        (2, 2) => tile!(2, 2),
        (2, 3) => tile!(3, 2),
        (2, 4) => tile!(4, 2),
        (2, 5) => tile!(5, 2),
        (2, 6) => tile!(6, 2),
        (vectors, places) if S::REGISTERS >= 32 => match (vectors, places) {
            (3, 1) => tile!(1, 3),
            (3, 2) => tile!(2, 3),
            (3, 3) => tile!(3, 3),
            (3, 4) => tile!(4, 3),
            (3, 5) => tile!(5, 3),
            (3, 6) => tile!(6, 3),
            (4, 1) => tile!(1, 4),
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
