//! PyTorch's files, those in zip archives changed inside their entries.
#![no_main]

use std::path::Path;

use dichroic_formats::{UnknownClasses, parse_pytorch};
use dichroic_fuzz::{mutate_entries, read_arrays};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    for unknown in [UnknownClasses::Refuse, UnknownClasses::KeepAsNames] {
        read_arrays(bytes, |bytes| parse_pytorch(Path::new("a"), bytes, unknown));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_entries(data, size, max_size, seed)
});
