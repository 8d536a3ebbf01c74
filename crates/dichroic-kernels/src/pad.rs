//! Part of the kernels: pad.
