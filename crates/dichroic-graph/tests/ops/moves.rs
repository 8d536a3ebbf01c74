//! The cases of ops that move or choose values.

use dichroic_graph::Shape;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{
    ArgExtreme, BoxFormat, CumulativeSum, Equals, Extreme, Gather, GatherElements, GatherGradient,
    GatherND, NonMaxSuppression, Product, ProductGradient, Reverse, ScatterElements, ScatterND,
    ScatterReduction, Select, Side, TopK, Triangle,
};

use crate::cases::{Case, case};

/// The case with these values in one input.
pub fn given(mut case: Case, input: usize, values: &[f32]) -> Case {
    case.inputs[input].data_mut().copy_from_slice(values);
    case
}

/// The case with a scalar as one input.
fn with_scalar(mut case: Case, input: usize, value: f32) -> Case {
    case.inputs[input] = Tensor::scalar(value);
    case
}

pub fn cases() -> Vec<Case> {
    let mut all = gathers();
    all.extend(elements_and_slices());
    all.extend(choices());
    all.extend(orders());
    all.extend(boxes());
    all
}

fn gathers() -> Vec<Case> {
    let rows = [2.0, -1.0, 0.0, 2.0];
    let gradient = GatherGradient { axis: 1, shape: Shape::from([2, 3, 2]) };
    vec![
        given(case("gather", Gather { axis: 1 }, [&[2, 3, 2], &[2, 2]], &[0]), 1, &rows),
        given(
            case("gather of the last axis", Gather { axis: 2 }, [&[2, 2, 5], &[3]], &[0]),
            1,
            &[4.0, -5.0, 4.0],
        ),
        with_scalar(case("gather of one place", Gather { axis: 0 }, [&[3, 2], &[]], &[0]), 1, -2.0),
        case("gather of nothing", Gather { axis: 0 }, [&[3, 2], &[0]], &[]),
        given(case("gather gradient", gradient, [&[2, 2, 2, 2], &[2, 2]], &[]), 1, &rows),
    ]
}

fn choices() -> Vec<Case> {
    let chosen = [1.0, 0.0, -2.0, 0.0, 0.5, 0.0];
    vec![
        case("reverse", Reverse { axes: vec![0, 2] }, [&[3, 2, 4]], &[0]),
        case("reverse of an axis before the last", Reverse { axes: vec![1] }, [&[2, 3, 4]], &[0]),
        given(case("select", Select, [&[2, 3], &[2, 3], &[2, 3]], &[1, 2]), 0, &chosen),
        given(
            with_scalar(
                case("select with a scalar", Select, [&[2, 3], &[], &[2, 3]], &[1, 2]),
                1,
                7.0,
            ),
            0,
            &chosen,
        ),
        case("product", Product, [&[2, 2, 3]], &[0]),
        case("product of nothing", Product, [&[2, 0]], &[]),
        given(
            case("product gradient beside zeros", ProductGradient, [&[3, 3], &[3]], &[]),
            0,
            &[0.5, 0.0, 2.0, 0.0, 3.0, 0.0, 1.0, 2.0, 3.0],
        ),
    ]
}

