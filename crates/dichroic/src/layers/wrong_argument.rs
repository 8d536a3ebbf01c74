//! What is wrong with an argument that can't be read, in the words of a script.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Layer, LayerError};

/// How serde begins its own sentences; every other sentence was written for the reader of a script.
const SERDE: [&str; 5] =
    ["invalid type", "invalid value", "invalid length", "unknown variant", "data did not match"];

/// The words that arguments choose from.
const WORDS: [&str; 12] = [
    "valid",
    "same",
    "causal",
    "nearest",
    "bilinear",
    "channels_last",
    "constant",
    "reflect",
    "wrap",
    "horizontal",
    "vertical",
    "horizontal_and_vertical",
];

/// Finds the argument that can't be read, by reading the defaults with one argument at a time.
pub(super) fn wrong_argument<L: Layer + DeserializeOwned>(
    defaults: &Map<String, Value>,
    config: &Map<String, Value>,
    whole: &serde_json::Error,
) -> LayerError {
    let wrong = |argument: &str, rule: String, got: String| LayerError::Argument {
        class_name: None,
        argument: argument.to_owned(),
        rule,
        got,
    };
    for (name, value) in config {
        let probe = Probe::<L> { defaults, name, layer: std::marker::PhantomData };
        if let Err(error) = probe.read(value) {
            let text = error.to_string();
            let rule = if SERDE.iter().any(|start| text.starts_with(start)) {
                probe.rule(value)
            } else {
                text
            };
            return wrong(name, rule, python(value));
        }
    }
    wrong("config", whole.to_string(), Value::Object(config.clone()).to_string())
}

/// Tries values for one argument of a layer whose other arguments have their defaults.
struct Probe<'a, L> {
    defaults: &'a Map<String, Value>,
    name: &'a str,
    layer: std::marker::PhantomData<L>,
}

impl<L: Layer + DeserializeOwned> Probe<'_, L> {
    fn read(&self, value: &Value) -> serde_json::Result<L> {
        let mut config = self.defaults.clone();
        config.insert(self.name.to_owned(), value.clone());
        serde_json::from_value(Value::Object(config))
    }

    fn reads(&self, value: &Value) -> bool {
        self.read(value).is_ok()
    }

    fn accepts(&self, value: &Value) -> bool {
        self.read(value).is_ok_and(|layer| layer.check().is_ok())
    }

    /// What the argument must be, told from the values that it takes.
    fn rule(&self, got: &Value) -> String {
        let mut kinds = Vec::new();
        if self.reads(&json!(true)) {
            kinds.push("True or False".to_owned());
        }
        if self.reads(&json!(0.5)) {
            kinds.push("a number".to_owned());
        } else if self.reads(&json!(1)) {
            kinds.push(self.whole_number(got));
        } else if self.reads(&json!([0.5])) {
            kinds.push("a list of numbers".to_owned());
        } else if self.reads(&json!([1])) {
            kinds.push("a list of whole numbers".to_owned());
        } else if self.reads(&json!([[1, 1]])) {
            kinds.push("a list of pairs of whole numbers".to_owned());
        } else if self.reads(&json!([1, 1])) {
            let fractions = self.reads(&json!([0.5, 0.5]));
            kinds.push(if fractions { "two numbers" } else { "two whole numbers" }.to_owned());
        }
        let words = WORDS.iter().filter(|word| self.accepts(&json!(word)));
        kinds.extend(words.map(|word| format!("{word:?}")));
        if self.reads(&Value::Null) && self.defaults.get(self.name) == Some(&Value::Null) {
            kinds.push("None".to_owned());
        }
        match kinds.as_slice() {
            [] => "can't have this value".to_owned(),
            [one] => format!("must be {one}"),
            [first @ .., last] => format!("must be {} or {last}", first.join(", ")),
        }
    }

    /// The rule of an argument that takes a whole number, and perhaps a list of them.
    fn whole_number(&self, got: &Value) -> String {
        let least = if self.reads(&json!(-1)) {
            ""
        } else if self.accepts(&json!(0)) {
            " of at least 0"
        } else {
            " of at least 1"
        };
        let lengths: Vec<usize> = (1..=4).filter(|&n| self.reads(&json!(vec![1; n]))).collect();
        match lengths.as_slice() {
            [] => format!("a whole number{least}"),
            // Only the number of sizes is wrong where each of them is a size.
            [length] => {
                let sizes = |list: &Vec<Value>| list.iter().all(Value::is_u64);
                let least = if got.as_array().is_some_and(sizes) { "" } else { least };
                let comma = if least.is_empty() { "" } else { "," };
                match length {
                    1 => format!("one whole number{least}"),
                    _ => format!("one whole number{least}{comma} or {length} of them"),
                }
            }
            _ => format!("a whole number{least}, or a list of them"),
        }
    }
}

