//! The walk over a file's nodes, in the order in which they stand.

use std::collections::{HashMap, HashSet};

use onnx_rs::ast;

use super::attributes::Attributes;
use super::builder::Builder;
use super::ports::{Batch, Declared, order_of};
use super::{Node, Value, Variable, fold, operators};
use crate::error::{Located, Problem};
use crate::onnx::proto::{External, read_tensor};
use crate::onnx::{ImportedOnnx, OnnxOptions, Port};

/// The versions of the operator set that are understood.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=23;

/// The model of a file.
///
/// A batch that the file fixes to 1, or names, is opened if everything can be made that way.
///
/// # Errors
/// When something in the file is not supported or contradicts itself.
pub(crate) fn import<'a>(
    model: &'a ast::Model<'a>,
    external: &'a External,
    options: &OnnxOptions,
) -> Result<ImportedOnnx, Located> {
    match Walk::new(model, external, Batch::Open)?.run(options) {
        Ok(imported) => Ok(imported),
        Err(open) => match Walk::new(model, external, Batch::Fixed)?.run(options) {
            Ok(imported) => Ok(imported),
            // What is wrong with the open batch is the user's concern only if a fixed one would do.
            Err(_) => Err(open),
        },
    }
}

struct Walk<'a> {
    graph: &'a ast::Graph<'a>,
    external: &'a External,
    opset: i64,
    batch: Batch,
    values: HashMap<&'a str, Value<'a>>,
    builder: Builder,
    inputs: Vec<(Port, Variable)>,
}

impl<'a> Walk<'a> {
    fn new(
        model: &'a ast::Model<'a>,
        external: &'a External,
        batch: Batch,
    ) -> Result<Self, Located> {
        let graph = model.graph.as_ref().ok_or_else(|| Problem::Missing {
            what: "the graph".to_owned(),
            fix: "export the model anew".to_owned(),
        })?;
        let opset = opset(model)?;
        let (values, inputs, builder) = Default::default();
        Ok(Self { graph, external, opset, batch, values, builder, inputs })
    }

    fn run(mut self, options: &OnnxOptions) -> Result<ImportedOnnx, Located> {
        self.read_arrays()?;
        self.read_inputs(options)?;
        for (number, node) in self.graph.node.iter().enumerate() {
            self.node(node).map_err(|error| error.inside(&place(node, number)))?;
        }
        self.finish()
    }

    fn read_arrays(&mut self) -> Result<(), Located> {
        for tensor in &self.graph.initializer {
            let array = read_tensor(tensor, self.external)?;
            self.values.insert(tensor.name(), Value::Known(array));
        }
        if self.graph.sparse_initializer.is_empty() {
            return Ok(());
        }
        Err(unsupported("a sparse weight", "export the model with dense weights"))
    }

    fn read_inputs(&mut self, options: &OnnxOptions) -> Result<(), Located> {
        let weights: HashSet<&str> = self.values.keys().copied().collect();
        for info in self.graph.input.iter().filter(|info| !weights.contains(info.name)) {
            let inside = |error: Located| error.inside(&format!("input {:?}", info.name));
            if let Some(known) = options.known_inputs.get(info.name) {
                let array = known.array().map_err(inside)?;
                self.values.insert(info.name, Value::Known(array));
                continue;
            }
            let declared = Declared::of(info, &options.input_shapes).map_err(inside)?;
            let order = order_of(info.name, declared.sizes.len(), self.graph);
            // A batch that the user gives is meant.
            let batch = match options.input_shapes.get(info.name).and_then(|sizes| sizes.first()) {
                Some(&size) if size > 1 => Batch::Fixed,
                _ => self.batch,
            };
            let symbol = self.builder.input(info.name, declared.shape(&order, batch));
            let variable = Variable::plain(symbol, declared.element).ordered(order);
            self.inputs.push((Port::of(info.name, &variable), variable.clone()));
            self.values.insert(info.name, Value::Variable(variable));
        }
        Ok(())
    }

