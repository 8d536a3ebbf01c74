//! The optimizer's variables, and where training stands.

use dichroic::model::Model;
use dichroic::train::{Compile, LearningRate, OptimizerState, Progress, Trainer};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Contents, SavedTraining};
use crate::error::{Located, Problem};
use crate::weights::{Variable, Variables, WeightsWriter};

/// The group of the optimizer's variables.
pub(super) const OPTIMIZER: &str = "optimizer";

/// What a file says about training, by the optimizer's variables in Keras 3's order and our own record.
///
/// A training that can't be gone on with keeps nobody from using the model: the reason is kept for those who want to train.
pub(crate) fn read(
    model: &Model,
    variables: &Variables<'_>,
    ours: &Value,
) -> Result<SavedTraining, Located> {
    let Some(config) = model.compile_config().filter(|_| variables.len() > 0) else {
        return Ok(SavedTraining::None);
    };
    let unusable = |why: String| Ok(SavedTraining::Unusable(why));
    let trainer = Compile::from_config(config).and_then(|compile| Trainer::new(model, compile));
    let trainer = match trainer {
        Ok(trainer) => trainer,
        Err(error) => return unusable(error.to_string()),
    };
    let mut optimizer = trainer.state().optimizer;
    let own = 1 + usize::from(has_learning_rate(trainer.compile()));
    let expected = own + optimizer.slots.len();
    if variables.len() != expected {
        return unusable(format!(
            "the optimizer has {} variables in the file, and {expected} for the weights that are trainable now",
            variables.len()
        ));
    }
    let iterations = variables.integer(0)?;
    optimizer.iterations = u64::try_from(iterations)
        .map_err(|_| Problem::malformed("a count of steps", iterations).at("optimizer/vars/0"))?;
    if own == 2 {
        optimizer.learning_rate = f64::from(variables.floats(1, &[])?[0]);
    }
    for (index, slot) in optimizer.slots.iter_mut().enumerate() {
        let weight = model.weights().iter().find(|weight| weight.path == slot.weight);
        let weight = weight.expect("the trainer's slots belong to the model's weights");
        slot.values = variables.floats(own + index, &weight.spec.shape)?;
    }
    let progress = match ours.pointer("/training/progress") {
        None | Some(Value::Null) => None,
        Some(progress) => match Progress::deserialize(progress) {
            Ok(progress) => Some(progress),
            Err(error) => {
                return unusable(format!("the place in the training can't be read: {error}"));
            }
        },
    };
    Ok(SavedTraining::State { optimizer, progress })
}

/// Puts the optimizer's variables in Keras's order.
pub(super) fn write<'a>(
    contents: &Contents<'a>,
    writer: &mut WeightsWriter<'a>,
) -> Result<(), Located> {
    if let Some(variables) = optimizer_variables(contents)? {
        let variables = variables.into_iter().map(|(_, variable)| variable).collect();
        writer.put(OPTIMIZER, &optimizer_name(contents.model), variables);
    }
    Ok(())
}

/// The optimizer's variables in Keras's order, each with its name; `None` without an optimizer.
pub(crate) fn optimizer_variables<'a>(
    contents: &Contents<'a>,
) -> Result<Option<Vec<(String, Variable<'a>)>>, Problem> {
    let Some(state) = contents.optimizer else { return Ok(None) };
    let iterations = i32::try_from(state.iterations).map_err(|_| Problem::Unsupported {
        what: format!("a training of {} steps", state.iterations),
        fix: "Keras counts up to 2,147,483,647; begin with a new optimizer".into(),
    })?;
    let optimizer = optimizer_name(contents.model);
    let mut variables = vec![(format!("{optimizer}/iteration"), Variable::Integer(iterations))];
    if by_number(contents.model) {
        let rate = Variable::Float(state.learning_rate as f32);
        variables.push((format!("{optimizer}/learning_rate"), rate));
    }
    for slot in &state.slots {
        let weight = contents.model.weights().iter().find(|weight| weight.path == slot.weight);
        let weight = weight.ok_or_else(|| Problem::Unexpected {
            what: format!("optimizer variable {} of {:?}", slot.name, slot.weight),
        })?;
        let name = format!("{optimizer}/{}_{}", slot.weight.replace('/', "_"), slot.name);
        let values = Variable::Floats { shape: &weight.spec.shape, values: &slot.values };
        variables.push((name, values));
    }
    Ok(Some(variables))
}

/// Our own record: what Keras has no place for.
pub(super) fn to_json(optimizer: &OptimizerState, progress: Option<&Progress>) -> Value {
    json!({ "iterations": optimizer.iterations, "progress": progress })
}

/// Whether the learning rate is a variable: a schedule is none, it follows from the steps.
fn has_learning_rate(compile: &Compile) -> bool {
    matches!(compile.optimizer.learning_rate, LearningRate::Constant(_))
}

fn by_number(model: &Model) -> bool {
    let compile = model.compile_config().map(Compile::from_config);
    !matches!(compile, Some(Ok(compile)) if !has_learning_rate(&compile))
}

fn optimizer_name(model: &Model) -> String {
    let name = model.compile_config().and_then(|config| config.pointer("/optimizer/config/name"));
    name.and_then(Value::as_str).unwrap_or(OPTIMIZER).to_owned()
}