/// A value as a script writes it.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(python).collect();
            format!("({}{})", items.join(", "), if list.len() == 1 { "," } else { "" })
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::registry::from_config;

    fn refused(class_name: &str, argument: &str, value: Value) -> String {
        let mut config = Map::new();
        for name in crate::layers::registry::required(class_name).unwrap() {
            config.insert((*name).to_owned(), json!(2));
        }
        config.insert(argument.to_owned(), value);
        from_config(class_name, &config).unwrap_err().to_string()
    }

    #[test]
    fn numbers_are_asked_for_in_plain_words() {
        for (value, got) in
            [(json!(-8), "-8"), (json!("8"), "\"8\""), (json!(8.5), "8.5"), (json!(null), "None")]
        {
            assert_eq!(
                refused("Conv2D", "filters", value),
                format!("Conv2D argument filters: must be a whole number of at least 1, got {got}")
            );
        }
        assert_eq!(
            refused("Dropout", "rate", json!("half")),
            "Dropout argument rate: must be a number, got \"half\""
        );
        assert_eq!(
            refused("Dense", "use_bias", json!(1)),
            "Dense argument use_bias: must be True or False, got 1"
        );
        assert_eq!(
            refused("Dropout", "seed", json!("a")),
            "Dropout argument seed: must be a whole number or None, got \"a\""
        );
        assert_eq!(
            refused("LayerNormalization", "axis", json!("last")),
            "LayerNormalization argument axis: must be a whole number, or a list of them, got \"last\""
        );
        assert_eq!(
            refused("Reshape", "target_shape", json!("flat")),
            "Reshape argument target_shape: must be a list of whole numbers, got \"flat\""
        );
    }

    #[test]
    fn sizes_say_how_many_they_are_and_how_small_they_may_be() {
        assert_eq!(
            refused("Conv2D", "kernel_size", json!([3, 3, 3])),
            "Conv2D argument kernel_size: must be one whole number or 2 of them, got (3, 3, 3)"
        );
        assert_eq!(
            refused("Conv2D", "strides", json!(-1)),
            "Conv2D argument strides: must be one whole number of at least 1, or 2 of them, got -1"
        );
        assert_eq!(
            refused("MaxPooling1D", "pool_size", json!([2, 2])),
            "MaxPooling1D argument pool_size: must be one whole number, got (2, 2)"
        );
    }

    #[test]
    fn words_are_those_that_the_layer_itself_takes() {
        assert_eq!(
            refused("Conv2D", "padding", json!("sane")),
            "Conv2D argument padding: must be \"valid\" or \"same\", got \"sane\""
        );
        assert_eq!(
            refused("Conv1D", "padding", json!(1)),
            "Conv1D argument padding: must be \"valid\", \"same\" or \"causal\", got 1"
        );
        assert_eq!(
            refused("UpSampling2D", "interpolation", json!("cubic")),
            "UpSampling2D argument interpolation: must be \"nearest\" or \"bilinear\", got \"cubic\""
        );
    }

    #[test]
    fn no_argument_of_any_layer_is_refused_in_the_words_of_a_library() {
        let wrong = [json!(-1), json!("odd"), json!(0.5), json!([1, 2, 3, 4, 5]), json!(true)];
        let jargon = ["expected", "variant", "usize", "invalid", "this value"];
        let mut found = Vec::new();
        for class_name in crate::layers::registry::class_names() {
            for argument in crate::layers::registry::positional(class_name).unwrap() {
                for value in &wrong {
                    let mut config = crate::layers::registry::example(class_name).unwrap().config();
                    config.insert(argument.to_owned(), value.clone());
                    let refusal = from_config(class_name, &config).err();
                    found.extend(refusal.map(|error| error.to_string()));
                }
            }
        }
        found.retain(|text| jargon.iter().any(|word| text.contains(word)));
        assert!(found.is_empty(), "{found:#?}");
    }
}
