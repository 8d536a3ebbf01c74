//! Operation layers that compute, against numpy's and ONNX's definitions.

use crate::lowered::Lowered;
use dichroic::layers::{
    Arithmetic, ArithmeticKind, Bidirectional, Clip, CoordinateTransformation, Function, GRU,
    Layer, LocalResponseNormalization, MatMul, MathFunction, MergeMode, Mode, NearestRounding,
    Resize, SimpleRNN, WindowPooling, registry,
};
use serde_json::Value;

/// ONNX's own cubic is computed in `f32`.
const BOUND: f32 = 5e-6;

fn run(layer: &dyn Layer, inputs: &[(&[usize], &[f32])]) -> (Vec<usize>, Vec<f32>) {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|(shape, _)| shape.to_vec()).collect();
    let values: Vec<Vec<f32>> = inputs.iter().map(|(_, values)| values.to_vec()).collect();
    let mut lowered = Lowered::new(layer, &shapes, vec![], Mode::Inference).unwrap();
    let shape = lowered.output_shape().to_vec();
    lowered.run(&values, &vec![0.0; shape.iter().product()]);
    (shape, lowered.output().to_vec())
}

fn assert_close(expected: &[f32], got: &[f32], what: &str) {
    assert_eq!(expected.len(), got.len(), "{what}");
    for (i, (e, g)) in expected.iter().zip(got).enumerate() {
        let near =
            e == g || (e.is_nan() && g.is_nan()) || (e - g).abs() <= BOUND * e.abs().max(1.0);
        assert!(near, "{what} [{i}] expected {e}, got {g}");
    }
}

#[test]
fn operators_are_those_of_numpy() {
    use ArithmeticKind as K;
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    for (kind, a, b, expected) in [
        (K::Add, 1.0, 2.0, 3.0),
        (K::Subtract, 1.0, 2.0, -1.0),
        (K::Multiply, -inf, 2.0, -inf),
        (K::Divide, 1.0, 0.0, inf),
        (K::Power, -2.0, 3.0, -8.0),
        (K::Power, 2.0, -1.0, 0.5),
        (K::Power, nan, 0.0, 1.0),
        (K::Modulo, -7.0, 3.0, 2.0),
        (K::Remainder, -7.0, 3.0, -1.0),
        (K::IntegerDivide, -7.0, 2.0, -3.0),
        (K::Maximum, nan, 1.0, nan),
        (K::Minimum, 1.0, nan, nan),
        (K::Equal, nan, nan, 0.0),
        (K::NotEqual, nan, nan, 1.0),
        (K::NotEqual, 2.0, 2.0, 0.0),
        (K::Less, 1.0, 2.0, 1.0),
        (K::Less, nan, 2.0, 0.0),
        (K::LessOrEqual, 2.0, 2.0, 1.0),
        (K::Greater, 2.0, 2.0, 0.0),
        (K::GreaterOrEqual, 2.0, 2.0, 1.0),
        (K::And, 2.0, -1.0, 1.0),
        (K::Or, 0.0, 0.0, 0.0),
        (K::Xor, 2.0, 1.0, 0.0),
        (K::BitwiseAnd, 6.0, 3.0, 2.0),
        (K::BitwiseOr, 6.0, 3.0, 7.0),
        (K::BitwiseXor, 6.0, 3.0, 5.0),
        (K::ShiftLeft, 5.0, 2.0, 20.0),
        (K::ShiftRight, 5.0, 1.0, 2.0),
        (K::ParametricRelu, -2.0, 0.25, -0.5),
        (K::ParametricRelu, 2.0, 0.25, 2.0),
    ] {
        let layer = Arithmetic::new(kind);
        let (shape, y) = run(&layer, &[(&[1], &[a]), (&[], &[b])]);
        assert_eq!(shape, [1]);
        assert_close(&[expected], &y, &format!("{kind:?}({a}, {b})"));
    }
}

