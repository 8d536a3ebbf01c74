//! NumPy's archives, `.npz`: several arrays in one zip file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use super::limits::DEFLATE_RATIO;
use super::npy::{self, NpyArray, NpyValues};
use super::{Array, DataError, Dataset, Limits, PixelRange, Split, Values, write_beside};

/// More arrays than this in one archive are refused.
const MAX_ARRAYS: usize = 65_536;

/// Reads all arrays of a `.npz` file, with their names, in the order of the archive.
///
/// # Errors
/// When the file can't be read, is no zip archive of arrays, is damaged, or all arrays together
/// need more memory than the limits allow.
pub fn read_npz(path: &Path, limits: &Limits) -> Result<Vec<(String, NpyArray)>, DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    read_archive(BufReader::new(file), path, limits)
}

fn read_archive(
    reader: impl Read + Seek,
    path: &Path,
    limits: &Limits,
) -> Result<Vec<(String, NpyArray)>, DataError> {
    let not_a_zip = |error: ZipError| match error {
        ZipError::Io(error) => DataError::reading(path, "archive", "a zip file of arrays", error),
        ZipError::InvalidArchive(detail) if detail.contains("EOCD") => DataError::content(
            path,
            "is no whole zip archive (its end is missing); the file may be cut, or of another kind",
        ),
        error => {
            let problem = format!("is damaged: its zip archive can't be read ({error})");
            DataError::content(path, problem)
        }
    };
    let mut archive = ZipArchive::new(reader).map_err(not_a_zip)?;
    if archive.len() > MAX_ARRAYS {
        let expected = format!("at most {MAX_ARRAYS} arrays");
        return Err(DataError::format(path, "archive", expected, archive.len().to_string()));
    }
    let mut left = *limits;
    let mut arrays: Vec<(String, NpyArray)> = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(not_a_zip)?;
        let own_name = entry.name().map_err(not_a_zip)?.into_owned();
        let Some(name) = own_name.strip_suffix(".npy").map(str::to_owned) else {
            let got = format!("{own_name:?}");
            return Err(DataError::format(path, "archive", "entries that end in .npy", got));
        };
        // The size in the directory is the file's own word; what deflate can make of the stored bytes is not.
        let most = entry
            .size()
            .min(entry.compressed_size().saturating_mul(DEFLATE_RATIO).saturating_add(64));
        let place = format!("array {name:?}");
        let array = npy::decode(entry, most, npy::Place { path, name: &place }, &left)?;
        left.bytes = left.bytes.saturating_sub(size_of_values(&array.values));
        arrays.push((name, array));
    }
    Ok(arrays)
}

fn size_of_values(values: &NpyValues) -> u64 {
    let element = match values {
        NpyValues::U8(_) | NpyValues::Bool(_) => 1,
        NpyValues::F32(_) | NpyValues::I32(_) => 4,
        NpyValues::F64(_) | NpyValues::I64(_) => 8,
    };
    element * values.len() as u64
}

/// Writes arrays to a `.npz` file, deflated, beside the place and then renamed.
///
/// # Errors
/// When the file can't be written.
pub fn write_npz(path: &Path, arrays: &[(String, NpyArray)]) -> Result<(), DataError> {
    write_beside(path, |file| write_archive(file, arrays))
        .map_err(|error| DataError::io(path, error))
}

fn write_archive(file: &mut BufWriter<File>, arrays: &[(String, NpyArray)]) -> std::io::Result<()> {
    let mut archive = zip::ZipWriter::new(file);
    for (name, array) in arrays {
        let large = size_of_values(&array.values) >= u64::from(u32::MAX);
        // No time of writing: the same arrays give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(large);
        archive.start_file(format!("{name}.npy"), options)?;
        npy::write_npy(&mut archive, array)?;
    }
    archive.finish()?;
    Ok(())
}

/// The names under which a model knows its inputs and outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The inputs, in order.
    pub inputs: Vec<String>,
    /// The outputs, in order.
    pub outputs: Vec<String>,
}

/// Reads a data set from a `.npz` file.
///
/// The arrays are `x`, `y` (all to train on) or `x_train`, `y_train` and, held out, `x_test`, `y_test`;
/// a model with several inputs or outputs finds them by their names, with the same endings. The
/// array `sample_weight` (or `sample_weight_train`) weighs the samples. Pixels (`uint8`) stay bytes.
///
/// # Errors
/// As [`read_npz`], and when the arrays are missing or don't fit together.
pub fn read_dataset(path: &Path, names: &Names, limits: &Limits) -> Result<Split, DataError> {
    let mut arrays = read_npz(path, limits)?;
    let found: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
    let missing = || {
        let got = if found.is_empty() { "no arrays".to_owned() } else { found.join(", ") };
        DataError::format(
            path,
            "archive",
            "arrays x and y, or x_train, y_train, x_test and y_test",
            got,
        )
    };
    for ending in ["_train", ""] {
        if let Some(train) = take_part(&mut arrays, path, names, ending)? {
            let test = take_part(&mut arrays, path, names, "_test")?;
            return Ok(Split { train, test });
        }
    }
    Err(missing())
}

