//! Functions of one value: every activation of Keras, and a little arithmetic.

use super::map;
use super::math::*;
use crate::isa::Isa;

/// A function of one value, applied to each element.
///
/// The definitions are those of `keras.activations` (Keras 3); the constants of a variant carry
/// Keras's names. [`super::reference`] has each as one line of `f64` arithmetic.
///
/// # Source
/// `keras/src/activations/activations.py` and `keras/src/backend/numpy/nn.py`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` if `x > 0`, else `negative_slope · x`.
    LeakyRelu {
        /// The slope for negative values (Keras: 0.2 as a function, 0.3 as a layer).
        negative_slope: f32,
    },
    /// `x` if `x > threshold`, else `negative_slope · (x - threshold)`; the part above the threshold
    /// is clipped to `[0, max_value]` where there is a `max_value`.
    ReluGeneral {
        /// The largest value.
        max_value: Option<f32>,
        /// The slope below the threshold.
        negative_slope: f32,
        /// Where the linear part begins.
        threshold: f32,
    },
    /// `x` if `x ≥ 0`, else `alpha · (eˣ - 1)`.
    Elu {
        /// Minus the limit for very negative values.
        alpha: f32,
    },
    /// `scale · elu(x, alpha)`, with [`SELU_SCALE`] and [`SELU_ALPHA`].
    Selu,
    /// `max(x, 0) + alpha · (e^(min(x, 0)/alpha) - 1)`.
    Celu {
        /// Minus the limit for very negative values.
        alpha: f32,
    },
    /// `x · Φ(x)`, where `Φ` is the normal distribution: `x · (1 + erf(x/√2)) / 2`.
    Gelu,
    /// The approximation of [`Unary::Gelu`] by `tanh`: `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
    GeluTanh,
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// `x · tanh(softplus(x))`.
    Mish,
    /// `ln(1 + eˣ)`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x/6 + 1/2`, clipped to `[0, 1]`.
    HardSigmoid,
    /// `x · hard_sigmoid(x)`, also called hard swish.
    HardSilu,
    /// `x`, clipped to `[-1, 1]`.
    HardTanh,
    /// `x` if `|x| > threshold`, else 0.
    HardShrink {
        /// Where 0 ends (Keras: 0.5).
        threshold: f32,
    },
    /// `x - threshold` above the threshold, `x + threshold` below its negative, else 0.
    SoftShrink {
        /// Where 0 ends (Keras: 0.5).
        threshold: f32,
    },
    /// `x - tanh(x)`.
    TanhShrink,
    /// `x` if `x > threshold`, else `value`.
    Threshold {
        /// Values up to here are replaced.
        threshold: f32,
        /// By this one.
        value: f32,
    },
    /// `eˣ`.
    Exponential,
    /// `-ln(1 + e⁻ˣ)`.
    LogSigmoid,
    /// `(x + √(x² + b)) / 2`.
    Squareplus {
        /// The smoothness (Keras: 4).
        b: f32,
    },
    /// 0 if `x ≤ -1`, `x` if `x ≥ 1`, `(x + 1)² / 4` between.
    SparsePlus,
    /// 0 if `x ≤ -1`, 1 if `x ≥ 1`, `(x + 1) / 2` between.
    SparseSigmoid,
    /// `-x`.
    Negate,
    /// `x²`.
    Square,
    /// `√x`.
    Sqrt,
    /// `1 / √x`.
    Rsqrt,
    /// `1 / x`.
    Reciprocal,
    /// `ln x`.
    Log,
    /// `|x|`.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// `x`, clipped to `[min, max]`.
    Clip {
        /// The least value.
        min: f32,
        /// The greatest value.
        max: f32,
    },
    /// `scale · x + offset`.
    Affine {
        /// The factor.
        scale: f32,
        /// What is added.
        offset: f32,
    },
}

/// `scale` of [`Unary::Selu`] (Klambauer et al., 2017), as Keras writes it.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// `alpha` of [`Unary::Selu`].
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// What the gradient of a [`Unary`] is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GradientNeeds {
    /// The value that went in.
    Input,
    /// The value that came out; the input may be overwritten.
    Output,
}

impl Unary {
    /// Whether [`Unary::gradient`] takes the input or the output.
    ///
    /// It is the output wherever that suffices, for then the function can work in place.
    pub fn gradient_needs(&self) -> GradientNeeds {
        match *self {
            Unary::Relu
            | Unary::Relu6
            | Unary::Selu
            | Unary::Softplus
            | Unary::Softsign
            | Unary::Sigmoid
            | Unary::Tanh
            | Unary::HardSigmoid
            | Unary::HardTanh
            | Unary::Exponential
            | Unary::LogSigmoid
            | Unary::SparsePlus
            | Unary::SparseSigmoid
            | Unary::Negate
            | Unary::Sqrt
            | Unary::Rsqrt
            | Unary::Reciprocal
            | Unary::Affine { .. } => GradientNeeds::Output,
            Unary::LeakyRelu { negative_slope } if negative_slope >= 0.0 => GradientNeeds::Output,
            Unary::Elu { alpha } | Unary::Celu { alpha } if alpha > 0.0 => GradientNeeds::Output,
            _ => GradientNeeds::Input,
        }
    }

