//! Convolutions: `Conv`, grouped `Conv` and `ConvTranspose`.

use dichroic::Shape;
use dichroic::activations::Activation;
use dichroic::layers::{Convolution, Padding, Sharing, Window};

use super::super::graph::{Attribute, Attributes};
use super::super::scope::{Kept, Scope};
use super::super::value::Value;
use super::activations::activate;
use crate::error::Problem;

/// `Conv1D`–`3D` and depthwise convolutions, which are `Conv` with a group for each channel.
pub(super) fn convolution(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let about = about(scope)?;
    let kernel = kernel(scope, 0, &about)?;
    let attributes = stencil(scope, &about.window, &x.shape, about.groups)?;
    let inputs = with_bias(scope, &x, kernel, 1)?;
    finish(scope, (&x, "Conv"), &inputs, attributes)
}

/// A depthwise `Conv`, then one with a kernel of 1.
pub(super) fn separable(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let about = about(scope)?;
    let depthwise = kernel(scope, 0, &about)?;
    let attributes = stencil(scope, &about.window, &x.shape, about.in_channels)?;
    let middle = scope.emit("Conv", &[&x.name, &depthwise], attributes);
    let middle = x.renamed(middle);
    let pointwise = Convolution { sharing: Sharing::None, ..about };
    let pointwise = kernel(scope, 1, &pointwise)?;
    let inputs = with_bias(scope, &middle, pointwise, 2)?;
    finish(scope, (&x, "Conv"), &inputs, Vec::new())
}

/// The sum over channels, then a `Conv` with one.
pub(super) fn shared(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let about = about(scope)?;
    let kernel = kernel(scope, 0, &about)?;
    let attributes = stencil(scope, &about.window, &x.shape, 1)?;
    let sum = scope.reduce("ReduceSum", &x, &[x.rank() - 1], Kept::AsOne);
    let inputs = with_bias(scope, &sum, kernel, 1)?;
    finish(scope, (&x, "Conv"), &inputs, attributes)
}

/// `ConvTranspose`, whose kernel has the input's channels first.
pub(super) fn transposed(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let about = about(scope)?;
    let kernel = kernel(scope, 0, &about)?;
    let window = &about.window;
    let added = added_at_the_end(scope, window)?;
    let pads = window.pad_before.iter().chain(&window.pad_after);
    let attributes = vec![
        ("kernel_shape", Attribute::sizes(&window.size)),
        ("strides", Attribute::sizes(&window.strides)),
        ("dilations", Attribute::sizes(&window.dilation_rate)),
        ("pads", Attribute::sizes(pads)),
        ("output_padding", Attribute::sizes(&added)),
        ("group", Attribute::Int(1)),
    ];
    let inputs = with_bias(scope, &x, kernel, 1)?;
    finish(scope, (&x, "ConvTranspose"), &inputs, attributes)
}

fn about(scope: &Scope<'_>) -> Result<Convolution, Problem> {
    let shapes = scope.input_shapes();
    let about = scope.layer.convolution(&shapes);
    about.ok_or_else(|| Problem::malformed("an input that the convolution takes", &shapes[0]))
}

/// `(kernel…, channels, filters)` as `(filters, channels, kernel…)`. A depthwise kernel `(kernel…, channels,
/// multiplier)` holds the values of `(kernel…, 1, channels · multiplier)`.
fn kernel(scope: &mut Scope<'_>, index: usize, about: &Convolution) -> Result<String, Problem> {
    let mut sizes = scope.weight_values(index)?.shape().to_vec();
    let rank = about.rank;
    let depthwise = matches!(about.sharing, Sharing::Depthwise | Sharing::Separable);
    if let (true, [.., channels, filters]) = (depthwise, sizes.as_mut_slice()) {
        (*channels, *filters) = (1, *channels * *filters);
    }
    let axes: Vec<usize> = [rank + 1, rank].into_iter().chain(0..rank).collect();
    scope.weight_as(index, &sizes, &axes)
}

fn with_bias(
    scope: &mut Scope<'_>,
    x: &Value,
    kernel: String,
    bias: usize,
) -> Result<Vec<String>, Problem> {
    let mut inputs = vec![x.name.clone(), kernel];
    if scope.argument::<bool>("use_bias")? {
        inputs.push(scope.weight(bias)?);
    }
    Ok(inputs)
}

/// The convolution on its inputs, and the activation behind it.
fn finish(
    scope: &mut Scope<'_>,
    (x, op): (&Value, &'static str),
    inputs: &[String],
    attributes: Attributes,
) -> Result<Value, Problem> {
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let name = scope.emit(op, &inputs, attributes);
    let mut axes = scope.output_shape()?.axes().to_vec();
    if let Some(channels) = axes.last_mut() {
        // An activation may change the number of channels.
        *channels = Some(about(scope)?.filters);
    }
    let y = x.renamed(name).reshaped(Shape::new(axes));
    let activation: Activation = scope.argument("activation")?;
    activate(scope, &y, &activation)
}

/// Size, strides, dilation, padding and groups of a window as attributes.
fn stencil(
    scope: &Scope<'_>,
    window: &Window,
    input: &Shape,
    groups: usize,
) -> Result<Attributes, Problem> {
    let padding: Padding = scope.argument("padding")?;
    let mut attributes = vec![
        ("kernel_shape", Attribute::sizes(&window.size)),
        ("strides", Attribute::sizes(&window.strides)),
        ("dilations", Attribute::sizes(&window.dilation_rate)),
        pads(window, input, padding),
    ];
    attributes.push(("group", Attribute::size(groups)));
    Ok(attributes)
}

/// Padding in numbers where they are known: always, except for `same` with strides on an open axis.
pub(super) fn pads(window: &Window, input: &Shape, padding: Padding) -> (&'static str, Attribute) {
    let spatial = input.spatial().iter().zip(&window.strides);
    let open = spatial.into_iter().any(|(size, &stride)| size.is_none() && stride > 1);
    if padding == Padding::Same && open {
        // The odd cell goes to the end, as in Keras.
        return ("auto_pad", Attribute::Text("SAME_UPPER"));
    }
    ("pads", Attribute::sizes(window.pad_before.iter().chain(&window.pad_after)))
}

/// Cells that a transposed convolution adds at the end of each axis, whatever the input's size is.
fn added_at_the_end(scope: &Scope<'_>, window: &Window) -> Result<Vec<usize>, Problem> {
    // Large enough that nothing is cut off to nothing.
    const SIZE: usize = 4096;
    let input = &scope.input_shapes()[0];
    let rank = window.size.len();
    let mut axes = input.axes().to_vec();
    axes[1..=rank].fill(Some(SIZE));
    let refused = |error| Problem::malformed("inputs that the layer takes", error);
    let output = scope.layer.output_shape(&[Shape::new(axes)]).map_err(refused)?;
    let added = |axis: usize| {
        let extent = (window.size[axis] - 1) * window.dilation_rate[axis] + 1;
        let full = (SIZE - 1) * window.strides[axis] + extent;
        let kept = full.saturating_sub(window.pad_before[axis] + window.pad_after[axis]);
        output.spatial()[axis].unwrap_or(kept).saturating_sub(kept)
    };
    Ok((0..rank).map(added).collect())
}
