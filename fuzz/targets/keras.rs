//! `.keras` archives, changed inside their entries.
#![no_main]

use dichroic_formats::{FileKind, read_keras, read_outline};
use dichroic_fuzz::{mutate_entries, read_file};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    read_file(bytes, FileKind::of);
    read_file(bytes, read_outline);
    read_file(bytes, read_keras);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_entries(data, size, max_size, seed)
});
