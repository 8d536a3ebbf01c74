//! What a model takes for what: the confusion matrix, and the samples that it is most wrong about.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::Tensor;
use crate::data::{Array, Dataset};
use crate::model::Model;
use crate::train::samples::input_shapes;
use crate::train::{Compile, LossFunction, PerOutput, TrainError};

/// The most mistakes that are kept.
const MISTAKES: usize = 24;
/// Beyond so many classes nobody reads a matrix, and it would be larger than the model.
const MOST_CLASSES: usize = 256;
/// Samples in one run, as of `Model::predict`.
const BATCH: usize = 32;

/// The classes that a model gave to samples whose class is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The names of the classes; their numbers where they have none.
    pub classes: Vec<String>,
    /// `confusion[truth][predicted]`: how many samples.
    pub confusion: Vec<Vec<u64>>,
    /// The wrong answers that were given with the highest probability, the worst first.
    pub mistakes: Vec<Mistake>,
}

/// A sample that was taken for something else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mistake {
    /// The sample's place in the data.
    pub index: usize,
    /// Its class.
    pub truth: usize,
    /// The class that it was taken for.
    pub predicted: usize,
    /// The probability that was given to that class.
    pub score: f32,
}

/// How outputs become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scores {
    /// They are some: one a class, or the one of class 1.
    Probabilities,
    /// By the softmax over classes, or the sigmoid of the one.
    Logits,
}

impl Evaluation {
    /// Asks the model about all samples; `None` where `cancel` became true meanwhile, and for models
    /// whose loss compares no classes, or more than 256.
    ///
    /// # Errors
    /// When data and model don't fit each other.
    pub fn of(
        model: &Model,
        compile: &Compile,
        data: &Dataset,
        cancel: Option<&AtomicBool>,
    ) -> Result<Option<Self>, TrainError> {
        let Some((scores, classes)) = classes(model, compile, data) else { return Ok(None) };
        let shapes = input_shapes(model, data)?;
        let mut evaluation = Self::empty(data, classes);
        for first in (0..data.len()).step_by(BATCH) {
            if cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
                return Ok(None);
            }
            let rows: Vec<usize> = (first..data.len().min(first + BATCH)).collect();
            let inputs = data.inputs().iter().zip(&shapes);
            let inputs: Vec<Tensor> =
                inputs.map(|(array, axes)| batch(array, axes, &rows)).collect::<Result<_, _>>()?;
            let outputs = model.predict_in_batches(&inputs, BATCH)?;
            let len = outputs[0].len() / rows.len();
            for (&row, output) in rows.iter().zip(outputs[0].data().chunks_exact(len)) {
                evaluation.add(row, truth(&data.targets()[0], row), probabilities(output, scores));
            }
        }
        evaluation.mistakes.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
        evaluation.mistakes.truncate(MISTAKES);
        Ok(Some(evaluation))
    }

    fn empty(data: &Dataset, classes: usize) -> Self {
        let name = |class: usize| {
            data.class_names().get(class).cloned().unwrap_or_else(|| class.to_string())
        };
        Self {
            classes: (0..classes).map(name).collect(),
            confusion: vec![vec![0; classes]; classes],
            mistakes: Vec::new(),
        }
    }

    fn add(&mut self, index: usize, truth: usize, probabilities: Vec<f32>) {
        let largest = probabilities.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let Some(predicted) = probabilities.iter().position(|&one| one == largest) else { return };
        // `fit` and `evaluate` have refused numbers that are no class.
        let Some(count) = self.confusion.get_mut(truth).and_then(|row| row.get_mut(predicted))
        else {
            return;
        };
        *count += 1;
        if truth != predicted {
            self.mistakes.push(Mistake { index, truth, predicted, score: largest });
        }
    }

    /// The share of samples that got their own class.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
        let all: u64 = self.confusion.iter().flatten().sum();
        right as f64 / all.max(1) as f64
    }
}

