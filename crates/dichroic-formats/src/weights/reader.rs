//! Reads a weight file. Every shape is compared with the one the model needs before memory is taken.

use dichroic_graph::kernels::mapped::SharedBytes;
use dichroic_graph::kernels::tensor::Tensor;
use hdf5_pure::{
    DType, Dataset, Error, File, FormatError as Hdf5Error, Group, Layout, Source, make_f32_type,
};

use crate::error::{Located, Problem};

/// A chunk may be larger than the array it belongs to, but not by more than this.
const FREE_CHUNK_BYTES: u64 = 1 << 20;

/// An opened weight file.
pub(crate) struct WeightsReader {
    file: File,
    bytes: SharedBytes,
}

/// The bytes of a file as the reader of HDF5 asks for them.
struct Bytes(SharedBytes);

impl Source for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Hdf5Error> {
        let start = usize::try_from(offset).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(buffer.len())?));
        let bytes = range.and_then(|range| self.0.get(range)).ok_or(Hdf5Error::UnexpectedEof {
            expected: start.unwrap_or(usize::MAX).saturating_add(buffer.len()),
            available: self.0.len(),
        })?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl WeightsReader {
    pub fn new(bytes: SharedBytes) -> Result<Self, Located> {
        let length = bytes.len() as u64;
        let file = File::from_source(Bytes(bytes.clone()))
            .map_err(|error| Problem::malformed("an HDF5 file", error))?;
        let expected = file.superblock().eof_address;
        if expected > length {
            let expected = format!("an HDF5 file of {expected} bytes");
            return Err(Problem::malformed(expected, format!("{length} bytes")).into());
        }
        Ok(Self { file, bytes })
    }

    /// The variables at `{path}/vars`; none if there is no such group.
    pub fn variables(&self, path: &str) -> Result<Variables<'_>, Located> {
        let path = if path.is_empty() { "vars".to_string() } else { format!("{path}/vars") };
        let group = self.group(&path)?;
        let count = match &group {
            Some(group) => group.datasets().map_err(|error| unreadable(error, &path))?.len(),
            None => 0,
        };
        Ok(Variables { file: &self.bytes, path, group, count })
    }

    /// The names of the groups at a path, in no promised order; none if there is no such group.
    pub fn children(&self, path: &str) -> Result<Vec<String>, Located> {
        match self.group(path)? {
            Some(group) => group.groups().map_err(|error| unreadable(error, path)),
            None => Ok(Vec::new()),
        }
    }

    fn group(&self, path: &str) -> Result<Option<Group>, Located> {
        match self.file.group(path) {
            Ok(group) => Ok(Some(group)),
            Err(Error::Format(Hdf5Error::PathNotFound(_))) => Ok(None),
            Err(error) => Err(unreadable(error, path)),
        }
    }
}

/// The numbered variables of one layer or optimizer.
pub(crate) struct Variables<'a> {
    file: &'a SharedBytes,
    path: String,
    group: Option<Group>,
    count: usize,
}

impl Variables<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Fails unless there are this many.
    pub fn expect(&self, expected: usize) -> Result<(), Located> {
        if self.count == expected {
            return Ok(());
        }
        Err(Problem::Variables { expected, got: self.count }.at(&self.path))
    }

    /// Variable `index`, which must have this shape, as a list.
    pub fn floats(&self, index: usize, shape: &[usize]) -> Result<Vec<f32>, Located> {
        self.tensor(index, shape).map(Tensor::into_data)
    }

    /// Variable `index`, which must have this shape; its values stay in the file where they lie there as Keras writes them.
    pub fn tensor(&self, index: usize, shape: &[usize]) -> Result<Tensor, Located> {
        let (place, dataset) = self.dataset(index)?;
        let read = || {
            check_shape(&dataset, shape)?;
            let tensor = match dataset.dtype().map_err(damaged)? {
                DType::F32 => match self.plain_bytes(&dataset).map_err(damaged)? {
                    Some(bytes) => Tensor::from_bytes(shape, bytes),
                    None => Tensor::new(shape, dataset.read_f32().map_err(damaged)?),
                },
                other => {
                    return Err(Problem::Unsupported {
                        what: format!("a variable of type {other}"),
                        fix:
                            "only float32 weights can be loaded; save the model with dtype float32"
                                .into(),
                    });
                }
            };
            tensor.map_err(|error| Problem::malformed("as many values as the shape has", error))
        };
        read().map_err(|problem| problem.at(place))
    }

    /// The bytes of an array of little-endian floats that lies in the file as one piece, as Keras
    /// writes it.
    fn plain_bytes(&self, dataset: &Dataset) -> Result<Option<SharedBytes>, Error> {
        if dataset.datatype()? != make_f32_type() {
            return Ok(None);
        }
        let Layout::Contiguous { address: Some(address), size } = dataset.layout()? else {
            return Ok(None);
        };
        let piece = || {
            let start = usize::try_from(address).ok()?;
            self.file.slice(start..start.checked_add(usize::try_from(size).ok()?)?)
        };
        Ok(piece())
    }

    /// Variable `index`, which must be one number; read as a whole one.
    pub fn integer(&self, index: usize) -> Result<i64, Located> {
        let (place, dataset) = self.dataset(index)?;
        let read = || {
            check_shape(&dataset, &[])?;
            match dataset.dtype().map_err(damaged)? {
                DType::I32 | DType::I64 | DType::U32 | DType::U64 => {
                    dataset.read_i64().map_err(damaged)
                }
                other => Err(Problem::malformed("a whole number", format!("type {other}"))),
            }
        };
        let values = read().map_err(|problem| problem.at(&place))?;
        values.first().copied().ok_or_else(|| Problem::malformed("one number", "none").at(place))
    }

    fn dataset(&self, index: usize) -> Result<(String, Dataset), Located> {
        let place = format!("{}/{index}", self.path);
        let missing = || Problem::Missing {
            what: format!("variable {index}"),
            fix: "the file was cut or is not from Keras 3; save the model again".into(),
        };
        let Some(group) = &self.group else { return Err(missing().at(place)) };
        match group.dataset(&index.to_string()) {
            Ok(dataset) => Ok((place, dataset)),
            Err(Error::Format(Hdf5Error::PathNotFound(_))) => Err(missing().at(place)),
            Err(error) => Err(unreadable(error, &place)),
        }
    }
}

fn check_shape(dataset: &Dataset, expected: &[usize]) -> Result<(), Problem> {
    let got = dataset.shape().map_err(damaged)?;
    let equal = got.len() == expected.len()
        && got.iter().zip(expected).all(|(&got, &expected)| got == expected as u64);
    if !equal {
        return Err(Problem::Shape { expected: expected.into(), got });
    }
    // The shape is the model's, so the array's own size is honest; a chunk's size is one more claim.
    if let Layout::Chunked { chunk_shape, .. } = dataset.layout().map_err(damaged)? {
        let width = dataset.element_size().map_err(damaged)?;
        let bytes = |sizes: &[u64]| {
            sizes.iter().try_fold(width, |product, &size| product.checked_mul(size))
        };
        let limit = bytes(&got).unwrap_or(0).max(FREE_CHUNK_BYTES);
        let declared = bytes(&chunk_shape).unwrap_or(u64::MAX);
        if declared > limit {
            return Err(Problem::TooLarge { declared, limit });
        }
    }
    Ok(())
}

fn damaged(error: Error) -> Problem {
    Problem::malformed("a readable array", error)
}

fn unreadable(error: Error, path: &str) -> Located {
    Problem::malformed("a readable group", error).at(path)
}
