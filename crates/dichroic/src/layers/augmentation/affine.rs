//! Pictures moved, turned and stretched: where each pixel of the new picture lies on the old one.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::ops::{self, FunctionKind, GridSample, SampleBorder, SampleMode};
use serde::{Deserialize, Serialize};

use super::matrix;
use crate::layers::{ChannelsLast, Interpolation, LayerError, Lowering};

/// What lies beyond the border of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FillMode {
    /// One value everywhere.
    Constant,
    /// The pixel at the border.
    Nearest,
    /// The picture mirrored at its edge: `d c b a | a b c d | d c b a`.
    #[default]
    Reflect,
    /// The picture again: `a b c d | a b c d | a b c d`.
    Wrap,
}

/// How pixels beyond and between those of a picture are found.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sampling {
    /// What lies beyond the border.
    pub fill_mode: FillMode,
    /// How pixels between two are found: the nearest, or bilinear.
    pub interpolation: Interpolation,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// What lies beyond the border for [`FillMode::Constant`].
    pub fill_value: f64,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            fill_mode: FillMode::Reflect,
            interpolation: Interpolation::Bilinear,
            seed: None,
            fill_value: 0.0,
            data_format: ChannelsLast,
        }
    }
}

impl Sampling {
    /// Refuses an interpolation that Keras does not have here.
    pub(super) fn check(self) -> Result<(), LayerError> {
        if matches!(self.interpolation, Interpolation::Nearest | Interpolation::Bilinear) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "interpolation".to_owned(),
            rule: "must be \"nearest\" or \"bilinear\"".to_owned(),
            got: format!("{:?}", self.interpolation).to_lowercase(),
        })
    }
}

/// The row and the column in the middle of the pictures.
pub(super) fn middle(lowering: &Lowering<'_>, x: ValueId) -> [f64; 2] {
    [1, 2].map(|axis| (lowering.shape(x)[axis] as f64 - 1.0) / 2.0)
}

/// Where a pixel `(x, y)` comes from, for numbers that are drawn for each picture.
///
/// The pixel at `(x, y)` is the old one at `m₀ + m₁ x + m₂ y`, two coordinates each; `m` is the drawn numbers times `by`, plus `from`.
/// In a row stand the coordinates of `x`, then those of `y`, then those of neither.
#[derive(Clone, Debug)]
pub(super) struct Affine<'a> {
    pub(super) by: &'a [[f64; 6]],
    pub(super) from: [f64; 6],
}

impl Affine<'_> {
    /// The pictures `x` `(batch, height, width, channels)`, moved by `numbers` `(batch, rows of by)`.
    pub(super) fn sample(
        &self,
        lowering: &mut Lowering<'_>,
        (x, numbers): (ValueId, ValueId),
        sampling: Sampling,
    ) -> Result<ValueId, LayerError> {
        let (height, width) = (lowering.shape(x)[1], lowering.shape(x)[2]);
        let places = self.places(lowering, x, numbers)?;
        let (x, places, [height, width]) = match sampling.fill_mode {
            FillMode::Wrap => wrapped(lowering, x, places)?,
            _ => (x, places, [height, width]),
        };
        let grid = between_minus_one_and_one(lowering, places, [height, width])?;
        let border = match sampling.fill_mode {
            FillMode::Constant => SampleBorder::Zeros,
            FillMode::Nearest | FillMode::Wrap => SampleBorder::Edge,
            FillMode::Reflect => SampleBorder::Reflect,
        };
        let mode = match sampling.interpolation {
            Interpolation::Nearest => SampleMode::Nearest,
            _ => SampleMode::Linear,
        };
        let op = GridSample { mode, border, align_corners: false };
        let fill = sampling.fill_value as f32;
        if sampling.fill_mode != FillMode::Constant || fill == 0.0 {
            return Ok(lowering.add(op, &[x, grid])?);
        }
        // Sampling is linear: what is 0 beyond the border before the value is added is the value after.
        let x = lowering.unary(Unary::Affine { scale: 1.0, offset: -fill }, x)?;
        let y = lowering.add(op, &[x, grid])?;
        lowering.unary(Unary::Affine { scale: 1.0, offset: fill }, y)
    }

    /// Where the pixels come from: `(batch, height, width, 2)`, column first.
    fn places(
        &self,
        lowering: &mut Lowering<'_>,
        x: ValueId,
        numbers: ValueId,
    ) -> Result<ValueId, LayerError> {
        let [batch, height, width] = [0, 1, 2].map(|axis| lowering.shape(x)[axis]);
        let by = matrix(lowering, self.by);
        let product = lowering.add(ops::MatMul, &[numbers, by])?;
        let from = lowering.vector(self.from.iter().map(|&value| value as f32).collect());
        let m = lowering.binary(Binary::Add, product, from)?;
        let m = lowering.reshape(m, vec![batch, 3, 2])?;
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| [x as f64, y as f64, 1.0]));
        let pixels = matrix(lowering, &pixels.collect::<Vec<_>>());
        let places = lowering.add(ops::MatMul, &[pixels, m])?;
        lowering.reshape(places, vec![batch, height, width, 2])
    }
}

/// Places brought into a picture that repeats, which gets its first row and column once more at its end, and its new size.
fn wrapped(
    lowering: &mut Lowering<'_>,
    x: ValueId,
    places: ValueId,
) -> Result<(ValueId, ValueId, [usize; 2]), LayerError> {
    let mut x = x;
    let [height, width] = [1, 2].map(|axis| lowering.shape(x)[axis]);
    for axis in [1, 2] {
        let mut sizes = lowering.shape(x).to_vec();
        sizes[axis] = 1;
        let first = lowering.slice(x, &[0; 4], &sizes)?;
        x = lowering.add(ops::Concat { axis }, &[x, first])?;
    }
    let size = [width as f32, height as f32];
    let turns = lowering.vector(size.map(|size| 1.0 / size).to_vec());
    let turns = lowering.binary(Binary::Multiply, places, turns)?;
    let turns = lowering.add(ops::Function(FunctionKind::Floor), &[turns])?;
    let period = lowering.vector(size.to_vec());
    let beyond = lowering.binary(Binary::Multiply, turns, period)?;
    let places = lowering.binary(Binary::Subtract, places, beyond)?;
    Ok((x, places, [height + 1, width + 1]))
}

/// Pixels as the grid of a sampling counts them: -1 and 1 are the outer edges of the picture.
fn between_minus_one_and_one(
    lowering: &mut Lowering<'_>,
    places: ValueId,
    [height, width]: [usize; 2],
) -> Result<ValueId, LayerError> {
    let size = [width as f32, height as f32];
    let scale = lowering.vector(size.map(|size| 2.0 / size).to_vec());
    let offset = lowering.vector(size.map(|size| 1.0 / size - 1.0).to_vec());
    Ok(lowering.add(ops::ScaleShift, &[places, scale, offset])?)
}
