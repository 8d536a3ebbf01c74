//! Where the weights of a filter lie, for each way of sharing.

use dichroic_graph::ParameterId;
use dichroic_graph::kernels::tensor::Tensor;
use serde::Serialize;

use crate::explain::ExplainError;
use crate::explain::trace::convolutions;
use crate::layers::{Convolution, Sharing};
use crate::model::{LayerRef, Model, ModelError};

/// A stage of a separable convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The first: each input channel has kernels of its own.
    Depthwise,
    /// The second: 1×1 filters over all channels between the stages.
    Pointwise,
}

impl Stage {
    /// Both, in the order in which they run.
    pub const ALL: [Self; 2] = [Self::Depthwise, Self::Pointwise];

    /// The stage with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// `depthwise` or `pointwise`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Depthwise => "depthwise",
            Self::Pointwise => "pointwise",
        }
    }
}

/// A layer's weights seen as filters.
///
/// The array is `(kernel…, channels, filters)` in memory, or `(kernel…, filters, channels)` if transposed; that of a
/// depthwise stage `(kernel…, in_channels, multiplier)` is `(kernel…, 1, in_channels · multiplier)` with the same values.
pub(super) struct FilterBank<'a> {
    pub(super) kernel_size: Vec<usize>,
    pub(super) filters: usize,
    /// Input channels that one filter sees.
    pub(super) channels: usize,
    pub(super) in_channels: usize,
    pub(super) groups: usize,
    /// The layer's, not the stage's.
    pub(super) sharing: Sharing,
    pub(super) transposed: bool,
    pub(super) stage: Option<Stage>,
    /// Kernels that a filter has weights for: its channels, but 1 where it uses one kernel on all of them.
    own_channels: usize,
    weights: &'a Tensor,
    bias: Option<&'a Tensor>,
}

impl<'a> FilterBank<'a> {
    /// The filters of the layer with this path.
    pub(super) fn of(
        model: &'a Model,
        path: &str,
        stage: Option<Stage>,
    ) -> Result<Self, ExplainError> {
        let layer = model.get_layer(path)?;
        let convolution = convolution_of(model, layer, path)?;
        let stage = match (convolution.sharing, stage) {
            (Sharing::Separable, stage) => Some(stage.unwrap_or(Stage::Depthwise)),
            (_, None) => None,
            (_, Some(stage)) => {
                return Err(ExplainError::NoStages {
                    layer: path.to_owned(),
                    class_name: layer.class_name().to_owned(),
                    stage: stage.name(),
                });
            }
        };
        let parameters = model.parameters()?;
        let tensors: Vec<&Tensor> = model
            .weights_of(layer)
            .into_iter()
            .filter_map(|index| parameters.get(ParameterId(index)))
            .collect();
        let missing = || ModelError::NoWeights { model: model.name().to_owned() };
        let place = usize::from(stage == Some(Stage::Pointwise));
        let weights = *tensors.get(place).ok_or_else(missing)?;
        let bias = convolution.bias && stage != Some(Stage::Depthwise);
        let bias = if bias { tensors.last().copied() } else { None };
        Ok(Self::laid_out(&convolution, stage, weights, bias))
    }

    fn laid_out(
        convolution: &Convolution,
        stage: Option<Stage>,
        weights: &'a Tensor,
        bias: Option<&'a Tensor>,
    ) -> Self {
        let in_channels = convolution.in_channels;
        let mut bank = Self {
            kernel_size: convolution.window.size.clone(),
            filters: convolution.filters,
            channels: in_channels,
            in_channels,
            groups: convolution.groups,
            sharing: convolution.sharing,
            transposed: convolution.window.transposed,
            stage,
            own_channels: in_channels,
            weights,
            bias,
        };
        let [before, last] = match weights.shape() {
            [.., before, last] => [*before, *last],
            _ => [1, 1],
        };
        match (convolution.sharing, stage) {
            (Sharing::None, _) => {}
            (Sharing::AcrossInputChannels, _) => bank.own_channels = 1,
            (Sharing::Grouped, _) => {
                bank.channels = in_channels / convolution.groups.max(1);
                bank.own_channels = bank.channels;
            }
            (Sharing::Separable, Some(Stage::Pointwise)) => {
                bank.kernel_size = vec![1; convolution.rank];
                (bank.in_channels, bank.channels, bank.own_channels) = (before, before, before);
                bank.groups = 1;
            }
            (Sharing::Depthwise | Sharing::Separable, _) => {
                bank.filters = before * last;
                (bank.channels, bank.own_channels) = (1, 1);
            }
        }
        bank
    }

    /// All weights of the layer or stage, each once.
    pub(super) fn weights(&self) -> &'a [f32] {
        self.weights.data()
    }

    /// The weights of a filter, each once, channel by channel.
    pub(super) fn filter(&self, filter: usize) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.own_channels * self.cells());
        for channel in 0..self.own_channels {
            values.extend((0..self.cells()).map(|cell| self.weight(filter, channel, cell)));
        }
        values
    }

    /// The filter's bias.
    pub(super) fn bias(&self, filter: usize) -> Option<f32> {
        self.bias?.data().get(filter).copied()
    }

    /// The first input channel that a filter sees.
    pub(super) fn first_channel(&self, filter: usize) -> usize {
        // One group is a depthwise stage's channel, with its multiplier of filters.
        filter / (self.filters / self.groups.max(1)).max(1)
            * (self.in_channels / self.groups.max(1))
    }

    /// Whether each filter is a colour picture if the layer sees one.
    pub(super) fn sees_three_channels(&self) -> bool {
        self.kernel_size.len() == 2
            && self.in_channels == 3
            && self.channels == 3
            && self.own_channels == 3
            && !self.transposed
            && self.stage.is_none()
    }

    /// The stages of the layer.
    pub(super) fn stages(&self) -> Vec<Stage> {
        self.stage.map(|_| Stage::ALL.to_vec()).unwrap_or_default()
    }

    /// `(filters, channels, kernel…)`
    pub(super) fn tensor(&self) -> Result<Tensor, ExplainError> {
        let copies = self.channels / self.own_channels.max(1);
        let mut values = Vec::with_capacity(self.filters * self.channels * self.cells());
        for filter in 0..self.filters {
            let own = self.filter(filter);
            (0..copies).for_each(|_| values.extend_from_slice(&own));
        }
        let shape = [&[self.filters, self.channels], self.kernel_size.as_slice()].concat();
        Ok(Tensor::new(shape, values).map_err(ModelError::from)?)
    }

    fn cells(&self) -> usize {
        self.kernel_size.iter().product()
    }

    fn weight(&self, filter: usize, channel: usize, cell: usize) -> f32 {
        let index = match self.transposed {
            true => (cell * self.filters + filter) * self.own_channels + channel,
            false => (cell * self.own_channels + channel) * self.filters + filter,
        };
        self.weights.data()[index]
    }
}

/// The convolution inside the layer with this path.
pub(in crate::explain) fn convolution_of(
    model: &Model,
    layer: &LayerRef,
    path: &str,
) -> Result<Convolution, ExplainError> {
    let inputs =
        layer.built_for().ok_or_else(|| ModelError::NotBuilt { model: model.name().to_owned() })?;
    let found = layer.layer().and_then(|kind| kind.convolution(inputs));
    found.ok_or_else(|| ExplainError::NotAConvolution {
        layer: path.to_owned(),
        class_name: layer.class_name().to_owned(),
        convolutions: convolutions(model),
    })
}
