//! Nodes in order: those of the file's graph, of a function that it calls, of a branch whose condition is known.

use std::collections::{HashMap, HashSet};

use onnx_rs::ast;

use super::attributes::Attributes;
use super::builder::Builder;
use super::operators::Operator;
use super::readers::Readers;
use super::{Array, Node, Value, fold, operators};
use crate::error::{Located, Problem};
use crate::onnx::proto::{External, read_tensor};

/// The memory that constants may take beside the file's own, in bytes.
const MOST_MADE: usize = 1 << 30;
/// The most nodes of functions, each counted as often as it is called.
const MOST_INLINED: usize = 1 << 17;
/// How deep functions and branches may call each other.
const DEEPEST: usize = 64;

/// Names and what they stand for, in a graph or in one call of a function.
#[derive(Debug, Default)]
pub(super) struct Frame<'f, 'a> {
    pub values: HashMap<&'a str, Value<'a>>,
    /// The attributes of the function's call.
    bindings: HashMap<&'a str, &'a ast::Attribute<'a>>,
    /// Around a branch: names that it may read too.
    outer: Option<&'f Frame<'f, 'a>>,
    /// What stands before the names of layers.
    prefix: String,
    opset: i64,
    depth: usize,
}

impl<'a> Frame<'_, 'a> {
    /// The frame of the file's own graph.
    pub fn new(opset: i64) -> Self {
        Self { opset, ..Self::default() }
    }

    /// What a name stands for.
    pub fn value(&self, name: &str) -> Result<&Value<'a>, Located> {
        match (self.values.get(name), self.outer) {
            (Some(value), _) => Ok(value),
            (None, Some(outer)) => outer.value(name),
            (None, None) => Err(Problem::Missing {
                what: format!("the value {name:?}"),
                fix: "no node before makes it; export the model anew".to_owned(),
            }
            .into()),
        }
    }
}

/// What all blocks share.
pub(super) struct Blocks<'a> {
    functions: HashMap<(&'a str, &'a str), &'a ast::Function<'a>>,
    pub external: &'a External,
    pub builder: Builder,
    /// How many bytes constants may still take that the file does not hold.
    budget: usize,
    /// How many nodes of functions may still be taken.
    inlined: usize,
}

impl<'a> Blocks<'a> {
    pub fn new(model: &'a ast::Model<'a>, external: &'a External) -> Self {
        let functions = model.functions.iter().map(|f| ((f.domain, f.name), f)).collect();
        let (budget, inlined) = (MOST_MADE, MOST_INLINED);
        Self { functions, external, builder: Builder::default(), budget, inlined }
    }

    /// Reads the arrays of a graph into a frame.
    pub fn arrays(
        &mut self,
        graph: &'a ast::Graph<'a>,
        frame: &mut Frame<'_, 'a>,
    ) -> Result<(), Located> {
        for tensor in &graph.initializer {
            let array = read_tensor(tensor, self.external)?;
            // A weight may be folded a few times: cast, transposed, scaled.
            self.budget = self.budget.saturating_add(array.memory().saturating_mul(4));
            frame.values.insert(tensor.name(), Value::Known(array));
        }
        if graph.sparse_initializer.is_empty() {
            return Ok(());
        }
        Err(unsupported("a sparse weight", "export the model with dense weights"))
    }

