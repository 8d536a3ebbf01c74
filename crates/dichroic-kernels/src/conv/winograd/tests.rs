//! Winograd's convolution against the reference, and its accuracy at real sizes.

use proptest::prelude::*;

use super::super::tests::{Case, Ending, assert_close, endings, problems, values};
use super::super::{Algorithm, ConvForward, ConvInputGradient, ConvMode, ConvProblem, Epilogue};
use super::super::{ConvWeightGradient, Residual, reference};
use super::{WinogradWeightGradient, suits};
use crate::elementwise::Unary;
use crate::isa::Isa;
use crate::parallel::ThreadPool;

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Winograd2x2, Algorithm::Winograd4x4];

/// The bound for a sum of `terms` products of values up to 1. In f32 the transforms lose up to some twenty
/// units in the last place of the values' typical size, and that of a sum grows as √terms.
fn bound(terms: usize) -> f32 {
    64.0 * f32::EPSILON * (terms as f32).sqrt()
}

/// Compares forward pass and input gradient with the reference, for both tile sizes and all instruction sets.
fn check(problem: ConvProblem, ending: Ending, seed: u64) {
    if !suits(&problem) {
        return;
    }
    let input = values(problem.input_len(), seed, false);
    let weights = values(problem.weights_len(), seed + 1, false);
    let gradient = values(problem.output_len(), seed + 2, false);
    let bias = values(problem.filters.max(problem.in_channels), seed + 3, false);
    let residual = values(problem.output_len().max(problem.input_len()), seed + 4, false);
    let (out, into) = (&bias[..problem.filters], &bias[..problem.in_channels]);
    let residual_out = &residual[..problem.output_len()];
    let residual_in = &residual[..problem.input_len()];
    let mut y = reference::forward(&problem, &input, &weights, ending.bias.then_some(out));
    ending.apply(&mut y, residual_out);
    let mut dx =
        reference::input_gradient(&problem, &gradient, &weights, ending.bias.then_some(into));
    ending.apply(&mut dx, residual_in);
    for algorithm in ALGORITHMS {
        for isa in Isa::available() {
            let case = Case { problem, algorithm, isa, ending };
            let what = |which| {
                format!("{which} of {problem:?}, {ending:?}, {algorithm}, {isa}, seed {seed}")
            };
            let terms = problem.taps() * problem.group_channels() + 2;
            let got = case.forward(&input, &weights, out, residual_out);
            assert_close(&what("forward"), &got, &y, bound(terms));
            let terms = problem.taps() * problem.group_filters() + 2;
            let got = case.input_gradient(&gradient, &weights, into, residual_in);
            assert_close(&what("input gradient"), &got, &dx, bound(terms));
        }
    }
    check_weights(problem, seed);
}

/// Compares the weight gradient with the reference, for all instruction sets.
fn check_weights(problem: ConvProblem, seed: u64) {
    if !WinogradWeightGradient::suits(&problem) {
        return;
    }
    let input = values(problem.input_len(), seed, false);
    let gradient = values(problem.output_len(), seed + 2, false);
    let dw = reference::weight_gradient(&problem, &input, &gradient);
    for isa in Isa::available() {
        let (algorithm, ending) = (Algorithm::Winograd4x4, Ending::default());
        let case = Case { problem, algorithm, isa, ending };
        let what = format!("weight gradient of {problem:?}, {isa}, seed {seed}");
        // A tile has 16 gradients, those outside the output included. The tiles are added one after
        // the other, where the reference's sums are exact.
        let terms = 16 + problem.batch * problem.output_places();
        let bound = bound(terms) + f32::EPSILON / 4.0 * terms as f32;
        assert_close(&what, &case.weight_gradient(&input, &gradient), &dw, bound);
    }
}

