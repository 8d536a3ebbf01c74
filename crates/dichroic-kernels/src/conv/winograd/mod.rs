//! Winograd's convolution: 3×3 kernels of stride 1 with fewer multiplications.

#![allow(dead_code, reason = "the algorithms built on these transforms follow in the next commits")]

mod transform;
