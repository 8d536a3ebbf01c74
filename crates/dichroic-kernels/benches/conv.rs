//! Times every convolution kernel on the shapes of real networks.
//!
//! `cargo bench -p dichroic-kernels --bench conv [-- FILTER]`
//!
//! Prints the shortest of several runs (other load on the machine only ever lengthens one), the
//! multiply-adds it stands for, and the share of the FMA peak measured in the same run on as many
//! threads.

use std::time::Instant;

use dichroic_kernels::conv::{
    ConvArgs, ConvForward, ConvInputGradient, ConvMode, ConvProblem, ConvWeightGradient, Epilogue,
};
use dichroic_kernels::isa::Isa;
use dichroic_kernels::peak;

/// The workloads, each at batch 1 and 16.
fn workloads() -> Vec<(&'static str, ConvProblem)> {
    let square = |size, channels, filters, kernel| {
        ConvProblem::new_2d(1, [size, size], channels, filters).kernel_2d([kernel, kernel])
    };
    let same = |problem: ConvProblem| problem.same_padding();
    let strided = |problem| ConvProblem { strides: [1, 2, 2], ..problem };
    let cube = ConvProblem { kernel: [3; 3], ..ConvProblem::new(1, [16, 28, 28], 32, 64) };
    vec![
        ("3x3 64@56", same(square(56, 64, 64, 3))),
        ("3x3 128@28", same(square(28, 128, 128, 3))),
        ("3x3 256@14", same(square(14, 256, 256, 3))),
        ("3x3 512@7", same(square(7, 512, 512, 3))),
        ("1x1 256-64@56", square(56, 256, 64, 1)),
        ("1x1 512-2048@7", square(7, 512, 2048, 1)),
        ("7x7s2 3-64@224", same(strided(square(224, 3, 64, 7)))),
        ("3x3s2 128@56", same(strided(square(56, 128, 128, 3)))),
        ("5x5 48-64@28", same(square(28, 48, 64, 5))),
        ("depthwise 128@56", same(ConvProblem { groups: 128, ..square(56, 128, 128, 3) })),
        ("grouped 32x4@56", same(ConvProblem { groups: 32, ..square(56, 128, 128, 3) })),
        ("3d 32-64@16x28x28", same(cube)),
        ("1d k9 64@4096", same(ConvProblem::new_2d(1, [1, 4096], 64, 64).kernel_2d([1, 9]))),
        ("dense 2048-1000", ConvProblem::new_dense(1, 2048, 1000)),
        ("1x1 64-16@56", square(56, 64, 16, 1)),
        ("1x1 64-3@56", square(56, 64, 3, 1)),
        ("seed 5x5 3-32@28", square(28, 3, 32, 5)),
    ]
}

fn shortest(runs: usize, mut work: impl FnMut()) -> f64 {
    work();
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(|_| time(&mut work)).fold(f64::INFINITY, f64::min)
}

/// Seconds of forward, input gradient and weight gradient.
fn measure(problem: ConvProblem, isa: Isa) -> [f64; 3] {
    let runs = (2_000_000_000 / problem.macs().max(1)).clamp(5, 200) as usize;
    let input = vec![0.5; problem.input_len()];
    let gradient = vec![0.25; problem.output_len()];
    let weights = vec![0.125; problem.weights_len()];
    let epilogue = Epilogue::default();

    let plan = ConvForward::plan(problem, epilogue, ConvMode::Exact, isa);
    let (mut packed, mut scratch) = (vec![0.0; plan.packed_len()], vec![0.0; plan.scratch_len()]);
    plan.pack(&weights, &mut packed);
    let mut output = vec![0.0; problem.output_len()];
    let forward = shortest(runs, || {
        let (output, scratch) = (&mut output[..], &mut scratch[..]);
        plan.run(ConvArgs {
            input: &input,
            packed: &packed,
            bias: None,
            residual: None,
            output,
            scratch,
        });
    });

    let plan = ConvInputGradient::plan(problem, epilogue, ConvMode::Exact, isa);
    let (mut packed, mut scratch) = (vec![0.0; plan.packed_len()], vec![0.0; plan.scratch_len()]);
    plan.pack(&weights, &mut packed);
    let mut output = vec![0.0; problem.input_len()];
    let into_input = shortest(runs, || {
        let (output, scratch) = (&mut output[..], &mut scratch[..]);
        plan.run(ConvArgs {
            input: &gradient,
            packed: &packed,
            bias: None,
            residual: None,
            output,
            scratch,
        });
    });

    let plan = ConvWeightGradient::plan(problem, ConvMode::Exact, isa);
    let (mut output, mut scratch) = (weights, vec![0.0; plan.scratch_len()]);
    let into_weights = shortest(runs, || plan.run(&input, &gradient, &mut output, &mut scratch));
    [forward, into_input, into_weights]
}

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let isa = Isa::detect();
    let threads = parallel::threads();
    let peak = peak::multiply_adds(isa, threads);
    println!("{isa}, {threads} threads: FMA peak {:.0} GFLOP/s", 2.0 * peak);
    let heads = ["forward", "input gradient", "weight gradient"];
    println!("{:22}{:>5}   {}", "", "batch", heads.map(|head| format!("{head:>24}")).join(""));
    for (name, problem) in workloads().into_iter().filter(|(name, _)| name.contains(&filter)) {
        for batch in [1, 16] {
            let problem = ConvProblem { batch, ..problem };
            let cells = measure(problem, isa).map(|seconds| {
                let rate = problem.macs() as f64 / seconds / 1e9;
                let share = format!("{:.0} %", 100.0 * rate / peak);
                format!("{:>11.3} ms {:>9}", seconds * 1e3, share)
            });
            println!("{name:22}{batch:>5}   {}", cells.join(""));
        }
    }
}
