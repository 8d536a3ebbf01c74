//! `ConvTranspose`: kernels `(channels, filters / groups, kernel…)` become `(kernel…, filters, channels)`.

use dichroic::Tensor;
use dichroic::layers::{Concatenate, ConvTranspose, Cropping, Padding, StridedSlice};
use dichroic::model::Symbol;

use super::Value;
use super::conv::{margins_of, sized};
use super::window::{Pads, Window};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Node, Order, Variable};

pub(super) fn conv_transpose<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let weight = node.known(1)?;
    let spatial = weight.shape().get(2..).unwrap_or_default().to_vec();
    if spatial.is_empty() || x.rank() != weight.rank() {
        let expected = format!("an input of {} axes, as the weight has", weight.rank());
        return Err(Problem::malformed(expected, x.rank()).into());
    }
    let x = node.channels_last(&x)?;
    let window = Window::of(node, Some(&spatial))?;
    let groups = node.attributes.int_or("group", 1)?;
    let channels = weight.shape()[0];
    let groups = usize::try_from(groups).ok().filter(|&groups| groups > 0);
    let groups = groups.filter(|&groups| channels.is_multiple_of(groups)).ok_or_else(|| {
        Problem::malformed(format!("groups that divide {channels} channels"), "others")
    })?;
    let ends = Ends::of(node, &x, &window)?;
    let call = Call { x, window, ends, groups, weight, bias: node.known_optional(2)? };
    let y = match spatial.len() {
        1 => call.make::<1>(node)?,
        2 => call.make::<2>(node)?,
        3 => call.make::<3>(node)?,
        rank => {
            let what = format!("a convolution along {rank} axes");
            return Err(node.unsupported(&what, "use one to three spatial axes"));
        }
    };
    Ok(vec![Value::Variable(call.x.with(y))])
}

/// What is cut off and added at the ends of the full output of each axis.
struct Ends {
    crop: Vec<(usize, usize)>,
    added: Vec<usize>,
}

impl Ends {
    fn of(node: &Node<'_, '_>, x: &Variable, window: &Window) -> Result<Self, Located> {
        let rank = window.rank();
        let list = |name: &str| -> Result<Option<Vec<usize>>, Located> {
            let Some(values) = node.attributes.ints(name)? else { return Ok(None) };
            let sizes: Option<Vec<usize>> =
                values.iter().map(|&v| usize::try_from(v).ok()).collect();
            // A shape of the output may be given with batch and channels.
            let sizes =
                sizes.and_then(|sizes| Some(sizes.get(sizes.len().checked_sub(rank)?..)?.to_vec()));
            let expected = format!("{rank} sizes of at least 0 as {name}");
            sizes
                .map(Some)
                .ok_or_else(|| Problem::malformed(expected, format!("{values:?}")).into())
        };
        let mut added = list("output_padding")?.unwrap_or_else(|| vec![0; rank]);
        let shape = list("output_shape")?;
        let mut crop = Vec::with_capacity(rank);
        for axis in 0..rank {
            let stride = window.strides[axis];
            // What the full output has beyond strides · size.
            let beyond = (window.extent(axis) + added[axis]) as i64 - stride as i64;
            let total = match (&shape, &window.padding) {
                (Some(shape), _) => {
                    let size = node.size(x, axis + 2)?;
                    size.saturating_mul(stride) as i64 + beyond - shape[axis] as i64
                }
                (None, Pads::Explicit(pads)) => {
                    crop.push(pads[axis]);
                    continue;
                }
                (None, _) => beyond,
            };
            // What is larger than the full output is larger at its end.
            added[axis] += usize::try_from(-total).unwrap_or(0);
            let total = usize::try_from(total).unwrap_or(0);
            let odd_at_end = window.padding == Pads::SameUpper;
            let less = total / 2;
            crop.push(if odd_at_end { (less, total - less) } else { (total - less, less) });
        }
        Ok(Self { crop, added })
    }

