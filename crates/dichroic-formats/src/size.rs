//! How large a model may be, by the size of its file.

use dichroic::model::Model;

use crate::error::Problem;

/// What compression can make of a byte at most, rounded: deflate's limit is 1,032.
const MOST_EXPANSION: u64 = 1_000;
/// A model of this size may be held whatever its file says.
const FREE_BYTES: u64 = 64 << 20;

/// Refuses a model whose weights could not come out of a file of this size, before they are made.
pub(crate) fn check_size(model: &Model, file: u64) -> Result<(), Problem> {
    let declared = model.count_params().saturating_mul(size_of::<f32>() as u64);
    let limit = file.saturating_mul(MOST_EXPANSION).max(FREE_BYTES);
    if declared > limit { Err(Problem::TooLarge { declared, limit }) } else { Ok(()) }
}
