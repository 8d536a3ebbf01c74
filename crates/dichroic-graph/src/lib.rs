//! dichroic-graph.
#![forbid(unsafe_code)]
