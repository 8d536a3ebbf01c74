//! Pools with all that other programs ask of them: `WindowPooling`.

use dichroic_graph::kernels::elementwise::Unary;
use dichroic_graph::kernels::pool::PoolKind;
use dichroic_graph::ops::{self, Operator, WindowPool, WindowPoolKind};
use dichroic_graph::{Op, ValueId};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::stencil::{at_least_one, extent, spatial_shape, with_spatial};
use crate::layers::{Layer, LayerError, Lowering, Window};
use crate::shape::Shape;

words! {
    /// What a [`WindowPooling`] makes of the values in its window.
    pub enum WindowPoolingKind {
        /// The largest.
        Max = "max",
        /// The mean.
        Average = "average",
        /// `(Σ |x|ᵖ)^(1/p)`
        Lp = "lp",
    }
}

/// Pools with padding given cell by cell, dilation, and windows that may reach beyond the end.
///
/// # Shapes
/// - input `(batch, spatial…, channels)` with one to three spatial axes
/// - output `(batch, spatial…, channels)`; each axis `⌊(size + padding - extent) / strides⌋ + 1`, where the extent is
///   `dilation_rate · (pool_size - 1) + 1`. With `ceil_mode` it is rounded up, but no window begins behind the input.
///
/// # Errors
/// When the lists have different lengths, or the window does not fit into the padded input.
///
/// # Source
/// ONNX `MaxPool`, `AveragePool`, `LpPool`
///
/// ```
/// use dichroic::layers::{Layer, WindowPooling};
/// use dichroic::Shape;
/// let layer = WindowPooling::max([3, 3]).strides([2, 2]).padding([[1, 1], [1, 1]]);
/// let output = layer.output_shape(&[Shape::batched(&[112, 112, 64])])?;
/// assert_eq!(output.to_string(), "(None, 56, 56, 64)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WindowPooling {
    /// What becomes of the values.
    pub kind: WindowPoolingKind,
    /// The window's sides, one for each spatial axis.
    pub pool_size: Vec<usize>,
    /// Steps between neighbouring windows.
    pub strides: Vec<usize>,
    /// Distance between neighbouring positions under the window.
    pub dilation_rate: Vec<usize>,
    /// Cells put before and after each axis.
    #[serde(deserialize_with = "read_padding")]
    pub padding: Vec<[usize; 2]>,
    /// Whether a last window may reach beyond the padded input.
    pub ceil_mode: bool,
    /// Whether a mean counts padding as zeros.
    pub count_include_pad: bool,
    /// The power of [`WindowPoolingKind::Lp`], at least 1.
    pub p: u32,
}

impl WindowPooling {
    /// The largest value under a window, whose strides are 1.
    pub fn max(pool_size: impl Into<Vec<usize>>) -> Self {
        Self::new(WindowPoolingKind::Max, pool_size.into())
    }

    /// The mean under a window, whose strides are 1.
    pub fn average(pool_size: impl Into<Vec<usize>>) -> Self {
        Self::new(WindowPoolingKind::Average, pool_size.into())
    }

    /// The norm of the values under a window, whose strides are 1.
    pub fn lp(pool_size: impl Into<Vec<usize>>, p: u32) -> Self {
        Self { p, ..Self::new(WindowPoolingKind::Lp, pool_size.into()) }
    }

    fn new(kind: WindowPoolingKind, pool_size: Vec<usize>) -> Self {
        let rank = pool_size.len();
        Self {
            kind,
            pool_size,
            strides: vec![1; rank],
            dilation_rate: vec![1; rank],
            padding: vec![[0, 0]; rank],
            ceil_mode: false,
            count_include_pad: false,
            p: 2,
        }
    }

    setters! {
        /// Sets the steps between neighbouring windows.
        strides <- Vec<usize>,
        /// Sets the distance between neighbouring positions under the window.
        dilation_rate <- Vec<usize>,
        /// Sets the cells put before and after each axis.
        padding <- Vec<[usize; 2]>,
        /// Sets whether a last window may reach beyond the padded input.
        ceil_mode: bool,
        /// Sets whether a mean counts padding as zeros.
        count_include_pad: bool,
    }

