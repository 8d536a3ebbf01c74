//! `Dense` and `Flatten`.

use dichroic::Shape;
use dichroic::activations::Activation;

use super::super::graph::Attribute;
use super::super::scope::{Scope, permuted};
use super::super::value::{Value, channels_first};
use super::activations::activate;
use crate::error::Problem;

/// `Flatten` is put off: a `Dense` behind it takes feature maps in ONNX's order and permutes its weights instead.
pub(super) fn flatten(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let shape = scope.output_shape()?;
    if x.is_plain() {
        let name = scope.emit("Flatten", &[&x.name], vec![("axis", Attribute::Int(1))]);
        return Ok(Value::plain(name, shape));
    }
    let name = x.name.clone();
    Ok(Value { maps: Some(Box::new(x)), ..Value::plain(name, shape) })
}

/// `Gemm` on vectors; `MatMul`, or a `Conv` with a kernel of 1, on whatever has more axes.
pub(super) fn dense(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.lazy_input()?;
    let mut shape = scope.output_shape()?.axes().to_vec();
    if let Some(units) = shape.last_mut() {
        *units = Some(scope.argument("units")?);
    }
    let shape = Shape::new(shape);
    let use_bias: bool = scope.argument("use_bias")?;
    let bias = if use_bias { Some(scope.weight(1)?) } else { None };
    let y = match x.maps.as_deref().and_then(|maps| Some((maps, rows_of_maps(maps)?))) {
        Some((maps, rows)) => {
            let flat = scope.emit("Flatten", &[&maps.name], vec![("axis", Attribute::Int(1))]);
            let kernel = with_rows(scope, &rows)?;
            gemm(scope, &flat, kernel, bias)
        }
        None => {
            let x = scope.whole(&x);
            let convolved = (3..=5).contains(&x.rank()) && x.order == channels_first(x.rank());
            if convolved {
                let name = point_convolution(scope, &x, bias)?;
                let y = x.renamed(name).reshaped(shape);
                let activation: Activation = scope.argument("activation")?;
                return activate(scope, &y, &activation);
            }
            let x = scope.plain(&x);
            let kernel = scope.weight(0)?;
            match x.rank() {
                2 => gemm(scope, &x.name, kernel, bias),
                _ => product(scope, &x, &kernel, bias),
            }
        }
    };
    let activation: Activation = scope.argument("activation")?;
    activate(scope, &Value::plain(y, shape), &activation)
}

fn gemm(scope: &mut Scope<'_>, x: &str, kernel: String, bias: Option<String>) -> String {
    let inputs: Vec<&str> = [x, kernel.as_str()].into_iter().chain(bias.as_deref()).collect();
    scope.emit("Gemm", &inputs, Vec::new())
}

fn product(scope: &mut Scope<'_>, x: &Value, kernel: &str, bias: Option<String>) -> String {
    let product = scope.emit("MatMul", &[&x.name, kernel], Vec::new());
    match bias {
        Some(bias) => scope.emit("Add", &[&product, &bias], Vec::new()),
        None => product,
    }
}

fn point_convolution(
    scope: &mut Scope<'_>,
    x: &Value,
    bias: Option<String>,
) -> Result<String, Problem> {
    let [channels, units] = scope.weight_values(0)?.shape() else {
        return Err(Problem::malformed("a kernel with two axes", "another number"));
    };
    let rank = x.rank() - 2;
    let sizes = [&vec![1; rank][..], &[*channels, *units]].concat();
    let axes: Vec<usize> = [rank + 1, rank].into_iter().chain(0..rank).collect();
    let kernel = scope.weight_as(0, &sizes, &axes)?;
    let inputs: Vec<&str> =
        [x.name.as_str(), kernel.as_str()].into_iter().chain(bias.as_deref()).collect();
    Ok(scope.emit("Conv", &inputs, Vec::new()))
}

/// The sizes and order of maps whose rows can be permuted instead: all are known and the batch comes first.
fn rows_of_maps(maps: &Value) -> Option<(Vec<usize>, Vec<usize>)> {
    let sizes = maps.shape.axes()[1..].iter().copied().collect::<Option<Vec<_>>>()?;
    let (&first, order) = maps.order.split_first()?;
    (first == 0).then(|| (sizes, order.iter().map(|axis| axis - 1).collect()))
}

/// The kernel with its rows in the order in which the maps' values lie.
fn with_rows(
    scope: &mut Scope<'_>,
    (sizes, order): &(Vec<usize>, Vec<usize>),
) -> Result<String, Problem> {
    let kernel = scope.weight_values(0)?;
    let units = kernel.shape().last().copied().unwrap_or(1);
    let path = scope.weights[0].path;
    let sizes = [sizes.as_slice(), &[units]].concat();
    let axes = [order.as_slice(), &[order.len()]].concat();
    let form = (path.to_owned(), sizes.clone(), axes.clone());
    if let Some(name) = scope.graph.weight_forms.get(&form) {
        return Ok(name.clone());
    }
    let values = permuted(kernel.data(), &sizes, &axes);
    let name = scope.graph.floats(path, kernel.shape(), &values);
    scope.graph.weight_forms.insert(form, name.clone());
    Ok(name)
}
