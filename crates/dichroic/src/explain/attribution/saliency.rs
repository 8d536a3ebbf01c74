//! Gradients of the class score by the picture's own values.

use dichroic_graph::kernels::rng::Stream;
use dichroic_graph::kernels::tensor::Tensor;

use super::gradient::Subject;
use super::{AttributionError, AttributionRequest, Completeness, Watch, report};

/// The deviation of SmoothGrad's noise as a part of the picture's range; the paper found 10 to 20 % to work best.
const NOISE: f32 = 0.15;

/// The largest slope of each pixel's channels.
pub(super) fn saliency(subject: &Subject<'_>) -> Result<Tensor, AttributionError> {
    let mut run = subject.gradient(subject.lowered(1)?, None)?;
    let gradient = run.run(subject.picture().data())?;
    pixels(subject, gradient, largest)
}

/// The largest slope of each pixel's channels in the mean gradient over noisy pictures.
pub(super) fn smooth(
    subject: &Subject<'_>,
    request: &AttributionRequest,
    watch: &mut Watch<'_>,
) -> Result<Tensor, AttributionError> {
    at_least_one("samples", request.samples)?;
    let picture = subject.picture().data();
    let (low, high) = picture
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    let deviation = NOISE * (high - low);
    let mut run = subject.gradient(subject.lowered(1)?, None)?;
    let mut sum = vec![0.0f32; picture.len()];
    let mut noisy = vec![0.0f32; picture.len()];
    for sample in 0..request.samples {
        let noise = Stream { seed: request.seed, step: sample as u64, op: 0 };
        noise.fill_normal(0, &mut noisy);
        noisy.iter_mut().zip(picture).for_each(|(value, x)| *value = x + *value * deviation);
        let gradient = run.run(&noisy)?;
        sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g / request.samples as f32);
        report(watch, sample + 1, request.samples)?;
    }
    pixels(subject, &sum, largest)
}

/// Integrated gradients from zeros, and whether they account for the score.
pub(super) fn integrated(
    subject: &Subject<'_>,
    steps: usize,
    watch: &mut Watch<'_>,
) -> Result<(Tensor, Completeness), AttributionError> {
    at_least_one("steps", steps)?;
    let picture = subject.picture().data();
    let mut run = subject.gradient(subject.lowered(1)?, None)?;
    let mut sum = vec![0.0f64; picture.len()];
    for step in 0..steps {
        let part = (step as f32 + 0.5) / steps as f32;
        let between: Vec<f32> = picture.iter().map(|x| x * part).collect();
        let gradient = run.run(&between)?;
        sum.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += f64::from(g));
        report(watch, step + 1, steps)?;
    }
    let attributed: Vec<f32> = sum
        .iter()
        .zip(picture)
        .map(|(sum, &x)| (sum / steps as f64 * f64::from(x)) as f32)
        .collect();
    run.run(picture)?;
    let whole = f64::from(run.score()?);
    run.run(&vec![0.0; picture.len()])?;
    let completeness = Completeness {
        sum: attributed.iter().map(|&value| f64::from(value)).sum(),
        expected: whole - f64::from(run.score()?),
    };
    Ok((pixels(subject, &attributed, |channels| channels.iter().sum())?, completeness))
}

fn largest(channels: &[f32]) -> f32 {
    channels.iter().fold(0.0, |largest, value| value.abs().max(largest))
}

/// One number for each pixel, from those of its channels.
fn pixels(
    subject: &Subject<'_>,
    values: &[f32],
    of_channels: impl Fn(&[f32]) -> f32,
) -> Result<Tensor, AttributionError> {
    let channels = subject.picture().shape()[3];
    Ok(Tensor::new(subject.sides(), values.chunks_exact(channels).map(of_channels).collect())?)
}

fn at_least_one(option: &'static str, value: usize) -> Result<(), AttributionError> {
    match value {
        0 => Err(AttributionError::Option { option, rule: "at least 1", got: "0".to_owned() }),
        _ => Ok(()),
    }
}
