//! What Keras and TensorFlow have and a script cannot use: training, data, files.

use std::any::Any;
use std::rc::Rc;

use super::missing_layers;
use crate::arguments::Arguments;
use crate::error::{Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// A name that can be imported and passed on, and not called.
pub(super) struct Refused {
    path: Rc<str>,
}

impl Refused {
    pub(super) fn value(path: String) -> Value {
        Value::Host(Rc::new(Self { path: path.into() }))
    }

    fn layer(&self) -> Option<&str> {
        self.path.strip_prefix(missing_layers::PREFIX)
    }

    /// The class of callbacks that this is.
    fn callback(&self) -> Option<&'static str> {
        let name = self.path.strip_prefix("keras.callbacks.")?;
        CALLBACKS.iter().find(|known| **known == name).copied()
    }

    fn fault(&self) -> Box<Fault> {
        if let Some(layer) = self.layer() {
            return Fault::unsupported(missing_layers::refusal(layer))
                .with_hint(missing_layers::HINT);
        }
        Fault::unsupported(format!("`{}` cannot be used in a script", self.path))
            .with_hint(instead(&self.path))
    }
}

/// What to do instead of using a name.
fn instead(path: &str) -> &'static str {
    let has = |part: &str| path.contains(part);
    if has("callbacks") || has("experimental") {
        "scripts build models; train them with `dichroic train`"
    } else if has("datasets") || has("preprocessing") || has("load_data") || has("to_categorical") {
        "scripts build models; give data to `dichroic train --data`"
    } else if has("load_model") || has("saving") || has("save") || has("from_json") {
        "a script reads and writes no file; give a model file to a command of dichroic instead of a script"
    } else if has("model_to_dot") {
        "see `dichroic summary` and `dichroic explain`"
    } else if has("applications") {
        "the networks are there, without pictures to prepare and without trained weights"
    } else {
        "only code that builds models with Keras's layers runs here"
    }
}

impl HostObject for Refused {
    fn type_name(&self) -> String {
        format!("`{}`", self.path)
    }

    fn repr(&self) -> String {
        format!("<{} (not available)>", self.path)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(Some(Self::value(format!("{}.{name}", self.path))))
    }

    fn call(&self, machine: &mut Machine<'_>, _arguments: Arguments) -> Eval<Value> {
        let Some(class_name) = self.callback() else {
            return Err(self.fault());
        };
        machine.meter.allocate(64)?;
        Ok(Value::Host(Rc::new(Callback { class_name })))
    }

    fn has_instance(&self, value: &Value) -> Option<bool> {
        if let Some(class_name) = self.callback() {
            let callback = value.host::<Callback>();
            return Some(callback.is_some_and(|callback| callback.class_name == class_name));
        }
        // No layer of a model here is of a class that is not here.
        self.layer().map(|_| false)
    }
}

/// Keras's callbacks: scripts make them before they train.
const CALLBACKS: [&str; 12] = [
    "BackupAndRestore",
    "CSVLogger",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
];

/// A callback, which can only wait for a training that scripts do not have.
struct Callback {
    class_name: &'static str,
}

impl HostObject for Callback {
    fn type_name(&self) -> String {
        self.class_name.to_owned()
    }

    fn repr(&self) -> String {
        format!("<keras.callbacks.{} object>", self.class_name)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(Some(Refused::value(format!("keras.callbacks.{}.{name}", self.class_name))))
    }
}

/// The error of a model's method that trains, runs or saves it.
pub(super) fn method(name: &str) -> Option<Box<Fault>> {
    let instead = match name {
        "fit" | "fit_generator" | "train_on_batch" => {
            "a script only builds the model; train it with `dichroic train MODEL --data …`"
        }
        "evaluate" | "evaluate_generator" | "test_on_batch" => {
            "a script only builds the model; evaluate it with `dichroic evaluate MODEL --data …`"
        }
        "predict" | "predict_generator" | "predict_on_batch" | "predict_classes" => {
            "a script only builds the model; run it with `dichroic predict MODEL …`"
        }
        "save" | "save_weights" | "export" => {
            "a script writes no file; `dichroic train MODEL --out FILE.keras` does"
        }
        "load_weights" => "a script reads no file; give a `.keras` file as MODEL instead",
        "get_weights" | "set_weights" => {
            "a model has no weight values while its script runs; shapes are in `layer.weights`"
        }
        _ => return None,
    };
    Some(Fault::unsupported(format!("`{name}` is not run in a script")).with_hint(instead))
}
