//! Files put together by hand: archives and storages that lie.

use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::archive::write_archive;

/// A state dict of one tensor `w`: its storage, offset and shape in the words of a pickle.
fn state_dict(key: &str, count: u8, offset: u8, shape: u8) -> Vec<u8> {
    let key = [&[b'X', key.len() as u8, 0, 0, 0], key.as_bytes()].concat();
    [
        b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n",
        &key[..],
        b"X\x03\0\0\0cpu",
        &[b'K', count],
        b"tQ",
        &[b'K', offset],
        &[b'K', shape, 0x85],
        b"K\x01\x85\x89}t",
        b"Rs.",
    ]
    .concat()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    write_archive(&mut bytes, entries).unwrap();
    bytes.into_inner()
}

fn read(bytes: Vec<u8>) -> Result<NamedArrays, FormatError> {
    parse_pytorch(Path::new("a.pt"), bytes, UnknownClasses::Refuse)
}

fn refusal(entries: &[(&str, &[u8])]) -> String {
    read(archive(entries)).unwrap_err().to_string()
}

const VALUES: [u8; 8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];

#[test]
fn a_state_dict_put_together_by_hand_is_read() {
    let code = state_dict("0", 2, 0, 2);
    let arrays = read(archive(&[("m/data.pkl", &code), ("m/data/0", &VALUES)])).unwrap();
    assert_eq!(arrays.get("w").unwrap().values(), [1.0, -2.0]);
    assert_eq!(arrays.path(), Path::new("a.pt"));
    let big = [("m/data.pkl", &code[..]), ("m/byteorder", b"big"), ("m/data/0", &VALUES)];
    let values = read(archive(&big)).unwrap().get("w").unwrap().values();
    assert_eq!(values[0], f32::from_be_bytes([0, 0, 0x80, 0x3f]));
}

#[test]
fn a_storage_larger_than_the_file_is_refused() {
    let code = state_dict("0", 200, 0, 2);
    let text = refusal(&[("m/data.pkl", &code), ("m/data/0", &VALUES)]);
    assert_eq!(
        text,
        "a.pt, tensor \"w\" declares 800 bytes, more than the 8 that such a file may hold"
    );
}

#[test]
fn a_tensor_that_reaches_out_of_its_storage_is_refused() {
    for (offset, shape) in [(0, 3), (1, 2), (2, 1), (200, 1)] {
        let code = state_dict("0", 2, offset, shape);
        let text = refusal(&[("m/data.pkl", &code), ("m/data/0", &VALUES)]);
        assert!(text.contains("tensor \"w\": expected values inside of 8 bytes"), "{text}");
    }
}

#[test]
fn paths_out_of_the_archive_are_refused_in_names_and_keys() {
    let code = state_dict("0", 2, 0, 2);
    let text = refusal(&[("../data.pkl", &code), ("../data/0", &VALUES)]);
    assert!(text.contains("got \"../\""), "{text}");
    let text = refusal(&[("a/../../data.pkl", &code)]);
    assert!(text.contains("expected one folder"), "{text}");
    for key in ["../../etc/passwd", "/etc/passwd", "0/../1", ""] {
        let text = refusal(&[("m/data.pkl", &state_dict(key, 2, 0, 2)), ("m/data/0", &VALUES)]);
        assert!(text.contains("a reference to a storage"), "{text}");
    }
}

#[test]
fn an_archive_without_its_object_or_with_two_is_refused() {
    let code = state_dict("0", 2, 0, 2);
    assert!(refusal(&[("m/data/0", &VALUES)]).contains("entry data.pkl is missing"));
    let two = [("m/data.pkl", &code[..]), ("n/data.pkl", &code)];
    assert!(refusal(&two).contains("got 2 of them"));
    assert!(refusal(&[("m/data.pkl", &code)]).contains("entry m/data/0 is missing"));
}

