//! What was found, each by its name.

use std::fs;
use std::path::{Path, PathBuf};

use super::readers::{READERS, read_bytes, reader};

fn folder(reader: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings").join(reader)
}

/// Reads a finding and gives the message with which it is refused.
fn refusal(name: &str, file: &str) -> String {
    let bytes = fs::read(folder(name).join(file)).unwrap();
    read_bytes(reader(name), &bytes).unwrap_err().problem.to_string()
}

#[test]
fn every_reader_reads_or_refuses_every_finding() {
    let mut findings = 0;
    for owner in &READERS {
        let Ok(files) = fs::read_dir(folder(owner.name)) else { continue };
        for file in files.map(Result::unwrap) {
            let bytes = fs::read(file.path()).unwrap();
            for reader in &READERS {
                let _ = read_bytes(reader, &bytes);
            }
            findings += 1;
        }
    }
    assert!(findings > 0);
}

#[test]
fn onnx_graphs_written_as_numbers_cannot_nest_past_the_limit() {
    let text = refusal("onnx", "graphs_written_as_numbers.onnx");
    assert!(text.contains("wire type 0"), "{text}");
}

#[test]
fn onnx_fields_with_numbers_beyond_the_largest_cannot_nest_past_the_limit() {
    let text = refusal("onnx", "field_numbers_beyond_the_largest.onnx");
    assert!(text.contains("got field 4294967302"), "{text}");
}

#[test]
fn keras_models_that_call_each_other_twice_are_refused_before_they_are_called() {
    let text = refusal("keras", "models_that_call_each_other_twice.keras");
    assert!(text.contains("layer calls"), "{text}");
}

#[test]
fn a_bomb_inside_of_a_bomb_is_measured_by_the_size_of_the_file() {
    let text = refusal("keras", "a_bomb_inside_of_a_bomb.keras");
    assert!(text.starts_with("declares 268435456 bytes, more than the 67108864"), "{text}");
}

#[test]
fn npz_entries_that_share_their_bytes_are_not_all_compared_with_their_checksums() {
    let text = refusal("npz", "entries_that_share_their_bytes.npz");
    assert!(text.starts_with("declares"), "{text}");
}

#[test]
fn a_pytorch_dict_that_is_held_a_million_times_is_not_walked_as_often() {
    let text = refusal("pytorch", "a_dict_held_a_million_times.pt");
    assert!(text.contains("hold each other many times"), "{text}");
}

#[test]
fn a_pytorch_dict_that_is_copied_again_and_again_is_refused_before_memory_ends() {
    let text = refusal("pytorch", "a_dict_copied_again_and_again.pt");
    assert!(text.contains("expected at most"), "{text}");
}

#[test]
fn an_onnx_constant_is_not_reshaped_to_more_values_than_can_be_counted() {
    let text = refusal("onnx", "a_shape_whose_values_cannot_be_counted.onnx");
    assert!(text.contains("expected the shape of an array"), "{text}");
}
