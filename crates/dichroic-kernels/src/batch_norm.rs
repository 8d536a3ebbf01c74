//! Part of the kernels: batch_norm.
