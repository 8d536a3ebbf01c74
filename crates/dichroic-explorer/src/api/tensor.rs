//! Tensors as bytes: little-endian 32-bit floats, their shape in a header.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use dichroic::Tensor;

/// The header with the sizes of the axes, such as `32,3,5,5`; empty for a single value.
pub const SHAPE: HeaderName = HeaderName::from_static("x-dichroic-shape");

/// A tensor on its way out.
pub struct TensorAnswer {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl TensorAnswer {
    /// These values in this shape.
    pub fn new(shape: Vec<usize>, values: &[f32]) -> Self {
        let mut bytes = Vec::with_capacity(size_of_val(values));
        for value in values {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        Self { shape, bytes }
    }

    /// A whole tensor.
    pub fn of(tensor: &Tensor) -> Self {
        Self::new(tensor.shape().to_vec(), tensor.data())
    }

    /// One channel, the last axis, without that axis; `None` if there is no such channel.
    pub fn of_channel(tensor: &Tensor, channel: usize) -> Option<Self> {
        let (&channels, spatial) = tensor.shape().split_last()?;
        if channel >= channels {
            return None;
        }
        let values: Vec<f32> =
            tensor.data().iter().copied().skip(channel).step_by(channels).collect();
        Some(Self::new(spatial.to_vec(), &values))
    }
}

impl IntoResponse for TensorAnswer {
    fn into_response(self) -> Response {
        let sizes: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        let bytes = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, bytes);
        if let Ok(shape) = HeaderValue::from_str(&sizes.join(",")) {
            headers.insert(SHAPE, shape);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_every_nth_value() {
        let tensor = Tensor::new([2, 1, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let channel = TensorAnswer::of_channel(&tensor, 1).unwrap();
        assert_eq!(channel.shape, [2, 1]);
        assert_eq!(channel.bytes, [1.0f32.to_le_bytes(), 4.0f32.to_le_bytes()].concat());
        assert!(TensorAnswer::of_channel(&tensor, 3).is_none());
    }
}
