//! Plain Rust on arrays of four, which the compiler turns into whatever the target always has.

use std::array;

use super::{Simd, WithSimd, bf16};
use crate::isa::Isa;

/// The token of plain Rust; every CPU has it.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

const LANES: usize = 4;

/// Four values, aligned so that they fit one SSE2 or NEON register.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
pub struct F32x4([f32; LANES]);

#[inline(always)]
fn map(x: F32x4, f: impl Fn(f32) -> f32) -> F32x4 {
    F32x4(array::from_fn(|i| f(x.0[i])))
}

#[inline(always)]
fn zip(a: F32x4, b: F32x4, f: impl Fn(f32, f32) -> f32) -> F32x4 {
    F32x4(array::from_fn(|i| f(a.0[i], b.0[i])))
}

#[inline(always)]
fn compare(a: F32x4, b: F32x4, f: impl Fn(f32, f32) -> bool) -> [bool; LANES] {
    array::from_fn(|i| f(a.0[i], b.0[i]))
}

#[inline(always)]
fn round(x: f32) -> f32 {
    /// 1.5 × 2²³: a sum with it has no room for a fraction, so that adding it rounds.
    const SHIFT: f32 = 12_582_912.0;
    // `round_ties_even` would be a library call on x86-64 without SSE4.1.
    if x.abs() < 4_194_304.0 { ((x + SHIFT) - SHIFT).copysign(x) } else { x }
}

impl Simd for Portable {
    type V = F32x4;
    type M = [bool; LANES];
    const LANES: usize = LANES;
    const REGISTERS: usize = 16;
    const ISA: Isa = Isa::Portable;

