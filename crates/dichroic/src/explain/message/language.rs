//! The languages that explanations speak.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A language of the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// No catalogue has this language.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no language {asked:?}; there are {}", tags())]
pub struct UnknownLanguage {
    /// What was asked for.
    pub asked: String,
}

fn tags() -> String {
    Language::ALL.map(Language::tag).join(", ")
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// Its tag (BCP 47), which is also the name of its folder: `en`, `zh-CN`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The terminal's language; English where that is one that no catalogue has.
    ///
    /// # Source
    /// The order of POSIX, The Open Group Base Specifications, chapter 8.2: the first of `LC_ALL`, `LC_MESSAGES` and
    /// `LANG` that is set and not empty.
    pub fn of_environment() -> Self {
        Self::of_locale(|name| std::env::var(name).ok())
    }

    fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable);
        let locale = set.find(|locale| !locale.is_empty()).unwrap_or_default();
        locale.parse().unwrap_or_default()
    }
}

/// Reads a tag (`zh-CN`, `zh-Hans`) or a POSIX locale (`zh_CN.UTF-8`); the first part decides.
impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let first = text.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match first.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::English),
            "zh" => Ok(Self::Chinese),
            _ => Err(UnknownLanguage { asked: text.to_owned() }),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Language {
        Language::of_locale(|asked| {
            let found = variables.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_first_variable_that_is_set_and_not_empty_decides() {
        assert_eq!(of(&[]), Language::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]), Language::Chinese);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_MESSAGES", "en_GB")]), Language::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(of(&[("LC_ALL", "zh_SG"), ("LC_MESSAGES", "en_GB")]), Language::Chinese);
    }

    #[test]
    fn tags_read_back_and_others_are_refused_with_those_that_there_are() {
        for language in Language::ALL {
            assert_eq!(language.tag().parse(), Ok(language));
        }
        assert_eq!("ZH-Hans".parse(), Ok(Language::Chinese));
        let refused = "fr".parse::<Language>().unwrap_err().to_string();
        assert_eq!(refused, "there is no language \"fr\"; there are en, zh-CN");
    }
}
