//! AVX-512 (F, BW, DQ, VL): sixteen lanes; with or without its instructions for bfloat16.

use std::arch::x86_64::*;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::mem::transmute;

use super::avx2::Avx2;
use super::{Simd, WithSimd};
use crate::isa::Isa;

/// The token of AVX-512; only [`Avx512::detect`] creates one, and only [`Avx512::detect_bf16`] one
/// with `Bf16`.
#[derive(Clone, Copy, Debug)]
pub struct Avx512<F: Features = Base>(PhantomData<F>);

/// F, BW, DQ and VL alone: bfloat16 is computed with other instructions.
#[derive(Clone, Copy, Debug)]
pub struct Base;

/// AVX512-BF16 as well.
#[derive(Clone, Copy, Debug)]
pub struct Bf16;

/// What differs between CPUs with AVX-512.
pub trait Features: Copy + Debug + Send + Sync + 'static {
    /// Runs the operation in a function compiled for these features.
    fn vectorize<Op: WithSimd>(simd: Avx512<Self>, op: Op) -> Op::Output;
    /// See [`Simd::pack_bf16`].
    fn pack_bf16(simd: Avx512<Self>, first: __m512, second: __m512) -> __m512;
    /// See [`Simd::dot_bf16`].
    fn dot_bf16(simd: Avx512<Self>, a: __m512, b: __m512, sum: __m512) -> __m512;
}

impl Avx512<Base> {
    /// The token, when this CPU has the instructions.
    #[inline]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma"))
        .then_some(Self(PhantomData))
    }
}

impl Avx512<Bf16> {
    /// The token, when this CPU has the instructions for bfloat16 as well.
    #[inline]
    pub fn detect_bf16() -> Option<Self> {
        (Avx512::detect().is_some() && is_x86_feature_detected!("avx512bf16"))
            .then_some(Self(PhantomData))
    }
}

/// Wraps an intrinsic whose only demand is that the CPU has it.
macro_rules! cpu {
    ($call:expr) => {
        // SAFETY: the token proves that this CPU has AVX-512, and no memory is touched.
        unsafe { $call }
    };
}

#[inline(always)]
fn halves(
    x: __m512,
    join8: impl Fn(__m256, __m256) -> __m256,
    join4: impl Fn(__m128, __m128) -> __m128,
) -> f32 {
    cpu!({
        let x = join8(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x));
        let x = join4(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = join4(x, _mm_movehl_ps(x, x));
        let x = join4(x, _mm_shuffle_ps::<1>(x, x));
        _mm_cvtss_f32(x)
    })
}

/// Four quarters of sums over a, b, c and d, each over that quarter of their lanes.
#[inline(always)]
fn sum_quarters(a: __m512, b: __m512, c: __m512, d: __m512) -> __m512 {
    cpu!({
        let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
        let (low, high) = (_mm512_unpacklo_pd(ab, cd), _mm512_unpackhi_pd(ab, cd));
        _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high))
    })
}

/// The bfloat16 nearest to each lane, in the high half; the low half is to be ignored.
#[inline(always)]
fn round_bf16(x: __m512) -> __m512i {
    cpu!({
        let bits = _mm512_castps_si512(x);
        let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
        let half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
        let quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x0040_0000));
        let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
        _mm512_mask_mov_epi32(_mm512_add_epi32(bits, half), nan, quiet)
    })
}

impl Features for Base {
    #[inline(always)]
    fn vectorize<Op: WithSimd>(simd: Avx512<Self>, op: Op) -> Op::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn compiled<Op: WithSimd>(op: Op, simd: Avx512<Base>) -> Op::Output {
            op.with(simd)
        }
        // SAFETY: the token proves that this CPU has AVX-512.
        unsafe { compiled(op, simd) }
    }
    #[inline(always)]
    fn pack_bf16(_: Avx512<Self>, first: __m512, second: __m512) -> __m512 {
        cpu!({
            let narrow = |x| _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(round_bf16(x)));
            let low = _mm512_castsi256_si512(narrow(first));
            _mm512_castsi512_ps(_mm512_inserti64x4::<1>(low, narrow(second)))
        })
    }
    #[inline(always)]
    fn dot_bf16(_: Avx512<Self>, a: __m512, b: __m512, sum: __m512) -> __m512 {
        cpu!({
            let high = |x| {
                let mask = _mm512_set1_epi32(0xffff_0000_u32 as i32);
                _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), mask))
            };
            let low = |x| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(x)));
            _mm512_fmadd_ps(low(a), low(b), _mm512_fmadd_ps(high(a), high(b), sum))
        })
    }
}

