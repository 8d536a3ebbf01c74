//! The place where a layer emits its nodes.

use dichroic::Shape;
use dichroic::layers::{Layer, Mode};
use dichroic_graph::kernels::tensor::Tensor;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::OnnxExport;
use super::graph::{Attribute, Attributes, Element, OnnxGraph, whole};
use super::value::{Value, channels_first};
use crate::error::Problem;

/// A weight of a layer: its name in the model and its values.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedWeight<'a> {
    pub path: &'a str,
    pub values: &'a Tensor,
}

/// What a layer sees while it is written: itself, its inputs and weights, and the graph.
pub(super) struct Scope<'a> {
    pub graph: &'a mut OnnxGraph,
    pub options: &'a OnnxExport,
    /// The layer's name, with the names of the models around it: `backbone/conv2d`.
    pub path: &'a str,
    pub layer: &'a dyn Layer,
    pub config: Map<String, Json>,
    pub inputs: &'a [Value],
    pub weights: &'a [NamedWeight<'a>],
    pub mode: Mode,
}

impl<'a> Scope<'a> {
    /// An argument of the layer by name.
    pub fn argument<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        let written = self.config.get(name).unwrap_or(&Json::Null);
        T::deserialize(written)
            .map_err(|error| Problem::malformed(format!("an argument {name} that is known"), error))
    }

    /// The layer's whole configuration as its own type.
    pub fn whole_configuration<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        T::deserialize(Json::Object(self.config.clone()))
            .map_err(|error| Problem::malformed("a configuration that is known", error))
    }

    /// The only input, its axes in any order.
    pub fn input(&mut self) -> Result<Value, Problem> {
        let first = self.lazy_input()?;
        Ok(self.whole(&first))
    }

    /// The only input as it is; feature maps may still have to be flattened.
    pub fn lazy_input(&self) -> Result<Value, Problem> {
        match self.inputs {
            [input] => Ok(input.clone()),
            inputs => Err(Problem::malformed("one input", format!("{} inputs", inputs.len()))),
        }
    }

    /// All inputs, their axes in any order.
    pub fn all_inputs(&mut self) -> Vec<Value> {
        self.inputs.iter().map(|input| self.whole(input)).collect()
    }

    /// The only input with its axes in this order.
    pub fn input_in(&mut self, order: &[usize]) -> Result<Value, Problem> {
        let input = self.input()?;
        self.in_order(&input, order)
    }

    /// The only input with its axes as in the model.
    pub fn plain_input(&mut self) -> Result<Value, Problem> {
        let input = self.input()?;
        Ok(self.plain(&input))
    }

    /// All inputs with their axes as in the model.
    pub fn plain_inputs(&mut self) -> Vec<Value> {
        self.all_inputs().iter().map(|input| self.plain(input)).collect()
    }

    /// The argument `axis`, counted from the front of a value's axes.
    pub fn axis(&self, x: &Value) -> Result<usize, Problem> {
        let axis: i64 = self.argument("axis")?;
        let axis = if axis < 0 { axis.saturating_add(whole(x.rank())) } else { axis };
        let found = usize::try_from(axis).ok().filter(|&axis| axis < x.rank());
        found.ok_or_else(|| Problem::malformed(format!("an axis of {}", x.shape), axis))
    }

    /// An argument that is a number, which may be written as a word: JSON has none for infinity.
    pub fn number(&self, name: &str) -> Result<f32, Problem> {
        match self.config.get(name).and_then(Json::as_str) {
            Some("inf") => Ok(f32::INFINITY),
            Some("-inf") => Ok(f32::NEG_INFINITY),
            Some("nan") => Ok(f32::NAN),
            _ => self.argument(name),
        }
    }

    /// The only input with its channels second, as ONNX's convolutions take it.
    pub fn channels_first_input(&mut self) -> Result<Value, Problem> {
        let order = channels_first(self.lazy_input()?.shape.rank());
        self.input_in(&order)
    }

    /// The shapes of the inputs, as the layer knows them.
    pub fn input_shapes(&self) -> Vec<Shape> {
        self.inputs.iter().map(|input| input.shape.clone()).collect()
    }

    /// The layer's output shape.
    pub fn output_shape(&self) -> Result<Shape, Problem> {
        let refused = |error| Problem::malformed("inputs that the layer takes", error);
        self.layer.output_shape(&self.input_shapes()).map_err(refused)
    }

    /// The value with its axes in this order.
    pub fn in_order(&mut self, value: &Value, order: &[usize]) -> Result<Value, Problem> {
        if order.len() != value.rank() {
            let expected = format!("a value with {} axes", order.len());
            return Err(Problem::malformed(expected, &value.shape));
        }
        let perm = value.positions(order);
        let node = format!("{}/transpose", self.path);
        let name = self.graph.transpose(&value.name, &perm, &node);
        Ok(Value { name, order: order.to_vec(), ..value.clone() })
    }

    /// The value with its axes as in the model.
    pub fn plain(&mut self, value: &Value) -> Value {
        let perm = value.positions(&(0..value.rank()).collect::<Vec<_>>());
        let node = format!("{}/transpose", self.path);
        let name = self.graph.transpose(&value.name, &perm, &node);
        Value::plain(name, value.shape.clone())
    }

    /// The value itself; feature maps that wait to be flattened are.
    pub fn whole(&mut self, value: &Value) -> Value {
        let Some(maps) = &value.maps else { return value.clone() };
        let maps = self.plain(maps);
        let name = self.emit("Flatten", &[&maps.name], vec![("axis", Attribute::Int(1))]);
        Value::plain(name, value.shape.clone())
    }

    /// Adds a node with one output and returns its name. The layer's first node that computes has the layer's name.
    pub fn emit(&mut self, op: &'static str, inputs: &[&str], attributes: Attributes) -> String {
        self.emit_several(op, inputs, (1, attributes)).remove(0)
    }

    /// Adds a node with several outputs and returns their names.
    pub fn emit_several(
        &mut self,
        op: &'static str,
        inputs: &[&str],
        (outputs, attributes): (usize, Attributes),
    ) -> Vec<String> {
        let name = match self.graph.has_node(self.path) {
            false => self.path.to_owned(),
            true => format!("{}/{}", self.path, op.to_lowercase()),
        };
        let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
        self.graph.node((op, &name), inputs, outputs, attributes)
    }

    /// Applies an operator without further inputs, which keeps shape and order.
    pub fn apply(&mut self, op: &'static str, x: &Value) -> Value {
        let name = self.emit(op, &[&x.name], Vec::new());
        x.renamed(name)
    }

    /// Applies an operator with attributes, which keeps shape and order.
    pub fn apply_with(&mut self, op: &'static str, x: &Value, attributes: Attributes) -> Value {
        let name = self.emit(op, &[&x.name], attributes);
        x.renamed(name)
    }

    /// Applies an operator to a value and a constant that fits its shape.
    pub fn apply_to(&mut self, op: &'static str, x: &Value, constant: &str) -> Value {
        let name = self.emit(op, &[&x.name, constant], Vec::new());
        x.renamed(name)
    }

    /// Applies an operator to a value and a number.
    pub fn apply_scalar(&mut self, op: &'static str, x: &Value, number: f64) -> Value {
        let constant = self.scalar(number);
        self.apply_to(op, x, &constant)
    }

    /// Applies an operator to two values of the same order, the first of which has the shape of both.
    pub fn combine(&mut self, op: &'static str, a: &Value, b: &Value) -> Value {
        self.apply_to(op, a, &b.name)
    }

    /// A number as a constant.
    pub fn scalar(&mut self, number: f64) -> String {
        self.graph.scalar(number as f32)
    }

    /// Whole numbers as a constant.
    pub fn ints(&mut self, what: &str, values: &[i64]) -> String {
        self.graph.ints(&format!("{}/{what}", self.path), values)
    }

    /// A whole number without axes as a constant.
    pub fn whole_scalar(&mut self, what: &str, number: i64) -> String {
        let bytes = number.to_le_bytes().to_vec();
        self.graph.initializer(&format!("{}/{what}", self.path), &[], (Element::Int64, bytes))
    }

    /// Axes as a constant.
    pub fn axes(&mut self, axes: &[usize]) -> String {
        let axes: Vec<i64> = axes.iter().map(|&axis| whole(axis)).collect();
        self.ints("axes", &axes)
    }

    /// Floats as a constant.
    pub fn floats(&mut self, what: &str, sizes: &[usize], values: &[f32]) -> String {
        self.graph.floats(&format!("{}/{what}", self.path), sizes, values)
    }

    /// Reduces the model's axes of a value.
    pub fn reduce(&mut self, op: &'static str, x: &Value, axes: &[usize], kept: Kept) -> Value {
        let mut positions = x.positions(axes);
        positions.sort_unstable();
        let keepdims = ("keepdims", Attribute::Int(i64::from(kept == Kept::AsOne)));
        // Axes became an input with version 13 of ReduceSum, and 18 of the others.
        let name = if op == "ReduceSum" || self.options.opset >= 18 {
            let list = self.axes(&positions);
            self.emit(op, &[&x.name, &list], vec![keepdims])
        } else {
            self.emit(op, &[&x.name], vec![("axes", Attribute::sizes(&positions)), keepdims])
        };
        let sizes = x.shape.axes().iter().enumerate();
        match kept {
            Kept::AsOne => {
                let sizes =
                    sizes.map(|(axis, &size)| if axes.contains(&axis) { Some(1) } else { size });
                let shape = Shape::new(sizes.collect::<Vec<_>>());
                x.renamed(name).reshaped(shape)
            }
            Kept::Not => {
                let left = sizes.filter(|(axis, _)| !axes.contains(axis)).map(|(_, &size)| size);
                let shape = Shape::new(left.collect::<Vec<_>>());
                let left = x.order.iter().filter(|axis| !axes.contains(axis));
                let order = left
                    .map(|&axis| axis - axes.iter().filter(|&&gone| gone < axis).count())
                    .collect();
                Value { name, shape, order, maps: None }
            }
        }
    }

    /// A constant along one of the model's axes, in the form that spreads over the value.
    pub fn along(&mut self, what: &str, values: &[f32], x: &Value, axis: usize) -> String {
        let behind = x.rank() - 1 - x.position(axis);
        let sizes = [&[values.len()][..], &vec![1; behind]].concat();
        self.floats(what, &sizes, values)
    }

    /// A weight as it is.
    pub fn weight(&mut self, index: usize) -> Result<String, Problem> {
        let sizes = self.weight_values(index)?.shape().to_vec();
        let axes: Vec<usize> = (0..sizes.len()).collect();
        self.weight_as(index, &sizes, &axes)
    }

    /// A weight taken with these sizes (the same values), its axes then permuted. A layer that is called twice
    /// has its weights in the graph once.
    pub fn weight_as(
        &mut self,
        index: usize,
        sizes: &[usize],
        axes: &[usize],
    ) -> Result<String, Problem> {
        let tensor = self.weight_values(index)?;
        let path = self.weights[index].path;
        let form = (path.to_owned(), sizes.to_vec(), axes.to_vec());
        if let Some(name) = self.graph.weight_forms.get(&form) {
            return Ok(name.clone());
        }
        let values = permuted(tensor.data(), sizes, axes);
        let sizes: Vec<usize> = axes.iter().map(|&axis| sizes[axis]).collect();
        let name = self.graph.floats(path, &sizes, &values);
        self.graph.weight_forms.insert(form, name.clone());
        Ok(name)
    }

    /// The values of a weight.
    pub fn weight_values(&self, index: usize) -> Result<&'a Tensor, Problem> {
        self.weights
            .get(index)
            .map(|weight| weight.values)
            .ok_or_else(|| Problem::Variables { expected: index + 1, got: self.weights.len() })
    }

    /// The error for what this layer asks for and ONNX can't say exactly.
    pub fn unsupported(&self, what: impl Into<String>, fix: &str) -> Problem {
        let what = format!("{} of {} in ONNX", what.into(), self.layer.class_name());
        Problem::Unsupported { what, fix: fix.to_owned() }
    }
}

