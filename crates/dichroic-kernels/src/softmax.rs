//! Part of the kernels: softmax.
