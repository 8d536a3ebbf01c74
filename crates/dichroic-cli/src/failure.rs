//! How a command ends when it doesn't end well.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

use anstyle::{AnsiColor, Style};
use dichroic::explain::ExplainError;
use dichroic::train::TrainError;

/// What the user gave can't be used: a file, an option, a model.
const BAD_INPUT: u8 = 2;
/// What the user gave was fine, and the work failed.
const FAILED_RUN: u8 = 3;
/// The shell's code for a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Why a command stops.
#[derive(Debug)]
pub enum Failure {
    /// What the user gave can't be used.
    BadInput(Report),
    /// The work failed.
    FailedRun(Report),
    /// The user stopped the work, and knows it.
    Interrupted,
    /// Whoever read our output has gone (`| head`): there is nobody to tell.
    Closed,
}

/// What went wrong, why, and what to do.
#[derive(Debug)]
pub struct Report {
    headline: String,
    causes: Vec<String>,
    help: Option<String>,
}

impl Report {
    fn of(error: &dyn Error) -> Self {
        let headline = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Most messages carry their cause already; it isn't said twice.
            if !headline.contains(&text) && !causes.iter().any(|known| known.contains(&text)) {
                causes.push(text);
            }
            source = cause.source();
        }
        Self { headline, causes, help: None }
    }
}

impl Failure {
    /// A refusal of what the user gave.
    pub fn input(error: impl Error) -> Self {
        Self::BadInput(Report::of(&error))
    }

    /// A refusal in words.
    pub fn refused(headline: impl Display) -> Self {
        let headline = headline.to_string();
        Self::BadInput(Report { headline, causes: Vec::new(), help: None })
    }

    /// A training that ended early: bad input, but for what only running could show.
    pub fn trained(error: TrainError) -> Self {
        match error {
            TrainError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
                Self::Closed
            }
            // Ours write the file of each epoch: what they say needs no preface.
            TrainError::Callback(cause) => Self::FailedRun(Report::of(cause.as_ref())),
            TrainError::NotFinite { .. }
            | TrainError::Memory { .. }
            | TrainError::Graph(_)
            | TrainError::Io { .. } => Self::run(error),
            _ => Self::input(error),
        }
    }

    /// What can't be explained: bad input, but for a trace that the executor contradicts.
    pub fn explained(error: ExplainError) -> Self {
        match error {
            ExplainError::Disagreement { .. } => Self::run(error),
            _ => Self::input(error),
        }
    }

    /// Work that failed.
    pub fn run(error: impl Error) -> Self {
        Self::FailedRun(Report::of(&error))
    }

    /// Work that failed, in words.
    pub fn failed(headline: impl Display) -> Self {
        let headline = headline.to_string();
        Self::FailedRun(Report { headline, causes: Vec::new(), help: None })
    }

    /// The same failure with what to do about it.
    pub fn help(mut self, help: impl Display) -> Self {
        if let Self::BadInput(report) | Self::FailedRun(report) = &mut self {
            report.help = Some(help.to_string());
        }
        self
    }

    /// The same failure, said of a file or an argument.
    pub fn of(mut self, whose: impl Display) -> Self {
        if let Self::BadInput(report) | Self::FailedRun(report) = &mut self {
            report.headline = format!("{whose}: {}", report.headline);
        }
        self
    }

    fn tell(self) -> ExitCode {
        let (report, code) = match self {
            Self::Closed => return ExitCode::SUCCESS,
            Self::Interrupted => return ExitCode::from(INTERRUPTED),
            Self::BadInput(report) => (report, BAD_INPUT),
            Self::FailedRun(report) => (report, FAILED_RUN),
        };
        let mut stderr = anstream::stderr().lock();
        // If not even the error can be told, the exit code still is.
        let _ = write_report(&mut stderr, &report);
        ExitCode::from(code)
    }
}

fn write_report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "{ERROR}error:{ERROR:#} {}", report.headline)?;
    for cause in &report.causes {
        writeln!(out, "  because: {cause}")?;
    }
    if let Some(help) = &report.help {
        writeln!(out, "{HELP}help:{HELP:#} {help}")?;
    }
    out.flush()
}

impl From<io::Error> for Failure {
    /// An error of writing to the terminal or the pipe.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::failed(format!("can't write the output: {error}")),
        }
    }
}

/// Runs a command and turns its end into an exit code. A panic is a defect of the program and is told as one.
pub fn guarded(command: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    static PLACE: Mutex<Option<String>> = Mutex::new(None);
    panic::set_hook(Box::new(|info| {
        if let (Some(place), Ok(mut known)) = (info.location(), PLACE.lock()) {
            *known = Some(format!(" ({}:{})", place.file(), place.line()));
        }
    }));
    match panic::catch_unwind(AssertUnwindSafe(command)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => failure.tell(),
        Err(panic) => {
            let place = PLACE.lock().ok().and_then(|place| place.clone()).unwrap_or_default();
            Failure::failed(format!("a defect in dichroic: {}{place}", message(&*panic)))
                .help("please report it with the command that you ran and the files that it read")
                .tell()
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failure: Failure) -> String {
        let (Failure::BadInput(report) | Failure::FailedRun(report)) = failure else {
            return String::new();
        };
        let mut bytes = Vec::new();
        write_report(&mut anstream::StripStream::new(&mut bytes), &report).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_cause_that_the_message_carries_is_not_said_twice() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a.keras: {}", self.0)
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let text = told(Failure::input(Outer(io::Error::other("cut"))).help("save it again"));
        assert_eq!(text, "error: a.keras: cut\nhelp: save it again\n");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let closed = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(closed, Failure::Closed));
    }
}
