//! The element-wise functions against their definitions, for every instruction set.

use super::map::{self, compiled_for};
use super::math;
use super::reference;
use super::unary::{GradientNeeds, Unary};
use crate::isa::Isa;
use crate::parallel::ThreadPool;

/// Every function, with the constants that Keras takes and with others.
fn functions() -> Vec<Unary> {
    let general = |max_value, negative_slope, threshold| Unary::ReluGeneral {
        max_value,
        negative_slope,
        threshold,
    };
    vec![
        Unary::Relu,
        Unary::Relu6,
        Unary::LeakyRelu { negative_slope: 0.2 },
        Unary::LeakyRelu { negative_slope: 0.0 },
        Unary::LeakyRelu { negative_slope: -0.5 },
        general(None, 0.0, 0.0),
        general(Some(4.0), 0.0, 0.0),
        general(Some(4.0), 0.1, 1.5),
        general(None, 0.25, 0.5),
        general(Some(0.0), 0.25, 0.0),
        Unary::Elu { alpha: 1.0 },
        Unary::Elu { alpha: -0.5 },
        Unary::Selu,
        Unary::Celu { alpha: 1.0 },
        Unary::Celu { alpha: 0.3 },
        Unary::Celu { alpha: -1.5 },
        Unary::Gelu,
        Unary::GeluTanh,
        Unary::Silu,
        Unary::Mish,
        Unary::Softplus,
        Unary::Softsign,
        Unary::Sigmoid,
        Unary::Tanh,
        Unary::HardSigmoid,
        Unary::HardSilu,
        Unary::HardTanh,
        Unary::HardShrink { threshold: 0.5 },
        Unary::SoftShrink { threshold: 0.5 },
        Unary::TanhShrink,
        Unary::Threshold { threshold: 0.5, value: -3.0 },
        Unary::Exponential,
        Unary::LogSigmoid,
        Unary::Squareplus { b: 4.0 },
        Unary::SparsePlus,
        Unary::SparseSigmoid,
        Unary::Negate,
        Unary::Square,
        Unary::Sqrt,
        Unary::Rsqrt,
        Unary::Reciprocal,
        Unary::Log,
        Unary::Abs,
        Unary::Sign,
        Unary::Clip { min: -1.5, max: 2.5 },
        Unary::Affine { scale: 2.0, offset: -1.0 },
    ]
}

fn takes(function: &Unary, x: f32) -> bool {
    match function {
        Unary::Sqrt | Unary::Rsqrt | Unary::Log => x > 0.0,
        Unary::Reciprocal => x != 0.0,
        // e^(x / alpha) with a negative alpha overflows soon.
        Unary::Celu { alpha } if *alpha < 0.0 => x > -20.0,
        _ => true,
    }
}

/// A fine grid about 0, a coarse one beyond, and each power of ten.
fn points() -> Vec<f32> {
    let fine = (-8000..=8000).map(|i| i as f32 / 1013.0);
    let coarse = (-900..=900).map(|i| i as f32 / 10.0);
    let powers = (-30..=1).flat_map(|k| [10f32.powi(k), -(10f32.powi(k))]);
    fine.chain(coarse).chain(powers).collect()
}

