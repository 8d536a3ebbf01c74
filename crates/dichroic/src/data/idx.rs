//! IDX files, the form in which MNIST and its relatives are handed out.
//!
//! ```text
//! 0 0 type rank   sizes               values
//! 4 bytes         rank × u32 (BE)     row-major, big-endian
//! ```

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::limits::DEFLATE_RATIO;
use super::npy::read_elements;
use super::{Array, DataError, Dataset, Limits, PixelRange, Split, Values};

/// More axes than this are refused.
const MAX_RANK: u8 = 8;

/// Reads an IDX file, plain or compressed (`.gz`).
///
/// # Errors
/// When the file can't be read, is no IDX file, is shorter or longer than its header says, or
/// needs more memory than the limits allow.
///
/// # Source
/// The section "The IDX file format" of the MNIST page of LeCun, Cortes and Burges.
pub fn read_idx(path: &Path, limits: &Limits) -> Result<Array, DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    let length = file.metadata().map_err(|error| DataError::io(path, error))?.len();
    let reader = BufReader::new(file);
    if path.extension().is_some_and(|extension| extension == "gz") {
        let most = length.saturating_mul(DEFLATE_RATIO);
        decode(MultiGzDecoder::new(reader), most, path, limits)
    } else {
        decode(reader, length, path, limits)
    }
}

/// Reads one file of at most `most` bytes.
fn decode(
    mut reader: impl Read,
    most: u64,
    path: &Path,
    limits: &Limits,
) -> Result<Array, DataError> {
    let in_header = |error| DataError::reading(path, "header", "an IDX file", error);
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(in_header)?;
    let [0, 0, kind, rank] = magic else {
        return Err(DataError::format(
            path,
            "header",
            "two zero bytes at the start of an IDX file",
            format!("{magic:?}"),
        ));
    };
    let size: u64 = match kind {
        0x08 | 0x09 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        _ => {
            let expected = "a type of 8 (unsigned byte), 9, 11, 12 (integers), 13 or 14 (floats)";
            return Err(DataError::format(path, "header", expected, kind.to_string()));
        }
    };
    if !(1..=MAX_RANK).contains(&rank) {
        return Err(DataError::format(
            path,
            "header",
            format!("1 to {MAX_RANK} axes"),
            rank.to_string(),
        ));
    }
    let mut shape = Vec::with_capacity(usize::from(rank));
    for _ in 0..rank {
        let mut axis = [0; 4];
        reader.read_exact(&mut axis).map_err(in_header)?;
        shape.push(u32::from_be_bytes(axis) as usize);
    }
    let count = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let bytes = count.and_then(|count| (count as u64).checked_mul(size));
    let (Some(count), Some(bytes)) = (count, bytes) else {
        return Err(DataError::format(
            path,
            "header",
            "sizes that this machine can address",
            format!("{shape:?}"),
        ));
    };
    // Bytes stay bytes, all other types become f32.
    limits.check(
        path,
        "array",
        if kind == 0x08 { bytes } else { (count as u64).saturating_mul(4) },
    )?;
    let room = most.saturating_sub(4 + 4 * u64::from(rank));
    if bytes > room {
        let expected = format!("{bytes} bytes of values for shape {shape:?}");
        return Err(DataError::format(path, "values", expected, format!("at most {room} bytes")));
    }
    let values = read_values(&mut reader, kind, count).map_err(|error| {
        DataError::reading(path, "values", &format!("{bytes} bytes for shape {shape:?}"), error)
    })?;
    match reader.read(&mut [0]) {
        Ok(0) => Array::new("x", shape, values),
        Ok(_) => Err(DataError::format(
            path,
            "values",
            format!("nothing after {bytes} bytes"),
            "more bytes",
        )),
        Err(error) => Err(DataError::reading(path, "values", "the end of the file", error)),
    }
}

