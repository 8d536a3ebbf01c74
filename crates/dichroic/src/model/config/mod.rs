//! Models as Keras's configuration, `config.json`: written as Keras 3 writes it, read in the forms of Keras 3, 2 and 1.

mod expansion;
mod layer;
mod legacy;
mod nodes;
mod operations;
mod outline;
mod read;
mod write;

pub use outline::{Outline, OutlinedLayer};

use serde_json::{Value, json};

use super::ModelError;
use crate::DtypePolicy;

/// A policy as Keras writes it.
fn written_policy(policy: DtypePolicy) -> Value {
    json!({
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": policy.name()},
        "registered_name": null,
    })
}

/// Layers that Keras counts as built when they are made, because no input shape can change them: their
/// configuration has no `build_config`, and a summary never calls them unbuilt.
pub(crate) fn built_when_made(class_name: &str) -> bool {
    let pooling = class_name.contains("Pooling");
    let others = ["Activation", "Dropout", "ELU", "LeakyReLU", "ReLU", "Reshape", "Softmax"];
    pooling || others.contains(&class_name)
}

/// The error for a value of another kind than is needed.
fn wrong(place: &str, expected: &str, got: &Value) -> ModelError {
    const MOST: usize = 80;
    let mut text = got.to_string();
    if text.len() > MOST {
        let end = (0..=MOST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    ModelError::Config { place: place.to_owned(), expected: expected.to_owned(), got: text }
}
