//! safetensors files, down to every value.
#![no_main]

use std::path::Path;

use dichroic_formats::parse_safetensors;
use dichroic_fuzz::read_arrays;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read_arrays(bytes, |bytes| parse_safetensors(Path::new("a"), bytes));
});
