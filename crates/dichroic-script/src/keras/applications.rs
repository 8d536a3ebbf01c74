//! `keras.applications`: known networks, without the weights that Keras would download.

use std::any::Any;
use std::rc::Rc;

use dichroic::activations::Activation;
use dichroic::applications::{self, Options, Pooling};

use super::layer_classes::optional_name;
use super::models::ModelObject;
use super::{Session, axes_of, json};
use crate::arguments::{Argument, Arguments, placed};
use crate::error::{ErrorKind, Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// A function such as `keras.applications.VGG16`.
pub(super) struct Application {
    session: Rc<Session>,
    name: &'static str,
}

impl Application {
    /// The application at a path below `keras.applications`, in its own module or beside it.
    pub(super) fn find(session: &Rc<Session>, path: &str) -> Option<Value> {
        let name = path.strip_prefix("keras.applications.")?.rsplit('.').next()?;
        let name = applications::NAMES.iter().find(|known| **known == name)?;
        Some(Value::Host(Rc::new(Self { session: session.clone(), name })))
    }
}

impl HostObject for Application {
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
        let given = |argument: Option<Argument>| {
            argument.filter(|argument| !matches!(argument.value, Value::None))
        };
        let name = arguments.take("name");
        let activation = arguments.take("classifier_activation");
        let parameters =
            ["include_top", "weights", "input_tensor", "input_shape", "pooling", "classes"];
        let [include_top, weights, tensor, shape, pooling, classes] =
            arguments.bind(self.name, parameters, 0)?;
        match &weights {
            Some(argument) if matches!(argument.value, Value::None) => {}
            other => {
                let fault = Fault::unsupported("trained weights are not downloaded")
                    .with_hint("pass weights=None; the layers and counts are the same");
                return Err(placed(fault, other.as_ref().and_then(|argument| argument.range)));
            }
        }
        if let Some(tensor) = given(tensor) {
            let fault = Fault::unsupported("`input_tensor` is not supported")
                .with_hint("call the application's model on the tensor instead");
            return Err(placed(fault, tensor.range));
        }
        let mut options = Options {
            include_top: include_top.is_none_or(|flag| machine.truth(&flag.value)),
            ..Options::default()
        };
        if let Some(shape) = given(shape) {
            let axes = shape.read(|value| axes_of(machine, value))?;
            options.input_shape = Some(axes.try_into().map_err(|_| {
                placed(Fault::value_error("input_shape is (height, width, channels)"), shape.range)
            })?);
        }
        options.pooling = match given(pooling) {
            None => None,
            Some(pooling) => match &*pooling.text()? {
                "avg" => Some(Pooling::Average),
                "max" => Some(Pooling::Max),
                _ => {
                    let fault = Fault::value_error("pooling is None, \"avg\" or \"max\"");
                    return Err(placed(fault, pooling.range));
                }
            },
        };
        if let Some(classes) = given(classes) {
            options.classes = usize::try_from(classes.integer()?).unwrap_or(0);
        }
        if let Some(activation) = activation {
            let read = activation.read(|value| json::from_value(machine, value))?;
            options.classifier_activation =
                serde_json::from_value::<Activation>(read).map_err(|error| {
                    placed(Fault::new(ErrorKind::Layer, error.to_string()), activation.range)
                })?;
        }
        if let Some(name) = name {
            options.name = optional_name(&name)?;
        }
        let model = applications::by_name(self.name, &options)
            .map_err(|error| Fault::new(ErrorKind::Layer, error.to_string()))?;
        model.set_policy(self.session.dtype_policy.get());
        ModelObject::known(&self.session, machine, model).map(|model| Value::Host(model))
    }
}
