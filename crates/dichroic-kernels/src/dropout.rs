//! Part of the kernels: dropout.
