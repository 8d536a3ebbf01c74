//! Channels as places, and places as channels: `DepthToSpace`, `SpaceToDepth`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// Which channels become the places of one block.
    pub enum BlockOrder {
        /// Depth, column, row: places change slower than channels, `(row, column, channel)`.
        DCR = "DCR",
        /// Column, row, depth: channels change slower than places, `(channel, row, column)`.
        CRD = "CRD",
    }
}

/// Spreads the channels of each place over a block of places.
///
/// # Shapes
/// - input `(batch, spatial…, block_size^n · channels)`, `n` the number of spatial axes
/// - output `(batch, block_size · spatial…, channels)`
///
/// # Errors
/// When the channels are open or can't be shared out.
///
/// # Source
/// ONNX `DepthToSpace`; Shi et al. 2016, who call it pixel shuffle and order as CRD
///
/// ```
/// use dichroic::layers::{DepthToSpace, Layer};
/// use dichroic::Shape;
/// let output = DepthToSpace::new(2).output_shape(&[Shape::batched(&[8, 8, 12])])?;
/// assert_eq!(output.to_string(), "(None, 16, 16, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DepthToSpace {
    /// The sides of a block.
    pub block_size: usize,
    /// Which channels become its places.
    pub mode: BlockOrder,
}

/// Gathers the places of each block into channels.
///
/// # Shapes
/// - input `(batch, block_size · spatial…, channels)`
/// - output `(batch, spatial…, block_size^n · channels)`, `n` the number of spatial axes
///
/// # Errors
/// When a spatial axis can't be cut into blocks.
///
/// # Source
/// ONNX `SpaceToDepth`, which orders as DCR
///
/// ```
/// use dichroic::layers::{Layer, SpaceToDepth};
/// use dichroic::Shape;
/// let output = SpaceToDepth::new(2).output_shape(&[Shape::batched(&[16, 16, 3])])?;
/// assert_eq!(output.to_string(), "(None, 8, 8, 12)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SpaceToDepth {
    /// The sides of a block.
    pub block_size: usize,
    /// Which channels its places become.
    pub mode: BlockOrder,
}

impl DepthToSpace {
    /// Blocks with these sides, ordered as DCR.
    pub fn new(block_size: usize) -> Self {
        Self { block_size, mode: BlockOrder::DCR }
    }

    setters! {
        /// Sets which channels become the places of a block.
        mode: BlockOrder,
    }
}

impl SpaceToDepth {
    /// Blocks with these sides, ordered as DCR.
    pub fn new(block_size: usize) -> Self {
        Self { block_size, mode: BlockOrder::DCR }
    }

    setters! {
        /// Sets which channels the places of a block become.
        mode: BlockOrder,
    }
}

fn check(block_size: usize) -> Result<(), LayerError> {
    if block_size > 0 {
        return Ok(());
    }
    Err(LayerError::Argument {
        class_name: None,
        argument: "block_size".to_owned(),
        rule: "must be a whole number of at least 1".to_owned(),
        got: "0".to_owned(),
    })
}

/// The number of places in a block, for an input with at least one spatial axis.
fn block_places(block_size: usize, input: &Shape) -> Result<usize, LayerError> {
    check(block_size)?;
    let spatial = u32::try_from(input.spatial().len()).ok().filter(|&spatial| spatial > 0);
    spatial.and_then(|spatial| block_size.checked_pow(spatial)).ok_or_else(|| {
        LayerError::InputShape {
            rule: format!("blocks of block_size={block_size} need spatial axes of that size"),
            got: input.clone(),
            fix: "give an input (batch, spatial…, channels)".to_owned(),
        }
    })
}

impl BlockOrder {
    /// The order that puts an axis of places behind each spatial axis: from `(batch, spatial…, block…, channels)`, or
    /// with the channels before the block.
    pub(crate) fn to_places(self, spatial: usize) -> Vec<usize> {
        let (first_of_block, channels) = match self {
            Self::DCR => (1 + spatial, 1 + 2 * spatial),
            Self::CRD => (2 + spatial, 1 + spatial),
        };
        let pairs = (0..spatial).flat_map(|axis| [1 + axis, first_of_block + axis]);
        std::iter::once(0).chain(pairs).chain([channels]).collect()
    }
}

