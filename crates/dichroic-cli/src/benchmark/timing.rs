//! Repeating a call until its median is known.

use std::time::{Duration, Instant};

use dichroic_graph::kernels::conv::ConvMode;

use crate::failure::Failure;

/// Runs before the clock counts: memory is touched, weights are packed, threads are awake.
const WARM_UP: usize = 3;
const FEWEST_RUNS: usize = 5;
const MOST_RUNS: usize = 200;

/// How a workload is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether convolutions may use algorithms that round differently.
    pub mode: ConvMode,
}

/// The times of a call.
#[derive(Clone, Debug)]
pub struct Timing {
    milliseconds: Vec<f64>,
}

/// What a workload took.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The times of its runs.
    pub timing: Timing,
    /// The algorithms of its convolutions.
    pub algorithm: String,
}

impl Timing {
    /// Times `call`, which gives the time that it took, until a [`Stopwatch`] has seen enough.
    ///
    /// # Errors
    /// Those of the call.
    pub fn of(
        span: Duration,
        mut call: impl FnMut() -> Result<Duration, Failure>,
    ) -> Result<Self, Failure> {
        let mut stopwatch = Stopwatch::new(span);
        while !stopwatch.has_enough() {
            stopwatch.add(call()?);
        }
        Ok(stopwatch.timing())
    }

    /// The middle of the times, in milliseconds.
    pub fn median(&self) -> f64 {
        let times = &self.milliseconds;
        let middle = times.len() / 2;
        if times.len().is_multiple_of(2) {
            times[middle - 1..=middle].iter().sum::<f64>() / 2.0
        } else {
            times[middle]
        }
    }

    /// The shortest of the times, in milliseconds.
    pub fn min(&self) -> f64 {
        self.milliseconds[0]
    }

    /// How often it was timed.
    pub fn runs(&self) -> usize {
        self.milliseconds.len()
    }
}

/// Collects the times of equal runs, and knows when they are enough: after about `span`, with five runs
/// at least and two hundred at most, the first few not counted.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    span: Duration,
    total: Duration,
    seen: usize,
    milliseconds: Vec<f64>,
}

impl Stopwatch {
    /// One that has seen nothing.
    pub fn new(span: Duration) -> Self {
        Self { span, total: Duration::ZERO, seen: 0, milliseconds: Vec::new() }
    }

    /// Takes the time of one run.
    pub fn add(&mut self, time: Duration) {
        self.seen += 1;
        if self.seen > WARM_UP {
            self.total += time;
            self.milliseconds.push(time.as_secs_f64() * 1e3);
        }
    }

    /// Whether more runs would tell little more.
    pub fn has_enough(&self) -> bool {
        let runs = self.milliseconds.len();
        runs >= MOST_RUNS || (runs >= FEWEST_RUNS && self.total >= self.span)
    }

    /// The times, once there are any.
    pub fn timing(mut self) -> Timing {
        self.milliseconds.sort_by(f64::total_cmp);
        Timing { milliseconds: self.milliseconds }
    }
}

/// The time that a call takes.
///
/// # Errors
/// Those of the call.
pub fn clocked(call: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let begun = Instant::now();
    call()?;
    Ok(begun.elapsed())
}

/// The different algorithms of a plan's convolutions, each with how often it is used if there are several steps.
pub fn algorithms<'a>(steps: impl Iterator<Item = &'a dichroic_graph::plan::StepInfo>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for step in steps.filter(|step| step.macs > 0) {
        match counts.iter_mut().find(|(name, _)| *name == step.algorithm) {
            Some((_, count)) => *count += 1,
            None => counts.push((&step.algorithm, 1)),
        }
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let texts = counts.iter().map(|&(name, count)| match count {
        1 => name.to_owned(),
        _ => format!("{name} × {count}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_times_lies_between_the_two_in_the_middle() {
        let mut times = [9, 9, 9, 4, 1, 2, 3, 90].into_iter().cycle();
        let call = || Ok(Duration::from_millis(times.next().unwrap_or(0)));
        let timing = Timing::of(Duration::ZERO, call).unwrap();
        assert_eq!((timing.runs(), timing.min(), timing.median()), (5, 1.0, 3.0));
        assert_eq!(Timing { milliseconds: vec![1.0, 2.0, 4.0, 8.0] }.median(), 3.0);
    }
}
