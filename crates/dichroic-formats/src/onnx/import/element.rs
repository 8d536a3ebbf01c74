//! The types of ONNX's values.

use onnx_rs::ast::DataType;

pub(crate) use crate::element::ElementType;
use crate::error::{Located, Problem};

impl ElementType {
    /// The type by its name in the format.
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
