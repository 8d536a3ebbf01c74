//! The types of numbers that files of arrays hold, and what they are as `f32`.

use std::fmt;

/// The type of an array's values in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// `float32`.
    F32,
    /// `float16`.
    F16,
    /// `bfloat16`: the upper half of a `float32`.
    BF16,
    /// `float64`.
    F64,
    /// `int8`.
    I8,
    /// `int16`.
    I16,
    /// `int32`.
    I32,
    /// `int64`.
    I64,
    /// `uint8`.
    U8,
    /// `uint16`.
    U16,
    /// `uint32`.
    U32,
    /// `uint64`.
    U64,
    /// `bool`, one byte a value.
    Bool,
}

impl ElementType {
    /// The bytes of one value.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// NumPy's name: `float32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::F64 => "float64",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::Bool => "bool",
        }
    }

    /// The value that begins at each of these offsets, rounded to the nearest `f32`.
    ///
    /// Every offset must leave room for a whole value in `bytes`.
    pub(super) fn decode(
        self,
        bytes: &[u8],
        order: ByteOrder,
        offsets: impl Iterator<Item = usize>,
    ) -> Vec<f32> {
        macro_rules! numbers {
            ($type:ty, $to_f32:expr) => {{
                const SIZE: usize = size_of::<$type>();
                let from = match order {
                    ByteOrder::Little => <$type>::from_le_bytes,
                    ByteOrder::Big => <$type>::from_be_bytes,
                };
                let read = |offset: usize| {
                    let mut value = [0; SIZE];
                    value.copy_from_slice(&bytes[offset..offset + SIZE]);
                    $to_f32(from(value))
                };
                offsets.map(read).collect()
            }};
        }
        match self {
            Self::F32 => numbers!(f32, |x| x),
            Self::F16 => numbers!(u16, half_to_f32),
            Self::BF16 => numbers!(u16, |bits| f32::from_bits(u32::from(bits) << 16)),
            Self::F64 => numbers!(f64, |x| x as f32),
            Self::I8 => numbers!(i8, f32::from),
            Self::I16 => numbers!(i16, f32::from),
            Self::I32 => numbers!(i32, |x| x as f32),
            Self::I64 => numbers!(i64, |x| x as f32),
            Self::U8 => numbers!(u8, f32::from),
            Self::U16 => numbers!(u16, f32::from),
            Self::U32 => numbers!(u32, |x| x as f32),
            Self::U64 => numbers!(u64, |x| x as f32),
            Self::Bool => numbers!(u8, |byte| f32::from(u8::from(byte != 0))),
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which byte of a value comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    #[default]
    Little,
    Big,
}

/// The value of a `float16`: one bit of sign, five of exponent, ten of fraction (IEEE 754, binary16).
fn half_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(bits >> 10) & 0x1f, u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Below the smallest normal number the fraction counts steps of 2⁻²⁴, which f32 holds exactly.
        0 => (fraction as f32 * 2.0f32.powi(-24)).to_bits(),
        0x1f => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 127 - 15) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_values_are_exact() {
        let known = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x03ff, 6.097_555e-5),
            (0x0001, 5.960_464_5e-8),
            (0x8001, -5.960_464_5e-8),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
            (0x3555, 0.333_251_95),
        ];
        for (bits, value) in known {
            assert_eq!(half_to_f32(bits), value, "{bits:#06x}");
        }
        assert!(half_to_f32(0x7e00).is_nan());
        assert!(half_to_f32(0x8000).is_sign_negative());
    }

    #[test]
    fn values_are_read_in_both_orders_of_bytes() {
        let decode = |element: ElementType, order, bytes: &[u8]| {
            element.decode(bytes, order, (0..bytes.len()).step_by(element.size()))
        };
        let (little, big) = (ByteOrder::Little, ByteOrder::Big);
        assert_eq!(decode(ElementType::I16, little, &[2, 1, 0xff, 0xff]), [258.0, -1.0]);
        assert_eq!(decode(ElementType::I16, big, &[2, 1, 0xff, 0xff]), [513.0, -1.0]);
        assert_eq!(decode(ElementType::BF16, little, &[0x80, 0x3f, 0x20, 0xc0]), [1.0, -2.5]);
        assert_eq!(decode(ElementType::Bool, little, &[0, 1, 7]), [0.0, 1.0, 1.0]);
        assert_eq!(decode(ElementType::F64, little, &1e300f64.to_le_bytes()), [f32::INFINITY]);
        assert_eq!(decode(ElementType::U64, big, &[0, 0, 0, 0, 0, 0, 1, 0]), [256.0]);
    }
}
