//! Why a model says what it says: which parts of a picture a class score depends on.
//!
//! All methods but occlusion are gradients: those of the class score before its softmax or sigmoid, since behind it a
//! score that is nearly 1 has no slope left. A model without either is differentiated at its output.

mod ascent;
mod cam;
mod error;
mod gradient;
mod layer;
mod occlusion;
mod picture;
mod saliency;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use dichroic_graph::kernels::tensor::Tensor;
use serde::Serialize;

use crate::model::Model;
pub use ascent::{Ascent, AscentStep, MaximalInput};
pub use error::AttributionError;
use gradient::Subject;

/// A way to ask for reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `max(0, Σ_k α_k · A_k)`, where `A_k` are a layer's maps and `α_k` the mean over positions of the score's gradient by `A_k`.
    ///
    /// # Source
    /// Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
    GradCam,
    /// `max(0, Σ_k w_k · A_k)` with `w_k = Σ_ij α_kij · max(0, g_kij)` and `α = g² / (2 g² + g³ · Σ_ab A_kab)`, where `g` is
    /// the score's gradient.
    ///
    /// The paper differentiates `exp(score)`, which multiplies every `w_k` by the same number; it is left out here.
    ///
    /// # Source
    /// Chattopadhay et al., "Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks", 2018.
    GradCamPlusPlus,
    /// The largest `|∂score/∂x|` of each pixel's channels.
    ///
    /// # Source
    /// Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013.
    Saliency,
    /// Saliency of the mean gradient over pictures with noise, whose deviation is 0.15 of the picture's range.
    ///
    /// # Source
    /// Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017.
    SmoothGrad,
    /// `Σ_channels (x - x') · ∫₀¹ ∂score/∂x (x' + t (x - x')) dt` with zeros for `x'`; the integral is the mean over the
    /// middles of equal steps. The sum of the map is the difference of the scores of `x` and `x'`.
    ///
    /// # Source
    /// Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", 2017.
    IntegratedGradients,
    /// How much the score falls when a square around a pixel is covered with the picture's mean colour: the mean over all
    /// squares that cover it.
    ///
    /// # Source
    /// Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014.
    Occlusion,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 6] = [
        Self::GradCam,
        Self::GradCamPlusPlus,
        Self::Saliency,
        Self::SmoothGrad,
        Self::IntegratedGradients,
        Self::Occlusion,
    ];

    /// The name in JSON: `grad_cam`.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "grad_cam",
            Self::GradCamPlusPlus => "grad_cam_plus_plus",
            Self::Saliency => "saliency",
            Self::SmoothGrad => "smooth_grad",
            Self::IntegratedGradients => "integrated_gradients",
            Self::Occlusion => "occlusion",
        }
    }

    /// The method with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What is asked, and how thoroughly. Options that a method doesn't have are not looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionRequest {
    /// The method.
    pub method: Method,
    /// The class; `None` for the one with the highest score.
    pub class: Option<usize>,
    /// The layer of the class activation maps, by name or path; `None` for the last maps that a convolution had a part in,
    /// with the normalisation, addition and activation behind it.
    pub layer: Option<String>,
    /// Noisy pictures of SmoothGrad; at least 1.
    pub samples: usize,
    /// Steps of integrated gradients; at least 1.
    pub steps: usize,
    /// The side of the covered square in pixels; `None` for an eighth of the picture.
    pub window: Option<usize>,
    /// Pixels from square to square; `None` for half its side.
    pub stride: Option<usize>,
    /// Makes the noise.
    pub seed: u64,
}

impl AttributionRequest {
    /// The request with 16 samples, 32 steps and seed 0.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            class: None,
            layer: None,
            samples: 16,
            steps: 32,
            window: None,
            stride: None,
            seed: 0,
        }
    }
}

