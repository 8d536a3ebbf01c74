//! How much a request may bring and ask for.

use std::time::Duration;

/// Bytes of pasted code.
pub const CODE_BYTES: usize = 256 << 10;
/// Bytes of a JSON body: pasted code with every character escaped.
pub const JSON_BYTES: usize = 6 * CODE_BYTES + 4_096;
/// Bytes of a picture file, or of a drawing.
pub const PICTURE_BYTES: usize = 32 << 20;
/// Bytes of a model file.
pub const MODEL_BYTES: usize = 1 << 30;
/// How long pasted code may run.
pub const SCRIPT_TIME: Duration = Duration::from_secs(10);
