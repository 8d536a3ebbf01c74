//! Pools: Keras's layers where padding and rounding are theirs, else `WindowPooling`.

use dichroic::layers::{
    GlobalPooling, Largest, Mean, Padding, Pooled, Pooling, WindowPooling, ZeroPadding,
};
use dichroic::model::{LayerRef, Symbol};

use super::Value;
use super::conv::{margins_of, sized};
use super::window::Window;
use crate::error::{Located, Problem};
use crate::onnx::import::{Node, Variable};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Max,
    Average,
}

pub(super) fn max<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    if node.outputs > 1 {
        let fix = "export the model without MaxUnpool";
        return Err(node.unsupported("the second output of MaxPool (Indices)", fix));
    }
    // It only tells how the second output counts.
    node.attributes.ignore("storage_order");
    pool(node, Kind::Max, false)
}

pub(super) fn average<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let counts_padding = node.attributes.flag("count_include_pad")?;
    pool(node, Kind::Average, counts_padding)
}

fn pool<'a>(
    node: &mut Node<'_, 'a>,
    kind: Kind,
    counts_padding: bool,
) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let window = Window::of(node, None)?;
    if x.rank() != window.rank() + 2 || window.size.contains(&0) {
        let expected = format!("an input of {} axes", window.rank() + 2);
        return Err(Problem::malformed(expected, x.rank()).into());
    }
    let x = node.channels_last(&x)?;
    let call =
        Call { rounds_up: node.attributes.flag("ceil_mode")?, x, window, kind, counts_padding };
    let y = match call.window.rank() {
        1 => call.keras::<1>(node)?,
        2 => call.keras::<2>(node)?,
        3 => call.keras::<3>(node)?,
        _ => None,
    };
    let y = match y {
        Some(y) => y,
        None => call.general(node)?,
    };
    Ok(vec![Value::Variable(call.x.with(y))])
}

struct Call {
    x: Variable,
    window: Window,
    kind: Kind,
    counts_padding: bool,
    rounds_up: bool,
}

impl Call {
    /// Keras's layer, with zeros around the input where they change nothing; `None` where it computes something else.
    fn keras<const RANK: usize>(&self, node: &mut Node<'_, '_>) -> Result<Option<Symbol>, Located> {
        let window = &self.window;
        let margins = window.margins(node, &self.x)?;
        let padded = margins.as_ref().is_none_or(|margins| margins.iter().any(|&m| m != (0, 0)));
        let rounded = self.rounds_up && !self.ends_exactly(margins.as_deref());
        if window.dilations.iter().any(|&rate| rate != 1) || rounded {
            return Ok(None);
        }
        let Some(margins) = margins else {
            let counted = self.kind == Kind::Average && self.counts_padding;
            if counted {
                return self.zeros_first::<RANK>(node, None);
            }
            return self.layer::<RANK>(node, &self.x.symbol.clone(), Padding::Same).map(Some);
        };
        if !padded {
            return self.layer::<RANK>(node, &self.x.symbol.clone(), Padding::Valid).map(Some);
        }
        let zeros_are_right = match self.kind {
            Kind::Average => self.counts_padding,
            // A zero never wins over what is never negative.
            Kind::Max => never_negative(&self.x.symbol),
        };
        if zeros_are_right { self.zeros_first::<RANK>(node, Some(&margins)) } else { Ok(None) }
    }

    fn zeros_first<const RANK: usize>(
        &self,
        node: &mut Node<'_, '_>,
        margins: Option<&[(usize, usize)]>,
    ) -> Result<Option<Symbol>, Located> {
        let same = (0..RANK).map(|axis| self.window.same(axis, node, &self.x));
        let margins = match margins {
            Some(margins) => Some(margins.to_vec()),
            None => same.collect::<Result<Option<Vec<_>>, _>>()?,
        };
        let Some(margins) = margins else { return Ok(None) };
        let zeros = ZeroPadding::<RANK>::new(margins_of::<RANK>(&margins));
        let x = node.beside("pad", zeros, &self.x.symbol)?;
        self.layer::<RANK>(node, &x, Padding::Valid).map(Some)
    }

