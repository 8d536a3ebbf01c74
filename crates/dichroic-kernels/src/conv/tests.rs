//! Every algorithm on every instruction set against the reference.

use proptest::prelude::*;

use super::*;
use crate::elementwise::Unary;
use crate::isa::Isa;
use crate::parallel::ThreadPool;

/// Values from a seed: whole numbers from −4 to 4, whose products and sums are exact in any order,
/// or else real numbers between −1 and 1.
pub(super) fn values(len: usize, seed: u64, whole: bool) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..len)
        .map(|_| {
            if whole {
                (next() % 9) as f32 - 4.0
            } else {
                (next() as f64 / 2f64.powi(30) - 1.0) as f32
            }
        })
        .collect()
}

/// Fails with the first eight differences that are larger than the bound.
pub(super) fn assert_close(what: &str, got: &[f32], expected: &[f32], bound: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let far = |g: f32, e: f32| (g - e).is_nan() || (g - e).abs() > bound;
    let wrong: Vec<String> = (got.iter().zip(expected).enumerate())
        .filter(|(_, (g, e))| far(**g, **e))
        .take(8)
        .map(|(i, (g, e))| format!("[{i}] expected {e}, got {g}, off by {}", (g - e).abs()))
        .collect();
    assert!(wrong.is_empty(), "{what}, bound {bound}:\n{}", wrong.join("\n"));
}

/// The bound for a sum of `terms` products of values up to 1: each addition rounds at most half a unit
/// in the last place of the partial sum, which is at most `terms`; in practice they grow as √terms.
pub(super) fn bound(terms: usize, whole: bool) -> f32 {
    if whole { 0.0 } else { 4.0 * f32::EPSILON * (terms.max(1) as f32) }
}

/// An epilogue before it is known how many channels there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ending {
    pub bias: bool,
    pub residual: Residual,
    pub activation: Option<Unary>,
    /// Channels of the output before and after those that are written.
    pub margins: Option<[usize; 2]>,
}

impl Ending {
    pub fn epilogue(&self, channels: usize) -> Epilogue {
        let output = match self.margins {
            None => OutputChannels::Dense,
            Some([first, after]) => {
                OutputChannels::Range { first, total: first + channels + after }
            }
        };
        let Ending { bias, residual, activation, .. } = *self;
        Epilogue { bias, residual, activation, output }
    }

    /// What a run gives besides the sums: bias and residual as asked for, and the function.
    pub fn apply(&self, sums: &mut [f32], residual: &[f32]) {
        if self.residual != Residual::None {
            sums.iter_mut().zip(residual).for_each(|(sum, x)| *sum += x);
        }
        if let Some(activation) = self.activation {
            activation.apply_in_place(Isa::Portable, sums);
        }
    }

    /// Runs with the residual where it belongs; returns the channels that were to be written, after a
    /// look at those that were not.
    pub fn written(
        &self,
        [places, channels]: [usize; 2],
        residual: &[f32],
        run: impl FnOnce(Option<&[f32]>, &mut [f32]),
    ) -> Vec<f32> {
        const UNTOUCHED: f32 = 77.5;
        let [first, after] = self.margins.unwrap_or_default();
        let total = first + channels + after;
        let mut output = vec![UNTOUCHED; places * total];
        for place in 0..places {
            let row = &mut output[place * total + first..][..channels];
            match self.residual {
                Residual::InPlace => row.copy_from_slice(&residual[place * channels..][..channels]),
                _ => row.fill(f32::NAN),
            }
        }
        run((self.residual == Residual::Separate).then_some(residual), &mut output);
        let mut written = Vec::with_capacity(places * channels);
        for place in 0..places {
            let row = &output[place * total..][..total];
            written.extend_from_slice(&row[first..first + channels]);
            let mut outside = row[..first].iter().chain(&row[first + channels..]);
            assert!(outside.all(|x| *x == UNTOUCHED), "channels beside those asked for: {row:?}");
        }
        written
    }
}

/// The three computations of a problem, on one instruction set and with one algorithm.
pub(super) struct Case {
    pub problem: ConvProblem,
    pub algorithm: Algorithm,
    pub isa: Isa,
    pub ending: Ending,
}

