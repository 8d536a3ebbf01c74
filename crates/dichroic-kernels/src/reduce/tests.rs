use super::*;
use crate::parallel::ThreadPool;
use crate::rng::Stream;
use proptest::prelude::*;

const KINDS: [ReduceKind; 5] =
    [ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max, ReduceKind::Min, ReduceKind::ArgMax];

/// Small whole numbers, whose sums are exact in any order.
fn whole_numbers(len: usize) -> Vec<f32> {
    let mut words = vec![0; len];
    Stream { seed: 3, step: 0, op: 0 }.fill_u32(0, &mut words);
    words.iter().map(|word| (word % 9) as f32 - 4.0).collect()
}

fn run(plan: &ReducePlan, x: &[f32]) -> Vec<f32> {
    let mut y = vec![f32::NAN; plan.output_len()];
    let mut scratch = vec![f32::NAN; plan.scratch_len()];
    plan.run(x, &mut y, &mut scratch);
    y
}

fn check(shape: &[usize], axes: &[usize]) {
    let x = whole_numbers(shape.iter().product());
    for kind in KINDS {
        for isa in Isa::available() {
            let plan = match ReducePlan::new(kind, shape, axes, isa) {
                Ok(plan) => plan,
                Err(_) => {
                    let empty = axes.iter().any(|&axis| shape[axis] == 0);
                    assert!(kind == ReduceKind::ArgMax && empty, "{kind:?} {shape:?} {axes:?}");
                    continue;
                }
            };
            let (got, expected) = (run(&plan, &x), reference::reduce(kind, &x, shape, axes));
            assert_eq!(got.len(), expected.len());
            for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
                let near = (got - expected).abs() <= 1e-6 * expected.abs();
                let same = got == expected || (got.is_nan() && expected.is_nan());
                assert!(
                    same || (kind == ReduceKind::Mean && near),
                    "{kind:?} {shape:?} {axes:?} {isa} {i}: {got}, not {expected}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_axes_of_any_shape_are_reduced(axes in prop::collection::vec((0..8usize, any::<bool>()), 0..5)) {
        let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let reduced: Vec<usize> = (0..axes.len()).filter(|&axis| axes[axis].1).collect();
        check(&shape, &reduced);
    }
}

#[test]
fn long_sums_of_every_form_are_exact_for_whole_numbers() {
    for (shape, axes) in [
        (&[20_003][..], &[0][..]),
        (&[3, 20_003], &[1]),
        (&[20_003, 3], &[0]),
        (&[700, 33], &[0]),
        (&[2, 700, 33], &[1]),
        (&[9, 5, 4000], &[0, 2]),
        (&[2, 9000, 2, 2], &[1, 3]),
        (&[4, 9000, 3], &[0, 1]),
        (&[3, 2, 8193], &[0, 2]),
    ] {
        check(shape, axes);
    }
}

#[test]
fn a_long_sum_loses_little() {
    let mut x = vec![0.0; 3_000_000];
    Stream { seed: 4, step: 0, op: 0 }.fill_uniform(0, &mut x);
    let exact: f64 = x.iter().map(|&x| f64::from(x)).sum();
    for shape in [vec![3_000_000, 1], vec![1, 3_000_000], vec![1_000_000, 3]] {
        let plan = ReducePlan::new(ReduceKind::Sum, &shape, &[0, 1], Isa::detect()).unwrap();
        let relative = (f64::from(run(&plan, &x)[0]) / exact - 1.0).abs();
        assert!(relative < 1e-7, "{shape:?}: {relative}");
    }
    let plan = ReducePlan::new(ReduceKind::Sum, &[1_000_000, 3], &[0], Isa::detect()).unwrap();
    for (c, got) in run(&plan, &x).into_iter().enumerate() {
        let exact: f64 = x.iter().skip(c).step_by(3).map(|&x| f64::from(x)).sum();
        assert!((f64::from(got) / exact - 1.0).abs() < 1e-6, "{got}, not {exact}");
    }
}

#[test]
fn nan_is_the_largest_and_the_smallest() {
    let mut x = whole_numbers(100);
    x[57] = f32::NAN;
    for kind in [ReduceKind::Max, ReduceKind::Min, ReduceKind::Sum, ReduceKind::Mean] {
        let plan = ReducePlan::new(kind, &[100], &[0], Isa::detect()).unwrap();
        assert!(run(&plan, &x)[0].is_nan(), "{kind:?}");
    }
    let plan = ReducePlan::new(ReduceKind::ArgMax, &[100], &[0], Isa::detect()).unwrap();
    assert_eq!(run(&plan, &x), [57.0]);
}

#[test]
fn the_first_of_equals_is_the_largest_even_if_all_are_minus_infinity() {
    let plan = ReducePlan::new(ReduceKind::ArgMax, &[20_000], &[0], Isa::detect()).unwrap();
    assert_eq!(run(&plan, &[f32::NEG_INFINITY; 20_000]), [0.0]);
}

#[test]
fn an_axis_that_is_not_there_or_named_twice_is_refused() {
    for axes in [&[2][..], &[0, 0]] {
        assert!(ReducePlan::new(ReduceKind::Sum, &[2, 3], axes, Isa::Portable).is_err());
    }
}

#[test]
fn two_threads_give_the_bits_of_one() {
    let x: Vec<f32> = (0..300_000).map(|i| (i as f32).sin()).collect();
    for (shape, axes) in [(&[300_000][..], &[0][..]), (&[10_000, 30], &[0]), (&[10_000, 30], &[1])]
    {
        for kind in KINDS {
            let plan = ReducePlan::new(kind, shape, axes, Isa::detect()).unwrap();
            let [one, two] = [1, 2].map(|threads| {
                let pool = ThreadPool::new(threads).unwrap();
                pool.install(|| run(&plan, &x))
            });
            assert_eq!(one, two);
        }
    }
}
