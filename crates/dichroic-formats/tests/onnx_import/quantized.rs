//! What ONNX Runtime's quantizer writes beside ONNX's own operators, in its domain `com.microsoft`.

use dichroic::Tensor;
use onnx_rs::ast::{DataType, Node, TensorProto};

use crate::built::{import, int, model, node};

/// A node of ONNX Runtime's domain.
fn added<'a>(
    op: &'a str,
    inputs: &[&'a str],
    output: &'a str,
    axis: Option<(&'a str, i64)>,
) -> Node<'a> {
    let attributes = axis.map(|(name, value)| int(name, value)).into_iter().collect();
    Node { domain: "com.microsoft", ..node(op, inputs, output, attributes) }
}

fn scale(name: &str, value: f32) -> TensorProto<'_> {
    TensorProto::from_f32(name, vec![], vec![value])
}

fn bytes<'a>(name: &'a str, shape: &[i64], values: &'a [u8]) -> TensorProto<'a> {
    TensorProto::from_raw(name, shape.to_vec(), DataType::Uint8, values)
}

#[test]
fn whole_numbers_are_added_pooled_and_joined_in_the_scale_of_each() {
    let nodes = vec![
        node("QuantizeLinear", &["x", "half", "ten"], "q", vec![]),
        added(
            "QLinearAdd",
            &["q", "half", "ten", "k", "quarter", "four", "half", "twenty"],
            "sum",
            None,
        ),
        added("QLinearGlobalAveragePool", &["sum", "half", "twenty", "quarter", "ten"], "p", None),
        added(
            "QLinearConcat",
            &["half", "ten", "p", "quarter", "ten", "p", "quarter", "ten"],
            "c",
            Some(("axis", 1)),
        ),
        node("DequantizeLinear", &["c", "half", "ten"], "y", vec![]),
    ];
    let arrays = vec![
        scale("half", 0.5),
        scale("quarter", 0.25),
        bytes("four", &[], &[4]),
        bytes("ten", &[], &[10]),
        bytes("twenty", &[], &[20]),
        // 0.5 and -1
        bytes("k", &[1, 2, 1, 1], &[6, 0]),
    ];
    let imported = import("sums", &model(&[0, 2, 2, 2], nodes, arrays)).unwrap();
    let x = [[0.5, 1.0, 1.5, 2.0], [-1.0, -1.0, 0.0, 1.0]].concat();
    let y = imported.model.predict(&[Tensor::new([1, 2, 2, 2], x).unwrap()]).unwrap();
    // The means 1.75 and -1.25 lie between two steps of a half: the even number of steps is taken.
    assert_eq!(y[0].data(), [2.0, -1.0, 2.0, -1.0]);
}

#[test]
fn a_product_of_whole_numbers_has_a_scale_for_each_unit() {
    let nodes = vec![
        node("QuantizeLinear", &["x", "half", "zero"], "q", vec![]),
        added(
            "QGemm",
            &["q", "half", "zero", "b", "scales", "zeros", "c"],
            "y",
            Some(("transB", 1)),
        ),
    ];
    let arrays = vec![
        scale("half", 0.5),
        bytes("zero", &[], &[0]),
        bytes("b", &[3, 2], &[1, 3, 2, 4, 2, 5]),
        TensorProto::from_f32("scales", vec![3], vec![1.0, 0.5, 2.0]),
        bytes("zeros", &[3], &[1, 0, 2]),
        TensorProto::from_i32("c", vec![3], vec![2, 4, -1]),
    ];
    let imported = import("product", &model(&[0, 2], nodes, arrays)).unwrap();
    let y = imported.model.predict(&[Tensor::new([1, 2], vec![1.0, 2.0]).unwrap()]).unwrap();
    assert_eq!(y[0].data(), [5.0, 6.0, 11.0]);
}
