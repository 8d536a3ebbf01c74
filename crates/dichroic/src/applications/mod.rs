//! Known networks, with the architecture, layer names and counts of `keras.applications`.
//!
//! They come without values: [`Model::build`] draws the first ones, and weights that were trained are read from a file.
//! Layers are named as Keras names them, so that its weight files fit.

mod error;
mod inception_v3;
mod mobilenet;
mod mobilenet_v2;
mod options;
mod resnet;
mod vgg;

pub use error::ApplicationError;
pub use inception_v3::inception_v3;
pub use mobilenet::{MobileNetOptions, mobilenet, mobilenet_with};
pub use mobilenet_v2::{mobilenet_v2, mobilenet_v2_with};
pub use options::{Options, Pooling};
pub use resnet::{resnet50, resnet101, resnet152};
pub use vgg::{vgg16, vgg19};

use crate::model::{Call, Inputs, LayerRef, Model, ModelError, Symbol, suggestion};

type Make = fn(&Options) -> Result<Model, ApplicationError>;

/// Every application: Keras's name and what makes it.
const APPLICATIONS: [(&str, Make); 8] = [
    ("InceptionV3", inception_v3),
    ("MobileNet", mobilenet),
    ("MobileNetV2", mobilenet_v2),
    ("ResNet50", resnet50),
    ("ResNet101", resnet101),
    ("ResNet152", resnet152),
    ("VGG16", vgg16),
    ("VGG19", vgg19),
];

/// Keras's names of the applications.
pub const NAMES: [&str; APPLICATIONS.len()] = {
    let mut names = [""; APPLICATIONS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = APPLICATIONS[index].0;
        index += 1;
    }
    names
};

/// The application of this name.
///
/// # Errors
/// [`ApplicationError::Unknown`], with the nearest name, and those of the application itself.
///
/// # Source
/// `keras.applications`
///
/// ```
/// use dichroic::applications::{Options, by_name};
/// let model = by_name("ResNet50", &Options::default())?;
/// assert_eq!(model.count_params(), 25_636_712);
/// # Ok::<(), dichroic::applications::ApplicationError>(())
/// ```
pub fn by_name(name: &str, options: &Options) -> Result<Model, ApplicationError> {
    match APPLICATIONS.iter().find(|(known, _)| *known == name) {
        Some((_, make)) => make(options),
        None => Err(ApplicationError::Unknown {
            name: name.to_owned(),
            suggestion: suggestion(name, NAMES),
        }),
    }
}

/// Calls a layer under the name that Keras gives it.
fn named(
    name: impl Into<String>,
    layer: impl Into<LayerRef>,
    inputs: impl Inputs,
) -> Result<Symbol, ModelError> {
    LayerRef::named(name, layer).call(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_application_is_refused_with_the_nearest_and_all_names() {
        let error = by_name("resnet50", &Options::default()).unwrap_err().to_string();
        assert!(error.contains("did you mean \"ResNet50\"?"), "{error}");
        assert!(error.contains("MobileNetV2, ResNet50, ResNet101"), "{error}");
    }

    #[test]
    fn names_stand_in_order_of_family_and_size() {
        let size = |name: &str| -> (String, u32) {
            let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
            (letters.to_owned(), name[letters.len()..].parse().unwrap_or(0))
        };
        assert!(NAMES.is_sorted_by_key(|name| size(name)));
    }
}
