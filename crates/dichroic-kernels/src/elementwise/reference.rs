//! The element-wise functions as their definitions read, in `f64`: the oracle of every test.

use super::binary::Binary;
use super::unary::{SELU_ALPHA, SELU_SCALE, Unary};

impl Unary {
    /// `f(x)` by its definition.
    pub fn scalar(&self, x: f64) -> f64 {
        match *self {
            Unary::Relu => x.max(0.0),
            Unary::Relu6 => x.clamp(0.0, 6.0),
            Unary::LeakyRelu { negative_slope } => {
                if x > 0.0 {
                    x
                } else {
                    f64::from(negative_slope) * x
                }
            }
            Unary::ReluGeneral { max_value, negative_slope, threshold } => {
                let threshold = f64::from(threshold);
                let above = if x > threshold { x } else { 0.0 };
                let clipped = match max_value {
                    Some(max_value) => above.max(0.0).min(f64::from(max_value)),
                    None => above,
                };
                clipped - f64::from(negative_slope) * (threshold - x).max(0.0)
            }
            Unary::Elu { alpha } => elu(x, f64::from(alpha)),
            Unary::Selu => SELU_SCALE * elu(x, SELU_ALPHA),
            Unary::Celu { alpha } => {
                let alpha = f64::from(alpha);
                x.max(0.0) + alpha * (x.min(0.0) / alpha).exp_m1()
            }
            Unary::Gelu => x * normal_distribution(x),
            Unary::GeluTanh => 0.5 * x * (1.0 + gelu_tanh_argument(x).tanh()),
            Unary::Silu => x * sigmoid(x),
            Unary::Mish => x * softplus(x).tanh(),
            Unary::Softplus => softplus(x),
            Unary::Softsign => x / (1.0 + x.abs()),
            Unary::Sigmoid => sigmoid(x),
            Unary::Tanh => x.tanh(),
            Unary::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Unary::HardSilu => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Unary::HardTanh => x.clamp(-1.0, 1.0),
            Unary::HardShrink { threshold } => {
                if x.abs() > f64::from(threshold) {
                    x
                } else {
                    0.0
                }
            }
            Unary::SoftShrink { threshold } => {
                let threshold = f64::from(threshold);
                if x > threshold {
                    x - threshold
                } else if x < -threshold {
                    x + threshold
                } else {
                    0.0
                }
            }
            Unary::TanhShrink => x - x.tanh(),
            Unary::Threshold { threshold, value } => {
                if x > f64::from(threshold) {
                    x
                } else {
                    f64::from(value)
                }
            }
            Unary::Exponential => x.exp(),
            Unary::LogSigmoid => -softplus(-x),
            Unary::Squareplus { b } => 0.5 * (x + (x * x + f64::from(b)).sqrt()),
            Unary::SparsePlus => {
                if x <= -1.0 {
                    0.0
                } else if x < 1.0 {
                    0.25 * (x + 1.0) * (x + 1.0)
                } else {
                    x
                }
            }
            Unary::SparseSigmoid => (0.5 * (x + 1.0)).clamp(0.0, 1.0),
            Unary::Negate => -x,
            Unary::Square => x * x,
            Unary::Sqrt => x.sqrt(),
            Unary::Rsqrt => 1.0 / x.sqrt(),
            Unary::Reciprocal => 1.0 / x,
            Unary::Log => x.ln(),
            Unary::Abs => x.abs(),
            Unary::Sign => step(x > 0.0) - step(x < 0.0),
            Unary::Clip { min, max } => x.max(f64::from(min)).min(f64::from(max)),
            Unary::Affine { scale, offset } => f64::from(scale) * x + f64::from(offset),
        }
    }

