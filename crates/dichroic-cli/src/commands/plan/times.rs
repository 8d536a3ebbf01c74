//! The time of every step of a plan, for `dichroic plan --time`.

use std::time::{Duration, Instant};

use dichroic::model::Model;
use dichroic_graph::plan::StepInfo;
use dichroic_graph::{Executor, StepContext, Work};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::Output;
use crate::table::{Align, Table};

/// Runs go on for about this long, the first not counted.
const SPAN: Duration = Duration::from_secs(1);
const FEWEST_RUNS: usize = 5;
const MOST_RUNS: usize = 100;

/// The times of a plan, in milliseconds.
pub struct Times {
    /// The median of each step; of a step that only prepares, its one time.
    pub steps: Vec<f64>,
    /// What the packing of each step's weights took, once.
    pub packing: Vec<f64>,
    /// The median of the whole run.
    pub run: f64,
    /// The first run: preparation, packing, and all that is met for the first time.
    pub first: f64,
    runs: usize,
}

impl Times {
    /// Runs the plan until its times are known.
    ///
    /// # Errors
    /// When the plan can't be run.
    pub fn of(
        executor: &mut Executor,
        model: &Model,
        inputs: &[Vec<f32>],
    ) -> Result<Self, Failure> {
        let parameters = model.parameters().map_err(Failure::run)?;
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let count = executor.steps().count();
        let mut packing = vec![0.0; count];
        let mut samples: Vec<Vec<f64>> = vec![Vec::new(); count];
        let (mut totals, mut first, begun) = (Vec::new(), 0.0, Instant::now());
        for run in 0..=MOST_RUNS {
            if run > FEWEST_RUNS && begun.elapsed() > SPAN {
                break;
            }
            let start = Instant::now();
            let ran = executor.run_timed(&inputs, parameters, StepContext::default(), |seen| {
                let time = milliseconds(seen.time);
                match seen.work {
                    Work::Pack => packing[seen.step] += time,
                    Work::Run => samples[seen.step].push(time),
                }
            });
            ran.map_err(Failure::run)?;
            let total = milliseconds(start.elapsed());
            if run == 0 {
                first = total;
                let of_run = samples.iter_mut().zip(executor.steps()).filter(|(_, s)| !s.prepares);
                of_run.for_each(|(times, _)| times.clear());
            } else {
                totals.push(total);
            }
        }
        let runs = totals.len();
        let steps = samples.into_iter().map(median).collect();
        Ok(Self { steps, packing, run: median(totals), first, runs })
    }

    /// Billions of operations a second, a multiply-add counted as two.
    pub fn rate(&self, step: usize, info: &StepInfo) -> Option<f64> {
        (info.macs > 0).then(|| 2e-6 * info.macs as f64 / self.steps[step])
    }

    /// The share of a step in a run; none of a step that only prepares.
    pub fn share(&self, step: usize, info: &StepInfo) -> Option<f64> {
        (!info.prepares).then(|| self.steps[step] / self.run)
    }

    /// The whole as JSON.
    pub fn json(&self) -> Value {
        json!({
            "run_ms": self.run,
            "first_run_ms": self.first,
            "packing_ms": self.packing.iter().sum::<f64>(),
            "runs": self.runs,
            "threads": dichroic::threads(),
        })
    }

    /// The times by kind of op, and of the whole.
    ///
    /// # Errors
    /// When the output is closed.
    pub fn show<'a>(
        &self,
        infos: impl Iterator<Item = &'a StepInfo>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let mut kinds: Vec<(String, f64, usize)> = Vec::new();
        for (step, info) in infos.enumerate().filter(|(_, info)| !info.prepares) {
            let name = format!("{} ({})", info.op, info.algorithm);
            match kinds.iter_mut().find(|(kind, ..)| *kind == name) {
                Some((_, time, count)) => (*time, *count) = (*time + self.steps[step], *count + 1),
                None => kinds.push((name, self.steps[step], 1)),
            }
        }
        kinds.sort_by(|a, b| b.1.total_cmp(&a.1));
        let columns = [
            ("op", Align::Left),
            ("steps", Align::Right),
            ("ms", Align::Right),
            ("share", Align::Right),
        ];
        let mut table = Table::new(columns);
        let mut steps = 0.0;
        for (name, time, count) in kinds {
            steps += time;
            table.row([name, count.to_string(), format!("{time:.3}"), percent(time / self.run)]);
        }
        let between = (self.run - steps).max(0.0);
        table.row([
            "between steps".to_owned(),
            String::new(),
            format!("{between:.3}"),
            percent(between / self.run),
        ]);
        output.text(table.render())?;
        output.line("")?;
        let packing: f64 = self.packing.iter().sum();
        output.line(format!(
            "a run          {:.3} ms (median of {} runs, {} threads)",
            self.run,
            self.runs,
            dichroic::threads()
        ))?;
        output.line(format!(
            "the first run  {:.3} ms, of this {packing:.3} to pack weights",
            self.first
        ))
    }
}

/// `12.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