/// The distance in units in the last place of what was expected.
fn ulps(got: f32, expected: f64) -> f64 {
    if f64::from(got) == expected || (got.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let exponent = expected.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor();
    (f64::from(got) - expected).abs() / (exponent - 23.0).exp2()
}

/// Units in the last place of the result, and of the largest term on the way where terms cancel.
fn bound(function: &Unary, x: f32) -> (f64, f64) {
    match function {
        Unary::GeluTanh => (8.0, f64::from(x.abs()) * 1.2e-7),
        Unary::Gelu => (8.0 + f64::from(x * x), 0.0),
        // For small x the terms cancel in the definition's own f64.
        Unary::TanhShrink => (10.0, f64::from(x.abs()) * 2.3e-16),
        Unary::HardSigmoid => (2.0, 6e-8),
        Unary::HardSilu => (3.0, f64::from(x.abs()) * 6e-8),
        Unary::Affine { .. } => (1.0, f64::from(x.abs()) * 1.2e-7),
        Unary::ReluGeneral { .. } | Unary::SparsePlus | Unary::SparseSigmoid => (2.0, 1.2e-7),
        Unary::Celu { .. } => (4.0 + f64::from(x.abs()) * 8.0, 0.0),
        _ => (5.0, 0.0),
    }
}

#[test]
fn every_function_is_within_its_bound_of_the_definition() {
    for function in functions() {
        let x: Vec<f32> = points().into_iter().filter(|&x| takes(&function, x)).collect();
        for isa in Isa::available() {
            let mut y = vec![f32::NAN; x.len()];
            function.apply(isa, &x, &mut y);
            for (&x, &y) in x.iter().zip(&y) {
                let expected = function.scalar(f64::from(x));
                if expected.abs() > f64::from(f32::MAX) {
                    assert_eq!(y.abs(), f32::INFINITY, "{function:?} of {x}");
                    continue;
                }
                let (in_ulps, absolute) = bound(&function, x);
                // Functions of a quotient by an exponential give 0 a little early.
                let near = (f64::from(y) - expected).abs() <= absolute.max(1e-36);
                assert!(
                    near || ulps(y, expected) <= in_ulps,
                    "{function:?} {isa} of {x}: {y}, not {expected}: {} ULP",
                    ulps(y, expected)
                );
            }
        }
    }
}

#[test]
fn every_derivative_is_the_slope_of_its_function() {
    const STEP: f64 = 1e-5;
    for function in functions() {
        for x in (-700..=700).map(|i| f64::from(i) / 100.0 + 0.0037) {
            if !takes(&function, (x - 2.0 * STEP) as f32) {
                continue;
            }
            let [before, here, after] = [x - STEP, x, x + STEP].map(|x| function.scalar(x));
            let slope = (after - before) / (2.0 * STEP);
            let derivative = function.derivative(x);
            // A kink within the step would make the two sides differ.
            if ((after - here) - (here - before)).abs() / STEP < 1e-2 * (1.0 + slope.abs()) {
                let distance = (slope - derivative).abs();
                assert!(
                    distance < 1e-5 * (1.0 + slope.abs()),
                    "{function:?} at {x}: {derivative}, not {slope}"
                );
            }
        }
    }
}

#[test]
fn every_gradient_is_the_derivative_times_what_comes_in() {
    for function in functions() {
        let x: Vec<f32> = (-3000..=3000)
            .map(|i| i as f32 / 300.0 + 0.001)
            .filter(|&x| takes(&function, x))
            .collect();
        let dy: Vec<f32> = x.iter().map(|x| 1.0 + x.sin()).collect();
        for isa in Isa::available() {
            let mut xy = x.clone();
            if function.gradient_needs() == GradientNeeds::Output {
                function.apply_in_place(isa, &mut xy);
            }
            let mut dx = vec![f32::NAN; x.len()];
            function.gradient(isa, &xy, &dy, &mut dx);
            let mut in_place = dy.clone();
            function.gradient_in_place(isa, &xy, &mut in_place);
            assert_eq!(dx, in_place);
            for ((&x, &dy), &dx) in x.iter().zip(&dy).zip(&dx) {
                let expected = function.derivative(f64::from(x)) * f64::from(dy);
                let distance = (f64::from(dx) - expected).abs();
                assert!(
                    distance <= 2e-6 * (1.0 + expected.abs()),
                    "{function:?} {isa} at {x}: {dx}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn a_kink_has_the_slope_that_tensorflow_takes() {
    let isa = Isa::detect();
    let slope = |function: Unary, xy: f32| {
        let mut dy = [1.0];
        function.gradient_in_place(isa, &[xy], &mut dy);
        dy[0]
    };
    assert_eq!(slope(Unary::Relu, 0.0), 0.0);
    assert_eq!(slope(Unary::Relu6, 6.0), 0.0);
    assert_eq!(slope(Unary::LeakyRelu { negative_slope: 0.25 }, 0.0), 0.25);
    assert_eq!(slope(Unary::Elu { alpha: 0.5 }, 0.0), 1.0);
    assert_eq!(slope(Unary::Abs, 0.0), 0.0);
    assert_eq!(slope(Unary::Clip { min: 0.0, max: 1.0 }, 1.0), 1.0);
}

#[test]
fn nan_passes_through_every_function() {
    for function in functions() {
        for isa in Isa::available() {
            let mut y = [f32::NAN; 19];
            function.apply_in_place(isa, &mut y);
            assert!(y.iter().all(|y| y.is_nan()), "{function:?} {isa}: {y:?}");
        }
    }
}

#[test]
fn all_lengths_and_instruction_sets_give_the_same_bits() {
    let x = points();
    for function in functions() {
        let mut whole = x.clone();
        function.apply_in_place(Isa::Portable, &mut whole);
        for isa in Isa::available() {
            for len in [0, 1, 3, 4, 15, 16, 17, 4097] {
                let mut y = x[5..5 + len].to_vec();
                function.apply_in_place(isa, &mut y);
                let same = y
                    .iter()
                    .zip(&whole[5..])
                    .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
                assert!(same, "{function:?} {isa} {len}");
            }
        }
    }
}

#[test]
fn two_threads_give_the_bits_of_one() {
    let x: Vec<f32> = (0..200_003).map(|i| (i as f32).sin()).collect();
    let [one, two] = [1, 2].map(|threads| {
        let pool = ThreadPool::new(threads).unwrap();
        let mut y = x.clone();
        pool.install(|| Unary::Gelu.apply_in_place(Isa::detect(), &mut y));
        y
    });
    assert_eq!(one, two);
}

/// Holds a function to its bound over many points, for every instruction set.
fn check(
    name: &str,
    points: &[f32],
    fast: impl Fn(f32) -> f32,
    exact: impl Fn(f64) -> f64,
    bound: f64,
) {
    for isa in Isa::available() {
        let mut y = vec![f32::NAN; points.len()];
        map::map(isa, points, &mut y, &fast);
        for (&x, &y) in points.iter().zip(&y) {
            let expected = exact(f64::from(x));
            let distance = ulps(y, expected);
            // Subnormal results have fewer digits.
            let subnormal = expected.abs() < f64::from(f32::MIN_POSITIVE);
            assert!(
                distance <= bound || (subnormal && (f64::from(y) - expected).abs() < 3e-45),
                "{name} {isa} of {x}: {y}, not {expected}: {distance} ULP"
            );
        }
    }
}

fn grid(from: f32, to: f32) -> Vec<f32> {
    (0..=200_000).map(|i| from + (to - from) * (i as f32 / 200_000.0)).collect()
}

#[test]
fn exponentials_and_logarithms_keep_their_documented_bounds() {
    check("exp", &grid(-104.0, 88.7), math::exp, f64::exp, 2.0);
    check("expm1", &grid(-30.0, 88.7), math::expm1, f64::exp_m1, 3.0);
    check("expm1", &grid(-1e-3, 1e-3), math::expm1, f64::exp_m1, 3.0);
    check("log", &grid(1e-3, 10.0), math::log, f64::ln, 2.0);
    let powers: Vec<f32> = grid(-149.0, 127.99).into_iter().map(f32::exp2).collect();
    check("log", &powers, math::log, f64::ln, 2.0);
    check("log1p", &grid(0.0, 1.0), math::log1p_of_fraction, f64::ln_1p, 3.0);
    check("log1p", &grid(0.0, 1e-4), math::log1p_of_fraction, f64::ln_1p, 3.0);
    check("tanh", &grid(-10.0, 10.0), math::tanh, f64::tanh, 3.0);
    check("tanh shrink", &grid(0.01, 10.0), math::tanh_shrink, |x| x - x.tanh(), 10.0);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    check("sigmoid", &grid(-87.0, 30.0), math::sigmoid, sigmoid, 4.0);
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    check("softplus", &grid(-87.0, 90.0), math::softplus, softplus, 4.0);
}

#[test]
fn the_ends_of_the_number_line_are_right() {
    assert_eq!(math::exp(f32::INFINITY), f32::INFINITY);
    assert_eq!(math::exp(f32::NEG_INFINITY), 0.0);
    assert_eq!(math::exp(89.0), f32::INFINITY);
    assert_eq!(math::expm1(f32::NEG_INFINITY), -1.0);
    assert_eq!(math::expm1(f32::INFINITY), f32::INFINITY);
    assert_eq!(math::log(0.0), f32::NEG_INFINITY);
    assert_eq!(math::log(f32::INFINITY), f32::INFINITY);
    assert!(math::log(-1.0).is_nan());
    assert_eq!(math::tanh(f32::INFINITY), 1.0);
    assert_eq!(math::tanh(f32::NEG_INFINITY), -1.0);
    assert_eq!(math::softplus(f32::INFINITY), f32::INFINITY);
}

#[test]
fn the_normal_distribution_keeps_its_documented_bound() {
    for x in grid(-12.0, 12.0) {
        let (bell, distribution) = compiled_for(
            Isa::detect(),
            #[inline(always)]
            || math::normal_distribution(x),
        );
        let x = f64::from(x);
        let expected = reference::normal_distribution(x);
        let bound = (1.0 + x * x / 2.0) / 2_097_152.0;
        assert!(
            (f64::from(distribution) / expected - 1.0).abs() < bound,
            "{x}: {distribution}, not {expected}"
        );
        assert!((f64::from(bell) / (-0.5 * x * x).exp() - 1.0).abs() < bound);
    }
}

#[test]
fn sines_of_turns_and_the_inverse_error_function_keep_their_bounds() {
    for u in grid(0.0, 1.0) {
        let (sin, cos) = math::sin_cos_of_turns(u);
        let angle = 2.0 * std::f64::consts::PI * f64::from(u);
        assert!((f64::from(sin) - angle.sin()).abs() < 1.0 / 4_194_304.0, "{u}");
        assert!((f64::from(cos) - angle.cos()).abs() < 1.0 / 4_194_304.0, "{u}");
    }
    for u in grid(-0.954_499_7, 0.954_499_7) {
        // erf(erfinv(u)) = u, with erf(z) = 2 Φ(z√2) - 1; the error grows by the inverse's slope.
        let z = f64::from(math::erfinv_of_two_sigma(u));
        let back = 2.0 * reference::normal_distribution(z * 2f64.sqrt()) - 1.0;
        let slope = 2.0 / std::f64::consts::PI.sqrt() * (-z * z).exp();
        let distance = (back - f64::from(u)).abs() / slope;
        assert!(distance <= z.abs() / 1_048_576.0 + 1e-12, "{u}: {z}");
    }
}
