//! What a convolution is asked to do, as one value.

use thiserror::Error;

/// A convolution's sizes: everything but the values.
///
/// The forward pass, both gradients, the reference and the tests all take this one type. Axes are
/// depth, height, width; a 2-D convolution has 1 in front of each, a 1-D one has two.
///
/// output\[n, o, f\] = bias\[f\] + Σ over taps t and channels c of the filter's group:
/// input\[n, o × strides + t × dilation_rate − pad_before, c\] × weights\[t, c, f\], with zeros outside the input
///
/// # Shapes
/// - input: (batch, depth, height, width, in_channels)
/// - weights: (kernel depth, kernel height, kernel width, in_channels / groups, filters)
/// - output: (batch, output depth, output height, output width, filters)
///
/// Filters `g × filters / groups ..` see the channels `g × in_channels / groups ..` only.
///
/// ```
/// use dichroic_kernels::conv::ConvProblem;
/// let problem = ConvProblem::new_2d(1, [28, 28], 3, 32).kernel_2d([5, 5]);
/// assert_eq!(problem.output(), [1, 24, 24]);
/// assert_eq!(problem.weights_len(), 2400);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvProblem {
    /// Items in the batch; 0 is fine.
    pub batch: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Parts into which channels and filters are cut; divides both. `in_channels` = depthwise.
    pub groups: usize,
    /// Depth, height and width of the input.
    pub input: [usize; 3],
    /// Depth, height and width of a kernel, each at least 1.
    pub kernel: [usize; 3],
    /// Steps from one output place to the next, each at least 1.
    pub strides: [usize; 3],
    /// Steps from one tap to the next, each at least 1.
    pub dilation_rate: [usize; 3],
    /// Zeros before the first place of each axis.
    pub pad_before: [usize; 3],
    /// Zeros after the last place of each axis.
    pub pad_after: [usize; 3],
}

/// Why a convolution can't be computed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvError {
    /// A size that must be at least 1 is 0.
    #[error("{what} must be at least 1; received 0")]
    Zero {
        /// Which size.
        what: &'static str,
    },
    /// The groups don't divide the channels.
    #[error("groups must divide {what}; received {what} = {size} and groups = {groups}")]
    Groups {
        /// `in_channels` or `filters`.
        what: &'static str,
        /// Their number.
        size: usize,
        /// The number of groups.
        groups: usize,
    },
    /// A value would have more places than the machine can address.
    #[error("the {what} of this convolution is larger than this machine can address")]
    TooLarge {
        /// Which value.
        what: &'static str,
    },
}

impl ConvProblem {
    /// A 1×1×1 convolution of stride 1 without padding; change the fields from here.
    pub fn new(batch: usize, input: [usize; 3], in_channels: usize, filters: usize) -> Self {
        let ones = [1; 3];
        Self {
            batch,
            in_channels,
            filters,
            groups: 1,
            input,
            kernel: ones,
            strides: ones,
            dilation_rate: ones,
            pad_before: [0; 3],
            pad_after: [0; 3],
        }
    }

    /// As [`ConvProblem::new`] for pictures of height and width.
    pub fn new_2d(batch: usize, input: [usize; 2], in_channels: usize, filters: usize) -> Self {
        Self::new(batch, [1, input[0], input[1]], in_channels, filters)
    }

    /// A dense layer: each of `batch` rows of `in_channels` values times a matrix.
    pub fn new_dense(batch: usize, in_channels: usize, filters: usize) -> Self {
        Self::new(batch, [1; 3], in_channels, filters)
    }

    /// The same with this kernel size.
    pub fn kernel_2d(self, kernel: [usize; 2]) -> Self {
        Self { kernel: [1, kernel[0], kernel[1]], ..self }
    }

    /// The same with padding such that the output has ⌈input ÷ strides⌉ places; the odd zero goes
    /// to the end, as in Keras.
    pub fn same_padding(self) -> Self {
        let mut problem = self;
        for axis in 0..3 {
            let places = self.input[axis].div_ceil(self.strides[axis]);
            let needed = places.saturating_sub(1) * self.strides[axis] + self.extent(axis);
            let total = needed.saturating_sub(self.input[axis]);
            problem.pad_before[axis] = total / 2;
            problem.pad_after[axis] = total - total / 2;
        }
        problem
    }

    /// Depth, height and width of the output; 0 where the kernel does not fit.
    ///
    /// output = ⌊(input + padding − dilation_rate × (kernel − 1) − 1) ÷ strides⌋ + 1
    pub fn output(&self) -> [usize; 3] {
        std::array::from_fn(|axis| {
            let padded = self.input[axis] + self.pad_before[axis] + self.pad_after[axis];
            match padded.checked_sub(self.extent(axis)) {
                Some(room) => room / self.strides[axis] + 1,
                None => 0,
            }
        })
    }

    /// The places that a kernel spans along an axis, gaps of the dilation included.
    pub fn extent(&self, axis: usize) -> usize {
        self.dilation_rate[axis] * (self.kernel[axis] - 1) + 1
    }

    /// Places of the input of one item.
    pub fn input_places(&self) -> usize {
        self.input.iter().product()
    }

    /// Places of the output of one item.
    pub fn output_places(&self) -> usize {
        self.output().iter().product()
    }

