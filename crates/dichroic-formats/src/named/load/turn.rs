//! From the axes of a file to ours.

use dichroic::model::{LayerRef, Symbol, Weight};
use dichroic_graph::kernels::tensor::Tensor;

use super::super::{Convention, NamedArray};
use super::recurrent;
use crate::error::Problem;

/// The size of an axis, and the step along it in the file.
type Axis = (usize, usize);

/// Layers that leave every value of a vector in its place.
const LEAVE_PLACES: [&str; 15] = [
    "Activation",
    "BatchNormalization",
    "Clip",
    "Dropout",
    "ELU",
    "Function",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LayerNormalization",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Rescaling",
    "UnitNormalization",
];

/// The arrays as the weight's value: one, or as many as PyTorch makes of a recurrent layer's.
pub(super) fn tensor(
    weight: &Weight,
    arrays: &[&NamedArray],
    convention: Convention,
) -> Result<Tensor, Problem> {
    if convention == Convention::PyTorch
        && let Some(tensor) = recurrent::tensor(weight, arrays)
    {
        return tensor;
    }
    let &[array] = arrays else {
        return Err(Problem::malformed("one array", format!("{} arrays", arrays.len())));
    };
    let expected = &weight.spec.shape;
    let misfit = || Problem::Shape {
        expected: in_file(weight, convention),
        got: array.shape().iter().map(|&size| size as u64).collect(),
    };
    let axes = match convention {
        Convention::Keras => array.axes(),
        Convention::PyTorch => turned(weight, array).ok_or_else(misfit)?,
    };
    let sizes: Vec<usize> = axes.iter().map(|&(size, _)| size).collect();
    let fits = match convention {
        Convention::Keras => sizes == *expected,
        // Cut axes are joined again, and PReLU's slopes get axes of size 1: the values stay in order.
        Convention::PyTorch => sizes.iter().product::<usize>() == weight.len(),
    };
    if !fits {
        return Err(misfit());
    }
    if axes == array.axes() && sizes == *expected {
        return Ok(array.tensor());
    }
    Tensor::new(expected.clone(), array.walk(&axes)).map_err(|_| misfit())
}

/// The axes of PyTorch's array in our order; `None` where it can't be such a weight.
fn turned(weight: &Weight, array: &NamedArray) -> Option<Vec<Axis>> {
    let axes = array.axes();
    let needed = in_file(weight, Convention::PyTorch);
    let repeated = is_slope(weight) && array.shape() == [1];
    if array.shape() != needed && !repeated {
        return None;
    }
    let class = weight.layer.class_name();
    let kernel_first = || axes[2..].iter().copied();
    Some(match (class, weight.spec.name) {
        _ if repeated => vec![(weight.len(), 0)],
        _ if is_depthwise(weight) => {
            let ((outputs, step), multiplier) = (axes[0], *weight.spec.shape.last()?);
            let channels = outputs.checked_div(multiplier)?;
            kernel_first().chain([(channels, step * multiplier), (multiplier, step)]).collect()
        }
        _ if is_kernel(weight) => kernel_first().chain([axes[1], axes[0]]).collect(),
        ("Dense", "kernel") => {
            let mut turned = flattened(&weight.layer, axes[1]);
            turned.push(axes[0]);
            turned
        }
        ("BatchNormalization" | "LayerNormalization" | "PReLU", _) if axes.len() == 1 => {
            flattened(&weight.layer, axes[0])
        }
        ("LayerNormalization", _) if axes.len() >= 3 => {
            axes[1..].iter().copied().chain([axes[0]]).collect()
        }
        _ => axes,
    })
}

