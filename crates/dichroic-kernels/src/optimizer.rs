//! One step of an optimizer on one variable, in a single pass over memory.
//!
//! The formulas are those of Keras 3, term by term; scalars are computed in `f64` from the
//! configuration and rounded once.

use crate::elementwise::map::{BLOCK, compiled_for};
use crate::elementwise::math::select;
use crate::error::KernelError;
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};

/// How a gradient changes a variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpdateRule {
    /// Gradient descent.
    ///
    /// Without momentum `w -= lr · g`. With it `m = momentum · m - lr · g` and then `w += m`, or
    /// `w += momentum · m - lr · g` where `nesterov` is set.
    ///
    /// # Source
    /// `keras.optimizers.SGD`. Slot: `momentum`, unless it is 0.
    Sgd {
        /// From 0 to 1.
        momentum: f64,
        /// Nesterov's form of momentum.
        nesterov: bool,
    },
    /// Gradients divided by the root of their recent mean square.
    ///
    /// `v = rho · v + (1 - rho) · g²`; centered: `a = rho · a + (1 - rho) · g` and `d = v - a² +
    /// epsilon`, else `d = v + epsilon`; `i = lr · g / √d`; with momentum `m = momentum · m + i`
    /// and `w -= m`, else `w -= i`.
    ///
    /// # Source
    /// `keras.optimizers.RMSprop`. Slots: `velocity`, then `momentum` unless it is 0, then
    /// `average_gradient` where `centered`.
    RmsProp {
        /// How much of the mean stays at each step (Keras: 0.9).
        rho: f64,
        /// From 0 to 1.
        momentum: f64,
        /// What keeps the divisor from 0 (Keras: 1e-7).
        epsilon: f64,
        /// Subtract the square of the mean gradient.
        centered: bool,
    },
    /// Means of the gradient and of its square, both corrected for their start at 0.
    ///
    /// `α = lr · √(1 - β₂ᵗ) / (1 - β₁ᵗ)` with `t` from 1; `m += (g - m) · (1 - β₁)`;
    /// `v += (g² - v) · (1 - β₂)`; amsgrad: `v̂ = max(v̂, v)` stands for `v` from here;
    /// `w -= m · α / (√v + epsilon)`. AdamW is this with a [`UpdateStep::weight_decay`].
    ///
    /// # Source
    /// `keras.optimizers.Adam`, `AdamW`. Slots: `momentum`, `velocity`, then `velocity_hat` where
    /// `amsgrad`.
    Adam {
        /// β₁ (Keras: 0.9).
        beta_1: f64,
        /// β₂ (Keras: 0.999).
        beta_2: f64,
        /// What keeps the divisor from 0 (Keras: 1e-7).
        epsilon: f64,
        /// Divide by the largest mean so far.
        amsgrad: bool,
    },
}

/// What changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateStep {
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// Decoupled weight decay: `w -= w · weight_decay · lr` before the update; 0 for none.
    pub weight_decay: f64,
    /// The steps already made: 0 at the first one (Keras: `iterations`).
    pub iterations: u64,
}

/// The most slots a rule has.
pub const MAX_SLOTS: usize = 3;

impl UpdateRule {
    /// Checks the ranges of the configuration.
    ///
    /// # Errors
    /// [`KernelError::Number`] for a factor outside `[0, 1]` or an `epsilon` below 0.
    pub fn validate(&self) -> Result<(), KernelError> {
        let (factors, epsilon) = match *self {
            UpdateRule::Sgd { momentum, .. } => ([("momentum", momentum); 2], 0.0),
            UpdateRule::RmsProp { rho, momentum, epsilon, .. } => {
                ([("rho", rho), ("momentum", momentum)], epsilon)
            }
            UpdateRule::Adam { beta_1, beta_2, epsilon, .. } => {
                ([("beta_1", beta_1), ("beta_2", beta_2)], epsilon)
            }
        };
        let refuse = |what, rule, received| {
            Err(KernelError::Number { kernel: "optimizer", what, rule, received })
        };
        for (what, factor) in factors {
            if !(0.0..=1.0).contains(&factor) {
                return refuse(what, "from 0 to 1", factor);
            }
        }
        if epsilon.is_nan() || epsilon < 0.0 {
            return refuse("epsilon", "0 or more", epsilon);
        }
        Ok(())
    }

