//! What names say about layers that belong together.

use crate::layers::registry::auto_name;

/// Whether the name is the one that a layer of this class gets by itself: `conv2d`, `conv2d_3`.
pub(super) fn is_automatic(name: &str, class_name: &str) -> bool {
    let plain = auto_name(class_name);
    let Some(rest) = name.strip_prefix(plain.as_str()) else { return false };
    rest.is_empty()
        || rest.strip_prefix('_').is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The beginning that all names share, in whole words; `None` if they share no word.
pub(super) fn common_beginning<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut names = names.into_iter();
    let first = names.next()?;
    let mut words = ends(first);
    for name in names {
        words.retain(|&end| begins_with(name, &first[..end]));
    }
    words.last().map(|&end| &first[..end])
}

/// Whether a name begins with these whole words.
pub(super) fn begins_with(name: &str, words: &str) -> bool {
    name.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(is_separator))
}

/// The part of a name that tells which part of the model a layer belongs to: the words up to the first one with a
/// number, or the first word if none has one. `conv2` of `conv2_block1_1_bn`, `block_3` of `block_3_expand_relu`.
pub(super) fn part_of_model(name: &str) -> &str {
    let ends = ends(name);
    let mut start = 0;
    for &end in &ends {
        if name[start..end].bytes().any(|byte| byte.is_ascii_digit()) {
            return &name[..end];
        }
        start = end;
    }
    ends.first().map_or(name, |&end| &name[..end])
}

/// Where the words of a name end.
fn ends(name: &str) -> Vec<usize> {
    let separators = name.char_indices().filter(|&(_, letter)| is_separator(letter));
    separators.map(|(place, _)| place).filter(|&place| place > 0).chain([name.len()]).collect()
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '_' | '-' | '.' | '/' | ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_names_are_the_class_and_perhaps_a_number() {
        for name in ["conv2d", "conv2d_12"] {
            assert!(is_automatic(name, "Conv2D"), "{name}");
        }
        for name in ["conv2d_", "conv2d_a", "conv2d2", "stem"] {
            assert!(!is_automatic(name, "Conv2D"), "{name}");
        }
    }

    #[test]
    fn names_share_whole_words_only() {
        assert_eq!(
            common_beginning(["conv2_block1_add", "conv2_block1_out"]),
            Some("conv2_block1")
        );
        assert_eq!(common_beginning(["conv2_block1_add", "conv2_block10_add"]), Some("conv2"));
        assert_eq!(common_beginning(["mixed9_0", "mixed9"]), Some("mixed9"));
        assert_eq!(common_beginning(["a_1", "b_1"]), None);
        assert_eq!(common_beginning([]), None);
    }

    #[test]
    fn the_part_of_the_model_ends_with_the_first_number() {
        for (name, part) in [
            ("conv2_block1_1_bn", "conv2"),
            ("block_3_expand_relu", "block_3"),
            ("conv_dw_1_bn", "conv_dw_1"),
            ("block1_conv2", "block1"),
            ("expanded_conv_project", "expanded"),
            ("predictions", "predictions"),
        ] {
            assert_eq!(part_of_model(name), part);
        }
    }
}
