//! `BatchNormalization` with the statistics that the file holds, or with those of one item.

use dichroic::Tensor;
use dichroic::layers::BatchNormalization;

use super::super::normalization::instance;
use super::Value;
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Order};

pub(super) fn batch_normalization<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let x = node.settled(&x)?;
    if x.rank() < 2 {
        return Err(Problem::malformed("an input with channels as axis 1", x.rank()).into());
    }
    let channels = node.size(&x, 1)?;
    let vectors = (1..5).map(|input| vector(node, input, channels));
    let vectors = vectors.collect::<Result<Vec<_>, _>>()?;
    // Versions 7 and 8 can have statistics for each place; version 14 can take those of the batch.
    let trains = node.attributes.flag("training_mode")?;
    let spatial = node.attributes.int_or("spatial", 1)? == 1;
    if trains && spatial && x.size(0) == Entry::Known(1) {
        // The statistics of one item are those of its channels: so are weights brought to a common scale (NFNet).
        node.attributes.ignore("momentum");
        return instance(node);
    }
    if trains || !spatial {
        let what = "BatchNormalization with the statistics of the batch or of each place";
        return Err(node.unsupported(what, "export the model for inference"));
    }
    for attribute in ["is_test", "consumed_inputs"] {
        node.attributes.ignore(attribute);
    }
    let place = x.order.place_of(1);
    let axis = if place + 1 == x.rank() { -1 } else { place as i64 };
    let layer = BatchNormalization::new()
        .axis(axis)
        .epsilon(shortest(node.attributes.float_or("epsilon", 1e-5)?))
        .momentum(shortest(node.attributes.float_or("momentum", 0.9)?));
    let symbol = node.weighted(layer, &x.symbol, vectors)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// The number that was meant: 0.00001 rather than the digits of its `f32`.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(value.into())
}

fn vector(node: &Node<'_, '_>, input: usize, channels: usize) -> Result<Tensor, Located> {
    let array = node.known(input)?;
    if array.shape() == [channels] {
        return array.to_tensor(&Order::plain(1));
    }
    let got = format!("{:?}", array.shape());
    Err(Problem::malformed(format!("one number for each of {channels} channels"), got).into())
}
