//! Layer classes: arguments become Keras's configuration, which the library's registry reads.

use std::any::Any;
use std::rc::Rc;

use dichroic::DtypePolicy;
use dichroic::layers::{LayerError, registry};
use dichroic::model::{LayerRef, Symbol};
use dichroic::{Shape, model::Input};
use serde_json::{Map, Value as Json};

use super::policies::policy_of;
use super::tensors::symbols_of;
use super::{LayerObject, Session, TensorObject, axes_of, json};
use crate::arguments::{Argument, Arguments, placed};
use crate::error::{ErrorKind, Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// A class such as `keras.layers.Conv2D`.
pub(super) struct LayerClass {
    session: Rc<Session>,
    class_name: &'static str,
}

impl LayerClass {
    pub(super) fn value(session: &Rc<Session>, class_name: &'static str) -> Value {
        Value::Host(Rc::new(Self { session: session.clone(), class_name }))
    }

    pub(super) fn class_name(&self) -> &'static str {
        self.class_name
    }
}

impl HostObject for LayerClass {
    fn type_name(&self) -> String {
        "type".to_owned()
    }

    fn repr(&self) -> String {
        format!("<class 'keras.layers.{}'>", self.class_name)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok((name == "__name__").then(|| Value::text(self.class_name)))
    }

    fn call(&self, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
        let written = Written::read(&self.session, machine, self.class_name, arguments)?;
        let layer = written.layer(machine, &self.session, self.class_name)?;
        Ok(Value::Host(Rc::new(layer)))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| other.class_name == self.class_name)
    }

    fn has_instance(&self, value: &Value) -> Option<bool> {
        let layer = value.host::<LayerObject>();
        Some(layer.is_some_and(|layer| layer.layer().class_name() == self.class_name))
    }
}

/// A function such as `keras.layers.add`, which makes a layer and calls it.
pub(super) struct LayerFunction {
    pub(super) session: Rc<Session>,
    pub(super) name: Rc<str>,
    pub(super) class_name: &'static str,
}

impl HostObject for LayerFunction {
    fn type_name(&self) -> String {
        "function".to_owned()
    }

    fn repr(&self) -> String {
        format!("<function {}>", self.name)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn call(&self, machine: &mut Machine<'_>, mut arguments: Arguments) -> Eval<Value> {
        let inputs = match arguments.take("inputs") {
            Some(inputs) => inputs,
            None if arguments.positional_count() > 0 => arguments.items.remove(0),
            None => {
                return Err(Fault::type_error(format!("{}() needs a list of tensors", self.name)));
            }
        };
        let symbols = inputs.read(|inputs| symbols_of(machine, inputs))?;
        let written = Written::read(&self.session, machine, self.class_name, arguments)?;
        let layer = written.layer(machine, &self.session, self.class_name)?;
        TensorObject::applied(&self.session, machine, layer.layer(), symbols)
    }
}

/// What a call of a layer's class gave: its configuration, and what the model keeps of a layer.
struct Written {
    config: Map<String, Json>,
    arguments: Vec<(String, Argument)>,
    name: Option<String>,
    trainable: bool,
    policy: DtypePolicy,
    /// Keras's `input_shape` and its older relatives, with the batch.
    input: Option<Shape>,
}

impl Written {
    fn read(
        session: &Session,
        machine: &mut Machine<'_>,
        class_name: &'static str,
        given: Arguments,
    ) -> Eval<Self> {
        let positional =
            registry::positional(class_name).map_err(|error| refused_by_layer(&error, &[]))?;
        let mut written = Self {
            config: Map::new(),
            arguments: Vec::new(),
            name: None,
            trainable: true,
            policy: session.dtype_policy.get(),
            input: None,
        };
        let mut batch = None;
        for (position, argument) in given.items.into_iter().enumerate() {
            let name = match (&argument.name, positional.get(position)) {
                (Some(name), _) => name.to_string(),
                (None, Some(name)) => (*name).to_owned(),
                (None, None) => {
                    let fault = Fault::type_error(format!(
                        "{class_name}() takes {} positional arguments, but more were given",
                        positional.len()
                    ));
                    return Err(placed(fault, argument.range));
                }
            };
            if written.arguments.iter().any(|(known, _)| *known == name) {
                let fault =
                    Fault::type_error(format!("{class_name}() got two values for `{name}`"));
                return Err(placed(fault, argument.range));
            }
            match name.as_str() {
                "name" => written.name = optional_name(&argument)?,
                "trainable" => written.trainable = machine.truth(&argument.value),
                "dtype" => {
                    written.policy = argument.read(|value| policy_of(session, machine, value))?;
                }
                "autocast" => {}
                "batch_size" => batch = Some(usize::try_from(argument.integer()?).unwrap_or(0)),
                _ if matches!(argument.value, Value::None)
                    && matches!(name.as_str(), "input_shape" | "input_dim") => {}
                "input_shape" => {
                    let axes = argument.read(|value| axes_of(machine, value))?;
                    let axes: Vec<_> = std::iter::once(None).chain(axes).collect();
                    written.input = Some(Shape::new(axes));
                }
                "input_dim" => {
                    let size = argument.read(|value| axes_of(machine, value))?;
                    let axes: Vec<_> = std::iter::once(None).chain(size).collect();
                    written.input = Some(Shape::new(axes));
                }
                "batch_input_shape" => {
                    let axes = argument.read(|value| axes_of(machine, value))?;
                    written.input = Some(Shape::new(axes));
                }
                _ => {
                    let value = argument.read(|value| json::from_value(machine, value))?;
                    written.config.insert(name.clone(), value);
                }
            }
            written.arguments.push((name, argument));
        }
        if let (Some(batch), Some(shape)) = (batch, &mut written.input) {
            let mut axes = shape.axes().to_vec();
            axes[0] = Some(batch);
            *shape = Shape::new(axes);
        }
        Ok(written)
    }

