//! A data set: inputs, targets, and what the classes are called.

use super::{Array, DataError, PixelRange};

/// Samples to learn from, or to be judged by.
///
/// # Shapes
/// Every array begins with the same number of samples. Class numbers are a column `(samples,)`;
/// one-hot targets `(samples, classes)`.
///
/// ```
/// use dichroic::data::{Array, Dataset, Values};
/// let x = Array::new("x", [4, 2], Values::F32(vec![0., 0., 0., 1., 1., 0., 1., 1.]))?;
/// let y = Array::column("y", vec![0., 1., 1., 0.]);
/// let data = Dataset::new(vec![x], vec![y])?;
/// assert_eq!(data.len(), 4);
/// # Ok::<(), dichroic::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    inputs: Vec<Array>,
    targets: Vec<Array>,
    class_names: Vec<String>,
    sample_weights: Vec<Vec<f32>>,
}

/// A data set with the part that is held out, where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Samples to train on.
    pub train: Dataset,
    /// Samples that training never sees.
    pub test: Option<Dataset>,
}

impl Dataset {
    /// A data set of these inputs and targets; no targets for data to predict on.
    ///
    /// # Errors
    /// When there is no input, or the arrays have different numbers of samples.
    pub fn new(inputs: Vec<Array>, targets: Vec<Array>) -> Result<Self, DataError> {
        let Some(first) = inputs.first() else {
            return Err(DataError::Arrays {
                rule: "a data set needs at least one input".to_owned(),
                got: "none".to_owned(),
            });
        };
        let samples = first.samples();
        if inputs.iter().chain(&targets).any(|array| array.samples() != samples) {
            let counts = inputs.iter().chain(&targets);
            let counts: Vec<String> =
                counts.map(|array| format!("{} in {:?}", array.samples(), array.name())).collect();
            return Err(DataError::Arrays {
                rule: "all arrays need the same number of samples".to_owned(),
                got: counts.join(", "),
            });
        }
        Ok(Self { inputs, targets, class_names: Vec::new(), sample_weights: Vec::new() })
    }

    /// Gives the classes names; class number `i` is called `names[i]`.
    pub fn with_class_names(mut self, names: Vec<String>) -> Self {
        self.class_names = names;
        self
    }

    /// Gives every sample a weight in the loss: one list for all targets, or one list for each.
    ///
    /// # Errors
    /// When a list has another length than there are samples, or the number of lists is neither 1
    /// nor the number of targets.
    pub fn with_sample_weights(mut self, weights: Vec<Vec<f32>>) -> Result<Self, DataError> {
        let lists = weights.len();
        if lists != 1 && lists != self.targets.len() {
            return Err(DataError::Arrays {
                rule: format!(
                    "sample weights need one list, or one for each of {} targets",
                    self.targets.len()
                ),
                got: format!("{lists} lists"),
            });
        }
        if let Some(wrong) = weights.iter().find(|list| list.len() != self.len()) {
            return Err(DataError::Arrays {
                rule: format!("sample weights need one number for each of {} samples", self.len()),
                got: format!("{} numbers", wrong.len()),
            });
        }
        self.sample_weights = weights;
        Ok(self)
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.inputs[0].samples()
    }

    /// True when there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs, in the order of the model's.
    pub fn inputs(&self) -> &[Array] {
        &self.inputs
    }

    /// The targets, in the order of the model's outputs.
    pub fn targets(&self) -> &[Array] {
        &self.targets
    }

    /// The names of the classes; empty where they have none.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The weights of the samples for target `target`; `None` where all count alike.
    pub fn sample_weights(&self, target: usize) -> Option<&[f32]> {
        match self.sample_weights.as_slice() {
            [] => None,
            [one] => Some(one),
            many => many.get(target).map(Vec::as_slice),
        }
    }

    /// The first `count` samples, and the rest.
    pub fn split_at(&self, count: usize) -> (Self, Self) {
        let (len, count) = (self.len(), count.min(self.len()));
        let part = |rows: std::ops::Range<usize>| Self {
            inputs: self.inputs.iter().map(|array| array.range(rows.clone())).collect(),
            targets: self.targets.iter().map(|array| array.range(rows.clone())).collect(),
            class_names: self.class_names.clone(),
            sample_weights: self
                .sample_weights
                .iter()
                .map(|list| list[rows.clone()].to_vec())
                .collect(),
        };
        (part(0..count), part(count..len))
    }

    /// The samples `rows`, in that order.
    ///
    /// # Panics
    /// When a row is out of range.
    pub fn rows(&self, rows: &[usize]) -> Self {
        let weights = |list: &Vec<f32>| rows.iter().map(|&row| list[row]).collect();
        Self {
            inputs: self.inputs.iter().map(|array| array.rows(rows)).collect(),
            targets: self.targets.iter().map(|array| array.rows(rows)).collect(),
            class_names: self.class_names.clone(),
            sample_weights: self.sample_weights.iter().map(weights).collect(),
        }
    }

    /// The same data with the pixels of its inputs in another range.
    pub fn with_range(mut self, range: PixelRange) -> Self {
        self.inputs = self.inputs.into_iter().map(|array| array.with_range(range)).collect();
        self
    }
}

impl Split {
    /// The same data with the pixels of its inputs in another range.
    pub fn with_range(self, range: PixelRange) -> Self {
        Self {
            train: self.train.with_range(range),
            test: self.test.map(|test| test.with_range(range)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;

    fn four() -> Dataset {
        let x = Array::new("x", [4, 1], Values::F32(vec![0., 1., 2., 3.])).unwrap();
        Dataset::new(vec![x], vec![Array::column("y", vec![0., 0., 1., 1.])]).unwrap()
    }

    #[test]
    fn arrays_of_different_lengths_are_refused_with_their_names() {
        let x = Array::column("x", vec![0.0; 3]);
        let y = Array::column("y", vec![0.0; 2]);
        let error = Dataset::new(vec![x], vec![y]).unwrap_err().to_string();
        assert_eq!(error, "all arrays need the same number of samples, got 3 in \"x\", 2 in \"y\"");
    }

    #[test]
    fn a_split_cuts_every_array_and_the_weights() {
        let data = four().with_sample_weights(vec![vec![1., 2., 3., 4.]]).unwrap();
        let (first, rest) = data.split_at(3);
        assert_eq!((first.len(), rest.len()), (3, 1));
        assert_eq!(rest.inputs()[0].sample(0), [3.0]);
        assert_eq!(rest.sample_weights(0), Some(&[4.0][..]));
    }

    #[test]
    fn picked_samples_keep_their_targets_and_weights() {
        let data = four().with_sample_weights(vec![vec![1., 2., 3., 4.]]).unwrap();
        let picked = data.rows(&[3, 1]);
        assert_eq!(picked.inputs()[0].to_tensor().data(), [3.0, 1.0]);
        assert_eq!(picked.targets()[0].to_tensor().data(), [1.0, 0.0]);
        assert_eq!(picked.sample_weights(0), Some(&[4.0, 2.0][..]));
    }

    #[test]
    fn weights_of_another_length_are_refused() {
        assert!(four().with_sample_weights(vec![vec![1.0; 3]]).is_err());
        assert!(four().with_sample_weights(vec![vec![1.0; 4]; 3]).is_err());
    }
}
