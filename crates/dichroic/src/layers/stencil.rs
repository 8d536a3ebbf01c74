//! Where a window stands on its input: the arithmetic of sizes, strides, dilation and padding.

use super::{LayerError, Padding, Window};
use crate::shape::Shape;

/// A window with its way over the input; convolutions and pools share it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stencil<'a> {
    /// What the window is called in errors: `kernel` or `pool`.
    pub(super) what: &'static str,
    pub(super) size: &'a [usize],
    pub(super) strides: &'a [usize],
    pub(super) dilation_rate: &'a [usize],
    pub(super) padding: Padding,
}

impl Stencil<'_> {
    /// Refuses sizes of zero, and strides together with dilation.
    pub(super) fn check(&self) -> Result<(), LayerError> {
        let size = format!("{}_size", self.what);
        at_least_one(&size, self.size)?;
        at_least_one("strides", self.strides)?;
        at_least_one("dilation_rate", self.dilation_rate)?;
        if self.strides.iter().any(|&s| s > 1) && self.dilation_rate.iter().any(|&d| d > 1) {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "dilation_rate".to_owned(),
                rule:
                    "strides above 1 and dilation above 1 don't go together; set one of them to 1"
                        .to_owned(),
                got: format!(
                    "strides={:?} and dilation_rate={:?}",
                    self.strides, self.dilation_rate
                ),
            });
        }
        Ok(())
    }

    /// Positions from the window's first to its last, holes included.
    pub(super) fn extent(&self, axis: usize) -> usize {
        extent(self.size[axis], self.dilation_rate[axis])
    }

    /// The spatial axes of the output.
    pub(super) fn output(&self, input: &Shape) -> Result<Vec<Option<usize>>, LayerError> {
        let spatial = input.spatial();
        let misfit = |axis: usize| spatial[axis].is_some_and(|size| size < self.extent(axis));
        if self.padding == Padding::Valid && (0..spatial.len()).any(misfit) {
            let extents: Vec<usize> = (0..spatial.len()).map(|axis| self.extent(axis)).collect();
            let dilated = if extents == self.size { "" } else { " (with dilation)" };
            return Err(LayerError::InputShape {
                rule: format!(
                    "{} {}{dilated} does not fit into {}",
                    self.what,
                    crossed(extents.iter().copied().map(Some)),
                    crossed(spatial.iter().copied())
                ),
                got: input.clone(),
                fix: format!(
                    "use padding='same', a smaller {}, or fewer layers that shrink the input",
                    self.what
                ),
            });
        }
        let size = |axis: usize| {
            spatial[axis].map(|size| match self.padding {
                Padding::Valid => (size - self.extent(axis)) / self.strides[axis] + 1,
                // A causal axis is padded by all that the kernel looks back.
                Padding::Same | Padding::Causal => size.div_ceil(self.strides[axis]),
            })
        };
        Ok((0..spatial.len()).map(size).collect())
    }

    /// Zeros before and after each axis. An open axis counts as one that the strides divide.
    pub(super) fn margins(&self, spatial: &[Option<usize>]) -> Vec<(usize, usize)> {
        let margin = |axis: usize| {
            let (extent, stride) = (self.extent(axis), self.strides[axis]);
            match self.padding {
                Padding::Valid => (0, 0),
                Padding::Causal => (extent - 1, 0),
                Padding::Same => {
                    let last = spatial[axis].map_or(0, |size| size.saturating_sub(1) % stride);
                    let uncovered = if spatial[axis].is_some() { last + 1 } else { stride };
                    let total = extent.saturating_sub(uncovered);
                    // As in TensorFlow, the odd cell goes to the end.
                    (total / 2, total - total / 2)
                }
            }
        };
        (0..spatial.len()).map(margin).collect()
    }

    /// The window as data.
    pub(super) fn window(&self, input: &Shape) -> Window {
        let margins = self.margins(input.spatial());
        Window {
            size: self.size.to_vec(),
            strides: self.strides.to_vec(),
            dilation_rate: self.dilation_rate.to_vec(),
            pad_before: margins.iter().map(|&(before, _)| before).collect(),
            pad_after: margins.iter().map(|&(_, after)| after).collect(),
            transposed: false,
        }
    }
}

/// Refuses `causal` where Keras has it not: everywhere but in one-dimensional convolutions.
pub(super) fn not_causal(padding: Padding) -> Result<(), LayerError> {
    match padding {
        Padding::Valid | Padding::Same => Ok(()),
        Padding::Causal => Err(LayerError::Argument {
            class_name: None,
            argument: "padding".to_owned(),
            rule: "'causal' is for Conv1D; use 'same' or 'valid'".to_owned(),
            got: "'causal'".to_owned(),
        }),
    }
}

/// Positions from the first to the last of `size` positions, `dilation` apart.
pub(super) fn extent(size: usize, dilation: usize) -> usize {
    size.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}

