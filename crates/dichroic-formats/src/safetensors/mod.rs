//! safetensors: a header in JSON, then the values.
//!
//! ```text
//! 8 bytes   length of the header, little-endian
//! header    {"__metadata__": {"format": "pt"}, "conv.weight": {"dtype": "F32", "shape": [4, 3, 3, 3],
//!            "data_offsets": [0, 432]}, …}, padded with spaces
//! values    all arrays, one after the other, without holes
//! ```
//!
//! The crate `safetensors` takes the last of two arrays with one name; here a name that stands twice is refused.
//!
//! # Source
//! <https://github.com/huggingface/safetensors#format>

mod header;
mod read;
mod write;

pub use read::{parse_safetensors, read_safetensors};
pub use write::write_safetensors;

/// The entry of the header that is no array.
const METADATA: &str = "__metadata__";
/// What our own files say under `format`; PyTorch's say `pt`.
const OURS: &str = "dichroic";
/// The longest header that readers of the format accept.
const LONGEST_HEADER: u64 = 100_000_000;
