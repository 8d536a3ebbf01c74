//! Every layer by its class name: the plain list that scripts, model files, help and tests read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::list::LAYERS;
use super::operations::list::OPERATIONS;
use super::wrong_argument::wrong_argument;
use super::*;
use crate::names::closest;

/// What the registry knows about one layer class.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) class_name: &'static str,
    pub(super) aliases: &'static [&'static str],
    /// Arguments without a default, in positional order.
    pub(super) needs: &'static [&'static str],
    /// Arguments with a default, in positional order after those.
    pub(super) takes: &'static [&'static str],
    pub(super) example: fn() -> Box<dyn Layer>,
    pub(super) read: Read,
}

/// Makes a layer from its arguments by name.
pub(super) type Read = fn(&Entry, &Map<String, Value>) -> Result<Box<dyn Layer>, LayerError>;

/// A list of names, written out or by the name of a constant.
macro_rules! list {
    ([$($name:literal),*]) => {
        &[$($name),*]
    };
    ($constant:ident) => {
        $constant
    };
}
pub(super) use list;

/// A list with one line for each layer: class (with Keras's other names for it), an example to take defaults
/// from, and the arguments in positional order.
macro_rules! layers {
    ($entries:ident; $($class:literal $(also $($alias:literal),+)?: $example:expr,
       needs $needs:tt takes $takes:tt;)+) => {
        pub(in crate::layers) const $entries: &[Entry] = &[$(Entry {
            class_name: $class,
            aliases: &[$($($alias),+)?],
            needs: &$needs,
            takes: list!($takes),
            example: || Box::new($example),
            read: |entry, config| read(entry, $example, config),
        }),+];
    };
}
pub(super) use layers;

/// Arguments of every layer that the model keeps, not the layer.
pub const MODEL_ARGUMENTS: [&str; 8] = [
    "name",
    "trainable",
    "dtype",
    "autocast",
    "input_shape",
    "input_dim",
    "batch_input_shape",
    "batch_shape",
];

/// Keras's functions for layers without arguments of their own: `add` for `Add`.
const FUNCTIONS: [(&str, &str); 7] = [
    ("add", "Add"),
    ("subtract", "Subtract"),
    ("multiply", "Multiply"),
    ("average", "Average"),
    ("maximum", "Maximum"),
    ("minimum", "Minimum"),
    ("concatenate", "Concatenate"),
];

/// Makes a layer from its class name (or another of Keras's names for it) and its arguments by name.
///
/// Arguments that the model keeps ([`MODEL_ARGUMENTS`]) are left out; the rest must be the layer's own.
///
/// # Errors
/// For an unknown class, an unknown or missing argument, and a value that an argument can't have.
///
/// ```
/// use dichroic::layers::registry;
/// let config = serde_json::json!({"filters": 8, "kernel_size": 3, "padding": "same"});
/// let layer = registry::from_config("Conv2D", config.as_object().unwrap())?;
/// assert_eq!(layer.config()["kernel_size"], serde_json::json!([3, 3]));
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
pub fn from_config(
    class_name: &str,
    config: &Map<String, Value>,
) -> Result<Box<dyn Layer>, LayerError> {
    let entry = entry(class_name)?;
    (entry.read)(entry, config)
}

/// The class names, in the order of the lists: Keras's layers first, then operations.
pub fn class_names() -> impl Iterator<Item = &'static str> {
    entries().map(|entry| entry.class_name)
}

/// Whether the class is an operation: a layer that speaks of all axes, the batch included, and that no Keras layer is.
pub fn is_operation(class_name: &str) -> bool {
    OPERATIONS.iter().any(|entry| entry.class_name == class_name)
}

/// The class behind a name: itself, or the class that an alias stands for.
///
/// # Errors
/// [`LayerError::UnknownClass`] with the closest name.
pub fn resolve(class_name: &str) -> Result<&'static str, LayerError> {
    entry(class_name).map(|entry| entry.class_name)
}

/// The class behind one of Keras's lower-case functions: `concatenate` for `Concatenate`.
pub fn function(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(function, _)| *function == name).map(|(_, class_name)| *class_name)
}

/// The other names that Keras has for a class: `MaxPool2D` for `MaxPooling2D`.
pub fn aliases(class_name: &str) -> &'static [&'static str] {
    entry(class_name).map_or(&[], |entry| entry.aliases)
}

/// The names of the arguments in positional order, those without a default first.
///
/// # Errors
/// [`LayerError::UnknownClass`] with the closest name.
pub fn positional(class_name: &str) -> Result<Vec<&'static str>, LayerError> {
    entry(class_name).map(|entry| entry.needs.iter().chain(entry.takes).copied().collect())
}

/// The names of the arguments that have no default.
///
/// # Errors
/// [`LayerError::UnknownClass`] with the closest name.
pub fn required(class_name: &str) -> Result<&'static [&'static str], LayerError> {
    entry(class_name).map(|entry| entry.needs)
}

/// A small layer of the class, with the defaults of all arguments that have one.
///
/// # Errors
/// [`LayerError::UnknownClass`] with the closest name.
pub fn example(class_name: &str) -> Result<Box<dyn Layer>, LayerError> {
    entry(class_name).map(|entry| (entry.example)())
}

