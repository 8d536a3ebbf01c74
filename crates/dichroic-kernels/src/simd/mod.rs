//! Vectors of `f32` behind one trait, so that each kernel is written once for all instruction sets.
//!
//! A kernel takes a token `S: Simd`. Only detection can create a token, so that holding one proves
//! that the CPU has the instructions. [`dispatch`] picks the token and enters a function compiled for
//! its instruction set; from there on everything must be inlined, for what isn't inlined is
//! compiled without the instructions (right, but slow). So [`WithSimd::with`] and the generic functions
//! it calls in hot loops are `#[inline(always)]`.
//!
//! ```
//! use dichroic_kernels::isa::Isa;
//! use dichroic_kernels::simd::{Simd, WithSimd, dispatch};
//!
//! struct Double<'a>(&'a mut [f32]);
//! impl WithSimd for Double<'_> {
//!     type Output = ();
//!     #[inline(always)]
//!     fn with<S: Simd>(self, s: S) {
//!         let two = s.splat(2.0);
//!         let mut chunks = self.0.chunks_exact_mut(S::LANES);
//!         for chunk in &mut chunks {
//!             s.store(s.mul(s.load(chunk), two), chunk);
//!         }
//!         let tail = chunks.into_remainder();
//!         s.store_first(s.mul(s.load_first(tail), two), tail);
//!     }
//! }
//! let mut x = [1.0, 2.0, 3.0, 4.0, 5.0];
//! dispatch(Isa::detect(), Double(&mut x));
//! assert_eq!(x, [2.0, 4.0, 6.0, 8.0, 10.0]);
//! ```

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod bf16;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;
pub use portable::Portable;

use crate::isa::Isa;

