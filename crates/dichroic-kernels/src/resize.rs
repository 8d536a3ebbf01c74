//! Part of the kernels: resize.
