//! Every set does what plain arithmetic does, lane by lane, for every length of tail.

use super::*;

/// Runs one check with the token of every set that this CPU has.
fn for_every_isa<Op: WithSimd<Output = ()> + Copy>(op: Op) {
    for isa in Isa::available() {
        dispatch(isa, op);
    }
}

fn lanes<S: Simd>(s: S, x: S::V) -> Vec<f32> {
    let mut lanes = vec![0.0; S::LANES];
    s.store(x, &mut lanes);
    lanes
}

fn mask<S: Simd>(s: S, m: S::M) -> Vec<bool> {
    lanes(s, s.select(m, s.splat(1.0), s.zero())).iter().map(|&x| x == 1.0).collect()
}

const A: [f32; 16] = [
    0.0, -0.0, 1.5, -1.5, 2.5, -2.5, 0.25, -7.75, 1e-20, -3e9, 8388609.0, 0.5, -0.5, 3.0, 100.7,
    -1e30,
];
const B: [f32; 16] =
    [1.0, -1.0, 1.5, 2.0, -4.0, 0.125, f32::NAN, 3.0, 2.0, 5.0, -6.0, 0.5, 9.0, -3.0, 0.001, 1e-3];

#[derive(Clone, Copy)]
struct Arithmetic;
impl WithSimd for Arithmetic {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        for start in (0..16).step_by(S::LANES) {
            let (a, b) = (&A[start..start + S::LANES], &B[start..start + S::LANES]);
            let (va, vb) = (s.load(a), s.load(b));
            let two = |v: S::V, f: &dyn Fn(f32, f32) -> f32| {
                let expected: Vec<u32> =
                    a.iter().zip(b).map(|(&a, &b)| f(a, b).to_bits()).collect();
                let got: Vec<u32> = lanes(s, v).iter().map(|x| x.to_bits()).collect();
                assert_eq!(got, expected, "{:?} on {a:?} and {b:?}", S::ISA);
            };
            let keep_nan = |f: fn(f32, f32) -> f32| {
                move |a: f32, b: f32| if b.is_nan() { f32::NAN } else { f(a, b) }
            };
            two(s.add(va, vb), &keep_nan(|a, b| a + b));
            two(s.sub(va, vb), &keep_nan(|a, b| a - b));
            two(s.mul(va, vb), &keep_nan(|a, b| a * b));
            two(s.div(va, vb), &keep_nan(|a, b| a / b));
            two(s.max(va, vb), &|a, b| if a > b { a } else { b });
            two(s.min(va, vb), &|a, b| if a < b { a } else { b });
            two(s.sqrt(s.abs(va)), &|a, _| a.abs().sqrt());
            two(s.neg(va), &|a, _| -a);
            two(s.copy_sign(va, vb), &f32::copysign);
            two(s.round(va), &|a, _| a.round_ties_even());
            two(s.floor(va), &|a, _| a.floor());
            assert_eq!(
                mask(s, s.less(va, vb)),
                a.iter().zip(b).map(|(a, b)| a < b).collect::<Vec<_>>()
            );
            assert_eq!(
                mask(s, s.less_equal(va, vb)),
                a.iter().zip(b).map(|(a, b)| a <= b).collect::<Vec<_>>()
            );
            assert_eq!(
                mask(s, s.equal(va, vb)),
                a.iter().zip(b).map(|(a, b)| a == b).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn arithmetic_is_that_of_scalars_to_the_bit() {
    for_every_isa(Arithmetic);
}

#[derive(Clone, Copy)]
struct FusedSums;
impl WithSimd for FusedSums {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        let (a, b, c) = (s.splat(3.0), s.splat(5.0), s.splat(7.0));
        assert_eq!(lanes(s, s.fma(a, b, c)), vec![22.0; S::LANES]);
        assert_eq!(lanes(s, s.neg_fma(a, b, c)), vec![-8.0; S::LANES]);
    }
}

#[test]
fn fused_products_have_the_right_signs() {
    for_every_isa(FusedSums);
}

#[derive(Clone, Copy)]
struct Exponents;
impl WithSimd for Exponents {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        for n in -126..=127 {
            let power = 2f32.powi(n);
            assert_eq!(lanes(s, s.power_of_two(s.splat(n as f32))), vec![power; S::LANES]);
            // Not for the largest exponent alone: 1.75 × 2¹²⁷ is still finite.
            let (m, e) = s.split_exponent(s.splat(1.75 * power));
            assert_eq!(lanes(s, m), vec![1.75; S::LANES]);
            assert_eq!(lanes(s, e), vec![n as f32; S::LANES]);
        }
    }
}

#[test]
fn exponents_are_made_and_taken_apart() {
    for_every_isa(Exponents);
}

#[derive(Clone, Copy)]
struct Tails;
impl WithSimd for Tails {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        for count in 0..=S::LANES + 1 {
            let source: Vec<f32> = (1..=count).map(|i| i as f32).collect();
            let read = lanes(s, s.load_first(&source));
            for (i, &x) in read.iter().enumerate() {
                assert_eq!(x, if i < count { (i + 1) as f32 } else { 0.0 });
            }
            let mut target = vec![9.0; S::LANES + 2];
            s.store_first(s.splat(1.0), &mut target[..count.min(S::LANES)]);
            for (i, &x) in target.iter().enumerate() {
                assert_eq!(x, if i < count.min(S::LANES) { 1.0 } else { 9.0 });
            }
            let expected: Vec<bool> = (0..S::LANES).map(|i| i < count).collect();
            assert_eq!(mask(s, s.first(count)), expected);
            assert_eq!(mask(s, s.and(s.first(count), s.first(2))), mask(s, s.first(count.min(2))));
            assert_eq!(mask(s, s.or(s.first(count), s.first(2))), mask(s, s.first(count.max(2))));
        }
    }
}

