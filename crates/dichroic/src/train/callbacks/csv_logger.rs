//! A table of the epochs as a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use super::{Callback, Context};
use crate::train::{Logs, TrainError};

/// Writes one line of comma-separated values for each epoch.
///
/// A training that is resumed, or `append`, adds lines to the file that is there.
///
/// # Source
/// `keras.callbacks.CSVLogger`
#[derive(Debug)]
pub struct CsvLogger {
    path: PathBuf,
    append: bool,
    file: Option<File>,
    columns: Vec<String>,
}

impl CsvLogger {
    /// Writes a new file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), append: false, file: None, columns: Vec::new() }
    }

    /// Adds to the file that is there.
    pub fn append(mut self) -> Self {
        self.append = true;
        self
    }

    fn write(&mut self, line: &str) -> Result<(), TrainError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        writeln!(file, "{line}")
            .map_err(|source| TrainError::Io { path: self.path.clone(), source })
    }
}

impl Callback for CsvLogger {
    fn train_begin(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        let io = |source| TrainError::Io { path: self.path.clone(), source };
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(self.append).truncate(!self.append);
        let file = options.open(&self.path).map_err(io)?;
        self.columns.clear();
        if file.metadata().map_err(io)?.len() > 0 {
            let text = std::fs::read_to_string(&self.path).map_err(io)?;
            let header = text.lines().next().unwrap_or_default();
            self.columns = header.split(',').skip(1).map(str::to_owned).collect();
        }
        self.file = Some(file);
        Ok(())
    }

    fn epoch_complete(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        if self.columns.is_empty() {
            self.columns = logs.iter().map(|(name, _)| name.to_owned()).collect();
            self.columns.sort();
            let header = format!("epoch,{}", self.columns.join(","));
            self.write(&header)?;
        }
        let value =
            |name: &String| logs.get(name).map_or("NA".to_owned(), |value| value.to_string());
        let values: Vec<String> = self.columns.iter().map(value).collect();
        let line = format!("{},{}", context.epoch() - 1, values.join(","));
        self.write(&line)
    }

    fn restore(&mut self, _state: &serde_json::Value) -> Result<(), TrainError> {
        self.append = true;
        Ok(())
    }
}