fn read_values(reader: &mut impl Read, kind: u8, count: usize) -> std::io::Result<Values> {
    if kind == 0x08 {
        let bytes = read_elements(reader, count, |[byte]: [u8; 1]| byte)?;
        return Ok(Values::U8(bytes, PixelRange::Bytes));
    }
    Ok(Values::F32(match kind {
        0x09 => read_elements(reader, count, |bytes| f32::from(i8::from_be_bytes(bytes)))?,
        0x0b => read_elements(reader, count, |bytes| f32::from(i16::from_be_bytes(bytes)))?,
        0x0c => read_elements(reader, count, |bytes| i32::from_be_bytes(bytes) as f32)?,
        0x0d => read_elements(reader, count, f32::from_be_bytes)?,
        _ => read_elements(reader, count, |bytes| f64::from_be_bytes(bytes) as f32)?,
    }))
}

/// Reads pictures with their labels: the pictures get a channel axis, the labels are class numbers.
///
/// # Errors
/// As [`read_idx`], and when the two files don't belong together.
pub fn read_pair(pair: &Pair, limits: &Limits) -> Result<Dataset, DataError> {
    let Pair { images, labels } = pair;
    let pictures = read_idx(images, limits)?;
    let mut shape = pictures.shape().to_vec();
    match shape.len() {
        3 => shape.push(1),
        4 => {}
        rank => {
            return Err(DataError::format(
                images,
                "header",
                "3 axes (samples, height, width)",
                format!("{rank} axes"),
            ));
        }
    }
    let classes = read_idx(labels, limits)?;
    if classes.shape().len() != 1 {
        return Err(DataError::format(
            labels,
            "header",
            "1 axis (samples)",
            format!("{} axes", classes.shape().len()),
        ));
    }
    if classes.samples() != pictures.samples() {
        let problem = format!(
            "holds {} labels for the {} pictures in {}; each picture needs one",
            classes.samples(),
            pictures.samples(),
            images.display()
        );
        return Err(DataError::content(labels, problem));
    }
    Dataset::new(
        vec![pictures.reshape(shape)?],
        vec![Array::column("y", classes.to_tensor().into_data())],
    )
}

/// The pairs of files in a folder: pictures to train on and, where there are some, pictures to test with.
///
/// A file of pictures has `images` and `idx3` in its name, its labels the same name with `labels`
/// and `idx1`; the pair whose name has `t10k` or `test` is the one to test with. `None` where the folder
/// holds no such pair.
///
/// # Errors
/// When the folder can't be read or a file of labels is missing.
pub fn find_pairs(folder: &Path) -> Result<Option<Pairs>, DataError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| DataError::io(folder, error))? {
        let entry = entry.map_err(|error| DataError::io(folder, error))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    let (mut train, mut test) = (None, None);
    for images in names.iter().filter(|name| name.contains("images") && name.contains("idx3")) {
        let labels = images.replace("images", "labels").replace("idx3", "idx1");
        let stem = labels.trim_end_matches(".gz");
        let Some(found) = names.iter().find(|name| name.trim_end_matches(".gz") == stem) else {
            return Err(DataError::format(
                folder,
                images,
                format!("its labels in {labels}"),
                "no such file",
            ));
        };
        let pair = Pair { images: folder.join(images), labels: folder.join(found) };
        // Names are in order, so that of a plain and a compressed file the plain one is taken.
        let place =
            if images.contains("t10k") || images.contains("test") { &mut test } else { &mut train };
        place.get_or_insert(pair);
    }
    Ok(train.map(|train| Pairs { train, test }))
}

/// A file of pictures with its file of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The pictures.
    pub images: PathBuf,
    /// Their class numbers.
    pub labels: PathBuf,
}

/// The pairs of files in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs {
    /// To train on.
    pub train: Pair,
    /// Held out.
    pub test: Option<Pair>,
}

