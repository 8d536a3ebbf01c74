//! Which instruction set the kernels use: found at run time, or forced by `DICHROIC_ISA`.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use thiserror::Error;

/// The environment variable that forces an instruction set.
pub const ISA_VARIABLE: &str = "DICHROIC_ISA";

/// An instruction set for which the kernels are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// Plain Rust, for any CPU.
    Portable,
    /// x86-64 with AVX2 and FMA: 8 lanes, 16 registers.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes, 32 registers.
    Avx512,
    /// AArch64 with NEON: 4 lanes, 32 registers.
    Neon,
}

/// Why an instruction set can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsaError {
    /// Not the name of an instruction set.
    #[error("DICHROIC_ISA must be one of portable, avx2, avx512, neon; received `{received}`")]
    Unknown {
        /// What was given.
        received: String,
    },
    /// The name is right, but this CPU lacks the instructions.
    #[error("DICHROIC_ISA={isa} can't be used: this CPU has {}", list(available))]
    Unavailable {
        /// The instruction set asked for.
        isa: Isa,
        /// Those that this CPU has.
        available: Vec<Isa>,
    },
}

fn list(isas: &[Isa]) -> String {
    isas.iter().map(Isa::to_string).collect::<Vec<_>>().join(", ")
}

impl Isa {
    const ALL: [Isa; 4] = [Isa::Portable, Isa::Avx2, Isa::Avx512, Isa::Neon];

    /// The best instruction set of this CPU, or the one that `DICHROIC_ISA` forces.
    ///
    /// The answer is found once and kept. A program calls [`Isa::from_env`] first, so that its user
    /// reads the error for a wrong `DICHROIC_ISA`; here a wrong value counts as none.
    pub fn detect() -> Self {
        static FOUND: OnceLock<Isa> = OnceLock::new();
        *FOUND.get_or_init(|| Self::from_env().unwrap_or_else(|_| Self::best()))
    }

    /// The instruction set that `DICHROIC_ISA` forces, or the best one where it is unset or empty.
    ///
    /// # Errors
    /// [`IsaError`] when the value is no instruction set, or one that this CPU lacks.
    pub fn from_env() -> Result<Self, IsaError> {
        match std::env::var_os(ISA_VARIABLE) {
            Some(name) if !name.is_empty() => Self::forced(&name.to_string_lossy()),
            _ => Ok(Self::best()),
        }
    }

    /// The instruction sets that this CPU has, the best one last.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available()).collect()
    }

    /// True when this CPU has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => crate::simd::Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => crate::simd::Avx512::detect().is_some(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => crate::simd::Neon::detect().is_some(),
            #[allow(unreachable_patterns, reason = "the other processor's instruction sets")]
            _ => false,
        }
    }

    /// The number of `f32` in one register.
    pub fn lanes(self) -> usize {
        match self {
            Isa::Portable | Isa::Neon => 4,
            Isa::Avx2 => 8,
            Isa::Avx512 => 16,
        }
    }

    /// True when the set has instructions for bfloat16 on this CPU (AVX512-BF16); else they are
    /// computed with those for `f32`: the same numbers to within their rounding, and no faster.
    pub fn has_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        if self == Isa::Avx512 {
            return crate::simd::Avx512::detect_bf16().is_some();
        }
        false
    }

    fn best() -> Self {
        Self::ALL.into_iter().rfind(|isa| isa.is_available()).unwrap_or(Isa::Portable)
    }

    fn forced(name: &str) -> Result<Self, IsaError> {
        let isa: Isa = name.parse()?;
        if isa.is_available() {
            Ok(isa)
        } else {
            Err(IsaError::Unavailable { isa, available: Self::available() })
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        })
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(name: &str) -> Result<Self, IsaError> {
        Self::ALL
            .into_iter()
            .find(|isa| isa.to_string() == name)
            .ok_or_else(|| IsaError::Unknown { received: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for isa in Isa::ALL {
            assert_eq!(isa.to_string().parse(), Ok(isa));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_choices() {
        let message = Isa::forced("sse9").unwrap_err().to_string();
        assert!(message.contains("portable, avx2, avx512, neon"), "{message}");
        assert!(message.ends_with("received `sse9`"), "{message}");
    }

    #[test]
    fn a_set_that_this_cpu_lacks_is_refused_with_those_it_has() {
        let lacking = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
        let message = Isa::forced(lacking).unwrap_err().to_string();
        assert!(message.contains("portable"), "{message}");
    }

    #[test]
    fn the_best_set_is_an_available_one() {
        assert!(Isa::available().contains(&Isa::best()));
        assert!(Isa::Portable.is_available());
    }
}
