//! The names by which a container of layers addresses its members.

use std::collections::HashMap;

/// Hands out `conv2d`, `conv2d_1`, … in the order of the layers.
///
/// Names of layers are not used: Keras makes them up anew in each run.
#[derive(Default)]
pub(crate) struct ContainerNames {
    used: HashMap<String, usize>,
}

impl ContainerNames {
    /// The next name for a member of this class.
    pub fn next(&mut self, class_name: &str) -> String {
        let name = snake_case(class_name);
        match self.used.get_mut(&name) {
            None => {
                self.used.insert(name.clone(), 0);
                name
            }
            Some(count) => {
                *count += 1;
                format!("{name}_{count}")
            }
        }
    }
}

/// Keras's `to_snake_case`: `Conv2DTranspose` becomes `conv2d_transpose`, `PReLU` `p_re_lu`.
///
/// # Source
/// Keras 3, `keras/src/utils/naming.py`: `(.)([A-Z][a-z]+)`, then `([a-z])([A-Z])`, each joined with `_`.
fn snake_case(class_name: &str) -> String {
    let letters: Vec<char> =
        class_name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let words = cut_before_words(&letters);
    let mut name = String::with_capacity(words.len() + 4);
    let mut previous: Option<char> = None;
    for letter in words {
        if previous.is_some_and(|c| c.is_ascii_lowercase()) && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        previous = Some(letter);
    }
    name
}

/// The first of the two substitutions. Matches don't overlap: the letter before a word is used up by it.
fn cut_before_words(letters: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(letters.len() + 4);
    let mut i = 0;
    while i < letters.len() {
        out.push(letters[i]);
        let word = &letters[i + 1..];
        let starts = word.first().is_some_and(char::is_ascii_uppercase);
        let tail = word.iter().skip(1).take_while(|c| c.is_ascii_lowercase()).count();
        i += 1;
        if starts && tail > 0 {
            out.push('_');
            out.extend(&word[..=tail]);
            i += 1 + tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names_become_the_names_that_keras_gives_them() {
        // Each pair printed by `keras.src.utils.naming.to_snake_case` of Keras 3.15.1.
        let pairs = [
            ("Conv2D", "conv2d"),
            ("Conv2DTranspose", "conv2d_transpose"),
            ("SeparableConv2D", "separable_conv2d"),
            ("DepthwiseConv1D", "depthwise_conv1d"),
            ("MaxPooling2D", "max_pooling2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("BatchNormalization", "batch_normalization"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("LeakyReLU", "leaky_re_lu"),
            ("ELU", "elu"),
            ("InputLayer", "input_layer"),
            ("UpSampling1D", "up_sampling1d"),
            ("Functional", "functional"),
            ("SharedConv2D", "shared_conv2d"),
        ];
        for (class_name, name) in pairs {
            assert_eq!(snake_case(class_name), name);
        }
    }

    #[test]
    fn a_container_counts_members_of_one_class() {
        let mut names = ContainerNames::default();
        let got: Vec<_> =
            ["Conv2D", "Dense", "Conv2D", "Conv2D"].map(|class| names.next(class)).into();
        assert_eq!(got, ["conv2d", "dense", "conv2d_1", "conv2d_2"]);
    }
}
