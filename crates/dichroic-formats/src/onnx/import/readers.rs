//! Who reads a value of the file.

use std::collections::HashMap;

use onnx_rs::ast::{Graph, Node};

/// The only reader of each value that has one.
#[derive(Debug, Default)]
pub(super) struct Readers<'a>(HashMap<&'a str, Option<usize>>);

impl<'a> Readers<'a> {
    /// The readers of all values of these nodes; outputs and the graphs inside nodes read too.
    pub fn of(nodes: &'a [Node<'a>], outputs: impl Iterator<Item = &'a str>) -> Self {
        let mut readers = Self::default();
        for (number, node) in nodes.iter().enumerate() {
            for &input in &node.input {
                readers.0.entry(input).and_modify(|only| *only = None).or_insert(Some(number));
            }
        }
        nodes.iter().for_each(|node| readers.forget_inside(node));
        readers.0.extend(outputs.map(|output| (output, None)));
        readers
    }

    /// The number of the only node that reads a value.
    pub fn only(&self, value: &str) -> Option<usize> {
        self.0.get(value).copied().flatten()
    }

    /// What a graph inside a node reads from outside is not told apart from what it makes.
    fn forget_inside(&mut self, node: &'a Node<'a>) {
        let graphs =
            |a: &'a onnx_rs::ast::Attribute<'a>| a.g.as_deref().into_iter().chain(&a.graphs);
        node.attribute.iter().flat_map(graphs).for_each(|graph| self.forget(graph));
    }

    fn forget(&mut self, graph: &'a Graph<'a>) {
        for node in &graph.node {
            self.0.extend(node.input.iter().map(|&input| (input, None)));
            self.forget_inside(node);
        }
        self.0.extend(graph.output.iter().map(|output| (output.name, None)));
    }
}
