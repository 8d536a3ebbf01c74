//! From tensors to arrays: the bytes behind a storage.

use dichroic_graph::kernels::mapped::SharedBytes;

use super::collect::Found;
use super::pickle::{Storage, Tensor};
use crate::error::{Located, Problem};
use crate::named::{ByteOrder, NamedArray, Strided};

/// Gives each tensor the bytes of its storage, which `bytes_of` knows.
pub(super) fn arrays(
    found: Found,
    order: ByteOrder,
    mut bytes_of: impl FnMut(&Storage) -> Result<SharedBytes, Located>,
) -> Result<Vec<NamedArray>, Located> {
    let array = |(name, tensor): (String, Tensor)| {
        let place = format!("tensor {name:?}");
        let bytes = bytes_of(&tensor.storage).map_err(|error| error.inside(&place))?;
        array(name, tensor, (bytes, order)).map_err(|problem| problem.at(place))
    };
    found.tensors.into_iter().map(array).collect()
}

fn array(
    name: String,
    tensor: Tensor,
    (bytes, order): (SharedBytes, ByteOrder),
) -> Result<NamedArray, Problem> {
    let Tensor { storage, element, offset, shape, strides } = tensor;
    let width = storage.element.map_or(1, |element| element.size());
    let promised = storage.offset.checked_add(storage.len).and_then(|end| end.checked_mul(width));
    if promised.is_none_or(|promised| promised > bytes.len()) {
        let declared = (storage.len as u64).saturating_mul(width as u64);
        return Err(Problem::TooLarge { declared, limit: bytes.len() as u64 });
    }
    // A part of a storage begins at a value of its own type, which is the tensor's.
    let offset = storage.offset.saturating_add(offset);
    NamedArray::new(name, element, Strided { shape, strides, offset }, (bytes, order))
}