impl Case {
    pub fn forward(
        &self,
        input: &[f32],
        weights: &[f32],
        bias: &[f32],
        residual: &[f32],
    ) -> Vec<f32> {
        let size = [self.problem.batch * self.problem.output_places(), self.problem.filters];
        self.run(Direction::Forward, size, [input, weights, bias, residual])
    }

    pub fn input_gradient(
        &self,
        gradient: &[f32],
        weights: &[f32],
        bias: &[f32],
        residual: &[f32],
    ) -> Vec<f32> {
        let size = [self.problem.batch * self.problem.input_places(), self.problem.in_channels];
        self.run(Direction::InputGradient, size, [gradient, weights, bias, residual])
    }

    fn run(
        &self,
        direction: Direction,
        size: [usize; 2],
        [input, weights, bias, residual]: [&[f32]; 4],
    ) -> Vec<f32> {
        let (algorithm, epilogue) = (self.algorithm, self.ending.epilogue(size[1]));
        let plan = ConvPlan::with_algorithm(algorithm, direction, self.problem, epilogue, self.isa);
        assert_eq!(plan.algorithm(), algorithm);
        let mut packed = vec![f32::NAN; plan.packed_len()];
        plan.pack(weights, &mut packed);
        let scratch = &mut vec![f32::NAN; plan.scratch_len()];
        let (packed, bias) = (&packed, self.ending.bias.then_some(bias));
        self.ending.written(size, residual, |residual, output| {
            plan.run(ConvArgs { input, packed, bias, residual, output, scratch });
        })
    }

    pub fn weight_gradient(&self, input: &[f32], gradient: &[f32]) -> Vec<f32> {
        let plan = ConvWeightGradient::plan_with(self.algorithm, self.problem, self.isa);
        let mut output = vec![f32::NAN; self.problem.weights_len()];
        plan.run(input, gradient, &mut output, &mut vec![f32::NAN; plan.scratch_len()]);
        output
    }
}

/// Compares all three computations with the reference, for every algorithm and instruction set.
fn check(problem: ConvProblem, ending: Ending, seed: u64, whole: bool) {
    let input = values(problem.input_len(), seed, whole);
    let weights = values(problem.weights_len(), seed + 1, whole);
    let gradient = values(problem.output_len(), seed + 2, whole);
    let bias_out = values(problem.filters, seed + 3, whole);
    let bias_in = values(problem.in_channels, seed + 4, whole);
    let residual_out = values(problem.output_len(), seed + 5, whole);
    let residual_in = values(problem.input_len(), seed + 6, whole);
    let bias = |values| if ending.bias { Some(values) } else { None };
    let mut y = reference::forward(&problem, &input, &weights, bias(&bias_out[..]));
    ending.apply(&mut y, &residual_out);
    let mut dx = reference::input_gradient(&problem, &gradient, &weights, bias(&bias_in[..]));
    ending.apply(&mut dx, &residual_in);
    let dw = reference::weight_gradient(&problem, &input, &gradient);
    for &algorithm in Algorithm::candidates(&problem) {
        for isa in Isa::available() {
            let case = Case { problem, algorithm, isa, ending };
            let what = |which| {
                format!("{which} of {problem:?}, {ending:?}, {algorithm}, {isa}, seed {seed}")
            };
            let terms = problem.taps() * problem.group_channels() + 2;
            let got = case.forward(&input, &weights, &bias_out, &residual_out);
            assert_close(&what("forward"), &got, &y, bound(terms, whole));
            let terms = problem.taps() * problem.group_filters() + 2;
            let got = case.input_gradient(&gradient, &weights, &bias_in, &residual_in);
            assert_close(&what("input gradient"), &got, &dx, bound(terms, whole));
            let terms = problem.batch * problem.output_places();
            let got = case.weight_gradient(&input, &gradient);
            assert_close(&what("weight gradient"), &got, &dw, bound(terms, whole));
        }
    }
}

/// The layer `ReLU`.
fn general(max_value: Option<f32>, negative_slope: f32) -> Unary {
    Unary::ReluGeneral { max_value, negative_slope, threshold: 0.0 }
}

