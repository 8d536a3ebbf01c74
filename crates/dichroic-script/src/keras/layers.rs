//! Layers in a script: what they say about themselves, and calling them.

use std::any::Any;
use std::rc::Rc;

use dichroic::Shape;
use dichroic::layers::Mode;
use dichroic::model::{CallOptions, LayerRef, Symbol};
use serde_json::{Map, Value as Json};

use super::activations::ActivationFunction;
use super::layer_classes::LayerClass;
use super::tensors::symbols_of;
use super::weights::WeightObject;
use super::{Session, TensorObject, json, policies, refused, shape_value, shapes_value};
use crate::arguments::{Arguments, placed};
use crate::error::{AtPlace, ErrorKind, Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// A layer in a script.
pub(crate) struct LayerObject {
    session: Rc<Session>,
    layer: LayerRef,
    input: Option<Shape>,
}

const METHODS: &[&str] = &["count_params", "get_config", "get_weights", "set_weights"];

const ATTRIBUTES: &[&str] = &[
    "built",
    "compute_dtype",
    "dtype",
    "dtype_policy",
    "input",
    "input_shape",
    "name",
    "non_trainable_weights",
    "output",
    "output_shape",
    "trainable",
    "trainable_weights",
    "variable_dtype",
    "weights",
];

impl LayerObject {
    pub(super) fn new(session: &Rc<Session>, layer: LayerRef) -> Self {
        Self { session: session.clone(), layer, input: None }
    }

    /// The layer with the shape that it expects if it is the first one of a chain.
    pub(super) fn expecting(session: &Rc<Session>, layer: LayerRef, input: Option<Shape>) -> Self {
        Self { session: session.clone(), layer, input }
    }

    pub(crate) fn layer(&self) -> &LayerRef {
        &self.layer
    }

    /// The shape that the layer was told to expect as the first one of a chain.
    pub(super) fn input(&self) -> Option<&Shape> {
        self.input.as_ref()
    }

    fn weights(&self) -> Vec<WeightObject> {
        let (Some(layer), Some(inputs)) = (self.layer.layer(), self.layer.built_for()) else {
            return Vec::new();
        };
        let weights = layer.weights(inputs).unwrap_or_default();
        weights.into_iter().map(|weight| WeightObject::new(&self.layer, weight)).collect()
    }

    fn output_shapes(&self) -> Option<Vec<Shape>> {
        if let Some(output) = self.layer.output(0) {
            return Some(vec![output.shape().clone()]);
        }
        let shape = self.layer.layer()?.output_shape(self.layer.built_for()?).ok()?;
        Some(vec![shape])
    }

    fn unbuilt(&self, name: &str) -> Box<Fault> {
        Fault::new(
            ErrorKind::Attribute,
            format!(
                "layer {:?} has no `{name}` before it is part of a model or called",
                self.layer.name()
            ),
        )
    }
}

impl HostObject for LayerObject {
    fn type_name(&self) -> String {
        self.layer.class_name().to_owned()
    }

    fn repr(&self) -> String {
        let built = self.layer.built_for().is_some() || self.layer.is_input();
        let built = if built { "True" } else { "False" };
        format!("<{} name={}, built={built}>", self.layer.class_name(), self.layer.name())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        METHODS.iter().chain(ATTRIBUTES).map(|name| (*name).to_owned()).collect()
    }

    fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(Some(match name {
            "name" => Value::text(self.layer.name()),
            "trainable" => Value::Bool(self.layer.trainable()),
            "built" => Value::Bool(self.layer.built_for().is_some()),
            "compute_dtype" | "dtype" | "dtype_policy" | "variable_dtype" => {
                return Ok(policies::attribute(self.layer.policy(), name));
            }
            "output" => match self.layer.output(0) {
                Some(output) => TensorObject::value(&self.session, output),
                None => return Err(self.unbuilt(name)),
            },
            "input" => {
                let inputs = match self.layer.output(0) {
                    Some(output) if self.layer.is_input() => vec![output],
                    Some(output) => output.call_inputs().to_vec(),
                    None => return Err(self.unbuilt(name)),
                };
                return TensorObject::values(&self.session, machine, inputs).map(Some);
            }
            "output_shape" => match self.output_shapes() {
                Some(shapes) => shapes_value(machine, &shapes)?,
                None => return Err(self.unbuilt(name)),
            },
            "input_shape" => match (self.layer.built_for(), self.layer.output(0)) {
                (Some(shapes), _) => shapes_value(machine, shapes)?,
                (None, Some(output)) => shape_value(machine, output.shape())?,
                (None, None) => return Err(self.unbuilt(name)),
            },
            "weights"
            | "variables"
            | "trainable_weights"
            | "non_trainable_weights"
            | "trainable_variables" => {
                let frozen = !self.layer.trainable();
                let keep = |weight: &WeightObject| match name {
                    "weights" | "variables" => true,
                    "non_trainable_weights" => frozen || !weight.trainable(),
                    _ => !frozen && weight.trainable(),
                };
                let weights = self.weights().into_iter().filter(keep);
                let weights = weights.map(|weight| Value::Host(Rc::new(weight))).collect();
                machine.list(weights)?
            }
            _ => {
                if let Some(weight) = self.weights().into_iter().find(|weight| weight.is(name)) {
                    return Ok(Some(Value::Host(Rc::new(weight))));
                }
                let Some(config) = self.layer.layer().map(|layer| layer.config()) else {
                    return Ok(None);
                };
                match (name, config.get(name)) {
                    (_, None) => return Ok(None),
                    ("activation", Some(Json::String(function))) => {
                        match ActivationFunction::find(&self.session, function) {
                            Some(function) => function,
                            None => Value::text(function.as_str()),
                        }
                    }
                    (_, Some(value)) => json::to_value(machine, value)?,
                }
            }
        }))
    }

    fn set_attribute(&self, machine: &mut Machine<'_>, name: &str, value: &Value) -> Eval<bool> {
        if name == "trainable" {
            self.layer.set_trainable(machine.truth(value));
        }
        Ok(name == "trainable")
    }

    fn call(&self, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
        let (symbols, options) = call_arguments(machine, arguments)?;
        TensorObject::called(&self.session, machine, &self.layer, (symbols, options))
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(
        &self,
        machine: &mut Machine<'_>,
        name: &str,
        arguments: Arguments,
    ) -> Eval<Value> {
        if let Some(fault) = refused::method(name) {
            return Err(fault);
        }
        let [] = arguments.exactly(name, [])?;
        if name == "get_config" {
            let mut config = Map::new();
            config.insert("name".to_owned(), self.layer.name().into());
            config.insert("trainable".to_owned(), self.layer.trainable().into());
            config.insert("dtype".to_owned(), self.layer.policy().name().into());
            config.extend(self.layer.layer().map(|layer| layer.config()).unwrap_or_default());
            return json::to_value(machine, &Json::Object(config));
        }
        if self.layer.built_for().is_none() && !self.layer.is_input() {
            return Err(self.unbuilt("weights"));
        }
        let count = self.weights().iter().map(WeightObject::count).sum::<u64>();
        Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    fn class(&self) -> Option<Value> {
        let class_name = super::layer_class(self.layer.class_name())?;
        Some(LayerClass::value(&self.session, class_name))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.layer == self.layer)
    }
}

/// What a layer or a model is called with: symbols, and `training=`.
pub(super) fn call_arguments(
    machine: &mut Machine<'_>,
    mut arguments: Arguments,
) -> Eval<(Vec<Symbol>, CallOptions)> {
    let mut options = CallOptions::default();
    if let Some(training) = arguments.take("training") {
        options.mode = match training.value {
            Value::None => None,
            Value::Bool(true) => Some(Mode::Training),
            Value::Bool(false) => Some(Mode::Inference),
            _ => {
                let fault = Fault::type_error("`training` is True, False or None");
                return Err(placed(fault, training.range));
            }
        };
    }
    if let Some(mask) = arguments.take("mask").filter(|mask| !matches!(mask.value, Value::None)) {
        return Err(placed(Fault::unsupported("masks are not supported"), mask.range));
    }
    let [inputs] = arguments.exactly("call", ["inputs"])?;
    let symbols = match inputs.range {
        Some(range) => symbols_of(machine, &inputs.value).at(range)?,
        None => symbols_of(machine, &inputs.value)?,
    };
    Ok((symbols, options))
}
