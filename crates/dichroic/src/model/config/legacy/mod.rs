//! Layers as Keras 1 and Keras 2 wrote them, brought into the form of Keras 3.
//!
//! Every rule looks at the form alone, never at a version: files say their version in many ways, or not at all. A name
//! that was used before means one thing only, so a configuration of Keras 3 passes through unchanged.

mod keras1;
mod keras2;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::ModelError;

/// A layer's arguments.
type Arguments = Map<String, Value>;

/// Brings class name and arguments of one layer up to date; returns today's class name.
///
/// An object that names its module was written by Keras 2.12 or later, which knew no name of Keras 1 any more.
///
/// # Errors
/// When an argument asks for something that no layer of today does: Theano's order of axes, a merge by a function,
/// a batch normalisation of single samples, a function that was another one.
pub(super) fn modernize<'a>(
    object: &'a Value,
    class_name: &'a str,
    config: &mut Arguments,
    place: &str,
) -> Result<Cow<'a, str>, ModelError> {
    keras2::plain_values(config);
    let class_name = match object.get("module") {
        None => keras1::modernize(class_name, config, place)?,
        Some(_) => class_name.into(),
    };
    keras2::check_functions(config, place)?;
    keras2::modernize(&class_name, config);
    Ok(class_name)
}

/// The error for a value that today's layers can't express.
fn refused(place: &str, what: &'static str, name: &str, advice: &str) -> ModelError {
    ModelError::Unsupported {
        place: place.to_owned(),
        what,
        name: name.to_owned(),
        suggestion: format!("; {advice}"),
    }
}

/// Moves an argument to its new name; an argument that stands under both keeps the new one.
fn rename(config: &mut Arguments, old: &str, new: &str) {
    if let Some(value) = config.remove(old)
        && !config.contains_key(new)
    {
        config.insert(new.to_owned(), value);
    }
}
