//! The modules of Keras and TensorFlow, found by their paths.

use std::any::Any;
use std::rc::Rc;

use dichroic::layers::registry;
use dichroic::model::Kind;

use super::activations::ActivationFunction;
use super::applications::Application;
use super::configured::ConfigClass;
use super::layer_classes::{self, LayerClass, LayerFunction};
use super::model_classes::ModelClass;
use super::policies::PolicyFunction;
use super::refused::Refused;
use super::{Session, TensorObject, layer_class, missing_layers};
use crate::arguments::Arguments;
use crate::error::{Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// The packages whose modules are bound.
pub(super) const ROOTS: [&str; 3] = ["keras", "tensorflow", "tf_keras"];

/// The version of Keras whose names and behaviour are bound.
const KERAS_VERSION: &str = "3.15.1";

/// The modules that a script can use; everything else of Keras can be imported and not used.
const MODULES: &[&str] = &[
    "keras",
    "keras.activations",
    "keras.applications",
    "keras.backend",
    "keras.config",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.losses",
    "keras.metrics",
    "keras.mixed_precision",
    "keras.models",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.random",
    "keras.regularizers",
    "keras.utils",
    "tensorflow",
    "tensorflow.nn",
    "tensorflow.random",
];

/// Modules of training, data and files: they can be imported, and their use is refused by name.
const REFUSED_MODULES: &[&str] = &[
    "keras.callbacks",
    "keras.datasets",
    "keras.distribution",
    "keras.export",
    "keras.ops",
    "keras.preprocessing",
    "keras.saving",
    "keras.wrappers",
];

/// One module.
struct Module {
    session: Rc<Session>,
    path: &'static str,
}

/// The module or name at a dotted path.
pub(super) fn find(session: &Rc<Session>, path: &str) -> Option<Value> {
    let path = canonical(path);
    if let Some(known) = MODULES.iter().find(|known| **known == path) {
        return Some(Value::Host(Rc::new(Module { session: session.clone(), path: known })));
    }
    if is_refused(&path) {
        return Some(Refused::value(path));
    }
    if let Some(application) = Application::find(session, &path) {
        return Some(application);
    }
    if path.starts_with("keras.applications.") {
        // Each application has a module of its own beside it, with functions for pictures.
        return Some(Value::Host(Rc::new(Family { session: session.clone(), path })));
    }
    let (module, name) = path.rsplit_once('.')?;
    let module = MODULES.iter().find(|known| **known == module)?;
    member(session, module, name)
}

/// The one path of a module that has several: TensorFlow's Keras is Keras, and old Keras kept layers in files by kind.
fn canonical(path: &str) -> String {
    let mut path = path.to_owned();
    for root in
        ["tensorflow.keras", "tensorflow.python.keras", "tf_keras", "tensorflow.compat.v1.keras"]
    {
        if let Some(rest) = path.strip_prefix(root)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            path = format!("keras{rest}");
            break;
        }
    }
    for (from, to) in [
        ("keras.api.", "keras."),
        ("keras.src.", "keras."),
        ("keras.optimizers.legacy", "keras.optimizers"),
        ("keras.utils.vis_utils", "keras.utils"),
        ("keras.layers.experimental.preprocessing", "keras.layers"),
        ("keras.optimizers.learning_rate_schedules", "keras.optimizers.schedules"),
    ] {
        if let Some(rest) = path.strip_prefix(from) {
            path = format!("{to}{rest}");
        }
    }
    const BY_KIND: [&str; 12] = [
        "activation",
        "advanced_activations",
        "convolutional",
        "core",
        "embeddings",
        "merge",
        "merging",
        "noise",
        "normalization",
        "pooling",
        "regularization",
        "reshaping",
    ];
    match path.strip_prefix("keras.layers.") {
        Some(kind) if BY_KIND.contains(&kind) => "keras.layers".to_owned(),
        _ => path,
    }
}

