//! The entry: scripts and inline expressions to models.

use std::io::Write;
use std::rc::Rc;

use dichroic::explain::Style;
use dichroic::model::Model;
use dichroic::{DtypePolicy, Shape};

use crate::error::{ErrorKind, Eval, Fault, ScriptError};
use crate::keras::{Keras, LayerObject, ModelObject, Session, TensorObject};
use crate::limits::Limits;
use crate::machine::Machine;
use crate::run::{self, Form, Program};
use crate::value::Value;

/// How a script is run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The form in which `model.summary()` prints, which also decides how layers are named: `conv2d` or `conv2d_1` first.
    pub summary_style: Style,
    /// What the script may use.
    pub limits: Limits,
    /// The shape, with the batch, for models that give none.
    pub input_shape: Option<Shape>,
    /// The dtype policy of layers, until the script sets another.
    pub dtype_policy: DtypePolicy,
}

/// Runs Keras code.
#[derive(Debug)]
pub struct Script;

impl Script {
    /// Runs a script; what it prints goes to `output` as it is printed.
    ///
    /// # Errors
    /// [`ScriptError`] with the place in the text: a mistake of the script, something that only Python could run, or a
    /// limit that was reached.
    pub fn run(
        text: &str,
        name: &str,
        options: &Options,
        output: &mut dyn Write,
    ) -> Result<Outcome, ScriptError> {
        let program =
            Program { name, text, form: Form::Statements, limits: options.limits.clone() };
        Self::execute(&program, options, output)
    }

    /// Evaluates one expression, with all names of layers in scope: a model, a layer, a list of layers, or a tensor.
    ///
    /// A lone layer becomes a chain of it.
    ///
    /// # Errors
    /// As [`Script::run`]; also when the expression is no model, or has no input shape while the options give none.
    ///
    /// ```
    /// use dichroic_script::{Options, Script};
    /// let options = Options { input_shape: Some(dichroic::Shape::batched(&[9, 9, 5])), ..Options::default() };
    /// let outcome = Script::inline("Conv2D(56, 4)", &options)?;
    /// assert_eq!(outcome.model(None)?.count_params(), 4_536);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inline(text: &str, options: &Options) -> Result<Outcome, ScriptError> {
        let program = Program {
            name: "<inline>",
            text,
            form: Form::Expression,
            limits: options.limits.clone(),
        };
        Self::execute(&program, options, &mut std::io::sink())
    }

    fn execute(
        program: &Program<'_>,
        options: &Options,
        output: &mut dyn Write,
    ) -> Result<Outcome, ScriptError> {
        let (style, policy) = (options.summary_style, options.dtype_policy);
        let bare = program.form == Form::Expression;
        let input = options.input_shape.clone();
        run::run(
            program,
            output,
            move || Keras { session: Session::new(style, policy), bare },
            move |machine, keras, value| {
                if bare {
                    as_model(machine, &keras.session, &value, input.as_ref())?;
                }
                outcome(machine, &keras.session, input.as_ref())
            },
        )
    }
}

/// Makes the value of an inline expression the last model made.
fn as_model(
    machine: &mut Machine<'_>,
    session: &Rc<Session>,
    value: &Value,
    input: Option<&Shape>,
) -> Eval<()> {
    let model = if let Some(model) = session.model_named_by(value) {
        model
    } else if let Some(tensor) = value.host::<TensorObject>() {
        ModelObject::ending_in(session, machine, tensor)?
    } else if value.host::<LayerObject>().is_some() {
        ModelObject::chain_of(session, machine, std::slice::from_ref(value))?
    } else if let Some(layers) = machine.sequence(value).map(<[Value]>::to_vec) {
        ModelObject::chain_of(session, machine, &layers)?
    } else {
        return Err(Fault::type_error(format!(
            "a model, a layer or a list of layers is needed, got {}",
            value.type_name()
        )));
    };
    match (model.is_open(), input) {
        (false, _) => {}
        (true, Some(shape)) => model.complete(shape)?,
        (true, None) => {
            return Err(Fault::new(ErrorKind::Layer, "the input shape is not known")
                .with_hint("pass --input with the sizes, such as --input 28,28,3"));
        }
    }
    session.make_last(&model);
    Ok(())
}

fn outcome(
    machine: &mut Machine<'_>,
    session: &Rc<Session>,
    input: Option<&Shape>,
) -> Eval<Outcome> {
    let mut named: Vec<(String, Rc<ModelObject>)> = Vec::new();
    for (name, value) in machine.globals() {
        named.extend(session.model_named_by(value).map(|model| (name.to_owned(), model)));
    }
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    let objects = session.models();
    let mut models = Vec::with_capacity(objects.len());
    for object in &objects {
        if let Some(shape) = input {
            object.complete(shape)?;
        }
        let variables = named.iter().filter(|(_, named)| Rc::ptr_eq(named, object));
        let variables = variables.map(|(name, _)| name.clone()).collect();
        models.push(MadeModel { variables, model: object.take(machine)? });
    }
    Ok(Outcome { models, seed: session.seed() })
}

/// A model that a script made.
#[derive(Debug)]
pub struct MadeModel {
    /// The script's variables that hold it at the end, in alphabetical order.
    pub variables: Vec<String>,
    /// The model; what `compile` was told is in [`Model::compile_config`].
    pub model: Model,
}

/// What a script left behind.
#[derive(Debug)]
pub struct Outcome {
    /// All models, in the order in which they were made.
    pub models: Vec<MadeModel>,
    /// The seed given to `keras.utils.set_random_seed` or `tf.random.set_seed`.
    pub seed: Option<i64>,
}

/// Why an outcome has not the model that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The script made no model.
    #[error("the script makes no model; build one with keras.Sequential or keras.Model")]
    NoModel,
    /// No variable and no model has the name.
    #[error("the script has no model {name:?}; it has {known}")]
    NoSuchModel {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
}

impl Outcome {
    /// The model of a variable (or else of that name); without a name the variable `model`, else the last one made.
    ///
    /// # Errors
    /// When there is none.
    pub fn model(&self, name: Option<&str>) -> Result<&Model, OutcomeError> {
        self.place(name).map(|at| &self.models[at].model)
    }

    /// [`Outcome::model`], taken out.
    ///
    /// # Errors
    /// As [`Outcome::model`].
    pub fn into_model(mut self, name: Option<&str>) -> Result<Model, OutcomeError> {
        self.place(name).map(|at| self.models.swap_remove(at).model)
    }

    fn place(&self, name: Option<&str>) -> Result<usize, OutcomeError> {
        let by_variable = |name: &str| {
            self.models.iter().position(|made| made.variables.iter().any(|held| held == name))
        };
        let Some(name) = name else {
            let last = self.models.len().checked_sub(1);
            return by_variable("model").or(last).ok_or(OutcomeError::NoModel);
        };
        by_variable(name)
            .or_else(|| self.models.iter().rposition(|made| made.model.name() == name))
            .ok_or_else(|| {
                let known = self.models.iter().flat_map(|made| match made.variables.is_empty() {
                    true => vec![made.model.name().to_owned()],
                    false => made.variables.clone(),
                });
                let known: Vec<String> = known.collect();
                match known.is_empty() {
                    true => OutcomeError::NoModel,
                    false => {
                        OutcomeError::NoSuchModel { name: name.to_owned(), known: known.join(", ") }
                    }
                }
            })
    }
}