    /// The names of the values that the rule keeps for each weight, all 0 at the start.
    pub fn slots(&self) -> &'static [&'static str] {
        match *self {
            UpdateRule::Sgd { momentum: 0.0, .. } => &[],
            UpdateRule::Sgd { .. } => &["momentum"],
            UpdateRule::RmsProp { momentum, centered, .. } => match (momentum > 0.0, centered) {
                (false, false) => &["velocity"],
                (false, true) => &["velocity", "average_gradient"],
                (true, false) => &["velocity", "momentum"],
                (true, true) => &["velocity", "momentum", "average_gradient"],
            },
            UpdateRule::Adam { amsgrad: false, .. } => &["momentum", "velocity"],
            UpdateRule::Adam { amsgrad: true, .. } => &["momentum", "velocity", "velocity_hat"],
        }
    }

    /// Makes one step on one variable; `slots` are those of [`UpdateRule::slots`], in that order.
    ///
    /// # Panics
    /// When the number of slots or a length is wrong.
    pub fn update(
        &self,
        (isa, step): (Isa, &UpdateStep),
        variable: &mut [f32],
        gradient: &[f32],
        slots: &mut [&mut [f32]],
    ) {
        assert_eq!(slots.len(), self.slots().len(), "the rule keeps {:?}", self.slots());
        let len = variable.len();
        assert_eq!(gradient.len(), len, "the gradient must be as long as the variable");
        for slot in slots.iter() {
            assert_eq!(slot.len(), len, "each slot must be as long as the variable");
        }
        let decay = (step.weight_decay * step.learning_rate) as f32;
        let variable = DisjointMut::new(variable);
        let mut slots = slots.iter_mut();
        let slots: [Option<DisjointMut<'_>>; MAX_SLOTS] =
            std::array::from_fn(|_| slots.next().map(|slot| DisjointMut::new(slot)));
        parallel::for_each(len.div_ceil(BLOCK), BLOCK, |block| {
            let range = block * BLOCK..len.min((block + 1) * BLOCK);
            // SAFETY: each block is visited once, and blocks don't overlap.
            let w = unsafe { variable.range(range.clone()) };
            let [a, b, c] = slots.each_ref().map(|slot| match slot {
                // SAFETY: as above, and the slots are slices of their own.
                Some(slot) => unsafe { slot.range(range.clone()) },
                None => &mut [],
            });
            let g = &gradient[range];
            compiled_for(
                isa,
                #[inline(always)]
                || {
                    if decay != 0.0 {
                        for w in w.iter_mut() {
                            *w -= *w * decay;
                        }
                    }
                    self.update_block(step, (w, g), [a, b, c]);
                },
            );
        });
    }

    #[inline(always)]
    fn update_block(
        &self,
        step: &UpdateStep,
        (w, g): (&mut [f32], &[f32]),
        [a, b, c]: [&mut [f32]; MAX_SLOTS],
    ) {
        let lr = step.learning_rate as f32;
        match *self {
            UpdateRule::Sgd { momentum: 0.0, .. } => {
                for (w, &g) in w.iter_mut().zip(g) {
                    *w -= g * lr;
                }
            }
            UpdateRule::Sgd { momentum, nesterov } => {
                let momentum = momentum as f32;
                for ((w, &g), m) in w.iter_mut().zip(g).zip(a) {
                    *m = flushed(*m * momentum - g * lr);
                    *w += if nesterov { *m * momentum - g * lr } else { *m };
                }
            }
            UpdateRule::RmsProp { rho, momentum, epsilon, centered } => {
                let (rest, rho) = ((1.0 - rho) as f32, rho as f32);
                let (has_momentum, momentum) = (momentum > 0.0, momentum as f32);
                let epsilon = epsilon as f32;
                let (momenta, averages) = if has_momentum { (b, c) } else { (c, b) };
                for (i, ((w, &g), v)) in w.iter_mut().zip(g).zip(a).enumerate() {
                    *v = flushed(rho * *v + rest * (g * g));
                    let mut divisor = *v + epsilon;
                    if centered {
                        let average = &mut averages[i];
                        *average = flushed(rho * *average + rest * g);
                        divisor = *v - *average * *average + epsilon;
                    }
                    let mut increment = lr * g / divisor.sqrt();
                    if has_momentum {
                        increment += momentum * momenta[i];
                        momenta[i] = flushed(increment);
                    }
                    *w -= increment;
                }
            }
            UpdateRule::Adam { beta_1, beta_2, epsilon, amsgrad } => {
                let t = (step.iterations + 1) as f64;
                let correction = (1.0 - beta_2.powf(t)).sqrt() / (1.0 - beta_1.powf(t));
                let alpha = (step.learning_rate * correction) as f32;
                let (rest_1, rest_2) = ((1.0 - beta_1) as f32, (1.0 - beta_2) as f32);
                let epsilon = epsilon as f32;
                if amsgrad {
                    for ((((w, &g), m), v), hat) in w.iter_mut().zip(g).zip(a).zip(b).zip(c) {
                        *m = flushed(*m + (g - *m) * rest_1);
                        *v = flushed(*v + (g * g - *v) * rest_2);
                        *hat = select(*v > *hat, *v, *hat);
                        *w -= *m * alpha / (hat.sqrt() + epsilon);
                    }
                } else {
                    for (((w, &g), m), v) in w.iter_mut().zip(g).zip(a).zip(b) {
                        *m = flushed(*m + (g - *m) * rest_1);
                        *v = flushed(*v + (g * g - *v) * rest_2);
                        *w -= *m * alpha / (v.sqrt() + epsilon);
                    }
                }
            }
        }
    }
}

