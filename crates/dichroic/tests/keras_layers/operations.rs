//! Operation layers: what the walk over the registry gives them, and their values against numpy's rules.

use crate::lowered::Lowered;
use dichroic::layers::{
    ArgExtreme, BlockOrder, BroadcastTo, Concatenate, Constant, CumulativeSum, DepthToSpace,
    Gather, GatherElements, GatherND, Layer, Mode, NonMaxSuppression, OneHotAxis, PadAxes, PadMode,
    Reduction, ReductionKind, ReshapeAll, ScatterElements, ScatterND, ScatterReduction,
    SpaceToDepth, StridedSlice, Take, Tile, TopK, Transpose, Trilu, Where,
};

/// Small inputs of an operation whose inputs are not one value of rank 3.
pub fn input_shapes(class_name: &str) -> Option<Vec<Vec<usize>>> {
    let shapes: &[&[usize]] = match class_name {
        // What moves or chooses values.
        "DepthToSpace" => &[&[2, 2, 1, 8]],
        "Gather" => &[&[2, 3, 4], &[2, 2]],
        "GatherElements" => &[&[2, 3, 4], &[2, 2, 2]],
        "GatherND" => &[&[2, 3, 4], &[2, 2]],
        "GridSample" => &[&[2, 3, 4, 2], &[2, 2, 5, 2]],
        "NonMaxSuppression" => &[&[2, 3, 4], &[2, 2, 3]],
        "RoiAlign" => &[&[2, 5, 4, 2], &[3, 4], &[3]],
        "ScatterElements" => &[&[2, 3, 4], &[2, 2, 2], &[2, 2, 2]],
        "ScatterND" => &[&[2, 3, 4], &[2, 2], &[2, 4]],
        "SpaceToDepth" => &[&[2, 4, 2, 3]],
        "Squeeze" => &[&[2, 3, 1]],
        "Where" => &[&[2, 1, 4], &[2, 3, 4], &[4]],
        // What computes.
        "Arithmetic" => &[&[2, 3, 4], &[3, 1]],
        "MatMul" => &[&[2, 3, 4], &[4, 2]],
        "Resize" | "WindowPooling" => &[&[2, 5, 4, 2]],
        _ => return None,
    };
    Some(shapes.iter().map(|shape| shape.to_vec()).collect())
}

/// The inputs of an operation that hold indices or the like, which have no gradient, and their values.
pub fn indices(class_name: &str) -> Vec<(usize, &'static [f32])> {
    match class_name {
        "Gather" => vec![(1, &[2.0, 0.0, -1.0, 2.0])],
        "GatherElements" => vec![(1, &[2.0, 0.0, -1.0, 2.0, 0.0, 0.0, 1.0, 2.0])],
        "GatherND" => vec![(1, &[1.0, 2.0, 0.0, -1.0])],
        // The slopes of a grid break where it crosses a place.
        "GridSample" => vec![(1, GRID)],
        "RoiAlign" => vec![
            (1, &[0.2, 0.3, 2.5, 3.9, 1.0, 1.0, 3.0, 2.0, -1.0, 0.0, 9.0, 2.0]),
            (2, &[1.0, 0.0, 1.0]),
        ],
        "ScatterElements" => vec![(1, &[2.0, 0.0, 0.0, 1.0, 0.0, -1.0, 1.0, 1.0])],
        "ScatterND" => vec![(1, &[1.0, 2.0, 0.0, 2.0])],
        "Where" => vec![(0, &[1.0, 0.0, -1.0, 0.0, 0.0, 2.0, 1.0, 1.0])],
        _ => Vec::new(),
    }
}