/// What becomes of axes that are reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// They stay with size 1.
    AsOne,
    /// They go.
    Not,
}

/// Values in row-major order with their axes permuted: axis `i` of the result is axis `axes[i]` of what came.
pub(super) fn permuted(values: &[f32], sizes: &[usize], axes: &[usize]) -> Vec<f32> {
    if axes.iter().copied().eq(0..axes.len()) {
        return values.to_vec();
    }
    let mut strides = vec![1; sizes.len()];
    for axis in (1..sizes.len()).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis];
    }
    let (sizes, steps): (Vec<usize>, Vec<usize>) =
        axes.iter().map(|&axis| (sizes[axis], strides[axis])).unzip();
    let mut out = Vec::with_capacity(values.len());
    let mut index = vec![0; sizes.len()];
    let mut place = 0;
    for _ in 0..values.len() {
        out.push(values[place]);
        for axis in (0..sizes.len()).rev() {
            index[axis] += 1;
            place += steps[axis];
            if index[axis] < sizes[axis] {
                break;
            }
            place -= steps[axis] * sizes[axis];
            index[axis] = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_permuted_as_by_numpy() {
        let values: Vec<f32> = (0..6).map(|value| value as f32).collect();
        assert_eq!(permuted(&values, &[2, 3], &[1, 0]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(permuted(&values, &[1, 2, 3], &[2, 0, 1]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    }
}
