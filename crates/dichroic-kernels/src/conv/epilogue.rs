//! What is done with a sum beyond its products: bias, residual, activation, and where it goes.

use std::ops::Range;

use super::ConvArgs;
use super::finish::Finish;
use crate::elementwise::Unary;
use crate::parallel::DisjointMut;

/// What happens to an output value while it is still in a register: activation(sum + bias + residual).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue {
    /// Whether one value per output channel is added.
    pub bias: bool,
    /// Whether another tensor is added, and where it lies.
    pub residual: Residual,
    /// The function applied after that.
    pub activation: Option<Unary>,
    /// Where the output channels go.
    pub output: OutputChannels,
}

impl Epilogue {
    /// Whether a place without products keeps what it holds.
    pub(super) fn leaves_residual(&self) -> bool {
        self.residual == Residual::InPlace && !self.bias && self.activation.is_none()
    }

    /// Whether a result of this many places and channels, written in blocks of `block` channels, goes past the caches: it
    /// has `least` values or more, so that the next kernel would not find them there anyway, and consists of whole vectors
    /// that are complete when they are written.
    pub(super) fn streams(
        &self,
        (places, channels): (usize, usize),
        block: usize,
        lanes: usize,
        least: usize,
    ) -> bool {
        let whole = [block, self.output.first(), self.output.stride(channels)];
        whole.iter().all(|size| size % lanes == 0)
            && places.saturating_mul(channels) >= least
            && !matches!(Finish::new(self.activation), Finish::Rows(_))
    }
}

/// A tensor of the output's shape that is added before the activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Residual {
    /// None.
    #[default]
    None,
    /// In memory of its own, [`ConvArgs::residual`].
    Separate,
    /// In the output, which is written over.
    InPlace,
}

/// The channels of the output that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutputChannels {
    /// All there are: the output holds nothing else.
    #[default]
    Dense,
    /// Some of a wider output (a concatenation in place); its other channels are left alone.
    ///
    /// ```text
    /// place 0                place 1
    /// ……│ filters │……………… │ ……│ filters │………………
    ///   first          total   total + first
    /// ```
    Range {
        /// The first channel that is written.
        first: usize,
        /// All channels of the output.
        total: usize,
    },
}

impl OutputChannels {
    /// The first channel that is written.
    pub fn first(self) -> usize {
        match self {
            OutputChannels::Dense => 0,
            OutputChannels::Range { first, .. } => first,
        }
    }

    /// The distance between neighbouring places of an output of which `channels` are written.
    pub fn stride(self, channels: usize) -> usize {
        match self {
            OutputChannels::Dense => channels,
            OutputChannels::Range { total, .. } => total,
        }
    }
}

/// The operands of one run that an [`Epilogue`] speaks of, with their lengths checked.
pub(super) struct Ends<'a> {
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    in_place: bool,
    output: DisjointMut<'a>,
    first: usize,
    stride: usize,
    channels: usize,
    streams: bool,
}

impl<'a> Ends<'a> {
    /// The operands for an output of this many places and channels.
    ///
    /// # Panics
    /// When one is missing or has the wrong length.
    pub fn new(epilogue: &Epilogue, places: usize, channels: usize, args: ConvArgs<'a>) -> Self {
        let bias = args.bias.filter(|_| epilogue.bias);
        assert_eq!(bias.is_some(), epilogue.bias, "a bias is planned for, and must be given");
        if let Some(bias) = bias {
            assert_eq!(bias.len(), channels, "length of the bias");
        }
        let separate = epilogue.residual == Residual::Separate;
        let residual = args.residual.filter(|_| separate);
        assert_eq!(residual.is_some(), separate, "a residual is planned for, and must be given");
        if let Some(residual) = residual {
            assert_eq!(residual.len(), places * channels, "length of the residual");
        }
        let (first, stride) = (epilogue.output.first(), epilogue.output.stride(channels));
        assert!(first + channels <= stride, "the channels must lie within the output's");
        assert_eq!(args.output.len(), places * stride, "length of the result");
        let in_place = epilogue.residual == Residual::InPlace;
        let output = DisjointMut::new(args.output);
        Self { bias, residual, in_place, output, first, stride, channels, streams: false }
    }

    /// Has vectors of so many lanes written past the caches, if the output is aligned to them; for an epilogue that
    /// [streams](Epilogue::streams).
    pub fn stream(&mut self, lanes: usize) {
        let start = self.output.pointer(0);
        self.streams = start.align_offset(lanes * size_of::<f32>()) == 0;
    }

    /// Whether vectors are written past the caches.
    pub fn streams(&self) -> bool {
        self.streams
    }

    /// The bias from this channel on; null for none.
    pub fn bias(&self, channel: usize) -> *const f32 {
        self.bias.map_or(std::ptr::null(), |bias| bias[channel..].as_ptr())
    }

    /// The residual from this channel on at the first place, null for none, and the distance between places.
    pub fn residual(&self, channel: usize) -> (*const f32, usize) {
        match self.residual {
            Some(residual) => (residual[channel..].as_ptr(), self.channels),
            None if self.in_place => (self.output(channel).cast_const(), self.stride),
            None => (std::ptr::null(), 0),
        }
    }

    /// This channel of the output at its first place.
    pub fn output(&self, channel: usize) -> *mut f32 {
        self.output.pointer(self.first + channel)
    }

    /// The distance between neighbouring places of the output.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Channels of one place of the output.
    ///
    /// # Safety
    /// While the row lives, no other access to these channels at this place may be made.
    pub unsafe fn row(&self, place: usize, channels: Range<usize>) -> &'a mut [f32] {
        let start = place * self.stride + self.first;
        // SAFETY: the caller vouches that nothing overlaps.
        unsafe { self.output.range(start + channels.start..start + channels.end) }
    }
}