/// Coordinates of 20 places, some of them outside.
const GRID: &[f32] = &[
    -1.3, -0.9, -0.7, 0.1, 0.2, 0.3, 0.9, 1.2, 0.6, -0.4, -0.2, 0.8, 0.1, -0.1, 0.4, 0.7, -0.6,
    -0.8, 1.0, 0.5, 0.3, -0.3, 0.7, 0.9, -0.9, 0.2, 0.0, 0.4, -0.5, 0.6, 0.8, -0.7, 0.2, 0.9, -0.1,
    -1.1, 0.5, 0.0, -0.4, 0.3,
];

/// 0, 1, 2, …
fn count(shape: &[usize]) -> Vec<f32> {
    (0..shape.iter().product()).map(|i: usize| i as f32).collect()
}

/// The shape and values that a layer without weights gives for these inputs.
fn run(layer: &dyn Layer, inputs: &[(&[usize], Vec<f32>)]) -> (Vec<usize>, Vec<f32>) {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|(shape, _)| shape.to_vec()).collect();
    let values: Vec<Vec<f32>> = inputs.iter().map(|(_, values)| values.clone()).collect();
    let mut lowered = Lowered::new(layer, &shapes, vec![], Mode::Inference).unwrap();
    let shape = lowered.output_shape().to_vec();
    lowered.run(&values, &vec![0.0; shape.iter().product()]);
    (shape, lowered.output().to_vec())
}

/// As [`run`] for one input that counts.
fn of_counted(layer: &dyn Layer, shape: &[usize]) -> (Vec<usize>, Vec<f32>) {
    run(layer, &[(shape, count(shape))])
}

