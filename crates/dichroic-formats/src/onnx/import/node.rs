//! A node of the file as an operator sees it: its inputs, its attributes, and the way to make layers.

use dichroic::Tensor;
use dichroic::layers::{Constant, Flatten, Permute, Reshape, Transpose};
use dichroic::model::{LayerRef, Symbol};
use onnx_rs::ast::TensorProto;

use super::attributes::Attributes;
use super::builder::Builder;
use super::{Array, ElementType, Entry, Order, Value, Variable};
use crate::error::{Located, Problem};
use crate::onnx::proto::{External, read_tensor};

/// A node while it becomes layers.
#[derive(Debug)]
pub(crate) struct Node<'i, 'a> {
    /// The operator.
    pub op: &'a str,
    /// The version of the operator set that the file imports.
    pub opset: i64,
    /// The attributes.
    pub attributes: Attributes<'a>,
    /// The number of outputs that the file names.
    pub outputs: usize,
    /// What comes in; `None` where the file leaves an input out.
    pub inputs: Vec<Option<Value<'a>>>,
    /// Where layers are made.
    pub builder: &'i mut Builder,
    /// The arrays outside the file.
    pub external: &'a External,
    /// What an Add adds to the first output, if it is the only one who reads it and adds something known.
    pub next: Option<Array<'a>>,
    /// Whether that Add is done by this node.
    pub absorbed: bool,
}

