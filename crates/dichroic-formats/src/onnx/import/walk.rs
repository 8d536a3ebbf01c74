//! From a file's graph to a model: its inputs, its nodes, its outputs.

use std::collections::HashSet;

use onnx_rs::ast;

use super::attributes::Attributes;
use super::block::{Blocks, Frame};
use super::ports::{Batch, Declared, order_of, sizes_to_give};
use super::{Entry, Node, Value, Variable};
use crate::error::{Located, Problem};
use crate::onnx::proto::External;
use crate::onnx::{ImportedOnnx, OnnxOptions, Port};

/// The versions of the operator set that are understood.
const OPSETS: std::ops::RangeInclusive<i64> = 1..=23;

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
    let run = |batch| Walk::new(model, external, batch)?.run(options);
    // What is wrong with the open batch is the user's concern only if a fixed one would not do.
    let made = run(Batch::Open).or_else(|open| run(Batch::Fixed).map_err(|_| open));
    made.map_err(|error| {
        match model.graph.as_ref().and_then(|graph| sizes_to_give(graph, options)) {
            Some(fix) => with_sizes(error, fix),
            None => error,
        }
    })
}

/// The same problem with the sizes that would help, if any do.
fn with_sizes(error: Located, fix: String) -> Located {
    let Located { place, problem } = error;
    let problem = match problem {
        Problem::Unsupported { what, fix: other } if other.contains("--input") => {
            Problem::Unsupported { what, fix }
        }
        problem @ Problem::Model(_) => Problem::Open { source: Box::new(problem), fix },
        other => other,
    };
    Located { place, problem }
}

