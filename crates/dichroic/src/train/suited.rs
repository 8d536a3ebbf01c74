//! How a model is compiled when nobody said, and targets in the form that its loss takes.

use super::{Adam, Compile, Loss, LossFunction, Optimizer, PerOutput, TrainError};
use crate::data::{Array, Dataset, Values};
use crate::model::Model;

/// What a user asks for over what the model's script or file says.
#[derive(Clone, Debug, Default)]
pub struct CompileChoices {
    /// The optimizer, with its own learning rate.
    pub optimizer: Option<Optimizer>,
    /// The learning rate.
    pub learning_rate: Option<f64>,
    /// The loss.
    pub loss: Option<Loss>,
}

impl CompileChoices {
    /// What the model was compiled with, changed by these choices; for a model that was never compiled, Adam, the
    /// loss that suits its output and, where that compares classes, the accuracy.
    ///
    /// # Errors
    /// When the model's own configuration can't be read.
    pub fn compile(&self, model: &Model, data: &Dataset) -> Result<Compile, TrainError> {
        let own = model.compile_config().map(Compile::from_config).transpose()?;
        let own = own.filter(|own| own.loss != PerOutput::All(None));
        let compiled = own.is_some();
        let mut compile = own.unwrap_or_else(|| suitable(model, data));
        if let Some(loss) = self.loss {
            compile.loss = PerOutput::All(Some(loss));
        }
        if let Some(optimizer) = &self.optimizer {
            compile.optimizer = optimizer.clone();
        }
        if let Some(rate) = self.learning_rate {
            compile.optimizer = compile.optimizer.learning_rate(rate);
        }
        if !compiled && compile.classifies() {
            compile.measure_accuracy()?;
        }
        Ok(compile)
    }
}

impl Compile {
    /// Whether the loss compares classes.
    pub fn classifies(&self) -> bool {
        let PerOutput::All(Some(loss)) = &self.loss else { return false };
        matches!(
            loss.function,
            LossFunction::CategoricalCrossentropy { .. }
                | LossFunction::SparseCategoricalCrossentropy { .. }
                | LossFunction::BinaryCrossentropy { .. }
        )
    }

    /// Measures the accuracy, where nothing is measured so far.
    ///
    /// # Errors
    /// None that is known: the metric's name is Keras's own.
    pub fn measure_accuracy(&mut self) -> Result<(), TrainError> {
        if self.metrics == PerOutput::All(Vec::new()) {
            let wrong = |error: String| TrainError::refused("metrics", error);
            self.metrics = PerOutput::All(vec!["accuracy".parse().map_err(wrong)?]);
        }
        Ok(())
    }

    /// The data with class numbers as rows with a one in the place of the class, for losses that ask for that.
    ///
    /// # Errors
    /// When a number is no class of the model's.
    pub fn suited_targets(&self, data: Dataset, model: &Model) -> Result<Dataset, TrainError> {
        let PerOutput::All(Some(loss)) = &self.loss else { return Ok(data) };
        if !matches!(loss.function, LossFunction::CategoricalCrossentropy { .. }) {
            return Ok(data);
        }
        let ([target], [output]) = (data.targets(), model.outputs()) else { return Ok(data) };
        let Some(classes) = output.shape().channels().filter(|&classes| classes > 1) else {
            return Ok(data);
        };
        if target.sample_len() != 1 || output.shape().rank() != 2 {
            return Ok(data);
        }
        let mut rows = vec![0.0f32; target.samples().saturating_mul(classes)];
        for (sample, row) in rows.chunks_exact_mut(classes).enumerate() {
            let class = target.sample(sample)[0];
            // A class number is small and whole; anything else is found by the comparison.
            let place = class as usize;
            if place as f32 != class || place >= classes {
                let output = output.layer().name();
                return Err(TrainError::Class { output, sample, got: class, classes });
            }
            row[place] = 1.0;
        }
        let rows = Array::new(target.name(), [target.samples(), classes], Values::F32(rows))?;
        let weights = data.sample_weights(0).map(|weights| vec![weights.to_vec()]);
        let suited = Dataset::new(data.inputs().to_vec(), vec![rows])?
            .with_class_names(data.class_names().to_vec());
        match weights {
            Some(weights) => Ok(suited.with_sample_weights(weights)?),
            None => Ok(suited),
        }
    }
}

