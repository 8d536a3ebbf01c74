//! What passes attach behind an op: a residual that is added, and a wider value that is written into.

use dichroic_kernels::conv::{Epilogue, OutputChannels, Residual};
use dichroic_kernels::elementwise::Unary;

use crate::shape::Shape;

/// The channels of a wider value (a concatenation) that an op writes.
///
/// The ops that write one value form a chain: each takes what the ones before it have written as
/// its last input, and works on it in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Joined {
    /// The first channel.
    pub first: usize,
    /// All channels of the wider value.
    pub total: usize,
    /// Whether the last input holds channels that were written before; without it, the other
    /// channels hold anything.
    pub begun: bool,
}

/// What is done behind a convolution besides bias and activation; set by passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tail {
    /// Whether an input behind weights and bias is added before the activation.
    pub residual: Residual,
    /// Whether the output is a part of a wider one.
    pub joined: Option<Joined>,
}

/// The inputs of a convolution behind its first two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extras<T> {
    pub bias: Option<T>,
    pub residual: Option<T>,
    /// What was written before.
    pub into: Option<T>,
}

impl Joined {
    /// The shape of the wider value, from that of the part; or the rule that is broken.
    pub(super) fn widen(self, part: &Shape, into: Option<&Shape>) -> Result<Shape, String> {
        let mut shape = part.to_vec();
        let last = shape.last_mut().ok_or("a part needs channels")?;
        if self.first.checked_add(*last).is_none_or(|end| end > self.total) {
            return Err(format!("channels from {} on exceed {}", self.first, self.total));
        }
        *last = self.total;
        let shape = Shape::from(shape);
        match into {
            Some(into) if *into != shape => {
                Err(format!("is written into a value of shape {shape}"))
            }
            None if self.begun => Err("needs what was written before".into()),
            _ => Ok(shape),
        }
    }

    /// The same for a kernel.
    pub(super) fn channels(self) -> OutputChannels {
        OutputChannels::Range { first: self.first, total: self.total }
    }

    /// The wider value with this part in its place.
    pub(super) fn reference(self, part: &[f32], channels: usize, into: Option<&[f32]>) -> Vec<f32> {
        let places = part.len().checked_div(channels).unwrap_or(0);
        let mut whole = into.map_or_else(|| vec![0.0; places * self.total], <[f32]>::to_vec);
        for (i, &value) in part.iter().enumerate() {
            whole[i / channels * self.total + self.first + i % channels] = value;
        }
        whole
    }
}

impl Tail {
    /// The inputs behind the first two, where they are as many as the tail needs.
    pub(super) fn extras<T: Copy>(self, inputs: &[T]) -> Extras<T> {
        let none = Extras { bias: None, residual: None, into: None };
        inputs.get(2..).and_then(|rest| self.sort(rest)).unwrap_or(none)
    }

    /// Sorts the inputs behind the first two; `None` when there are too few or too many.
    pub(super) fn sort<T: Copy>(self, rest: &[T]) -> Option<Extras<T>> {
        let into = usize::from(self.joined.is_some_and(|joined| joined.begun));
        let residual = usize::from(self.residual != Residual::None);
        let bias = rest.len().checked_sub(into + residual)?;
        (bias <= 1).then(|| Extras {
            bias: (bias == 1).then(|| rest[0]),
            residual: (residual == 1).then(|| rest[bias]),
            into: (into == 1).then(|| rest[bias + residual]),
        })
    }

    /// The output's shape from that of the convolution; or the rule that is broken.
    pub(super) fn shape(self, dense: Shape, extras: Extras<&Shape>) -> Result<Shape, String> {
        if extras.residual.is_some_and(|residual| *residual != dense) {
            return Err(format!("the residual needs shape {dense}"));
        }
        match self.joined {
            Some(joined) => joined.widen(&dense, extras.into),
            None => Ok(dense),
        }
    }

    /// The epilogue of the kernel.
    pub(super) fn epilogue(self, bias: bool, activation: Option<Unary>) -> Epilogue {
        let output = self.joined.map_or(OutputChannels::Dense, Joined::channels);
        Epilogue { bias, residual: self.residual, activation, output }
    }

    /// The input that the output takes the memory of, of `count` inputs.
    pub(super) fn in_place_input(self, count: usize) -> Option<usize> {
        let begun = self.joined.is_some_and(|joined| joined.begun);
        (begun || self.residual == Residual::InPlace).then(|| count - 1)
    }

    /// Adds residual and activation to sums, in plain loops, and puts them into their place.
    pub(super) fn reference(
        self,
        mut sums: Vec<f32>,
        channels: usize,
        activation: Option<Unary>,
        extras: Extras<&[f32]>,
    ) -> Vec<f32> {
        for (i, sum) in sums.iter_mut().enumerate() {
            let residual = extras.residual.map_or(0.0, |residual| residual[i]);
            let value = f64::from(*sum) + f64::from(residual);
            *sum = activation.map_or(value, |function| function.scalar(value)) as f32;
        }
        match self.joined {
            Some(joined) => joined.reference(&sums, channels, extras.into),
            None => sums,
        }
    }

    /// Whether gradients may be taken through it: they are taken before passes run.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The inputs of a kernel with a tail, once its output holds what it works on in place.
pub(super) fn settle<'a>(
    tail: Tail,
    inputs: &[&'a [f32]],
    output: &mut [f32],
    in_place: bool,
) -> Extras<&'a [f32]> {
    // A plan that could not share the memory pays with a copy.
    if let (Some(index), false) = (tail.in_place_input(inputs.len()), in_place) {
        output.copy_from_slice(inputs[index]);
    }
    let extras = tail.extras(inputs);
    let separate = tail.residual == Residual::Separate;
    Extras { residual: extras.residual.filter(|_| separate), ..extras }
}
