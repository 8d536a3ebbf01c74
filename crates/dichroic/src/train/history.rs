//! What was measured: in one epoch, and in all.

use serde::{Deserialize, Serialize};

/// Measured values by name, in the order in which Keras reports them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Logs(Vec<(String, f64)>);

impl Logs {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    /// Sets the value of this name; a new name comes last.
    pub fn set(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the values of validation: `val_loss` for `loss`.
    pub(crate) fn add_validation(&mut self, validation: &Self) {
        for (name, value) in validation.iter() {
            self.set(&format!("val_{name}"), value);
        }
    }
}

/// The measured values of all epochs.
///
/// # Source
/// `keras.callbacks.History`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The epochs, counted from 0.
    pub epochs: Vec<usize>,
    /// The values of each name, one for each epoch in which it was measured.
    pub series: Vec<(String, Vec<f64>)>,
}

impl History {
    /// The values of this name.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.series.iter().find(|(own, _)| own == name).map(|(_, values)| values.as_slice())
    }

    pub(crate) fn push(&mut self, epoch: usize, logs: &Logs) {
        self.epochs.push(epoch);
        for (name, value) in logs.iter() {
            match self.series.iter_mut().find(|(own, _)| own == name) {
                Some((_, values)) => values.push(value),
                None => self.series.push((name.to_owned(), vec![value])),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_by_name_in_the_order_of_their_coming() {
        let mut logs = Logs::new();
        logs.set("loss", 1.0);
        let mut validation = Logs::new();
        validation.set("loss", 2.0);
        logs.add_validation(&validation);
        let mut history = History::default();
        history.push(0, &logs);
        logs.set("loss", 0.5);
        history.push(1, &logs);
        assert_eq!(history.get("loss"), Some(&[1.0, 0.5][..]));
        assert_eq!(history.get("val_loss"), Some(&[2.0, 2.0][..]));
        assert_eq!(history.get("accuracy"), None);
    }
}