    /// The size of an output axis, and how many cells behind the input its last window covers.
    pub(crate) fn axis(&self, axis: usize, size: usize) -> Option<(usize, usize)> {
        let [before, after] = self.padding[axis];
        let (extent, stride) =
            (extent(self.pool_size[axis], self.dilation_rate[axis]), self.strides[axis]);
        let room = size.checked_add(before)?.checked_add(after)?.checked_sub(extent)?;
        let mut steps = if self.ceil_mode { room.div_ceil(stride) } else { room / stride };
        // When sizes are rounded up, a window that begins behind the input is left out.
        if self.ceil_mode && steps * stride >= size + before {
            steps = steps.checked_sub(1)?;
        }
        let end = steps.checked_mul(stride)?.checked_add(extent)?;
        Some((steps + 1, end.saturating_sub(size + before)))
    }

    fn misfit(&self, input: &Shape) -> LayerError {
        LayerError::InputShape {
            rule: format!(
                "a pool of {:?} with dilation {:?} and padding {:?} does not fit",
                self.pool_size, self.dilation_rate, self.padding
            ),
            got: input.clone(),
            fix: "use a smaller pool or more padding".to_owned(),
        }
    }

    /// The pool on an input whose padding is part of it, or is passed over.
    fn pool(&self, padding: Vec<(usize, usize)>) -> Op {
        let dense = self.dilation_rate.iter().all(|&rate| rate == 1);
        // The vector kernel needs a cell of the input in every window.
        let narrow = padding
            .iter()
            .zip(&self.pool_size)
            .all(|(&(before, after), &size)| before.max(after) < size);
        let (window, strides) = (self.pool_size.clone(), self.strides.clone());
        let kind = match self.kind {
            WindowPoolingKind::Max => PoolKind::Max,
            WindowPoolingKind::Average => PoolKind::Average,
            WindowPoolingKind::Lp => return self.window_pool(WindowPoolKind::Sum, padding),
        };
        if dense && narrow {
            return ops::Pool { kind, window, strides, padding, joined: None }.into();
        }
        let kind = match kind {
            PoolKind::Max => WindowPoolKind::Max,
            PoolKind::Average => WindowPoolKind::Average,
        };
        self.window_pool(kind, padding)
    }

    fn window_pool(&self, kind: WindowPoolKind, padding: Vec<(usize, usize)>) -> Op {
        WindowPool {
            kind,
            window: self.pool_size.clone(),
            strides: self.strides.clone(),
            dilation_rate: self.dilation_rate.clone(),
            padding,
        }
        .into()
    }

    /// `x` to the power of `p`, or the `p`-th root.
    fn power(
        &self,
        lowering: &mut Lowering<'_>,
        x: ValueId,
        (exponent, of_two): (f32, Unary),
    ) -> Result<ValueId, LayerError> {
        match self.p {
            1 => Ok(x),
            2 => lowering.unary(of_two, x),
            _ => {
                let exponent = lowering.scalar(exponent);
                Ok(lowering.add(ops::Arithmetic(Operator::Power), &[x, exponent])?)
            }
        }
    }
}

fn read_padding<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[usize; 2]>, D::Error> {
    serde_json::from_value(Value::deserialize(deserializer)?).map_err(|_| {
        de::Error::custom(
            "must be a list of pairs of whole numbers of at least 0, one for each axis",
        )
    })
}