/// A map of reasons over the picture.
///
/// ```
/// use dichroic::Tensor;
/// use dichroic::explain::{Attribution, AttributionRequest, Method};
/// use dichroic::layers::{Conv2D, Dense, GlobalAveragePooling2D};
/// use dichroic::model::{Input, Sequential};
/// use std::ops::ControlFlow;
/// let mut model = Sequential::new()
///     .add(Input::new(&[12, 12, 3]))
///     .add(Conv2D::new(4, 3).activation("relu"))
///     .add(GlobalAveragePooling2D::new())
///     .add(Dense::new(2).activation("softmax"))
///     .finish()?;
/// model.build(0)?;
/// let picture = Tensor::full([1, 12, 12, 3], 0.5)?;
/// let request = AttributionRequest::new(Method::GradCam);
/// let found = Attribution::of(&model, &[picture], &request, &mut |_| ControlFlow::Continue(()))?;
/// assert_eq!((found.layer.as_deref(), found.map.shape()), (Some("conv2d"), &[12, 12][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribution {
    /// The method.
    pub method: Method,
    /// The class.
    pub class: usize,
    /// Its name; `None` here, as a model doesn't know it.
    pub class_name: Option<String>,
    /// The model's output for the class: a probability behind a softmax.
    pub score: f32,
    /// Where the score was taken that is differentiated or compared.
    pub score_of: ScoreOf,
    /// The layer that a class activation map weighs.
    pub layer: Option<String>,
    /// The smallest value of the map.
    pub minimum: f32,
    /// The largest value of the map.
    pub maximum: f32,
    /// Of integrated gradients.
    pub completeness: Option<Completeness>,
    /// The map `(height, width)` over the picture.
    #[serde(skip)]
    pub map: Tensor,
    /// Of class activation maps, the map on the layer's own positions, before it was stretched over the picture.
    #[serde(skip)]
    pub grid: Option<Tensor>,
}

/// Where a class score is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreOf {
    /// Before the output's softmax.
    BeforeSoftmax,
    /// Before the output's sigmoid.
    BeforeSigmoid,
    /// At the output.
    Output,
}

/// Whether integrated gradients account for the whole score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Completeness {
    /// The sum of the map.
    pub sum: f64,
    /// What it should be: the score of the picture less that of zeros.
    pub expected: f64,
}

/// Told the part done, from 0 to 1, after each run of the model; stops the work by breaking.
pub type Watch<'a> = dyn FnMut(f32) -> ControlFlow<()> + 'a;

impl Attribution {
    /// Looks for the reasons for a class in the first item of the arrays; the first of them that is a picture is looked at,
    /// others are held.
    ///
    /// # Errors
    /// When the model has no classes, the class is out of range, no input is a picture, a layer has no positions, an option
    /// is out of range, the weights have no values or an array does not suit; and when `watch` breaks.
    pub fn of(
        model: &Model,
        inputs: &[Tensor],
        request: &AttributionRequest,
        watch: &mut Watch<'_>,
    ) -> Result<Self, AttributionError> {
        let subject = Subject::of(model, inputs, request.class)?;
        let mut found = Self {
            method: request.method,
            class: subject.class,
            class_name: None,
            score: subject.score,
            score_of: subject.score_of,
            layer: None,
            minimum: 0.0,
            maximum: 0.0,
            completeness: None,
            map: Tensor::zeros([0, 0])?,
            grid: None,
        };
        match request.method {
            Method::GradCam | Method::GradCamPlusPlus => {
                let cam = cam::map(&subject, request)?;
                found.layer = Some(cam.layer);
                found.map = picture::stretched(&cam.grid, subject.sides())?;
                found.grid = Some(cam.grid);
                report(watch, 1, 1)?;
            }
            Method::Saliency => {
                found.map = saliency::saliency(&subject)?;
                report(watch, 1, 1)?;
            }
            Method::SmoothGrad => found.map = saliency::smooth(&subject, request, watch)?,
            Method::IntegratedGradients => {
                let (map, completeness) = saliency::integrated(&subject, request.steps, watch)?;
                (found.map, found.completeness) = (map, Some(completeness));
            }
            Method::Occlusion => found.map = occlusion::map(&subject, request, watch)?,
        }
        let values = found.map.data().iter().copied();
        found.minimum = values.clone().fold(f32::INFINITY, f32::min);
        found.maximum = values.fold(f32::NEG_INFINITY, f32::max);
        Ok(found)
    }
}

/// Tells how much is done.
fn report(watch: &mut Watch<'_>, done: usize, all: usize) -> Result<(), AttributionError> {
    match watch(done as f32 / all.max(1) as f32) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(AttributionError::Cancelled),
    }
}