impl Pairs {
    /// Reads the files.
    ///
    /// # Errors
    /// As [`read_pair`].
    pub fn read(&self, limits: &Limits) -> Result<Split, DataError> {
        let test = self.test.as_ref().map(|pair| read_pair(pair, limits)).transpose()?;
        Ok(Split { train: read_pair(&self.train, limits)?, test })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    const WIDE: Limits = Limits { bytes: 1 << 20 };

    fn pictures() -> Vec<u8> {
        [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1][..], &[1, 2, 3, 4]].concat()
    }

    fn labels() -> Vec<u8> {
        vec![0, 0, 8, 1, 0, 0, 0, 2, 7, 9]
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Array, DataError> {
        decode(bytes, bytes.len() as u64, Path::new("a"), &WIDE)
    }

    fn read_gz(bytes: &[u8]) -> Result<Array, DataError> {
        decode(
            MultiGzDecoder::new(bytes),
            bytes.len() as u64 * DEFLATE_RATIO,
            Path::new("a.gz"),
            &WIDE,
        )
    }

    #[test]
    fn plain_and_compressed_files_give_the_same_pictures() {
        let array = read(&pictures()).unwrap();
        assert_eq!(array.shape(), [2, 2, 1]);
        assert_eq!(array.sample(1), [3.0, 4.0]);
        assert_eq!(read_gz(&gz(&pictures())).unwrap(), array);
    }

    #[test]
    fn every_type_is_read_in_big_endian_order() {
        for (kind, value) in [
            (0x09, vec![254]),
            (0x0b, vec![255, 254]),
            (0x0c, vec![255, 255, 255, 254]),
            (0x0d, (-2f32).to_be_bytes().to_vec()),
            (0x0e, (-2f64).to_be_bytes().to_vec()),
        ] {
            let bytes = [&[0, 0, kind, 1, 0, 0, 0, 1][..], &value].concat();
            assert_eq!(read(&bytes).unwrap().sample(0), [-2.0], "type {kind}");
        }
    }

    #[test]
    fn a_file_cut_at_any_byte_is_an_error() {
        let (plain, compressed) = (pictures(), gz(&pictures()));
        for length in 0..plain.len() {
            assert!(read(&plain[..length]).is_err(), "cut at {length}");
        }
        for length in 0..compressed.len() {
            assert!(read_gz(&compressed[..length]).is_err(), "compressed, cut at {length}");
        }
        assert!(read(&[&plain[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_memory_is_taken() {
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(read(&huge).is_err());
        let large = [0, 0, 8, 1, 64, 0, 0, 0];
        assert!(matches!(read(&large), Err(DataError::TooLarge { .. })));
    }

    #[test]
    fn a_folder_gives_training_and_test_pairs() {
        let folder = std::env::temp_dir().join(format!("dichroic-idx-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(find_pairs(&folder).unwrap(), None);
        std::fs::write(folder.join("train-images-idx3-ubyte"), pictures()).unwrap();
        let error = find_pairs(&folder).unwrap_err().to_string();
        assert!(error.contains("train-labels-idx1-ubyte"), "{error}");
        std::fs::write(folder.join("train-labels-idx1-ubyte"), labels()).unwrap();
        std::fs::write(folder.join("t10k-images-idx3-ubyte.gz"), gz(&pictures())).unwrap();
        std::fs::write(folder.join("t10k-labels-idx1-ubyte.gz"), gz(&labels())).unwrap();
        let split = find_pairs(&folder).unwrap().unwrap().read(&WIDE).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(split.train.inputs()[0].shape(), [2, 2, 1, 1]);
        assert_eq!(split.train.targets()[0].sample(1), [9.0]);
        assert_eq!(split.test, Some(split.train));
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(place in 0usize..64, byte: u8, second in 0usize..64, other: u8) {
            for compressed in [false, true] {
                let mut bytes = if compressed { gz(&pictures()) } else { pictures() };
                let length = bytes.len();
                bytes[place % length] = byte;
                bytes[second % length] = other;
                let _ = if compressed { read_gz(&bytes) } else { read(&bytes) };
            }
        }
    }
}
