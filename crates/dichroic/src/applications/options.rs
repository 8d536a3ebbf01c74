//! What all applications can be told.

use super::{ApplicationError, named};
use crate::Shape;
use crate::activations::Activation;
use crate::layers::{Dense, GlobalAveragePooling2D, GlobalMaxPooling2D};
use crate::model::{Call, Input, Model, ModelError, Symbol};

/// More classes than this no data set has; the limit keeps sizes within every integer type.
pub(super) const MOST_CLASSES: usize = i32::MAX as usize;

/// What becomes of the last feature maps of a network without its classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The mean of each.
    Average,
    /// The largest value of each.
    Max,
}

/// The arguments of Keras's applications, with Keras's defaults.
///
/// ```
/// use dichroic::applications::{Options, Pooling, vgg16};
/// let options = Options::default().input_shape([64, 64, 3]).without_top(Some(Pooling::Average));
/// let features = vgg16(&options)?;
/// assert_eq!(features.outputs()[0].shape().to_string(), "(None, 512)");
/// # Ok::<(), dichroic::applications::ApplicationError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the classifier is part of the network.
    pub include_top: bool,
    /// Height, width and channels, each of which may be open; unset for the usual size, or for open height and width
    /// and 3 channels where there is no classifier.
    pub input_shape: Option<[Option<usize>; 3]>,
    /// What becomes of the last feature maps; unused where there is a classifier.
    pub pooling: Option<Pooling>,
    /// The number of classes; unused where there is no classifier.
    pub classes: usize,
    /// What follows the classifier's sums; linear gives the logits.
    pub classifier_activation: Activation,
    /// The model's name; unset for Keras's.
    pub name: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            include_top: true,
            input_shape: None,
            pooling: None,
            classes: 1000,
            classifier_activation: "softmax".into(),
            name: None,
        }
    }
}

impl Options {
    /// Sets height, width and channels.
    #[must_use]
    pub fn input_shape(mut self, input_shape: [usize; 3]) -> Self {
        self.input_shape = Some(input_shape.map(Some));
        self
    }

    /// Leaves the classifier out.
    #[must_use]
    pub fn without_top(mut self, pooling: Option<Pooling>) -> Self {
        self.include_top = false;
        self.pooling = pooling;
        self
    }

    /// Sets the number of classes.
    #[must_use]
    pub fn classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }

    /// Sets what follows the classifier's sums.
    #[must_use]
    pub fn classifier_activation(mut self, activation: impl Into<Activation>) -> Self {
        self.classifier_activation = activation.into();
        self
    }

    /// Sets the model's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The value that comes in, after all that can be checked before there are layers.
    pub(super) fn input(&self, sides: &Sides) -> Result<Symbol, ApplicationError> {
        let Sides { application, usual, least } = *sides;
        if !(1..=MOST_CLASSES).contains(&self.classes) {
            return Err(ApplicationError::Classes { application, got: self.classes });
        }
        let side = self.include_top.then_some(usual);
        let [height, width, channels] = self.input_shape.unwrap_or([side, side, Some(3)]);
        let shape = Shape::new([None, height, width, channels]);
        if [height, width].iter().flatten().any(|&side| side < least) {
            return Err(ApplicationError::InputShape { application, least, got: shape });
        }
        Ok(Input::with(None, shape))
    }

    /// The classifier of most networks, or what stands in its place.
    pub(super) fn top(&self, x: &Symbol) -> Result<Symbol, ModelError> {
        if !self.include_top {
            return self.pooled(x);
        }
        self.classifier(&named("avg_pool", GlobalAveragePooling2D::new(), x)?)
    }

    /// The last dense layer.
    pub(super) fn classifier(&self, x: &Symbol) -> Result<Symbol, ModelError> {
        let dense = Dense::new(self.classes).activation(self.classifier_activation.clone());
        named("predictions", dense, x)
    }

    /// The last feature maps, pooled if that is asked for.
    pub(super) fn pooled(&self, x: &Symbol) -> Result<Symbol, ModelError> {
        match self.pooling {
            Some(Pooling::Average) => GlobalAveragePooling2D::new().call(x),
            Some(Pooling::Max) => GlobalMaxPooling2D::new().call(x),
            None => Ok(x.clone()),
        }
    }

    /// The model, under the name asked for or its usual one.
    pub(super) fn model(
        &self,
        usual: &str,
        input: &Symbol,
        output: &Symbol,
    ) -> Result<Model, ApplicationError> {
        Ok(Model::named(self.name.as_deref().unwrap_or(usual), input, output)?)
    }
}

/// How large an application's pictures are.
pub(super) struct Sides {
    pub application: &'static str,
    pub usual: usize,
    pub least: usize,
}

#[cfg(test)]
mod tests {
    use super::super::{NAMES, by_name};
    use super::*;

    #[test]
    fn pictures_that_would_shrink_to_nothing_are_refused() {
        for name in NAMES {
            let error = by_name(name, &Options::default().input_shape([31, 31, 3])).unwrap_err();
            assert!(matches!(error, ApplicationError::InputShape { .. }), "{name}: {error}");
            assert!(error.to_string().contains("got (None, 31, 31, 3)"), "{error}");
        }
    }

    #[test]
    fn no_classes_and_more_than_can_be_counted_are_refused() {
        for name in NAMES {
            for classes in [0, usize::MAX] {
                let error = by_name(name, &Options::default().classes(classes)).unwrap_err();
                assert!(matches!(error, ApplicationError::Classes { .. }), "{name}: {error}");
            }
        }
    }

    #[test]
    fn without_a_classifier_pictures_may_have_any_size() {
        for name in NAMES {
            let model = by_name(name, &Options::default().without_top(None)).unwrap();
            assert_eq!(model.inputs()[0].shape().to_string(), "(None, None, None, 3)", "{name}");
            let pooled = Options::default().without_top(Some(Pooling::Max));
            let model = by_name(name, &pooled).unwrap();
            let shape = model.outputs()[0].shape();
            assert_eq!((shape.rank(), shape.channels().is_some()), (2, true), "{name}");
        }
    }

    #[test]
    fn classes_activation_and_name_are_the_users() {
        for name in NAMES {
            let options =
                Options::default().classes(7).classifier_activation("linear").name("mine");
            let model = by_name(name, &options).unwrap();
            assert_eq!(model.outputs()[0].shape().to_string(), "(None, 7)", "{name}");
            let last = model.get_layer("predictions").unwrap();
            assert_eq!(last.layer().unwrap().config()["activation"], "linear", "{name}");
            assert_eq!(model.name(), "mine");
        }
    }

    #[test]
    fn an_unknown_activation_is_refused_by_the_classifier() {
        let error = super::super::vgg16(&Options::default().classifier_activation("softmux"));
        assert!(error.unwrap_err().to_string().contains("softmux"));
    }
}
