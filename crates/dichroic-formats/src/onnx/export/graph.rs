//! An ONNX graph under construction: nodes, constants, and names that are given once.

use std::collections::{HashMap, HashSet};

/// A graph of ONNX nodes in an order in which they can be run.
#[derive(Debug, Default)]
pub(super) struct OnnxGraph {
    pub nodes: Vec<Node>,
    pub initializers: Vec<Initializer>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    node_names: HashSet<String>,
    value_names: HashSet<String>,
    /// Values that are there in another order of axes: by value and permutation.
    transposed: HashMap<(String, Vec<usize>), String>,
    scalars: HashMap<u32, String>,
    /// Weights that are there, by path, the sizes they were taken with, and the order of their axes.
    pub weight_forms: HashMap<(String, Vec<usize>, Vec<usize>), String>,
}

/// One node: an operator with its values and attributes.
#[derive(Debug)]
pub(super) struct Node {
    pub name: String,
    pub op: &'static str,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Attributes,
}

/// The attributes of a node by name.
pub(super) type Attributes = Vec<(&'static str, Attribute)>;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Attribute {
    Int(i64),
    Float(f32),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Text(&'static str),
    Texts(Vec<&'static str>),
}

impl Attribute {
    /// Sizes as whole numbers.
    pub fn sizes<'a>(sizes: impl IntoIterator<Item = &'a usize>) -> Self {
        Self::Ints(sizes.into_iter().map(|&size| whole(size)).collect())
    }

    /// A size as a whole number.
    pub fn size(size: usize) -> Self {
        Self::Int(whole(size))
    }
}

/// A size as ONNX writes it. Sizes of models stay far below the limit; one that doesn't can't fit any tensor.
pub(super) fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The element types that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Float,
    Int64,
}

/// A constant: its values as the bytes that stand in the file.
#[derive(Debug)]
pub(super) struct Initializer {
    pub name: String,
    pub dims: Vec<i64>,
    pub element: Element,
    pub bytes: Vec<u8>,
}

/// An input or output of the graph; its elements are floats.
#[derive(Debug)]
pub(super) struct Port {
    pub name: String,
    pub axes: Vec<Axis>,
}

/// A size of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Known(usize),
    /// Open, by a name; an empty name says nothing about the size.
    Named(String),
}

impl OnnxGraph {
    /// A name that no value has yet: the one wanted, or the one wanted with a number.
    pub fn value_name(&mut self, wanted: &str) -> String {
        unique(&mut self.value_names, wanted)
    }

    /// Adds a node with these numbers of outputs; returns their names.
    pub fn node(
        &mut self,
        (op, wanted): (&'static str, &str),
        inputs: Vec<String>,
        outputs: usize,
        attributes: Attributes,
    ) -> Vec<String> {
        let name = unique(&mut self.node_names, wanted);
        let outputs: Vec<String> =
            (0..outputs).map(|_| self.value_name(&format!("{name}_output"))).collect();
        self.nodes.push(Node { name, op, inputs, outputs: outputs.clone(), attributes });
        outputs
    }

    /// Whether a node of this name is there.
    pub fn has_node(&self, name: &str) -> bool {
        self.node_names.contains(name)
    }

    /// Adds floats under a name that is not taken yet.
    pub fn floats(&mut self, wanted: &str, sizes: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(wanted, sizes, (Element::Float, bytes))
    }

    /// Adds a list of whole numbers.
    pub fn ints(&mut self, wanted: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(wanted, &[values.len()], (Element::Int64, bytes))
    }

    /// Adds a constant of any element type.
    pub fn initializer(
        &mut self,
        wanted: &str,
        sizes: &[usize],
        (element, bytes): (Element, Vec<u8>),
    ) -> String {
        let name = self.value_name(wanted);
        let dims = sizes.iter().map(|&size| whole(size)).collect();
        self.initializers.push(Initializer { name: name.clone(), dims, element, bytes });
        name
    }

    /// A single float; equal ones are one constant.
    pub fn scalar(&mut self, value: f32) -> String {
        if let Some(name) = self.scalars.get(&value.to_bits()) {
            return name.clone();
        }
        let name = self.floats(&format!("scalar_{value:?}"), &[], &[value]);
        self.scalars.insert(value.to_bits(), name.clone());
        name
    }

    /// The value with its axes permuted. The same permutation is made once, and its inverse leads back to the value.
    pub fn transpose(&mut self, value: &str, perm: &[usize], node_name: &str) -> String {
        if perm.iter().copied().eq(0..perm.len()) {
            return value.to_owned();
        }
        let key = (value.to_owned(), perm.to_vec());
        if let Some(name) = self.transposed.get(&key) {
            return name.clone();
        }
        let attributes = vec![("perm", Attribute::sizes(perm))];
        let made =
            self.node(("Transpose", node_name), vec![value.to_owned()], 1, attributes).remove(0);
        let mut inverse = vec![0; perm.len()];
        for (to, &from) in perm.iter().enumerate() {
            inverse[from] = to;
        }
        self.transposed.insert((made.clone(), inverse), value.to_owned());
        self.transposed.insert(key, made.clone());
        made
    }

    /// Gives a value made by a node another name, which must have been reserved by [`OnnxGraph::value_name`].
    pub fn rename(&mut self, value: &str, name: &str) {
        for node in &mut self.nodes {
            let places = node.inputs.iter_mut().chain(&mut node.outputs);
            places.filter(|place| *place == value).for_each(|place| name.clone_into(place));
        }
    }

    /// Whether a value is made by a node, and neither comes in nor is constant.
    pub fn is_made(&self, value: &str) -> bool {
        self.nodes.iter().any(|node| node.outputs.iter().any(|output| output == value))
    }

    /// The bytes of all constants.
    pub fn constant_bytes(&self) -> u64 {
        self.initializers.iter().map(|constant| constant.bytes.len() as u64).sum()
    }
}

fn unique(taken: &mut HashSet<String>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    let mut number = 0;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{wanted}_{number}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut graph = OnnxGraph::default();
        assert_eq!(["a", "a", "a"].map(|name| graph.value_name(name)), ["a", "a_1", "a_2"]);
    }

    #[test]
    fn the_same_permutation_is_made_once_and_its_inverse_not_at_all() {
        let mut graph = OnnxGraph::default();
        let first = graph.transpose("x", &[0, 3, 1, 2], "t");
        assert_eq!(graph.transpose("x", &[0, 3, 1, 2], "t"), first);
        assert_eq!(graph.transpose(&first, &[0, 2, 3, 1], "t"), "x");
        assert_eq!(graph.nodes.len(), 1);
    }

    #[test]
    fn equal_scalars_are_one_constant() {
        let mut graph = OnnxGraph::default();
        assert_eq!(graph.scalar(0.5), graph.scalar(0.5));
        assert_ne!(graph.scalar(0.0), graph.scalar(-0.0));
        assert_eq!(graph.initializers.len(), 3);
    }
}
