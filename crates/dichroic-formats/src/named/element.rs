//! Values as they lie in a file of arrays, as `f32`.

use crate::element::{ElementType, bfloat_to_f32, half_to_f32};

impl ElementType {
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
            Self::Float32 => numbers!(f32, |x| x),
            Self::Float16 => numbers!(u16, half_to_f32),
            Self::BFloat16 => numbers!(u16, bfloat_to_f32),
            Self::Float64 => numbers!(f64, |x| x as f32),
            Self::Int8 => numbers!(i8, f32::from),
            Self::Int16 => numbers!(i16, f32::from),
            Self::Int32 => numbers!(i32, |x| x as f32),
            Self::Int64 => numbers!(i64, |x| x as f32),
            Self::UInt8 => numbers!(u8, f32::from),
            Self::UInt16 => numbers!(u16, f32::from),
            Self::UInt32 => numbers!(u32, |x| x as f32),
            Self::UInt64 => numbers!(u64, |x| x as f32),
            Self::Bool => numbers!(u8, |byte| f32::from(u8::from(byte != 0))),
        }
    }
}

/// Which byte of a value comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    #[default]
    Little,
    Big,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_both_orders_of_bytes() {
        let decode = |element: ElementType, order, bytes: &[u8]| {
            element.decode(bytes, order, (0..bytes.len()).step_by(element.size()))
        };
        let (little, big) = (ByteOrder::Little, ByteOrder::Big);
        assert_eq!(decode(ElementType::Int16, little, &[2, 1, 0xff, 0xff]), [258.0, -1.0]);
        assert_eq!(decode(ElementType::Int16, big, &[2, 1, 0xff, 0xff]), [513.0, -1.0]);
        assert_eq!(decode(ElementType::BFloat16, little, &[0x80, 0x3f, 0x20, 0xc0]), [1.0, -2.5]);
        assert_eq!(decode(ElementType::Bool, little, &[0, 1, 7]), [0.0, 1.0, 1.0]);
        assert_eq!(decode(ElementType::Float64, little, &1e300f64.to_le_bytes()), [f32::INFINITY]);
        assert_eq!(decode(ElementType::UInt64, big, &[0, 0, 0, 0, 0, 0, 1, 0]), [256.0]);
    }
}
