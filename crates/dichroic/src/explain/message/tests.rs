//! What the files of all languages owe each other and the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;

use super::catalogue::files;
use super::formula::formula;
use super::words::{DECLARED, count};
use super::{Argument, Language, Message};
use crate::Shape;
use crate::layers::registry;

/// Each message of the program in a language, with its source.
fn entries(language: Language) -> BTreeMap<String, String> {
    entries_of(files(language).map(str::to_owned))
}

fn entries_of(files: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    for file in files {
        assert!(FluentResource::try_new(file.clone()).is_ok(), "not Fluent: {file}");
        let mut last = None;
        for line in file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            match line.split_once(" =") {
                Some((id, words)) if !line.starts_with([' ', '}']) => {
                    let words = words.trim_start().to_owned();
                    assert_eq!(entries.insert(id.to_owned(), words), None, "{id} twice");
                    last = Some(id.to_owned());
                }
                _ => {
                    let entry: &mut String =
                        last.as_ref().and_then(|id| entries.get_mut(id)).expect(line);
                    entry.push('\n');
                    entry.push_str(line);
                }
            }
        }
    }
    entries
}

fn variables(words: &str) -> BTreeSet<&str> {
    let name = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.split('$').skip(1).map(|rest| &rest[..name(rest).unwrap_or(rest.len())]).collect()
}

#[test]
fn every_language_has_the_declared_messages_with_their_arguments_and_no_others() {
    for language in Language::ALL {
        let entries = entries(language);
        for (id, arguments) in DECLARED {
            let words = entries.get(*id).unwrap_or_else(|| panic!("{language} has no {id}"));
            let expected: BTreeSet<&str> = arguments.iter().copied().collect();
            assert_eq!(variables(words), expected, "variables of {id} in {language}");
        }
        let declared: BTreeSet<&str> = DECLARED.iter().map(|(id, _)| *id).collect();
        let unused: Vec<_> = entries.keys().filter(|id| !declared.contains(id.as_str())).collect();
        assert!(unused.is_empty(), "no code says {unused:?} of {language}");
    }
}

#[test]
fn every_message_can_be_said_in_every_language() {
    for language in Language::ALL {
        for (id, arguments) in DECLARED {
            for given in [Argument::Number(1), Argument::Number(2), Argument::from("…")] {
                let arguments = arguments.iter().map(|name| (*name, given.clone())).collect();
                let text = Message::entry(id, arguments).text_in(language);
                assert!(!text.contains(['{', '$']) && text != *id, "{id} in {language}: {text}");
            }
        }
    }
}

/// Words that stay Latin in a Chinese sentence: names of programs, files, functions and weights.
const TERMS: [&str; 12] = [
    "keras", "dichroic", "json", "file", "image", "flops", "gamma", "beta", "alpha", "softmax",
    "k", "number",
];

#[test]
fn no_english_is_left_in_chinese() {
    for (id, words) in entries(Language::Chinese) {
        let spoken: String = spoken(&words);
        let latin =
            spoken.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        for word in latin {
            assert!(
                TERMS.contains(&word.to_ascii_lowercase().as_str()),
                "{word:?} in {id}: {words}"
            );
        }
        let arithmetic_only = !spoken.chars().any(char::is_alphabetic);
        let chinese = spoken.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(chinese || arithmetic_only || spoken.trim() == "FLOPs", "{id}: {words}");
    }
}

/// Messages of the page that are names in every language.
const NAMES: [&str; 3] = ["convolve-padding-same", "convolve-padding-valid", "example-lenet"];

#[test]
fn no_message_of_the_page_is_left_untranslated() {
    let of_page = |language: Language| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language.tag());
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let named =
            |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("page-");
        entries_of(files.filter(named).map(|path| fs::read_to_string(path).unwrap()))
    };
    let (english, chinese) = (of_page(Language::English), of_page(Language::Chinese));
    for (id, words) in &english {
        let same = chinese.get(id) == Some(words) && spoken(words).contains(char::is_alphabetic);
        assert!(!same || NAMES.contains(&id.as_str()), "{id} is still English: {words}");
    }
}

/// A message's source without what stands in braces.
fn spoken(words: &str) -> String {
    let mut depth = 0_usize;
    words
        .chars()
        .filter(|letter| {
            depth += usize::from(*letter == '{');
            let outside = depth == 0;
            depth = depth.saturating_sub(usize::from(*letter == '}'));
            outside
        })
        .collect()
}

#[test]
fn counts_have_commas_and_a_singular_however_large_they_are() {
    let said = |number: u64| count::weights(number).to_string();
    assert_eq!([said(0), said(1), said(4480)], ["0 weights", "1 weight", "4,480 weights"]);
    assert_eq!(said((1 << 53) + 1), "9,007,199,254,740,993 weights");
    assert_eq!(count::weights(4480_u64).text_in(Language::Chinese), "4,480 个权重");
}

#[test]
fn formulas_in_english_are_what_counts_show_and_in_chinese_have_no_english() {
    for class_name in registry::class_names() {
        let Ok(layer) = registry::example(class_name) else { continue };
        let shapes = [&[8][..], &[8, 6], &[8, 8, 6], &[8, 8, 8, 6]];
        for shape in shapes.map(Shape::batched) {
            let Ok(count) = layer.count(&[shape]) else { continue };
            assert_eq!(formula(&count).to_string(), count.to_string(), "{class_name}");
            let chinese = formula(&count).text_in(Language::Chinese);
            let latin = chinese.split(|c: char| !c.is_ascii_alphabetic());
            let unknown: Vec<&str> =
                latin.filter(|word| !word.is_empty() && !TERMS.contains(word)).collect();
            assert!(unknown.is_empty(), "{unknown:?} in {class_name}: {chinese}");
        }
    }
}