    #[inline(always)]
    fn splat(self, x: f32) -> F32x4 {
        F32x4([x; LANES])
    }
    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> F32x4 {
        // SAFETY: the caller vouches for LANES values.
        F32x4(unsafe { from.cast::<[f32; LANES]>().read() })
    }
    #[inline(always)]
    unsafe fn store_ptr(self, x: F32x4, to: *mut f32) {
        // SAFETY: the caller vouches for LANES values.
        unsafe { to.cast::<[f32; LANES]>().write(x.0) }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, x: F32x4, to: *mut f32) {
        // SAFETY: the caller vouches for the memory.
        unsafe { self.store_ptr(x, to) }
    }
    #[inline(always)]
    fn fence(self) {}
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: [bool; LANES]) -> F32x4 {
        let mut x = [0.0; LANES];
        for i in 0..LANES {
            if mask[i] {
                // SAFETY: the caller vouches for the lanes of the mask.
                x[i] = unsafe { from.add(i).read() };
            }
        }
        F32x4(x)
    }
    #[inline(always)]
    unsafe fn store_masked(self, x: F32x4, to: *mut f32, mask: [bool; LANES]) {
        for i in 0..LANES {
            if mask[i] {
                // SAFETY: the caller vouches for the lanes of the mask.
                unsafe { to.add(i).write(x.0[i]) };
            }
        }
    }
    #[inline(always)]
    fn prefetch(self, _from: *const f32) {}
    #[inline(always)]
    fn prefetch_second(self, _from: *const f32) {}
    #[inline(always)]
    fn add(self, a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn fma(self, a: F32x4, b: F32x4, c: F32x4) -> F32x4 {
        self.add(self.mul(a, b), c)
    }
    #[inline(always)]
    fn neg_fma(self, a: F32x4, b: F32x4, c: F32x4) -> F32x4 {
        self.sub(c, self.mul(a, b))
    }
    #[inline(always)]
    fn max(self, a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn min(self, a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(self, x: F32x4) -> F32x4 {
        map(x, f32::sqrt)
    }
    #[inline(always)]
    fn abs(self, x: F32x4) -> F32x4 {
        map(x, f32::abs)
    }
    #[inline(always)]
    fn neg(self, x: F32x4) -> F32x4 {
        map(x, |x| -x)
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: F32x4, sign: F32x4) -> F32x4 {
        zip(magnitude, sign, f32::copysign)
    }
    #[inline(always)]
    fn round(self, x: F32x4) -> F32x4 {
        map(x, round)
    }
    #[inline(always)]
    fn floor(self, x: F32x4) -> F32x4 {
        map(x, |x| {
            let nearest = round(x);
            if nearest > x { nearest - 1.0 } else { nearest }
        })
    }
    #[inline(always)]
    fn power_of_two(self, n: F32x4) -> F32x4 {
        // The float-to-integer cast saturates, so that no n overflows.
        map(n, |n| f32::from_bits(((n as i32).wrapping_add(127) as u32) << 23))
    }
    #[inline(always)]
    fn split_exponent(self, x: F32x4) -> (F32x4, F32x4) {
        let mantissa = map(x, |x| f32::from_bits((x.to_bits() & 0x007f_ffff) | 0x3f80_0000));
        let exponent = map(x, |x| ((x.to_bits() >> 23) as i32 - 127) as f32);
        (mantissa, exponent)
    }
    #[inline(always)]
    fn less(self, a: F32x4, b: F32x4) -> [bool; LANES] {
        compare(a, b, |a, b| a < b)
    }
    #[inline(always)]
    fn less_equal(self, a: F32x4, b: F32x4) -> [bool; LANES] {
        compare(a, b, |a, b| a <= b)
    }
    #[inline(always)]
    fn equal(self, a: F32x4, b: F32x4) -> [bool; LANES] {
        compare(a, b, |a, b| a == b)
    }
    #[inline(always)]
    fn and(self, a: [bool; LANES], b: [bool; LANES]) -> [bool; LANES] {
        array::from_fn(|i| a[i] & b[i])
    }
    #[inline(always)]
    fn or(self, a: [bool; LANES], b: [bool; LANES]) -> [bool; LANES] {
        array::from_fn(|i| a[i] | b[i])
    }
    #[inline(always)]
    fn select(self, mask: [bool; LANES], yes: F32x4, no: F32x4) -> F32x4 {
        F32x4(array::from_fn(|i| if mask[i] { yes.0[i] } else { no.0[i] }))
    }
    #[inline(always)]
    fn first(self, count: usize) -> [bool; LANES] {
        array::from_fn(|i| i < count)
    }
    #[inline(always)]
    fn permute(self, x: F32x4, lanes: F32x4) -> F32x4 {
        map(lanes, |lane| x.0[lane as usize % LANES])
    }
    #[inline(always)]
    fn reduce_sum(self, x: F32x4) -> f32 {
        (x.0[0] + x.0[2]) + (x.0[1] + x.0[3])
    }
    #[inline(always)]
    fn sum_each<const N: usize>(self, x: [F32x4; N]) -> F32x4 {
        let mut sums = [0.0; LANES];
        for i in 0..N {
            sums[i] = self.reduce_sum(x[i]);
        }
        F32x4(sums)
    }
    #[inline(always)]
    fn reduce_max(self, x: F32x4) -> f32 {
        x.0[0].max(x.0[2]).max(x.0[1].max(x.0[3]))
    }
    #[inline(always)]
    fn reduce_min(self, x: F32x4) -> f32 {
        x.0[0].min(x.0[2]).min(x.0[1].min(x.0[3]))
    }
    #[inline(always)]
    fn pack_bf16(self, first: F32x4, second: F32x4) -> F32x4 {
        let value = |i: usize| if i < LANES { first.0[i] } else { second.0[i - LANES] };
        F32x4(array::from_fn(|i| bf16::pair(value(2 * i), value(2 * i + 1))))
    }
    #[inline(always)]
    fn dot_bf16(self, a: F32x4, b: F32x4, sum: F32x4) -> F32x4 {
        let high = |x| map(x, bf16::high);
        let low = |x| map(x, bf16::low);
        self.fma(low(a), low(b), self.fma(high(a), high(b), sum))
    }
    #[inline(always)]
    fn vectorize<Op: WithSimd>(self, op: Op) -> Op::Output {
        // As the other sets do of need: with all tiles of a kernel in one function, that function takes long to compile.
        #[inline(never)]
        fn compiled<Op: WithSimd>(op: Op) -> Op::Output {
            op.with(Portable)
        }
        compiled(op)
    }
}
