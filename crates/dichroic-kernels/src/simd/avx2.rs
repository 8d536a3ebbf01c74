//! AVX2 with FMA: eight lanes.

use std::arch::x86_64::*;

use super::avx512::{Avx512, Features};
use super::{Simd, WithSimd};
use crate::isa::Isa;

/// The token of AVX2 and FMA; only [`Avx2::detect`] creates one.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Eight ones and eight zeros: a window into it is the mask of the first lanes.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl Avx2 {
    /// The token, when this CPU has the instructions.
    #[inline]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// The token on a CPU with AVX-512, whose detection asks for AVX2 and FMA as well.
    #[inline(always)]
    pub(super) fn half_of<F: Features>(_: Avx512<F>) -> Self {
        Self(())
    }
}

/// Wraps an intrinsic whose only demand is that the CPU has it.
macro_rules! cpu {
    ($call:expr) => {
        // SAFETY: the token proves that this CPU has AVX2 and FMA, and no memory is touched.
        unsafe { $call }
    };
}

#[inline(always)]
fn halves(x: __m256, join: impl Fn(__m128, __m128) -> __m128) -> f32 {
    cpu!({
        let x = join(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = join(x, _mm_movehl_ps(x, x));
        let x = join(x, _mm_shuffle_ps::<1>(x, x));
        _mm_cvtss_f32(x)
    })
}

/// The bfloat16 nearest to each lane, in the high half; the low half is to be ignored.
#[inline(always)]
fn round_bf16(x: __m256) -> __m256i {
    cpu!({
        let bits = _mm256_castps_si256(x);
        let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
        let half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
        let rounded = _mm256_castsi256_ps(_mm256_add_epi32(bits, half));
        let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x0040_0000));
        let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(x, x);
        _mm256_castps_si256(_mm256_blendv_ps(rounded, _mm256_castsi256_ps(quiet), nan))
    })
}

