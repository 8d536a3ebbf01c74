//! Sentences as data: an id of the catalogue with its arguments, put in words in any language.
//!
//! The catalogue lies in `locales/<language>/*.ftl`, in Fluent. Code never writes an id: [`words`] declares one function
//! for each message, so a misspelt message or a missing argument doesn't compile, and one that nothing says is a warning.

mod catalogue;
mod formula;
mod language;
#[cfg(test)]
mod tests;
pub mod words;

use std::fmt;

use serde::{Serialize, Serializer};

pub(super) use formula::formula;
pub use language::{Language, UnknownLanguage};

/// Words that can be said in every [`Language`]; shown and written as JSON in the one that was last asked for, English
/// at first.
///
/// ```
/// use dichroic::explain::{Language, LayerExplanation};
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Input, Sequential};
/// let model = Sequential::new().add(Input::new(&[9, 9, 5])).add(Conv2D::new(56, 4)).finish()?;
/// let formula = LayerExplanation::of(&model, "conv2d")?.formula;
/// assert_eq!(formula.to_string(), "56 filters × 5 channels × 4×4 + 56 biases = 4,536");
/// let formula = formula.in_language(Language::Chinese);
/// assert_eq!(formula.to_string(), "56 个过滤器 × 5 个通道 × 4×4 + 56 个偏置 = 4,536");
/// # Ok::<(), dichroic::explain::ExplainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    words: Words,
    language: Language,
}

/// What a message consists of.
#[derive(Clone, Debug, PartialEq)]
enum Words {
    /// The same in every language: names, arithmetic, texts that came from elsewhere.
    Verbatim(String),
    /// An entry of the catalogue.
    Entry { id: &'static str, arguments: Vec<(&'static str, Argument)> },
    /// Messages one after the other.
    Joined { parts: Vec<Message>, separator: &'static str },
}

/// What stands in the place of a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A count: shown with commas, and chooses between singular and plural.
    Number(u64),
    /// A text, as it is.
    Text(String),
    /// Another message, said in the same language.
    Message(Message),
}

impl Message {
    /// A text that is the same in every language.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Words::Verbatim(text.into()).into()
    }

    fn entry(id: &'static str, arguments: Vec<(&'static str, Argument)>) -> Self {
        Words::Entry { id, arguments }.into()
    }

    /// Messages one after the other.
    pub(super) fn joined(parts: Vec<Message>, separator: &'static str) -> Self {
        Words::Joined { parts, separator }.into()
    }

    /// The same message, from now on shown in this language.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The words in a language.
    pub fn text_in(&self, language: Language) -> String {
        match &self.words {
            Words::Verbatim(text) => text.clone(),
            Words::Entry { id, arguments } => catalogue::say(language, id, arguments),
            Words::Joined { parts, separator } => {
                let parts: Vec<String> = parts.iter().map(|part| part.text_in(language)).collect();
                parts.join(separator)
            }
        }
    }
}

impl From<Words> for Message {
    fn from(words: Words) -> Self {
        Self { words, language: Language::default() }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text_in(self.language))
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text_in(self.language))
    }
}

/// Sets the language of each message of a structure.
pub(super) fn all_in<'a>(messages: impl IntoIterator<Item = &'a mut Message>, language: Language) {
    messages.into_iter().for_each(|message| message.language = language);
}

impl From<u64> for Argument {
    fn from(count: u64) -> Self {
        Self::Number(count)
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A size is no count: it is shown without commas.
impl From<usize> for Argument {
    fn from(size: usize) -> Self {
        Self::Text(size.to_string())
    }
}

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
