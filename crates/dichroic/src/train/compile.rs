//! What `compile` is told.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Loss, Metric, Optimizer, TrainError};

/// How a model is trained and judged.
///
/// ```
/// use dichroic::train::{Adam, Compile, LossFunction, Optimizer};
/// let adam = Optimizer::new(Adam::default()).learning_rate(3e-4);
/// let loss = LossFunction::SparseCategoricalCrossentropy { from_logits: true, ignore_class: None };
/// let compile = Compile::new(adam, loss).metrics(vec!["accuracy".parse()?]);
/// assert_eq!(Compile::from_config(&compile.to_config())?, compile);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Compile {
    /// How gradients change weights.
    pub optimizer: Optimizer,
    /// What is made small; `None` for outputs without a loss.
    pub loss: PerOutput<Option<Loss>>,
    /// How much each output's loss counts; all 1 where there are none.
    pub loss_weights: Option<PerOutput<f64>>,
    /// What is measured.
    pub metrics: PerOutput<Vec<Metric>>,
    /// What is measured with sample weights.
    pub weighted_metrics: PerOutput<Vec<Metric>>,
}

/// One thing for all outputs of a model, or one for each.
#[derive(Clone, Debug, PartialEq)]
pub enum PerOutput<T> {
    /// The same for all.
    All(T),
    /// One for each, in order.
    Each(Vec<T>),
    /// By the outputs' names; the others have none.
    Named(Vec<(String, T)>),
}

impl<T: Clone + Default> PerOutput<T> {
    /// One for each output.
    pub(crate) fn resolve(&self, outputs: &[String], what: &str) -> Result<Vec<T>, TrainError> {
        match self {
            Self::All(one) => Ok(vec![one.clone(); outputs.len()]),
            Self::Each(each) if each.len() == outputs.len() => Ok(each.clone()),
            Self::Each(each) => {
                let expected = format!("one for each of {} outputs", outputs.len());
                Err(TrainError::argument(what, expected, each.len().to_string()))
            }
            Self::Named(named) => {
                if let Some((name, _)) = named.iter().find(|(name, _)| !outputs.contains(name)) {
                    let expected = format!("names among the outputs {}", outputs.join(", "));
                    return Err(TrainError::argument(what, expected, format!("{name:?}")));
                }
                let find = |output: &String| named.iter().find(|(name, _)| name == output);
                Ok(outputs
                    .iter()
                    .map(|output| find(output).map(|(_, own)| own.clone()).unwrap_or_default())
                    .collect())
            }
        }
    }
}

impl Compile {
    /// An optimizer and a loss for all outputs.
    pub fn new(optimizer: impl Into<Optimizer>, loss: impl Into<Loss>) -> Self {
        Self {
            optimizer: optimizer.into(),
            loss: PerOutput::All(Some(loss.into())),
            loss_weights: None,
            metrics: PerOutput::All(Vec::new()),
            weighted_metrics: PerOutput::All(Vec::new()),
        }
    }

    /// Everything by its Keras name.
    ///
    /// # Errors
    /// When a name is not known.
    pub fn named(optimizer: &str, loss: &str, metrics: &[&str]) -> Result<Self, TrainError> {
        let wrong = |place: &'static str| move |error: String| TrainError::refused(place, error);
        let parsed = metrics.iter().map(|name| name.parse().map_err(wrong("metrics")));
        Ok(Self::new(
            optimizer.parse::<Optimizer>().map_err(wrong("optimizer"))?,
            loss.parse::<Loss>().map_err(wrong("loss"))?,
        )
        .metrics(parsed.collect::<Result<_, _>>()?))
    }

    /// With metrics for the one output.
    pub fn metrics(mut self, metrics: Vec<Metric>) -> Self {
        self.metrics = PerOutput::All(metrics);
        self
    }

    /// Keras's `compile_config`.
    pub fn to_config(&self) -> Value {
        json!({
            "optimizer": self.optimizer,
            "loss": write(&self.loss, |loss| json!(loss)),
            "loss_weights": self.loss_weights.as_ref().map(|weights| write(weights, |weight| json!(weight))),
            "metrics": write_metrics(&self.metrics),
            "weighted_metrics": write_metrics(&self.weighted_metrics),
            "run_eagerly": false,
            "steps_per_execution": 1,
            "jit_compile": false,
        })
    }

    /// Reads Keras's `compile_config`.
    ///
    /// # Errors
    /// When an optimizer, loss, metric or option is not known; the message names it.
    pub fn from_config(config: &Value) -> Result<Self, TrainError> {
        let map = config
            .as_object()
            .ok_or_else(|| TrainError::argument("compile", "an object", config.to_string()))?;
        // How Keras runs a model has no meaning here, and no effect on its results.
        const EXECUTION: [&str; 4] =
            ["run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"];
        const USED: [&str; 5] =
            ["optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"];
        if let Some(key) = map
            .keys()
            .find(|key| !USED.contains(&key.as_str()) && !EXECUTION.contains(&key.as_str()))
        {
            let problem = format!("unknown option {key:?}; it must be one of {}", USED.join(", "));
            return Err(TrainError::refused("compile", problem));
        }
        let part = |name: &str| map.get(name).filter(|value| !value.is_null());
        let optimizer = match part("optimizer") {
            None => "rmsprop".parse().expect("the default optimizer is known"),
            Some(value) => read("optimizer", value)?,
        };
        let metrics = |name: &str| match part(name) {
            None => Ok(PerOutput::All(Vec::new())),
            Some(value) => read_metrics(name, value),
        };
        Ok(Self {
            optimizer,
            loss: match part("loss") {
                None => PerOutput::All(None),
                Some(value) => read_each(value, |value| read("loss", value))?,
            },
            loss_weights: part("loss_weights")
                .map(|value| read_each(value, read_weight))
                .transpose()?,
            metrics: metrics("metrics")?,
            weighted_metrics: metrics("weighted_metrics")?,
        })
    }
}