    fn layer<const RANK: usize>(
        &self,
        node: &mut Node<'_, '_>,
        x: &Symbol,
        padding: Padding,
    ) -> Result<Symbol, Located> {
        let layer: LayerRef = match self.kind {
            Kind::Max => pooling::<Largest, RANK>(&self.window, padding).into(),
            Kind::Average => pooling::<Mean, RANK>(&self.window, padding).into(),
        };
        node.layer(layer, x)
    }

    /// Whether the last window ends with the input, so that rounding up or down is the same.
    fn ends_exactly(&self, margins: Option<&[(usize, usize)]>) -> bool {
        (0..self.window.rank()).all(|axis| {
            let Some(size) = self.x.size(axis + 2).known() else { return false };
            let size = usize::try_from(size).unwrap_or(0);
            let padded = match margins {
                Some(margins) => {
                    size.saturating_add(margins[axis].0).saturating_add(margins[axis].1)
                }
                // Keras pads just so much that the last window ends there, or nothing.
                None => {
                    let outputs = size.div_ceil(self.window.strides[axis]);
                    let reach = outputs.saturating_sub(1).saturating_mul(self.window.strides[axis]);
                    size.max(reach.saturating_add(self.window.extent(axis)))
                }
            };
            let left = padded.checked_sub(self.window.extent(axis));
            left.is_some_and(|left| left.is_multiple_of(self.window.strides[axis]))
        })
    }

    fn general(&self, node: &mut Node<'_, '_>) -> Result<Symbol, Located> {
        let window = &self.window;
        let margins = match window.margins(node, &self.x)? {
            Some(margins) => Some(margins),
            None => {
                let same = (0..window.rank()).map(|axis| window.same(axis, node, &self.x));
                same.collect::<Result<Option<Vec<_>>, _>>()?
            }
        };
        let margins = margins.ok_or_else(|| {
            let what = "auto_pad with strides on an open size";
            node.unsupported(what, "give the sizes of the model's inputs with --input")
        })?;
        let padding: Vec<[usize; 2]> =
            margins.iter().map(|&(before, after)| [before, after]).collect();
        let layer = match self.kind {
            Kind::Max => WindowPooling::max(window.size.clone()),
            Kind::Average => WindowPooling::average(window.size.clone()),
        };
        let layer = layer
            .strides(window.strides.clone())
            .dilation_rate(window.dilations.clone())
            .padding(padding)
            .ceil_mode(self.rounds_up)
            .count_include_pad(self.counts_padding);
        node.layer(layer, &self.x.symbol)
    }
}

fn pooling<K: Pooled, const RANK: usize>(window: &Window, padding: Padding) -> Pooling<K, RANK> {
    Pooling::new(sized::<RANK>(&window.size))
        .strides(sized::<RANK>(&window.strides))
        .padding(padding)
}

/// Whether the layer that makes a value gives nothing below zero.
fn never_negative(symbol: &Symbol) -> bool {
    let Some(layer) = symbol.layer().layer() else { return false };
    let config = layer.config();
    match layer.class_name() {
        "ReLU" => config.get("negative_slope").and_then(serde_json::Value::as_f64) == Some(0.0),
        "Activation" => {
            let name = config.get("activation").and_then(serde_json::Value::as_str);
            matches!(name, Some("relu" | "relu6" | "sigmoid" | "softmax" | "hard_sigmoid"))
        }
        "MaxPooling1D" | "MaxPooling2D" | "MaxPooling3D" | "ZeroPadding2D" | "Concatenate"
        | "Add" => symbol.call_inputs().iter().all(never_negative),
        _ => false,
    }
}

pub(super) fn global_average<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    global::<Mean>(node)
}

pub(super) fn global_max<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    global::<Largest>(node)
}

fn global<'a, K: Pooled>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let x = node.channels_last(&x)?;
    let layer: LayerRef = match x.rank() {
        3 => GlobalPooling::<K, 1>::new().keepdims(true).into(),
        4 => GlobalPooling::<K, 2>::new().keepdims(true).into(),
        5 => GlobalPooling::<K, 3>::new().keepdims(true).into(),
        rank => return Err(Problem::malformed("an input of 3 to 5 axes", rank).into()),
    };
    node.elementwise(layer, &x)
}
