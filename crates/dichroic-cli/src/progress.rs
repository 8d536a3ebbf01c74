//! How training shows itself: a bar on a terminal, one line an epoch in a pipe.

use std::time::{Duration, Instant};

use dichroic::train::callbacks::{Callback, Context, metrics_text, step_time_text};
use dichroic::train::{Logs, TrainError};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for each epoch, which becomes its line when the epoch is done. Drawn on standard error.
pub struct Bar {
    bar: ProgressBar,
    begun: Instant,
    first_step: usize,
}

impl Bar {
    pub fn new() -> Self {
        Self { bar: ProgressBar::hidden(), begun: Instant::now(), first_step: 0 }
    }
}

impl Callback for Bar {
    fn epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        self.begun = Instant::now();
        self.first_step = context.step();
        let template = "{prefix} {bar:30.cyan/black} {pos}/{len}{msg}  {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new(context.steps as u64).with_style(style.progress_chars("━╸─"));
        self.bar.set_prefix(format!("Epoch {}/{}", context.epoch() + 1, context.epochs));
        self.bar.set_position(context.step() as u64);
        self.bar.enable_steady_tick(Duration::from_millis(200));
        Ok(())
    }

    fn batch_end(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        self.bar.set_position(context.step() as u64);
        self.bar.set_message(metrics_text(logs));
        Ok(())
    }

    fn epoch_complete(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        let steps = context.steps;
        let done = u32::try_from(steps.saturating_sub(self.first_step)).unwrap_or(u32::MAX);
        let (epoch, epochs) = (context.epoch(), context.epochs);
        let time = step_time_text(self.begun.elapsed(), done);
        self.bar.println(format!(
            "Epoch {epoch}/{epochs}  {steps} steps - {time}{}",
            metrics_text(logs)
        ));
        self.bar.finish_and_clear();
        Ok(())
    }

    fn cancelled(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        self.bar.finish_and_clear();
        Ok(())
    }
}
