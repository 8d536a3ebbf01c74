//! The convolution inside a layer, described for those who count, trace and draw it.

/// Which kernels are tied to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Every (input channel, filter) pair has a kernel of its own.
    None,
    /// A filter uses one kernel on every input channel.
    AcrossInputChannels,
    /// Every input channel has its own filters and no other channel adds to them.
    Depthwise,
    /// Channels are cut into groups; a filter sees the channels of its group.
    Grouped,
    /// A depthwise convolution, then a 1×1 convolution over channels.
    Separable,
}

/// The window of an op along each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Positions under the window, without the holes of dilation.
    pub size: Vec<usize>,
    /// Steps between neighbouring outputs.
    pub strides: Vec<usize>,
    /// Distance between neighbouring positions under the window.
    pub dilation_rate: Vec<usize>,
    /// Zeros (or nothing, for pools) before the first position; cells cut off if transposed.
    pub pad_before: Vec<usize>,
    /// The same after the last position.
    pub pad_after: Vec<usize>,
    /// Whether the window spreads an input over outputs (transposed convolution, upsampling) instead of gathering.
    pub transposed: bool,
}

impl Window {
    /// The window of one position: a 1×1 kernel.
    pub(super) fn point(rank: usize) -> Self {
        Self {
            size: vec![1; rank],
            strides: vec![1; rank],
            dilation_rate: vec![1; rank],
            pad_before: vec![0; rank],
            pad_after: vec![0; rank],
            transposed: false,
        }
    }
}

/// A convolution as its weights define it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Directions in which the kernel moves: 1, 2 or 3.
    pub rank: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Output channels, each made by one filter.
    pub filters: usize,
    /// Groups of channels that don't mix in space; 1 for an ordinary convolution, the input channels for a depthwise or separable one.
    pub groups: usize,
    /// Which kernels are tied.
    pub sharing: Sharing,
    /// Size, strides, dilation and padding.
    pub window: Window,
    /// Whether each filter adds a bias.
    pub bias: bool,
    /// Keras's name of the activation that follows; `linear` for none.
    pub activation: String,
}