/// The shape that a file of this convention holds the weight in.
fn in_file(weight: &Weight, convention: Convention) -> Vec<usize> {
    let own = &weight.spec.shape;
    let class = weight.layer.class_name();
    match (convention, own.as_slice()) {
        (Convention::Keras, _) => own.clone(),
        (_, [kernel @ .., channels, multiplier]) if is_depthwise(weight) => {
            [&[channels * multiplier, 1], kernel].concat()
        }
        (_, [kernel @ .., inner, outer]) if is_kernel(weight) => {
            [&[*outer, *inner], kernel].concat()
        }
        (_, [inner, outer]) if class == "Dense" => vec![*outer, *inner],
        (_, [.., channels]) if is_slope(weight) && weight.len() == *channels => vec![*channels],
        (_, [sizes @ .., channels]) if class == "LayerNormalization" && !sizes.is_empty() => {
            match sizes.len() {
                1 => own.clone(),
                _ => [&[*channels], sizes].concat(),
            }
        }
        _ => own.clone(),
    }
}

/// A convolution's kernel, `(out, in, kernel…)` in PyTorch; a transposed one's, `(in, out, kernel…)`. Ours end in the same two, swapped.
fn is_kernel(weight: &Weight) -> bool {
    let class = weight.layer.class_name();
    class.contains("Conv") && weight.spec.name.ends_with("kernel") && !is_depthwise(weight)
}

/// A kernel `(channels × multiplier, 1, kernel…)` in PyTorch, the multiplier fastest.
fn is_depthwise(weight: &Weight) -> bool {
    match weight.spec.name {
        "depthwise_kernel" => true,
        "kernel" => weight.layer.class_name().starts_with("DepthwiseConv"),
        _ => false,
    }
}

/// PReLU's slopes: a vector in PyTorch, one value for each channel or one for all.
fn is_slope(weight: &Weight) -> bool {
    weight.layer.class_name() == "PReLU"
}

/// An axis of features, cut so that values which PyTorch counts channels first come channels last; as it is
/// where no feature map was flattened before the layer.
fn flattened(layer: &LayerRef, (size, step): Axis) -> Vec<Axis> {
    let sizes = map_before(layer).filter(|sizes| sizes.iter().product::<usize>() == size);
    let Some(sizes) = sizes else { return vec![(size, step)] };
    let (&channels, spatial) = sizes.split_last().expect("a feature map has channels");
    let mut axes = Vec::with_capacity(sizes.len());
    let mut inner = step;
    for &size in spatial.iter().rev() {
        axes.push((size, inner));
        inner *= size;
    }
    axes.reverse();
    axes.push((channels, inner));
    axes
}

/// The feature map, batch left out, whose values the layer takes as a vector; `None` if there is none.
fn map_before(layer: &LayerRef) -> Option<Vec<usize>> {
    let mut symbol = only_input(&layer.output(0)?)?;
    loop {
        let class = symbol.layer().class_name();
        let into_vector = class == "Flatten" || (class == "Reshape" && symbol.shape().rank() == 2);
        let before = only_input(&symbol)?;
        if into_vector {
            return is_feature_map(&before)
                .then(|| before.shape().axes()[1..].to_vec())?
                .into_iter()
                .collect();
        }
        if !LEAVE_PLACES.contains(&class) || symbol.shape().rank() != 2 {
            return None;
        }
        symbol = before;
    }
}

/// Whether PyTorch has the channels of a value first. With two or three spatial axes it does, unless they were put in order before;
/// with one only if a convolution or pooling made it, as sequences have their features last.
fn is_feature_map(symbol: &Symbol) -> bool {
    let class = symbol.layer().class_name();
    if matches!(class, "Permute" | "Transpose") {
        return false;
    }
    match symbol.shape().rank() {
        0..=2 => false,
        3 => {
            let of_maps = ["Conv", "Pooling", "UpSampling", "ZeroPadding", "Cropping"];
            of_maps.iter().any(|word| class.contains(word))
                || (LEAVE_PLACES.contains(&class)
                    && only_input(symbol).is_some_and(|before| is_feature_map(&before)))
        }
        _ => true,
    }
}

fn only_input(symbol: &Symbol) -> Option<Symbol> {
    match symbol.call_inputs() {
        [input] => Some(input.clone()),
        _ => None,
    }
}