#[test]
fn every_length_of_tail_reads_and_writes_only_its_lanes() {
    for_every_isa(Tails);
}

#[derive(Clone, Copy)]
struct Reductions;
impl WithSimd for Reductions {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        let source: Vec<f32> = (0..S::LANES).map(|i| ((i * 7) % S::LANES) as f32 - 2.0).collect();
        let x = s.load(&source);
        assert_eq!(s.reduce_sum(x), source.iter().sum::<f32>());
        assert_eq!(s.reduce_max(x), S::LANES as f32 - 3.0);
        assert_eq!(s.reduce_min(x), -2.0);
        s.prefetch(source.as_ptr());
    }
}

#[test]
fn reductions_see_every_lane() {
    for_every_isa(Reductions);
}

#[test]
#[should_panic]
fn a_full_load_of_a_short_slice_is_refused() {
    Portable.load(&[1.0; 3]);
}

#[derive(Clone, Copy)]
struct Bfloat16;
impl WithSimd for Bfloat16 {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        // Ties go to the even one; NaN, infinity and a value that rounds up to infinity.
        let special = [1.003_906_3, 1.011_718_8, f32::NAN, f32::INFINITY, -3.4e38, 3.402e38, -0.0];
        let values: Vec<f32> =
            special.iter().chain(&A).chain(&B).copied().cycle().take(64).collect();
        let bits = |v: S::V| lanes(s, v).iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
        let same = |got: Vec<u32>, expected: Vec<f32>| {
            let nan = |half: u32| f32::from_bits(half << 16).is_nan();
            for (got, expected) in got.into_iter().zip(expected) {
                let expected = expected.to_bits();
                for (got, expected) in
                    [(got & 0xffff, expected & 0xffff), (got >> 16, expected >> 16)]
                {
                    let alike = got == expected || nan(got) && nan(expected);
                    assert!(alike, "{:?}: {got:04x}, expected {expected:04x}", S::ISA);
                }
            }
        };
        for pair in values.chunks_exact(2 * S::LANES) {
            let (first, second) = pair.split_at(S::LANES);
            let (a, b) = (s.load(first), s.load(second));
            let neighbours = pair.chunks(2).map(|x| bf16::pair(x[0], x[1])).collect();
            same(bits(s.pack_bf16(a, b)), neighbours);
        }
        let word = |low, high| s.splat(bf16::pair(low, high));
        let dot = s.dot_bf16(word(3.0, -0.5), word(7.0, 8.0), s.splat(100.0));
        assert_eq!(lanes(s, dot), vec![117.0; S::LANES], "{:?}", S::ISA);
    }
}

#[test]
fn bfloat16_is_rounded_paired_and_multiplied_on_every_set() {
    for_every_isa(Bfloat16);
    for isa in Isa::available() {
        dispatch_bf16(isa, Bfloat16);
    }
}

#[derive(Clone, Copy)]
struct Permutations;
impl WithSimd for Permutations {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        let source: Vec<f32> = (0..S::LANES).map(|i| i as f32 + 0.5).collect();
        let order: Vec<f32> = (0..S::LANES).map(|i| (i * 3 % S::LANES) as f32).collect();
        let expected: Vec<f32> = order.iter().map(|lane| lane + 0.5).collect();
        assert_eq!(lanes(s, s.permute(s.load(&source), s.load(&order))), expected);
        let last = S::LANES as f32 - 1.0;
        let repeated = lanes(s, s.permute(s.load(&source), s.splat(last)));
        assert_eq!(repeated, vec![last + 0.5; S::LANES]);
    }
}

#[test]
fn a_permutation_takes_any_lane_any_number_of_times() {
    for_every_isa(Permutations);
}

#[derive(Clone, Copy)]
struct Streams;
impl WithSimd for Streams {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        #[repr(align(64))]
        struct Line([f32; 16]);
        let mut line = Line([9.0; 16]);
        // SAFETY: the line is aligned to 64 bytes and has 16 values, at least a vector.
        unsafe { s.stream_ptr(s.splat(1.5), line.0.as_mut_ptr()) };
        s.fence();
        let expected: Vec<f32> = (0..16).map(|i| if i < S::LANES { 1.5 } else { 9.0 }).collect();
        assert_eq!(line.0[..], expected);
    }
}

#[test]
fn a_stream_writes_one_vector() {
    for_every_isa(Streams);
}

#[derive(Clone, Copy)]
struct SumsOfEach;
impl WithSimd for SumsOfEach {
    type Output = ();
    fn with<S: Simd>(self, s: S) {
        fn check<S: Simd, const N: usize>(s: S) {
            if N > S::LANES / 2 {
                return;
            }
            let value = |v: usize, i: usize| (v * 100 + i * i) as f32;
            let mut vectors = [s.zero(); N];
            for (v, vector) in vectors.iter_mut().enumerate() {
                let values: Vec<f32> = (0..S::LANES).map(|i| value(v, i)).collect();
                *vector = s.load(&values);
            }
            let expected: Vec<f32> =
                (0..N).map(|v| (0..S::LANES).map(|i| value(v, i)).sum()).collect();
            assert_eq!(lanes(s, s.sum_each(vectors))[..N], expected, "{:?}", S::ISA);
        }
        check::<S, 1>(s);
        check::<S, 2>(s);
        check::<S, 3>(s);
        check::<S, 4>(s);
        check::<S, 5>(s);
        check::<S, 7>(s);
        check::<S, 8>(s);
    }
}

#[test]
fn each_vector_is_summed_into_its_lane() {
    for_every_isa(SumsOfEach);
}