    /// `f'(x)` by its formula, from the input; at a kink as [`Unary::gradient`] takes it.
    pub fn derivative(&self, x: f64) -> f64 {
        match *self {
            Unary::Relu => step(x > 0.0),
            Unary::Relu6 => step(x > 0.0 && x < 6.0),
            Unary::LeakyRelu { negative_slope } => {
                if x > 0.0 {
                    1.0
                } else {
                    f64::from(negative_slope)
                }
            }
            Unary::ReluGeneral { max_value, negative_slope, threshold } => {
                if x <= f64::from(threshold) {
                    f64::from(negative_slope)
                } else if let Some(max_value) = max_value {
                    step(x > 0.0 && x < f64::from(max_value))
                } else {
                    1.0
                }
            }
            Unary::Elu { alpha } => elu_slope(x, f64::from(alpha)),
            Unary::Selu => SELU_SCALE * elu_slope(x, SELU_ALPHA),
            Unary::Celu { alpha } => (x.min(0.0) / f64::from(alpha)).exp(),
            Unary::Gelu => normal_distribution(x) + x * normal_density(x),
            Unary::GeluTanh => {
                let tanh = gelu_tanh_argument(x).tanh();
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (1.0 + 3.0 * 0.044715 * x * x);
                0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
            }
            Unary::Silu => sigmoid(x) + x * sigmoid(x) * (1.0 - sigmoid(x)),
            Unary::Mish => {
                let tanh = softplus(x).tanh();
                tanh + x * (1.0 - tanh * tanh) * sigmoid(x)
            }
            Unary::Softplus => sigmoid(x),
            Unary::Softsign => 1.0 / ((1.0 + x.abs()) * (1.0 + x.abs())),
            Unary::Sigmoid => sigmoid(x) * (1.0 - sigmoid(x)),
            Unary::Tanh => 1.0 - x.tanh() * x.tanh(),
            Unary::HardSigmoid => step(x > -3.0 && x < 3.0) / 6.0,
            Unary::HardSilu => {
                if x <= -3.0 {
                    0.0
                } else if x >= 3.0 {
                    1.0
                } else {
                    x / 3.0 + 0.5
                }
            }
            Unary::HardTanh => step(x > -1.0 && x < 1.0),
            Unary::HardShrink { threshold } | Unary::SoftShrink { threshold } => {
                step(x.abs() > f64::from(threshold))
            }
            Unary::TanhShrink => x.tanh() * x.tanh(),
            Unary::Threshold { threshold, .. } => step(x > f64::from(threshold)),
            Unary::Exponential => x.exp(),
            Unary::LogSigmoid => sigmoid(-x),
            Unary::Squareplus { b } => 0.5 * (1.0 + x / (x * x + f64::from(b)).sqrt()),
            Unary::SparsePlus => (0.5 * (x + 1.0)).clamp(0.0, 1.0),
            Unary::SparseSigmoid => 0.5 * step(x > -1.0 && x < 1.0),
            Unary::Negate => -1.0,
            Unary::Square => 2.0 * x,
            Unary::Sqrt => 0.5 / x.sqrt(),
            Unary::Rsqrt => -0.5 / (x * x.sqrt()),
            Unary::Reciprocal => -1.0 / (x * x),
            Unary::Log => 1.0 / x,
            Unary::Abs => step(x > 0.0) - step(x < 0.0),
            Unary::Sign => 0.0,
            Unary::Clip { min, max } => step(x >= f64::from(min) && x <= f64::from(max)),
            Unary::Affine { scale, .. } => f64::from(scale),
        }
    }
}

impl Binary {
    /// `f(a, b)` by its definition.
    pub fn scalar(self, a: f64, b: f64) -> f64 {
        match self {
            Binary::Add => a + b,
            Binary::Subtract => a - b,
            Binary::Multiply => a * b,
            Binary::Divide => a / b,
            Binary::Maximum => a.max(b),
            Binary::Minimum => a.min(b),
            Binary::Greater => step(a > b),
            Binary::GreaterEqual => step(a >= b),
            Binary::Equal => step(a == b),
        }
    }
}

/// `out[i] = f(a[i], b[i])` after numpy's broadcasting of two shapes that fit each other.
///
/// The values are those of `out_shape` in row-major order.
pub fn binary(
    kind: Binary,
    (a, a_shape): (&[f32], &[usize]),
    (b, b_shape): (&[f32], &[usize]),
    out_shape: &[usize],
) -> Vec<f32> {
    let mut out = Vec::new();
    for_each_index(out_shape, |index| {
        let a = f64::from(a[broadcast_offset(index, a_shape)]);
        let b = f64::from(b[broadcast_offset(index, b_shape)]);
        out.push(kind.scalar(a, b) as f32);
    });
    out
}

/// Calls `visit` with every index of a shape, the last axis fastest.
pub fn for_each_index(shape: &[usize], mut visit: impl FnMut(&[usize])) {
    let count: usize = shape.iter().product();
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        visit(&index);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// Where a value lies in row-major order.
pub fn offset(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |offset, (&i, &size)| offset * size + i)
}

/// Where a value of the broadcast shape comes from: axes are matched from the last one on, and an
/// axis of size 1 gives its only value.
pub fn broadcast_offset(index: &[usize], shape: &[usize]) -> usize {
    let index = &index[index.len() - shape.len()..];
    index.iter().zip(shape).fold(0, |offset, (&i, &size)| offset * size + i.min(size - 1))
}

fn step(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn elu(x: f64, alpha: f64) -> f64 {
    if x >= 0.0 { x } else { alpha * x.exp_m1() }
}

fn elu_slope(x: f64, alpha: f64) -> f64 {
    if x >= 0.0 { 1.0 } else { alpha * x.exp() }
}

fn gelu_tanh_argument(x: f64) -> f64 {
    (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The normal distribution function.
///
/// # Source
/// Abramowitz and Stegun, 26.2.11 (series) and 26.2.14 (continued fraction).
pub fn normal_distribution(x: f64) -> f64 {
    if x > 3.0 {
        return 1.0 - normal_distribution(-x);
    }
    if x < -3.0 {
        let mut fraction = 0.0;
        for k in (1..200).rev() {
            fraction = f64::from(k) / (-x + fraction);
        }
        return normal_density(x) / (-x + fraction);
    }
    let mut term = x;
    let mut sum = x;
    for k in 1..100 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + normal_density(x) * sum
}
