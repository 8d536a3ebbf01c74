use super::*;
use crate::parallel::ThreadPool;
use crate::rng::Stream;
use proptest::prelude::*;

fn normal(len: usize, op: u32) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Stream { seed: 6, step: 0, op }.fill_normal(0, &mut values);
    values.iter().map(|x| 4.0 * x).collect()
}

fn assert_near(got: &[f32], expected: impl IntoIterator<Item = f64>, scale: f64) {
    for (i, (&got, expected)) in got.iter().zip(expected).enumerate() {
        let distance = (f64::from(got) - expected).abs();
        assert!(distance <= scale * (1.0 + expected.abs()), "{i}: {got}, not {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn softmax_and_its_gradient_are_what_their_definitions_say(rows in 0..5usize, features in 1..70usize) {
        let (x, dy) = (normal(rows * features, 0), normal(rows * features, 1));
        for kind in [SoftmaxKind::Softmax, SoftmaxKind::LogSoftmax] {
            for isa in Isa::available() {
                let plan = SoftmaxPlan::new(kind, [rows, features], isa).unwrap();
                let (mut y, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
                plan.run(&x, &mut y);
                plan.gradient(&y, &dy, &mut dx);
                let expected = x.chunks(features).flat_map(|x| reference::softmax(kind, x));
                assert_near(&y, expected, 1e-6);
                let pairs = x.chunks(features).zip(dy.chunks(features));
                let expected = pairs.flat_map(|(x, dy)| reference::gradient(kind, x, dy));
                assert_near(&dx, expected, 2e-5);
            }
        }
    }

    #[test]
    fn cross_entropy_is_what_its_definition_says(rows in 0..5usize, classes in 1..70usize) {
        let logits = normal(rows * classes, 0);
        let weights = normal(rows, 1);
        let probabilities: Vec<f32> = normal(rows * classes, 2).iter().map(|x| x.max(0.0) / 9.0).collect();
        let numbers: Vec<f32> = (0..rows).map(|row| (row * 31 % classes) as f32).collect();
        let one_hot: Vec<f32> = numbers
            .iter()
            .flat_map(|&class| (0..classes).map(move |c| if c as f32 == class { 1.0 } else { 0.0 }))
            .collect();
        for isa in Isa::available() {
            for (kind, targets, dense) in [
                (Targets::Probabilities, &probabilities, &probabilities),
                (Targets::Classes, &numbers, &one_hot),
            ] {
                let plan = SoftmaxCrossEntropyPlan::new(kind, [rows, classes], isa).unwrap();
                prop_assert_eq!(plan.targets_len(), targets.len());
                let mut loss = vec![f32::NAN; rows];
                plan.run(&logits, targets, &mut loss);
                let pairs = || logits.chunks(classes).zip(dense.chunks(classes));
                let expected = pairs().map(|(x, targets)| reference::cross_entropy(x, targets));
                assert_near(&loss, expected, 1e-5);
                let mut dx = vec![f32::NAN; logits.len()];
                plan.gradient(&logits, targets, &weights, &mut dx);
                let expected = pairs().zip(&weights).flat_map(|((x, targets), &weight)| {
                    let p = reference::softmax(SoftmaxKind::Softmax, x);
                    let sum: f64 = targets.iter().map(|&target| f64::from(target)).sum();
                    let slope = move |(p, &target): (f64, &f32)| f64::from(weight) * (p * sum - f64::from(target));
                    p.into_iter().zip(targets).map(slope).collect::<Vec<f64>>()
                });
                assert_near(&dx, expected, 2e-5);
            }
        }
    }
}

#[test]
fn the_gradient_of_cross_entropy_is_its_slope() {
    let (logits, targets) = (normal(9, 3), [0.0, 0.2, 0.0, 0.1, 0.3, 0.0, 0.0, 0.4, 0.0]);
    let plan = SoftmaxCrossEntropyPlan::new(Targets::Probabilities, [1, 9], Isa::detect()).unwrap();
    let mut dx = [0.0; 9];
    plan.gradient(&logits, &targets, &[1.0], &mut dx);
    for (i, &dx) in dx.iter().enumerate() {
        let loss = |step: f32| {
            let mut moved = logits.clone();
            moved[i] += step;
            (f64::from(moved[i]), reference::cross_entropy(&moved, &targets))
        };
        let ((before, low), (after, high)) = (loss(-0.01), loss(0.01));
        assert!((f64::from(dx) - (high - low) / (after - before)).abs() < 1e-4);
    }
}

#[test]
fn large_logits_do_not_overflow() {
    let plan = SoftmaxPlan::new(SoftmaxKind::Softmax, [1, 3], Isa::detect()).unwrap();
    let mut y = [0.0; 3];
    plan.run(&[1e30, 1e30, -1e30], &mut y);
    assert_eq!(y, [0.5, 0.5, 0.0]);
}

#[test]
fn a_class_that_is_none_gives_nan() {
    let plan = SoftmaxCrossEntropyPlan::new(Targets::Classes, [4, 2], Isa::detect()).unwrap();
    let mut loss = [0.0; 4];
    let targets = [2.0, -1.0, 0.5, f32::NAN];
    plan.run(&[1.0; 8], &targets, &mut loss);
    assert!(loss.iter().all(|loss| loss.is_nan()), "{loss:?}");
    let mut dx = [0.0; 8];
    plan.gradient(&[1.0; 8], &targets, &[1.0; 4], &mut dx);
    assert!(dx.iter().all(|dx| dx.is_nan()), "{dx:?}");
}

#[test]
fn a_probability_of_0_costs_nothing_however_unlikely() {
    let plan = SoftmaxCrossEntropyPlan::new(Targets::Probabilities, [1, 2], Isa::detect()).unwrap();
    let mut loss = [f32::NAN];
    plan.run(&[0.0, f32::NEG_INFINITY], &[1.0, 0.0], &mut loss);
    assert_eq!(loss, [0.0]);
}

#[test]
fn two_threads_give_the_bits_of_one() {
    let x = normal(3000 * 37, 4);
    let plan = SoftmaxPlan::new(SoftmaxKind::Softmax, [3000, 37], Isa::detect()).unwrap();
    let [one, two] = [1, 2].map(|threads| {
        let pool = ThreadPool::new(threads).unwrap();
        let mut y = vec![0.0; x.len()];
        pool.install(|| plan.run(&x, &mut y));
        y
    });
    assert_eq!(one, two);
}
