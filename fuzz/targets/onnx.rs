//! ONNX files.
#![no_main]

use dichroic_formats::onnx::{OnnxOptions, read_onnx};
use dichroic_fuzz::read_file_within;
use libfuzzer_sys::fuzz_target;

/// Constants that nodes compute may take a gigabyte, as in files that leave the weights of a large network out; another
/// one is for the layers that compute them.
const FREE: usize = 2 << 30;

fuzz_target!(|bytes: &[u8]| {
    read_file_within(bytes, FREE, |path| read_onnx(path, &OnnxOptions::default()));
});
