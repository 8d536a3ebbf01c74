//! The cases: every op with inputs small enough to read.

use dichroic_graph::kernels::batch_norm::Then;
use dichroic_graph::kernels::conv::Residual;
use dichroic_graph::kernels::dropout::NoiseKind;
use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::kernels::pad::Cut;
use dichroic_graph::kernels::pool::PoolKind;
use dichroic_graph::kernels::reduce::ReduceKind;
use dichroic_graph::kernels::resize::Interpolation;
use dichroic_graph::kernels::softmax::{SoftmaxKind, Targets};
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{
    BatchNorm, BatchNormGradient, Binary, BroadcastTo, Concat, Conv, ConvTranspose,
    ConvWeightGradient, Dropout, GaussianNoise, Geometry, Insert, Joined, OneHot, Pad, Pool,
    PoolGradient, RandomUniform, Reduce, Reshape, Resize, ResizeGradient, ScaleShift, Slice,
    SliceGradient, Softmax, SoftmaxCrossEntropy, SoftmaxCrossEntropyGradient, SoftmaxGradient,
    Tail, Transpose, Unary, UnaryGradient,
};
use dichroic_graph::{Op, Shape};

/// One op with its inputs, and the inputs whose gradients are checked.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub op: Op,
    pub inputs: Vec<Tensor>,
    pub differentiable: Vec<usize>,
}

/// Values between −1 and 1 that don't repeat, multiples of 1/512 so that steps of 1/64 are exact.
pub fn spread(shape: &Shape, phase: f32) -> Tensor {
    let value = |i: usize| {
        let turns = (i as f32 * 0.618_034 + phase).fract();
        (turns * 1024.0).round() / 512.0 - 1.0
    };
    Tensor::new(shape.to_vec(), (0..shape.elements()).map(value).collect()).expect("a full shape")
}

pub fn case<const N: usize>(
    name: &'static str,
    op: impl Into<Op>,
    shapes: [&[usize]; N],
    differentiable: &[usize],
) -> Case {
    let inputs = shapes
        .iter()
        .enumerate()
        .map(|(i, shape)| spread(&Shape::new(shape), 0.1 + 0.23 * i as f32))
        .collect();
    Case { name, op: op.into(), inputs, differentiable: differentiable.to_vec() }
}

pub fn cases() -> Vec<Case> {
    let mut all = convolutions();
    all.extend(elementwise());
    all.extend(windows_and_statistics());
    all.extend(movements());
    all.extend(crate::moves::cases());
    all.extend(crate::sampling::cases());
    all.extend(crate::computing::cases());
    all
}

fn convolutions() -> Vec<Case> {
    let strided = Geometry {
        strides: vec![2, 1],
        dilation_rate: vec![1, 2],
        padding: vec![(1, 0), (2, 1)],
        groups: 2,
    };
    let joined = Joined { first: 2, total: 9, begun: true };
    let depthwise = Geometry { groups: 3, padding: vec![(1, 1), (1, 1)], ..Geometry::new(2) };
    vec![
        case(
            "conv 2-D with bias",
            Conv::new(Geometry::new(2)),
            [&[2, 5, 4, 3], &[3, 2, 3, 5], &[5]],
            &[0, 1, 2],
        ),
        case(
            "conv 2-D strided, dilated, grouped",
            Conv::new(strided.clone()),
            [&[1, 6, 7, 4], &[3, 2, 2, 6]],
            &[0, 1],
        ),
        case("conv 2-D depthwise", Conv::new(depthwise), [&[1, 4, 4, 3], &[3, 3, 1, 6]], &[0, 1]),
        case("conv 1-D", Conv::new(Geometry::new(1)), [&[2, 9, 2], &[4, 2, 3]], &[0, 1]),
        case(
            "conv 3-D",
            Conv::new(Geometry::new(3)),
            [&[1, 3, 4, 3, 2], &[2, 2, 2, 2, 3]],
            &[0, 1],
        ),
        case(
            "conv with relu",
            Conv { activation: Some(Function::Relu), ..Conv::new(Geometry::new(2)) },
            [&[1, 4, 4, 3], &[3, 3, 3, 4], &[4]],
            &[],
        ),
        case(
            "conv with residual and relu",
            Conv {
                activation: Some(Function::Relu),
                tail: Tail { residual: Residual::Separate, joined: None },
                ..Conv::new(Geometry::new(2))
            },
            [&[1, 4, 4, 3], &[3, 3, 3, 4], &[4], &[1, 2, 2, 4]],
            &[],
        ),
        case(
            "conv over its residual",
            Conv {
                tail: Tail { residual: Residual::InPlace, joined: None },
                ..Conv::new(Geometry::new(2))
            },
            [&[1, 4, 4, 3], &[3, 3, 3, 4], &[1, 2, 2, 4]],
            &[],
        ),
        case(
            "conv with residual into a wider value",
            Conv {
                tail: Tail { residual: Residual::Separate, joined: Some(joined) },
                ..Conv::new(Geometry::new(2))
            },
            [&[1, 4, 4, 3], &[3, 3, 3, 4], &[4], &[1, 2, 2, 4], &[1, 2, 2, 9]],
            &[],
        ),
        case(
            "conv transpose into a wider value",
            ConvTranspose {
                tail: Tail { residual: Residual::None, joined: Some(joined) },
                ..ConvTranspose::new(Geometry::new(2), &[4, 4])
            },
            [&[1, 3, 3, 2], &[2, 2, 4, 2], &[1, 4, 4, 9]],
            &[],
        ),
        case(
            "conv transpose 2-D with bias",
            ConvTranspose::new(
                Geometry { strides: vec![2, 3], padding: vec![(1, 0), (0, 1)], ..Geometry::new(2) },
                &[6, 8],
            ),
            [&[2, 3, 3, 4], &[3, 3, 2, 4], &[2]],
            &[0, 1, 2],
        ),
        case(
            "conv weight gradient",
            ConvWeightGradient { geometry: strided, kernel_size: vec![3, 2] },
            [&[1, 6, 7, 4], &[1, 3, 8, 6]],
            &[],
        ),
    ]
}