pub(super) fn endings() -> impl Strategy<Value = Ending> {
    let activation = prop_oneof![
        Just(None),
        Just(Some(Unary::Relu)),
        Just(Some(Unary::Relu6)),
        Just(Some(Unary::LeakyRelu { negative_slope: 0.5 })),
        Just(Some(general(Some(2.0), 0.0))),
        Just(Some(general(None, 0.5))),
        Just(Some(general(Some(2.0), 0.5))),
        Just(Some(Unary::HardTanh)),
    ];
    let residual =
        prop_oneof![Just(Residual::None), Just(Residual::Separate), Just(Residual::InPlace)];
    let margins = prop_oneof![Just(None), [0usize..20, 0usize..20].prop_map(Some)];
    (any::<bool>(), residual, activation, margins).prop_map(
        |(bias, residual, activation, margins)| Ending { bias, residual, activation, margins },
    )
}

/// Sizes that are often 1 and sometimes 0.
fn axis() -> impl Strategy<Value = [usize; 6]> {
    let size = prop_oneof![4 => 1usize..=9, 1 => 10usize..=19, 1 => Just(0)];
    let kernel = prop_oneof![2 => Just(1usize), 5 => 2usize..=5];
    let one_to_three = || prop_oneof![3 => Just(1usize), 1 => 2usize..=3];
    (size, kernel, one_to_three(), one_to_three(), 0usize..=2, 0usize..=3).prop_map(
        |(size, kernel, stride, dilation, before, after)| {
            [size, kernel, stride, dilation, before, after]
        },
    )
}

