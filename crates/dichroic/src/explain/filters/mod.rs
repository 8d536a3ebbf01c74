//! The filters of a convolution as a matrix: input channels × filters, with numbers that say what to look at first.

mod kernels;
mod similarity;
mod statistics;

use dichroic_graph::kernels::tensor::Tensor;
use serde::Serialize;

use super::ExplainError;
use super::channels::reads_model_input;
use super::layer::sharing_name;
use crate::model::Model;
use kernels::FilterBank;
pub use kernels::Stage;
use similarity::alike;
use statistics::{Scale, statistics};

/// The kernels of a convolution in numbers; their weights come from [`FilterMatrix::kernels`].
///
/// A kernel is what one filter lays on one input channel. Whatever a layer shares, filter `f` has
/// `channels_per_filter` kernels, for the input channels from `first_channel[f]` on; a filter that uses one kernel on
/// every channel has it that many times.
///
/// ```
/// use dichroic::explain::FilterMatrix;
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Input, Sequential};
/// let mut model = Sequential::new().add(Input::new(&[28, 28, 3])).add(Conv2D::new(32, 5)).finish()?;
/// model.build(0)?;
/// let matrix = FilterMatrix::of(&model, "conv2d", None)?;
/// assert_eq!((matrix.filters, matrix.channels_per_filter, matrix.rgb), (32, 3, true));
/// assert_eq!(FilterMatrix::kernels(&model, "conv2d", None)?.shape(), [32, 3, 5, 5]);
/// # Ok::<(), dichroic::explain::ExplainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FilterMatrix {
    /// The layer's path.
    pub layer: String,
    /// Directions in which a kernel moves.
    pub rank: usize,
    /// The sides of a kernel.
    pub kernel_size: Vec<usize>,
    /// How many filters there are.
    pub filters: usize,
    /// Input channels that one filter sees.
    pub channels_per_filter: usize,
    /// Channels of the input; of the second stage of a separable convolution those between the stages.
    pub in_channels: usize,
    /// Groups of channels that don't mix.
    pub groups: usize,
    /// Which kernels of the layer are tied: `none`, `across_input_channels`, `depthwise`, `grouped`, `separable`.
    pub sharing: &'static str,
    /// Whether a filter spreads inputs over outputs instead of gathering them.
    pub transposed: bool,
    /// The stage of a separable convolution that this is; `None` for others.
    pub stage: Option<Stage>,
    /// The stages that can be asked for; none but of a separable convolution.
    pub stages: Vec<Stage>,
    /// The smallest weight.
    pub minimum: f32,
    /// The largest weight.
    pub maximum: f32,
    /// The largest distance of a weight from zero: the end of a symmetric scale.
    pub largest_absolute: f32,
    /// Whether the filters see the red, green and blue of the model's picture.
    pub rgb: bool,
    /// The first input channel that each filter sees.
    pub first_channel: Vec<usize>,
    /// Each filter in numbers.
    pub statistics: Vec<FilterStatistics>,
    /// The filters in several orders.
    pub orders: FilterOrders,
}

/// One filter in numbers, over its own weights, each once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FilterStatistics {
    /// The filter, counted from 0.
    pub filter: usize,
    /// Its bias; `None` without, and in the first stage of a separable convolution.
    pub bias: Option<f32>,
    /// `√Σw²`
    pub norm: f64,
    /// The mean of its weights.
    pub mean: f64,
    /// Its smallest weight.
    pub minimum: f32,
    /// Its largest weight.
    pub maximum: f32,
    /// The share of weights that are nearly zero, from 0 to 1: below a hundredth of the layer's largest.
    pub sparsity: f64,
    /// Whether all weights are nearly zero.
    pub dead: bool,
    /// The first earlier filter with the same weights, sign and scale apart: the cosine of both is above 0.999 or below -0.999.
    pub duplicate_of: Option<usize>,
}

/// The filters of a layer in orders to look at them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilterOrders {
    /// The largest norm first.
    pub norm: Vec<usize>,
    /// Each followed by the one most like it of those left, from the largest norm on; dead filters last.
    pub similarity: Vec<usize>,
    /// The most zeros first.
    pub sparsity: Vec<usize>,
}

impl FilterMatrix {
    /// The filters of the layer with this name, or path in nested models. `stage` is only for separable convolutions;
    /// without it theirs is the first.
    ///
    /// # Errors
    /// When the layer is no convolution, has no such stage, or its weights have no values.
    pub fn of(model: &Model, layer: &str, stage: Option<Stage>) -> Result<Self, ExplainError> {
        let path = model.path_of(layer)?;
        let bank = FilterBank::of(model, &path, stage)?;
        let scale = Scale::of(bank.weights());
        let mut statistics: Vec<FilterStatistics> =
            (0..bank.filters).map(|filter| statistics(&bank, filter, &scale)).collect();
        let norm = descending(&statistics, |filter| filter.norm);
        let alive: Vec<usize> =
            norm.iter().copied().filter(|&filter| !statistics[filter].dead).collect();
        let alike = alike(&bank, &alive);
        for (filter, twin) in alike.twins {
            statistics[filter].duplicate_of = Some(twin);
        }
        let dead = statistics.iter().filter(|filter| filter.dead).map(|filter| filter.filter);
        let similarity = alike.chain.into_iter().chain(dead).collect();
        let sparsity = descending(&statistics, |filter| filter.sparsity);
        Ok(Self {
            rank: bank.kernel_size.len(),
            rgb: bank.sees_three_channels() && reads_model_input(model, &path),
            layer: path,
            kernel_size: bank.kernel_size.clone(),
            filters: bank.filters,
            channels_per_filter: bank.channels,
            in_channels: bank.in_channels,
            groups: bank.groups,
            sharing: sharing_name(bank.sharing),
            transposed: bank.transposed,
            stage: bank.stage,
            stages: bank.stages(),
            minimum: scale.minimum,
            maximum: scale.maximum,
            largest_absolute: scale.largest_absolute,
            first_channel: (0..bank.filters).map(|filter| bank.first_channel(filter)).collect(),
            statistics,
            orders: FilterOrders { norm, similarity, sparsity },
        })
    }

    /// All kernels of the layer, whatever it shares.
    ///
    /// # Shapes
    /// `(filters, channels_per_filter, kernel…)`
    ///
    /// # Errors
    /// As [`FilterMatrix::of`].
    pub fn kernels(
        model: &Model,
        layer: &str,
        stage: Option<Stage>,
    ) -> Result<Tensor, ExplainError> {
        let bank = FilterBank::of(model, &model.path_of(layer)?, stage)?;
        bank.tensor()
    }
}

/// The filters from the largest value down; equal ones in their own order, NaN last.
fn descending(
    filters: &[FilterStatistics],
    value: impl Fn(&FilterStatistics) -> f64,
) -> Vec<usize> {
    let mut order: Vec<usize> = (0..filters.len()).collect();
    let key = |filter: usize| {
        let value = value(&filters[filter]);
        if value.is_nan() { f64::NEG_INFINITY } else { value }
    };
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    order
}

#[cfg(test)]
mod tests;