/// The arrays with this ending as a data set; `None` where the inputs are absent.
fn take_part(
    arrays: &mut Vec<(String, NpyArray)>,
    path: &Path,
    names: &Names,
    ending: &str,
) -> Result<Option<Dataset>, DataError> {
    let mut take = |name: &str| {
        let name = format!("{name}{ending}");
        let place = arrays.iter().position(|(own, _)| *own == name)?;
        Some(to_array(arrays.swap_remove(place)))
    };
    let mut take_all = |short: &str, names: &[String]| -> Result<Option<Vec<Array>>, DataError> {
        if let Some(array) = take(short) {
            return Ok(Some(vec![array?]));
        }
        let all: Option<Vec<_>> = names.iter().map(|name| take(name)).collect();
        all.filter(|all| !all.is_empty()).map(|all| all.into_iter().collect()).transpose()
    };
    let Some(inputs) = take_all("x", &names.inputs)? else { return Ok(None) };
    let targets = take_all("y", &names.outputs)?.unwrap_or_default();
    let weights = take("sample_weight").transpose()?;
    let at_path = |error: DataError| match error {
        DataError::Arrays { rule, got } => {
            DataError::content(path, format!("can't be used: {rule}, got {got}"))
        }
        other => other,
    };
    let data = Dataset::new(inputs, targets).map_err(at_path)?;
    match weights {
        Some(weights) => {
            let list = weights.to_tensor().into_data();
            data.with_sample_weights(vec![list]).map_err(at_path).map(Some)
        }
        None => Ok(Some(data)),
    }
}

fn to_array((name, array): (String, NpyArray)) -> Result<Array, DataError> {
    let values = match array.values {
        NpyValues::U8(bytes) => Values::U8(bytes, PixelRange::Bytes),
        other => Values::F32(other.into_f32()),
    };
    Array::new(name, array.shape, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    const WIDE: Limits = Limits { bytes: 1 << 20 };

    fn arrays() -> Vec<(String, NpyArray)> {
        let x = NpyArray { shape: vec![4, 2], values: NpyValues::U8((0..8).collect()) };
        let y = NpyArray { shape: vec![4], values: NpyValues::I64(vec![0, 1, 1, 0]) };
        vec![("x".to_owned(), x), ("y".to_owned(), y)]
    }

    fn bytes_of(arrays: &[(String, NpyArray)], name: &str) -> Vec<u8> {
        let path =
            std::env::temp_dir().join(format!("dichroic-npz-{}-{name}.npz", std::process::id()));
        write_npz(&path, arrays).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, NpyArray)>, DataError> {
        read_archive(Cursor::new(bytes), Path::new("a.npz"), &WIDE)
    }

    #[test]
    fn an_archive_survives_writing_and_reading_and_is_the_same_bytes_each_time() {
        let bytes = bytes_of(&arrays(), "round");
        assert_eq!(read(&bytes).unwrap(), arrays());
        assert_eq!(bytes, bytes_of(&arrays(), "again"));
    }

    #[test]
    fn an_archive_cut_at_any_byte_is_an_error() {
        let bytes = bytes_of(&arrays(), "cut");
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "cut at {length}");
        }
        let text = "a.npz is no whole zip archive (its end is missing); the file may be cut, or of another kind";
        assert_eq!(read(&bytes[..bytes.len() - 30]).unwrap_err().to_string(), text);
    }

    #[test]
    fn arrays_of_different_lengths_are_named_in_one_sentence() {
        let path =
            std::env::temp_dir().join(format!("dichroic-npz-{}-len.npz", std::process::id()));
        let mut uneven = arrays();
        uneven[1].1 = NpyArray { shape: vec![3], values: NpyValues::I64(vec![0, 1, 1]) };
        write_npz(&path, &uneven).unwrap();
        let error = read_dataset(&path, &Names::default(), &WIDE).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        let text =
            "len.npz can't be used: all arrays need the same number of samples, got 4 in \"x\"";
        assert!(error.contains(text), "{error}");
    }

    #[test]
    fn all_arrays_together_stay_under_the_limit() {
        let x = NpyArray { shape: vec![400_000], values: NpyValues::U8(vec![0; 400_000]) };
        let many: Vec<_> = (0..3).map(|i| (format!("x{i}"), x.clone())).collect();
        let bytes = bytes_of(&many, "many");
        assert!(matches!(read(&bytes), Err(DataError::TooLarge { .. })));
        assert!(read(&bytes_of(&many[..2], "two")).is_ok());
    }

    #[test]
    fn training_and_test_arrays_are_found_by_their_names() {
        let path =
            std::env::temp_dir().join(format!("dichroic-npz-{}-names.npz", std::process::id()));
        let named = ["x_train", "y_train", "x_test", "y_test"];
        let four: Vec<_> = named
            .iter()
            .zip(arrays().into_iter().cycle())
            .map(|(name, (_, array))| ((*name).to_owned(), array))
            .collect();
        write_npz(&path, &four).unwrap();
        let split = read_dataset(&path, &Names::default(), &WIDE).unwrap();
        assert_eq!((split.train.len(), split.test.unwrap().len()), (4, 4));
        let several = Names {
            inputs: vec!["left".to_owned(), "right".to_owned()],
            outputs: vec!["out".to_owned()],
        };
        let three: Vec<_> = ["left", "right", "out"]
            .iter()
            .map(|name| ((*name).to_owned(), arrays()[0].1.clone()))
            .collect();
        write_npz(&path, &three).unwrap();
        let split = read_dataset(&path, &several, &WIDE).unwrap();
        assert_eq!((split.train.inputs().len(), split.train.targets().len()), (2, 1));
        assert!(read_dataset(&path, &Names::default(), &WIDE).is_err());
        std::fs::remove_file(&path).unwrap();
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(changes in proptest::collection::vec((0usize..4096, any::<u8>()), 1..4)) {
            static WHOLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| bytes_of(&arrays(), "mutate"));
            let mut bytes = WHOLE.clone();
            let length = bytes.len();
            for (place, byte) in changes {
                bytes[place % length] = byte;
            }
            let _ = read(&bytes);
        }
    }
}