#[test]
fn the_batch_is_stretched_like_any_axis() {
    let layer = Arithmetic::new(ArithmeticKind::Power);
    let (shape, y) = run(&layer, &[(&[1, 2], &[2.0, 3.0]), (&[3, 1], &[0.0, 1.0, 2.0])]);
    assert_eq!(shape, [3, 2]);
    assert_eq!(y, [1.0, 1.0, 2.0, 3.0, 4.0, 9.0]);
}

#[test]
fn functions_are_those_of_onnx() {
    use MathFunction as F;
    let x = [-2.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5];
    let each = |f: fn(f32) -> f32| x.map(f).to_vec();
    for (function, expected) in [
        (F::Abs, each(f32::abs)),
        (F::Round, vec![-2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0]),
        (F::Floor, each(f32::floor)),
        (F::Trunc, each(f32::trunc)),
        (F::Exp, each(f32::exp)),
        (F::Asinh, each(f32::asinh)),
        (F::Acosh, each(f32::acosh)),
        (F::Log, each(f32::ln)),
        (F::Sign, vec![-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0]),
        (F::Not, vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        (F::HardSigmoid { alpha: 0.2, beta: 0.5 }, each(|x| (0.2 * x + 0.5).clamp(0.0, 1.0))),
        (F::HardSilu, each(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0))),
        (F::ThresholdedRelu { alpha: 0.5 }, vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.5]),
        (F::Shrink { threshold: 0.5, bias: 0.25 }, vec![-2.25, -0.75, 0.0, 0.0, 0.0, 0.75, 2.25]),
        (F::Elu { alpha: 2.0 }, each(|x| if x < 0.0 { 2.0 * x.exp_m1() } else { x })),
        (
            F::Selu { alpha: 2.0, gamma: 3.0 },
            each(|x| if x < 0.0 { 6.0 * x.exp_m1() } else { 3.0 * x }),
        ),
        (F::Celu { alpha: 2.0 }, each(|x| if x < 0.0 { 2.0 * (x / 2.0).exp_m1() } else { x })),
        (F::Swish { alpha: 2.0 }, each(|x| x / (1.0 + (-2.0 * x).exp()))),
        (F::Affine { scale: -1.0, offset: -1.0 }, each(|x| -x - 1.0)),
    ] {
        let (_, y) = run(&Function::new(function), &[(&[7], &x)]);
        assert_close(&expected, &y, &format!("{function:?}"));
    }
}

#[test]
fn the_upper_bound_wins_where_bounds_cross() {
    let x = [-3.0, 0.5, 3.0, f32::NAN];
    for (layer, expected) in [
        (Clip::new(-1.0, 1.0), [-1.0, 0.5, 1.0, f32::NAN]),
        (Clip::new(None, 1.0), [-3.0, 0.5, 1.0, f32::NAN]),
        (Clip::new(0.0, None), [0.0, 0.5, 3.0, f32::NAN]),
        (Clip::new(None, None), [-3.0, 0.5, 3.0, f32::NAN]),
    ] {
        assert_close(&expected, &run(&layer, &[(&[4], &x)]).1, &format!("{layer:?}"));
    }
    assert_eq!(run(&Clip::new(2.0, 1.0), &[(&[3], &x[..3])]).1, [1.0; 3]);
}

#[test]
fn products_follow_the_rules_of_numpy() {
    let counted = |len: usize| (0..len).map(|i| i as f32).collect::<Vec<f32>>();
    let product = |a: &[usize], b: &[usize]| {
        let (x, y) = (counted(a.iter().product()), counted(b.iter().product()));
        run(&MatMul::new(), &[(a, &x), (b, &y)])
    };
    assert_eq!(product(&[3], &[3]), (vec![], vec![5.0]));
    assert_eq!(product(&[2], &[2, 3]), (vec![3], vec![3.0, 4.0, 5.0]));
    assert_eq!(product(&[2, 2], &[2]), (vec![2], vec![1.0, 3.0]));
    let batch = (vec![2, 1, 1], vec![1.0, 13.0]);
    assert_eq!(product(&[2, 1, 2], &[2, 2, 1]), batch);
    assert_eq!(product(&[1, 2], &[2, 2, 1]), (vec![2, 1, 1], vec![1.0, 3.0]));
    assert_eq!(product(&[2, 2, 1], &[1, 2]).0, [2, 2, 2]);
}