/// 0 in place of a subnormal number.
///
/// The means of a weight that gets no gradient any more fade by a factor at each step, and would
/// stay among the smallest numbers for good, with which some CPUs compute a hundred times slower.
/// Done here, in a pass that waits for memory anyway, it costs nothing and is the same on every CPU;
/// the CPU's own mode for it can't be switched on from Rust, which takes the default mode for granted.
#[inline(always)]
fn flushed(x: f32) -> f32 {
    select(x.abs() < f32::MIN_POSITIVE, 0.0, x)
}

pub mod reference {
    //! The optimizers on one weight, in `f64`, as Keras's `update_step` reads.

    use super::{UpdateRule, UpdateStep};

    /// Makes one step on one weight.
    pub fn update(rule: &UpdateRule, step: &UpdateStep, w: &mut f64, g: f64, slots: &mut [f64]) {
        let lr = step.learning_rate;
        *w -= *w * step.weight_decay * lr;
        match *rule {
            UpdateRule::Sgd { momentum, nesterov } => {
                if momentum == 0.0 {
                    *w -= g * lr;
                } else {
                    let m = slots[0] * momentum - g * lr;
                    slots[0] = m;
                    *w += if nesterov { m * momentum - g * lr } else { m };
                }
            }
            UpdateRule::RmsProp { rho, momentum, epsilon, centered } => {
                slots[0] = rho * slots[0] + (1.0 - rho) * g * g;
                let mut divisor = slots[0] + epsilon;
                if centered {
                    let average = slots.last_mut().expect("a centered rule keeps its average");
                    *average = rho * *average + (1.0 - rho) * g;
                    divisor -= *average * *average;
                }
                let increment = lr * g / divisor.sqrt();
                if momentum > 0.0 {
                    slots[1] = momentum * slots[1] + increment;
                    *w -= slots[1];
                } else {
                    *w -= increment;
                }
            }
            UpdateRule::Adam { beta_1, beta_2, epsilon, amsgrad } => {
                let t = (step.iterations + 1) as f64;
                let alpha = lr * (1.0 - beta_2.powf(t)).sqrt() / (1.0 - beta_1.powf(t));
                slots[0] += (g - slots[0]) * (1.0 - beta_1);
                slots[1] += (g * g - slots[1]) * (1.0 - beta_2);
                let mut v = slots[1];
                if amsgrad {
                    slots[2] = slots[2].max(v);
                    v = slots[2];
                }
                *w -= slots[0] * alpha / (v.sqrt() + epsilon);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::ThreadPool;
    use crate::rng::Stream;

    fn rules() -> Vec<UpdateRule> {
        let mut rules = Vec::new();
        for (momentum, flag) in [(0.0, false), (0.9, false), (0.0, true), (0.9, true)] {
            rules.push(UpdateRule::Sgd { momentum, nesterov: flag });
            rules.push(UpdateRule::RmsProp { rho: 0.9, momentum, epsilon: 1e-7, centered: flag });
        }
        for amsgrad in [false, true] {
            rules.push(UpdateRule::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad });
        }
        rules
    }

    /// The variable after some steps, by the kernel.
    fn run(rule: &UpdateRule, isa: Isa, (len, weight_decay): (usize, f64)) -> Vec<f32> {
        let mut w = start(len);
        let mut slots = vec![vec![0.0; len]; rule.slots().len()];
        for iterations in 0..5 {
            let step = UpdateStep { learning_rate: 0.01, weight_decay, iterations };
            let mut slots: Vec<&mut [f32]> = slots.iter_mut().map(Vec::as_mut_slice).collect();
            rule.update((isa, &step), &mut w, &gradient(iterations, len), &mut slots);
        }
        w
    }

    fn start(len: usize) -> Vec<f32> {
        let mut w = vec![0.0; len];
        Stream { seed: 1, step: 0, op: 0 }.fill_normal(0, &mut w);
        w
    }

    fn gradient(iterations: u64, len: usize) -> Vec<f32> {
        let mut g = vec![0.0; len];
        Stream { seed: 2, step: iterations, op: 0 }.fill_normal(0, &mut g);
        g
    }

    #[test]
    fn each_rule_follows_keras_formula_over_several_steps() {
        for rule in rules() {
            for isa in Isa::available() {
                for (len, weight_decay) in [(0, 0.0), (1, 0.0), (37, 0.004), (BLOCK + 3, 0.0)] {
                    let got = run(&rule, isa, (len, weight_decay));
                    let expected = run_reference(&rule, len, weight_decay);
                    for (got, expected) in got.into_iter().zip(expected) {
                        let distance = (f64::from(got) - expected).abs();
                        assert!(distance < 4e-6, "{rule:?} {isa}: {got}, not {expected}");
                    }
                }
            }
        }
    }

    fn run_reference(rule: &UpdateRule, len: usize, weight_decay: f64) -> Vec<f64> {
        let mut w: Vec<f64> = start(len).into_iter().map(f64::from).collect();
        let mut slots = vec![vec![0.0; rule.slots().len()]; len];
        for iterations in 0..5 {
            let step = UpdateStep { learning_rate: 0.01, weight_decay, iterations };
            for ((w, g), slots) in w.iter_mut().zip(gradient(iterations, len)).zip(&mut slots) {
                reference::update(rule, &step, w, f64::from(g), slots);
            }
        }
        w
    }

    #[test]
    fn what_fades_becomes_zero_and_never_subnormal() {
        let step = UpdateStep { learning_rate: 0.01, weight_decay: 0.0, iterations: 0 };
        for rule in rules() {
            let (mut weight, mut slots) = ([1.0; 3], vec![[1e-36; 3]; rule.slots().len()]);
            for _ in 0..8000 {
                let mut slots: Vec<&mut [f32]> =
                    slots.iter_mut().map(|slot| slot.as_mut_slice()).collect();
                rule.update((Isa::detect(), &step), &mut weight, &[0.0; 3], &mut slots);
                assert!(!slots.iter().flat_map(|slot| slot.iter()).any(|x| x.is_subnormal()));
            }
            let largest_so_far = rule.slots().iter().position(|&name| name == "velocity_hat");
            for (i, slot) in slots.iter().enumerate() {
                assert!(*slot == [0.0; 3] || Some(i) == largest_so_far, "{rule:?} {slot:?}");
            }
        }
    }

    #[test]
    fn two_threads_give_the_bits_of_one() {
        let pools = [1, 2].map(|threads| ThreadPool::new(threads).expect("threads start"));
        for rule in rules() {
            let [one, two] = pools
                .each_ref()
                .map(|pool| pool.install(|| run(&rule, Isa::detect(), (5 * BLOCK + 7, 0.01))));
            assert_eq!(one, two, "{rule:?}");
        }
    }

    #[test]
    fn a_factor_outside_its_range_is_refused_by_name() {
        let rule = UpdateRule::Adam { beta_1: 0.9, beta_2: 1.5, epsilon: 1e-7, amsgrad: false };
        let message = rule.validate().unwrap_err().to_string();
        assert!(message.contains("beta_2") && message.ends_with("1.5"), "{message}");
        assert!(rules().iter().all(|rule| rule.validate().is_ok()));
    }
}
