//! ONNX files made here, read and run.

mod built;
mod layout;