#[test]
fn a_mean_counts_padding_as_zeros_but_not_what_lies_beyond() {
    let x = [1.0, 2.0, 3.0, 4.0];
    let pool = WindowPooling::average([3]).strides([2]).padding([[1, 1]]).ceil_mode(true);
    let y = |layer: &WindowPooling| run(layer, &[(&[1, 4, 1], &x)]).1;
    assert_eq!(y(&pool), [1.5, 3.0, 4.0]);
    assert_eq!(y(&pool.count_include_pad(true)), [1.0, 3.0, 2.0]);
}

#[test]
fn windows_may_have_gaps_and_norms() {
    let x: Vec<f32> = (0..9).map(|i| i as f32 - 4.0).collect();
    let pool = |layer: WindowPooling| run(&layer, &[(&[1, 3, 3, 1], &x)]).1;
    assert_eq!(pool(WindowPooling::max([2, 2]).dilation_rate([2, 2])), [4.0]);
    assert_eq!(pool(WindowPooling::average([2, 1]).dilation_rate([2, 1])), [-1.0, 0.0, 1.0]);
    assert_eq!(pool(WindowPooling::lp([3, 1], 1)), [7.0, 6.0, 7.0]);
    let squares = [21.0_f32, 18.0, 21.0].map(f32::sqrt);
    assert_close(&squares, &pool(WindowPooling::lp([3, 1], 2)), "p = 2");
    let cubes = [73.0_f32, 54.0, 73.0].map(f32::cbrt);
    assert_close(&cubes, &pool(WindowPooling::lp([3, 1], 3)), "p = 3");
    let wide = WindowPooling::max([2, 2]).padding([[2, 0], [0, 0]]);
    assert_eq!(pool(wide)[..2], [f32::NEG_INFINITY; 2]);
}

#[test]
fn channels_are_divided_by_their_neighbours() {
    let x = [1.0, 2.0, 3.0, 4.0];
    for beta in [0.5, 0.75, 1.0, 0.6] {
        let layer = LocalResponseNormalization::new(4, 2.0, beta, 1.5);
        // One channel before, two after.
        let sums = [14.0_f32, 30.0, 29.0, 25.0];
        let expected: Vec<f32> =
            x.iter().zip(sums).map(|(x, sum)| x / (1.5 + 0.5 * sum).powf(beta)).collect();
        assert_close(&expected, &run(&layer, &[(&[1, 1, 4], &x)]).1, &format!("beta {beta}"));
    }
}

/// The cases of `tests/golden/resize.json`, which says how they were made.
#[test]
fn resizing_is_that_of_onnx() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/resize.json");
    let text = std::fs::read_to_string(path).expect("tests/golden/resize.json");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    let list = |case: &Value, key: &str| -> Vec<f32> {
        serde_json::from_value(case[key].clone()).expect("numbers")
    };
    let sizes = |case: &Value, key: &str| -> Vec<usize> {
        serde_json::from_value(case[key].clone()).expect("sizes")
    };
    let cases = index["cases"].as_array().expect("cases");
    assert!(cases.len() > 100);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let config = case["config"].as_object().expect("a configuration");
        let mut with_all = Resize::new([0]).config();
        with_all.extend(config.clone());
        let layer = registry::from_config("Resize", &with_all).expect(name);
        let (shape, input) = (sizes(case, "shape"), list(case, "input"));
        let (got, y) = run(layer.as_ref(), &[(&shape, &input)]);
        assert_eq!(got, sizes(case, "output_shape"), "{name}");
        assert_close(&list(case, "output"), &y, name);
    }
}

