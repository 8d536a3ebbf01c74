//! The type in which a layer computes, by Keras's names.

use std::fmt;
use std::str::FromStr;

use dichroic_graph::Precision;
use thiserror::Error;

/// A layer's dtype policy. Weights are `float32` under each.
///
/// Under `mixed_bfloat16`, convolutions and dense layers round their inputs and weights to bfloat16 (8 bits of
/// precision, the range of `float32`), and sum up products in `float32`; so do their gradients. Where Winograd's tiles,
/// which save multiplications, are faster than that, they are computed in `float32`. So is everything else, such as
/// normalisation, softmax and losses. It is up to twice as fast on CPUs with AVX512-BF16, and gives the same numbers
/// to within rounding, no faster, on others.
///
/// # Source
/// `keras.mixed_precision`, `keras.DTypePolicy`. Keras also stores what passes between layers as bfloat16.
///
/// ```
/// use dichroic::DtypePolicy;
/// assert_eq!("mixed_bfloat16".parse(), Ok(DtypePolicy::MixedBfloat16));
/// let refused = "mixed_float16".parse::<DtypePolicy>().unwrap_err().to_string();
/// assert!(refused.contains("use mixed_bfloat16"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DtypePolicy {
    /// `float32`: everything in 32-bit floats.
    #[default]
    Float32,
    /// `mixed_bfloat16`: products of bfloat16, everything else in 32-bit floats.
    MixedBfloat16,
}

/// A dtype policy that can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("dtype policy {name:?} is not supported; {}", advice(name))]
pub struct PolicyError {
    /// What was asked for.
    pub name: String,
}

impl PolicyError {
    /// What to do instead.
    pub fn advice(&self) -> &'static str {
        advice(&self.name)
    }
}

fn advice(name: &str) -> &'static str {
    match name {
        "mixed_float16" | "float16" => {
            "CPUs multiply bfloat16 fast, not float16: use mixed_bfloat16, which needs no loss scaling, or float32"
        }
        "bfloat16" => {
            "weights stay float32: use mixed_bfloat16, which computes in bfloat16, or float32"
        }
        "float64" | "mixed_float64" => "values are float32 at most: use float32",
        _ => "use float32 or mixed_bfloat16",
    }
}

impl DtypePolicy {
    /// All of them, by which help and errors list them.
    pub const ALL: [DtypePolicy; 2] = [DtypePolicy::Float32, DtypePolicy::MixedBfloat16];

    /// Keras's name.
    pub fn name(self) -> &'static str {
        match self {
            DtypePolicy::Float32 => "float32",
            DtypePolicy::MixedBfloat16 => "mixed_bfloat16",
        }
    }

    /// Keras's name of the type that layers compute in, which their outputs have in Keras.
    pub fn compute_dtype(self) -> &'static str {
        match self {
            DtypePolicy::Float32 => "float32",
            DtypePolicy::MixedBfloat16 => "bfloat16",
        }
    }

    /// How the ops of a layer take their operands.
    pub(crate) fn precision(self) -> Precision {
        match self {
            DtypePolicy::Float32 => Precision::Full,
            DtypePolicy::MixedBfloat16 => Precision::Bf16,
        }
    }
}

impl fmt::Display for DtypePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DtypePolicy {
    type Err = PolicyError;

    fn from_str(name: &str) -> Result<Self, PolicyError> {
        let known = Self::ALL.into_iter().find(|policy| policy.name() == name);
        known.ok_or_else(|| PolicyError { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for policy in DtypePolicy::ALL {
            assert_eq!(policy.name().parse(), Ok(policy));
        }
    }

    #[test]
    fn types_that_are_not_there_are_refused_with_what_to_use() {
        for name in ["mixed_float16", "float16", "bfloat16", "float64", "int8"] {
            let message = name.parse::<DtypePolicy>().unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("use "), "{message}");
        }
    }
}
