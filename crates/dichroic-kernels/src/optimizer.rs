//! Part of the kernels: optimizer.
