//! Progress as Keras prints it: one line for each epoch.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Callback, Context};
use crate::train::{Logs, TrainError};

/// Writes Keras's lines of `verbose=2`: `Epoch 1/5`, then
/// `100/100 - 2s - 20ms/step - accuracy: 0.9000 - loss: 0.3000`.
///
/// # Source
/// `keras.utils.Progbar`
#[derive(Debug)]
pub struct ProgressLines<W: Write> {
    writer: W,
    begun: Instant,
    first_step: usize,
}

impl<W: Write> ProgressLines<W> {
    /// Lines to this writer.
    pub fn new(writer: W) -> Self {
        Self { writer, begun: Instant::now(), first_step: 0 }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.writer
    }

    fn line(&mut self, text: &str) -> Result<(), TrainError> {
        writeln!(self.writer, "{text}")
            .map_err(|source| TrainError::Io { path: PathBuf::from("standard output"), source })
    }
}

impl<W: Write> Callback for ProgressLines<W> {
    fn epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        self.begun = Instant::now();
        self.first_step = context.step();
        if context.epochs > 1 {
            self.line(&format!("Epoch {}/{}", context.epoch() + 1, context.epochs))?;
        }
        Ok(())
    }

    fn epoch_complete(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        let steps = context.steps;
        let done = u32::try_from(steps.saturating_sub(self.first_step)).unwrap_or(u32::MAX);
        self.line(&format!(
            "{steps}/{steps} - {}{}",
            step_time_text(self.begun.elapsed(), done),
            metrics_text(logs)
        ))
    }
}

/// The time of some steps as Keras writes it: `2s - 20ms/step`.
pub fn step_time_text(elapsed: Duration, steps: u32) -> String {
    let seconds = elapsed.as_secs_f64();
    let step = seconds / f64::from(steps.max(1));
    let step = if step >= 1.0 || step == 0.0 {
        format!("{step:.0}s/step")
    } else if step >= 1e-3 {
        format!("{:.0}ms/step", step * 1e3)
    } else {
        format!("{:.0}us/step", step * 1e6)
    };
    format!("{seconds:.0}s - {step}")
}

/// Values as Keras writes them: ` - accuracy: 0.9000 - loss: 0.3000`.
pub fn metrics_text(logs: &Logs) -> String {
    logs.iter().map(|(name, value)| format!(" - {name}: {}", format_value(value))).collect()
}

/// Four decimals, or Python's scientific form where that shows too little: `1.2346e-05`.
pub fn format_value(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string().to_lowercase();
    }
    if value.abs() > 1e-3 {
        return format!("{value:.4}");
    }
    // Python writes the exponent with a sign and at least two digits.
    let text = format!("{value:.4e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) =
                exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_does() {
        let texts = [0.9, 12.34567, 1e-3, 0.000_012_345_678, 0.0, -0.5, 1e-12].map(format_value);
        assert_eq!(
            texts,
            [
                "0.9000",
                "12.3457",
                "1.0000e-03",
                "1.2346e-05",
                "0.0000e+00",
                "-0.5000",
                "1.0000e-12"
            ]
        );
        assert_eq!(format_value(f64::NAN), "nan");
    }

    #[test]
    fn the_time_of_a_step_has_the_unit_that_suits() {
        assert_eq!(step_time_text(Duration::from_millis(2000), 100), "2s - 20ms/step");
        assert_eq!(step_time_text(Duration::from_micros(500), 10), "0s - 50us/step");
        assert_eq!(step_time_text(Duration::from_secs(90), 30), "90s - 3s/step");
    }

    #[test]
    fn metrics_come_in_the_order_of_the_logs() {
        let mut logs = Logs::new();
        logs.set("accuracy", 0.5);
        logs.set("loss", 1.25);
        assert_eq!(metrics_text(&logs), " - accuracy: 0.5000 - loss: 1.2500");
    }
}