fn elements_and_slices() -> Vec<Case> {
    let columns = [2.0, -1.0, 0.0, 0.0, 1.0, -3.0];
    let tuples = [1.0, -1.0, 0.0, 2.0, 1.0, 2.0];
    let mut all = vec![
        given(
            case("gather elements", GatherElements { axis: 1 }, [&[2, 3, 2], &[1, 3, 2]], &[0]),
            1,
            &columns,
        ),
        given(
            case("gather slices", GatherND { batch_dims: 0 }, [&[2, 3, 2], &[3, 2]], &[0]),
            1,
            &tuples,
        ),
        given(
            case("gather in batches", GatherND { batch_dims: 1 }, [&[2, 3, 2], &[2, 2, 1]], &[0]),
            1,
            &[2.0, 0.0, -1.0, -1.0],
        ),
        case("gather of a whole", GatherND { batch_dims: 0 }, [&[2, 3], &[2, 0]], &[0]),
    ];
    for reduction in [
        ScatterReduction::None,
        ScatterReduction::Add,
        ScatterReduction::Multiply,
        ScatterReduction::Max,
        ScatterReduction::Min,
    ] {
        let by_sum = matches!(reduction, ScatterReduction::None | ScatterReduction::Add);
        let differentiable: &[usize] = if by_sum { &[0, 2] } else { &[] };
        // Each place once, so that every update counts.
        let elements = case(
            "scatter elements",
            ScatterElements { axis: 0, reduction },
            [&[3, 2], &[2, 2], &[2, 2]],
            differentiable,
        );
        all.push(given(elements, 1, &[2.0, 0.0, -2.0, 1.0]));
        let slices = case(
            "scatter slices",
            ScatterND { batch_dims: 0, reduction },
            [&[3, 2], &[2, 1], &[2, 2]],
            differentiable,
        );
        all.push(given(slices, 1, &[-1.0, 0.0]));
        let again = case(
            "scatter to one place",
            ScatterElements { axis: 0, reduction },
            [&[3], &[4], &[4]],
            &[],
        );
        all.push(given(again, 1, &[1.0, 1.0, 5.0, -2.0]));
    }
    all
}

fn orders() -> Vec<Case> {
    let mut all = Vec::new();
    for extreme in [Extreme::Largest, Extreme::Smallest] {
        all.push(case("top k", TopK { k: 3, axis: 1, extreme }, [&[2, 5, 3]], &[0]));
        all.push(case("top of all", TopK { k: 4, axis: 0, extreme }, [&[4]], &[0]));
        let equal = case("top k of equals", TopK { k: 3, axis: 0, extreme }, [&[6]], &[]);
        all.push(given(equal, 0, &[1.0, 2.0, 1.0, 2.0, f32::INFINITY, 1.0]));
        for equals in [Equals::First, Equals::Last] {
            let op = ArgExtreme { extreme, axis: 1, equals };
            all.push(case("place of an extreme", op, [&[2, 5, 3]], &[]));
            let equal = case("place of equals", op, [&[2, 3]], &[]);
            all.push(given(equal, 0, &[1.0, 2.0, 2.0, 1.0, f32::NAN, 1.0]));
        }
    }
    for (exclusive, reverse) in [(false, false), (true, false), (false, true), (true, true)] {
        let op = CumulativeSum { axis: 1, exclusive, reverse };
        all.push(case("cumulative sum", op, [&[2, 4, 3]], &[0]));
    }
    for diagonal in [-5, -1, 0, 2, 9] {
        for side in [Side::Upper, Side::Lower] {
            all.push(case("triangle", Triangle { side, diagonal }, [&[2, 3, 4]], &[0]));
        }
    }
    all
}

fn boxes() -> Vec<Case> {
    let suppression = NonMaxSuppression {
        most: 3,
        iou_threshold: 0.4,
        score_threshold: -0.5,
        format: BoxFormat::Corners,
    };
    let all = NonMaxSuppression { score_threshold: f32::NEG_INFINITY, ..suppression };
    let center = NonMaxSuppression { format: BoxFormat::Center, iou_threshold: 0.0, ..suppression };
    let none = NonMaxSuppression { most: 0, ..suppression };
    vec![
        case("boxes by score", suppression, [&[2, 9, 4], &[2, 3, 9]], &[]),
        case("boxes without a least score", all, [&[1, 9, 4], &[1, 2, 9]], &[]),
        case("boxes by centre", center, [&[2, 9, 4], &[2, 3, 9]], &[]),
        case("no boxes asked for", none, [&[1, 9, 4], &[1, 2, 9]], &[]),
        case("no boxes there", all, [&[1, 0, 4], &[1, 2, 0]], &[]),
    ]
}