/// The instructions of one set, on vectors of [`Simd::LANES`] values.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector.
    type V: Copy + Send + Sync;
    /// One yes or no for each lane.
    type M: Copy + Send + Sync;
    /// The values in a vector.
    const LANES: usize;
    /// The vector registers that the CPU has.
    const REGISTERS: usize;
    /// The set.
    const ISA: Isa;

    /// The same value in all lanes.
    fn splat(self, x: f32) -> Self::V;

    /// Reads `LANES` values.
    ///
    /// # Safety
    /// `from` is valid to read for `LANES` values; no alignment is needed.
    unsafe fn load_ptr(self, from: *const f32) -> Self::V;
    /// Writes `LANES` values.
    ///
    /// # Safety
    /// `to` is valid to write for `LANES` values; no alignment is needed.
    unsafe fn store_ptr(self, x: Self::V, to: *mut f32);
    /// Writes `LANES` values past the caches, where the CPU can: for what won't be read soon. Other threads
    /// are sure to see them after [`Simd::fence`].
    ///
    /// # Safety
    /// `to` is valid to write for `LANES` values, and aligned to a vector.
    unsafe fn stream_ptr(self, x: Self::V, to: *mut f32);
    /// Orders what [`Simd::stream_ptr`] wrote before whatever this thread writes later.
    fn fence(self);
    /// Reads the lanes of the mask; the others are 0.
    ///
    /// # Safety
    /// `from` is valid to read at the lanes of the mask.
    unsafe fn load_masked(self, from: *const f32, mask: Self::M) -> Self::V;
    /// Writes the lanes of the mask and leaves the others alone.
    ///
    /// # Safety
    /// `to` is valid to write at the lanes of the mask.
    unsafe fn store_masked(self, x: Self::V, to: *mut f32, mask: Self::M);
    /// Tells the cache that the line at this address is needed soon. Any address is fine.
    fn prefetch(self, from: *const f32);
    /// As [`Simd::prefetch`], into the second cache: for what comes from memory, and is needed so late that the
    /// few lines that the first cache can wait for at a time are better left to others.
    fn prefetch_second(self, from: *const f32);

    /// a + b
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a − b
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a × b
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// a ÷ b
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// a × b + c, rounded once (twice in the portable set, where one rounding would be a library call).
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// c − a × b, rounded as [`Simd::fma`].
    fn neg_fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger one; b where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller one; b where either is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// √x, correctly rounded.
    fn sqrt(self, x: Self::V) -> Self::V;
    /// |x|
    fn abs(self, x: Self::V) -> Self::V;
    /// −x
    fn neg(self, x: Self::V) -> Self::V;
    /// The magnitude of the first with the sign of the second.
    fn copy_sign(self, magnitude: Self::V, sign: Self::V) -> Self::V;
    /// The nearest whole number, halves to the even one.
    fn round(self, x: Self::V) -> Self::V;
    /// The next whole number below.
    fn floor(self, x: Self::V) -> Self::V;
    /// 2ⁿ for whole n from −126 to 127; anything else gives an unspecified value.
    fn power_of_two(self, n: Self::V) -> Self::V;
    /// (m, e) with x = m × 2ᵉ and 1 ≤ m < 2, for normal positive x; else unspecified.
    fn split_exponent(self, x: Self::V) -> (Self::V, Self::V);

    /// a < b; false where either is NaN.
    fn less(self, a: Self::V, b: Self::V) -> Self::M;
    /// a ≤ b; false where either is NaN.
    fn less_equal(self, a: Self::V, b: Self::V) -> Self::M;
    /// a = b; false where either is NaN.
    fn equal(self, a: Self::V, b: Self::V) -> Self::M;
    /// Both.
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    /// Either or both.
    fn or(self, a: Self::M, b: Self::M) -> Self::M;
    /// `yes` in the lanes of the mask, `no` in the others.
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V;
    /// The first `count` lanes; all of them for `count` ≥ `LANES`.
    fn first(self, count: usize) -> Self::M;

    /// Lane i of the result is lane `lanes[i]` of x, for whole numbers below `LANES`; anything else gives an
    /// unspecified lane.
    fn permute(self, x: Self::V, lanes: Self::V) -> Self::V;

    /// The sum of all lanes, by halves: lane i with lane i + LANES/2, and so on.
    fn reduce_sum(self, x: Self::V) -> f32;
    /// The sum of all lanes of each vector, at most `LANES` / 2 of them: lane i is that of vector i, in a
    /// fixed order. The other lanes are unspecified.
    fn sum_each<const N: usize>(self, x: [Self::V; N]) -> Self::V;
    /// The largest lane; unspecified where one is NaN.
    fn reduce_max(self, x: Self::V) -> f32;
    /// The smallest lane; unspecified where one is NaN.
    fn reduce_min(self, x: Self::V) -> f32;

    /// Rounds 2 × `LANES` values that follow each other to bfloat16, two to a lane: see [`bf16`].
    fn pack_bf16(self, first: Self::V, second: Self::V) -> Self::V;
    /// a.low × b.low + (a.high × b.high + sum) on lanes of two bfloat16 each: see [`bf16`].
    ///
    /// Products are exact; each sum is rounded to `f32`, or both at once, as the CPU does.
    fn dot_bf16(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V;

    /// Runs the operation in a function compiled for this set.
    fn vectorize<Op: WithSimd>(self, op: Op) -> Op::Output;

    /// As [`Simd::vectorize`], with vectors of half the width where the set has such: AVX-512 has AVX2's.
    #[inline(always)]
    fn vectorize_half<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.vectorize(op)
    }

    /// 0 in all lanes.
    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }

    /// Reads the first `LANES` values of a slice.
    ///
    /// # Panics
    /// When the slice has fewer.
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::V {
        assert!(from.len() >= Self::LANES);
        // SAFETY: the slice has LANES values or more (checked above).
        unsafe { self.load_ptr(from.as_ptr()) }
    }

    /// Writes the first `LANES` values of a slice.
    ///
    /// # Panics
    /// When the slice has fewer.
    #[inline(always)]
    fn store(self, x: Self::V, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES);
        // SAFETY: the slice has LANES values or more (checked above).
        unsafe { self.store_ptr(x, to.as_mut_ptr()) }
    }

    /// Reads a slice that may be shorter than a vector; lanes beyond its end are 0.
    #[inline(always)]
    fn load_first(self, from: &[f32]) -> Self::V {
        // SAFETY: the mask holds only lanes within the slice.
        unsafe { self.load_masked(from.as_ptr(), self.first(from.len())) }
    }

    /// Writes a slice that may be shorter than a vector.
    #[inline(always)]
    fn store_first(self, x: Self::V, to: &mut [f32]) {
        // SAFETY: the mask holds only lanes within the slice.
        unsafe { self.store_masked(x, to.as_mut_ptr(), self.first(to.len())) }
    }
}

/// A piece of work that is compiled once for each instruction set.
pub trait WithSimd {
    /// What the work gives back.
    type Output;
    /// The work. Mark the implementation `#[inline(always)]`.
    fn with<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs the operation with the token of an instruction set, or with the portable one where this CPU
/// lacks the instructions.
#[inline]
pub fn dispatch<Op: WithSimd>(isa: Isa, op: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    match isa {
        Isa::Avx512 => {
            if let Some(simd) = Avx512::detect() {
                return simd.vectorize(op);
            }
        }
        Isa::Avx2 => {
            if let Some(simd) = Avx2::detect() {
                return simd.vectorize(op);
            }
        }
        Isa::Portable | Isa::Neon => {}
    }
    #[cfg(target_arch = "aarch64")]
    if isa == Isa::Neon
        && let Some(simd) = Neon::detect()
    {
        return simd.vectorize(op);
    }
    // On other processors the only set is the portable one.
    let _ = isa;
    Portable.vectorize(op)
}

/// As [`dispatch`], with the CPU's own instructions for bfloat16 where it has them
/// ([`Isa::has_bf16`]).
#[inline]
pub fn dispatch_bf16<Op: WithSimd>(isa: Isa, op: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::Avx512
        && let Some(simd) = Avx512::detect_bf16()
    {
        return simd.vectorize(op);
    }
    dispatch(isa, op)
}