struct Walk<'a> {
    graph: &'a ast::Graph<'a>,
    opset: i64,
    batch: Batch,
    blocks: Blocks<'a>,
    inputs: Vec<(Port, Variable)>,
    /// Whether the file itself leaves a batch open.
    open_in_file: bool,
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
        let (opset, blocks) = (opset(model)?, Blocks::new(model, external));
        Ok(Self { graph, opset, batch, blocks, inputs: Vec::new(), open_in_file: false })
    }

    fn run(mut self, options: &OnnxOptions) -> Result<ImportedOnnx, Located> {
        let mut frame = Frame::new(self.opset);
        self.blocks.arrays(self.graph, &mut frame)?;
        self.read_inputs(options, &mut frame)?;
        let outputs = self.graph.output.iter().map(|output| output.name);
        self.blocks.run(&self.graph.node, outputs, &mut frame)?;
        self.finish(&frame)
    }

    fn read_inputs(
        &mut self,
        options: &OnnxOptions,
        frame: &mut Frame<'_, 'a>,
    ) -> Result<(), Located> {
        let weights: HashSet<&str> = frame.values.keys().copied().collect();
        let (known, open): (Vec<_>, Vec<_>) = self
            .graph
            .input
            .iter()
            .filter(|info| !weights.contains(info.name))
            .partition(|info| options.known_inputs.contains_key(info.name));
        for info in known {
            let array = options.known_inputs[info.name].array();
            let array = array.map_err(|error| error.inside(&input(info.name)))?;
            frame.values.insert(info.name, Value::Known(array));
        }
        let alone = open.len() == 1;
        for info in open {
            let sample = options.sample_shape.as_deref().map(|sample| (sample, alone));
            let variable = self.read_input(info, options, sample);
            let variable = variable.map_err(|error| error.inside(&input(info.name)))?;
            self.inputs.push((Port::of(info.name, &variable), variable.clone()));
            frame.values.insert(info.name, Value::Variable(variable));
        }
        Ok(())
    }

    /// An input of the model; `sample` is the shape that the user gives for the only one.
    fn read_input(
        &mut self,
        info: &'a ast::ValueInfo<'a>,
        options: &OnnxOptions,
        sample: Option<(&[usize], bool)>,
    ) -> Result<Variable, Located> {
        let mut declared = Declared::of(info, &options.input_shapes)?;
        self.open_in_file |= declared.sizes.first() == Some(&None);
        let order = order_of(info.name, declared.sizes.len(), self.graph);
        match sample {
            Some((sample, true)) => declared.suit(sample, &order)?,
            Some((_, false)) => {
                let what = "a shape without a name for one of several inputs".to_owned();
                let fix = format!("give each by its name: --input {}=1x3x224x224", info.name);
                return Err(Problem::Unsupported { what, fix }.into());
            }
            None => {}
        }
        // A batch of several that the user gives is meant.
        let batch = match options.input_shapes.get(info.name).and_then(|sizes| sizes.first()) {
            Some(&size) if size > 1 => Batch::Fixed,
            _ => self.batch,
        };
        let symbol = self.blocks.builder.input(info.name, declared.shape(&order, batch));
        let names: Vec<String> =
            order.places().iter().map(|&axis| declared.names[axis].clone()).collect();
        self.blocks.builder.name_axes(&symbol, &names);
        Ok(Variable::plain(symbol, declared.element).ordered(order))
    }

    fn finish(mut self, frame: &Frame<'_, 'a>) -> Result<ImportedOnnx, Located> {
        let mut outputs = Vec::new();
        let mut symbols = Vec::new();
        for info in &self.graph.output {
            let variable = frame.value(info.name).cloned();
            let variable = variable.and_then(|value| self.settled(info.name, value));
            let inside = |error: Located| error.inside(&format!("output {:?}", info.name));
            let variable = variable.map_err(inside)?;
            let items = variable.order.places().first().copied();
            let sizes = self.blocks.builder.sizes(&variable);
            let items = items.map_or(Entry::Known(1), |axis| sizes[axis]);
            // A batch of 1 is opened where each output has it; one that is open anyway may be mixed.
            if self.has_open_batch() && !self.open_in_file && items != Entry::Batch(1) {
                let what = "an output whose first axis is not the batch".to_owned();
                let fix = "give the batch with --input, or export with the batch first".to_owned();
                return Err(inside(Problem::Unsupported { what, fix }.into()));
            }
            // A file for one item may hold its batch as a number anywhere, where several items don't fit.
            if self.has_open_batch()
                && !self.open_in_file
                && !self.blocks.builder.takes_batches(&variable.symbol)
            {
                let what = "a batch of several items".to_owned();
                let fix = "export the model with an open batch".to_owned();
                return Err(inside(Problem::Unsupported { what, fix }.into()));
            }
            outputs.push(Port::of(info.name, &variable));
            symbols.push(variable.symbol);
        }
        let (inputs, given): (Vec<Port>, Vec<Variable>) = self.inputs.into_iter().unzip();
        let mut builder = self.blocks.builder;
        let given = match given.is_empty() {
            // Constants hang on an input that nobody reads.
            true => vec![builder.anchor()],
            false => given.into_iter().map(|variable| variable.symbol).collect(),
        };
        let name = (!self.graph.name.is_empty()).then_some(self.graph.name);
        let model = builder.finish(name, given, symbols)?;
        Ok(ImportedOnnx { model, inputs, outputs })
    }

    fn has_open_batch(&self) -> bool {
        let open = |(_, variable): &(Port, Variable)| variable.size_of_items() == Entry::Batch(1);
        self.inputs.iter().any(open)
    }

    /// A value as layers compute it, nothing left undone.
    fn settled(&mut self, name: &'a str, value: Value<'a>) -> Result<Variable, Located> {
        self.blocks.builder.begin_node(name);
        let mut node = Node {
            op: "output",
            opset: self.opset,
            attributes: Attributes::new(Vec::new()),
            outputs: 1,
            inputs: vec![Some(value)],
            builder: &mut self.blocks.builder,
            external: self.blocks.external,
            next: None,
            absorbed: false,
        };
        let variable = node.variable(0)?;
        node.settled(&variable)
    }
}

/// The version of ONNX's own operator set that the file uses.
fn opset(model: &ast::Model<'_>) -> Result<i64, Located> {
    let own = model.opset_import.iter().find(|set| matches!(set.domain, "" | "ai.onnx"));
    let version = own.map_or(1, |set| set.version);
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    let what = format!("operator set {version}");
    let fix = format!("export the model for a set from {} to {}", OPSETS.start(), OPSETS.end());
    Err(Problem::Unsupported { what, fix }.into())
}

fn input(name: &str) -> String {
    format!("input {name:?}")
}
