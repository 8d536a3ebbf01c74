//! Errors with a place: what a script got wrong, the line, and the columns marked by carets.

use std::fmt;
use std::rc::Rc;

use ruff_text_size::TextRange;

/// What sort of mistake stopped a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not Python.
    Syntax,
    /// Python that this evaluator does not run: classes, `try`, `yield`, `fit` and the like.
    Unsupported,
    /// A module or a name in it is not there.
    Import,
    /// A name has no value.
    Name,
    /// A value has the wrong type, or a call has the wrong arguments.
    Type,
    /// A value has the right type and cannot be used all the same.
    Value,
    /// A value has no such attribute or method.
    Attribute,
    /// A position outside a sequence.
    Index,
    /// A key that a dictionary does not have.
    Key,
    /// A division by zero, or a number outside 64 bits.
    Arithmetic,
    /// An `assert` that does not hold.
    Assertion,
    /// The script's own `raise`.
    Raised,
    /// A layer or a model was refused by the library: unknown name, option or shape.
    Layer,
    /// The script reached a limit of steps, depth, memory, layers or output.
    Limit,
    /// What the script printed could not be written.
    Output,
}

impl ErrorKind {
    /// The name under which Python reports such an error, where it has one.
    #[must_use]
    pub fn python_name(self) -> &'static str {
        match self {
            Self::Syntax => "SyntaxError",
            Self::Unsupported => "Unsupported",
            Self::Import => "ImportError",
            Self::Name => "NameError",
            Self::Type => "TypeError",
            Self::Value => "ValueError",
            Self::Attribute => "AttributeError",
            Self::Index => "IndexError",
            Self::Key => "KeyError",
            Self::Arithmetic => "ArithmeticError",
            Self::Assertion => "AssertionError",
            Self::Raised => "Raised",
            Self::Layer => "LayerError",
            Self::Limit => "LimitReached",
            Self::Output => "OutputError",
        }
    }
}

/// A piece of one source line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The script's name, as it was given.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The line's text, or the part of a very long one around the place.
    pub text: String,
    /// How many characters of `text` come before the marked ones.
    pub indent: usize,
    /// How many characters are marked, at least 1.
    pub width: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gutter = self.line.to_string();
        let margin = " ".repeat(gutter.len());
        let indent: String = self
            .text
            .chars()
            .take(self.indent)
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "{margin} |")?;
        writeln!(f, "{gutter} | {}", self.text)?;
        write!(f, "{margin} | {indent}{}", "^".repeat(self.width))
    }
}

/// A call that was under way when a script stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The function that was called.
    pub function: String,
    /// Where it was called.
    pub place: Place,
}

/// Why a script stopped, and where.
///
/// Its text is `file:line:column: kind: message`, the line with the place marked, the calls that led there, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError(pub(crate) Box<Report>);

/// What an error says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) file: String,
    pub(crate) place: Option<Place>,
    pub(crate) calls: Vec<CallSite>,
}

impl ScriptError {
    /// The sort of mistake.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What went wrong, in one sentence, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, when that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The place in the source, when the error has one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// The calls under way, innermost first.
    #[must_use]
    pub fn calls(&self) -> &[CallSite] {
        &self.0.calls
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.kind.python_name();
        match &self.0.place {
            Some(place) => {
                writeln!(
                    f,
                    "{}:{}:{}: {name}: {}",
                    place.file, place.line, place.column, self.0.message
                )?;
                write!(f, "{place}")?;
            }
            None => write!(f, "{}: {name}: {}", self.0.file, self.0.message)?,
        }
        for call in &self.0.calls {
            let place = &call.place;
            write!(
                f,
                "\n  in {}(), called at {}:{}:{}",
                call.function, place.file, place.line, place.column
            )?;
        }
        match &self.0.hint {
            Some(hint) => write!(f, "\n  help: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScriptError {}

/// How many calls an error lists; the innermost ones are the ones that help.
const CALLS_SHOWN: usize = 8;

/// An error on its way up through the evaluator; the place is added by the first node that knows it.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) range: Option<TextRange>,
    pub(crate) calls: Vec<(Rc<str>, TextRange)>,
}

/// The result of every step of the evaluator. Boxed, since the good way is the frequent one.
pub(crate) type Eval<T> = Result<T, Box<Fault>>;

impl Fault {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { kind, message: message.into(), hint: None, range: None, calls: Vec::new() })
    }

    pub(crate) fn type_error(message: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::Type, message)
    }

    pub(crate) fn value_error(message: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::Value, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn with_hint(mut self: Box<Self>, hint: impl Into<String>) -> Box<Self> {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the place unless an inner node already did.
    pub(crate) fn at(mut self: Box<Self>, range: TextRange) -> Box<Self> {
        self.range.get_or_insert(range);
        self
    }

    pub(crate) fn called(mut self: Box<Self>, function: &Rc<str>, range: TextRange) -> Box<Self> {
        if self.calls.len() < CALLS_SHOWN {
            self.calls.push((function.clone(), range));
        }
        self
    }
}

/// Adds a place to whatever error passes by.
pub(crate) trait AtPlace {
    fn at(self, range: TextRange) -> Self;
}

impl<T> AtPlace for Eval<T> {
    fn at(self, range: TextRange) -> Self {
        self.map_err(|fault| fault.at(range))
    }
}

/// The name among `known` that was most likely meant, or none if all are far.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > 64 {
        return None;
    }
    let wanted = name.to_lowercase();
    let allowed = name.chars().count().div_ceil(3);
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= 64 && *candidate != name)
        .map(|candidate| (edit_distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: insertions, deletions and replacements of one character.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_ignores_case_and_tolerates_one_slip() {
        assert_eq!(nearest("conv2d", ["Conv1D", "Conv2D", "Dense"]), Some("Conv2D"));
        assert_eq!(nearest("Desne", ["Conv2D", "Dense"]), Some("Dense"));
        assert_eq!(nearest("Transformer", ["Conv2D", "Dense"]), None);
    }

    #[test]
    fn tabs_before_the_place_are_kept_under_it() {
        let place = Place {
            file: "f".into(),
            line: 7,
            column: 2,
            text: "\tabc".into(),
            indent: 1,
            width: 3,
        };
        assert_eq!(place.to_string(), "  |\n7 | \tabc\n  | \t^^^");
    }
}