    fn layer(
        self,
        machine: &mut Machine<'_>,
        session: &Rc<Session>,
        class_name: &'static str,
    ) -> Eval<LayerObject> {
        machine.meter.layer()?;
        machine.meter.allocate(LAYER_BYTES)?;
        let layer = registry::from_config(class_name, &self.config)
            .map_err(|error| refused_by_layer(&error, &self.arguments))?;
        let name = self.name.unwrap_or_else(|| session.auto_name(class_name));
        let layer = LayerRef::named(name, layer);
        layer.set_trainable(self.trainable);
        layer.set_policy(self.policy);
        Ok(LayerObject::expecting(session, layer, self.input))
    }
}

/// Room that the library takes for a layer.
const LAYER_BYTES: usize = 2_048;

/// A layer of the library from a configuration that is known to be right, under a name.
pub(super) fn make(
    machine: &mut Machine<'_>,
    class_name: &str,
    config: &Map<String, Json>,
    name: String,
) -> Eval<LayerRef> {
    machine.meter.layer()?;
    machine.meter.allocate(LAYER_BYTES)?;
    let layer =
        registry::from_config(class_name, config).map_err(|error| refused_by_layer(&error, &[]))?;
    Ok(LayerRef::named(name, layer))
}

/// The error of a layer, at the argument that it is about.
fn refused_by_layer(error: &LayerError, arguments: &[(String, Argument)]) -> Box<Fault> {
    let fault = Fault::new(ErrorKind::Layer, error.to_string());
    let about = match error {
        LayerError::Argument { argument, .. } | LayerError::UnknownArgument { argument, .. } => {
            arguments.iter().find(|(name, _)| name == argument)
        }
        _ => None,
    };
    placed(fault, about.and_then(|(_, argument)| argument.range))
}

pub(super) fn optional_name(argument: &Argument) -> Eval<Option<String>> {
    match argument.value {
        Value::None => Ok(None),
        _ => argument.text().map(|name| Some(name.to_string())),
    }
}

/// Everything is computed in 32-bit floats; another type would be a silent difference.
pub(super) fn check_dtype(machine: &mut Machine<'_>, value: &Value) -> Eval<()> {
    match value {
        Value::None => Ok(()),
        Value::Text(name) if &**name == "float32" => Ok(()),
        other => {
            let shown = machine.repr(other)?;
            Err(Fault::unsupported(format!(
                "the type {shown} is not supported: values are float32"
            )))
        }
    }
}

/// `keras.Input(…)` and `InputLayer(…)`: the value that comes into a model.
pub(super) fn input(
    session: &Rc<Session>,
    machine: &mut Machine<'_>,
    mut arguments: Arguments,
) -> Eval<Symbol> {
    if let Some(mut old) = arguments.take("input_shape") {
        old.name = Some("shape".into());
        arguments.items.push(old);
    }
    if let Some(mut old) = arguments.take("batch_input_shape") {
        old.name = Some("batch_shape".into());
        arguments.items.push(old);
    }
    let parameters =
        ["shape", "batch_size", "dtype", "sparse", "batch_shape", "name", "tensor", "optional"];
    let [shape, batch_size, dtype, sparse, batch_shape, name, tensor, optional] =
        arguments.bind("Input", parameters, 0)?;
    for off in [sparse, tensor, optional].into_iter().flatten() {
        if machine.truth(&off.value) {
            let name = off.name.as_deref().unwrap_or("this argument");
            let fault = Fault::unsupported(format!("`{name}` of Input is not supported"));
            return Err(placed(fault, off.range));
        }
    }
    if let Some(dtype) = dtype {
        dtype.read(|value| check_dtype(machine, value))?;
    }
    let given = |argument: Option<Argument>| {
        argument.filter(|argument| !matches!(argument.value, Value::None))
    };
    let axes = match (given(shape), given(batch_shape)) {
        (Some(shape), None) => {
            let axes = shape.read(|value| axes_of(machine, value))?;
            let batch = match given(batch_size) {
                Some(batch) => batch.read(|value| axes_of(machine, value))?.pop().flatten(),
                None => None,
            };
            std::iter::once(batch).chain(axes).collect()
        }
        (None, Some(batch_shape)) => batch_shape.read(|value| axes_of(machine, value))?,
        (Some(_), Some(both)) => {
            let fault = Fault::type_error("Input takes `shape` or `batch_shape`, not both");
            return Err(placed(fault, both.range));
        }
        (None, None) => return Err(Fault::type_error("Input needs a `shape`")),
    };
    machine.meter.layer()?;
    machine.meter.allocate(LAYER_BYTES)?;
    let name = match name {
        Some(name) => optional_name(&name)?,
        None => None,
    };
    let name = name.unwrap_or_else(|| session.auto_name("InputLayer"));
    Ok(Input::with(Some(name), Shape::new(axes)))
}
