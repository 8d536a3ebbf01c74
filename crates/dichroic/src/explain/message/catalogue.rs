//! The messages of each language, read from the files inside the program.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::{Argument, Language};
use crate::layers::grouped;

/// How many files a language has; those of the page, `page-*.ftl`, are not read here.
const FILES: usize = 7;

macro_rules! files {
    ($folder:literal) => {
        [
            include_str!(concat!("../../../locales/", $folder, "/count.ftl")),
            include_str!(concat!("../../../locales/", $folder, "/layer.ftl")),
            include_str!(concat!("../../../locales/", $folder, "/trace.ftl")),
            include_str!(concat!("../../../locales/", $folder, "/what-if.ftl")),
            include_str!(concat!("../../../locales/", $folder, "/summary.ftl")),
            include_str!(concat!("../../../locales/", $folder, "/program.ftl")),
            include_str!(concat!("../../../locales/", $folder, "/figure.ftl")),
        ]
    };
}

/// What the files of a language hold.
pub(super) fn files(language: Language) -> [&'static str; FILES] {
    match language {
        Language::English => files!("en"),
        Language::Chinese => files!("zh-CN"),
    }
}

type Bundle = FluentBundle<FluentResource>;

/// The message with this id in a language.
///
/// Every id and argument comes from a declaration in [`words`](super::words), and a test holds these against the files;
/// should one be missing all the same, its id says where.
pub(super) fn say(language: Language, id: &str, arguments: &[(&'static str, Argument)]) -> String {
    let bundle = bundle(language);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        return id.to_owned();
    };
    let arguments: FluentArgs<'_> =
        arguments.iter().map(|(name, argument)| (*name, value(argument, language))).collect();
    bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
}

fn bundle(language: Language) -> &'static Bundle {
    static OF_ENGLISH: LazyLock<Bundle> = LazyLock::new(|| read(Language::English));
    static OF_CHINESE: LazyLock<Bundle> = LazyLock::new(|| read(Language::Chinese));
    match language {
        Language::English => &OF_ENGLISH,
        Language::Chinese => &OF_CHINESE,
    }
}

fn read(language: Language) -> Bundle {
    // Rules of the plural follow from the tag; a tag is well formed, and without one there is no plural.
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Marks of direction around each argument are for languages written from the right.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) if number.options.use_grouping => {
            Some(grouped(number.value as u64))
        }
        _ => None,
    }));
    // NUMBER, which a message uses to show a count without commas. It is the only one, and added once.
    bundle.add_builtins().ok();
    for file in files(language) {
        // What a broken entry leaves is still of use; a test finds the entry.
        let resource = match FluentResource::try_new(file.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The largest count up to which `f64`, Fluent's only number, tells neighbours apart.
const LARGEST_EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

fn value(argument: &Argument, language: Language) -> FluentValue<'_> {
    match argument {
        Argument::Number(count) if *count <= LARGEST_EXACT => (*count).into(),
        // So large a count takes the plural, as every text does.
        Argument::Number(count) => grouped(*count).into(),
        Argument::Text(text) => text.as_str().into(),
        Argument::Message(message) => message.text_in(language).into(),
    }
}
