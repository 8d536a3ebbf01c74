//! Dropout and Gaussian noise. No mask is stored: the gradient draws the same numbers again.

use crate::elementwise::map::{self, compiled_for};
use crate::elementwise::math::select;
use crate::elementwise::{Binary, BinaryPlan};
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::rng::{MOST, Stream, make_normal, uniform};

/// Numbers drawn at once, on the stack.
const DRAW: usize = 512;

/// Dropout: each value is 0 with probability `rate`, and `x / (1 - rate)` otherwise.
///
/// With a noise shape, values that share a place in it are dropped or kept together:
/// `(batch, 1, 1, channels)` drops whole feature maps. The gradient is the same function of the
/// output's gradient, run with the same stream.
///
/// # Shapes
/// `x`, `y`: the plan's shape.
///
/// # Source
/// Srivastava et al. (2014); `keras.layers.Dropout`, `SpatialDropout1D`/`2D`/`3D`.
#[derive(Clone, Debug, PartialEq)]
pub struct DropoutPlan {
    isa: Isa,
    len: usize,
    rate: f32,
    scale: f32,
    /// The mask's own length and how it is stretched, where it has a shape of its own.
    noise: Option<(usize, BinaryPlan)>,
}

impl DropoutPlan {
    /// Plans for one shape; without a noise shape every value is dropped by itself.
    ///
    /// # Errors
    /// [`KernelError::Number`] for a rate outside `[0, 1]`; [`KernelError::Broadcast`] for a noise
    /// shape that can't be stretched to the shape; [`KernelError::Size`] for more than 2³⁴ values.
    pub fn new(
        shape: &[usize],
        noise_shape: Option<&[usize]>,
        rate: f32,
        isa: Isa,
    ) -> Result<Self, KernelError> {
        const KERNEL: &str = "dropout";
        if !(0.0..=1.0).contains(&rate) {
            let (what, rule) = ("rate", "from 0 to 1");
            return Err(KernelError::Number { kernel: KERNEL, what, rule, received: rate.into() });
        }
        let len = stream_len(KERNEL, shape)?;
        let noise = match noise_shape {
            None => None,
            Some(noise_shape) => {
                let plan = BinaryPlan::new(Binary::Multiply, shape, noise_shape, isa)?;
                if plan.output_shape() != shape {
                    let (a, b) = (shape.to_vec(), noise_shape.to_vec());
                    return Err(KernelError::Broadcast { kernel: KERNEL, a, b });
                }
                Some((count(KERNEL, noise_shape)?, plan))
            }
        };
        let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
        Ok(Self { isa, len, rate, scale, noise })
    }

    /// The number of scratch values that a run needs: the mask, where it has a shape of its own.
    pub fn scratch_len(&self) -> usize {
        self.noise.as_ref().map_or(0, |(len, _)| *len)
    }

    /// Drops values of `x`, or of the output's gradient.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, stream: &Stream, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        assert_eq!(x.len(), self.len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.len, "the output's length must be that of the plan");
        match &self.noise {
            None => map::blocks(y, |start, y| {
                y.copy_from_slice(&x[start..start + y.len()]);
                self.drop_block(stream, start, y);
            }),
            Some((len, stretch)) => {
                let mask = &mut scratch[..*len];
                self.fill_mask(stream, mask);
                stretch.run(x, mask, y);
            }
        }
    }

    /// As [`DropoutPlan::run`], in place.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run_in_place(&self, stream: &Stream, y: &mut [f32], scratch: &mut [f32]) {
        assert_eq!(y.len(), self.len, "the length must be that of the plan");
        match &self.noise {
            None => map::blocks(y, |start, y| self.drop_block(stream, start, y)),
            Some((len, stretch)) => {
                let mask = &mut scratch[..*len];
                self.fill_mask(stream, mask);
                stretch.run_in_place(y, mask);
            }
        }
    }

    fn fill_mask(&self, stream: &Stream, mask: &mut [f32]) {
        map::blocks(mask, |start, mask| {
            mask.fill(1.0);
            self.drop_block(stream, start, mask);
        });
    }

    fn drop_block(&self, stream: &Stream, start: usize, y: &mut [f32]) {
        let (rate, scale) = (self.rate, self.scale);
        compiled_for(
            self.isa,
            #[inline(always)]
            move || {
                for (i, y) in y.chunks_mut(DRAW).enumerate() {
                    let mut chance = [0.0; DRAW];
                    stream.fill(start + i * DRAW, &mut chance[..y.len()], (uniform, |_| ()));
                    for (y, &chance) in y.iter_mut().zip(&chance) {
                        *y = select(chance >= rate, *y * scale, 0.0);
                    }
                }
            },
        );
    }
}

