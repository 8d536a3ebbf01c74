//! `Conv`: kernels `(filters, channels / groups, kernel…)` become `(kernel…, channels / groups, filters)`.

use dichroic::Tensor;
use dichroic::layers::{Conv, DepthwiseConv, Margins, Padding, Sizes, StridedSlice, ZeroPadding};
use dichroic::model::{LayerRef, Symbol};

use super::steps::Steps;
use super::window::Window;
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Node, Order, Value, Variable};

/// `Conv` with known weights.
pub(in super::super) fn conv<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let weight = node.known(1)?;
    let groups = node.attributes.int_or("group", 1)?;
    let spatial = weight.shape().get(2..).unwrap_or_default().to_vec();
    if spatial.is_empty() || x.rank() != weight.rank() {
        let expected = format!("an input of {} axes, as the weight has", weight.rank());
        return Err(Problem::malformed(expected, x.rank()).into());
    }
    let window = Window::of(node, Some(&spatial))?;
    let x = node.channels_last(&x)?;
    let groups = usize::try_from(groups)
        .ok()
        .filter(|&groups| groups > 0)
        .ok_or_else(|| Problem::malformed("a number of groups of at least 1", groups))?;
    let bias = match node.known_optional(2)? {
        Some(bias) => Some(bias),
        None => following_bias(node, &weight),
    };
    let steps = Steps::of(&window);
    let call = Call { x, window, groups, weight, bias, steps };
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

/// A convolution as the file gives it.
struct Call<'a> {
    x: Variable,
    window: Window,
    groups: usize,
    weight: Array<'a>,
    bias: Option<Array<'a>>,
    /// How strides and dilation are shared out.
    steps: Steps,
}

impl<'a> Call<'a> {
    fn make<const RANK: usize>(&self, node: &mut Node<'_, 'a>) -> Result<Symbol, Located> {
        let (x, padding) = match self.steps.are_apart(&self.window) {
            true => {
                let x = padded_by_hand::<RANK>(node, &self.x, &self.window)?;
                (every(node, "places", &x, &self.steps.before)?, Padding::Valid)
            }
            false => padded::<RANK>(node, &self.x, &self.window)?,
        };
        let channels = node.size(&self.x, 1)?;
        let (layer, kernel) = match depthwise(self.groups, channels, &self.weight, RANK) {
            Some(multiplier) => self.depthwise::<RANK>(padding, channels, multiplier)?,
            None => self.grouped::<RANK>(padding)?,
        };
        let mut weights = vec![kernel];
        if let Some(bias) = &self.bias {
            weights.push(bias.to_tensor(&Order::plain(bias.rank()))?);
        }
        let y = node.tied(layer, &x, weights)?;
        every(node, "strides", &y, &self.steps.after)
    }

    fn grouped<const RANK: usize>(&self, padding: Padding) -> Result<(LayerRef, Tensor), Located> {
        let order: Vec<usize> = (2..RANK + 2).chain([1, 0]).collect();
        let kernel = self.weight.to_tensor(&Order::new(order))?;
        let layer = Conv::<RANK>::new(self.weight.shape()[0], sized(&self.window.size))
            .strides(sized::<RANK>(&self.steps.strides))
            .dilation_rate(sized::<RANK>(&self.steps.dilations))
            .groups(self.groups)
            .use_bias(self.bias.is_some())
            .padding(padding);
        Ok((layer.into(), kernel))
    }

    /// `(channels · multiplier, 1, kernel…)` becomes `(kernel…, channels, multiplier)`.
    fn depthwise<const RANK: usize>(
        &self,
        padding: Padding,
        channels: usize,
        multiplier: usize,
    ) -> Result<(LayerRef, Tensor), Located> {
        let order: Vec<usize> = (2..RANK + 2).chain([1, 0]).collect();
        let shape = [self.window.size.as_slice(), &[channels, multiplier]].concat();
        let kernel = self.weight.to_tensor_as(&Order::new(order), shape)?;
        let layer = DepthwiseConv::<RANK>::new(sized(&self.window.size))
            .depth_multiplier(multiplier)
            .strides(sized::<RANK>(&self.steps.strides))
            .dilation_rate(sized::<RANK>(&self.steps.dilations))
            .use_bias(self.bias.is_some())
            .padding(padding);
        Ok((layer.into(), kernel))
    }
}

