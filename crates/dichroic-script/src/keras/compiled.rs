//! What `compile` was told: names of Keras, of which the library has a part.

use dichroic::train::{Loss, Metric, Optimizer};
use serde_json::{Map, Value as Json};

use super::tables;
use crate::error::{ErrorKind, Eval, Fault, nearest};

/// What an argument of `compile` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Optimizer,
    Loss,
    Metric,
}

impl Sort {
    fn of(argument: &str) -> Option<Self> {
        match argument {
            "optimizer" => Some(Self::Optimizer),
            "loss" => Some(Self::Loss),
            "metrics" | "weighted_metrics" => Some(Self::Metric),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Optimizer => "optimizer",
            Self::Loss => "loss",
            Self::Metric => "metric",
        }
    }

    /// Every name that Keras takes, the usual one of each first. Metrics go by losses' names as well.
    fn names(self) -> impl Iterator<Item = &'static [&'static str]> {
        const SHORT: [&[&str]; 2] = [&["accuracy", "acc"], &["crossentropy", "ce"]];
        let (short, modules): (&[&[&str]], &[&str]) = match self {
            Self::Optimizer => (&[], &["keras.optimizers"]),
            Self::Loss => (&[], &["keras.losses"]),
            Self::Metric => (&SHORT, &["keras.metrics", "keras.losses"]),
        };
        let classes = modules.iter().flat_map(|module| tables::classes(module).unwrap_or_default());
        let names = classes
            .flat_map(|class| [class.aliases, std::slice::from_ref(&class.name)])
            .filter(|names| !names.is_empty());
        short.iter().copied().chain(names)
    }

    fn is_of_keras(self, name: &str) -> bool {
        let same = |known: &&str| match self {
            // Keras takes optimizers in any letter case.
            Self::Optimizer => known.eq_ignore_ascii_case(name),
            Self::Loss => *known == name,
            // A metric's class goes by its name in small letters too, such as `auc`.
            Self::Metric => {
                *known == name || (name == name.to_lowercase() && snake(known) == snake(name))
            }
        };
        self.names().flatten().any(same)
    }

    /// Reads a name or an object as the library will have to before it trains.
    fn read(self, json: &Json) -> Result<(), String> {
        let read = match (self, json) {
            (Self::Optimizer, _) => serde_json::from_value::<Optimizer>(json.clone()).map(drop),
            (Self::Loss, _) => serde_json::from_value::<Loss>(json.clone()).map(drop),
            (Self::Metric, _) => serde_json::from_value::<Metric>(json.clone()).map(drop),
        };
        read.map_err(|error| error.to_string())
    }

    fn is_known(self, name: &str) -> bool {
        self.read(&Json::from(name)).is_ok()
    }

    /// The library's own names of this sort.
    fn known(self) -> String {
        let mut known: Vec<&str> = Vec::new();
        for name in self.names().map(|names| names[0]) {
            let seen = known.iter().any(|seen| snake(seen) == snake(name));
            if !seen && self.is_known(name) {
                known.push(name);
            }
        }
        known.join(", ")
    }
}

/// A name without the marks in which a class and its function differ.
fn snake(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// Refuses what names no optimizer, loss or metric of Keras, or one that the library does not have, wherever it stands
/// in the argument.
pub(super) fn check(argument: &str, json: &Json) -> Eval<()> {
    match Sort::of(argument) {
        Some(sort) => check_each(sort, argument, json),
        None => Ok(()),
    }
}

fn check_each(sort: Sort, argument: &str, json: &Json) -> Eval<()> {
    match json {
        Json::String(name) if !sort.is_of_keras(name) => {
            let fault =
                Fault::value_error(format!("Keras has nothing called {name:?} for `{argument}`"));
            let usual = sort.names().flatten().copied();
            Err(match nearest(name, usual) {
                Some(nearest) => fault.with_hint(format!("did you mean {nearest:?}?")),
                None => fault,
            })
        }
        Json::String(name) => check_known(sort, name),
        Json::Array(items) => items.iter().try_for_each(|item| check_each(sort, argument, item)),
        Json::Object(table) => match table.get("class_name").and_then(Json::as_str) {
            Some(class_name) => {
                check_known(sort, class_name)?;
                sort.read(&without_decay(table))
                    .map_err(|message| Fault::new(ErrorKind::Value, message))
            }
            // A table has one entry for each output.
            None => table.values().try_for_each(|item| check_each(sort, argument, item)),
        },
        _ => Ok(()),
    }
}

fn check_known(sort: Sort, name: &str) -> Eval<()> {
    match sort.is_known(name) {
        true => Ok(()),
        false => {
            let word = sort.word();
            Err(Fault::unsupported(format!("dichroic does not have Keras's {word} {name:?}"))
                .with_hint(format!("it has {}", sort.known())))
        }
    }
}

/// An object without the `decay` that optimizers had before Keras 3: old scripts give it, and it changes no model.
fn without_decay(object: &Map<String, Json>) -> Json {
    let mut object = object.clone();
    if let Some(Json::Object(config)) = object.get_mut("config") {
        config.remove("decay");
    }
    Json::Object(object)
}
