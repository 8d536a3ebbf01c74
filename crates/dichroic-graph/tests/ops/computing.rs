//! Cases of the ops that compute what no Keras layer does.

use std::sync::Arc;

use dichroic_graph::ops::{
    Arithmetic, Function, FunctionGradient, FunctionKind, Interpolate, MatMul, Operator, Taps,
    WindowPool, WindowPoolGradient, WindowPoolKind,
};

use crate::cases::{Case, case};

pub fn cases() -> Vec<Case> {
    let mut all = arithmetic();
    all.extend(functions());
    all.extend(pools());
    all.extend(products());
    all.extend(interpolations());
    all
}

fn arithmetic() -> Vec<Case> {
    let mut power = case("power", Arithmetic(Operator::Power), [&[2, 3, 4], &[3, 1]], &[0, 1]);
    power.inputs[0].data_mut().iter_mut().for_each(|x| *x = 1.25 + x.abs());
    let mut squares = case("squares", Arithmetic(Operator::Power), [&[2, 5], &[]], &[0]);
    squares.inputs[1].data_mut().fill(2.0);
    let mut all = vec![power, squares];
    for operator in [Operator::Modulo, Operator::Remainder] {
        // Away from the steps of the quotient.
        let mut remainder = case("remainder", Arithmetic(operator), [&[2, 4], &[2, 1]], &[0, 1]);
        remainder.inputs[0]
            .data_mut()
            .copy_from_slice(&[7.5, -7.5, 4.4, -4.4, 5.3, -5.3, 9.7, 0.9]);
        remainder.inputs[1].data_mut().copy_from_slice(&[3.0, -2.0]);
        all.push(remainder);
    }
    let mut relu = Arithmetic(Operator::ParametricRelu);
    all.push(case("parametric relu", relu, [&[2, 3, 4], &[3, 4]], &[0, 1]));
    all.push(case("parametric relu, one slope", relu, [&[5], &[1]], &[0, 1]));
    for operator in [
        Operator::IntegerDivide,
        Operator::And,
        Operator::Or,
        Operator::Xor,
        Operator::BitwiseAnd,
        Operator::BitwiseOr,
        Operator::BitwiseXor,
        Operator::ShiftLeft,
        Operator::ShiftRight,
    ] {
        relu.0 = operator;
        let mut whole = case("whole numbers", relu, [&[2, 3, 5], &[3, 1]], &[]);
        whole.inputs[0].data_mut().iter_mut().for_each(|x| *x = (*x * 9.0).round());
        whole.inputs[1].data_mut().copy_from_slice(&[1.0, 2.0, 5.0]);
        all.push(whole);
    }
    all
}

fn functions() -> Vec<Case> {
    let smooth = [
        FunctionKind::Erf,
        FunctionKind::Sin,
        FunctionKind::Cos,
        FunctionKind::Tan,
        FunctionKind::Atan,
        FunctionKind::Sinh,
        FunctionKind::Cosh,
        FunctionKind::Asinh,
    ];
    let mut all: Vec<Case> = smooth
        .into_iter()
        .map(|kind| case("smooth function", Function(kind), [&[3, 5]], &[0]))
        .collect();
    for kind in [FunctionKind::Asin, FunctionKind::Acos, FunctionKind::Atanh] {
        let mut inside = case("function of a fraction", Function(kind), [&[3, 5]], &[0]);
        inside.inputs[0].data_mut().iter_mut().for_each(|x| *x *= 0.5);
        all.push(inside);
    }
    let mut above = case("acosh", Function(FunctionKind::Acosh), [&[7]], &[0]);
    above.inputs[0].data_mut().iter_mut().for_each(|x| *x = 3.0 + x.abs());
    all.push(above);
    let shrink = FunctionKind::Shrink { threshold: 0.5, bias: 0.25 };
    all.push(case("shrink", Function(shrink), [&[3, 3]], &[0]));
    let stepped = [
        FunctionKind::Floor,
        FunctionKind::Ceil,
        FunctionKind::Round,
        FunctionKind::Trunc,
        FunctionKind::Sign,
        FunctionKind::Not,
        FunctionKind::IsNan,
        FunctionKind::IsInfinite,
        FunctionKind::Float16,
        FunctionKind::Bfloat16,
    ];
    for kind in stepped {
        let mut stepped = case("stepped function", Function(kind), [&[11]], &[]);
        stepped.inputs[0].data_mut().iter_mut().for_each(|x| *x *= 3.0);
        stepped.inputs[0].data_mut()[..3].copy_from_slice(&[0.0, 0.5, f32::INFINITY]);
        all.push(stepped);
    }
    all.push(case(
        "function gradient",
        FunctionGradient(FunctionKind::Sin),
        [&[3, 5], &[3, 5]],
        &[],
    ));
    all
}

