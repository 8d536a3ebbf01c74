//! dichroic-script.
#![forbid(unsafe_code)]
