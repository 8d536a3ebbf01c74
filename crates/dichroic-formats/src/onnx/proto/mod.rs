//! The file itself: protobuf messages, read within limits, and the arrays in and beside them.

mod external;
mod limits;
mod tensor;

use onnx_rs::ast::Model;

pub(crate) use external::External;
pub(crate) use tensor::{read_tensor, value_count};

use crate::error::{Located, Problem};

/// The messages of a file. Names and arrays stay where they lie in `bytes`.
///
/// # Errors
/// When the bytes are no ONNX model, or nest deeper or hold more messages than is sensible.
pub(crate) fn parse(bytes: &[u8]) -> Result<Model<'_>, Located> {
    limits::check(bytes)?;
    onnx_rs::parse(bytes)
        .map_err(|error| Problem::malformed("an ONNX model (a ModelProto message)", error).into())
}
