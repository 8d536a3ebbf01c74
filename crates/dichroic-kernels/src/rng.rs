//! Part of the kernels: rng.
