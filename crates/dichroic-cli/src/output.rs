//! What goes to standard output: plain when piped, coloured where it can be shown.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use dichroic::explain;
use serde_json::Value;

use crate::failure::Failure;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it the choice of the whole program.
    pub fn apply(self) {
        let choice = match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::AlwaysAnsi,
            Self::Never => ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Standard output. Writing fails quietly when the reader has gone.
pub struct Output {
    stdout: BufWriter<AutoStream<Stdout>>,
}

impl Output {
    pub fn new() -> Self {
        Self { stdout: BufWriter::new(anstream::stdout()) }
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        Ok(self.stdout.write_all(text.as_ref().as_bytes())?)
    }

    /// Writes text whose first line is its title.
    pub fn titled(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        let (title, rest) = text.as_ref().split_once('\n').unwrap_or((text.as_ref(), ""));
        self.title(title)?;
        self.text("\n")?;
        self.text(rest)
    }

    /// Writes words as a title, without a line end.
    pub fn title(&mut self, words: &str) -> Result<(), Failure> {
        let bold = anstyle::Style::new().bold();
        self.text(format!("{bold}{words}{bold:#}"))
    }

    /// Writes a line.
    pub fn line(&mut self, line: impl AsRef<str>) -> Result<(), Failure> {
        self.text(line)?;
        self.text("\n")
    }

    /// Writes a JSON value with a line end.
    pub fn json(&mut self, value: &Value) -> Result<(), Failure> {
        self.line(format!("{value:#}"))
    }

    /// Whether text may carry colours.
    pub fn color(&self) -> explain::Color {
        match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => explain::Color::Plain,
            _ => explain::Color::Ansi,
        }
    }

    /// Shows what was written so far.
    pub fn show(&mut self) -> Result<(), Failure> {
        Ok(self.stdout.flush()?)
    }
}

/// Lines are shown as soon as they are whole: an epoch's line is no use after the training.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.stdout.write(bytes)?;
        if bytes[..count].contains(&b'\n') {
            self.stdout.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// A number of bytes in words: `1.25 MB`.
pub fn size_text(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in ["KB", "MB", "GB", "TB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.2} {unit}")
}

/// Whether someone watches: progress is drawn on a terminal only.
pub fn watched() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// The terminal's columns; `None` when there is no terminal.
pub fn columns() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns))
}