impl Features for Bf16 {
    #[inline(always)]
    fn vectorize<Op: WithSimd>(simd: Avx512<Self>, op: Op) -> Op::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
        fn compiled<Op: WithSimd>(op: Op, simd: Avx512<Bf16>) -> Op::Output {
            op.with(simd)
        }
        // SAFETY: the token proves that this CPU has AVX-512 and AVX512-BF16.
        unsafe { compiled(op, simd) }
    }
    #[inline(always)]
    fn pack_bf16(_: Avx512<Self>, first: __m512, second: __m512) -> __m512 {
        // SAFETY: the token proves AVX512-BF16; all are 512 bits without meaning of their own.
        unsafe { transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(second, first)) }
    }
    #[inline(always)]
    fn dot_bf16(_: Avx512<Self>, a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: the token proves AVX512-BF16; all are 512 bits without meaning of their own.
        unsafe {
            let pairs = |x| transmute::<__m512, __m512bh>(x);
            _mm512_dpbf16_ps(sum, pairs(a), pairs(b))
        }
    }
}

impl<F: Features> Simd for Avx512<F> {
    type V = __m512;
    type M = __mmask16;
    const LANES: usize = 16;
    const REGISTERS: usize = 32;
    const ISA: Isa = Isa::Avx512;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        cpu!(_mm512_set1_ps(x))
    }
    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> __m512 {
        // SAFETY: the token proves AVX-512; the caller vouches for the memory.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, x: __m512, to: *mut f32) {
        // SAFETY: the token proves AVX-512; the caller vouches for the memory.
        unsafe { _mm512_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, x: __m512, to: *mut f32) {
        // SAFETY: the token proves AVX-512; the caller vouches for the memory.
        unsafe { _mm512_stream_ps(to, x) }
    }
    #[inline(always)]
    fn fence(self) {
        cpu!(_mm_sfence())
    }
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: __mmask16) -> __m512 {
        // SAFETY: the token proves AVX-512; the caller vouches for the lanes of the mask.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }
    #[inline(always)]
    unsafe fn store_masked(self, x: __m512, to: *mut f32, mask: __mmask16) {
        // SAFETY: the token proves AVX-512; the caller vouches for the lanes of the mask.
        unsafe { _mm512_mask_storeu_ps(to, mask, x) }
    }
    #[inline(always)]
    fn prefetch(self, from: *const f32) {
        // SAFETY: a prefetch of any address has no effect but on the cache.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }
    #[inline(always)]
    fn prefetch_second(self, from: *const f32) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        cpu!(_mm512_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        cpu!(_mm512_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        cpu!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        cpu!(_mm512_div_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        cpu!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn neg_fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        cpu!(_mm512_fnmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        cpu!(_mm512_max_ps(a, b))
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        cpu!(_mm512_min_ps(a, b))
    }
    #[inline(always)]
    fn sqrt(self, x: __m512) -> __m512 {
        cpu!(_mm512_sqrt_ps(x))
    }
    #[inline(always)]
    fn abs(self, x: __m512) -> __m512 {
        cpu!(_mm512_andnot_ps(_mm512_set1_ps(-0.0), x))
    }
    #[inline(always)]
    fn neg(self, x: __m512) -> __m512 {
        cpu!(_mm512_xor_ps(_mm512_set1_ps(-0.0), x))
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: __m512, sign: __m512) -> __m512 {
        cpu!({
            let bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign))
        })
    }
    #[inline(always)]
    fn round(self, x: __m512) -> __m512 {
        cpu!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x))
    }
    #[inline(always)]
    fn floor(self, x: __m512) -> __m512 {
        cpu!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(x))
    }
    #[inline(always)]
    fn power_of_two(self, n: __m512) -> __m512 {
        cpu!({
            let biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))
        })
    }
    #[inline(always)]
    fn split_exponent(self, x: __m512) -> (__m512, __m512) {
        cpu!({
            let mantissa = _mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(x);
            (mantissa, _mm512_getexp_ps(x))
        })
    }
    #[inline(always)]
    fn less(self, a: __m512, b: __m512) -> __mmask16 {
        cpu!(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b))
    }
    #[inline(always)]
    fn less_equal(self, a: __m512, b: __m512) -> __mmask16 {
        cpu!(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b))
    }
    #[inline(always)]
    fn equal(self, a: __m512, b: __m512) -> __mmask16 {
        cpu!(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b))
    }
    #[inline(always)]
    fn and(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }
    #[inline(always)]
    fn or(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }
    #[inline(always)]
    fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
        cpu!(_mm512_mask_blend_ps(mask, no, yes))
    }
    #[inline(always)]
    fn first(self, count: usize) -> __mmask16 {
        ((1u32 << count.min(16)) - 1) as __mmask16
    }
    #[inline(always)]
    fn permute(self, x: __m512, lanes: __m512) -> __m512 {
        cpu!(_mm512_permutexvar_ps(_mm512_cvtps_epi32(lanes), x))
    }
    #[inline(always)]
    fn reduce_sum(self, x: __m512) -> f32 {
        halves(x, |a, b| cpu!(_mm256_add_ps(a, b)), |a, b| cpu!(_mm_add_ps(a, b)))
    }
    #[inline(always)]
    fn sum_each<const N: usize>(self, x: [__m512; N]) -> __m512 {
        let mut all = [self.zero(); 8];
        all[..N].copy_from_slice(&x);
        let [a, b, c, d, e, f, g, h] = all;
        let abcd = sum_quarters(a, b, c, d);
        cpu!(if N <= 4 {
            let pairs = _mm512_add_ps(abcd, _mm512_shuffle_f32x4::<0b10_11_00_01>(abcd, abcd));
            _mm512_add_ps(pairs, _mm512_shuffle_f32x4::<0b01_00_11_10>(pairs, pairs))
        } else {
            let efgh = sum_quarters(e, f, g, h);
            let even = _mm512_shuffle_f32x4::<0b10_00_10_00>(abcd, efgh);
            let odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(abcd, efgh);
            let halves = _mm512_add_ps(even, odd);
            let even = _mm512_shuffle_f32x4::<0b10_00_10_00>(halves, halves);
            let odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(halves, halves);
            _mm512_add_ps(even, odd)
        })
    }
    #[inline(always)]
    fn reduce_max(self, x: __m512) -> f32 {
        halves(x, |a, b| cpu!(_mm256_max_ps(a, b)), |a, b| cpu!(_mm_max_ps(a, b)))
    }
    #[inline(always)]
    fn reduce_min(self, x: __m512) -> f32 {
        halves(x, |a, b| cpu!(_mm256_min_ps(a, b)), |a, b| cpu!(_mm_min_ps(a, b)))
    }
    #[inline(always)]
    fn pack_bf16(self, first: __m512, second: __m512) -> __m512 {
        F::pack_bf16(self, first, second)
    }
    #[inline(always)]
    fn dot_bf16(self, a: __m512, b: __m512, sum: __m512) -> __m512 {
        F::dot_bf16(self, a, b, sum)
    }
    #[inline(always)]
    fn vectorize<Op: WithSimd>(self, op: Op) -> Op::Output {
        F::vectorize(self, op)
    }
    #[inline(always)]
    fn vectorize_half<Op: WithSimd>(self, op: Op) -> Op::Output {
        Avx2::half_of(self).vectorize(op)
    }
}
