//! An array of numbers in an HDF5 file. Its shape is compared with the one that is needed before memory is taken.

use dichroic_graph::kernels::mapped::SharedBytes;
use dichroic_graph::kernels::tensor::Tensor;
use hdf5_pure::{
    DType, Dataset, Datatype, DatatypeByteOrder, Error, FloatingPointLayout, Layout, make_f32_type,
};

use crate::element::half_to_f32;
use crate::error::{Located, Problem};

/// A chunk may be larger than the array it belongs to, but not by more than this.
const FREE_CHUNK_BYTES: u64 = 1 << 20;

/// IEEE 754's binary16 with the low byte first, as NumPy's `float16`.
const HALF: Datatype = Datatype::FloatingPoint {
    size: 2,
    byte_order: DatatypeByteOrder::LittleEndian,
    layout: FloatingPointLayout {
        bit_offset: 0,
        bit_precision: 16,
        exponent_location: 10,
        exponent_size: 5,
        mantissa_location: 0,
        mantissa_size: 10,
        exponent_bias: 15,
    },
};

/// An array that was found and not yet read.
pub(crate) struct Array<'f> {
    bytes: &'f SharedBytes,
    place: String,
    dataset: Dataset,
}

impl<'f> Array<'f> {
    pub(super) fn new(bytes: &'f SharedBytes, place: String, dataset: Dataset) -> Self {
        Self { bytes, place, dataset }
    }

    /// Where it lies.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The shape that the file declares.
    pub fn shape(&self) -> Result<Vec<u64>, Located> {
        self.dataset.shape().map_err(damaged).map_err(|problem| problem.at(&self.place))
    }

    /// Its values, which must have this shape. Those that lie in the file as one piece stay there and are shared.
    pub fn tensor(&self, shape: &[usize]) -> Result<Tensor, Located> {
        self.read_tensor(shape).map_err(|problem| problem.at(&self.place))
    }

    /// Its one number, read as a whole one.
    pub fn integer(&self) -> Result<i64, Located> {
        let read = || {
            self.check_shape(&[])?;
            match self.dataset.dtype().map_err(damaged)? {
                DType::I32 | DType::I64 | DType::U32 | DType::U64 => {
                    self.dataset.read_i64().map_err(damaged)
                }
                other => Err(Problem::malformed("a whole number", format!("type {other}"))),
            }
        };
        let values = read().map_err(|problem| problem.at(&self.place))?;
        let first = values.first().copied();
        first.ok_or_else(|| Problem::malformed("one number", "none").at(&self.place))
    }

    fn read_tensor(&self, shape: &[usize]) -> Result<Tensor, Problem> {
        self.check_shape(shape)?;
        let tensor = match self.dataset.dtype().map_err(damaged)? {
            DType::F32 => match self.plain_bytes()? {
                Some(bytes) => Tensor::from_bytes(shape, bytes),
                None => Tensor::new(shape, self.dataset.read_f32().map_err(damaged)?),
            },
            // Keras writes these where `floatx` was set; what they hold beyond 24 bits is rounded away.
            DType::F64 => Tensor::new(shape, self.dataset.read_f32().map_err(damaged)?),
            // Only `Normalization` counts, and nothing is computed from it.
            DType::I32 | DType::I64 => {
                let counts = self.dataset.read_i64().map_err(damaged)?;
                Tensor::new(shape, counts.into_iter().map(|count| count as f32).collect())
            }
            DType::Other(kind) if *kind == HALF => Tensor::new(shape, self.halves()?),
            other => {
                let name = match other {
                    DType::Other(kind) => kind.to_string(),
                    known => known.to_string(),
                };
                return Err(Problem::Unsupported {
                    what: format!("a variable of type {name}"),
                    fix: "save the model with weights of type float32".into(),
                });
            }
        };
        tensor.map_err(|error| Problem::malformed("an array of this shape", error))
    }

    /// Values of 16 bits, which models of the policy `float16` have.
    fn halves(&self) -> Result<Vec<f32>, Problem> {
        let bytes = self.dataset.read_raw().map_err(damaged)?;
        let (pairs, _) = bytes.as_chunks::<2>();
        Ok(pairs.iter().map(|&pair| half_to_f32(u16::from_le_bytes(pair))).collect())
    }

    /// The bytes of an array of little-endian floats that lies in the file as one piece, as Keras writes it.
    fn plain_bytes(&self) -> Result<Option<SharedBytes>, Problem> {
        if self.dataset.datatype().map_err(damaged)? != make_f32_type() {
            return Ok(None);
        }
        let layout = self.dataset.layout().map_err(damaged)?;
        let Layout::Contiguous { address: Some(address), size } = layout else { return Ok(None) };
        let piece = || {
            let start = usize::try_from(address).ok()?;
            self.bytes.slice(start..start.checked_add(usize::try_from(size).ok()?)?)
        };
        Ok(piece())
    }

    fn check_shape(&self, expected: &[usize]) -> Result<(), Problem> {
        let got = self.dataset.shape().map_err(damaged)?;
        let equal = got.len() == expected.len()
            && got.iter().zip(expected).all(|(&got, &expected)| got == expected as u64);
        if !equal {
            return Err(Problem::Shape { expected: expected.into(), got });
        }
        match self.dataset.layout().map_err(damaged)? {
            // The shape is the model's, so the array's own size is honest; a chunk's size is one more claim.
            Layout::Chunked { chunk_shape, .. } => self.check_chunk(&got, &chunk_shape),
            Layout::Virtual => Err(Problem::Unsupported {
                what: "an array that is put together from other files".into(),
                fix: "a model file holds its weights itself; save the model again".into(),
            }),
            _ => Ok(()),
        }
    }

    fn check_chunk(&self, shape: &[u64], chunk_shape: &[u64]) -> Result<(), Problem> {
        let width = self.dataset.element_size().map_err(damaged)?;
        let bytes = |sizes: &[u64]| {
            sizes.iter().try_fold(width, |product, &size| product.checked_mul(size))
        };
        let limit = bytes(shape).unwrap_or(0).max(FREE_CHUNK_BYTES);
        let declared = bytes(chunk_shape).unwrap_or(u64::MAX);
        if declared > limit { Err(Problem::TooLarge { declared, limit }) } else { Ok(()) }
    }
}

fn damaged(error: Error) -> Problem {
    Problem::malformed("a readable array", error)
}
