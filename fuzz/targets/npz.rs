//! NumPy's archives of arrays, changed inside their entries.
#![no_main]

use std::path::Path;

use dichroic_formats::parse_npz;
use dichroic_fuzz::{mutate_entries, read_arrays};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    read_arrays(bytes, |bytes| parse_npz(Path::new("a"), bytes));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_entries(data, size, max_size, seed)
});
