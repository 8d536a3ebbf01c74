//! Winograd's convolution against the reference, and its accuracy at real sizes.

use proptest::prelude::*;

use super::super::gather::Gather;
use super::super::tests::{Case, Ending, assert_close, endings, problems, values};
use super::super::{Algorithm, ConvMode, ConvPlan, ConvProblem, Epilogue};
use super::super::{ConvWeightGradient, Residual, reference};
use super::tiling::{self, Tiling};
use super::{WinogradWeightGradient, on_the_fly};
use crate::elementwise::Unary;
use crate::isa::Isa;
use crate::parallel::ThreadPool;

/// All tiles that can compute a gather, with weights transformed when packed and when used.
fn algorithms(gather: &Gather) -> Vec<Algorithm> {
    let mut algorithms = Vec::new();
    for outputs in tiling::candidates(gather) {
        algorithms.push(Algorithm::Winograd(outputs));
        if Tiling::new(gather, outputs).is_some_and(|tiling| on_the_fly::suits(&tiling)) {
            algorithms.push(Algorithm::WinogradOnTheFly(outputs));
        }
    }
    algorithms
}

/// The bound for a sum of `terms` products of values up to 1. In f32 the transforms lose up to some twenty
/// units in the last place of the values' typical size, four times as many where tiles are larger than 6 inputs, thirty
/// times as many where they are meant for bfloat16, and that of a sum grows as √terms.
fn bound(problem: &ConvProblem, algorithm: Algorithm, terms: usize) -> f32 {
    let large = problem.kernel.iter().any(|&taps| taps > 3);
    let units = match (is_coarse(algorithm), large) {
        (true, _) => 2048.0,
        (false, true) => 256.0,
        (false, false) => 64.0,
    };
    units * f32::EPSILON * (terms as f32).sqrt()
}

/// Whether these are tiles that only bfloat16 takes.
fn is_coarse(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::Winograd(outputs) if outputs.contains(&7))
}