    /// Places of one kernel.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Input channels that one filter sees.
    pub fn group_channels(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Filters of one group.
    pub fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Values of the input.
    pub fn input_len(&self) -> usize {
        self.batch * self.input_places() * self.in_channels
    }

    /// Values of the output.
    pub fn output_len(&self) -> usize {
        self.batch * self.output_places() * self.filters
    }

    /// Values of the weights.
    pub fn weights_len(&self) -> usize {
        self.taps() * self.group_channels() * self.filters
    }

    /// Multiply-adds of the forward pass, those with padding's zeros included; `u64::MAX` where there are more.
    pub fn macs(&self) -> u64 {
        let per_value = self.taps() as u64 * self.group_channels() as u64;
        (self.output_len() as u64).saturating_mul(per_value)
    }

    /// Checks what the other methods and the kernels take for granted.
    ///
    /// # Errors
    /// [`ConvError`]: a kernel size, stride, dilation rate or number of groups of 0, groups that do not divide the
    /// channels, or a value whose size overflows.
    pub fn validate(&self) -> Result<(), ConvError> {
        let at_least_one = [
            ("kernel_size", self.kernel),
            ("strides", self.strides),
            ("dilation_rate", self.dilation_rate),
            ("groups", [self.groups; 3]),
        ];
        for (what, sizes) in at_least_one {
            if sizes.contains(&0) {
                return Err(ConvError::Zero { what });
            }
        }
        for (what, size) in [("in_channels", self.in_channels), ("filters", self.filters)] {
            if size % self.groups != 0 {
                return Err(ConvError::Groups { what, size, groups: self.groups });
            }
        }
        self.check_sizes()
    }

    /// Kernels compute addresses as `isize`; every size below keeps well within it.
    fn check_sizes(&self) -> Result<(), ConvError> {
        const LIMIT: u128 = isize::MAX as u128 / 16;
        let mut padded = [0u128; 3];
        for (axis, size) in padded.iter_mut().enumerate() {
            let extent = self.dilation_rate[axis] as u128 * self.kernel[axis] as u128;
            *size = self.input[axis] as u128
                + self.pad_before[axis] as u128
                + self.pad_after[axis] as u128;
            if extent > LIMIT || self.strides[axis] as u128 > LIMIT {
                return Err(ConvError::TooLarge { what: "kernel" });
            }
        }
        let too_large = |what, sizes: &[u128]| {
            let product = sizes.iter().try_fold(1u128, |product, &size| {
                product.checked_mul(size.max(1)).filter(|&product| product <= LIMIT)
            });
            product.map(|_| ()).ok_or(ConvError::TooLarge { what })
        };
        let [depth, height, width] = padded;
        let [taps_d, taps_h, taps_w] = self.kernel.map(|size| size as u128);
        let (batch, channels) = (self.batch as u128, self.in_channels as u128);
        let filters = self.filters as u128;
        too_large("input", &[batch, depth, height, width, channels])?;
        too_large("weights", &[taps_d, taps_h, taps_w, channels, filters])?;
        too_large("output", &[batch, depth, height, width, filters])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_cell_at_the_end() {
        let mut problem = ConvProblem::new_2d(1, [6, 7], 1, 1).kernel_2d([3, 2]);
        problem.strides = [1, 2, 1];
        let problem = problem.same_padding();
        assert_eq!(problem.output(), [1, 3, 7]);
        assert_eq!((problem.pad_before, problem.pad_after), ([0, 0, 0], [0, 1, 1]));
    }

    #[test]
    fn a_kernel_that_does_not_fit_gives_no_output() {
        let problem = ConvProblem::new_2d(1, [4, 4], 1, 1).kernel_2d([5, 3]);
        assert_eq!(problem.output(), [1, 0, 2]);
        assert_eq!(problem.output_len(), 0);
    }

    #[test]
    fn dilation_widens_the_kernel_and_strides_round_down() {
        let mut problem = ConvProblem::new_2d(2, [10, 10], 4, 8).kernel_2d([3, 3]);
        problem.dilation_rate = [1, 2, 3];
        problem.strides = [1, 2, 2];
        assert_eq!(problem.output(), [1, 3, 2]);
        assert_eq!(problem.macs(), 2 * 6 * 8 * 9 * 4);
    }

    #[test]
    fn more_multiply_adds_than_can_be_counted_are_not_taken_for_few() {
        let problem = ConvProblem::new_2d(1, [1_000_000; 2], 64, 64).kernel_2d([1000, 1000]);
        assert_eq!(problem.validate(), Ok(()));
        assert_eq!(problem.macs(), u64::MAX);
    }

    #[test]
    fn wrong_problems_are_refused_by_name() {
        let good = ConvProblem::new(1, [1, 8, 8], 6, 4);
        assert_eq!(good.validate(), Ok(()));
        let message = |problem: ConvProblem| problem.validate().unwrap_err().to_string();
        let zero = ConvProblem { strides: [1, 0, 1], ..good };
        assert_eq!(message(zero), "strides must be at least 1; received 0");
        let groups = ConvProblem { groups: 4, ..good };
        assert!(message(groups).ends_with("received in_channels = 6 and groups = 4"));
        let huge = ConvProblem { pad_before: [usize::MAX; 3], ..good };
        assert!(message(huge).contains("input"));
        let huge = ConvProblem { dilation_rate: [usize::MAX; 3], ..good };
        assert!(message(huge).contains("kernel"));
    }
}
