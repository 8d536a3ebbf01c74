//! What a layer asks for: the weights it needs.

use super::LayerError;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;

/// One weight of a layer: its name, its shape and how it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSpec {
    /// Keras's name: `kernel`, `bias`, `gamma`, `moving_mean`, …
    pub name: &'static str,
    /// All axes; for kernels `(kernel…, in_channels / groups, filters)`.
    pub shape: Vec<usize>,
    /// How the first values are drawn.
    pub initializer: Initializer,
    /// Whether gradients may change it; moving statistics are not trainable.
    pub trainable: bool,
    /// The penalty it adds to the loss.
    pub regularizer: Option<Regularizer>,
}

impl WeightSpec {
    /// A trainable weight.
    pub fn new(
        name: &'static str,
        shape: impl Into<Vec<usize>>,
        initializer: &Initializer,
    ) -> Self {
        Self {
            name,
            shape: shape.into(),
            initializer: initializer.clone(),
            trainable: true,
            regularizer: None,
        }
    }

    /// The weight with a penalty.
    #[must_use]
    pub fn regularized(mut self, regularizer: Option<Regularizer>) -> Self {
        self.regularizer = regularizer;
        self
    }

    /// The weight, left alone by gradients.
    #[must_use]
    pub fn fixed(mut self) -> Self {
        self.trainable = false;
        self
    }

    /// The number of values; `None` where it can't be addressed.
    pub fn elements(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
    }

    /// Refuses a weight that can't be addressed or that its initializer can't fill.
    pub(super) fn checked(self) -> Result<Self, LayerError> {
        self.initializer.check(&self.shape)?;
        match self.elements().and_then(|elements| elements.checked_mul(size_of::<f32>())) {
            Some(bytes) if isize::try_from(bytes).is_ok() => Ok(self),
            _ => Err(LayerError::Argument {
                class_name: None,
                argument: self.name.to_owned(),
                rule: "has more values than memory can hold; use fewer filters or units, or a smaller input".to_owned(),
                got: format!("shape {:?}", self.shape),
            }),
        }
    }
}
