//! Part of the kernels: concat.
