//! Covering parts of the picture and looking how far the score falls.

use dichroic_graph::kernels::tensor::Tensor;

use super::gradient::Subject;
use super::{AttributionError, AttributionRequest, Watch, report};

/// Covered pictures in one run.
const BATCH: usize = 8;

/// The mean fall of the score over all squares that cover a pixel.
///
/// Squares begin at multiples of the stride and, so that the far edges are covered too, at the last place where one fits.
pub(super) fn map(
    subject: &Subject<'_>,
    request: &AttributionRequest,
    watch: &mut Watch<'_>,
) -> Result<Tensor, AttributionError> {
    let [height, width] = subject.sides();
    let window = request.window.unwrap_or((height.min(width) / 8).max(1));
    let stride = request.stride.unwrap_or((window / 2).max(1));
    for (option, value) in [("window", window), ("stride", stride)] {
        if value == 0 || value > height.max(width) {
            let rule = "from 1 to the longer side of the picture";
            return Err(AttributionError::Option { option, rule, got: value.to_string() });
        }
    }
    let squares: Vec<Square> = starts(height, window, stride)
        .into_iter()
        .flat_map(|top| {
            let lefts = starts(width, window, stride).into_iter();
            lefts.map(move |left| Square { top, left, side: window })
        })
        .collect();
    let cover = Cover::of(subject);
    let batch = BATCH.min(squares.len());
    let mut run = subject.scores(batch)?;
    let whole = run.run(&subject.picture().data().repeat(batch))?[0];
    let (mut falls, mut covers) = (vec![0.0f64; height * width], vec![0u32; height * width]);
    for (done, chunk) in squares.chunks(batch).enumerate() {
        let mut pictures = subject.picture().data().repeat(batch);
        let len = pictures.len() / batch;
        for (square, picture) in chunk.iter().zip(pictures.chunks_exact_mut(len)) {
            cover.pixels(square).for_each(|pixel| cover.paint(picture, pixel));
        }
        for (square, score) in chunk.iter().zip(run.run(&pictures)?) {
            for pixel in cover.pixels(square) {
                falls[pixel] += f64::from(whole - score);
                covers[pixel] += 1;
            }
        }
        report(watch, (done * batch + chunk.len()).min(squares.len()), squares.len())?;
    }
    let mean = |(fall, &covers): (&f64, &u32)| (fall / f64::from(covers.max(1))) as f32;
    Ok(Tensor::new([height, width], falls.iter().zip(&covers).map(mean).collect())?)
}

struct Square {
    top: usize,
    left: usize,
    side: usize,
}

/// Where squares begin along a side.
fn starts(side: usize, window: usize, stride: usize) -> Vec<usize> {
    let last = side.saturating_sub(window);
    let mut starts: Vec<usize> = (0..=last).step_by(stride).collect();
    if starts.last() != Some(&last) {
        starts.push(last);
    }
    starts
}

/// The colour that covers, and the picture's sides.
struct Cover {
    sides: [usize; 2],
    mean: Vec<f32>,
}

impl Cover {
    fn of(subject: &Subject<'_>) -> Self {
        let channels = subject.picture().shape()[3];
        let mut sums = vec![0.0f64; channels];
        for pixel in subject.picture().data().chunks_exact(channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        let [height, width] = subject.sides();
        let mean = sums.iter().map(|sum| (sum / (height * width) as f64) as f32).collect();
        Self { sides: [height, width], mean }
    }

    /// The pixels of a square, by number.
    fn pixels(&self, square: &Square) -> impl Iterator<Item = usize> + use<> {
        let [height, width] = self.sides;
        let rows = square.top..(square.top + square.side).min(height);
        let (left, right) = (square.left, (square.left + square.side).min(width));
        rows.flat_map(move |row| (left..right).map(move |column| row * width + column))
    }

    fn paint(&self, picture: &mut [f32], pixel: usize) {
        let channels = self.mean.len();
        picture[pixel * channels..(pixel + 1) * channels].copy_from_slice(&self.mean);
    }
}
