//! Convolution with bfloat16 operands against a plain one whose operands were rounded before.

use proptest::prelude::*;

use super::super::gather::Gather;
use super::super::tests::{Ending, assert_close, bound, endings, named_cases, problems, values};
use super::super::{ConvArgs, ConvProblem, Epilogue, Residual, reference};
use super::{Bf16Plan, suits};
use crate::elementwise::Unary;
use crate::isa::Isa;
use crate::parallel::ThreadPool;
use crate::simd::bf16::round;

fn rounded(values: &[f32]) -> Vec<f32> {
    values.iter().map(|&x| round(x)).collect()
}

/// Which of the two gathers is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pass {
    Forward,
    InputGradient,
}

fn plans(problem: &ConvProblem, pass: Pass, epilogue: Epilogue) -> Vec<(String, Bf16Plan)> {
    let gather = || match pass {
        Pass::Forward => Gather::forward(problem),
        Pass::InputGradient => Gather::input_gradient(problem),
    };
    let mut plans = Vec::new();
    for isa in Isa::available() {
        let plan = Bf16Plan::new(gather(), epilogue, isa);
        if isa.has_bf16() {
            plans.push((format!("{isa} without bf16"), plan.clone().emulated()));
        }
        plans.push((isa.to_string(), plan));
    }
    plans
}

fn check(problem: ConvProblem, ending: Ending, seed: u64, whole: bool) {
    if !suits(&problem) {
        return;
    }
    let weights = values(problem.weights_len(), seed + 1, whole);
    for pass in [Pass::Forward, Pass::InputGradient] {
        let (from, places, channels, terms) = match pass {
            Pass::Forward => (
                problem.input_len(),
                problem.batch * problem.output_places(),
                problem.filters,
                problem.taps() * problem.group_channels(),
            ),
            Pass::InputGradient => (
                problem.output_len(),
                problem.batch * problem.input_places(),
                problem.in_channels,
                problem.taps() * problem.group_filters(),
            ),
        };
        let source = values(from, seed, whole);
        let bias = values(channels, seed + 3, whole);
        let residual = values(places * channels, seed + 4, whole);
        let bias = ending.bias.then_some(&bias[..]);
        let mut expected = match pass {
            Pass::Forward => {
                reference::forward(&problem, &rounded(&source), &rounded(&weights), bias)
            }
            Pass::InputGradient => {
                reference::input_gradient(&problem, &rounded(&source), &rounded(&weights), bias)
            }
        };
        ending.apply(&mut expected, &residual);
        for (name, plan) in plans(&problem, pass, ending.epilogue(channels)) {
            let mut packed = vec![f32::NAN; plan.packed_len()];
            plan.pack(&weights, &mut packed);
            let got = ending.written([places, channels], &residual, |residual, output| {
                let (input, packed) = (&source[..], &packed[..]);
                plan.run(ConvArgs { input, packed, bias, residual, output, scratch: &mut [] });
            });
            let what = format!("{pass:?} of {problem:?}, {ending:?}, {name}, seed {seed}");
            assert_close(&what, &got, &expected, bound(terms + 2, whole));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whole_numbers_give_the_bits_of_the_reference(
        problem in problems(), ending in endings(), seed in 0u64..1000,
    ) {
        check(problem, ending, seed, true);
    }

    #[test]
    fn real_numbers_give_the_sums_of_rounded_operands(
        problem in problems(), ending in endings(), seed in 0u64..1000,
    ) {
        check(problem, ending, seed, false);
    }
}

#[test]
fn named_cases_give_the_bits_of_the_reference() {
    let joined = Ending {
        bias: true,
        residual: Residual::InPlace,
        activation: Some(Unary::Silu),
        margins: Some([3, 17]),
    };
    let exact = Ending { activation: Some(Unary::Relu), ..joined };
    let added = Ending { residual: Residual::Separate, margins: None, ..exact };
    let own = [
        // One place of all channels does not fit into a task's memory: the sum has parts.
        ("parts", ConvProblem::new_2d(1, [4, 5], 3001, 33).kernel_2d([3, 3]).same_padding()),
        ("wide row", ConvProblem::new_2d(1, [2, 700], 130, 20).kernel_2d([3, 3]).same_padding()),
        ("several ranges of filters", ConvProblem::new_2d(2, [7, 7], 64, 900).kernel_2d([3, 3])),
        ("long matrix product", ConvProblem::new_2d(3, [40, 40], 20, 40)),
    ];
    for (name, problem) in named_cases().into_iter().chain(own) {
        println!("{name}");
        for ending in [exact, added, Ending::default()] {
            check(problem, ending, 7, true);
        }
    }
}

#[test]
fn not_a_number_and_infinity_stay_what_they_are() {
    let problem = ConvProblem::new_dense(1, 2, 3);
    for (name, plan) in plans(&problem, Pass::Forward, Epilogue::default()) {
        let mut packed = vec![0.0; plan.packed_len()];
        plan.pack(&[1.0, f32::INFINITY, f32::from_bits(0x7fff_ffff), 0.0, 1.0, 1.0], &mut packed);
        let mut output = [0.0; 3];
        let (bias, residual, output) = (None, None, &mut output);
        plan.run(ConvArgs {
            input: &[2.0, -1.0],
            packed: &packed,
            bias,
            residual,
            output,
            scratch: &mut [],
        });
        assert!(output[0] == 2.0 && output[1] == f32::INFINITY && output[2].is_nan(), "{name}");
    }
}

#[test]
fn the_number_of_threads_can_not_be_seen_in_the_bits() {
    let problem = ConvProblem::new_2d(4, [28, 28], 40, 72).kernel_2d([3, 3]).same_padding();
    let input = values(problem.input_len(), 1, false);
    let weights = values(problem.weights_len(), 2, false);
    let plan = Bf16Plan::new(Gather::forward(&problem), Epilogue::default(), Isa::detect());
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(&weights, &mut packed);
    let run = || {
        let mut output = vec![0.0; problem.output_len()];
        let (input, packed) = (&input[..], &packed[..]);
        let (bias, residual) = (None, None);
        let scratch: &mut [f32] = &mut [];
        plan.run(ConvArgs { input, packed, bias, residual, output: &mut output, scratch });
        output
    };
    let pool = |threads| ThreadPool::new(threads).unwrap();
    assert!(pool(1).install(run) == pool(2).install(run));
}

#[test]
fn what_does_not_pay_is_left_to_other_algorithms() {
    let wide = ConvProblem::new_2d(1, [9, 9], 72, 72).kernel_2d([3, 3]);
    assert!(suits(&wide));
    assert!(!suits(&ConvProblem { groups: 72, ..wide }));
    assert!(!suits(&ConvProblem { in_channels: 1, ..wide }));
    assert!(!suits(&ConvProblem { dilation_rate: [1, 100, 100], ..wide }));
}