    /// `y = f(x)`.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn apply(&self, isa: Isa, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), y.len(), "the input and the output must be of one length");
        map::blocks(y, |start, y| {
            self.apply_to_block(isa, &x[start..start + y.len()], y);
        });
    }

    /// `y = f(y)`.
    pub fn apply_in_place(&self, isa: Isa, y: &mut [f32]) {
        map::blocks(y, |_, y| {
            map::copied_aside(y, |_, x, y| self.apply_to_block(isa, x, y));
        });
    }

    /// `dx = dy · f'`, from `xy`: the input or the output, as [`Unary::gradient_needs`] says.
    ///
    /// At a kink the slope is that which TensorFlow takes: 0 for [`Unary::Relu`] at 0.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn gradient(&self, isa: Isa, xy: &[f32], dy: &[f32], dx: &mut [f32]) {
        assert_eq!(xy.len(), dx.len(), "the values and the gradient must be of one length");
        assert_eq!(dy.len(), dx.len(), "both gradients must be of one length");
        map::blocks(dx, |start, dx| {
            let range = start..start + dx.len();
            self.gradient_of_block(isa, (&xy[range.clone()], &dy[range]), dx);
        });
    }

    /// `dy = dy · f'`, in place.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn gradient_in_place(&self, isa: Isa, xy: &[f32], dy: &mut [f32]) {
        assert_eq!(xy.len(), dy.len(), "the values and the gradient must be of one length");
        map::blocks(dy, |start, dy| {
            let xy = &xy[start..start + dy.len()];
            map::copied_aside(dy, |start, copy, dy| {
                self.gradient_of_block(isa, (&xy[start..start + dy.len()], copy), dy);
            });
        });
    }

    fn apply_to_block(&self, isa: Isa, x: &[f32], y: &mut [f32]) {
        /// `y = f(x)` with the body inlined into the loop of each instruction set.
        macro_rules! each {
            ($x:ident, $f:expr) => {
                map::map(
                    isa,
                    x,
                    y,
                    #[inline(always)]
                    move |$x| $f,
                )
            };
        }
        match *self {
            Unary::Relu => each!(x, at_least(x, 0.0)),
            Unary::Relu6 => each!(x, clamp(x, 0.0, 6.0)),
            Unary::LeakyRelu { negative_slope } => {
                each!(x, select(x > 0.0, x, negative_slope * x))
            }
            Unary::ReluGeneral { max_value, negative_slope, threshold } => {
                let max = max_value.unwrap_or(f32::INFINITY);
                let min = if max_value.is_some() { 0.0 } else { f32::NEG_INFINITY };
                each!(x, {
                    let above = select(x <= threshold, 0.0, x);
                    let below = at_least(threshold - x, 0.0);
                    clamp(above, min, max) - select(below > 0.0, negative_slope * below, 0.0)
                })
            }
            Unary::Elu { alpha } => each!(x, select(x >= 0.0, x, alpha * expm1(x))),
            Unary::Selu => {
                let (scale, scaled_alpha) = (SELU_SCALE as f32, (SELU_SCALE * SELU_ALPHA) as f32);
                each!(x, select(x >= 0.0, scale * x, scaled_alpha * expm1(x)))
            }
            Unary::Celu { alpha } => each!(x, select(x >= 0.0, x, alpha * expm1(x / alpha))),
            Unary::Gelu => each!(x, x * normal_distribution(x).1),
            Unary::GeluTanh => each!(x, 0.5 * x * (1.0 + tanh(gelu_tanh_argument(x)))),
            Unary::Silu => each!(x, x * sigmoid(x)),
            Unary::Mish => each!(x, x * tanh_of_softplus(x).1),
            Unary::Softplus => each!(x, softplus(x)),
            Unary::Softsign => each!(x, x / (1.0 + x.abs())),
            Unary::Sigmoid => each!(x, sigmoid(x)),
            Unary::Tanh => each!(x, tanh(x)),
            Unary::HardSigmoid => each!(x, hard_sigmoid(x)),
            Unary::HardSilu => each!(x, x * hard_sigmoid(x)),
            Unary::HardTanh => each!(x, clamp(x, -1.0, 1.0)),
            Unary::HardShrink { threshold } => each!(x, select(x.abs() <= threshold, 0.0, x)),
            Unary::SoftShrink { threshold } => {
                each!(x, x - clamp(x, -threshold, threshold))
            }
            Unary::TanhShrink => each!(x, tanh_shrink(x)),
            Unary::Threshold { threshold, value } => {
                each!(x, select(x <= threshold, value, x))
            }
            Unary::Exponential => each!(x, exp(x)),
            Unary::LogSigmoid => each!(x, -softplus(-x)),
            Unary::Squareplus { b } => each!(x, squareplus(x, b).0),
            Unary::SparsePlus => each!(x, {
                let middle = 0.25 * (x + 1.0) * (x + 1.0);
                select(x <= -1.0, 0.0, select(x >= 1.0, x, middle))
            }),
            Unary::SparseSigmoid => each!(x, clamp(0.5 * (x + 1.0), 0.0, 1.0)),
            Unary::Negate => each!(x, -x),
            Unary::Square => each!(x, x * x),
            Unary::Sqrt => each!(x, x.sqrt()),
            Unary::Rsqrt => each!(x, 1.0 / x.sqrt()),
            Unary::Reciprocal => each!(x, 1.0 / x),
            Unary::Log => each!(x, log(x)),
            Unary::Abs => each!(x, x.abs()),
            Unary::Sign => each!(x, sign(x)),
            Unary::Clip { min, max } => each!(x, clamp(x, min, max)),
            Unary::Affine { scale, offset } => each!(x, scale * x + offset),
        }
    }

    fn gradient_of_block(&self, isa: Isa, (xy, dy): (&[f32], &[f32]), dx: &mut [f32]) {
        /// `dx = g(v, dy)`, where `v` is the input or the output.
        macro_rules! each {
            ($v:ident, $dy:ident, $g:expr) => {
                map::map_pairs(
                    isa,
                    (xy, dy),
                    dx,
                    #[inline(always)]
                    move |$v, $dy| $g,
                )
            };
        }
        let from_output = self.gradient_needs() == GradientNeeds::Output;
        match *self {
            Unary::Relu => each!(y, dy, select(y > 0.0, dy, 0.0)),
            Unary::Relu6 => each!(y, dy, select(y > 0.0 && y < 6.0, dy, 0.0)),
            // The sign of the output is that of the input, or the slope is negative and `v` the input.
            Unary::LeakyRelu { negative_slope } => {
                each!(v, dy, select(v > 0.0, dy, negative_slope * dy))
            }
            Unary::ReluGeneral { max_value, negative_slope, threshold } => {
                let max = max_value.unwrap_or(f32::INFINITY);
                let min = if max_value.is_some() { 0.0 } else { f32::NEG_INFINITY };
                each!(x, dy, {
                    let above = select(x > min && x < max, dy, 0.0);
                    select(x > threshold, above, negative_slope * dy)
                })
            }
            Unary::Elu { alpha } if from_output => {
                each!(y, dy, select(y >= 0.0, dy, dy * (y + alpha)))
            }
            Unary::Elu { alpha } => each!(x, dy, select(x >= 0.0, dy, dy * (alpha * exp(x)))),
            Unary::Selu => {
                let (scale, scaled_alpha) = (SELU_SCALE as f32, (SELU_SCALE * SELU_ALPHA) as f32);
                each!(y, dy, select(y >= 0.0, scale * dy, dy * (y + scaled_alpha)))
            }
            Unary::Celu { alpha } if from_output => {
                each!(y, dy, select(y >= 0.0, dy, dy * (y / alpha + 1.0)))
            }
            Unary::Celu { alpha } => {
                each!(x, dy, select(x >= 0.0, dy, dy * exp(x / alpha)))
            }
            Unary::Gelu => each!(x, dy, {
                let (bell, distribution) = normal_distribution(x);
                dy * (distribution + x * (bell * INVERSE_SQRT_TAU))
            }),
            Unary::GeluTanh => each!(x, dy, dy * gelu_tanh_slope(x)),
            Unary::Silu => each!(x, dy, {
                let s = sigmoid(x);
                dy * (s + x * s * (1.0 - s))
            }),
            Unary::Mish => each!(x, dy, dy * mish_slope(x)),
            Unary::Softplus => each!(y, dy, dy * -expm1(-y)),
            Unary::Softsign => each!(y, dy, {
                let slope = 1.0 - y.abs();
                dy * (slope * slope)
            }),
            Unary::Sigmoid => each!(y, dy, dy * (y * (1.0 - y))),
            Unary::Tanh => each!(y, dy, dy * ((1.0 - y) * (1.0 + y))),
            Unary::HardSigmoid => {
                each!(y, dy, select(y > 0.0 && y < 1.0, dy * (1.0 / 6.0), 0.0))
            }
            Unary::HardSilu => each!(x, dy, {
                let middle = dy * (x * (1.0 / 3.0) + 0.5);
                select(x <= -3.0, 0.0, select(x >= 3.0, dy, middle))
            }),
            Unary::HardTanh => each!(y, dy, select(y > -1.0 && y < 1.0, dy, 0.0)),
            Unary::HardShrink { threshold } | Unary::SoftShrink { threshold } => {
                each!(x, dy, select(x.abs() > threshold, dy, 0.0))
            }
            Unary::TanhShrink => each!(x, dy, {
                let t = tanh(x);
                dy * (t * t)
            }),
            Unary::Threshold { threshold, .. } => {
                each!(x, dy, select(x > threshold, dy, 0.0))
            }
            Unary::Exponential => each!(y, dy, dy * y),
            Unary::LogSigmoid => each!(y, dy, dy * -expm1(y)),
            Unary::Squareplus { b } => each!(x, dy, {
                let (y, root) = squareplus(x, b);
                dy * (y / root)
            }),
            Unary::SparsePlus => each!(y, dy, dy * at_most(y, 1.0).sqrt()),
            Unary::SparseSigmoid => each!(y, dy, select(y > 0.0 && y < 1.0, 0.5 * dy, 0.0)),
            Unary::Negate => each!(_y, dy, -dy),
            Unary::Square => each!(x, dy, dy * (2.0 * x)),
            Unary::Sqrt => each!(y, dy, dy * (0.5 / y)),
            Unary::Rsqrt => each!(y, dy, dy * (-0.5 * (y * y * y))),
            Unary::Reciprocal => each!(y, dy, dy * -(y * y)),
            Unary::Log => each!(x, dy, dy / x),
            Unary::Abs => each!(x, dy, dy * sign(x)),
            Unary::Sign => each!(_x, _dy, 0.0),
            Unary::Clip { min, max } => each!(x, dy, select(x >= min && x <= max, dy, 0.0)),
            Unary::Affine { scale, .. } => each!(_y, dy, scale * dy),
        }
    }
}