/// How noise meets the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseKind {
    /// `x + stddev · n`. Source: `keras.layers.GaussianNoise`. The gradient is that of the output.
    Additive,
    /// `x · (1 + stddev · n)`. Source: `keras.layers.GaussianDropout`, with the deviation
    /// `√(rate / (1 - rate))`. The gradient is the same function of the output's gradient.
    Multiplicative,
}

/// Gaussian noise with a number `n` of the normal distribution for each value.
///
/// # Shapes
/// `x`, `y`: of the plan's length, in any shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoisePlan {
    kind: NoiseKind,
    len: usize,
    stddev: f32,
    isa: Isa,
}

impl NoisePlan {
    /// Plans for arrays of one length.
    ///
    /// # Errors
    /// [`KernelError::Number`] for a negative deviation; [`KernelError::Size`] for more than 2³⁴ values.
    pub fn new(kind: NoiseKind, len: usize, stddev: f32, isa: Isa) -> Result<Self, KernelError> {
        const KERNEL: &str = "gaussian noise";
        if stddev.is_nan() || stddev < 0.0 {
            let (what, rule) = ("stddev", "0 or more");
            return Err(KernelError::Number {
                kernel: KERNEL,
                what,
                rule,
                received: stddev.into(),
            });
        }
        Ok(Self { kind, len: stream_len(KERNEL, &[len])?, stddev, isa })
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Adds or multiplies the noise.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, stream: &Stream, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.len, "the output's length must be that of the plan");
        map::blocks(y, |start, y| {
            y.copy_from_slice(&x[start..start + y.len()]);
            compiled_for(
                self.isa,
                #[inline(always)]
                || self.run_block(stream, start, y),
            );
        });
    }

    #[inline(always)]
    fn run_block(&self, stream: &Stream, start: usize, y: &mut [f32]) {
        let (kind, stddev) = (self.kind, self.stddev);
        for (i, y) in y.chunks_mut(DRAW).enumerate() {
            let mut noise = [0.0; DRAW];
            stream.fill(start + i * DRAW, &mut noise[..y.len()], (uniform, make_normal));
            for (y, &noise) in y.iter_mut().zip(&noise) {
                *y += match kind {
                    NoiseKind::Additive => stddev * noise,
                    NoiseKind::Multiplicative => *y * (stddev * noise),
                };
            }
        }
    }
}

/// The number of values of a shape, if one stream has a number for each.
fn stream_len(kernel: &'static str, shape: &[usize]) -> Result<usize, KernelError> {
    let len = count(kernel, shape)?;
    if len as u128 > u128::from(MOST) {
        let (what, rule) = ("the number of values", "at most 2^34");
        return Err(KernelError::Size { kernel, what, rule, received: vec![len] });
    }
    Ok(len)
}

pub mod reference {
    //! Dropout as its definition reads.

    use crate::elementwise::reference::{broadcast_offset, for_each_index};
    use crate::rng::Stream;