fn elementwise() -> Vec<Case> {
    let mut all = vec![
        case("unary sigmoid", Unary(Function::Sigmoid), [&[3, 5]], &[0]),
        case("unary gelu", Unary(Function::Gelu), [&[3, 5]], &[0]),
        case("unary gradient", UnaryGradient(Function::Tanh), [&[3, 5], &[3, 5]], &[]),
        case("scale and shift", ScaleShift, [&[2, 3, 4], &[4], &[4]], &[0, 1, 2]),
        case("broadcast", BroadcastTo { shape: Shape::from([2, 3, 4]) }, [&[3, 1]], &[0]),
    ];
    for kind in [BinaryKind::Add, BinaryKind::Subtract, BinaryKind::Multiply] {
        all.push(case("binary", Binary::new(kind), [&[2, 3, 4], &[3, 1]], &[0, 1]));
    }
    for kind in [BinaryKind::Maximum, BinaryKind::Minimum] {
        all.push(case("binary extreme", Binary::new(kind), [&[2, 3], &[2, 3]], &[0, 1]));
    }
    let mut divide = case("divide", Binary::new(BinaryKind::Divide), [&[2, 3], &[2, 3]], &[0, 1]);
    divide.inputs[1].data_mut().iter_mut().for_each(|x| *x = 1.5 + x.abs());
    all.push(divide);
    for kind in [BinaryKind::GreaterEqual, BinaryKind::Greater, BinaryKind::Equal] {
        all.push(case("comparison", Binary::new(kind), [&[2, 3], &[3]], &[]));
    }
    let mut one_hot = case("one hot", OneHot { depth: 4 }, [&[5]], &[]);
    one_hot.inputs[0].data_mut().copy_from_slice(&[0.0, 3.0, 1.0, 4.0, -1.0]);
    all.push(one_hot);
    all.push(case("dropout", Dropout { rate: 0.4, noise_shape: None, id: 1 }, [&[7, 9]], &[0]));
    all.push(case(
        "dropout of whole channels",
        Dropout { rate: 0.4, noise_shape: Some(Shape::from([2, 1, 5])), id: 1 },
        [&[2, 3, 5]],
        &[0],
    ));
    all.push(case(
        "gaussian noise",
        GaussianNoise { kind: NoiseKind::Additive, stddev: 0.5, id: 2 },
        [&[5, 7]],
        &[0],
    ));
    all.push(case(
        "gaussian dropout",
        GaussianNoise { kind: NoiseKind::Multiplicative, stddev: 0.5, id: 2 },
        [&[5, 7]],
        &[0],
    ));
    let ranges = vec![(-1.0, 1.0), (3.0, 3.5)];
    all.push(case("numbers for items", RandomUniform { ranges, id: 2 }, [&[5, 2, 3]], &[]));
    all
}

