//! Automatic names, as Keras gives them.

use std::collections::HashMap;

use crate::layers::registry::auto_name;
use crate::names::closest;

/// How automatic names are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamePolicy {
    /// Current Keras: `conv2d`, `conv2d_1`; inputs are `input_layer`, functional models `functional`.
    #[default]
    Keras3,
    /// Keras before 2.4: `conv2d_1`, `conv2d_2`; inputs are `input_1`, functional models `model_1`.
    Keras2,
}

/// A scope in which automatic names are unique: one program, one script or one model.
///
/// The same program in a scope of its own always gets the same names.
///
/// ```
/// use dichroic::model::{NamePolicy, Names};
/// let mut names = Names::new(NamePolicy::Keras3);
/// assert_eq!(names.auto("Conv2D"), "conv2d");
/// assert_eq!(names.auto("Conv2D"), "conv2d_1");
/// assert_eq!(names.auto("GlobalAveragePooling2D"), "global_average_pooling2d");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Names {
    policy: NamePolicy,
    given: HashMap<String, usize>,
}

impl Names {
    /// An empty scope.
    pub fn new(policy: NamePolicy) -> Self {
        Self { policy, given: HashMap::new() }
    }

    /// How this scope numbers.
    pub fn policy(&self) -> NamePolicy {
        self.policy
    }

    /// The next name for a layer or model of this class.
    pub fn auto(&mut self, class_name: &str) -> String {
        let base = self.base(class_name);
        let count = self.given.entry(base.clone()).or_insert(0);
        *count += 1;
        match (self.policy, *count) {
            (NamePolicy::Keras3, 1) => base,
            (NamePolicy::Keras3, count) => format!("{base}_{}", count - 1),
            (NamePolicy::Keras2, count) => format!("{base}_{count}"),
        }
    }

    /// The next name that is not taken.
    pub(super) fn auto_beside(&mut self, class_name: &str, taken: &dyn Fn(&str) -> bool) -> String {
        loop {
            let name = self.auto(class_name);
            if !taken(&name) {
                return name;
            }
        }
    }

    fn base(&self, class_name: &str) -> String {
        match (self.policy, class_name) {
            (NamePolicy::Keras2, "InputLayer") => "input".to_owned(),
            (NamePolicy::Keras2, "Functional" | "Model") => "model".to_owned(),
            _ => auto_name(class_name),
        }
    }
}

/// A hint for a name that was not found: ` (did you mean "conv2d"?)`, or nothing.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(name, known).map_or_else(String::new, |near| format!(" (did you mean {near:?}?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_keras_counts_from_one_and_calls_inputs_input() {
        let mut names = Names::new(NamePolicy::Keras2);
        assert_eq!(names.auto("Conv2D"), "conv2d_1");
        assert_eq!(names.auto("Conv2D"), "conv2d_2");
        assert_eq!(names.auto("InputLayer"), "input_1");
        assert_eq!(names.auto("Functional"), "model_1");
    }

    #[test]
    fn each_class_has_a_counter_of_its_own() {
        let mut names = Names::default();
        assert_eq!(names.auto("Dense"), "dense");
        assert_eq!(names.auto("Flatten"), "flatten");
        assert_eq!(names.auto("Dense"), "dense_1");
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["conv2d", "dense"];
        assert_eq!(suggestion("cond2d", known), " (did you mean \"conv2d\"?)");
        assert_eq!(suggestion("zzzzzzzz", known), "");
    }
}