    /// Takes nodes in order; `outputs` are the names that are read afterwards.
    pub fn run(
        &mut self,
        nodes: &'a [ast::Node<'a>],
        outputs: impl Iterator<Item = &'a str>,
        frame: &mut Frame<'_, 'a>,
    ) -> Result<(), Located> {
        let readers = Readers::of(nodes, outputs);
        // Nodes that the node before them has done.
        let mut absorbed = HashSet::new();
        for (number, node) in nodes.iter().enumerate() {
            let inside = |error: Located| error.inside(&place(node, number));
            if absorbed.contains(&number) {
                pass_through(node, frame).map_err(inside)?;
                continue;
            }
            let next = next_add(nodes, &readers, node, frame);
            let done = self.node(node, next.as_ref().map(|(_, array)| array), frame);
            if done.map_err(inside)? {
                absorbed.extend(next.map(|(number, _)| number));
            }
        }
        Ok(())
    }

    /// Takes a node; says whether it has done the Add behind it.
    fn node(
        &mut self,
        proto: &'a ast::Node<'a>,
        next: Option<&Array<'a>>,
        frame: &mut Frame<'_, 'a>,
    ) -> Result<bool, Located> {
        let op = proto.op_type.as_str();
        let mut inputs = Vec::with_capacity(proto.input.len());
        for &name in &proto.input {
            inputs.push(match name {
                "" => None,
                name => Some(frame.value(name)?.clone()),
            });
        }
        let own = matches!(proto.domain, "" | "ai.onnx");
        if let Some(&function) = self.functions.get(&(proto.domain, op)) {
            let made = self.function(function, proto, inputs, frame)?;
            frame.values.extend(proto.output.iter().copied().zip(made));
            return Ok(false);
        }
        if own && op == "If" {
            let made = self.branch(proto, &inputs, frame)?;
            frame.values.extend(proto.output.iter().copied().zip(made));
            return Ok(false);
        }
        let operator = operators::find_in(proto.domain, op).ok_or_else(|| unknown(proto))?;
        let name = if proto.name.is_empty() { op } else { proto.name };
        self.builder.begin_node(&format!("{}{name}", frame.prefix));
        let weights = inputs.iter().skip(1).flatten();
        let known = weights.clone().all(|input| matches!(input, Value::Known(_)));
        let source =
            (known && weights.count() > 0 && frame.depth == 0).then(|| proto.input[1..].join(" "));
        self.builder.weights_from(source);
        let mut node = Node {
            op,
            opset: frame.opset,
            attributes: Attributes::new(attributes(proto, frame)),
            outputs: proto.output.iter().filter(|name| !name.is_empty()).count(),
            inputs,
            builder: &mut self.builder,
            external: self.external,
            next: next.cloned(),
            absorbed: false,
        };
        let made = make(&mut node, operator)?;
        let unread = node.attributes.unread();
        if !unread.is_empty() {
            let what = format!("attribute {} of {op}", unread.join(", "));
            return Err(unsupported(&what, "export the model without it"));
        }
        let absorbed = node.absorbed;
        self.spend(&made)?;
        frame.values.extend(proto.output.iter().copied().zip(made));
        Ok(absorbed)
    }

    /// The outputs of a function that the file defines.
    fn function(
        &mut self,
        function: &'a ast::Function<'a>,
        call: &'a ast::Node<'a>,
        inputs: Vec<Option<Value<'a>>>,
        frame: &Frame<'_, 'a>,
    ) -> Result<Vec<Value<'a>>, Located> {
        let left = self.inlined.checked_sub(function.node.len().max(1));
        self.inlined = left.filter(|_| frame.depth < DEEPEST).ok_or_else(|| {
            let expected = format!("at most {MOST_INLINED} nodes in functions, {DEEPEST} deep");
            Problem::malformed(expected, "more")
        })?;
        let mut bindings: HashMap<_, _> =
            function.attribute_proto.iter().map(|attribute| (attribute.name, attribute)).collect();
        let given = attributes(call, frame);
        bindings.extend(given);
        let set = function.opset_import.iter().find(|set| matches!(set.domain, "" | "ai.onnx"));
        let name = if call.name.is_empty() { function.name } else { call.name };
        let mut inner = Frame {
            bindings,
            prefix: format!("{}{name}_", frame.prefix),
            opset: set.map_or(frame.opset, |set| set.version),
            depth: frame.depth + 1,
            ..Frame::default()
        };
        let named = function.input.iter().copied().zip(inputs);
        inner.values.extend(named.filter_map(|(name, value)| Some((name, value?))));
        self.run(&function.node, function.output.iter().copied(), &mut inner)?;
        function.output.iter().map(|&output| inner.value(output).cloned()).collect()
    }

    /// The outputs of an If whose condition is known.
    fn branch(
        &mut self,
        proto: &'a ast::Node<'a>,
        inputs: &[Option<Value<'a>>],
        frame: &Frame<'_, 'a>,
    ) -> Result<Vec<Value<'a>>, Located> {
        let condition = match inputs.first() {
            Some(Some(Value::Known(array))) => array.single(),
            _ => None,
        };
        let Some(condition) = condition else {
            let what = "an If whose condition is computed";
            return Err(unsupported(
                what,
                "export the model with fixed sizes, or give them with --input",
            ));
        };
        let name = if condition == 0.0 { "else_branch" } else { "then_branch" };
        let graph = Attributes::new(attributes(proto, frame)).graph(name)?;
        let graph = graph.ok_or_else(|| Problem::malformed(format!("attribute {name}"), "none"))?;
        if frame.depth >= DEEPEST {
            return Err(
                Problem::malformed(format!("branches at most {DEEPEST} deep"), "more").into()
            );
        }
        let mut inner = Frame {
            bindings: frame.bindings.clone(),
            outer: Some(frame),
            prefix: frame.prefix.clone(),
            opset: frame.opset,
            depth: frame.depth + 1,
            ..Frame::default()
        };
        self.arrays(graph, &mut inner)?;
        self.run(&graph.node, graph.output.iter().map(|output| output.name), &mut inner)?;
        graph.output.iter().map(|output| inner.value(output.name).cloned()).collect()
    }

    /// Counts the memory of new constants, so that a small file can't ask for all memory bit by bit.
    fn spend(&mut self, made: &[Value<'a>]) -> Result<(), Located> {
        let count = |value: &Value<'_>| match value {
            Value::Known(array) => array.memory(),
            Value::Variable(_) => 0,
        };
        let spent = made.iter().map(count).sum();
        self.budget = self.budget.checked_sub(spent).ok_or_else(|| {
            let expected = "constants not much larger than the file's own";
            Problem::malformed(expected, format!("one of {spent} bytes after many others"))
        })?;
        Ok(())
    }
}