/// The bias that an Add behind this node gives, one number for each filter, which then is done here.
fn following_bias<'a>(node: &mut Node<'_, 'a>, weight: &Array<'a>) -> Option<Array<'a>> {
    let next = node.next_add()?;
    let filters = weight.shape()[0];
    let channels = [vec![1, filters], vec![1; weight.rank() - 2]].concat();
    let shape = &channels[channels.len().checked_sub(next.rank())?..];
    if next.shape() != shape || next.len() != filters || next.is_open() {
        return None;
    }
    node.absorb_next();
    Some(next.reshaped(vec![filters]))
}

/// The filters of each channel, if no filter sees two channels and Keras has a layer for it.
fn depthwise(groups: usize, channels: usize, weight: &Array<'_>, rank: usize) -> Option<usize> {
    let filters = weight.shape()[0];
    let apart = groups > 1 && groups == channels && weight.shape()[1] == 1;
    (apart && rank < 3 && filters.is_multiple_of(channels)).then(|| filters / channels)
}

/// The input with zeros around it where the layer's own padding can't say them.
pub(super) fn padded<const RANK: usize>(
    node: &mut Node<'_, '_>,
    x: &Variable,
    window: &Window,
) -> Result<(Symbol, Padding), Located> {
    let Some(margins) = window.margins(node, x)? else {
        return Ok((x.symbol.clone(), Padding::Same));
    };
    if margins.iter().all(|&margin| margin == (0, 0)) {
        return Ok((x.symbol.clone(), Padding::Valid));
    }
    let padding = ZeroPadding::<RANK>::new(margins_of::<RANK>(&margins));
    Ok((node.beside("pad", padding, &x.symbol)?, Padding::Valid))
}

/// The input with all its zeros around it.
fn padded_by_hand<const RANK: usize>(
    node: &mut Node<'_, '_>,
    x: &Variable,
    window: &Window,
) -> Result<Symbol, Located> {
    let margins = match window.margins(node, x)? {
        Some(margins) => margins,
        None => {
            let same = |axis| match window.same(axis, node, x)? {
                Some(margin) => Ok(margin),
                None => {
                    let what = "auto_pad with strides on an open size";
                    let fix = "give the sizes of the model's inputs with --input";
                    Err(node.unsupported(what, fix))
                }
            };
            (0..window.rank()).map(same).collect::<Result<_, Located>>()?
        }
    };
    if margins.iter().all(|&margin| margin == (0, 0)) {
        return Ok(x.symbol.clone());
    }
    node.beside("pad", ZeroPadding::<RANK>::new(margins_of::<RANK>(&margins)), &x.symbol)
}

/// Each so many-th place along the spatial axes of a value that lies channels last.
fn every(
    node: &mut Node<'_, '_>,
    suffix: &str,
    x: &Symbol,
    steps: &[usize],
) -> Result<Symbol, Located> {
    let axes: Vec<usize> = (0..steps.len()).filter(|&axis| steps[axis] > 1).collect();
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let places: Vec<i64> = axes.iter().map(|&axis| axis as i64 + 1).collect();
    let strides: Vec<i64> = axes.iter().map(|&axis| steps[axis] as i64).collect();
    let (starts, stops) = (vec![0; axes.len()], vec![i64::MAX; axes.len()]);
    node.beside(suffix, StridedSlice::new(places, starts, stops, strides), x)
}

/// Margins for a layer of this rank; the window has as many.
pub(super) fn margins_of<const RANK: usize>(margins: &[(usize, usize)]) -> Margins<RANK> {
    let mut all = [(0, 0); RANK];
    for (to, from) in all.iter_mut().zip(margins) {
        *to = *from;
    }
    all.into()
}

/// Sizes for a layer of this rank; the window has as many.
pub(super) fn sized<const RANK: usize>(sizes: &[usize]) -> Sizes<RANK> {
    let mut all = [1; RANK];
    for (to, from) in all.iter_mut().zip(sizes) {
        *to = *from;
    }
    all.into()
}
