//! NEON of AArch64: four lanes.

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::{Simd, WithSimd};
use crate::isa::Isa;

/// The token of NEON; only [`Neon::detect`] creates one.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

/// Four ones and four zeros: a window into it is the mask of the first lanes.
static MASKS: [u32; 8] = [u32::MAX, u32::MAX, u32::MAX, u32::MAX, 0, 0, 0, 0];

impl Neon {
    /// The token, when this CPU has the instructions.
    #[inline]
    pub fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Wraps an intrinsic whose only demand is that the CPU has it.
macro_rules! cpu {
    ($call:expr) => {
        // SAFETY: the token proves that this CPU has NEON, and no memory is touched.
        unsafe { $call }
    };
}

#[inline(always)]
fn lanes(mask: uint32x4_t) -> [u32; 4] {
    let mut lanes = [0; 4];
    // SAFETY: the array holds the four values that are stored.
    unsafe { vst1q_u32(lanes.as_mut_ptr(), mask) };
    lanes
}

/// The bfloat16 nearest to each lane, in the high half; the low half is to be ignored.
#[inline(always)]
fn round_bf16(x: float32x4_t) -> uint32x4_t {
    cpu!({
        let bits = vreinterpretq_u32_f32(x);
        let odd = vandq_u32(vshrq_n_u32::<16>(bits), vdupq_n_u32(1));
        let rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
        let quiet = vorrq_u32(bits, vdupq_n_u32(0x0040_0000));
        vbslq_u32(vceqq_f32(x, x), rounded, quiet)
    })
}

impl Simd for Neon {
    type V = float32x4_t;
    type M = uint32x4_t;
    const LANES: usize = 4;
    const REGISTERS: usize = 32;
    const ISA: Isa = Isa::Neon;

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        cpu!(vdupq_n_f32(x))
    }
    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> float32x4_t {
        // SAFETY: the token proves NEON; the caller vouches for the memory.
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, x: float32x4_t, to: *mut f32) {
        // SAFETY: the token proves NEON; the caller vouches for the memory.
        unsafe { vst1q_f32(to, x) }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, x: float32x4_t, to: *mut f32) {
        // SAFETY: the caller vouches for the memory.
        unsafe { self.store_ptr(x, to) }
    }
    #[inline(always)]
    fn fence(self) {}
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: uint32x4_t) -> float32x4_t {
        // NEON has no masked load.
        let (mask, mut x) = (lanes(mask), [0.0; 4]);
        for i in 0..4 {
            if mask[i] != 0 {
                // SAFETY: the caller vouches for the lanes of the mask.
                x[i] = unsafe { from.add(i).read() };
            }
        }
        // SAFETY: the array holds the four values that are read.
        unsafe { vld1q_f32(x.as_ptr()) }
    }
    #[inline(always)]
    unsafe fn store_masked(self, x: float32x4_t, to: *mut f32, mask: uint32x4_t) {
        let (mask, mut values) = (lanes(mask), [0.0; 4]);
        // SAFETY: the array holds the four values that are written.
        unsafe { vst1q_f32(values.as_mut_ptr(), x) };
        for i in 0..4 {
            if mask[i] != 0 {
                // SAFETY: the caller vouches for the lanes of the mask.
                unsafe { to.add(i).write(values[i]) };
            }
        }
    }
    #[inline(always)]
    fn prefetch(self, _from: *const f32) {}
    #[inline(always)]
    fn prefetch_second(self, _from: *const f32) {}
    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        cpu!(vaddq_f32(a, b))
    }
    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        cpu!(vsubq_f32(a, b))
    }
    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        cpu!(vmulq_f32(a, b))
    }
    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        cpu!(vdivq_f32(a, b))
    }
    #[inline(always)]
    fn fma(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        cpu!(vfmaq_f32(c, a, b))
    }
    #[inline(always)]
    fn neg_fma(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        cpu!(vfmsq_f32(c, a, b))
    }
    #[inline(always)]
    fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // `vmaxq_f32` would give NaN where either is NaN, unlike the other sets.
        cpu!(vbslq_f32(vcgtq_f32(a, b), a, b))
    }
    #[inline(always)]
    fn min(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        cpu!(vbslq_f32(vcltq_f32(a, b), a, b))
    }
    #[inline(always)]
    fn sqrt(self, x: float32x4_t) -> float32x4_t {
        cpu!(vsqrtq_f32(x))
    }
    #[inline(always)]
    fn abs(self, x: float32x4_t) -> float32x4_t {
        cpu!(vabsq_f32(x))
    }
    #[inline(always)]
    fn neg(self, x: float32x4_t) -> float32x4_t {
        cpu!(vnegq_f32(x))
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: float32x4_t, sign: float32x4_t) -> float32x4_t {
        cpu!(vbslq_f32(vdupq_n_u32(0x8000_0000), sign, magnitude))
    }
    #[inline(always)]
    fn round(self, x: float32x4_t) -> float32x4_t {
        cpu!(vrndnq_f32(x))
    }
    #[inline(always)]
    fn floor(self, x: float32x4_t) -> float32x4_t {
        cpu!(vrndmq_f32(x))
    }
    #[inline(always)]
    fn power_of_two(self, n: float32x4_t) -> float32x4_t {
        cpu!({
            let biased = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
        })
    }
    #[inline(always)]
    fn split_exponent(self, x: float32x4_t) -> (float32x4_t, float32x4_t) {
        cpu!({
            let bits = vreinterpretq_u32_f32(x);
            let mantissa =
                vorrq_u32(vandq_u32(bits, vdupq_n_u32(0x007f_ffff)), vdupq_n_u32(0x3f80_0000));
            let exponent = vreinterpretq_s32_u32(vshrq_n_u32::<23>(bits));
            let exponent = vcvtq_f32_s32(vsubq_s32(exponent, vdupq_n_s32(127)));
            (vreinterpretq_f32_u32(mantissa), exponent)
        })
    }
    #[inline(always)]
    fn less(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        cpu!(vcltq_f32(a, b))
    }
    #[inline(always)]
    fn less_equal(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        cpu!(vcleq_f32(a, b))
    }
    #[inline(always)]
    fn equal(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        cpu!(vceqq_f32(a, b))
    }
    #[inline(always)]
    fn and(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        cpu!(vandq_u32(a, b))
    }
    #[inline(always)]
    fn or(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        cpu!(vorrq_u32(a, b))
    }
    #[inline(always)]
    fn select(self, mask: uint32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
        cpu!(vbslq_f32(mask, yes, no))
    }
    #[inline(always)]
    fn first(self, count: usize) -> uint32x4_t {
        let from = &MASKS[4 - count.min(4)..][..4];
        // SAFETY: the token proves NEON; the window is four values long.
        unsafe { vld1q_u32(from.as_ptr()) }
    }
    #[inline(always)]
    fn permute(self, x: float32x4_t, lanes: float32x4_t) -> float32x4_t {
        cpu!({
            // Lane l is made of bytes 4l to 4l + 3.
            let (all, order) = (vdupq_n_u32(0x0404_0404), vdupq_n_u32(0x0302_0100));
            let bytes = vmlaq_u32(order, vcvtq_u32_f32(lanes), all);
            let x = vreinterpretq_u8_f32(x);
            vreinterpretq_f32_u8(vqtbl1q_u8(x, vreinterpretq_u8_u32(bytes)))
        })
    }
    #[inline(always)]
    fn reduce_sum(self, x: float32x4_t) -> f32 {
        cpu!({
            let pairs = vadd_f32(vget_low_f32(x), vget_high_f32(x));
            vget_lane_f32::<0>(pairs) + vget_lane_f32::<1>(pairs)
        })
    }
    #[inline(always)]
    fn sum_each<const N: usize>(self, x: [float32x4_t; N]) -> float32x4_t {
        let mut all = [self.zero(); 2];
        all[..N].copy_from_slice(&x);
        cpu!({
            let pairs = vpaddq_f32(all[0], all[1]);
            vpaddq_f32(pairs, pairs)
        })
    }
    #[inline(always)]
    fn reduce_max(self, x: float32x4_t) -> f32 {
        cpu!(vmaxvq_f32(x))
    }
    #[inline(always)]
    fn reduce_min(self, x: float32x4_t) -> f32 {
        cpu!(vminvq_f32(x))
    }
    #[inline(always)]
    fn pack_bf16(self, first: float32x4_t, second: float32x4_t) -> float32x4_t {
        cpu!({
            let narrow = |x| vshrn_n_u32::<16>(round_bf16(x));
            vreinterpretq_f32_u16(vcombine_u16(narrow(first), narrow(second)))
        })
    }
    #[inline(always)]
    fn dot_bf16(self, a: float32x4_t, b: float32x4_t, sum: float32x4_t) -> float32x4_t {
        cpu!({
            let high = |x| {
                let bits = vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0xffff_0000));
                vreinterpretq_f32_u32(bits)
            };
            let low = |x| vreinterpretq_f32_u32(vshlq_n_u32::<16>(vreinterpretq_u32_f32(x)));
            vfmaq_f32(vfmaq_f32(sum, high(a), high(b)), low(a), low(b))
        })
    }
    #[inline(always)]
    fn vectorize<Op: WithSimd>(self, op: Op) -> Op::Output {
        #[target_feature(enable = "neon")]
        fn compiled<Op: WithSimd>(op: Op, simd: Neon) -> Op::Output {
            op.with(simd)
        }
        // SAFETY: the token proves that this CPU has NEON.
        unsafe { compiled(op, self) }
    }
}
