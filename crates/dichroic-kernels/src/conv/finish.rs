//! What happens to a sum before it is stored: the activation, in registers where it is cheap.

use crate::elementwise::Unary;
use crate::isa::Isa;
use crate::simd::Simd;

/// An activation, sorted by where it is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Finish {
    /// None.
    Plain,
    /// max(x, 0), in registers.
    Relu,
    /// min(max(x, 0), most), in registers.
    Capped(f32),
    /// x where x ≥ 0, else slope × x, in registers.
    Leaky(f32),
    /// Anything else: on the stored rows, while they are in the cache.
    Rows(Unary),
}

impl Finish {
    pub fn new(activation: Option<Unary>) -> Self {
        match activation {
            None => Finish::Plain,
            Some(Unary::Relu) => Finish::Relu,
            Some(Unary::Relu6) => Finish::Capped(6.0),
            Some(Unary::LeakyRelu { negative_slope }) => Finish::Leaky(negative_slope),
            // Keras's layer `ReLU`; as rows, those of MobileNetV2 took a third of its time.
            Some(Unary::ReluGeneral {
                max_value: Some(most),
                negative_slope: 0.0,
                threshold: 0.0,
            }) => Finish::Capped(most),
            Some(Unary::ReluGeneral { max_value: None, negative_slope, threshold: 0.0 }) => {
                Finish::Leaky(negative_slope)
            }
            Some(other) => Finish::Rows(other),
        }
    }

    /// The function applied to one vector. NaN stays NaN.
    #[inline(always)]
    pub fn apply<S: Simd>(self, s: S, x: S::V) -> S::V {
        match self {
            Finish::Plain | Finish::Rows(_) => x,
            Finish::Relu => s.max(s.zero(), x),
            Finish::Capped(most) => s.min(s.splat(most), s.max(s.zero(), x)),
            Finish::Leaky(slope) => s.select(s.less(x, s.zero()), s.mul(x, s.splat(slope)), x),
        }
    }

    /// Does with all sums of a tile what [`Finish::bounds`] do not say.
    ///
    /// One formula for all but the rarest: behind a choice between several loops the compiler passes the sums through
    /// the stack. Taken out of the crate, a 1×1 kernel over 16 channels took 1.67 cycles a product of vectors with the
    /// choice and 1.20 without it; all 1×1 convolutions of MobileNetV2 at batch 1 2.98 and 2.90 ms.
    #[inline(always)]
    pub fn bend<S: Simd, const P: usize, const NV: usize>(self, s: S, sums: &mut [[S::V; NV]; P]) {
        if let Finish::Leaky(_) = self {
            for p in 0..P {
                for v in 0..NV {
                    sums[p][v] = self.apply(s, sums[p][v]);
                }
            }
        }
    }

    /// The least and the greatest result, infinite where there is none, or where more than bounds is applied.
    #[inline(always)]
    pub fn bounds(self) -> [f32; 2] {
        match self {
            Finish::Relu => [0.0, f32::INFINITY],
            Finish::Capped(most) => [0.0, most],
            Finish::Plain | Finish::Leaky(_) | Finish::Rows(_) => {
                [f32::NEG_INFINITY, f32::INFINITY]
            }
        }
    }

    /// A sum within its bounds, to be stored at once. NaN stays NaN.
    ///
    /// Where all sums of a tile were bounded before the first was stored, the next tile's products waited behind a row of stores: a
    /// bare loop of 6 places and 4 vectors over 16 channels takes 427 cycles a tile so, 391 with each store right
    /// behind its bounds, and 378 without either.
    #[inline(always)]
    pub fn hold<S: Simd>(s: S, [least, most]: [S::V; 2], x: S::V) -> S::V {
        s.min(most, s.max(least, x))
    }

    /// Stores the sums of P places, each within its bounds, where `at(place, vector)` says; past the caches if `stream`.
    ///
    /// # Safety
    /// At each place lie so many channels, which fill all vectors but the last; to be streamed they fill all, aligned.
    #[inline(always)]
    pub unsafe fn store_all<S: Simd, const P: usize, const NV: usize>(
        s: S,
        bounds: [S::V; 2],
        sums: &[[S::V; NV]; P],
        at: impl Fn(usize, usize) -> *mut f32,
        (channels, stream): (usize, bool),
    ) {
        let last = channels - (NV - 1) * S::LANES;
        // SAFETY: the caller vouches for the channels; the mask keeps to them.
        unsafe {
            if stream {
                for p in 0..P {
                    for v in 0..NV {
                        s.stream_ptr(Self::hold(s, bounds, sums[p][v]), at(p, v));
                    }
                }
            } else if last == S::LANES {
                for p in 0..P {
                    for v in 0..NV {
                        s.store_ptr(Self::hold(s, bounds, sums[p][v]), at(p, v));
                    }
                }
            } else {
                // From the last place to the first, or the compiler would pull what both branches begin with, the bounds
                // of all sums, to before them.
                let mask = s.first(last);
                for p in (0..P).rev() {
                    let y = Self::hold(s, bounds, sums[p][NV - 1]);
                    s.store_masked(y, at(p, NV - 1), mask);
                    for v in 0..NV - 1 {
                        s.store_ptr(Self::hold(s, bounds, sums[p][v]), at(p, v));
                    }
                }
            }
        }
    }

    /// The rest of the function, on stored values.
    pub fn apply_to_row(self, isa: Isa, row: &mut [f32]) {
        if let Finish::Rows(activation) = self {
            activation.apply_in_place(isa, row);
        }
    }
}

/// Zeros that taps outside the source point to. Kernels read at most this many values of one place
/// in one go.
pub(super) static ZEROS: [f32; MOST_CHANNELS] = [0.0; MOST_CHANNELS];

/// The most channels of one place in one part of a sum: 8 KiB, a quarter of a small L1 cache.
pub(super) const MOST_CHANNELS: usize = 2048;
