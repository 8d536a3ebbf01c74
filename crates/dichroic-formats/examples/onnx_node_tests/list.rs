//! The list of passes and skips: one test a line, with tabs between the columns.
//!
//!     node/test_squeeze   pass   axes
//!     node/test_if        skip   control flow
//!
//! Behind `pass` stand the inputs that must be known when the model is read.

use std::collections::BTreeMap;
use std::fmt;

/// What is expected of a test.
#[derive(Debug, PartialEq)]
pub enum Entry {
    /// It passes when these inputs are known.
    Pass {
        /// Their names.
        known: Vec<String>,
    },
    /// It is not claimed.
    Skip {
        /// Why not.
        reason: String,
    },
}

/// The expectations by test.
#[derive(Debug, Default)]
pub struct List {
    pub entries: BTreeMap<String, Entry>,
}

impl List {
    /// Reads a list.
    ///
    /// # Errors
    /// With the number of the line that is of another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut list = Self::default();
        for (number, line) in text.lines().enumerate() {
            let columns: Vec<&str> = line.split('\t').collect();
            let (name, entry) = match columns[..] {
                [name, "pass"] => (name, Entry::Pass { known: Vec::new() }),
                [name, "pass", known] => {
                    let known = known.split(' ').map(str::to_owned).collect();
                    (name, Entry::Pass { known })
                }
                [name, "skip", reason] if !reason.is_empty() => {
                    (name, Entry::Skip { reason: reason.to_owned() })
                }
                _ => return Err(format!("line {}: expected name, pass or skip, note", number + 1)),
            };
            if list.entries.insert(name.to_owned(), entry).is_some() {
                return Err(format!("line {}: {name} is listed twice", number + 1));
            }
        }
        Ok(list)
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, entry) in &self.entries {
            match entry {
                Entry::Pass { known } if known.is_empty() => writeln!(f, "{name}\tpass")?,
                Entry::Pass { known } => writeln!(f, "{name}\tpass\t{}", known.join(" "))?,
                Entry::Skip { reason } => {
                    writeln!(f, "{name}\tskip\t{}", reason.replace(['\t', '\n'], " "))?;
                }
            }
        }
        Ok(())
    }
}
