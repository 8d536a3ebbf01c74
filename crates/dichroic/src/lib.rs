//! dichroic.
#![forbid(unsafe_code)]
