//! Places for buffers in one arena: two buffers may share memory when they are never alive together.

use crate::error::GraphError;

/// Floats per alignment unit: 64 bytes, a cache line and the widest vector.
const ALIGNMENT: usize = 16;

/// A stretch of memory, needed from one step to another (both included).
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    pub(super) len: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// Where each buffer begins, and the length of the arena.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) offsets: Vec<usize>,
    pub(super) len: usize,
}

/// Places the largest buffers first, each at the lowest place that is free during its whole life.
///
/// The greedy order by size comes within a few percent of the lower bound (the largest sum of
/// buffers alive together) on convolutional networks: Pisarchyk & Lee, "Efficient Memory
/// Management for Deep Neural Net Inference", 2020, section 5.2.
pub(super) fn place(buffers: &[Buffer]) -> Result<Layout, GraphError> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(buffers[i].len), buffers[i].first, i));
    let mut offsets = vec![0; buffers.len()];
    let mut placed: Vec<usize> = Vec::with_capacity(buffers.len());
    let mut arena_len = 0;
    for i in order {
        let buffer = buffers[i];
        let size = aligned(buffer.len)?;
        let mut offset = 0;
        // `placed` is sorted by offset, so the first gap that is wide enough is the lowest.
        for &other in &placed {
            let neighbour = buffers[other];
            if neighbour.last < buffer.first || buffer.last < neighbour.first {
                continue;
            }
            if offsets[other] >= offset && offsets[other] - offset >= size {
                break;
            }
            offset = offset.max(offsets[other] + aligned(neighbour.len)?);
        }
        let end = offset.checked_add(size).ok_or_else(|| GraphError::TooLarge {
            what: format!("a buffer of {} values", buffer.len),
        })?;
        offsets[i] = offset;
        arena_len = arena_len.max(end);
        let at = placed.partition_point(|&other| offsets[other] <= offset);
        placed.insert(at, i);
    }
    Ok(Layout { offsets, len: arena_len })
}

fn aligned(len: usize) -> Result<usize, GraphError> {
    len.checked_next_multiple_of(ALIGNMENT)
        .ok_or_else(|| GraphError::TooLarge { what: format!("a buffer of {len} values") })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buffers_that_never_meet_share_their_place() {
        let buffers = [
            Buffer { len: 16, first: 0, last: 1 },
            Buffer { len: 16, first: 1, last: 2 },
            Buffer { len: 16, first: 2, last: 3 },
        ];
        let layout = place(&buffers).expect("small sizes");
        assert_eq!(layout.len, 32);
        assert_eq!(layout.offsets[0], layout.offsets[2]);
    }

    proptest! {
        #[test]
        fn buffers_alive_together_never_overlap(
            sizes in prop::collection::vec((0usize..200, 0usize..20, 0usize..8), 0..40)
        ) {
            let buffers: Vec<Buffer> = sizes
                .iter()
                .map(|&(len, first, life)| Buffer { len, first, last: first + life })
                .collect();
            let layout = place(&buffers).expect("small sizes");
            for (i, a) in buffers.iter().enumerate() {
                prop_assert!(layout.offsets[i] + a.len <= layout.len);
                prop_assert_eq!(layout.offsets[i] % ALIGNMENT, 0);
                for (j, b) in buffers.iter().enumerate().skip(i + 1) {
                    let together = a.first <= b.last && b.first <= a.last;
                    let (x, y) = (layout.offsets[i], layout.offsets[j]);
                    prop_assert!(!together || x + a.len <= y || y + b.len <= x);
                }
            }
        }
    }
}