pub(super) fn problems() -> impl Strategy<Value = ConvProblem> {
    let channels = || prop_oneof![3 => 1usize..=9, 1 => 10usize..=70, 1 => Just(0)];
    let groups = prop_oneof![4 => Just(1usize), 2 => 2usize..=4, 1 => Just(21)];
    let depth = prop_oneof![3 => Just([1, 1, 1, 1, 0, 0]), 1 => axis()];
    (0usize..=3, channels(), channels(), groups, depth, axis(), axis())
        .prop_map(|(batch, in_channels, filters, groups, depth, height, width)| {
            let axes = [depth, height, width];
            let part = |i: usize| axes.map(|axis| axis[i]);
            // Large channels on all three axes would make the reference slow, not the case rarer.
            let per_group = |channels: usize| if groups == 21 { channels % 4 } else { channels };
            ConvProblem {
                batch,
                in_channels: per_group(in_channels) * groups,
                filters: per_group(filters) * groups,
                groups,
                input: part(0),
                kernel: part(1),
                strides: part(2),
                dilation_rate: part(3),
                pad_before: part(4),
                pad_after: part(5),
            }
        })
        .prop_filter("small enough for the reference", |p| p.macs() < 1_500_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whole_numbers_give_the_bits_of_the_reference(
        problem in problems(), ending in endings(), seed in 0u64..1000,
    ) {
        check(problem, ending, seed, true);
    }

    #[test]
    fn real_numbers_stay_within_the_bound_of_their_sum(
        problem in problems(), ending in endings(), seed in 0u64..1000,
    ) {
        check(problem, ending, seed, false);
    }
}

/// Problems that have their own path through the kernels.
pub(super) fn named_cases() -> Vec<(&'static str, ConvProblem)> {
    let pictures = ConvProblem::new_2d(2, [13, 11], 3, 8).kernel_2d([5, 5]);
    let wide = ConvProblem::new_2d(2, [9, 10], 72, 150).kernel_2d([3, 3]).same_padding();
    let strided = ConvProblem { strides: [1, 2, 3], ..wide };
    let depthwise = ConvProblem { groups: 72, filters: 72, ..wide };
    // Too many channels for staging, and few filters, for the reference's sake.
    let border = ConvProblem::new_2d(2, [5, 9], 35, 7).kernel_2d([3, 3]).same_padding();
    vec![
        ("few channels", pictures),
        ("wide", wide),
        ("strided", strided),
        ("strided, same", strided.same_padding()),
        ("depthwise", depthwise),
        ("depthwise strided", ConvProblem { strides: [1, 2, 2], ..depthwise }),
        ("depthwise with multiplier", ConvProblem { filters: 144, ..depthwise }),
        ("depthwise dilated", ConvProblem { dilation_rate: [1, 2, 3], ..depthwise }),
        ("depthwise, tall and narrow", ConvProblem { input: [1, 150, 2], ..depthwise }),
        ("depthwise, more rows than a band", {
            let problem = ConvProblem::new_2d(1, [131, 17], 20, 20).kernel_2d([3, 3]);
            ConvProblem { groups: 20, ..problem.same_padding() }
        }),
        ("depthwise, 256 channels", {
            let problem = ConvProblem::new_2d(1, [17, 7], 256, 256).kernel_2d([3, 3]);
            ConvProblem { groups: 256, pad_before: [0, 2, 0], pad_after: [0, 1, 2], ..problem }
        }),
        ("depthwise, two columns of padding", {
            ConvProblem { pad_before: [0, 2, 2], pad_after: [0, 2, 2], ..depthwise }
        }),
        ("depthwise, three columns of padding", {
            ConvProblem { pad_before: [0, 3, 3], pad_after: [0, 3, 3], ..depthwise }
        }),
        ("depthwise, long row", {
            let problem = ConvProblem::new(2, [1, 1, 900], 19, 19).kernel_2d([1, 9]);
            ConvProblem { groups: 19, ..problem.same_padding() }
        }),
        ("depthwise cube", {
            let cube = ConvProblem::new(2, [4, 5, 9], 18, 18);
            ConvProblem { groups: 18, kernel: [3, 3, 5], strides: [1, 2, 1], ..cube }.same_padding()
        }),
        ("groups of four", ConvProblem { groups: 18, filters: 72, ..wide }),
        ("groups of four, strided", ConvProblem { groups: 18, filters: 72, ..strided }),
        ("groups of 24 channels and 2 filters", ConvProblem { groups: 3, filters: 6, ..wide }),
        ("groups of 2 channels and 5 filters", ConvProblem { groups: 36, filters: 180, ..wide }),
        ("grouped", ConvProblem { groups: 2, ..wide }),
        ("pointwise", ConvProblem::new_2d(3, [7, 7], 130, 70)),
        ("dense", ConvProblem::new_dense(33, 100, 77)),
        ("dense, one row", ConvProblem::new_dense(1, 5000, 40)),
        ("dense, one row, very many filters", ConvProblem::new_dense(1, 3, 70_000)),
        ("dense, one row, few filters", ConvProblem::new_dense(1, 2100, 10)),
        ("many channels", ConvProblem::new_2d(1, [3, 3], 1100, 20).kernel_2d([2, 2])),
        ("long sum", ConvProblem::new_2d(1, [5, 5], 300, 33).kernel_2d([3, 3]).same_padding()),
        ("long row", ConvProblem::new(1, [1, 1, 2000], 4, 8).kernel_2d([1, 9])),
        ("short rows of several items", ConvProblem { input: [1, 3, 4], batch: 5, ..border }),
        ("one place of several items", ConvProblem { input: [1, 1, 1], batch: 7, ..border }),
        ("dilated beyond the border", {
            ConvProblem { dilation_rate: [1, 4, 7], ..border }.same_padding()
        }),
        ("padded on one side", {
            ConvProblem { pad_before: [0, 2, 0], pad_after: [0, 0, 3], ..border }
        }),
        ("padded by more than the kernel", {
            ConvProblem { pad_before: [0, 4, 3], pad_after: [0, 3, 5], ..border }
        }),
        ("padded row, longer than a task", {
            ConvProblem { kernel: [1, 1, 9], input: [1, 1, 500], ..border }.same_padding()
        }),
        ("padded cube", {
            ConvProblem { kernel: [3; 3], input: [3, 4, 5], ..border }.same_padding()
        }),
        ("empty batch", ConvProblem::new_2d(0, [5, 5], 3, 4).kernel_2d([3, 3])),
        ("kernel larger than input", ConvProblem::new_2d(2, [2, 2], 3, 4).kernel_2d([3, 3])),
        ("no channels", ConvProblem::new_2d(2, [4, 4], 0, 4).kernel_2d([3, 3])),
        ("no filters", ConvProblem::new_2d(2, [4, 4], 3, 0).kernel_2d([3, 3])),
        (
            "only padding",
            ConvProblem {
                pad_before: [0, 4, 4],
                pad_after: [0, 4, 4],
                ..ConvProblem::new_2d(1, [0, 1], 3, 4).kernel_2d([3, 3])
            },
        ),
        (
            "stride larger than kernel",
            ConvProblem {
                strides: [1, 3, 4],
                ..ConvProblem::new_2d(2, [9, 9], 5, 6).kernel_2d([2, 2])
            },
        ),
        (
            "cube",
            ConvProblem {
                kernel: [3, 2, 3],
                strides: [2, 1, 1],
                dilation_rate: [1, 2, 1],
                pad_before: [1, 0, 2],
                pad_after: [0, 1, 1],
                ..ConvProblem::new(2, [5, 6, 7], 9, 17)
            },
        ),
    ]
}

#[test]
fn named_cases_give_the_bits_of_the_reference() {
    let joined = Ending {
        bias: true,
        residual: Residual::InPlace,
        activation: Some(Unary::Relu),
        margins: Some([3, 17]),
    };
    let added = Ending { residual: Residual::Separate, margins: None, ..joined };
    for (name, problem) in named_cases() {
        println!("{name}");
        for ending in [joined, added, Ending::default()] {
            check(problem, ending, 7, true);
        }
    }
}

#[test]
fn tiles_of_every_size_give_the_bits_of_the_reference() {
    let ending = Ending {
        bias: true,
        residual: Residual::InPlace,
        activation: Some(Unary::Relu6),
        margins: Some([2, 5]),
    };
    for places in 1..=15 {
        for filters in [5, 14, 32, 41, 64] {
            let row = ConvProblem::new_2d(1, [2, places], 3, filters).kernel_2d([3, 3]);
            check(row.same_padding(), ending, 3, true);
            check(ConvProblem::new_dense(places, 19, filters), ending, 5, true);
        }
    }
}

#[test]
fn the_number_of_threads_can_not_be_seen_in_the_bits() {
    let pool = |threads| ThreadPool::new(threads).unwrap();
    let (one, two) = (pool(1), pool(2));
    let ending = Ending { bias: true, activation: Some(Unary::Silu), ..Ending::default() };
    let large = ConvProblem::new_2d(4, [28, 28], 40, 72).kernel_2d([3, 3]).same_padding();
    let depthwise = ConvProblem { in_channels: 72, groups: 72, ..large };
    for problem in [large, ConvProblem { strides: [1, 2, 2], ..large }, depthwise] {
        let input = values(problem.input_len(), 1, false);
        let weights = values(problem.weights_len(), 2, false);
        let gradient = values(problem.output_len(), 3, false);
        let bias = values(problem.filters.max(problem.in_channels), 4, false);
        let (out, into) = (&bias[..problem.filters], &bias[..problem.in_channels]);
        for &algorithm in Algorithm::candidates(&problem) {
            let case = Case { problem, algorithm, isa: Isa::detect(), ending };
            let all = || {
                (
                    case.forward(&input, &weights, out, &[]),
                    case.input_gradient(&gradient, &weights, into, &[]),
                    case.weight_gradient(&input, &gradient),
                )
            };
            assert!(one.install(all) == two.install(all), "{problem:?}, {algorithm}");
        }
    }
}

#[test]
fn not_a_number_goes_through_the_activations_in_registers() {
    for activation in [Unary::Relu, Unary::Relu6, Unary::LeakyRelu { negative_slope: 0.1 }] {
        for isa in Isa::available() {
            let problem = ConvProblem::new_dense(1, 1, 5);
            let ending = Ending { activation: Some(activation), ..Ending::default() };
            let case = Case { problem, algorithm: Algorithm::Direct, isa, ending };
            let output = case.forward(&[1.0], &[f32::NAN, -1.0, 2.0, 9.0, f32::NAN], &[], &[]);
            assert!(output[0].is_nan() && output[4].is_nan(), "{activation:?}, {isa}: {output:?}");
            assert!(output[1] <= 0.0 && output[2] == 2.0, "{activation:?}, {isa}: {output:?}");
        }
    }
}

#[test]
#[should_panic(expected = "can't compute")]
fn an_algorithm_that_does_not_suit_is_refused() {
    let problem = ConvProblem::new_2d(1, [4, 4], 3, 4).kernel_2d([3, 3]);
    let (algorithm, epilogue) = (Algorithm::Depthwise, Epilogue::default());
    ConvPlan::with_algorithm(algorithm, Direction::Forward, problem, epilogue, Isa::Portable);
}

#[test]
#[should_panic(expected = "length of the result")]
fn a_result_of_the_wrong_length_is_refused() {
    let problem = ConvProblem::new_dense(1, 1, 1);
    let plan = ConvPlan::forward(problem, Epilogue::default(), ConvMode::Exact, Isa::Portable);
    let (packed, scratch) = (&vec![0.0; plan.packed_len()], &mut []);
    let (bias, residual, output) = (None, None, &mut [0.0; 2]);
    plan.run(ConvArgs { input: &[1.0], packed, bias, residual, output, scratch });
}

#[test]
#[should_panic(expected = "this CPU has no")]
fn an_instruction_set_that_is_missing_is_refused() {
    let missing = if Isa::Neon.is_available() { Isa::Avx2 } else { Isa::Neon };
    ConvWeightGradient::plan(ConvProblem::new_dense(1, 1, 1), ConvMode::Exact, missing);
}

/// What `write` writes to memory on a cache line, and to memory one value further, where no vector is aligned and none
/// can be written past the caches.
fn streamed_and_written(len: usize, mut write: impl FnMut(&mut [f32])) -> [Vec<f32>; 2] {
    let mut memory = vec![0.0; len + 32];
    let aligned = memory.as_ptr().align_offset(64);
    [aligned, aligned + 1].map(|start| {
        let output = &mut memory[start..start + len];
        write(output);
        output.to_vec()
    })
}

#[test]
fn a_result_larger_than_the_caches_has_the_bits_of_one_written_through_them() {
    let pointwise = |channels| ConvProblem::new_2d(1, [1024, 512], channels, 16);
    let depthwise = ConvProblem { groups: 16, ..pointwise(16).kernel_2d([3, 3]) }.same_padding();
    for problem in [pointwise(3), pointwise(40), depthwise] {
        let (input, weights) =
            (values(problem.input_len(), 1, false), values(problem.weights_len(), 2, false));
        for isa in Isa::available() {
            let plan = ConvPlan::forward(problem, Epilogue::default(), ConvMode::Exact, isa);
            let mut packed = vec![0.0; plan.packed_len()];
            plan.pack(&weights, &mut packed);
            let [streamed, written] = streamed_and_written(problem.output_len(), |output| {
                let scratch = &mut vec![0.0; plan.scratch_len()][..];
                let (input, packed) = (&input[..], &packed[..]);
                plan.run(ConvArgs { input, packed, bias: None, residual: None, output, scratch });
            });
            assert!(streamed == written, "{problem:?} on {isa}");
        }
    }
}

#[test]
fn a_large_input_gradient_with_strides_has_the_bits_of_one_written_through_the_caches() {
    let problem = ConvProblem::new_2d(1, [512, 512], 16, 3);
    let problem = ConvProblem { strides: [1, 2, 2], ..problem };
    let (input, weights) =
        (values(problem.output_len(), 1, false), values(problem.weights_len(), 2, false));
    for isa in Isa::available() {
        let plan = ConvPlan::input_gradient(problem, Epilogue::default(), ConvMode::Exact, isa);
        let mut packed = vec![0.0; plan.packed_len()];
        plan.pack(&weights, &mut packed);
        let [streamed, written] = streamed_and_written(problem.input_len(), |output| {
            let scratch = &mut vec![0.0; plan.scratch_len()][..];
            let (input, packed) = (&input[..], &packed[..]);
            plan.run(ConvArgs { input, packed, bias: None, residual: None, output, scratch });
        });
        assert!(streamed == written, "on {isa}");
    }
}

#[test]
fn transformed_weights_larger_than_the_caches_have_the_bits_of_those_written_through_them() {
    let problem = ConvProblem::new_2d(1, [4, 4], 256, 512).kernel_2d([3, 3]).same_padding();
    let weights = values(problem.weights_len(), 2, false);
    for isa in Isa::available() {
        let (tiles, epilogue) = (Algorithm::Winograd([1, 4, 4]), Epilogue::default());
        let plan = ConvPlan::with_algorithm(tiles, Direction::Forward, problem, epilogue, isa);
        let [streamed, written] =
            streamed_and_written(plan.packed_len(), |packed| plan.pack(&weights, packed));
        assert!(streamed == written, "on {isa}");
    }
}
