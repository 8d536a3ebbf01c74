//! ONNX files made here, read and run.

mod built;
mod golden;
mod layout;
mod quantized;