    /// Whether Keras's `same` cuts and adds just so.
    fn is_same(&self, window: &Window) -> bool {
        (0..window.rank()).all(|axis| {
            let (reach, stride) = (window.extent(axis) - 1, window.strides[axis]);
            let zeros = reach + stride - 1;
            let before = zeros.div_ceil(2).min(reach);
            let (cut, added) = (self.crop[axis], self.added[axis]);
            let after = reach.checked_sub(zeros - before);
            cut.0 == reach - before && after.is_some() && after == cut.1.checked_sub(added)
        })
    }
}

struct Call<'a> {
    x: Variable,
    window: Window,
    ends: Ends,
    groups: usize,
    weight: Array<'a>,
    bias: Option<Array<'a>>,
}

impl<'a> Call<'a> {
    fn make<const RANK: usize>(&self, node: &mut Node<'_, 'a>) -> Result<Symbol, Located> {
        let order: Vec<usize> = (2..RANK + 2).chain([1, 0]).collect();
        let kernel = self.weight.to_tensor(&Order::new(order))?;
        let bias = self.bias.as_ref().map(|bias| bias.to_tensor(&Order::plain(1))).transpose()?;
        let y = match self.groups {
            1 => self.layer::<RANK>(node, &self.x.symbol, kernel, bias)?,
            groups => self.grouped::<RANK>(node, groups, (&kernel, bias.as_ref()))?,
        };
        let cropped =
            !self.ends.is_same(&self.window) && self.ends.crop.iter().any(|&c| c != (0, 0));
        match cropped {
            true => {
                node.beside("crop", Cropping::<RANK>::new(margins_of::<RANK>(&self.ends.crop)), &y)
            }
            false => Ok(y),
        }
    }

    fn layer<const RANK: usize>(
        &self,
        node: &mut Node<'_, 'a>,
        x: &Symbol,
        kernel: Tensor,
        bias: Option<Tensor>,
    ) -> Result<Symbol, Located> {
        let window = &self.window;
        let filters = kernel.shape()[RANK];
        let mut layer = ConvTranspose::<RANK>::new(filters, sized(&window.size))
            .strides(sized::<RANK>(&window.strides))
            .dilation_rate(sized::<RANK>(&window.dilations))
            .use_bias(bias.is_some());
        if self.ends.is_same(window) {
            layer = layer.padding(Padding::Same);
        } else if (0..RANK).any(|axis| {
            // What Keras adds by itself.
            self.ends.added[axis] != window.strides[axis].saturating_sub(window.extent(axis))
        }) {
            layer = layer.output_padding(sized::<RANK>(&self.ends.added));
        }
        node.weighted(layer, x, std::iter::once(kernel).chain(bias).collect())
    }

    /// A layer for each group of channels, side by side.
    fn grouped<const RANK: usize>(
        &self,
        node: &mut Node<'_, 'a>,
        groups: usize,
        (kernel, bias): (&Tensor, Option<&Tensor>),
    ) -> Result<Symbol, Located> {
        let channels = self.weight.shape()[0] / groups;
        let filters = self.weight.shape()[1];
        let mut parts = Vec::with_capacity(groups);
        for group in 0..groups {
            let first = (group * channels) as i64;
            let last = first + channels as i64;
            let place = RANK as i64 + 1;
            let slice = StridedSlice::new(vec![place], vec![first], vec![last], vec![1]);
            let x = node.beside("group", slice, &self.x.symbol)?;
            let all = self.weight.shape()[0];
            let rows = kernel.data().chunks(all);
            let own = rows.flat_map(|row| &row[group * channels..][..channels]).copied().collect();
            let shape = [&self.window.size[..], &[filters, channels]].concat();
            let kernel = tensor(shape, own)?;
            let own = |bias: &Tensor| {
                let values = bias.data().get(group * filters..(group + 1) * filters);
                tensor(vec![filters], values.unwrap_or_default().to_vec())
            };
            let bias = bias.map(own).transpose()?;
            parts.push(self.layer::<RANK>(node, &x, kernel, bias)?);
        }
        node.builder.layer(Concatenate::new(), &parts)
    }
}

fn tensor(shape: Vec<usize>, values: Vec<f32>) -> Result<Tensor, Located> {
    Tensor::new(shape, values).map_err(|error| Problem::malformed("weights", error).into())
}