impl Layer for DepthToSpace {
    fn class_name(&self) -> &'static str {
        "DepthToSpace"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        check(self.block_size)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let places = block_places(self.block_size, input)?;
        let channels = input.channels().filter(|channels| channels.is_multiple_of(places));
        let spatial = input.spatial().iter().map(|size| match size {
            Some(size) => size.checked_mul(self.block_size).map(Some),
            None => Some(None),
        });
        let spatial: Option<Vec<Option<usize>>> = spatial.collect();
        let (Some(channels), Some(spatial)) = (channels, spatial) else {
            return Err(LayerError::InputShape {
                rule: format!(
                    "the channels must be known and divide into blocks of {places} places"
                ),
                got: input.clone(),
                fix: "use another block_size, or as many channels as places more".to_owned(),
            });
        };
        let ends = [input.axes()[0], Some(channels / places)];
        Ok(Shape::new([&ends[..1], &spatial, &ends[1..]].concat()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let output = sizes(&self.output_shape(&lowering.input_shapes())?);
        let shape = lowering.shape(x).to_vec();
        let spatial = shape.len() - 2;
        let (block, channels) = (vec![self.block_size; spatial], output[spatial + 1]);
        let split = match self.mode {
            BlockOrder::DCR => [&shape[..=spatial], &block, &[channels]].concat(),
            BlockOrder::CRD => [&shape[..=spatial], &[channels], &block].concat(),
        };
        let split = lowering.reshape(x, split)?;
        let spread = lowering.transpose(split, &self.mode.to_places(spatial))?;
        lowering.reshape(spread, output)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

impl Layer for SpaceToDepth {
    fn class_name(&self) -> &'static str {
        "SpaceToDepth"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        check(self.block_size)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let places = block_places(self.block_size, input)?;
        let wrong = || LayerError::InputShape {
            rule: format!(
                "spatial axes can't be cut into blocks of block_size={}",
                self.block_size
            ),
            got: input.clone(),
            fix: "use a block_size that divides them".to_owned(),
        };
        let spatial = input.spatial().iter().map(|&size| match size {
            Some(size) if !size.is_multiple_of(self.block_size) => Err(wrong()),
            size => Ok(size.map(|size| size / self.block_size)),
        });
        let spatial = spatial.collect::<Result<Vec<_>, _>>()?;
        let channels = match input.channels() {
            Some(channels) => Some(channels.checked_mul(places).ok_or_else(wrong)?),
            None => None,
        };
        let ends = [input.axes()[0], channels];
        Ok(Shape::new([&ends[..1], &spatial, &ends[1..]].concat()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let output = sizes(&self.output_shape(&lowering.input_shapes())?);
        let shape = lowering.shape(x).to_vec();
        let spatial = shape.len() - 2;
        let pairs = output[1..=spatial].iter().flat_map(|&size| [size, self.block_size]);
        let split = shape[..1].iter().copied().chain(pairs).chain([shape[spatial + 1]]).collect();
        let split = lowering.reshape(x, split)?;
        let mut back = vec![0; 2 * spatial + 2];
        for (to, from) in self.mode.to_places(spatial).into_iter().enumerate() {
            back[from] = to;
        }
        let gathered = lowering.transpose(split, &back)?;
        lowering.reshape(gathered, output)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_must_fit() {
        let shape = |block, axes: &[usize]| {
            let input = [Shape::batched(axes)];
            (
                DepthToSpace::new(block).output_shape(&input).is_ok(),
                SpaceToDepth::new(block).output_shape(&input).is_ok(),
            )
        };
        assert_eq!(shape(2, &[4, 6, 8]), (true, true));
        assert_eq!(shape(2, &[4, 5, 8]), (true, false));
        assert_eq!(shape(2, &[4, 6, 6]), (false, true));
        assert_eq!(shape(2, &[8]), (false, false));
        assert_eq!(shape(usize::MAX, &[4, 4, 4]), (false, false));
        assert!(DepthToSpace::new(0).check().is_err());
    }

    #[test]
    fn open_sizes_stay_open() {
        let input = [Shape::new([None, None, None, Some(4)])];
        let spread = DepthToSpace::new(2).output_shape(&input).unwrap();
        assert_eq!(spread.to_string(), "(None, None, None, 1)");
        let gathered = SpaceToDepth::new(3).output_shape(&input).unwrap();
        assert_eq!(gathered.to_string(), "(None, None, None, 36)");
    }
}