#[test]
fn the_oldest_coordinates_are_the_middles_of_new_cells() {
    let layer = Resize::new([0])
        .sizes([4])
        .rounding(NearestRounding::Floor)
        .coordinate_transformation(CoordinateTransformation::TfHalfPixelForNn);
    // (x + ½) · 6 / 4, rounded down
    assert_eq!(run(&layer, &[(&[6], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])]).1, [0.0, 2.0, 3.0, 5.0]);
}

#[test]
fn a_state_given_goes_on_where_a_sequence_ended() {
    let weights = |layer: &dyn Layer| -> Vec<Vec<f32>> {
        let specs = layer.weights(&[dichroic::Shape::batched(&[4, 2])]).unwrap();
        let values = |len: usize| (0..len).map(|i| ((i * 7 % 11) as f32 - 5.0) / 8.0).collect();
        specs.iter().map(|spec| values(spec.elements().unwrap())).collect()
    };
    let x: Vec<f32> = (0..8).map(|i| (i * 3 % 5) as f32 - 2.0).collect();
    let layers: [Box<dyn Layer>; 2] = [Box::new(GRU::new(3)), Box::new(SimpleRNN::new(3))];
    for layer in &layers {
        let after = |steps: &[f32], state: Option<&[f32]>| {
            let shapes = [vec![1, steps.len() / 2, 2], vec![1, 3]];
            let inputs = [Some(steps), state].into_iter().flatten().map(<[f32]>::to_vec);
            let inputs: Vec<Vec<f32>> = inputs.collect();
            let (layer, shapes) = (layer.as_ref(), &shapes[..inputs.len()]);
            let mut lowered = Lowered::new(layer, shapes, weights(layer), Mode::Inference).unwrap();
            lowered.run(&inputs, &[0.0; 3]);
            lowered.output().to_vec()
        };
        let half = after(&x[..4], None);
        assert_close(&after(&x, None), &after(&x[4..], Some(&half)), layer.class_name());
    }
}

#[test]
fn both_directions_meet_at_the_same_step() {
    let values = |len: usize, shift: usize| -> Vec<f32> {
        (0..len).map(|i| (((i + shift) * 7 % 11) as f32 - 5.0) / 8.0).collect()
    };
    let forward = GRU::new(2).return_sequences(true);
    let backward = forward.clone().go_backwards(true);
    let specs = forward.weights(&[dichroic::Shape::batched(&[4, 3])]).unwrap();
    let draw = |shift| -> Vec<Vec<f32>> {
        specs.iter().map(|spec| values(spec.elements().unwrap(), shift)).collect()
    };
    let alone = |layer: &dyn Layer, weights: Vec<Vec<f32>>| {
        let shapes = [vec![1, 4, 3]];
        let mut lowered = Lowered::new(layer, &shapes, weights, Mode::Inference).unwrap();
        let len = lowered.output_shape().iter().product();
        lowered.run(&[values(12, 3)], &vec![0.0; len]);
        lowered.output().to_vec()
    };
    let (there, back) = (alone(&forward, draw(0)), alone(&backward, draw(5)));
    let meeting = there.chunks(2).zip(back.chunks(2).rev());
    for (mode, expected) in [
        (MergeMode::Concat, meeting.clone().flat_map(|(a, b)| [a, b].concat()).collect()),
        (MergeMode::Sum, pairs(meeting.clone(), |a, b| a + b)),
        (MergeMode::Mul, pairs(meeting.clone(), |a, b| a * b)),
        (MergeMode::Ave, pairs(meeting.clone(), |a, b| (a + b) / 2.0)),
    ] {
        let both = Bidirectional::new(forward.clone()).merge_mode(mode);
        let got = alone(&both, [draw(0), draw(5)].concat());
        assert_close(&expected, &got, mode.word());
    }
}

fn pairs<'a>(
    steps: impl Iterator<Item = (&'a [f32], &'a [f32])>,
    merge: fn(f32, f32) -> f32,
) -> Vec<f32> {
    steps.flat_map(|(a, b)| a.iter().zip(b).map(move |(&a, &b)| merge(a, b))).collect()
}