/// Compares forward pass and input gradient with the reference, for all tiles and all instruction sets.
fn check(problem: ConvProblem, ending: Ending, seed: u64) {
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
    for isa in Isa::available() {
        let case = |algorithm| Case { problem, algorithm, isa, ending };
        let what = |which, algorithm| {
            format!("{which} of {problem:?}, {ending:?}, {algorithm}, {isa}, seed {seed}")
        };
        for algorithm in algorithms(&Gather::forward(&problem)) {
            let terms = problem.taps() * problem.group_channels() + 2;
            let got = case(algorithm).forward(&input, &weights, out, residual_out);
            let bound = bound(&problem, algorithm, terms);
            assert_close(&what("forward", algorithm), &got, &y, bound);
        }
        for algorithm in algorithms(&Gather::input_gradient(&problem)) {
            let terms = problem.taps() * problem.group_filters() + 2;
            let got = case(algorithm).input_gradient(&gradient, &weights, into, residual_in);
            let bound = bound(&problem, algorithm, terms);
            assert_close(&what("input gradient", algorithm), &got, &dx, bound);
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
        let (algorithm, ending) = (Algorithm::Winograd([1, 4, 4]), Ending::default());
        let case = Case { problem, algorithm, isa, ending };
        let what = format!("weight gradient of {problem:?}, {isa}, seed {seed}");
        // A tile has 16 gradients, those outside the output included. The tiles are added one after
        // the other, where the reference's sums are exact.
        let terms = 16 + problem.batch * problem.output_places();
        let bound = bound(&problem, algorithm, terms) + f32::EPSILON / 4.0 * terms as f32;
        assert_close(&what, &case.weight_gradient(&input, &gradient), &dw, bound);
    }
}

/// Problems with a kernel of this size and stride along two of the axes, or along one, whatever else they are.
fn tiled_problems() -> impl Strategy<Value = ConvProblem> {
    let size = prop_oneof![3 => Just(3usize), 2 => Just(5), 1 => Just(7), 1 => 2usize..=12];
    let stride = prop_oneof![3 => Just(1usize), 2 => Just(2), 1 => 3usize..=4];
    let sizes = (size, stride);
    (problems(), 0usize..3, sizes, any::<bool>()).prop_map(|(mut problem, axis, sizes, square)| {
        let (size, stride) = sizes;
        for tiled in (0..3).filter(|&other| (other != axis) == square) {
            problem.kernel[tiled] = size;
            problem.strides[tiled] = stride;
            problem.dilation_rate[tiled] = 1;
        }
        problem
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn tiles_give_what_the_reference_gives(
        problem in tiled_problems().prop_filter("small", |p| p.macs() < 1_500_000),
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
        ConvProblem { kernel: [1, 5, 5], ..wide }.same_padding(),
        ConvProblem { kernel: [1, 9, 9], ..same([12, 11], 20, 18) }.same_padding(),
        ConvProblem { kernel: [1, 1, 7], ..wide }.same_padding(),
        ConvProblem { kernel: [1, 7, 1], ..wide }.same_padding(),
        ConvProblem { kernel: [1, 3, 7], groups: 2, ..wide },
        ConvProblem { kernel: [9, 1, 1], input: [70, 2, 1], ..cube },
        // Phases of 2 × 2 taps, and of 3 and 2.
        ConvProblem { kernel: [1, 4, 4], strides: [1, 2, 2], ..wide }.same_padding(),
        ConvProblem { kernel: [1, 5, 5], strides: [1, 2, 2], ..wide }.same_padding(),
        ConvProblem { kernel: [2, 7, 1], strides: [3, 2, 1], ..cube },
        // Slices of every second and third tap.
        ConvProblem { strides: [1, 2, 2], ..wide },
        ConvProblem { strides: [1, 2, 2], groups: 2, ..wide },
        ConvProblem { strides: [1, 2, 2], ..same([23, 31], 3, 20).kernel_2d([7, 7]) }
            .same_padding(),
        ConvProblem { strides: [1, 3, 3], pad_before: [0, 5, 0], ..wide.kernel_2d([7, 7]) },
        ConvProblem { strides: [1, 2, 3], ..wide.kernel_2d([5, 5]) },
        ConvProblem { kernel: [1, 1, 9], strides: [1, 1, 2], ..wide }.same_padding(),
        ConvProblem { kernel: [3, 5, 5], strides: [2; 3], ..cube }.same_padding(),
        ConvProblem { kernel: [3; 3], strides: [2, 1, 1], ..cube }.same_padding(),
        ConvProblem { kernel: [1, 2, 5], dilation_rate: [1, 3, 1], ..cube }.same_padding(),
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

/// The documented bound of the fast mode: 10⁻⁴ of the root of the mean square of the exact results; beside bfloat16
/// 4 × 10⁻⁴.
#[test]
fn the_error_at_real_sizes_is_below_a_ten_thousandth_of_the_results() {
    for (kernel, stride, bound) in [
        ([3, 3], 1, 4e-5),
        ([5, 5], 1, 1e-4),
        ([1, 3], 1, 2e-5),
        ([1, 7], 1, 5e-5),
        ([9, 1], 1, 2e-5),
        ([3, 3], 2, 6e-5),
        ([7, 7], 2, 4e-5),
    ] {
        for (size, channels) in [(12, 64), (10, 128), (8, 256), (7, 512)] {
            let problem = ConvProblem {
                kernel: [1, kernel[0], kernel[1]],
                strides: [1, stride, stride],
                ..same([size, size], channels, 16)
            };
            let problem = problem.same_padding();
            let weights = values(problem.weights_len(), 1, false);
            let signed = values(problem.input_len(), 2, false);
            let positive = signed.iter().map(|x| x.abs()).collect();
            for input in [signed, positive] {
                let exact = reference::forward(&problem, &input, &weights, None);
                let sum: f32 = exact.iter().map(|y| y * y).sum();
                let rms = (sum / exact.len() as f32).sqrt();
                for algorithm in algorithms(&Gather::forward(&problem)) {
                    let case =
                        Case { problem, algorithm, isa: Isa::detect(), ending: Ending::default() };
                    let got = case.forward(&input, &weights, &[], &[]);
                    let error = |(g, e): (&f32, &f32)| (g - e).abs() / rms;
                    let worst = got.iter().zip(&exact).map(error).fold(0.0, f32::max);
                    println!(
                        "{kernel:?} by {stride}, {channels} channels, {algorithm}: {worst:.1e}"
                    );
                    let bound = if is_coarse(algorithm) { 4e-4 } else { bound };
                    assert!(worst < bound, "{problem:?}, {algorithm}: {worst}");
                }
            }
        }
    }
}

/// The documented bounds: 10⁻⁵ of the gradient's largest value for 3×3 kernels, twice that for 5×5.
#[test]
fn the_error_of_the_weight_gradient_at_real_sizes_is_a_hundred_thousandth_of_its_largest_value() {
    let sizes = [(56, 8, 3), (28, 32, 3), (14, 64, 3), (7, 128, 3), (28, 8, 5), (14, 32, 5)];
    for (size, channels, kernel) in sizes {
        let problem = ConvProblem { batch: 2, ..same([size, size], channels, 32) };
        let problem = problem.kernel_2d([kernel; 2]).same_padding();
        let gradient = values(problem.output_len(), 1, false);
        let signed = values(problem.input_len(), 2, false);
        let positive = signed.iter().map(|x| x.abs()).collect();
        for input in [signed, positive] {
            let exact = reference::weight_gradient(&problem, &input, &gradient);
            let largest = exact.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
            let (algorithm, ending) = (Algorithm::Winograd([1, 4, 4]), Ending::default());
            let case = Case { problem, algorithm, isa: Isa::detect(), ending };
            let got = case.weight_gradient(&input, &gradient);
            let error = |(g, e): (&f32, &f32)| (g - e).abs() / largest;
            let worst = got.iter().zip(&exact).map(error).fold(0.0, f32::max);
            println!("{kernel}×{kernel}, {channels} channels: {worst:.1e}");
            let bound = if kernel == 3 { 1e-5 } else { 2e-5 };
            assert!(worst < bound, "{kernel}×{kernel}, {channels} channels: {worst}");
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
    let wide = ConvProblem { batch: 4, ..same([28, 28], 40, 72) };
    let row = ConvProblem { kernel: [1, 1, 9], ..wide }.same_padding();
    let strided = ConvProblem { strides: [1, 2, 2], ..wide }.same_padding();
    for problem in [deep, wide, row, strided] {
        let input = values(problem.input_len(), 1, false);
        let weights = values(problem.weights_len(), 2, false);
        let gradient = values(problem.output_len(), 3, false);
        let bias = values(problem.filters.max(problem.in_channels), 4, false);
        for algorithm in algorithms(&Gather::forward(&problem)) {
            let case = Case { problem, algorithm, isa: Isa::detect(), ending };
            let both = || {
                (
                    case.forward(&input, &weights, &bias[..problem.filters], &[]),
                    case.input_gradient(&gradient, &weights, &bias[..problem.in_channels], &[]),
                    (algorithm == Algorithm::Winograd([1, 4, 4]) && problem.strides == [1; 3])
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
        let forward = ConvPlan::forward(problem, Epilogue::default(), mode, isa).algorithm();
        let gradient = ConvPlan::input_gradient(problem, Epilogue::default(), mode, isa);
        assert_eq!(gradient.algorithm(), forward, "as many channels as filters: {problem:?}");
        let weights = ConvWeightGradient::plan(problem, mode, isa);
        assert_eq!(weights.algorithm(), forward, "weight gradient: {problem:?}");
        forward
    };
    for (size, channels) in [(56, 64), (28, 128), (14, 256)] {
        let problem = same([size, size], channels, channels);
        assert_eq!(choose(problem, ConvMode::Exact), Algorithm::Direct);
        assert_eq!(choose(problem, ConvMode::Fast), Algorithm::Winograd([1, 4, 4]));
    }
    // For one picture transformed weights take longer to read than taps to transform.
    for (batch, algorithm) in
        [(1, Algorithm::WinogradOnTheFly([1, 4, 4])), (16, Algorithm::Winograd([1, 4, 4]))]
    {
        let deep = ConvProblem { batch, ..same([7, 7], 512, 512) };
        let plan = ConvPlan::forward(deep, Epilogue::default(), ConvMode::Fast, isa);
        assert_eq!(plan.algorithm(), algorithm, "batch {batch}");
    }
    assert_eq!(choose(same([3, 3], 4, 4), ConvMode::Fast), Algorithm::Direct);
}

#[test]
fn a_convolution_with_strides_takes_tiles_where_they_pay() {
    let isa = Isa::detect();
    let choose = |size, [channels, filters]: [usize; 2], kernel, mode| {
        let problem = ConvProblem::new_2d(1, [size; 2], channels, filters).kernel_2d([kernel; 2]);
        let problem = ConvProblem { strides: [1, 2, 2], ..problem }.same_padding();
        ConvPlan::forward(problem, Epilogue::default(), mode, isa).algorithm()
    };
    let tiles = Algorithm::Winograd([1, 4, 4]);
    assert_eq!(choose(56, [128, 128], 3, ConvMode::Fast), tiles);
    assert_eq!(choose(224, [3, 64], 7, ConvMode::Fast), tiles);
    assert_eq!(choose(224, [3, 32], 3, ConvMode::Fast), Algorithm::Direct);
    assert_eq!(choose(56, [128, 128], 3, ConvMode::Exact), Algorithm::Direct);
}

#[test]
fn tiles_replace_products_of_bfloat16_where_they_save_more_than_half() {
    let choose = |size, channels, mode| {
        let problem = same([size, size], channels, channels);
        ConvPlan::forward(problem, Epilogue::default(), mode, Isa::detect()).algorithm()
    };
    assert_eq!(choose(56, 64, ConvMode::Bf16), Algorithm::Winograd([1, 4, 4]));
    assert_eq!(choose(56, 64, ConvMode::Bf16Prepared), Algorithm::Winograd([1, 7, 7]));
    for mode in [ConvMode::Bf16, ConvMode::Bf16Prepared] {
        assert_eq!(choose(14, 256, mode), Algorithm::Winograd([1, 4, 4]));
        assert_eq!(choose(7, 512, mode), Algorithm::Bf16);
        assert_eq!(choose(3, 4, mode), Algorithm::Bf16);
    }
}