/// Adam, and the loss that suits the target: classes or numbers, probabilities or logits.
fn suitable(model: &Model, data: &Dataset) -> Compile {
    let outputs = model.outputs().first().and_then(|output| output.shape().channels());
    let column = data.targets().first().is_some_and(|target| target.sample_len() == 1);
    let loss = match outputs {
        Some(1) if !data.class_names().is_empty() => LossFunction::BinaryCrossentropy {
            from_logits: !model.ends_with("sigmoid"),
            label_smoothing: 0.0,
        },
        Some(1) => LossFunction::MeanSquaredError,
        _ if column => LossFunction::SparseCategoricalCrossentropy {
            from_logits: !model.ends_with("softmax"),
            ignore_class: None,
        },
        _ if model.ends_with("softmax") => {
            LossFunction::CategoricalCrossentropy { from_logits: false, label_smoothing: 0.0 }
        }
        _ => LossFunction::MeanSquaredError,
    };
    Compile::new(Optimizer::new(Adam::default()), loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Dense;
    use crate::model::{Input, Sequential};

    fn classifier(activation: &str) -> Model {
        let dense = Dense::new(3).activation(activation);
        Sequential::new().add(Input::new(&[2])).add(dense).finish().unwrap()
    }

    fn data(classes: Vec<f32>) -> Dataset {
        let x = Array::new("x", [classes.len(), 2], Values::F32(vec![0.5; 2 * classes.len()]));
        Dataset::new(vec![x.unwrap()], vec![Array::column("y", classes)]).unwrap()
    }

    #[test]
    fn a_model_that_was_never_compiled_learns_classes_with_adam_and_measures_accuracy() {
        let data = data(vec![0.0, 2.0]);
        for (activation, logits) in [("softmax", false), ("linear", true)] {
            let compile =
                CompileChoices::default().compile(&classifier(activation), &data).unwrap();
            let PerOutput::All(Some(loss)) = compile.loss else { panic!("one loss") };
            let LossFunction::SparseCategoricalCrossentropy { from_logits, .. } = loss.function
            else {
                panic!("{loss:?}")
            };
            assert_eq!(from_logits, logits);
            assert_ne!(compile.metrics, PerOutput::All(Vec::new()));
        }
    }

    #[test]
    fn choices_come_before_what_the_model_was_compiled_with() {
        let mut model = classifier("softmax");
        let own = Compile::named("sgd", "mse", &[]).unwrap();
        model.set_compile_config(Some(own.to_config()));
        let choices = CompileChoices { learning_rate: Some(0.5), ..CompileChoices::default() };
        let compile = choices.compile(&model, &data(vec![0.0])).unwrap();
        assert_eq!((&compile.loss, &compile.metrics), (&own.loss, &own.metrics));
        assert_eq!(compile.optimizer, own.optimizer.learning_rate(0.5));
    }

    #[test]
    fn class_numbers_become_rows_for_the_loss_that_takes_rows_and_keep_their_weights() {
        let compile = Compile::named("sgd", "categorical_crossentropy", &[]).unwrap();
        let given = data(vec![2.0, 0.0]).with_sample_weights(vec![vec![1.0, 3.0]]).unwrap();
        let suited = compile.suited_targets(given, &classifier("softmax")).unwrap();
        assert_eq!(suited.targets()[0].to_tensor().data(), [0., 0., 1., 1., 0., 0.]);
        assert_eq!(suited.sample_weights(0), Some(&[1.0, 3.0][..]));
        let error = compile.suited_targets(data(vec![3.0]), &classifier("softmax")).unwrap_err();
        assert!(error.to_string().contains("sample 0 has class 3"), "{error}");
    }
}