/// The number of classes and what their outputs are; `None` where there are none.
fn classes(model: &Model, compile: &Compile, data: &Dataset) -> Option<(Scores, usize)> {
    let ([output], [_]) = (model.outputs(), data.targets()) else { return None };
    let PerOutput::All(Some(loss)) = &compile.loss else { return None };
    let logits = match loss.function {
        LossFunction::CategoricalCrossentropy { from_logits, .. }
        | LossFunction::SparseCategoricalCrossentropy { from_logits, .. }
        | LossFunction::BinaryCrossentropy { from_logits, .. } => from_logits,
        _ => return None,
    };
    let classes = match output.shape().channels()? {
        1 => 2,
        classes => classes,
    };
    let scores = if logits { Scores::Logits } else { Scores::Probabilities };
    let suits = output.shape().rank() == 2 && (2..=MOST_CLASSES).contains(&classes);
    suits.then_some((scores, classes))
}

fn batch(array: &Array, axes: &[usize], rows: &[usize]) -> Result<Tensor, TrainError> {
    let mut data = vec![0.0; rows.len() * array.sample_len()];
    array.copy_samples(rows, &mut data);
    Tensor::new([&[rows.len()], axes].concat(), data)
        .map_err(|error| TrainError::refused("the data set", error.to_string()))
}

/// The class of a sample: a number, or the place of the one in a row.
fn truth(target: &Array, row: usize) -> usize {
    match target.sample(row)[..] {
        [class] => class.round() as usize,
        ref many => {
            let largest = many.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            many.iter().position(|&value| value == largest).unwrap_or(usize::MAX)
        }
    }
}

fn probabilities(outputs: &[f32], scores: Scores) -> Vec<f32> {
    match (outputs, scores) {
        (&[one], Scores::Probabilities) => vec![1.0 - one, one],
        (&[logit], Scores::Logits) => {
            let one = 1.0 / (1.0 + (-logit).exp());
            vec![1.0 - one, one]
        }
        (many, Scores::Probabilities) => many.to_vec(),
        (many, Scores::Logits) => {
            let largest = many.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f32> = many.iter().map(|logit| (logit - largest).exp()).collect();
            let sum: f32 = powers.iter().sum();
            powers.iter().map(|power| power / sum).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use crate::layers::Activation;
    use crate::model::{Input, Sequential};

    /// A model that gives what comes in, so that the data are the scores.
    fn echo(loss: &str, width: usize, rows: Vec<f32>, classes: Vec<f32>) -> Option<Evaluation> {
        let model = Sequential::new()
            .add(Input::new(&[width]))
            .add(Activation::new("linear"))
            .finish()
            .unwrap();
        let x = Array::new("x", [classes.len(), width], Values::F32(rows)).unwrap();
        let data = Dataset::new(vec![x], vec![Array::column("y", classes)]).unwrap();
        let data = data.with_class_names(vec!["cat".to_owned(), "dog".to_owned()]);
        let compile = Compile::named("sgd", loss, &[]).unwrap();
        Evaluation::of(&model, &compile, &data, None).unwrap()
    }

    #[test]
    fn answers_are_counted_by_truth_and_the_surest_mistake_comes_first() {
        let rows = vec![0.9, 0.1, 0.0, 0.6, 0.3, 0.1, 0.8, 0.1, 0.1, 0.1, 0.2, 0.7];
        let evaluation =
            echo("sparse_categorical_crossentropy", 3, rows, vec![0.0, 1.0, 2.0, 2.0]).unwrap();
        assert_eq!(evaluation.classes, ["cat", "dog", "2"]);
        assert_eq!(evaluation.confusion, [[1, 0, 0], [1, 0, 0], [1, 0, 1]]);
        let worst = Mistake { index: 2, truth: 2, predicted: 0, score: 0.8 };
        let next = Mistake { index: 1, truth: 1, predicted: 0, score: 0.6 };
        assert_eq!(evaluation.mistakes, [worst, next]);
        assert!((evaluation.accuracy() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn one_probability_tells_two_classes_apart() {
        let evaluation = echo("binary_crossentropy", 1, vec![0.2, 0.7], vec![1.0, 1.0]).unwrap();
        assert_eq!(evaluation.confusion, [[0, 0], [1, 1]]);
        assert!((evaluation.mistakes[0].score - 0.8).abs() < 1e-6);
    }

    #[test]
    fn logits_become_probabilities() {
        let even = probabilities(&[2.0, 2.0], Scores::Logits);
        assert_eq!(even, [0.5, 0.5]);
        assert_eq!(probabilities(&[0.0], Scores::Logits), [0.5, 0.5]);
    }

    #[test]
    fn numbers_that_are_no_classes_have_no_confusion() {
        assert_eq!(echo("mse", 1, vec![0.2], vec![1.0]), None);
    }
}