#[test]
fn a_file_without_tensors_says_how_to_save_one() {
    let text = refusal(&[("m/data.pkl", b"\x80\x02}.")]);
    assert!(text.contains("any tensor is missing") && text.contains("state_dict()"), "{text}");
}

#[test]
fn code_in_a_file_is_refused_with_the_place() {
    let text = refusal(&[("m/data.pkl", b"\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R.")]);
    assert!(
        text.starts_with("a.pt, m/data.pkl, byte 2 asks for posix.system, which is code"),
        "{text}"
    );
}

#[test]
fn other_bytes_are_said_to_be_another_kind() {
    for bytes in [&b""[..], b"hello", b"\x80\x02N.", b"GGUF\0\0\0\0"] {
        let text = read(bytes.to_vec()).unwrap_err().to_string();
        assert!(text.contains("of another kind"), "{text}");
    }
}

/// The object of a file before zip archives, with the pickles around it and one storage.
fn before_zip(object: &[u8], count: u64, values: &[u8]) -> Vec<u8> {
    [
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.",
        object,
        b"\x80\x02]X\x01\0\0\x000a.",
        &count.to_le_bytes()[..],
        values,
    ]
    .concat()
}

#[test]
fn files_before_zip_archives_are_read_and_their_storages_checked() {
    let code = state_dict("0", 2, 0, 2);
    let arrays = read(before_zip(&code, 2, &VALUES)).unwrap();
    assert_eq!(arrays.get("w").unwrap().values(), [1.0, -2.0]);
    for count in [3, 1 << 62, u64::MAX] {
        let text = read(before_zip(&code, count, &VALUES)).unwrap_err().to_string();
        assert!(text.contains("more than the 8 that such a file may hold"), "{text}");
    }
    let text = read(before_zip(&state_dict("1", 2, 0, 2), 2, &VALUES)).unwrap_err().to_string();
    assert!(
        text.contains("the keys of storages: expected the key of a storage that is used"),
        "{text}"
    );
}

#[test]
fn a_class_with_its_source_as_old_files_bring_it_stays_a_name() {
    let object = b"\x80\x02(X\x06\0\0\0modulec__main__\nNet\nX\x01\0\0\0fX\x01\0\0\0stQ)\x81}X\x08\0\0\0_buffers".to_vec();
    let inner = state_dict("0", 2, 0, 2);
    let object = [&object[..], &inner[2..inner.len() - 1], b"sb."].concat();
    let file = before_zip(&object, 2, &VALUES);
    assert!(read(file.clone()).unwrap_err().to_string().contains("__main__.Net"));
    let kept = parse_pytorch(Path::new("a.pt"), file, UnknownClasses::KeepAsNames).unwrap();
    assert_eq!(kept.arrays()[0].name(), "w");
    assert_eq!(kept.notes(), ["only the weights were taken of objects of __main__.Net"]);
}

proptest! {
    #[test]
    fn changed_or_cut_files_never_panic(
        zipped: bool,
        changes in proptest::collection::vec((0usize..4096, any::<u8>()), 0..5),
        cut in 0usize..4096,
    ) {
        let code = state_dict("0", 2, 0, 2);
        let mut bytes = match zipped {
            true => archive(&[("m/data.pkl", &code), ("m/byteorder", b"little"), ("m/data/0", &VALUES)]),
            false => before_zip(&code, 2, &VALUES),
        };
        let length = bytes.len();
        for (place, byte) in changes {
            bytes[place % length] = byte;
        }
        bytes.truncate(length - if cut < 2048 { 0 } else { cut % length });
        for unknown in [UnknownClasses::Refuse, UnknownClasses::KeepAsNames] {
            if let Ok(arrays) = parse_pytorch(Path::new("a.pt"), bytes.clone(), unknown) {
                for array in arrays.arrays() {
                    prop_assert_eq!(array.values().len(), array.len());
                }
            }
        }
    }
}
