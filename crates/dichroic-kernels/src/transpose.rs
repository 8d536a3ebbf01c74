//! Part of the kernels: transpose.
