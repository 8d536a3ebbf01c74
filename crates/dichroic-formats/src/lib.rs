//! dichroic-formats.
#![forbid(unsafe_code)]