/// The stem of the names that a model gives to layers of this class, as Keras forms it: `ReLU` → `re_lu`.
///
/// ```
/// use dichroic::layers::registry::auto_name;
/// assert_eq!(auto_name("Conv2D"), "conv2d");
/// assert_eq!(auto_name("BatchNormalization"), "batch_normalization");
/// ```
pub fn auto_name(class_name: &str) -> String {
    // keras/src/utils/naming.py, to_snake_case: `(.)([A-Z][a-z]+)` → `\1_\2`, then `([a-z])([A-Z])` → `\1_\2`.
    let letters: Vec<char> = class_name.chars().collect();
    let mut first = String::new();
    let mut i = 0;
    while i < letters.len() {
        let word_follows = i + 2 < letters.len()
            && letters[i + 1].is_ascii_uppercase()
            && letters[i + 2].is_ascii_lowercase();
        first.push(letters[i]);
        i += 1;
        if word_follows {
            first.push('_');
            first.push(letters[i]);
            i += 1;
            while i < letters.len() && letters[i].is_ascii_lowercase() {
                first.push(letters[i]);
                i += 1;
            }
        }
    }
    let mut name = String::new();
    let mut previous = '_';
    for letter in first.chars() {
        if previous.is_ascii_lowercase() && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        previous = letter;
    }
    name
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    LAYERS.iter().chain(OPERATIONS)
}

fn entry(class_name: &str) -> Result<&'static Entry, LayerError> {
    let named =
        |entry: &&Entry| entry.class_name == class_name || entry.aliases.contains(&class_name);
    entries().find(named).ok_or_else(|| {
        let known = entries().flat_map(|entry| {
            std::iter::once(entry.class_name).chain(entry.aliases.iter().copied())
        });
        LayerError::UnknownClass {
            class_name: class_name.to_owned(),
            suggestion: closest(class_name, known)
                .map_or_else(String::new, |near| format!(" (did you mean {near}?)")),
        }
    })
}

/// Reads a layer: the arguments that came, over the defaults of the example.
pub(super) fn read<L: Layer + Serialize + DeserializeOwned + 'static>(
    entry: &Entry,
    example: L,
    config: &Map<String, Value>,
) -> Result<Box<dyn Layer>, LayerError> {
    let defaults = arguments::written(&example);
    let own = |name: &str| {
        let listed = entry.needs.contains(&name) || entry.takes.contains(&name);
        // Some classes list these among their own, but they are the model's for all of them.
        defaults.contains_key(name) || (listed && !matches!(name, "name" | "dtype"))
    };
    let mut merged = defaults.clone();
    let given =
        config.iter().filter(|(name, _)| own(name) || !MODEL_ARGUMENTS.contains(&name.as_str()));
    for (name, value) in given {
        if !own(name) {
            let known = || entry.needs.iter().chain(entry.takes).copied();
            return Err(LayerError::UnknownArgument {
                class_name: entry.class_name,
                argument: name.clone(),
                suggestion: match closest(name, known().chain(MODEL_ARGUMENTS)) {
                    Some(near) => format!(" (did you mean {near:?}?)"),
                    None => format!("; it takes {}", known().collect::<Vec<_>>().join(", ")),
                },
            });
        }
        merged.insert(name.clone(), value.clone());
    }
    if let Some(argument) = entry.needs.iter().find(|&&argument| !config.contains_key(argument)) {
        return Err(LayerError::MissingArgument { class_name: entry.class_name, argument });
    }
    match serde_json::from_value::<L>(Value::Object(merged)) {
        Ok(layer) => layer.check().map(|()| layer.boxed()),
        Err(error) => Err(wrong_argument::<L>(&defaults, config, &error)),
    }
    .map_err(|error| error.of_class(entry.class_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(class_name: &str, config: Value) -> String {
        from_config(class_name, config.as_object().unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_class_gets_the_closest_name() {
        assert_eq!(
            refused("Conv2d", json!({})),
            "unknown layer class \"Conv2d\" (did you mean Conv2D?)"
        );
    }

    #[test]
    fn an_unknown_argument_gets_the_closest_name() {
        let text = refused("Conv2D", json!({"filters": 3, "kernel_sise": 3}));
        assert_eq!(text, "Conv2D has no argument \"kernel_sise\" (did you mean \"kernel_size\"?)");
    }

    #[test]
    fn a_missing_argument_is_named() {
        assert_eq!(
            refused("Conv2D", json!({"filters": 3})),
            "Conv2D needs the argument kernel_size"
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_its_argument() {
        let text = refused("Conv2D", json!({"filters": 3, "kernel_size": "3x3"}));
        assert!(text.starts_with("Conv2D argument kernel_size: "), "{text}");
        let text = refused(
            "Conv2D",
            json!({"filters": 3, "kernel_size": 3, "data_format": "channels_first"}),
        );
        assert!(text.contains("use data_format='channels_last'"), "{text}");
    }

    #[test]
    fn what_the_model_keeps_is_left_to_it() {
        let config = json!({"filters": 3, "kernel_size": 3, "name": "a", "trainable": false, "input_shape": [9, 9, 1]});
        assert!(from_config("Conv2D", config.as_object().unwrap()).is_ok());
    }

    #[test]
    fn automatic_names_are_those_of_keras() {
        for (class_name, expected) in [
            ("Conv2D", "conv2d"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("MaxPooling2D", "max_pooling2d"),
            ("BatchNormalization", "batch_normalization"),
            ("InputLayer", "input_layer"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("LeakyReLU", "leaky_re_lu"),
            ("ELU", "elu"),
            ("ZeroPadding2D", "zero_padding2d"),
            ("DepthwiseConv2D", "depthwise_conv2d"),
            ("Dense", "dense"),
        ] {
            assert_eq!(auto_name(class_name), expected);
        }
    }
}