fn is_refused(path: &str) -> bool {
    REFUSED_MODULES.iter().any(|refused| {
        path.strip_prefix(refused).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Every name of a layer: classes, their other names, and the functions that make a layer and call it.
pub(super) fn layer_names() -> impl Iterator<Item = String> {
    let functions = registry::class_names()
        .map(str::to_lowercase)
        .filter(|name| registry::function(name).is_some());
    let classes = registry::class_names().flat_map(|class_name| {
        std::iter::once(class_name).chain(registry::aliases(class_name).iter().copied())
    });
    classes.chain(["Input", "InputLayer"]).map(str::to_owned).chain(functions)
}

/// A name that an inline expression can use without an import: layers, models, and the modules themselves.
pub(super) fn bare_name(session: &Rc<Session>, name: &str) -> Option<Value> {
    match name {
        "Sequential" | "Model" => member(session, "keras", name),
        "keras" | "layers" | "activations" | "initializers" | "regularizers" => {
            let path = if name == "keras" { name.to_owned() } else { format!("keras.{name}") };
            find(session, &path)
        }
        "tf" | "tensorflow" => find(session, "tensorflow"),
        _ => member(session, "keras.layers", name),
    }
}

/// A name in a module.
fn member(session: &Rc<Session>, module: &'static str, name: &str) -> Option<Value> {
    let inner = canonical(&format!("{module}.{name}"));
    if MODULES.contains(&inner.as_str()) || is_refused(&inner) {
        return find(session, &inner);
    }
    let function = |role| Some(Value::Host(Rc::new(Function { session: session.clone(), role })));
    let model = |kind| Some(Value::Host(Rc::new(ModelClass { session: session.clone(), kind })));
    if let Some(policy) = PolicyFunction::find(module, name) {
        return function(Role::Policy(policy));
    }
    match (module, name) {
        ("keras" | "keras.models", "Sequential") => model(Kind::Sequential),
        ("keras" | "keras.models", "Model" | "Functional") => model(Kind::Functional),
        ("keras" | "keras.layers", "Input") => function(Role::Input),
        ("keras.layers", "InputLayer") => function(Role::InputLayer),
        ("keras", "__version__") => Some(Value::text(KERAS_VERSION)),
        ("tensorflow", "__version__") => Some(Value::text("2.20.0")),
        ("tensorflow", "float32") => Some(Value::text("float32")),
        ("keras.backend" | "keras.utils", "clear_session") => function(Role::ClearSession),
        ("keras.utils", "plot_model") => function(Role::PlotModel),
        ("keras.backend" | "keras.config", "image_data_format") => function(Role::ImageDataFormat),
        ("keras.backend" | "keras.config", "floatx") => function(Role::FloatX),
        ("keras.utils", "set_random_seed") | ("tensorflow.random" | "keras.random", "set_seed") => {
            function(Role::SetSeed)
        }
        ("keras.applications", _) => find(session, &inner),
        ("keras.activations" | "tensorflow.nn", _) => {
            ActivationFunction::find(session, name).or_else(|| outside(module, name))
        }
        ("keras.layers", _) => match (layer_class(name), registry::function(name)) {
            (Some(class_name), _) => Some(LayerClass::value(session, class_name)),
            (None, Some(class_name)) => Some(Value::Host(Rc::new(LayerFunction {
                session: session.clone(),
                name: name.into(),
                class_name,
            }))),
            (None, None) => missing_layers::has(name)
                .then(|| Refused::value(format!("{}{name}", missing_layers::PREFIX))),
        },
        _ => ConfigClass::find(module, name).or_else(|| outside(module, name)),
    }
}

/// A name of TensorFlow, or of a part of Keras that is not only made of classes: there, and refused when used.
fn outside(module: &str, name: &str) -> Option<Value> {
    let open = module.starts_with("tensorflow")
        || matches!(
            module,
            "keras.utils"
                | "keras.models"
                | "keras.backend"
                | "keras.random"
                | "keras.config"
                | "keras.dtype_policies"
                | "keras.mixed_precision"
        );
    open.then(|| Refused::value(format!("{module}.{name}")))
}

impl HostObject for Module {
    fn type_name(&self) -> String {
        format!("module `{}`", self.path)
    }

    fn repr(&self) -> String {
        format!("<module '{}'>", self.path)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        let own: &[&str] = match self.path {
            "keras" => &["Input", "Model", "Sequential"],
            "keras.models" => &["Model", "Sequential"],
            "keras.applications" => &dichroic::applications::NAMES,
            "keras.utils" => &["plot_model", "set_random_seed"],
            "keras.backend" => &["clear_session", "image_data_format"],
            _ => &[],
        };
        let mut names: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
        if self.path == "keras.layers" {
            names.extend(layer_names());
        }
        names.extend(ConfigClass::names(self.path).map(str::to_owned));
        names.extend(PolicyFunction::names(self.path).iter().map(|name| (*name).to_owned()));
        let inner = MODULES.iter().chain(REFUSED_MODULES).filter_map(|path| {
            path.strip_prefix(self.path)?.strip_prefix('.').filter(|name| !name.contains('.'))
        });
        names.extend(inner.map(str::to_owned));
        names
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(member(&self.session, self.path, name))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.path == self.path)
    }
}

/// The module of one application, such as `keras.applications.vgg16`.
struct Family {
    session: Rc<Session>,
    path: String,
}

impl HostObject for Family {
    fn type_name(&self) -> String {
        format!("module `{}`", self.path)
    }

    fn repr(&self) -> String {
        format!("<module '{}'>", self.path)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        let path = format!("{}.{name}", self.path);
        Ok(Application::find(&self.session, &path).or_else(|| Some(Refused::value(path))))
    }

    fn call(&self, _machine: &mut Machine<'_>, _arguments: Arguments) -> Eval<Value> {
        let known = dichroic::applications::NAMES.join(", ");
        Err(Fault::unsupported(format!("`{}` is not among the applications here", self.path))
            .with_hint(format!("there are {known}")))
    }
}

/// What a function of Keras does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Input,
    InputLayer,
    ClearSession,
    ImageDataFormat,
    FloatX,
    PlotModel,
    SetSeed,
    Policy(PolicyFunction),
}

/// A function of Keras that makes no layer.
struct Function {
    session: Rc<Session>,
    role: Role,
}

impl HostObject for Function {
    fn type_name(&self) -> String {
        "function".to_owned()
    }

    fn repr(&self) -> String {
        format!("<function {:?}>", self.role)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn call(&self, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
        match self.role {
            // An input layer is its one call, which lives as long as the symbol is held: both names give the symbol.
            Role::Input | Role::InputLayer => {
                let symbol = layer_classes::input(&self.session, machine, arguments)?;
                Ok(TensorObject::value(&self.session, symbol))
            }
            Role::ClearSession => {
                arguments.bind("clear_session", ["free_memory"], 0)?;
                self.session.forget_names();
                Ok(Value::None)
            }
            Role::ImageDataFormat => {
                let [] = arguments.exactly("image_data_format", [])?;
                Ok(Value::text("channels_last"))
            }
            Role::FloatX => {
                let [] = arguments.exactly("floatx", [])?;
                Ok(Value::text("float32"))
            }
            // A picture changes no model, and a script writes no file.
            Role::PlotModel => Ok(Value::None),
            Role::Policy(function) => function.call(&self.session, machine, arguments),
            Role::SetSeed => {
                let [seed] = arguments.exactly("set_seed", ["seed"])?;
                self.session.seed.set(Some(seed.integer()?));
                Ok(Value::None)
            }
        }
    }

    fn has_instance(&self, value: &Value) -> Option<bool> {
        let layer = value.host::<super::LayerObject>();
        let is_input = layer.is_some_and(|layer| layer.layer().is_input());
        (self.role == Role::InputLayer).then_some(is_input)
    }
}
