//! Functions of each value alone that Keras has as activations.

use dichroic::layers::{Activation, ELU, LeakyReLU, ReLU};

use super::{Operator, Value};
use crate::error::Located;
use crate::onnx::import::Node;

pub(super) const OPERATORS: &[Operator] = &[
    ("Elu", 6..=23, elu),
    ("LeakyRelu", 6..=23, leaky_relu),
    ("Relu", 6..=23, relu),
    ("Sigmoid", 6..=23, sigmoid),
    ("Softplus", 6..=23, softplus),
    ("Softsign", 6..=23, softsign),
    ("Tanh", 6..=23, tanh),
];

fn relu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    node.elementwise(ReLU::new(), &x)
}

fn leaky_relu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let slope = node.attributes.float_or("alpha", 0.01)?;
    node.elementwise(LeakyReLU::new().negative_slope(slope.into()), &x)
}

fn elu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let alpha = node.attributes.float_or("alpha", 1.0)?;
    node.elementwise(ELU::new().alpha(alpha.into()), &x)
}

fn named<'a>(node: &mut Node<'_, 'a>, name: &str) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    node.elementwise(Activation::new(name), &x)
}

fn sigmoid<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    named(node, "sigmoid")
}

fn tanh<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    named(node, "tanh")
}

fn softplus<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    named(node, "softplus")
}

fn softsign<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    named(node, "softsign")
}
