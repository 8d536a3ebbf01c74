//! Layers without golden numbers, against their definition in plain loops.

use crate::lowered::Lowered;
use dichroic::layers::{
    Activation, FlipMode, GroupNormalization, Layer, Mode, RandomContrast, RandomFlip,
    SharedConv1D, UnitNormalization,
};

fn run(layer: &dyn Layer, shape: &[usize], weights: Vec<Vec<f32>>, x: &[f32]) -> Vec<f32> {
    run_in(Mode::Inference, layer, shape, weights, x)
}

fn run_in(
    mode: Mode,
    layer: &dyn Layer,
    shape: &[usize],
    weights: Vec<Vec<f32>>,
    x: &[f32],
) -> Vec<f32> {
    let mut lowered = Lowered::new(layer, &[shape.to_vec()], weights, mode).unwrap();
    let direction = vec![0.0; lowered.output_shape().iter().product()];
    lowered.run(&[x.to_vec()], &direction);
    lowered.output().to_vec()
}

fn assert_close(expected: &[f32], got: &[f32]) {
    assert_eq!(expected.len(), got.len());
    for (i, (e, g)) in expected.iter().zip(got).enumerate() {
        assert!((e - g).abs() <= 1e-5, "[{i}] expected {e}, got {g}");
    }
}

#[test]
fn sparsemax_is_the_nearest_point_whose_values_sum_to_one() {
    let sparsemax = Activation::new("sparsemax");
    let x = [0.0, 0.5, 1.0, 3.0, 1.0, 0.0, 0.2, 0.2, 0.2];
    let third = 1.0 / 3.0;
    let expected = [0.0, 0.25, 0.75, 1.0, 0.0, 0.0, third, third, third];
    assert_close(&expected, &run(&sparsemax, &[3, 3], vec![], &x));
    let close_together = [0.1, 0.2, 0.3, 0.4, 0.5];
    let expected = [0.0, 0.1, 0.2, 0.3, 0.4];
    assert_close(&expected, &run(&sparsemax, &[1, 5], vec![], &close_together));
}

#[test]
fn group_normalization_takes_the_moments_of_each_group() {
    let x: Vec<f32> = (0..2 * 3 * 4).map(|i| ((i * 7) % 11) as f32 - 4.0).collect();
    let (gamma, beta) = (vec![1.0, 2.0, -1.0, 0.5], vec![0.0, 1.0, 0.5, -2.0]);
    let mut expected = vec![0.0; x.len()];
    for (n, group) in (0..2).flat_map(|n| (0..2).map(move |group| (n, group))) {
        let places = (0..3).flat_map(|w| (0..2).map(move |c| (w, 2 * group + c)));
        let at = |w: usize, c: usize| (n * 3 + w) * 4 + c;
        let values: Vec<f32> = places.clone().map(|(w, c)| x[at(w, c)]).collect();
        let mean = values.iter().sum::<f32>() / 6.0;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / 6.0;
        for (w, c) in places {
            let normal = (x[at(w, c)] - mean) / (variance + 1e-3).sqrt();
            expected[at(w, c)] = gamma[c] * normal + beta[c];
        }
    }
    let layer = GroupNormalization::new().groups(2);
    assert_close(&expected, &run(&layer, &[2, 3, 4], vec![gamma, beta], &x));
}

#[test]
fn unit_normalization_makes_vectors_of_length_one_and_keeps_zeros() {
    let expected = [0.6, 0.8, 0.0, 0.0];
    let x = [3.0, 4.0, 0.0, 0.0];
    assert_close(&expected, &run(&UnitNormalization::new(), &[2, 2], vec![], &x));
}

#[test]
fn a_shared_convolution_meets_every_channel_with_one_kernel() {
    let x: Vec<f32> = (0..5 * 3).map(|i| ((i * 5) % 7) as f32).collect();
    let kernel = vec![1.0, -1.0, 2.0, 0.5];
    let mut expected = vec![0.0; 4 * 2];
    for (ow, oc) in (0..4).flat_map(|ow| (0..2).map(move |oc| (ow, oc))) {
        for (kw, ic) in (0..2).flat_map(|kw| (0..3).map(move |ic| (kw, ic))) {
            expected[ow * 2 + oc] += x[(ow + kw) * 3 + ic] * kernel[kw * 2 + oc];
        }
    }
    let layer = SharedConv1D::new(2, 2).use_bias(false);
    assert_close(&expected, &run(&layer, &[1, 5, 3], vec![kernel], &x));
}

#[test]
fn every_picture_is_mirrored_or_left_as_it_is_and_some_are_either() {
    let (pictures, height, width) = (16, 3, 5);
    let x: Vec<f32> = (0..pictures * height * width).map(|i| i as f32).collect();
    let layer = RandomFlip::new(FlipMode::HorizontalAndVertical);
    let y = run_in(Mode::Training, &layer, &[pictures, height, width, 1], vec![], &x);
    let mut seen = std::collections::BTreeSet::new();
    for (x, y) in x.chunks_exact(height * width).zip(y.chunks_exact(height * width)) {
        let turned = |rows: bool, columns: bool| -> Vec<f32> {
            let at = |place: usize| {
                let (row, column) = (place / width, place % width);
                let row = if rows { height - 1 - row } else { row };
                let column = if columns { width - 1 - column } else { column };
                x[row * width + column]
            };
            (0..height * width).map(at).collect()
        };
        let all = [(false, false), (false, true), (true, false), (true, true)];
        seen.insert(all.into_iter().find(|&(rows, columns)| turned(rows, columns) == y));
    }
    assert!(!seen.contains(&None), "a picture is none of the four");
    assert_eq!(seen.len(), 4, "of 16 pictures each of the four is there");
}

#[test]
fn contrast_changes_the_distances_to_the_mean_within_its_bounds() {
    let x: Vec<f32> = (0..8 * 4).map(|i| 100.0 + (i % 4) as f32).collect();
    let layer = RandomContrast::new(0.5);
    let y = run_in(Mode::Training, &layer, &[8, 2, 2, 1], vec![], &x);
    let spans: Vec<f32> =
        y.chunks_exact(4).map(|picture| (picture[3] - picture[0]) / 3.0).collect();
    assert!(spans.iter().all(|span| (0.5..=1.5).contains(span)), "{spans:?}");
    assert!(spans.iter().any(|span| *span < 0.9) && spans.iter().any(|span| *span > 1.1));
    for picture in y.chunks_exact(4) {
        assert!((picture.iter().sum::<f32>() / 4.0 - 101.5).abs() < 1e-3);
    }
}