    /// Drops each value whose number, at its place in the noise shape, is below the rate.
    pub fn dropout(
        stream: &Stream,
        rate: f32,
        (x, shape): (&[f32], &[usize]),
        noise_shape: &[usize],
    ) -> Vec<f32> {
        let mut chances = vec![0.0; noise_shape.iter().product()];
        stream.fill_uniform(0, &mut chances);
        let mut y = Vec::new();
        for_each_index(shape, |index| {
            let dropped = chances[broadcast_offset(index, noise_shape)] < rate;
            let x = f64::from(x[y.len()]);
            y.push(if dropped { 0.0 } else { (x / (1.0 - f64::from(rate))) as f32 });
        });
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::ThreadPool;

    const STREAM: Stream = Stream { seed: 5, step: 2, op: 9 };

    fn ramp(len: usize) -> Vec<f32> {
        (1..=len).map(|i| i as f32).collect()
    }

    #[test]
    fn values_that_share_a_noise_place_are_dropped_together() {
        for isa in Isa::available() {
            for (shape, noise) in [
                (vec![0], vec![0]),
                (vec![1], vec![1]),
                (vec![9001], vec![9001]),
                (vec![3, 5, 7, 9], vec![3, 1, 1, 9]),
                (vec![2, 3000, 3], vec![2, 1, 3]),
            ] {
                let x = ramp(shape.iter().product());
                let noise_shape = (noise != shape).then_some(noise.as_slice());
                let plan = DropoutPlan::new(&shape, noise_shape, 0.5, isa).unwrap();
                let mut scratch = vec![0.0; plan.scratch_len()];
                let mut y = vec![f32::NAN; x.len()];
                plan.run(&STREAM, &x, &mut y, &mut scratch);
                assert_eq!(y, reference::dropout(&STREAM, 0.5, (&x, &shape), &noise), "{shape:?}");
                let mut in_place = x;
                plan.run_in_place(&STREAM, &mut in_place, &mut scratch);
                assert_eq!(y, in_place);
            }
        }
    }

    #[test]
    fn the_share_of_dropped_values_is_the_rate() {
        let x = vec![1.0; 100_000];
        for rate in [0.0, 0.1, 0.75, 1.0] {
            let plan = DropoutPlan::new(&[x.len()], None, rate, Isa::detect()).unwrap();
            let mut y = x.clone();
            plan.run(&STREAM, &x, &mut y, &mut []);
            let dropped = y.iter().filter(|&&y| y == 0.0).count() as f32 / x.len() as f32;
            assert!((dropped - rate).abs() < 0.01, "{dropped}, not {rate}");
        }
    }

    #[test]
    fn a_rate_or_a_noise_shape_that_makes_no_sense_is_refused() {
        assert!(DropoutPlan::new(&[4], None, 1.5, Isa::Portable).is_err());
        assert!(DropoutPlan::new(&[4], None, f32::NAN, Isa::Portable).is_err());
        assert!(DropoutPlan::new(&[4, 1], Some(&[4, 3]), 0.5, Isa::Portable).is_err());
        assert!(NoisePlan::new(NoiseKind::Additive, 3, -1.0, Isa::Portable).is_err());
    }

    #[test]
    fn noise_is_normal_and_meets_the_values_as_it_should() {
        let len = 5001;
        let mut noise = vec![0.0; len];
        STREAM.fill_normal(0, &mut noise);
        let x = ramp(len);
        for isa in Isa::available() {
            for kind in [NoiseKind::Additive, NoiseKind::Multiplicative] {
                let mut y = vec![0.0; len];
                NoisePlan::new(kind, len, 0.5, isa).unwrap().run(&STREAM, &x, &mut y);
                for ((&x, &n), &y) in x.iter().zip(&noise).zip(&y) {
                    let expected = match kind {
                        NoiseKind::Additive => x + 0.5 * n,
                        NoiseKind::Multiplicative => x + x * (0.5 * n),
                    };
                    assert_eq!(y, expected);
                }
            }
        }
    }

    #[test]
    fn two_threads_give_the_bits_of_one() {
        let x = ramp(100_003);
        let plan = DropoutPlan::new(&[x.len()], None, 0.3, Isa::detect()).unwrap();
        let [one, two] = [1, 2].map(|threads| {
            let pool = ThreadPool::new(threads).unwrap();
            let mut y = x.clone();
            pool.install(|| plan.run(&STREAM, &x, &mut y, &mut []));
            y
        });
        assert_eq!(one, two);
    }
}
