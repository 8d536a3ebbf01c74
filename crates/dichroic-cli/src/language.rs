//! `--lang`: the language of explanations.

use clap::Args;
use dichroic::explain::Language;

/// The language that a command speaks.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct LanguageArgument {
    /// Language of the words: en or zh-CN [default: the terminal's, as LC_ALL, LC_MESSAGES or LANG say; JSON is English]
    #[arg(long, value_name = "TAG")]
    lang: Option<Language>,
}

impl LanguageArgument {
    /// The language of what a person reads.
    pub fn of_text(self) -> Language {
        self.lang.unwrap_or_else(Language::of_environment)
    }

    /// The language of the words in JSON: a program's input must not change with the terminal.
    pub fn of_json(self) -> Language {
        self.lang.unwrap_or_default()
    }
}