/// `1 / √(2π)`.
const INVERSE_SQRT_TAU: f32 = 0.398_942_3;
/// `√(2/π)`.
const SQRT_2_OVER_PI: f32 = 0.797_884_6;
/// The coefficient of the cubic term (Hendrycks & Gimpel, 2016).
const GELU_CUBIC: f32 = 0.044_715;

#[inline(always)]
fn sign(x: f32) -> f32 {
    let signed = select(x > 0.0, 1.0, x);
    select(x < 0.0, -1.0, signed)
}

#[inline(always)]
fn hard_sigmoid(x: f32) -> f32 {
    clamp(x * (1.0 / 6.0) + 0.5, 0.0, 1.0)
}

#[inline(always)]
fn gelu_tanh_argument(x: f32) -> f32 {
    SQRT_2_OVER_PI * (x + GELU_CUBIC * (x * x * x))
}

#[inline(always)]
fn gelu_tanh_slope(x: f32) -> f32 {
    // Beyond 20 the slope is 0 or 1 to the last bit, but x² could overflow.
    let x = clamp(x, -20.0, 20.0);
    let t = tanh(gelu_tanh_argument(x));
    let inner = SQRT_2_OVER_PI * (1.0 + 3.0 * GELU_CUBIC * (x * x));
    0.5 * (1.0 + t) + 0.5 * x * ((1.0 - t) * (1.0 + t)) * inner
}

/// `(eˣ, tanh(softplus(x)))`, for `tanh(ln(1 + e)) = e(e + 2) / (e(e + 2) + 2)`.
#[inline(always)]
fn tanh_of_softplus(x: f32) -> (f32, f32) {
    // From 20 on the quotient is 1 to the last bit, but its square could overflow.
    let e = exp(at_most(x, 20.0));
    let w = e * (e + 2.0);
    (e, w / (w + 2.0))
}

#[inline(always)]
fn mish_slope(x: f32) -> f32 {
    let (e, t) = tanh_of_softplus(x);
    let w = e * (e + 2.0) + 2.0;
    // (1 - tanh²) · sigmoid, with 1 - tanh² = 4(e + 1)² / w².
    t + x * (4.0 * e * (e + 1.0) / w / w)
}

/// `((x + √(x² + b)) / 2, √(x² + b))`, without the cancellation for negative `x`.
#[inline(always)]
fn squareplus(x: f32, b: f32) -> (f32, f32) {
    let root = (x * x + b).sqrt();
    (select(x < 0.0, 0.5 * b / (root - x), 0.5 * (x + root)), root)
}