impl Layer for WindowPooling {
    fn class_name(&self) -> &'static str {
        "WindowPooling"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let rank = self.pool_size.len();
        let refused = |argument: &str, rule: String, got: String| {
            Err(LayerError::Argument { class_name: None, argument: argument.to_owned(), rule, got })
        };
        if !(1..=3).contains(&rank) {
            let rule = "must have one size for each of one to three spatial axes".to_owned();
            return refused("pool_size", rule, format!("{:?}", self.pool_size));
        }
        for (argument, sizes) in [
            ("pool_size", &self.pool_size),
            ("strides", &self.strides),
            ("dilation_rate", &self.dilation_rate),
        ] {
            if sizes.len() != rank {
                let rule = format!("must have {rank} sizes, as pool_size has");
                return refused(argument, rule, format!("{sizes:?}"));
            }
            at_least_one(argument, sizes)?;
        }
        let cells = self.padding.as_flattened();
        if self.padding.len() != rank || cells.iter().any(|&cells| cells > i32::MAX as usize) {
            let rule = format!("must have {rank} pairs of at most {}", i32::MAX);
            return refused("padding", rule, format!("{:?}", self.padding));
        }
        if self.p == 0 {
            return refused("p", "must be at least 1".to_owned(), "0".to_owned());
        }
        Ok(())
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = spatial_shape(inputs, self.pool_size.len())?;
        let size = |(axis, &size): (usize, &Option<usize>)| match size {
            None => Ok(None),
            Some(size) => match self.axis(axis, size) {
                Some((size, _)) => Ok(Some(size)),
                None => Err(self.misfit(input)),
            },
        };
        let spatial = input.spatial().iter().enumerate().map(size);
        Ok(with_spatial(input, spatial.collect::<Result<Vec<_>, _>>()?, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let sizes = shapes[0].spatial().iter().copied().flatten().enumerate();
        let covered = sizes.map(|(axis, size)| self.axis(axis, size).map(|(_, covered)| covered));
        let covered =
            covered.collect::<Option<Vec<usize>>>().ok_or_else(|| self.misfit(&shapes[0]))?;
        let mut x = lowering.input()?;
        let ends = self.padding.iter().zip(covered);
        let mut padding: Vec<(usize, usize)> =
            ends.clone().map(|(&[before, _], covered)| (before, covered)).collect();
        if self.kind == WindowPoolingKind::Average && self.count_include_pad {
            // Zeros that count are part of the input; what lies beyond them does not count.
            let zeros =
                ends.clone().map(|(&[before, after], covered)| (before, after.min(covered)));
            let zeros: Vec<(usize, usize)> = zeros.collect();
            padding = padding.iter().zip(&zeros).map(|(all, zeros)| (0, all.1 - zeros.1)).collect();
            if zeros.iter().any(|ends| *ends != (0, 0)) {
                x = lowering.pad_spatial(x, &zeros)?;
            }
        }
        let pool = self.pool(padding);
        if self.kind != WindowPoolingKind::Lp {
            return Ok(lowering.add(pool, &[x])?);
        }
        let p = self.p as f32;
        let sizes = lowering.unary(Unary::Abs, x)?;
        let powers = self.power(lowering, sizes, (p, Unary::Square))?;
        let sums = lowering.add(pool, &[powers])?;
        self.power(lowering, sums, (1.0 / p, Unary::Sqrt))
    }

    fn window(&self, inputs: &[Shape]) -> Option<Window> {
        self.check().ok()?;
        spatial_shape(inputs, self.pool_size.len()).ok()?;
        Some(Window {
            size: self.pool_size.clone(),
            strides: self.strides.clone(),
            dilation_rate: self.dilation_rate.clone(),
            pad_before: self.padding.iter().map(|ends| ends[0]).collect(),
            pad_after: self.padding.iter().map(|ends| ends[1]).collect(),
            transposed: false,
        })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_adds_a_window_unless_it_would_begin_behind_the_input() {
        let size = |layer: &WindowPooling, size| {
            layer.output_shape(&[Shape::batched(&[size, 2])]).unwrap().axes()[1]
        };
        let layer = WindowPooling::max([3]).strides([2]);
        assert_eq!((size(&layer, 6), size(&layer.clone().ceil_mode(true), 6)), (Some(2), Some(3)));
        let padded = WindowPooling::max([1]).strides([2]).padding([[0, 1]]);
        assert_eq!((size(&padded, 4), size(&padded.ceil_mode(true), 4)), (Some(3), Some(2)));
    }

    #[test]
    fn a_window_of_another_rank_is_refused() {
        let layer = WindowPooling::average([2, 2]).strides([1]);
        assert!(layer.check().unwrap_err().to_string().contains("must have 2 sizes"));
        assert!(WindowPooling::max([4]).output_shape(&[Shape::batched(&[3, 1])]).is_err());
    }
}
