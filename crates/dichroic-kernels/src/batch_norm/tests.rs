use super::*;
use crate::parallel::ThreadPool;
use crate::rng::Stream;
use proptest::prelude::*;

fn normal(len: usize, op: u32) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Stream { seed: 8, step: 0, op }.fill_normal(0, &mut values);
    values
}

/// What both passes write.
#[derive(Debug, PartialEq)]
struct Results {
    y: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    dx: Vec<f32>,
    dgamma: Vec<f32>,
    dbeta: Vec<f32>,
}

/// The inputs of both passes.
struct Case {
    problem: BatchNormProblem,
    x: Vec<f32>,
    dy: Vec<f32>,
    gamma: Option<Vec<f32>>,
    beta: Option<Vec<f32>>,
    residual: Vec<f32>,
    place: Place,
}

/// Where residual and `dy` lie.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Apart,
    /// In what is written.
    Within,
}

impl Case {
    fn new(rows: usize, channels: usize, then: Then) -> Self {
        let len = rows * channels;
        Self {
            problem: BatchNormProblem { rows, channels, epsilon: 1e-3, then },
            x: normal(len, 0).iter().map(|x| 3.0 * x + 1.0).collect(),
            dy: normal(len, 1),
            gamma: Some(normal(channels, 2)),
            beta: Some(normal(channels, 3)),
            residual: normal(len, 4),
            place: Place::Apart,
        }
    }

    fn run(&self, isa: Isa) -> Results {
        let (p, len, c) = (self.problem, self.x.len(), self.problem.channels);
        let mut r = Results {
            y: vec![f32::NAN; len],
            mean: vec![f32::NAN; c],
            variance: vec![f32::NAN; c],
            dx: vec![f32::NAN; len],
            dgamma: vec![f32::NAN; c],
            dbeta: vec![f32::NAN; c],
        };
        if self.place == Place::Within {
            r.y.copy_from_slice(&self.residual);
            r.dx.copy_from_slice(&self.dy);
        }
        let apart = self.place == Place::Apart;
        let mut inv_std = vec![f32::NAN; c];
        let forward = BatchNormForward::new(p, isa).unwrap();
        forward.run(BatchNormArgs {
            x: &self.x,
            gamma: self.gamma.as_deref(),
            beta: self.beta.as_deref(),
            residual: apart.then_some(&self.residual),
            y: &mut r.y,
            mean: &mut r.mean,
            variance: &mut r.variance,
            inv_std: &mut inv_std,
            scratch: &mut vec![f32::NAN; forward.scratch_len()],
        });
        let gradient = BatchNormGradient::new(p, isa).unwrap();
        gradient.run(BatchNormGradientArgs {
            x: &self.x,
            dy: apart.then_some(&self.dy),
            gamma: self.gamma.as_deref(),
            beta: self.beta.as_deref(),
            mean: &r.mean,
            inv_std: &inv_std,
            dx: &mut r.dx,
            dgamma: &mut r.dgamma,
            dbeta: &mut r.dbeta,
            scratch: &mut vec![f32::NAN; gradient.scratch_len()],
        });
        r
    }

    fn check(&self, isa: Isa, bound: f64) {
        let (r, p) = (self.run(isa), self.problem);
        let near = |what: &str, got: f32, expected: f64, bound: f64| {
            let distance = (f64::from(got) - expected).abs();
            assert!(distance <= bound, "{what} {p:?} {isa}: {got}, not {expected}");
        };
        for c in 0..p.channels {
            let column = |x: &[f32]| -> Vec<f64> {
                x.iter().skip(c).step_by(p.channels).map(|&x| f64::from(x)).collect()
            };
            let (x, mut dy) = (column(&self.x), column(&self.dy));
            let gamma = self.gamma.as_ref().map_or(1.0, |gamma| f64::from(gamma[c]));
            let beta = self.beta.as_ref().map_or(0.0, |beta| f64::from(beta[c]));
            let epsilon = f64::from(p.epsilon);
            let mut y = reference::forward(&x, epsilon, gamma, beta);
            if p.then.adds() {
                y.iter_mut().zip(column(&self.residual)).for_each(|(y, added)| *y += added);
            }
            if p.then == Then::AddThenRelu {
                y.iter_mut().for_each(|y| *y = y.max(0.0));
            }
            if p.then == Then::Relu {
                // So near to 0 the rounding decides on which side a value lies.
                if y.iter().any(|y| y.abs() < 1e-4) {
                    continue;
                }
                dy.iter_mut().zip(&y).filter(|(_, y)| **y < 0.0).for_each(|(dy, _)| *dy = 0.0);
                y.iter_mut().for_each(|y| *y = y.max(0.0));
            }
            let (mean, variance) = reference::moments(&x);
            near("mean", r.mean[c], mean, bound * (1.0 + mean.abs()));
            near("variance", r.variance[c], variance, bound * (1.0 + variance));
            let (dx, dgamma, dbeta) = reference::gradient(&x, &dy, epsilon, gamma);
            let total: f64 = dy.iter().map(|dy| dy.abs()).sum();
            near("dgamma", r.dgamma[c], dgamma, bound * (1.0 + total));
            near("dbeta", r.dbeta[c], dbeta, bound * (1.0 + total));
            for row in 0..p.rows {
                near("y", r.y[row * p.channels + c], y[row], 10.0 * bound * (1.0 + y[row].abs()));
                near(
                    "dx",
                    r.dx[row * p.channels + c],
                    dx[row],
                    10.0 * bound * (1.0 + dx[row].abs()),
                );
            }
        }
    }
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![0..8usize, 30..34usize, 62..67usize, 126..132usize, Just(300)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn both_passes_are_what_their_definitions_say(rows in 2..70usize, channels in channels()) {
        for then in [Then::Nothing, Then::Relu, Then::Add, Then::AddThenRelu] {
            for place in [Place::Apart, Place::Within] {
                for isa in Isa::available() {
                    Case { place, ..Case::new(rows, channels, then) }.check(isa, 2e-5);
                }
            }
        }
    }
}

#[test]
fn one_row_has_no_variance_and_no_gradient() {
    let results = Case::new(1, 5, Then::Nothing).run(Isa::detect());
    assert!(results.variance.iter().chain(&results.dx).all(|&value| value.abs() < 1e-3));
}

#[test]
fn factor_and_offset_may_be_absent() {
    let case = Case { gamma: None, beta: None, ..Case::new(33, 6, Then::Nothing) };
    case.check(Isa::detect(), 2e-5);
}

#[test]
fn several_blocks_are_joined() {
    for (rows, channels) in [(2500, 3), (700, 40), (300, 130)] {
        Case::new(rows, channels, Then::Nothing).check(Isa::detect(), 2e-5);
    }
}

#[test]
fn a_large_mean_costs_no_accuracy() {
    let mut case = Case::new(3000, 2, Then::Nothing);
    case.x.iter_mut().for_each(|x| *x += 4096.0);
    case.check(Isa::detect(), 5e-5);
}

#[test]
fn two_threads_give_the_bits_of_one() {
    let case = Case::new(9000, 24, Then::Relu);
    let [one, two] = [1, 2].map(|threads| {
        let pool = ThreadPool::new(threads).unwrap();
        pool.install(|| case.run(Isa::detect()))
    });
    assert_eq!(one, two);
}

#[test]
fn a_negative_epsilon_is_refused() {
    let problem = BatchNormProblem { rows: 1, channels: 1, epsilon: -1.0, then: Then::Nothing };
    assert!(BatchNormForward::new(problem, Isa::Portable).is_err());
}
