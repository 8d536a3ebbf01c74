//! What the CPU can do at most, so that a kernel's speed can be told as a share of it.

use std::hint::black_box;
use std::time::Instant;

use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

/// Steps of one timed run, some 200 µs to 1 ms.
const ROUNDS: usize = 100_000;
/// Sums that don't wait for each other: the latency of a multiply-add times two units, and some to spare.
const SUMS: usize = 12;
/// Timed runs; the shortest counts, since other load on the machine only ever lengthens one.
const RUNS: usize = 100;

/// Billions of multiply-adds in a second that fused multiply-add instructions on registers reach, on
/// `threads` threads together. Takes about a tenth of a second.
pub fn multiply_adds(isa: Isa, threads: usize) -> f64 {
    let threads = threads.max(1);
    let run = || {
        let start = Instant::now();
        parallel::for_each(threads, 1_000_000_000, |_| {
            black_box(dispatch(isa, Chains(black_box([0.5, 1.0]))));
        });
        start.elapsed().as_secs_f64()
    };
    let shortest = (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min);
    (threads * ROUNDS * SUMS * isa.lanes()) as f64 / shortest / 1e9
}

struct Chains([f32; 2]);

impl WithSimd for Chains {
    type Output = f32;

    #[inline(always)]
    fn with<S: Simd>(self, s: S) -> f32 {
        let (x, mut sums) = (s.splat(self.0[0]), [s.splat(self.0[1]); SUMS]);
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = s.fma(*sum, x, x);
            }
        }
        s.reduce_sum(sums.into_iter().fold(s.zero(), |a, b| s.add(a, b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_reaches_some_rate() {
        for isa in Isa::available() {
            let rate = multiply_adds(isa, 1);
            assert!(rate.is_finite() && rate > 0.0, "{isa}: {rate}");
        }
    }
}
