//! What can be wrong with a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use dichroic::model::ModelError;

/// Why a file can't be read or written: the file, the place in it, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("{}{}{}{problem}", path.display(), Comma(place), problem.joint())]
pub struct FormatError {
    /// The file.
    pub path: PathBuf,
    /// The place in the file, from the outside in: `model.weights.h5, layers/conv2d/vars/0`; empty for the whole file.
    pub place: String,
    /// What is wrong there.
    #[source]
    pub problem: Problem,
}

/// What is wrong at a place of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused to read or write.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The bytes are not what the format asks for.
    #[error("expected {expected}, got {got}")]
    Malformed {
        /// What should stand there.
        expected: String,
        /// What was found, or how reading it failed.
        got: String,
    },
    /// The bytes were changed or lost after the file was written.
    #[error("is damaged: {how}")]
    Damaged {
        /// How it shows.
        how: String,
    },
    /// The file is no zip archive, or only the beginning of one.
    #[error(
        "is no whole zip archive (its end is missing); the file may be cut, or of another kind"
    )]
    NoArchive,
    /// A part that the format asks for is absent.
    #[error("{what} is missing; {fix}")]
    Missing {
        /// The part.
        what: String,
        /// What to do.
        fix: String,
    },
    /// A size is declared that the file can't honestly hold.
    #[error("declares {declared} bytes, more than the {limit} that such a file may hold")]
    TooLarge {
        /// The size declared.
        declared: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// An array has another shape than the model needs.
    #[error("expected an array of shape {}, got {}", Axes(expected), Axes(got))]
    Shape {
        /// The shape needed.
        expected: Vec<usize>,
        /// The shape declared in the file.
        got: Vec<u64>,
    },
    /// A layer or optimizer has another number of variables than the model needs.
    #[error("expected {expected} variables, got {got}")]
    Variables {
        /// The number needed.
        expected: usize,
        /// The number in the file.
        got: usize,
    },
    /// The file has another number of layers with weights than the model.
    #[error(
        "expected {expected} layers with weights, got {got}; read the weights by name, or into the model that they were saved from"
    )]
    Layers {
        /// The number in the model.
        expected: usize,
        /// The number in the file.
        got: usize,
    },
    /// The file holds something that nothing in the model takes.
    #[error("{what} belongs to nothing in config.json")]
    Unexpected {
        /// What nobody reads.
        what: String,
    },
    /// Names of arrays and of weights don't meet.
    #[error("{}", Unmet { weights, arrays })]
    Names {
        /// The model's weights for which there is no array.
        weights: Vec<Unmatched>,
        /// The arrays that belong to no weight.
        arrays: Vec<Unmatched>,
    },
    /// The model in the file can't be made.
    #[error("{0}")]
    Model(#[source] Box<ModelError>),
    /// The file names code that it wants to be run.
    #[error("asks for {name}, which is code; no file is run as code, {fix}")]
    Code {
        /// The full name: `posix.system`.
        name: String,
        /// What to do instead.
        fix: String,
    },
    /// The model can't be made as long as sizes of its inputs are open.
    #[error("{source}; {fix}")]
    Open {
        /// What needs a size.
        source: Box<Problem>,
        /// Which sizes to give.
        fix: String,
    },
    /// The file uses something that is known and not supported.
    #[error("{what} is not supported; {fix}")]
    Unsupported {
        /// The thing by its name.
        what: String,
        /// What to do instead.
        fix: String,
    },
}

/// A name without a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The name.
    pub name: String,
    /// The shape of what it names.
    pub shape: Vec<usize>,
    /// The name on the other side that comes nearest, if any is near.
    pub nearest: Option<String>,
}

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

impl Problem {
    pub(crate) fn malformed(expected: impl Into<String>, got: impl fmt::Display) -> Self {
        Self::Malformed { expected: expected.into(), got: got.to_string() }
    }

    pub(crate) fn damaged(how: impl Into<String>) -> Self {
        Self::Damaged { how: how.into() }
    }

    /// What stands between the place and the problem: some sentences have the place as their subject.
    fn joint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } | Self::NoArchive | Self::TooLarge { .. } | Self::Code { .. } => {
                " "
            }
            _ => ": ",
        }
    }

    pub(crate) fn at(self, place: impl Into<String>) -> Located {
        Located { place: place.into(), problem: self }
    }
}

/// A problem whose file is not known yet: the caller that opened it adds the path.
#[derive(Debug)]
pub(crate) struct Located {
    pub place: String,
    pub problem: Problem,
}

impl Located {
    /// The same problem, seen from one level further out.
    pub fn inside(mut self, outer: &str) -> Self {
        self.place = match (outer.is_empty(), self.place.is_empty()) {
            (true, _) => self.place,
            (false, true) => outer.into(),
            (false, false) => format!("{outer}, {}", self.place),
        };
        self
    }

    pub fn of(self, path: &Path) -> FormatError {
        FormatError { path: path.into(), place: self.place, problem: self.problem }
    }
}

impl From<Problem> for Located {
    fn from(problem: Problem) -> Self {
        problem.at("")
    }
}

struct Comma<'a>(&'a str);

impl fmt::Display for Comma<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", {}", self.0) }
    }
}

/// Names that don't meet, in a sentence.
struct Unmet<'a> {
    weights: &'a [Unmatched],
    arrays: &'a [Unmatched],
}

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |names: &[Unmatched], one: &str, many: &str| match names.len() {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        if !self.weights.is_empty() {
            let weights = count(self.weights, "weight has", "weights have");
            write!(f, "{weights} no array: {}", Listed(self.weights))?;
        }
        if !self.arrays.is_empty() {
            let joint = if self.weights.is_empty() { "" } else { "; " };
            let arrays = count(self.arrays, "array belongs", "arrays belong");
            write!(f, "{joint}{arrays} to no weight: {}", Listed(self.arrays))?;
        }
        f.write_str("; say in a name map which name of the file is which layer or weight")
    }
}

/// The first of many names.
struct Listed<'a>(&'a [Unmatched]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 6;
        for (i, Unmatched { name, shape, nearest }) in self.0.iter().take(MOST).enumerate() {
            write!(f, "{}{name} {}", if i > 0 { ", " } else { "" }, Axes(shape))?;
            if let Some(nearest) = nearest {
                write!(f, " (nearest: {nearest})")?;
            }
        }
        if self.0.len() > MOST { write!(f, ", …") } else { Ok(()) }
    }
}

struct Axes<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Axes<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, size) in self.0.iter().enumerate() {
            write!(f, "{}{size}", if i > 0 { ", " } else { "" })?;
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_file_the_place_and_the_expectation() {
        let error = Problem::Shape { expected: vec![3], got: vec![4, 5] }
            .at("layers/dense/vars/1")
            .inside("model.weights.h5")
            .of(Path::new("a.keras"));
        let text = "a.keras, model.weights.h5, layers/dense/vars/1: expected an array of shape (3,), got (4, 5)";
        assert_eq!(error.to_string(), text);
    }
}