/// Problems with a 3×3 kernel along two of the axes, whatever else they are.
fn planar_problems() -> impl Strategy<Value = ConvProblem> {
    (problems(), 0usize..3).prop_map(|(mut problem, depth)| {
        for axis in (0..3).filter(|&axis| axis != depth) {
            problem.kernel[axis] = 3;
            problem.strides[axis] = 1;
            problem.dilation_rate[axis] = 1;
        }
        problem.strides[depth] = 1;
        problem
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn tiles_give_what_the_reference_gives(
        problem in planar_problems().prop_filter("small", |p| p.macs() < 1_500_000),
        ending in endings(),
        seed in 0u64..1000,
    ) {
        check(problem, ending, seed);
    }
}

fn same(size: [usize; 2], channels: usize, filters: usize) -> ConvProblem {
    ConvProblem::new_2d(1, size, channels, filters).kernel_2d([3, 3]).same_padding()
}

#[test]
fn named_cases_give_what_the_reference_gives() {
    let wide = ConvProblem { batch: 2, ..same([9, 10], 72, 150) };
    let cube = ConvProblem::new(2, [5, 6, 7], 9, 17);
    let cases = [
        wide,
        ConvProblem { groups: 2, ..wide },
        // More tiles than a panel has, and more panels than a task.
        same([70, 66], 3, 5),
        same([4, 4], 5, 40),
        ConvProblem { pad_before: [0, 5, 0], pad_after: [0, 1, 7], ..wide },
        ConvProblem { kernel: [3, 1, 3], pad_before: [1, 0, 2], ..cube },
        ConvProblem { kernel: [3, 3, 1], pad_after: [2, 0, 0], ..cube },
        ConvProblem { kernel: [2, 3, 3], dilation_rate: [2, 1, 1], ..cube }.same_padding(),
        ConvProblem { kernel: [3; 3], ..cube }.same_padding(),
        ConvProblem::new_2d(2, [2, 2], 3, 4).kernel_2d([3, 3]).same_padding(),
        same([9, 1], 17, 33),
        // A block of four vectors, of which the last has no filters.
        same([6, 5], 20, 300),
        same([6, 5], 300, 20),
    ];
    let all = Ending {
        bias: true,
        residual: Residual::Separate,
        activation: Some(Unary::HardTanh),
        margins: Some([3, 5]),
    };
    for problem in cases {
        check(problem, Ending::default(), 7);
        check(problem, all, 8);
    }
}

/// The documented bound of both modes: 10⁻⁴ of the root of the mean square of the exact results.
#[test]
fn the_error_at_real_sizes_is_far_below_a_ten_thousandth_of_the_results() {
    for (size, channels) in [(12, 64), (10, 128), (8, 256), (7, 512)] {
        let problem = same([size, size], channels, 16);
        let weights = values(problem.weights_len(), 1, false);
        let signed = values(problem.input_len(), 2, false);
        let positive = signed.iter().map(|x| x.abs()).collect();
        for input in [signed, positive] {
            let exact = reference::forward(&problem, &input, &weights, None);
            let sum: f32 = exact.iter().map(|y| y * y).sum();
            let rms = (sum / exact.len() as f32).sqrt();
            for algorithm in ALGORITHMS {
                let (isa, ending) = (Isa::detect(), Ending::default());
                let case = Case { problem, algorithm, isa, ending };
                let got = case.forward(&input, &weights, &[], &[]);
                let error = |(g, e): (&f32, &f32)| (g - e).abs() / rms;
                let worst = got.iter().zip(&exact).map(error).fold(0.0, f32::max);
                println!("{channels} channels, {algorithm}: {worst:.1e}");
                assert!(worst < 4e-5, "{channels} channels, {algorithm}: {worst}");
            }
        }
    }
}

/// The documented bound: 10⁻⁵ of the gradient's largest value.
#[test]
fn the_weight_gradient_at_real_sizes_is_within_a_hundred_thousandth_of_its_largest_value() {
    for (size, channels) in [(56, 8), (28, 32), (14, 64), (7, 128)] {
        let problem = ConvProblem { batch: 2, ..same([size, size], channels, 32) };
        let gradient = values(problem.output_len(), 1, false);
        let signed = values(problem.input_len(), 2, false);
        let positive = signed.iter().map(|x| x.abs()).collect();
        for input in [signed, positive] {
            let exact = reference::weight_gradient(&problem, &input, &gradient);
            let largest = exact.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
            let (algorithm, ending) = (Algorithm::Winograd4x4, Ending::default());
            let case = Case { problem, algorithm, isa: Isa::detect(), ending };
            let got = case.weight_gradient(&input, &gradient);
            let error = |(g, e): (&f32, &f32)| (g - e).abs() / largest;
            let worst = got.iter().zip(&exact).map(error).fold(0.0, f32::max);
            println!("{channels} channels: {worst:.1e}");
            assert!(worst < 1e-5, "{channels} channels: {worst}");
        }
    }
}

#[test]
fn the_weight_gradient_of_many_tiles_is_summed_over_several_chunks() {
    check_weights(same([450, 440], 2, 3), 5);
    check_weights(same([450, 440], 5, 1), 6);
}

#[test]
fn the_number_of_threads_can_not_be_seen_in_the_bits() {
    let pool = |threads| ThreadPool::new(threads).unwrap();
    let (one, three) = (pool(1), pool(3));
    let ending = Ending { bias: true, activation: Some(Unary::Silu), ..Ending::default() };
    let deep = same([7, 7], 300, 200);
    for problem in [deep, ConvProblem { batch: 4, ..same([28, 28], 40, 72) }] {
        let input = values(problem.input_len(), 1, false);
        let weights = values(problem.weights_len(), 2, false);
        let gradient = values(problem.output_len(), 3, false);
        let bias = values(problem.filters.max(problem.in_channels), 4, false);
        for algorithm in ALGORITHMS {
            let case = Case { problem, algorithm, isa: Isa::detect(), ending };
            let both = || {
                (
                    case.forward(&input, &weights, &bias[..problem.filters], &[]),
                    case.input_gradient(&gradient, &weights, &bias[..problem.in_channels], &[]),
                    (algorithm == Algorithm::Winograd4x4)
                        .then(|| case.weight_gradient(&input, &gradient)),
                )
            };
            assert!(one.install(both) == three.install(both), "{problem:?}, {algorithm}");
        }
    }
}

#[test]
fn the_exact_mode_never_takes_tiles_and_the_fast_one_does_where_they_pay() {
    let isa = Isa::detect();
    let choose = |problem, mode| {
        let forward = ConvForward::plan(problem, Epilogue::default(), mode, isa).algorithm();
        let gradient = ConvInputGradient::plan(problem, Epilogue::default(), mode, isa);
        assert_eq!(gradient.algorithm(), forward, "as many channels as filters: {problem:?}");
        let weights = ConvWeightGradient::plan(problem, mode, isa);
        assert_eq!(weights.algorithm(), forward, "weight gradient: {problem:?}");
        forward
    };
    for (size, channels) in [(56, 64), (28, 128), (14, 256)] {
        let problem = same([size, size], channels, channels);
        assert_eq!(choose(problem, ConvMode::Exact), Algorithm::Direct);
        assert_eq!(choose(problem, ConvMode::Fast), Algorithm::Winograd4x4);
    }
    // For one picture the weights of 4×4 tiles take longer to read than those of 2×2 to multiply.
    for (batch, algorithm) in [(1, Algorithm::Winograd2x2), (16, Algorithm::Winograd4x4)] {
        let deep = ConvProblem { batch, ..same([7, 7], 512, 512) };
        let plan = ConvForward::plan(deep, Epilogue::default(), ConvMode::Fast, isa);
        assert_eq!(plan.algorithm(), algorithm, "batch {batch}");
    }
    let tiny = same([3, 3], 4, 4);
    let strided = ConvProblem { strides: [1, 2, 2], ..same([56, 56], 64, 64) };
    for problem in [tiny, strided] {
        assert_eq!(choose(problem, ConvMode::Fast), Algorithm::Direct);
    }
}