fn read<T: for<'de> Deserialize<'de>>(place: &str, value: &Value) -> Result<T, TrainError> {
    T::deserialize(value).map_err(|error| TrainError::refused(place, error.to_string()))
}

fn read_weight(value: &Value) -> Result<f64, TrainError> {
    let wrong = || TrainError::argument("loss_weights", "a number", value.to_string());
    value.as_f64().ok_or_else(wrong)
}

/// Whether a value is one named object, not a table of several.
fn is_object(value: &Value) -> bool {
    value.get("class_name").is_some()
}

fn read_each<T>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, TrainError>,
) -> Result<PerOutput<T>, TrainError> {
    Ok(match value {
        Value::Array(each) => PerOutput::Each(each.iter().map(read).collect::<Result<_, _>>()?),
        Value::Object(named) if !is_object(value) => {
            let named = named.iter().map(|(name, value)| Ok((name.clone(), read(value)?)));
            PerOutput::Named(named.collect::<Result<_, TrainError>>()?)
        }
        _ => PerOutput::All(read(value)?),
    })
}

/// A list of metrics is for the one output; lists in a list or a table are for one output each.
fn read_metrics(place: &str, value: &Value) -> Result<PerOutput<Vec<Metric>>, TrainError> {
    let list = |value: &Value| match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.iter().map(|metric| read(place, metric)).collect(),
        one => Ok(vec![read(place, one)?]),
    };
    match value {
        Value::Array(each) if !each.iter().any(|value| value.is_array() || value.is_null()) => {
            Ok(PerOutput::All(list(value)?))
        }
        _ => read_each(value, list),
    }
}

fn write<T>(per_output: &PerOutput<T>, value: impl Fn(&T) -> Value) -> Value {
    match per_output {
        PerOutput::All(one) => value(one),
        PerOutput::Each(each) => each.iter().map(value).collect(),
        PerOutput::Named(named) => Value::Object(
            named.iter().map(|(name, own)| (name.clone(), value(own))).collect::<Map<_, _>>(),
        ),
    }
}

fn write_metrics(metrics: &PerOutput<Vec<Metric>>) -> Value {
    match metrics {
        PerOutput::All(list) if list.is_empty() => Value::Null,
        other => write(other, |list| json!(list)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compile_config_of_keras_is_read_and_written_again() {
        let config = json!({
            "optimizer": {"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": 0.01}},
            "loss": {"a": "mse", "b": {"class_name": "Huber", "config": {"delta": 2.0}}},
            "loss_weights": {"a": 0.5, "b": 1.0},
            "metrics": {"a": ["mae"], "b": "mse"},
            "weighted_metrics": null,
            "run_eagerly": false, "steps_per_execution": 1, "jit_compile": true
        });
        let compile = Compile::from_config(&config).unwrap();
        let names = ["a".to_owned(), "b".to_owned()];
        let losses = compile.loss.resolve(&names, "loss").unwrap();
        assert_eq!(losses[0].unwrap().function.name(), "mean_squared_error");
        assert_eq!(compile.metrics.resolve(&names, "metrics").unwrap()[1][0].name, "mse");
        assert_eq!(Compile::from_config(&compile.to_config()).unwrap(), compile);
    }

    #[test]
    fn unknown_outputs_names_and_options_are_refused() {
        let named = PerOutput::Named(vec![("c".to_owned(), 1.0)]);
        assert!(
            named
                .resolve(&["a".to_owned()], "loss_weights")
                .unwrap_err()
                .to_string()
                .contains("\"c\"")
        );
        assert!(PerOutput::Each(vec![1.0; 2]).resolve(&["a".to_owned()], "loss_weights").is_err());
        for config in
            [json!({"loss": "msee"}), json!({"optimizer": "adamm"}), json!({"losses": "mse"})]
        {
            assert!(Compile::from_config(&config).is_err());
        }
        let whole = |error: TrainError, start: &str| {
            let text = error.to_string();
            assert!(text.starts_with(start) && !text.contains("got"), "{text}");
        };
        let start = "loss: unknown loss \"foo\"; it must be one of ";
        whole(Compile::named("adam", "foo", &[]).unwrap_err(), start);
        whole(Compile::from_config(&json!({"loss": "foo"})).unwrap_err(), start);
        let lion = json!({"optimizer": {"class_name": "Lion", "config": {"learning_rate": 0.1}}});
        let start = "optimizer: unknown optimizer \"Lion\"; it must be one of ";
        whole(Compile::from_config(&lion).unwrap_err(), start);
        let start = "metrics: unknown metric \"foo\"";
        whole(Compile::from_config(&json!({"metrics": ["foo"]})).unwrap_err(), start);
        let error = Compile::named("adam", "mse", &["acuracy"]).unwrap_err().to_string();
        assert!(error.contains("metrics") && error.contains("did you mean"), "{error}");
    }
}
