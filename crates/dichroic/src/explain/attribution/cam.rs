//! Class activation maps: a layer's maps, weighed by how the score depends on them.

use dichroic_graph::kernels::tensor::Tensor;

use super::gradient::Subject;
use super::layer::maps;
use super::{AttributionError, AttributionRequest, Method};

/// A class activation map on the positions of a layer.
pub(super) struct Cam {
    pub(super) layer: String,
    /// `(height, width)` of the layer.
    pub(super) grid: Tensor,
}

pub(super) fn map(
    subject: &Subject<'_>,
    request: &AttributionRequest,
) -> Result<Cam, AttributionError> {
    let lowered = subject.lowered(1)?;
    let picture = subject.picture_in(&lowered);
    let (layer, value) = maps(subject.model, (&lowered, picture), request.layer.as_deref())?;
    let shape = lowered.graph.shape(value).to_vec();
    let (height, width, channels) = (shape[1], shape[2], shape[3]);
    // The picture itself may be asked for, which is no value that a plan could keep.
    let is_picture = value == picture;
    let mut run = subject.gradient(lowered, (!is_picture).then_some(value))?;
    let gradient = run.run(subject.picture().data())?.to_vec();
    let maps = if is_picture { subject.picture().data() } else { run.value()? };
    let weights = match request.method {
        Method::GradCamPlusPlus => second_order_weights(maps, &gradient, channels),
        _ => mean_gradients(&gradient, channels),
    };
    let weighed = |maps: &[f32]| -> f32 {
        let sum: f64 =
            maps.iter().zip(&weights).map(|(&map, weight)| f64::from(map) * weight).sum();
        sum.max(0.0) as f32
    };
    let grid = Tensor::new([height, width], maps.chunks_exact(channels).map(weighed).collect())?;
    Ok(Cam { layer, grid })
}

/// The mean of each channel's gradient over all positions.
fn mean_gradients(gradient: &[f32], channels: usize) -> Vec<f64> {
    let positions = (gradient.len() / channels).max(1) as f64;
    let mut means = vec![0.0; channels];
    for position in gradient.chunks_exact(channels) {
        means.iter_mut().zip(position).for_each(|(mean, &g)| *mean += f64::from(g) / positions);
    }
    means
}

/// `w_k = Σ_ij α_kij · max(0, g_kij)`; positions without a gradient add nothing.
fn second_order_weights(maps: &[f32], gradient: &[f32], channels: usize) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    for position in maps.chunks_exact(channels) {
        sums.iter_mut().zip(position).for_each(|(sum, &map)| *sum += f64::from(map));
    }
    let mut weights = vec![0.0; channels];
    for position in gradient.chunks_exact(channels) {
        for ((weight, sum), &g) in weights.iter_mut().zip(&sums).zip(position) {
            let g = f64::from(g);
            let below = 2.0 * g.powi(2) + g.powi(3) * sum;
            if g > 0.0 && below != 0.0 {
                *weight += g.powi(2) / below * g;
            }
        }
    }
    weights
}
