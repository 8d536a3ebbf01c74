//! The types that values have in a file. Inside, all of them are `f32`.

use std::fmt;

use onnx_rs::ast::DataType;

use crate::error::{Located, Problem};

/// The type of a value in an ONNX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum ElementType {
    Float32,
    Float16,
    BFloat16,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Bool,
}

impl ElementType {
    pub(crate) fn of(data_type: DataType) -> Result<Self, Located> {
        Ok(match data_type {
            DataType::Float => Self::Float32,
            DataType::Float16 => Self::Float16,
            DataType::Bfloat16 => Self::BFloat16,
            DataType::Double => Self::Float64,
            DataType::Int8 => Self::Int8,
            DataType::Int16 => Self::Int16,
            DataType::Int32 => Self::Int32,
            DataType::Int64 => Self::Int64,
            DataType::Uint8 => Self::UInt8,
            DataType::Uint16 => Self::UInt16,
            DataType::Uint32 => Self::UInt32,
            DataType::Uint64 => Self::UInt64,
            DataType::Bool => Self::Bool,
            other => {
                let what = format!("the element type {other:?}");
                let fix = "export the model with numbers of 8 to 64 bits".to_owned();
                return Err(Problem::Unsupported { what, fix }.into());
            }
        })
    }

    /// The type by its number in the format, as the attribute `to` of Cast gives it.
    pub(crate) fn from_number(number: i64) -> Result<Self, Located> {
        let known = i32::try_from(number).ok().and_then(|number| DataType::try_from(number).ok());
        Self::of(known.ok_or_else(|| Problem::malformed("the number of a type", number))?)
    }

    /// Whether values have fractions.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float16 | Self::BFloat16 | Self::Float64)
    }

    /// The bytes of one value.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 | Self::Bool => 1,
            Self::Float16 | Self::BFloat16 | Self::Int16 | Self::UInt16 => 2,
            Self::Float32 | Self::Int32 | Self::UInt32 => 4,
            Self::Float64 | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// The least and the greatest whole number of the type; `None` for types with fractions.
    pub(crate) fn range(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Int64 => (i64::MIN, i64::MAX),
            Self::UInt8 => (0, u8::MAX.into()),
            Self::UInt16 => (0, u16::MAX.into()),
            Self::UInt32 => (0, u32::MAX.into()),
            Self::UInt64 => (0, i64::MAX),
            Self::Bool => (0, 1),
            _ => return None,
        })
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::BFloat16 => "bfloat16",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Bool => "bool",
        })
    }
}