/// Refuses a list of sizes with a zero in it, or with one that no machine can compute with.
pub(super) fn at_least_one(argument: &str, sizes: &[usize]) -> Result<(), LayerError> {
    // Keeps every later product of two sizes within 64 bits.
    const LARGEST: usize = i32::MAX as usize;
    if sizes.iter().all(|size| (1..=LARGEST).contains(size)) {
        return Ok(());
    }
    Err(LayerError::Argument {
        class_name: None,
        argument: argument.to_owned(),
        rule: format!("must be at least 1 and at most {LARGEST}"),
        got: match sizes {
            [size] => size.to_string(),
            sizes => format!("{sizes:?}"),
        },
    })
}

/// The only input of a layer that works on `rank` spatial axes, and its channels.
pub(super) fn spatial_input(inputs: &[Shape], rank: usize) -> Result<(&Shape, usize), LayerError> {
    let input = spatial_shape(inputs, rank)?;
    let channels = input.channels().filter(|&channels| channels > 0);
    channels.map(|channels| (input, channels)).ok_or_else(|| LayerError::InputShape {
        rule: "the channels (last axis) must be known and at least 1".to_owned(),
        got: input.clone(),
        fix: "give the input a fixed number of channels".to_owned(),
    })
}

/// The only input of a layer that works on `rank` spatial axes.
pub(super) fn spatial_shape(inputs: &[Shape], rank: usize) -> Result<&Shape, LayerError> {
    let input = single(inputs)?;
    if input.rank() == rank + 2 {
        return Ok(input);
    }
    let axes = match rank {
        1 => "(batch, width, channels)",
        2 => "(batch, height, width, channels)",
        _ => "(batch, depth, height, width, channels)",
    };
    let fix = match input.rank() {
        2 => "put the layer before Flatten, or a Reshape in front of it".to_owned(),
        short if short == rank + 1 => {
            format!(
                "add the missing axis, for grey pictures channels=1, or use the {}D layer",
                short - 2
            )
        }
        long if (3..=5).contains(&long) => format!("use the {}D layer", long - 2),
        _ => "give the input this many axes".to_owned(),
    };
    Err(LayerError::Rank { expected: rank + 2, axes, got: input.clone(), fix })
}

/// The only input of a layer.
pub(super) fn single(inputs: &[Shape]) -> Result<&Shape, LayerError> {
    match inputs {
        [input] => Ok(input),
        _ => Err(LayerError::InputCount { expected: "one input", got: inputs.len() }),
    }
}

/// `(batch, spatial…, channels)`
pub(super) fn with_spatial(
    input: &Shape,
    spatial: impl IntoIterator<Item = Option<usize>>,
    channels: Option<usize>,
) -> Shape {
    let batch = input.axes().first().copied().flatten();
    let axes: Vec<_> = std::iter::once(batch).chain(spatial).chain([channels]).collect();
    Shape::new(axes)
}

fn crossed(sizes: impl Iterator<Item = Option<usize>>) -> String {
    let texts: Vec<_> =
        sizes.map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string())).collect();
    texts.join("×")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stencil<'a>(size: &'a [usize], strides: &'a [usize], padding: Padding) -> Stencil<'a> {
        Stencil { what: "kernel", size, strides, dilation_rate: &[1, 1][..size.len()], padding }
    }

    #[test]
    fn same_padding_puts_the_odd_cell_at_the_end() {
        let even = stencil(&[4, 2], &[1, 1], Padding::Same);
        assert_eq!(even.margins(&[Some(7), Some(6)]), [(1, 2), (0, 1)]);
    }

    #[test]
    fn same_padding_with_strides_covers_the_last_cell_exactly() {
        let strided = stencil(&[3, 3], &[2, 2], Padding::Same);
        assert_eq!(strided.margins(&[Some(7), Some(6)]), [(1, 1), (0, 1)]);
        let input = Shape::batched(&[7, 6, 1]);
        assert_eq!(strided.output(&input).unwrap(), [Some(4), Some(3)]);
    }

    #[test]
    fn causal_padding_looks_back_only() {
        let causal = stencil(&[3], &[2], Padding::Causal);
        assert_eq!(causal.margins(&[Some(9)]), [(2, 0)]);
        assert_eq!(causal.output(&Shape::batched(&[9, 1])).unwrap(), [Some(5)]);
    }

    #[test]
    fn a_kernel_that_does_not_fit_is_refused_with_both_sizes() {
        let large = stencil(&[5, 5], &[1, 1], Padding::Valid);
        let error = large.output(&Shape::batched(&[3, 3, 1])).unwrap_err().to_string();
        assert!(error.starts_with("kernel 5×5 does not fit into 3×3"), "{error}");
        assert!(error.contains("padding='same'"), "{error}");
    }

    #[test]
    fn an_open_axis_stays_open() {
        let open = Shape::new([None, None, Some(8), Some(3)]);
        let output = stencil(&[3, 3], &[1, 1], Padding::Valid).output(&open).unwrap();
        assert_eq!(output, [None, Some(6)]);
    }

    #[test]
    fn strides_and_dilation_do_not_go_together() {
        let both = Stencil { dilation_rate: &[2], ..stencil(&[3], &[2], Padding::Valid) };
        assert!(both.check().unwrap_err().to_string().contains("set one of them to 1"));
    }
}
