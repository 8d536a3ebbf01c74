//! ONNX files made here, read and run.

mod built;
mod golden;
mod layout;
mod open_sizes;
mod quantized;
