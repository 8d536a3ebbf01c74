//! Sizes, strides, dilation and padding as ONNX writes them, for convolutions and pools.

use crate::error::{Located, Problem};
use crate::onnx::import::{Node, Variable};

/// A window with its way over the input, as a node's attributes give it.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub size: Vec<usize>,
    pub strides: Vec<usize>,
    pub dilations: Vec<usize>,
    pub padding: Pads,
}

/// How the edges are padded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pads {
    /// Cells before and after each spatial axis.
    Explicit(Vec<(usize, usize)>),
    /// As many as keep `⌈size / strides⌉`, the odd one at the end.
    SameUpper,
    /// The same, the odd one at the beginning.
    SameLower,
}

impl Window {
    /// The window of a node; `size` is that of the kernel where the attribute may be left out.
    pub fn of(node: &Node<'_, '_>, size: Option<&[usize]>) -> Result<Self, Located> {
        let attributes = &node.attributes;
        let declared = attributes.ints("kernel_shape")?.map(sizes).transpose()?;
        let size = match (declared, size) {
            (Some(declared), Some(size)) if declared != size => {
                let expected = format!("a kernel_shape like the weight's {size:?}");
                return Err(Problem::malformed(expected, format!("{declared:?}")).into());
            }
            (Some(declared), _) => declared,
            (None, Some(size)) => size.to_vec(),
            (None, None) => return Err(Problem::malformed("attribute kernel_shape", "none").into()),
        };
        let rank = size.len();
        let per_axis = |name: &str| -> Result<Vec<usize>, Located> {
            let values = attributes.ints(name)?.map(sizes).transpose()?;
            let values = values.unwrap_or_else(|| vec![1; rank]);
            if values.len() == rank && !values.contains(&0) {
                return Ok(values);
            }
            let expected = format!("{rank} {name} of at least 1");
            Err(Problem::malformed(expected, format!("{values:?}")).into())
        };
        let strides = per_axis("strides")?;
        let dilations = per_axis("dilations")?;
        let padding = padding(node, rank)?;
        Ok(Self { size, strides, dilations, padding })
    }

    /// The number of spatial axes.
    pub fn rank(&self) -> usize {
        self.size.len()
    }

    /// Positions from the window's first to its last, holes included.
    pub fn extent(&self, axis: usize) -> usize {
        (self.size[axis].saturating_sub(1)).saturating_mul(self.dilations[axis]).saturating_add(1)
    }

    /// The padding, with `None` where Keras's `same` says it: the odd cell at the end, sizes as they come.
    ///
    /// `x` is the input, whose spatial axes are ONNX's from 2 on.
    ///
    /// # Errors
    /// When the padding follows from a size that is open.
    pub fn margins(
        &self,
        node: &Node<'_, '_>,
        x: &Variable,
    ) -> Result<Option<Vec<(usize, usize)>>, Located> {
        let explicit = match &self.padding {
            Pads::SameUpper => return Ok(None),
            Pads::SameLower => {
                let lower = |axis| Ok(self.same(axis, node, x)?.map(|(a, b)| (b, a)));
                let margins: Result<Option<Vec<_>>, Located> =
                    (0..self.rank()).map(lower).collect();
                margins?.ok_or_else(|| {
                    node.unsupported(
                        "auto_pad SAME_LOWER with strides on an open size",
                        "give the sizes of the model's inputs with --input",
                    )
                })?
            }
            Pads::Explicit(margins) => margins.clone(),
        };
        for axis in 0..self.rank() {
            if self.same(axis, node, x)? != Some(explicit[axis]) {
                return Ok(Some(explicit));
            }
        }
        // A window of one cell needs no padding under either name.
        let none = explicit.iter().all(|&margin| margin == (0, 0));
        Ok(if none { Some(explicit) } else { None })
    }

    /// What Keras's `same` pads along an axis; `None` where that follows from an open size.
    pub fn same(
        &self,
        axis: usize,
        node: &Node<'_, '_>,
        x: &Variable,
    ) -> Result<Option<(usize, usize)>, Located> {
        let (extent, stride) = (self.extent(axis), self.strides[axis]);
        let covered = match x.size(axis + 2).known() {
            _ if stride == 1 => 1,
            Some(_) => node.size(x, axis + 2)?.saturating_sub(1) % stride + 1,
            None => return Ok(None),
        };
        let total = extent.saturating_sub(covered);
        Ok(Some((total / 2, total - total / 2)))
    }
}

fn sizes(values: &[i64]) -> Result<Vec<usize>, Located> {
    let size = |&value: &i64| {
        usize::try_from(value).map_err(|_| Problem::malformed("sizes of at least 0", value).into())
    };
    values.iter().map(size).collect()
}

fn padding(node: &Node<'_, '_>, rank: usize) -> Result<Pads, Located> {
    let pads = node.attributes.ints("pads")?;
    match node.attributes.text_or("auto_pad", "NOTSET")? {
        "SAME_UPPER" => return Ok(Pads::SameUpper),
        "SAME_LOWER" => return Ok(Pads::SameLower),
        "VALID" => return Ok(Pads::Explicit(vec![(0, 0); rank])),
        "NOTSET" => {}
        other => {
            let expected = "auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER";
            return Err(Problem::malformed(expected, other).into());
        }
    }
    let pads = pads.map(sizes).transpose()?.unwrap_or_else(|| vec![0; 2 * rank]);
    if pads.len() != 2 * rank {
        let expected = format!("{} pads, those before first", 2 * rank);
        return Err(Problem::malformed(expected, format!("{pads:?}")).into());
    }
    let (before, after) = pads.split_at(rank);
    Ok(Pads::Explicit(before.iter().copied().zip(after.iter().copied()).collect()))
}