#[test]
fn a_transpose_moves_the_batch_too() {
    let (shape, y) = of_counted(&Transpose::new([2, 0, -2]), &[2, 1, 3]);
    assert_eq!((shape, y), (vec![3, 2, 1], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
}

#[test]
fn reshapes_keep_the_order_of_values_even_of_none() {
    assert_eq!(of_counted(&ReshapeAll::new([-1, 0]), &[4, 3]), (vec![4, 3], count(&[4, 3])));
    assert_eq!(of_counted(&ReshapeAll::new([]), &[1, 1]), (vec![], vec![0.0]));
    assert_eq!(of_counted(&ReshapeAll::new([-1, 5]), &[0, 3]), (vec![0, 5], vec![]));
}

#[test]
fn a_slice_takes_the_places_that_python_takes() {
    let slice = |start, stop, step| StridedSlice::new([-1], [start], [stop], [step]);
    let places = |layer: &StridedSlice| of_counted(layer, &[1, 6]).1;
    assert_eq!(places(&slice(1, -1, 2)), [1.0, 3.0]);
    assert_eq!(places(&slice(-1, i64::MIN, -2)), [5.0, 3.0, 1.0]);
    assert_eq!(places(&slice(4, 1, -1)), [4.0, 3.0, 2.0]);
    assert_eq!(places(&slice(0, i64::MAX, 1)), count(&[6]));
    assert_eq!(of_counted(&slice(3, 3, 1), &[2, 6]), (vec![2, 0], vec![]));
    let both = StridedSlice::new([0, 1], [-1, 0], [i64::MIN, 2], [-1, 1]);
    assert_eq!(of_counted(&both, &[2, 3]).1, [3.0, 4.0, 0.0, 1.0]);
}

#[test]
fn places_are_taken_by_fixed_indices_and_by_an_input() {
    let expected = (vec![2, 2], vec![2.0, 1.0, 5.0, 4.0]);
    assert_eq!(of_counted(&Take::new([-1, 1], 1), &[2, 3]), expected);
    let inputs: [(&[usize], Vec<f32>); 2] = [(&[2, 3], count(&[2, 3])), (&[2], vec![-1.0, 1.0])];
    assert_eq!(run(&Gather::new(1), &inputs), expected);
    assert_eq!(of_counted(&Take::new([], 0), &[2, 3]), (vec![0, 3], vec![]));
    let outside: [(&[usize], Vec<f32>); 2] = [(&[3], count(&[3])), (&[2], vec![3.0, 2.0])];
    let (_, y) = run(&Gather::new(0), &outside);
    assert!(y[0].is_nan() && y[1] == 2.0, "{y:?}");
}

#[test]
fn borders_are_those_of_numpy() {
    let pad = |pair, mode| PadAxes::new([[0, 0], pair], mode).value(9.0);
    let padded = |layer: PadAxes| of_counted(&layer, &[1, 4]).1;
    assert_eq!(padded(pad([1, 2], PadMode::Constant)), [9.0, 0.0, 1.0, 2.0, 3.0, 9.0, 9.0]);
    assert_eq!(padded(pad([-1, 1], PadMode::Constant)), [1.0, 2.0, 3.0, 9.0]);
    assert_eq!(padded(pad([2, -1], PadMode::Reflect)), [2.0, 1.0, 0.0, 1.0, 2.0]);
    assert_eq!(padded(pad([2, 1], PadMode::Edge)), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 3.0]);
    assert_eq!(padded(pad([2, 1], PadMode::Wrap)), [2.0, 3.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
    let batch = PadAxes::new([[1, 0], [0, 0]], PadMode::Edge);
    assert_eq!(of_counted(&batch, &[1, 2]), (vec![2, 2], vec![0.0, 1.0, 0.0, 1.0]));
}

#[test]
fn a_value_is_stretched_both_ways() {
    let expected = (vec![2, 3, 2], [0.0, 0.0, 1.0, 1.0, 2.0, 2.0].repeat(2));
    assert_eq!(of_counted(&BroadcastTo::new([2, 1, 2]), &[3, 1]), expected);
}

#[test]
fn a_choice_leaves_no_trace_of_what_it_did_not_take() {
    let inputs: [(&[usize], Vec<f32>); 3] = [
        (&[2, 1], vec![1.0, 0.0]),
        (&[3], vec![1.0, 2.0, 3.0]),
        (&[1, 1], vec![f32::NEG_INFINITY]),
    ];
    let minus = f32::NEG_INFINITY;
    assert_eq!(run(&Where::new(), &inputs), (vec![2, 3], vec![1.0, 2.0, 3.0, minus, minus, minus]));
    let one: [(&[usize], Vec<f32>); 3] =
        [(&[1, 1], vec![0.0]), (&[], vec![1.0]), (&[1], vec![2.0])];
    assert_eq!(run(&Where::new(), &one), (vec![1, 1], vec![2.0]));
}

#[test]
fn reductions_take_any_axes_and_none_of_the_values() {
    let reduce = |kind, axes: &[i64]| of_counted(&Reduction::new(kind, axes, false), &[2, 3]);
    assert_eq!(reduce(ReductionKind::Sum, &[0]), (vec![3], vec![3.0, 5.0, 7.0]));
    assert_eq!(reduce(ReductionKind::Mean, &[-1]), (vec![2], vec![1.0, 4.0]));
    assert_eq!(reduce(ReductionKind::Max, &[]), (vec![], vec![5.0]));
    assert_eq!(reduce(ReductionKind::Min, &[0, 1]), (vec![], vec![0.0]));
    assert_eq!(reduce(ReductionKind::Product, &[0]), (vec![3], vec![0.0, 4.0, 10.0]));
    let of_none = |kind| of_counted(&Reduction::new(kind, [1], true), &[1, 0]);
    assert_eq!(of_none(ReductionKind::Sum), (vec![1, 1], vec![0.0]));
    assert_eq!(of_none(ReductionKind::Max), (vec![1, 1], vec![f32::NEG_INFINITY]));
    assert_eq!(of_none(ReductionKind::Min), (vec![1, 1], vec![f32::INFINITY]));
    assert_eq!(of_none(ReductionKind::Product), (vec![1, 1], vec![1.0]));
}

#[test]
fn batches_are_joined_and_a_constant_stands_for_itself() {
    let inputs: [(&[usize], Vec<f32>); 2] = [(&[1, 2], vec![1.0, 2.0]), (&[2, 2], count(&[4]))];
    let joined = run(&Concatenate::new().axis(0), &inputs);
    assert_eq!(joined, (vec![3, 2], vec![1.0, 2.0, 0.0, 1.0, 2.0, 3.0]));
    let constant = Constant::new([2]);
    let value = vec![vec![3.0, 4.0]];
    let mut lowered = Lowered::new(&constant, &[vec![5]], value, Mode::Inference).unwrap();
    lowered.run(&[vec![0.0; 5]], &[1.0, 1.0]);
    assert_eq!(lowered.output(), [3.0, 4.0]);
}

#[test]
fn a_tiled_value_comes_again_and_again() {
    let expected = (vec![2, 4], vec![0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(of_counted(&Tile::new([2, 2]), &[1, 2]), expected);
    assert_eq!(of_counted(&Tile::new([1, 0]), &[1, 2]), (vec![1, 0], vec![]));
}

#[test]
fn the_best_come_first_and_of_equals_the_first() {
    let x = vec![1.0, 3.0, 3.0, 2.0, 3.0, 0.0];
    let top = |layer: TopK| run(&layer, &[(&[1, 6], x.clone())]).1;
    assert_eq!(top(TopK::values(4, 1, true)), [3.0, 3.0, 3.0, 2.0]);
    assert_eq!(top(TopK::indices(4, -1, true)), [1.0, 2.0, 4.0, 3.0]);
    assert_eq!(top(TopK::indices(3, 1, false)), [5.0, 0.0, 3.0]);
    let place = |layer: ArgExtreme| run(&layer, &[(&[1, 6], x.clone())]);
    assert_eq!(place(ArgExtreme::largest(1)), (vec![1], vec![1.0]));
    assert_eq!(place(ArgExtreme::largest(1).last(true).keepdims(true)), (vec![1, 1], vec![4.0]));
    assert_eq!(place(ArgExtreme::smallest(-1)).1, [5.0]);
    assert_eq!(of_counted(&ArgExtreme::largest(0), &[3, 2]), (vec![2], vec![2.0, 2.0]));
}

#[test]
fn sums_run_from_either_end() {
    let sum =
        |exclusive, reverse| of_counted(&CumulativeSum::new(1, exclusive, reverse), &[1, 4]).1;
    assert_eq!(sum(false, false), [0.0, 1.0, 3.0, 6.0]);
    assert_eq!(sum(true, false), [0.0, 0.0, 1.0, 3.0]);
    assert_eq!(sum(false, true), [6.0, 6.0, 5.0, 3.0]);
    assert_eq!(sum(true, true), [6.0, 5.0, 3.0, 0.0]);
}

#[test]
fn an_index_is_on_at_one_place_of_a_new_axis() {
    let indices: [(&[usize], Vec<f32>); 1] = [(&[4], vec![1.0, -1.0, 3.0, -4.0])];
    let (shape, y) = run(&OneHotAxis::new(3, 0).values(-1.0, 5.0), &indices);
    assert_eq!(shape, [3, 4]);
    let off = -1.0;
    assert_eq!(y, [off, off, off, off, 5.0, off, off, off, off, 5.0, off, off]);
}

#[test]
fn a_triangle_keeps_its_diagonal() {
    let values = |layer: Trilu| of_counted(&layer, &[2, 3]).1;
    assert_eq!(values(Trilu::upper_part(0)), [0.0, 1.0, 2.0, 0.0, 4.0, 5.0]);
    assert_eq!(values(Trilu::upper_part(1)), [0.0, 1.0, 2.0, 0.0, 0.0, 5.0]);
    assert_eq!(values(Trilu::lower_part(-1)), [0.0, 0.0, 0.0, 3.0, 0.0, 0.0]);
    let infinite: [(&[usize], Vec<f32>); 1] = [(&[1, 2], vec![1.0, f32::NEG_INFINITY])];
    assert_eq!(run(&Trilu::lower_part(0), &infinite).1, [1.0, 0.0]);
}

#[test]
fn channels_become_places_in_both_orders_and_back() {
    // As in the example of ONNX's DepthToSpace, with channels last.
    let (shape, dcr) = of_counted(&DepthToSpace::new(2), &[1, 1, 2, 8]);
    assert_eq!(shape, [1, 2, 4, 2]);
    assert_eq!(dcr[..8], [0.0, 1.0, 2.0, 3.0, 8.0, 9.0, 10.0, 11.0]);
    let crd = of_counted(&DepthToSpace::new(2).mode(BlockOrder::CRD), &[1, 1, 2, 8]).1;
    assert_eq!(crd[..8], [0.0, 4.0, 1.0, 5.0, 8.0, 12.0, 9.0, 13.0]);
    for mode in [BlockOrder::DCR, BlockOrder::CRD] {
        let spread = of_counted(&DepthToSpace::new(3).mode(mode), &[2, 2, 1, 18]);
        let back = SpaceToDepth::new(3).mode(mode);
        let gathered = run(&back, &[(&spread.0, spread.1)]);
        assert_eq!(gathered, (vec![2, 2, 1, 18], count(&[72])));
    }
    assert_eq!(of_counted(&SpaceToDepth::new(2), &[1, 4, 1]).0, [1, 2, 2]);
}

#[test]
fn a_box_is_passed_over_where_a_better_one_lies() {
    let boxes = [
        [0.0, 0.0, 1.0, 1.0],
        [0.0, 0.1, 1.0, 1.1],
        [0.0, -0.1, 1.0, 0.9],
        [0.0, 10.0, 1.0, 11.0],
        [0.0, 10.1, 1.0, 11.1],
        [0.0, 100.0, 1.0, 101.0],
    ];
    let inputs: [(&[usize], Vec<f32>); 2] =
        [(&[1, 6, 4], boxes.concat()), (&[1, 1, 6], vec![0.9, 0.75, 0.6, 0.95, 0.5, 0.3])];
    let layer = NonMaxSuppression::new(4).iou_threshold(0.5);
    let rows = |layer: &NonMaxSuppression| run(layer, &inputs).1;
    let chosen = [3.0, 0.0, 5.0].map(|b| [0.0, 0.0, b]).concat();
    assert_eq!(rows(&layer), [chosen.clone(), vec![-1.0; 3]].concat());
    assert_eq!(rows(&layer.score_threshold(0.4)), [&chosen[..6], &[-1.0; 6]].concat());
}

#[test]
fn elements_and_slices_are_gathered_and_scattered() {
    let x = || (&[3, 2][..], count(&[3, 2]));
    let elements = [x(), (&[2, 2][..], vec![0.0, 2.0, -1.0, 0.0])];
    assert_eq!(run(&GatherElements::new(0), &elements), (vec![2, 2], vec![0.0, 5.0, 4.0, 1.0]));
    let slices = [x(), (&[2, 1][..], vec![-1.0, 0.0])];
    assert_eq!(run(&GatherND::new(0), &slices), (vec![2, 2], vec![4.0, 5.0, 0.0, 1.0]));
    let update = [x(), (&[1, 2][..], vec![2.0, 1.0]), (&[1, 2][..], vec![10.0, 20.0])];
    let scattered = run(&ScatterElements::new(0), &update).1;
    assert_eq!(scattered, [0.0, 1.0, 2.0, 20.0, 10.0, 5.0]);
    let update = [x(), (&[2, 1][..], vec![1.0, 1.0]), (&[2, 2][..], vec![1.0, 2.0, 3.0, 4.0])];
    let summed = run(&ScatterND::new().reduction(ScatterReduction::Add), &update).1;
    assert_eq!(summed, [0.0, 1.0, 6.0, 9.0, 4.0, 5.0]);
}
