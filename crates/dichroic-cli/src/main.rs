//! The program `dichroic`.
#![forbid(unsafe_code)]

fn main() {}