fn windows_and_statistics() -> Vec<Case> {
    let pool = |kind| Pool {
        kind,
        window: vec![3, 2],
        strides: vec![2, 2],
        padding: vec![(1, 0), (0, 1)],
        joined: None,
    };
    let mut all = vec![
        case("max pool", pool(PoolKind::Max), [&[2, 5, 5, 3]], &[0]),
        case("average pool", pool(PoolKind::Average), [&[2, 5, 5, 3]], &[0]),
        case(
            "max pool into a wider value",
            Pool {
                joined: Some(Joined { first: 1, total: 5, begun: true }),
                ..pool(PoolKind::Max)
            },
            [&[2, 5, 5, 3], &[2, 2, 3, 5]],
            &[],
        ),
        case(
            "max pool gradient",
            PoolGradient(pool(PoolKind::Max)),
            [&[2, 5, 5, 3], &[2, 2, 3, 3]],
            &[],
        ),
        case("batch norm", BatchNorm::new(1e-3), [&[6, 2, 3], &[3], &[3]], &[0, 1, 2]),
        case(
            "batch norm, added to",
            BatchNorm { epsilon: 1e-3, then: Then::Add },
            [&[6, 2, 3], &[3], &[3], &[6, 2, 3]],
            &[0, 1, 2, 3],
        ),
        case("softmax", Softmax::probabilities(), [&[4, 5]], &[0]),
        case("log softmax", Softmax::logarithms(), [&[4, 5]], &[0]),
        case(
            "softmax gradient",
            SoftmaxGradient { kind: SoftmaxKind::Softmax },
            [&[4, 5], &[4, 5]],
            &[],
        ),
        case(
            "log softmax gradient",
            SoftmaxGradient { kind: SoftmaxKind::LogSoftmax },
            [&[4, 5], &[4, 5]],
            &[],
        ),
    ];
    for kind in [ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max, ReduceKind::Min] {
        all.push(case("reduce", Reduce::new(kind, vec![0, 2]), [&[3, 4, 5]], &[0]));
        all.push(case(
            "reduce, axes kept",
            Reduce::new(kind, vec![1]).keep_axes(),
            [&[3, 4]],
            &[0],
        ));
    }
    all.push(case("argmax", Reduce::new(ReduceKind::ArgMax, vec![1]), [&[3, 6]], &[]));
    let mut statistics = case(
        "batch norm gradient",
        BatchNormGradient { epsilon: 1e-3, then: Then::Nothing },
        [&[6, 3], &[3], &[3], &[3], &[6, 3]],
        &[],
    );
    statistics.inputs[3].data_mut().iter_mut().for_each(|x| *x = 0.5 + x.abs());
    let mut before_relu = statistics.clone();
    before_relu.name = "batch norm gradient before a ReLU";
    before_relu.op = BatchNormGradient { epsilon: 1e-3, then: Then::Relu }.into();
    before_relu.inputs.push(spread(&Shape::from([3]), 0.6));
    all.extend([statistics, before_relu]);
    // Few rows and a wide offset keep all values far from the kink.
    for then in [Then::Relu, Then::AddThenRelu] {
        let mut rectified = case(
            "batch norm and a ReLU",
            BatchNorm { epsilon: 1e-3, then },
            [&[6, 3], &[3], &[3], &[6, 3]],
            if then.adds() { &[0, 1, 2, 3] } else { &[0, 1, 2] },
        );
        rectified.inputs.truncate(if then.adds() { 4 } else { 3 });
        let beta = [4.0, -4.0, 4.0];
        rectified.inputs[2].data_mut().copy_from_slice(&beta);
        all.push(rectified);
    }
    let mut entropy = case(
        "softmax cross-entropy",
        SoftmaxCrossEntropy { targets: Targets::Probabilities },
        [&[3, 4], &[3, 4]],
        &[0],
    );
    for (i, target) in entropy.inputs[1].data_mut().iter_mut().enumerate() {
        *target = if i % 5 == 0 { 1.0 } else { 0.0 };
    }
    let mut gradient = entropy.clone();
    all.push(entropy);
    gradient.name = "softmax cross-entropy gradient";
    gradient.op = SoftmaxCrossEntropyGradient { targets: Targets::Probabilities }.into();
    gradient.inputs.push(spread(&Shape::from([3]), 0.4));
    gradient.differentiable.clear();
    all.push(gradient);
    let classes = SoftmaxCrossEntropy { targets: Targets::Classes };
    let mut sparse = case("sparse cross-entropy", classes, [&[3, 4], &[3]], &[0]);
    sparse.inputs[1].data_mut().copy_from_slice(&[2.0, 0.0, 3.0]);
    all.push(sparse);
    all
}

fn movements() -> Vec<Case> {
    let cut = |start, size, stride| Cut { start, size, stride };
    let slice = Slice { cuts: vec![cut(1, 2, 2), cut(0, 3, 1)] };
    vec![
        case("reshape", Reshape { shape: Shape::from([3, 4]) }, [&[2, 6]], &[0]),
        case("transpose", Transpose { axes: vec![2, 0, 1] }, [&[2, 3, 4]], &[0]),
        case("pad", Pad { padding: vec![[0, 1], [1, 0], [2, 1]], value: 0.5 }, [&[2, 2, 3]], &[0]),
        case("slice", slice.clone(), [&[4, 3]], &[0]),
        case("slice gradient", SliceGradient { slice, shape: Shape::from([4, 3]) }, [&[2, 3]], &[]),
        case(
            "resize nearest",
            Resize { interpolation: Interpolation::Nearest, spatial: vec![4, 9] },
            [&[2, 2, 3, 2]],
            &[0],
        ),
        case(
            "resize bilinear",
            Resize { interpolation: Interpolation::Bilinear, spatial: vec![5, 7] },
            [&[1, 3, 4, 2]],
            &[0],
        ),
        case(
            "resize gradient",
            ResizeGradient { interpolation: Interpolation::Bilinear, spatial: vec![3, 4] },
            [&[1, 5, 7, 2]],
            &[],
        ),
        case(
            "insert",
            Insert(Joined { first: 1, total: 6, begun: true }),
            [&[2, 4, 3], &[2, 4, 6]],
            &[],
        ),
        case("concat", Concat { axis: 1 }, [&[2, 1, 3], &[2, 4, 3], &[2, 2, 3]], &[0, 1, 2]),
    ]
}
