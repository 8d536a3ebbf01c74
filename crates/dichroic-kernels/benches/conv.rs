//! Times every convolution kernel on the shapes of real networks.
//!
//! `cargo bench -p dichroic-kernels --bench conv [-- [--exact] FILTER]`
//!
//! Prints the shortest of several runs (other load on the machine only ever lengthens one), the
//! multiply-adds it stands for, and the share of the FMA peak measured in the same run on as many
//! threads. That share is of the plain sum's multiply-adds: Winograd's tiles, which `--exact` turns off, exceed 100 %.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use dichroic_kernels::conv::{
    ConvArgs, ConvMode, ConvPlan, ConvProblem, ConvWeightGradient, Epilogue,
};
use dichroic_kernels::isa::Isa;
use dichroic_kernels::parallel;
use dichroic_kernels::peak;

/// The workloads, each at batch 1 and 16.
fn workloads() -> Vec<(&'static str, ConvProblem)> {
    let square = |size, channels, filters, kernel| {
        ConvProblem::new_2d(1, [size, size], channels, filters).kernel_2d([kernel, kernel])
    };
    let same = |problem: ConvProblem| problem.same_padding();
    let strided = |problem| ConvProblem { strides: [1, 2, 2], ..problem };
    let cube = ConvProblem { kernel: [3; 3], ..ConvProblem::new(1, [16, 28, 28], 32, 64) };
    let depthwise = |size, channels, kernel| {
        same(ConvProblem { groups: channels, ..square(size, channels, channels, kernel) })
    };
    let row = ConvProblem::new_2d(1, [1, 4096], 64, 64).kernel_2d([1, 9]);
    let row = ConvProblem { groups: 64, ..row };
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
        ("depthwise 256@56", depthwise(56, 256, 3)),
        ("depthwise 32@112", depthwise(112, 32, 3)),
        ("depthwise 144@56", depthwise(56, 144, 3)),
        ("depthwise 192@28", depthwise(28, 192, 3)),
        ("depthwise 576@14", depthwise(14, 576, 3)),
        ("depthwise 960@7", depthwise(7, 960, 3)),
        ("depthwise s2 96@112", same(strided(depthwise(112, 96, 3)))),
        ("depthwise s2 192@28", same(strided(depthwise(28, 192, 3)))),
        ("depthwise 5x5 240@28", depthwise(28, 240, 5)),
        ("depthwise 1d k9 64@4096", same(row)),
        ("depthwise 3d 32@16x28x28", same(ConvProblem { groups: 32, filters: 32, ..cube })),
        ("depthwise x2 64@56", same(ConvProblem { groups: 64, ..square(56, 64, 128, 3) })),
        ("grouped 64x2@56", same(ConvProblem { groups: 64, ..square(56, 128, 128, 3) })),
        ("grouped 32x4@56", same(ConvProblem { groups: 32, ..square(56, 128, 128, 3) })),
        ("grouped 32x8@28", same(ConvProblem { groups: 32, ..square(28, 256, 256, 3) })),
        ("grouped 32x16@14", same(ConvProblem { groups: 32, ..square(14, 512, 512, 3) })),
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

/// Values that start at a line of the cache, as those of a plan's arena do: elsewhere every vector of 64 bytes
/// lies in two lines, which costs a third of the speed where loads count.
struct Values {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Values {
    fn new(value: f32, len: usize) -> Self {
        let memory = vec![value; len + 16];
        let start = memory.as_ptr().align_offset(64).min(16);
        Self { memory, start, len }
    }
}

impl Deref for Values {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..][..self.len]
    }
}

impl DerefMut for Values {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.len]
    }
}

/// Seconds of forward, input gradient and weight gradient.
fn measure(problem: ConvProblem, mode: ConvMode, isa: Isa) -> [f64; 3] {
    let runs = (2_000_000_000 / problem.macs().max(1)).clamp(5, 200) as usize;
    let input = Values::new(0.5, problem.input_len());
    let gradient = Values::new(0.25, problem.output_len());
    let weights = Values::new(0.125, problem.weights_len());
    let epilogue = Epilogue::default();

    let plan = ConvPlan::forward(problem, epilogue, mode, isa);
    let (mut packed, mut scratch) =
        (Values::new(0.0, plan.packed_len()), Values::new(0.0, plan.scratch_len()));
    plan.pack(&weights, &mut packed);
    let mut output = Values::new(0.0, problem.output_len());
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

    let plan = ConvPlan::input_gradient(problem, epilogue, mode, isa);
    let (mut packed, mut scratch) =
        (Values::new(0.0, plan.packed_len()), Values::new(0.0, plan.scratch_len()));
    plan.pack(&weights, &mut packed);
    let mut output = Values::new(0.0, problem.input_len());
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

    let plan = ConvWeightGradient::plan(problem, mode, isa);
    let (mut output, mut scratch) = (weights, Values::new(0.0, plan.scratch_len()));
    let into_weights = shortest(runs, || plan.run(&input, &gradient, &mut output, &mut scratch));
    [forward, into_input, into_weights]
}

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let exact = std::env::args().any(|arg| arg == "--exact");
    let mode = if exact { ConvMode::Exact } else { ConvMode::Fast };
    let isa = Isa::detect();
    let threads = parallel::threads();
    let peak = peak::multiply_adds(isa, threads);
    println!("{isa}, {threads} threads: FMA peak {:.0} GFLOP/s", 2.0 * peak);
    let heads = ["forward", "input gradient", "weight gradient"];
    println!("{:26}{:>5}   {}", "", "batch", heads.map(|head| format!("{head:>24}")).join(""));
    for (name, problem) in workloads().into_iter().filter(|(name, _)| name.contains(&filter)) {
        for batch in [1, 16] {
            let problem = ConvProblem { batch, ..problem };
            let cells = measure(problem, mode, isa).map(|seconds| {
                let rate = problem.macs() as f64 / seconds / 1e9;
                let share = format!("{:.0} %", 100.0 * rate / peak);
                format!("{:>11.3} ms {:>9}", seconds * 1e3, share)
            });
            println!("{name:26}{batch:>5}   {}", cells.join(""));
        }
    }
}
