//! Good files with changed bytes. The changes follow from a number, so that every run makes the same.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::readers::{read_bytes, reader};
use super::seeds::seeds;

/// How many changed files each reader gets.
const FILES: u64 = 1_500;

/// Numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Makes one to four changes of the kinds that files break by: other bits, sizes at the limits of their
/// types, parts that are missing or stand twice, an end too early.
fn change(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        if bytes.is_empty() {
            return;
        }
        let place = numbers.below(bytes.len());
        let length = (1 << numbers.below(7)).min(bytes.len() - place);
        match numbers.below(8) {
            0 | 1 => bytes[place] ^= 1 << numbers.below(8),
            2 => bytes[place] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][numbers.below(6)],
            3 | 4 => {
                let number = [0, 1, u64::MAX, u64::MAX >> 1, 1 << 31, 1 << 40][numbers.below(6)];
                let width = [1, 2, 4, 8][numbers.below(4)].min(bytes.len() - place);
                bytes[place..place + width].copy_from_slice(&number.to_le_bytes()[..width]);
            }
            5 => drop(bytes.drain(place..place + length)),
            6 => {
                let part = bytes[place..place + length].to_vec();
                bytes.splice(place..place, part);
            }
            _ => {
                let part = bytes[place..place + length].to_vec();
                let target = numbers.below(bytes.len() - length + 1);
                bytes[target..target + length].copy_from_slice(&part);
            }
        }
    }
    if numbers.below(16) == 0 {
        bytes.truncate(numbers.below(bytes.len() + 1));
    }
}

/// The same archive with changes inside of one entry, under a checksum that is right.
fn change_entry(archive: &[u8], numbers: &mut Numbers) -> Option<Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).ok()?;
    let chosen = numbers.below(zip.len().max(1));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if index == chosen {
            change(&mut bytes, numbers);
        }
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    Some(writer.finish().unwrap().into_inner())
}

fn survives_changes(name: &str) {
    let reader = reader(name);
    let seeds = seeds(reader);
    assert!(!seeds.is_empty(), "no files for {name}");
    let (mut read, mut refused) = (0, 0);
    for number in 0..FILES {
        let mut numbers = Numbers(number);
        let mut bytes = seeds[numbers.below(seeds.len())].clone();
        let inside = if number % 4 == 0 { None } else { change_entry(&bytes, &mut numbers) };
        match inside {
            Some(changed) => bytes = changed,
            None => change(&mut bytes, &mut numbers),
        }
        match read_bytes(reader, &bytes) {
            Ok(()) => read += 1,
            Err(error) => {
                // A message has to be made too.
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && read > 0, "{name}: {read} read, {refused} refused of {FILES}");
}

#[test]
fn keras_archives_with_changed_bytes_are_read_or_refused() {
    survives_changes("keras");
}

#[test]
fn hdf5_files_with_changed_bytes_are_read_or_refused() {
    survives_changes("hdf5");
}

#[test]
fn onnx_files_with_changed_bytes_are_read_or_refused() {
    survives_changes("onnx");
}

#[test]
fn safetensors_files_with_changed_bytes_are_read_or_refused() {
    survives_changes("safetensors");
}

#[test]
fn pytorch_files_with_changed_bytes_are_read_or_refused() {
    survives_changes("pytorch");
}

#[test]
fn npz_archives_with_changed_bytes_are_read_or_refused() {
    survives_changes("npz");
}
