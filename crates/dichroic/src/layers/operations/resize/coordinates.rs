//! Where the places of a resized axis lie on the old one, and what they are made of.

use dichroic_graph::ops::Taps;

use super::{CoordinateTransformation, NearestRounding, Resize, ResizeMode, Row};

/// One axis of a resize.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Its size.
    pub(super) input: usize,
    /// The size to reach.
    pub(super) output: usize,
    /// How many new places an old one stands for.
    pub(super) scale: f64,
    /// The part of the axis that is cut out, between 0 and 1.
    pub(super) roi: [f64; 2],
}

/// More taps than this are more than any picture needs.
const MOST_TAPS: f64 = 268_435_456.0;

impl Axis {
    /// What each new place is made of; none where that would be too much.
    pub(super) fn taps(&self, resize: &Resize) -> Option<Taps> {
        let mut taps = Taps::new(self.input);
        for (offset, row) in self.rows(resize)? {
            taps.push(offset, row);
        }
        Some(taps)
    }

    /// For each new place what is added, and the old places with their weights.
    pub(super) fn rows(&self, resize: &Resize) -> Option<Vec<Row>> {
        let filter = Filter::new(resize, self.scale);
        let many = filter.reach() * self.output as f64;
        if !self.scale.is_finite() || self.scale <= 0.0 || many > MOST_TAPS {
            return None;
        }
        let row = |output: usize| {
            let position = self.position(output, resize.coordinate_transformation);
            let outside = position < 0.0 || position > self.last();
            let crops =
                resize.coordinate_transformation == CoordinateTransformation::TfCropAndResize;
            match resize.mode {
                _ if crops && outside => (resize.extrapolation_value, Vec::new()),
                ResizeMode::Nearest => (0.0, vec![(self.nearest(position, resize.rounding), 1.0)]),
                _ => (0.0, self.weighted(position, &filter)),
            }
        };
        Some((0..self.output).map(row).collect())
    }

    /// The number of the last place.
    fn last(&self) -> f64 {
        self.input as f64 - 1.0
    }

    /// The old place, with its fraction, on which a new one lies.
    fn position(&self, output: usize, transformation: CoordinateTransformation) -> f64 {
        let x = output as f64;
        // The size as the scale has it, before it was made whole.
        let resized = self.scale * self.input as f64;
        let half_pixel = (x + 0.5) / self.scale - 0.5;
        match transformation {
            CoordinateTransformation::HalfPixel => half_pixel,
            CoordinateTransformation::HalfPixelSymmetric => {
                let adjustment = self.output as f64 / resized;
                self.input as f64 / 2.0 * (1.0 - adjustment) + half_pixel
            }
            CoordinateTransformation::PytorchHalfPixel if resized == 1.0 => -0.5,
            CoordinateTransformation::PytorchHalfPixel => half_pixel,
            CoordinateTransformation::AlignCorners if resized == 1.0 => 0.0,
            CoordinateTransformation::AlignCorners => x * self.last() / (resized - 1.0),
            CoordinateTransformation::Asymmetric => x / self.scale,
            CoordinateTransformation::TfHalfPixelForNn => (x + 0.5) / self.scale,
            CoordinateTransformation::TfCropAndResize => {
                let [start, end] = self.roi;
                let along = match resized == 1.0 {
                    true => (end - start) * self.last() / 2.0,
                    false => x * (end - start) * self.last() / (resized - 1.0),
                };
                along + start * self.last()
            }
        }
    }

    fn nearest(&self, position: f64, rounding: NearestRounding) -> usize {
        let (below, fraction) = (position.floor(), position - position.floor());
        let place = match rounding {
            NearestRounding::RoundPreferFloor if fraction <= 0.5 => below,
            NearestRounding::RoundPreferCeil if fraction < 0.5 => below,
            NearestRounding::RoundPreferFloor | NearestRounding::RoundPreferCeil => below + 1.0,
            NearestRounding::Floor => below,
            NearestRounding::Ceil => position.ceil(),
        };
        place.clamp(0.0, self.last()) as usize
    }

    /// The places around a position with their weights, whose sum is 1.
    fn weighted(&self, position: f64, filter: &Filter) -> Vec<(usize, f32)> {
        let first = position.floor() + filter.first;
        let mut row: Vec<(usize, f64)> = Vec::new();
        for i in 0..filter.taps() {
            let place = first + i as f64;
            let weight = filter.weight(place - position);
            let inside = (0.0..=self.last()).contains(&place);
            if weight == 0.0 || (filter.exclude_outside && !inside) {
                continue;
            }
            // Beyond the edges the axis goes on with its last values.
            let place = place.clamp(0.0, self.last()) as usize;
            match row.last_mut() {
                Some((last, sum)) if *last == place => *sum += weight,
                _ => row.push((place, weight)),
            }
        }
        let sum: f64 = row.iter().map(|(_, weight)| weight).sum();
        let sum = if sum == 0.0 { 1.0 } else { sum };
        row.into_iter().map(|(place, weight)| (place, (weight / sum) as f32)).collect()
    }
}

/// How much a neighbour weighs, by its distance.
#[derive(Clone, Copy, Debug)]
struct Filter {
    cubic: Option<f64>,
    /// How much wider than one place it is made, so that no old place is passed over.
    shrink: f64,
    /// The first place that may weigh something, counted from the one below the position.
    first: f64,
    exclude_outside: bool,
}

impl Filter {
    fn new(resize: &Resize, scale: f64) -> Self {
        let shrink = if resize.antialias { scale.min(1.0) } else { 1.0 };
        let cubic =
            (resize.mode == ResizeMode::Cubic).then_some(f64::from(resize.cubic_coefficient));
        let radius = if cubic.is_some() { 2.0 } else { 1.0 };
        let first = (-radius / shrink).floor() + 1.0;
        Self { cubic, shrink, first, exclude_outside: resize.exclude_outside }
    }

    /// The number of places that may weigh something.
    fn reach(&self) -> f64 {
        2.0 - 2.0 * self.first
    }

    fn taps(&self) -> usize {
        self.reach() as usize
    }

    /// The triangle of linear interpolation, or Keys's cubic.
    fn weight(&self, distance: f64) -> f64 {
        let x = (distance * self.shrink).abs();
        match self.cubic {
            None => (1.0 - x).max(0.0),
            Some(a) if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            Some(a) if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
            Some(_) => 0.0,
        }
    }
}