/// The attributes of a node by name, those of the function's call in place of references to them.
fn attributes<'a>(
    node: &'a ast::Node<'a>,
    frame: &Frame<'_, 'a>,
) -> Vec<(&'a str, &'a ast::Attribute<'a>)> {
    let resolved = |attribute: &'a ast::Attribute<'a>| match attribute.ref_attr_name {
        "" => Some((attribute.name, attribute)),
        outer => frame.bindings.get(outer).map(|bound| (attribute.name, *bound)),
    };
    node.attribute.iter().filter_map(resolved).collect()
}

/// The number of an Add that alone reads a node's output, and the known array that it adds.
fn next_add<'a>(
    nodes: &'a [ast::Node<'a>],
    readers: &Readers<'a>,
    node: &ast::Node<'a>,
    frame: &Frame<'_, 'a>,
) -> Option<(usize, Array<'a>)> {
    let output = *node.output.first()?;
    let number = readers.only(output)?;
    let next = nodes.get(number)?;
    let own = matches!(next.domain, "" | "ai.onnx") && next.op_type.as_str() == "Add";
    let [a, b] = next.input[..] else { return None };
    let other = if a == output { b } else { a };
    match frame.value(other) {
        Ok(Value::Known(array)) if own => Some((number, array.clone())),
        _ => None,
    }
}

/// An Add that the node before it has done gives what that node gives.
fn pass_through<'a>(node: &ast::Node<'a>, frame: &mut Frame<'_, 'a>) -> Result<(), Located> {
    for &input in &node.input {
        if let Value::Variable(done) = frame.value(input)? {
            let done = Value::Variable(done.clone());
            frame.values.extend(node.output.first().map(|&output| (output, done)));
            break;
        }
    }
    Ok(())
}

/// The outputs of a node: computed now if all its inputs are known, else by layers.
fn make<'a>(
    node: &mut Node<'_, 'a>,
    (_, versions, import): &Operator,
) -> Result<Vec<Value<'a>>, Located> {
    if !versions.contains(&node.opset) {
        let what = format!("operator {} of operator set {}", node.op, node.opset);
        let fix = format!("export for a set from {} to {}", versions.start(), versions.end());
        return Err(unsupported(&what, &fix));
    }
    operators::aligned_by_attribute(node)?;
    let known = node.inputs.iter().flatten().all(|input| matches!(input, Value::Known(_)));
    if known {
        let fold = fold::find(node.op);
        if let Some(made) = fold.map(|fold| fold(node)).transpose()?.flatten() {
            return Ok(made);
        }
        if node.inputs.iter().any(Option::is_some) {
            return fold::through_layers(node, *import);
        }
    }
    import(node)
}

/// Operators whose output has as many values as the input's values say.
const OPEN_ENDED: [&str; 3] = ["Compress", "NonZero", "Unique"];

/// The error about an operator that is not supported.
fn unknown(node: &ast::Node<'_>) -> Located {
    let op = node.op_type.as_str();
    match node.domain {
        "" | "ai.onnx" if OPEN_ENDED.contains(&op) => unsupported(
            &format!("operator {op}, whose output has a size that follows from values"),
            "export the model without what follows: a detector without its choice of boxes (nms=False)",
        ),
        "" | "ai.onnx" => {
            unsupported(&format!("operator {op}"), "export the model with other operators")
        }
        domain => unsupported(
            &format!("operator {op} of domain {domain:?}"),
            "export the model with ONNX's own operators",
        ),
    }
}

fn place(node: &ast::Node<'_>, number: usize) -> String {
    match node.name {
        "" => format!("node {number} ({})", node.op_type),
        name => format!("node {name:?} ({})", node.op_type),
    }
}

fn unsupported(what: &str, fix: &str) -> Located {
    Problem::Unsupported { what: what.to_owned(), fix: fix.to_owned() }.into()
}