fn pools() -> Vec<Case> {
    let dilated = |kind| WindowPool {
        kind,
        window: vec![3, 2],
        strides: vec![2, 1],
        dilation_rate: vec![1, 2],
        padding: vec![(1, 2), (0, 1)],
    };
    let along = WindowPool {
        kind: WindowPoolKind::Sum,
        window: vec![5],
        strides: vec![1],
        dilation_rate: vec![1],
        padding: vec![(2, 2)],
    };
    let volume = WindowPool {
        kind: WindowPoolKind::Max,
        window: vec![2, 1, 2],
        strides: vec![1, 2, 1],
        dilation_rate: vec![2, 1, 1],
        padding: vec![(0, 1), (0, 0), (1, 0)],
    };
    let mut all = vec![
        case("window sum along one axis", along, [&[3, 7, 1]], &[0]),
        case("window max of a volume", volume, [&[1, 3, 3, 4, 2]], &[0]),
    ];
    for kind in [WindowPoolKind::Max, WindowPoolKind::Average, WindowPoolKind::Sum] {
        all.push(case("window pool", dilated(kind), [&[2, 5, 6, 3]], &[0]));
        all.push(case(
            "window pool gradient",
            WindowPoolGradient(dilated(kind)),
            [&[2, 5, 6, 3], &[2, 3, 5, 3]],
            &[],
        ));
    }
    all
}

fn products() -> Vec<Case> {
    vec![
        case("matmul", MatMul, [&[3, 4], &[4, 5]], &[0, 1]),
        case("matmul, one right side", MatMul, [&[2, 3, 2, 4], &[4, 3]], &[0, 1]),
        case("matmul, one right side of rank 3", MatMul, [&[2, 3, 4], &[1, 4, 3]], &[0, 1]),
        case("matmul, one left side", MatMul, [&[3, 4], &[2, 4, 5]], &[0, 1]),
        case("matmul, a batch", MatMul, [&[2, 3, 17], &[2, 17, 9]], &[0, 1]),
        case("matmul, two stretched batches", MatMul, [&[2, 1, 2, 3], &[4, 3, 2]], &[0, 1]),
        case("matmul of nothing", MatMul, [&[2, 3, 0], &[2, 0, 2]], &[]),
    ]
}

fn interpolations() -> Vec<Case> {
    let mut taps = Taps::new(3);
    taps.push(0.0, [(1, 1.0)]);
    taps.push(0.25, []);
    taps.push(0.0, [(0, 0.25), (2, 0.75)]);
    taps.push(0.0, [(0, -0.125), (1, 0.5), (2, 0.625)]);
    let along = |axis| Interpolate { axis, taps: Arc::new(taps.clone()) };
    vec![
        case("interpolate the first axis", along(0), [&[3, 2, 2]], &[0]),
        case("interpolate an axis inside", along(1), [&[2, 3, 5]], &[0]),
        case("interpolate the last axis", along(2), [&[2, 2, 3]], &[0]),
        case("interpolate long rows", along(0), [&[3, 1030]], &[]),
    ]
}
