use super::*;
use crate::conv::OutputChannels;
use crate::isa::Isa;
use crate::parallel::ThreadPool;
use crate::rng::Stream;
use proptest::prelude::*;

const KINDS: [PoolKind; 2] = [PoolKind::Max, PoolKind::Average];

fn problems() -> impl Strategy<Value = PoolProblem> {
    let three = |range: std::ops::Range<usize>| [range.clone(), range.clone(), range];
    let channels = prop_oneof![0..6usize, 14..18usize, 63..67usize, Just(130)];
    ((0..3usize, channels), three(0..7), three(1..4), three(1..4), three(0..3), three(0..3))
        .prop_map(|((batch, channels), input, window, strides, before, after)| {
            let within =
                |pad: [usize; 3]| std::array::from_fn(|axis| pad[axis].min(window[axis] - 1));
            let (pad_before, pad_after) = (within(before), within(after));
            PoolProblem { batch, channels, input, window, strides, pad_before, pad_after }
        })
}

/// Small whole numbers: many equal ones, so that the first largest is put to the test.
fn whole_numbers(len: usize, op: u32) -> Vec<f32> {
    let mut words = vec![0; len];
    Stream { seed: 3, step: 0, op }.fill_u32(0, &mut words);
    words.iter().map(|word| (word % 5) as f32 - 2.0).collect()
}

fn check(p: PoolProblem) {
    let (x, dy) = (whole_numbers(p.input_len(), 0), whole_numbers(p.output_len(), 1));
    for kind in KINDS {
        for isa in Isa::available() {
            let mut y = vec![f32::NAN; dy.len()];
            PoolForward::new(kind, p, isa).unwrap().run(&x, &mut y);
            let (first, total) = (3, p.channels + 20);
            let mut wide = vec![7.5; y.len().checked_div(p.channels).unwrap_or(0) * total];
            if p.channels > 0 {
                let range = OutputChannels::Range { first, total };
                PoolForward::new(kind, p, isa).unwrap().into_channels(range).run(&x, &mut wide);
            }
            for (wide, y) in wide.chunks_exact(total).zip(y.chunks_exact(p.channels.max(1))) {
                assert_eq!(&wide[first..first + p.channels], y, "{kind:?} {p:?} {isa}");
                assert!(wide[..first].iter().chain(&wide[first + y.len()..]).all(|x| *x == 7.5));
            }
            let mut dx = vec![f32::NAN; x.len()];
            PoolGradient::new(kind, p, isa).unwrap().run(&x, &dy, &mut dx);
            let expected = reference::forward(kind, &p, &x);
            let expected_dx = reference::gradient(kind, &p, &x, &dy);
            for (i, (got, expected)) in
                y.iter().chain(&dx).zip(expected.iter().chain(&expected_dx)).enumerate()
            {
                let bound = if kind == PoolKind::Max { 0.0 } else { 1e-5 };
                assert!(
                    (got - expected).abs() <= bound,
                    "{kind:?} {p:?} {isa} {i}: {got}, not {expected}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn pooling_and_its_gradient_are_what_their_definitions_say(p in problems()) {
        check(p);
    }
}

fn plane(input: [usize; 2], window: usize, strides: usize) -> PoolProblem {
    PoolProblem {
        batch: 1,
        channels: 1,
        input: [1, input[0], input[1]],
        window: [1, window, window],
        strides: [1, strides, strides],
        pad_before: [0; 3],
        pad_after: [0; 3],
    }
}

#[test]
fn a_window_larger_than_the_input_gives_nothing() {
    let p = plane([2, 5], 3, 1);
    assert_eq!(p.output(), [1, 0, 3]);
    check(p);
}

#[test]
fn bands_of_a_sample_meet_at_windows_that_overlap() {
    for input in [[1, 61, 45], [23, 13, 9], [1, 1, 2500]] {
        for (window, strides) in [(3, 2), (2, 2), (3, 1), (2, 3)] {
            let [window, strides] =
                [window, strides].map(|n| input.map(|size| if size == 1 { 1 } else { n }));
            let pad_before = window.map(|window| window / 2);
            let p = PoolProblem {
                batch: 1,
                channels: 70,
                input,
                window,
                strides,
                pad_before,
                pad_after: [0; 3],
            };
            check(p);
        }
    }
}

#[test]
fn padding_is_never_the_largest_and_never_counted() {
    let p = PoolProblem { pad_after: [0, 1, 1], ..plane([3, 3], 2, 2) };
    let x = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0];
    let mut y = [0.0; 4];
    PoolForward::new(PoolKind::Max, p, Isa::detect()).unwrap().run(&x, &mut y);
    assert_eq!(y, [-1.0, -3.0, -7.0, -9.0]);
    PoolForward::new(PoolKind::Average, p, Isa::detect()).unwrap().run(&x, &mut y);
    assert_eq!(y, [-3.0, -4.5, -7.5, -9.0]);
}

#[test]
fn the_first_largest_gets_the_whole_gradient() {
    let p = plane([2, 2], 2, 1);
    let mut dx = [f32::NAN; 4];
    let plan = PoolGradient::new(PoolKind::Max, p, Isa::detect()).unwrap();
    plan.run(&[1.0, 7.0, 7.0, 7.0], &[5.0], &mut dx);
    assert_eq!(dx, [0.0, 5.0, 0.0, 0.0]);
    plan.run(&[f32::NEG_INFINITY; 4], &[5.0], &mut dx);
    assert_eq!(dx, [5.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nan_in_a_window_comes_out() {
    let plan = PoolForward::new(PoolKind::Max, plane([2, 2], 2, 1), Isa::detect()).unwrap();
    let mut y = [0.0];
    plan.run(&[1.0, f32::NAN, 3.0, 0.0], &mut y);
    assert!(y[0].is_nan());
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let p = plane([4, 4], 2, 2);
    for wrong in [
        PoolProblem { window: [1, 0, 2], ..p },
        PoolProblem { strides: [1, 1, 0], ..p },
        PoolProblem { pad_before: [0, 2, 0], ..p },
        PoolProblem { batch: usize::MAX, ..p },
    ] {
        assert!(wrong.validate().is_err(), "{wrong:?}");
    }
}

#[test]
fn two_threads_give_the_bits_of_one() {
    let p = PoolProblem { batch: 5, channels: 19, ..plane([33, 31], 3, 2) };
    let x: Vec<f32> = (0..p.input_len()).map(|i| (i as f32).sin()).collect();
    let dy: Vec<f32> = (0..p.output_len()).map(|i| (i as f32).cos()).collect();
    for kind in KINDS {
        let [one, two] = [1, 2].map(|threads| {
            let pool = ThreadPool::new(threads).unwrap();
            let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
            pool.install(|| {
                PoolForward::new(kind, p, Isa::detect()).unwrap().run(&x, &mut y);
                PoolGradient::new(kind, p, Isa::detect()).unwrap().run(&x, &dy, &mut dx);
            });
            (y, dx)
        });
        assert_eq!(one, two);
    }
}