    fn node(&mut self, proto: &'a ast::Node<'a>) -> Result<(), Located> {
        let op = proto.op_type.as_str();
        if !matches!(proto.domain, "" | "ai.onnx") {
            let what = format!("operator {op} of domain {:?}", proto.domain);
            return Err(unsupported(&what, "export the model with ONNX's own operators"));
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for &name in &proto.input {
            inputs.push(match name {
                "" => None,
                name => Some(self.value(name)?.clone()),
            });
        }
        self.builder.begin_node(if proto.name.is_empty() { op } else { proto.name });
        let mut node = Node {
            op,
            opset: self.opset,
            attributes: Attributes::new(proto.attribute.iter().collect()),
            outputs: proto.output.len(),
            inputs,
            builder: &mut self.builder,
        };
        let made = make(&mut node)?;
        let unread = node.attributes.unread();
        if !unread.is_empty() {
            let what = format!("attribute {} of {op}", unread.join(", "));
            return Err(unsupported(&what, "export the model without it"));
        }
        self.values.extend(proto.output.iter().copied().zip(made));
        Ok(())
    }

    fn value(&self, name: &str) -> Result<&Value<'a>, Located> {
        self.values.get(name).ok_or_else(|| {
            Problem::Missing {
                what: format!("the value {name:?}"),
                fix: "no node before makes it; export the model anew".to_owned(),
            }
            .into()
        })
    }

    fn finish(mut self) -> Result<ImportedOnnx, Located> {
        let mut outputs = Vec::new();
        let mut symbols = Vec::new();
        for info in &self.graph.output {
            let inside = |error: Located| error.inside(&format!("output {:?}", info.name));
            let value = self.value(info.name).map_err(inside)?.clone();
            let variable = self.variable(info.name, value).map_err(inside)?;
            outputs.push(Port::of(info.name, &variable));
            symbols.push(variable.symbol);
        }
        let (inputs, given): (Vec<Port>, Vec<Variable>) = self.inputs.into_iter().unzip();
        let given = given.into_iter().map(|variable| variable.symbol).collect();
        let name = (!self.graph.name.is_empty()).then_some(self.graph.name);
        let model = self.builder.finish(name, given, symbols)?;
        Ok(ImportedOnnx { model, inputs, outputs })
    }

    /// A value as layers compute it, nothing left undone.
    fn variable(&mut self, name: &'a str, value: Value<'a>) -> Result<Variable, Located> {
        self.builder.begin_node(name);
        let mut node = Node {
            op: "output",
            opset: self.opset,
            attributes: Attributes::new(Vec::new()),
            outputs: 1,
            inputs: vec![Some(value)],
            builder: &mut self.builder,
        };
        let variable = node.variable(0)?;
        node.in_order(&variable, &variable.order.clone())
    }
}

/// The outputs of a node: computed now if all its inputs are known, else by layers.
fn make<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let known = node.inputs.iter().flatten().all(|input| matches!(input, Value::Known(_)));
    let fold = fold::find(node.op);
    if known
        && let Some(fold) = fold
        && let Some(made) = fold(node)?
    {
        return Ok(made);
    }
    let Some((_, versions, import)) = operators::find(node.op) else {
        let fix = "export the model with other operators";
        return Err(unsupported(&format!("operator {}", node.op), fix));
    };
    if !versions.contains(&node.opset) {
        let what = format!("operator {} of operator set {}", node.op, node.opset);
        let fix = format!("export for a set from {} to {}", versions.start(), versions.end());
        return Err(unsupported(&what, &fix));
    }
    if known && node.inputs.iter().any(Option::is_some) {
        return fold::through_layers(node, *import);
    }
    import(node)
}

/// The version of ONNX's own operator set that the file uses.
fn opset(model: &ast::Model<'_>) -> Result<i64, Located> {
    let own = model.opset_import.iter().find(|set| matches!(set.domain, "" | "ai.onnx"));
    let version = own.map_or(1, |set| set.version);
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    let fix = format!("export the model for a set from {} to {}", OPSETS.start(), OPSETS.end());
    Err(unsupported(&format!("operator set {version}"), &fix))
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