impl<'a> Node<'_, 'a> {
    /// Whether there is an input at this place.
    pub fn has(&self, input: usize) -> bool {
        self.optional(input).is_some()
    }

    /// An input that may be left out.
    pub fn optional(&self, input: usize) -> Option<&Value<'a>> {
        self.inputs.get(input)?.as_ref()
    }

    /// An input.
    ///
    /// # Errors
    /// When it is left out.
    pub fn value(&self, input: usize) -> Result<&Value<'a>, Located> {
        self.optional(input).ok_or_else(|| {
            Problem::malformed(format!("at least {} inputs", input + 1), self.inputs.len()).into()
        })
    }

    /// An input whose values are known; a copy that shares them.
    ///
    /// # Errors
    /// When it is left out or computed from the model's inputs.
    pub fn known(&self, input: usize) -> Result<Array<'a>, Located> {
        match self.value(input)? {
            Value::Known(array) => Ok(array.clone()),
            Value::Variable(_) => Err(self.unsupported(
                &format!("{} whose input {input} is computed", self.op),
                "export the model with this input as a constant",
            )),
        }
    }

    /// An input whose values are known, or `None` if it is left out.
    ///
    /// # Errors
    /// When it is computed from the model's inputs.
    pub fn known_optional(&self, input: usize) -> Result<Option<Array<'a>>, Located> {
        self.has(input).then(|| self.known(input)).transpose()
    }

    /// The known whole numbers of an input.
    ///
    /// # Errors
    /// As [`Node::known`], and when they have fractions or are open.
    pub fn known_whole(&self, input: usize) -> Result<Vec<i64>, Located> {
        Ok(self.known(input)?.to_whole()?.into_owned())
    }

    /// An input as a value that layers compute; a known one becomes a layer of its own.
    ///
    /// # Errors
    /// When it is left out.
    pub fn variable(&mut self, input: usize) -> Result<Variable, Located> {
        match self.value(input)?.clone() {
            Value::Variable(variable) => Ok(variable),
            Value::Known(array) => {
                let order = Order::plain(array.rank());
                self.constant(&array, &order)
            }
        }
    }

    /// A layer that gives a known array, its axes in this order in memory.
    ///
    /// # Errors
    /// When its values are open.
    pub fn constant(&mut self, array: &Array<'a>, order: &Order) -> Result<Variable, Located> {
        let anchor = self.builder.anchor();
        let value = array.to_tensor(order)?;
        let layer = Constant::new(value.shape().to_vec());
        let symbol = self.builder.weighted(layer, &[anchor], vec![value])?;
        let element = array.element();
        Ok(Variable::plain(symbol, element).ordered(order.clone()))
    }

    /// What the only reader of the first output adds to it: a known array.
    pub fn next_add(&self) -> Option<Array<'a>> {
        self.next.clone()
    }

    /// Says that the node's output is what the Add behind it gives.
    pub fn absorb_next(&mut self) {
        self.absorbed = true;
        self.builder.weights_from(None);
    }

    /// Calls a layer with weights that are the node's inputs as they stand; another node with the same inputs shares it.
    ///
    /// # Errors
    /// As [`Node::weighted`].
    pub fn tied(
        &mut self,
        layer: impl Into<LayerRef>,
        x: &Symbol,
        weights: Vec<Tensor>,
    ) -> Result<Symbol, Located> {
        self.builder.tied(layer, std::slice::from_ref(x), weights)
    }

    /// The array of an attribute.
    ///
    /// # Errors
    /// As [`read_tensor`].
    pub fn tensor(&self, tensor: &'a TensorProto<'a>) -> Result<Array<'a>, Located> {
        read_tensor(tensor, self.external)
    }

    /// Calls a layer without weights.
    ///
    /// # Errors
    /// When it refuses its inputs.
    pub fn layer(&mut self, layer: impl Into<LayerRef>, x: &Symbol) -> Result<Symbol, Located> {
        self.builder.layer(layer, std::slice::from_ref(x))
    }

    /// Calls a layer without weights that prepares an input: `conv1_pad` before `conv1`.
    ///
    /// # Errors
    /// When it refuses its inputs.
    pub fn beside(
        &mut self,
        suffix: &str,
        layer: impl Into<LayerRef>,
        x: &Symbol,
    ) -> Result<Symbol, Located> {
        self.builder.beside(suffix, layer, std::slice::from_ref(x))
    }

    /// Calls a layer with weights.
    ///
    /// # Errors
    /// When it refuses its inputs, or the weights have other shapes.
    pub fn weighted(
        &mut self,
        layer: impl Into<LayerRef>,
        x: &Symbol,
        weights: Vec<Tensor>,
    ) -> Result<Symbol, Located> {
        self.builder.weighted(layer, std::slice::from_ref(x), weights)
    }

    /// Calls a layer that treats all values alike, so that the order of axes does not matter.
    ///
    /// # Errors
    /// When it refuses its inputs.
    pub fn elementwise(
        &mut self,
        layer: impl Into<LayerRef>,
        x: &Variable,
    ) -> Result<Vec<Value<'a>>, Located> {
        let symbol = self.layer(layer, &x.symbol)?;
        Ok(vec![Value::Variable(x.with(symbol))])
    }

    /// The value with its axes in this order in memory; moves them if they lie otherwise.
    ///
    /// # Errors
    /// When the axes can't be moved.
    pub fn in_order(&mut self, x: &Variable, order: &Order) -> Result<Variable, Located> {
        let x = self.settled(x)?;
        let way = x.order.way_to(order);
        if way.iter().copied().eq(0..way.len()) {
            return Ok(x);
        }
        // One number lies the same in every order.
        if (0..x.rank()).all(|axis| x.size(axis) == Entry::Known(1)) {
            return Ok(x.ordered(order.clone()));
        }
        let symbol = match way.split_first() {
            Some((0, rest)) => self.beside("permute", Permute::new(rest), &x.symbol)?,
            _ => {
                let axes: Vec<i64> = way.iter().map(|&place| place as i64).collect();
                self.beside("transpose", Transpose::new(axes), &x.symbol)?
            }
        };
        Ok(x.with(symbol).ordered(order.clone()))
    }

    /// The value with its axes in memory as ONNX sees them.
    ///
    /// # Errors
    /// As [`Node::in_order`].
    pub fn plain(&mut self, x: &Variable) -> Result<Variable, Located> {
        self.in_order(x, &Order::plain(x.rank()))
    }

    /// The value with its channels (axis 1) last in memory.
    ///
    /// # Errors
    /// As [`Node::in_order`].
    pub fn channels_last(&mut self, x: &Variable) -> Result<Variable, Located> {
        self.in_order(x, &Order::channels_last(x.rank()))
    }

    /// The value with its last axis as ONNX sees it, if it was flattened from another order.
    ///
    /// # Errors
    /// When a layer refuses it.
    pub fn settled(&mut self, x: &Variable) -> Result<Variable, Located> {
        let Some(flattened) = &x.flattened else { return Ok(x.clone()) };
        let places = flattened.order.places();
        let lying: Vec<i64> = places.iter().map(|&axis| flattened.shape[axis] as i64).collect();
        let way = flattened.order.way_to(&Order::plain(places.len()));
        let dims: Vec<usize> = way.iter().map(|place| place + 1).collect();
        let symbol = self.beside("reshape", Reshape::new(lying), &x.symbol)?;
        let symbol = self.beside("permute", Permute::new(dims), &symbol)?;
        let symbol = self.beside("flatten", Flatten::new(), &symbol)?;
        Ok(Variable { symbol, flattened: None, ..x.clone() })
    }

    /// The size of an axis, which must be known.
    ///
    /// # Errors
    /// When it is open: the error says how to give it.
    pub fn size(&self, x: &Variable, axis: usize) -> Result<usize, Located> {
        match x.size(axis) {
            Entry::Known(size) => usize::try_from(size)
                .map_err(|_| Problem::malformed("a size of at least 0", size).into()),
            open => Err(self.unsupported(
                &format!("an open size (axis {axis} is {open})"),
                "give the sizes of the model's inputs with --input",
            )),
        }
    }

    /// The sizes of a value in ONNX's order, open ones by what they follow from.
    pub fn sizes(&mut self, x: &Variable) -> Vec<Entry> {
        self.builder.sizes(x)
    }

    /// The sizes of an input, as [`Node::sizes`].
    ///
    /// # Errors
    /// When it is left out.
    pub fn input_sizes(&mut self, input: usize) -> Result<Vec<Entry>, Located> {
        let value = self.value(input)?.clone();
        Ok(match value {
            Value::Variable(x) => self.sizes(&x),
            known => known.sizes(),
        })
    }

    /// An error about something that is known and not supported.
    pub fn unsupported(&self, what: &str, fix: &str) -> Located {
        Problem::Unsupported { what: what.to_owned(), fix: fix.to_owned() }.into()
    }

    /// The type of an input.
    pub fn element(&self, input: usize) -> Result<ElementType, Located> {
        self.value(input).map(Value::element)
    }
}

/// An axis counted from the front.
pub(crate) fn resolve(axis: i64, rank: usize) -> Result<usize, Located> {
    let ranks = i64::try_from(rank).unwrap_or(i64::MAX);
    let from_front = if axis < 0 { axis.saturating_add(ranks) } else { axis };
    usize::try_from(from_front).ok().filter(|&axis| axis < rank).ok_or_else(|| {
        Problem::malformed(format!("an axis from {} to {}", -ranks, ranks - 1), axis).into()
    })
}
