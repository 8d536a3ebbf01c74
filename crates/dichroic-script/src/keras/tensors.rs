//! Symbolic tensors: what layers are called on, and arithmetic with them.

use std::any::Any;
use std::rc::Rc;

use dichroic::model::{Call, CallOptions, LayerRef, Symbol};
use ruff_python_ast::Operator;
use serde_json::{Map, Value as Json};

use super::layer_classes::make;
use super::{Session, refused_by_model, shape_value};
use crate::arguments::float;
use crate::error::{Eval, Fault};
use crate::host::{HostObject, Side};
use crate::machine::Machine;
use crate::value::Value;

/// A value that a model will compute.
pub(crate) struct TensorObject {
    session: Rc<Session>,
    symbol: Symbol,
}

impl TensorObject {
    pub(super) fn value(session: &Rc<Session>, symbol: Symbol) -> Value {
        Value::Host(Rc::new(Self { session: session.clone(), symbol }))
    }

    /// One tensor as it is, several as a list.
    pub(super) fn values(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        symbols: Vec<Symbol>,
    ) -> Eval<Value> {
        let mut values: Vec<Value> =
            symbols.into_iter().map(|symbol| Self::value(session, symbol)).collect();
        match values.len() {
            1 => Ok(values.swap_remove(0)),
            _ => machine.list(values),
        }
    }

    /// The output of a layer on symbols.
    pub(super) fn applied(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        layer: &LayerRef,
        symbols: Vec<Symbol>,
    ) -> Eval<Value> {
        Self::called(session, machine, layer, (symbols, CallOptions::default()))
    }

    /// The output of a layer on symbols, with options.
    pub(super) fn called(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        layer: &LayerRef,
        (symbols, options): (Vec<Symbol>, CallOptions),
    ) -> Eval<Value> {
        machine.meter.layer()?;
        machine.meter.allocate(CALL_BYTES)?;
        let outputs =
            layer.call_with(symbols, options).map_err(|error| refused_by_model(&error))?;
        Self::values(session, machine, outputs)
    }

    pub(crate) fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// A layer between this tensor and a number: the arithmetic of `x / 255` is a rescaling.
    fn rescaled(
        &self,
        machine: &mut Machine<'_>,
        operation: &str,
        (scale, offset): (f64, f64),
    ) -> Eval<Value> {
        let mut config = Map::new();
        config.insert("scale".to_owned(), Json::from(scale));
        config.insert("offset".to_owned(), Json::from(offset));
        let name = self.session.auto_name(operation);
        let layer = make(machine, "Rescaling", &config, name)?;
        Self::applied(&self.session, machine, &layer, vec![self.symbol.clone()])
    }
}

/// Room that the library takes for a call.
const CALL_BYTES: usize = 1_024;

/// Keras's name for the layer that an operator makes.
fn operation(operator: Operator) -> Option<&'static str> {
    Some(match operator {
        Operator::Add => "Add",
        Operator::Sub => "Subtract",
        Operator::Mult => "Multiply",
        Operator::Div => "TrueDivide",
        _ => return None,
    })
}

impl HostObject for TensorObject {
    fn type_name(&self) -> String {
        "KerasTensor".to_owned()
    }

    fn repr(&self) -> String {
        format!(
            "<KerasTensor shape={}, dtype={}, name={}>",
            self.symbol.shape(),
            self.symbol.layer().policy().compute_dtype(),
            self.symbol.layer().name()
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        ["shape", "dtype", "name", "ndim"].map(str::to_owned).to_vec()
    }

    fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(Some(match name {
            "shape" => shape_value(machine, self.symbol.shape())?,
            "dtype" => Value::text(self.symbol.layer().policy().compute_dtype()),
            "name" => Value::text(self.symbol.layer().name()),
            "ndim" => Value::Int(i64::try_from(self.symbol.shape().rank()).unwrap_or(i64::MAX)),
            _ => return Ok(None),
        }))
    }

    fn binary(
        &self,
        machine: &mut Machine<'_>,
        operator: Operator,
        other: &Value,
        side: Side,
    ) -> Eval<Option<Value>> {
        let Some(operation) = operation(operator) else { return Ok(None) };
        if let Some(other) = other.host::<TensorObject>() {
            if operator == Operator::Div {
                return Err(Fault::unsupported("one tensor cannot be divided by another here"));
            }
            let name = self.session.auto_name(operation);
            let layer = make(machine, operation, &Map::new(), name)?;
            let (left, right) = match side {
                Side::Left => (&self.symbol, &other.symbol),
                Side::Right => (&other.symbol, &self.symbol),
            };
            let symbols = vec![left.clone(), right.clone()];
            return Self::applied(&self.session, machine, &layer, symbols).map(Some);
        }
        if !matches!(other, Value::Int(_) | Value::Float(_)) {
            return Ok(None);
        }
        let number = float(other)?;
        let linear = match (operator, side) {
            (Operator::Add, _) => (1.0, number),
            (Operator::Sub, Side::Left) => (1.0, -number),
            (Operator::Sub, Side::Right) => (-1.0, number),
            (Operator::Mult, _) => (number, 0.0),
            (Operator::Div, Side::Left) if number != 0.0 => (1.0 / number, 0.0),
            (Operator::Div, Side::Left) => {
                return Err(Fault::value_error("a tensor divided by zero"));
            }
            _ => {
                return Err(Fault::unsupported("a number cannot be divided by a tensor here"));
            }
        };
        self.rescaled(machine, operation, linear).map(Some)
    }

    fn item(&self, _machine: &mut Machine<'_>, _index: &Value) -> Eval<Option<Value>> {
        Err(Fault::unsupported("a tensor cannot be indexed here")
            .with_hint("use a Cropping, Reshape or Permute layer"))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.symbol == self.symbol)
    }
}

/// The tensors that a layer is called on: one, or a list of them.
pub(super) fn symbols_of(machine: &mut Machine<'_>, value: &Value) -> Eval<Vec<Symbol>> {
    if let Some(tensor) = value.host::<TensorObject>() {
        return Ok(vec![tensor.symbol.clone()]);
    }
    let items = match value {
        Value::List(_) | Value::Tuple(_) => machine.items_of(value)?,
        Value::Dict(id) => {
            machine.heap.dict(*id).values().map(|(_, tensor)| tensor.clone()).collect()
        }
        other => return Err(no_tensor(other)),
    };
    let symbols = items.iter().map(|item| match item.host::<TensorObject>() {
        Some(tensor) => Ok(tensor.symbol.clone()),
        None => Err(no_tensor(item)),
    });
    symbols.collect()
}

fn no_tensor(value: &Value) -> Box<Fault> {
    Fault::type_error(format!(
        "layers are called on symbolic tensors, as keras.Input gives them, got {}",
        value.type_name()
    ))
}