impl Simd for Avx2 {
    type V = __m256;
    type M = __m256;
    const LANES: usize = 8;
    const REGISTERS: usize = 16;
    const ISA: Isa = Isa::Avx2;

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        cpu!(_mm256_set1_ps(x))
    }
    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> __m256 {
        // SAFETY: the token proves AVX2; the caller vouches for the memory.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, x: __m256, to: *mut f32) {
        // SAFETY: the token proves AVX2; the caller vouches for the memory.
        unsafe { _mm256_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, x: __m256, to: *mut f32) {
        // SAFETY: the token proves AVX2; the caller vouches for the memory.
        unsafe { _mm256_stream_ps(to, x) }
    }
    #[inline(always)]
    fn fence(self) {
        cpu!(_mm_sfence())
    }
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: __m256) -> __m256 {
        // SAFETY: the token proves AVX2; the caller vouches for the lanes of the mask.
        unsafe { _mm256_maskload_ps(from, _mm256_castps_si256(mask)) }
    }
    #[inline(always)]
    unsafe fn store_masked(self, x: __m256, to: *mut f32, mask: __m256) {
        // SAFETY: the token proves AVX2; the caller vouches for the lanes of the mask.
        unsafe { _mm256_maskstore_ps(to, _mm256_castps_si256(mask), x) }
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
    fn add(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_div_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        cpu!(_mm256_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn neg_fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        cpu!(_mm256_fnmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_max_ps(a, b))
    }
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_min_ps(a, b))
    }
    #[inline(always)]
    fn sqrt(self, x: __m256) -> __m256 {
        cpu!(_mm256_sqrt_ps(x))
    }
    #[inline(always)]
    fn abs(self, x: __m256) -> __m256 {
        cpu!(_mm256_andnot_ps(_mm256_set1_ps(-0.0), x))
    }
    #[inline(always)]
    fn neg(self, x: __m256) -> __m256 {
        cpu!(_mm256_xor_ps(_mm256_set1_ps(-0.0), x))
    }
    #[inline(always)]
    fn copy_sign(self, magnitude: __m256, sign: __m256) -> __m256 {
        cpu!({
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign))
        })
    }
    #[inline(always)]
    fn round(self, x: __m256) -> __m256 {
        cpu!(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x))
    }
    #[inline(always)]
    fn floor(self, x: __m256) -> __m256 {
        cpu!(_mm256_floor_ps(x))
    }
    #[inline(always)]
    fn power_of_two(self, n: __m256) -> __m256 {
        cpu!({
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
        })
    }
    #[inline(always)]
    fn split_exponent(self, x: __m256) -> (__m256, __m256) {
        cpu!({
            let bits = _mm256_castps_si256(x);
            let mantissa = _mm256_or_si256(
                _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff)),
                _mm256_set1_epi32(0x3f80_0000),
            );
            let exponent = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(127));
            (_mm256_castsi256_ps(mantissa), _mm256_cvtepi32_ps(exponent))
        })
    }
    #[inline(always)]
    fn less(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b))
    }
    #[inline(always)]
    fn less_equal(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_cmp_ps::<_CMP_LE_OQ>(a, b))
    }
    #[inline(always)]
    fn equal(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_cmp_ps::<_CMP_EQ_OQ>(a, b))
    }
    #[inline(always)]
    fn and(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_and_ps(a, b))
    }
    #[inline(always)]
    fn or(self, a: __m256, b: __m256) -> __m256 {
        cpu!(_mm256_or_ps(a, b))
    }
    #[inline(always)]
    fn select(self, mask: __m256, yes: __m256, no: __m256) -> __m256 {
        cpu!(_mm256_blendv_ps(no, yes, mask))
    }
    #[inline(always)]
    fn first(self, count: usize) -> __m256 {
        let from = &MASKS[8 - count.min(8)..][..8];
        // SAFETY: the token proves AVX2; the window is eight values long.
        unsafe { _mm256_castsi256_ps(_mm256_loadu_si256(from.as_ptr().cast())) }
    }
    #[inline(always)]
    fn permute(self, x: __m256, lanes: __m256) -> __m256 {
        cpu!(_mm256_permutevar8x32_ps(x, _mm256_cvtps_epi32(lanes)))
    }
    #[inline(always)]
    fn reduce_sum(self, x: __m256) -> f32 {
        halves(x, |a, b| cpu!(_mm_add_ps(a, b)))
    }
    #[inline(always)]
    fn sum_each<const N: usize>(self, x: [__m256; N]) -> __m256 {
        let mut all = [self.zero(); 4];
        all[..N].copy_from_slice(&x);
        let [a, b, c, d] = all;
        cpu!({
            // Two halves of sums over a, b, c and d, each over that half of their lanes.
            let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
            let (low, high) = (_mm256_unpacklo_pd(ab, cd), _mm256_unpackhi_pd(ab, cd));
            let abcd = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
            _mm256_add_ps(abcd, _mm256_permute2f128_ps::<1>(abcd, abcd))
        })
    }
    #[inline(always)]
    fn reduce_max(self, x: __m256) -> f32 {
        halves(x, |a, b| cpu!(_mm_max_ps(a, b)))
    }
    #[inline(always)]
    fn reduce_min(self, x: __m256) -> f32 {
        halves(x, |a, b| cpu!(_mm_min_ps(a, b)))
    }
    #[inline(always)]
    fn pack_bf16(self, first: __m256, second: __m256) -> __m256 {
        cpu!({
            let shift = |x| _mm256_srli_epi32::<16>(round_bf16(x));
            // The pack works within halves of 128 bits; the permutation puts them in order.
            let packed = _mm256_packus_epi32(shift(first), shift(second));
            _mm256_castsi256_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(packed))
        })
    }
    #[inline(always)]
    fn dot_bf16(self, a: __m256, b: __m256, sum: __m256) -> __m256 {
        cpu!({
            let high = |x| {
                let mask = _mm256_set1_epi32(0xffff_0000_u32 as i32);
                _mm256_castsi256_ps(_mm256_and_si256(_mm256_castps_si256(x), mask))
            };
            let low = |x| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(x)));
            _mm256_fmadd_ps(low(a), low(b), _mm256_fmadd_ps(high(a), high(b), sum))
        })
    }
    #[inline(always)]
    fn vectorize<Op: WithSimd>(self, op: Op) -> Op::Output {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<Op: WithSimd>(op: Op, simd: Avx2) -> Op::Output {
            op.with(simd)
        }
        // SAFETY: the token proves that this CPU has AVX2 and FMA.
        unsafe { compiled(op, self) }
    }
}
