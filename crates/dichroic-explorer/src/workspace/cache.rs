//! What was computed once, kept while there is room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::problem::Problem;

/// Entries that are kept at most, however small.
const MOST_ENTRIES: usize = 256;

/// Something that takes memory.
pub trait Weigh {
    /// Bytes that it takes, roughly.
    fn bytes(&self) -> usize;
}

/// Results by key; the ones that were not asked for longest make room.
#[derive(Debug)]
pub struct Cache<K, V> {
    most_bytes: usize,
    entries: Mutex<VecDeque<(K, Slot<V>)>>,
}

/// A result that is there, or being computed by whoever holds the lock.
type Slot<V> = Arc<Mutex<Option<Arc<V>>>>;

impl<K: PartialEq, V: Weigh> Cache<K, V> {
    /// An empty cache for results of this many bytes together.
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, entries: Mutex::default() }
    }

    /// The result of this key; who comes while it is computed waits for it. A failure is not kept.
    ///
    /// # Errors
    /// Those of the computation.
    pub fn get_or_compute(
        &self,
        key: K,
        compute: impl FnOnce() -> Result<V, Problem>,
    ) -> Result<Arc<V>, Problem> {
        let slot = self.slot(key);
        let mut place = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = &*place {
            return Ok(result.clone());
        }
        let result = Arc::new(compute()?);
        *place = Some(result.clone());
        drop(place);
        self.shrink();
        Ok(result)
    }

    /// The slot of a key, which becomes the last to make room.
    fn slot(&self, key: K) -> Slot<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let place = entries.iter().position(|(known, _)| *known == key);
        let entry =
            place.and_then(|place| entries.remove(place)).unwrap_or_else(|| (key, Slot::default()));
        let slot = entry.1.clone();
        entries.push_back(entry);
        if entries.len() > MOST_ENTRIES {
            entries.pop_front();
        }
        slot
    }

    fn shrink(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |slot: &Slot<V>| match slot.try_lock() {
            Ok(result) => result.as_ref().map_or(0, |result| result.bytes()),
            Err(_) => 0,
        };
        let mut total: usize = entries.iter().map(|(_, slot)| bytes(slot)).sum();
        while total > self.most_bytes && entries.len() > 1 {
            let Some((_, slot)) = entries.pop_front() else { break };
            total = total.saturating_sub(bytes(&slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    #[test]
    fn a_result_is_computed_once_and_the_oldest_makes_room() {
        let cache = Cache::new(100);
        let mut computed = Vec::new();
        for key in [1, 2, 1, 3, 1, 2] {
            let result = cache.get_or_compute(key, || {
                computed.push(key);
                Ok(40usize)
            });
            assert_eq!(*result.unwrap(), 40);
        }
        // 3 came when only two had room, and 2 had not been asked for longest.
        assert_eq!(computed, [1, 2, 3, 2]);
    }

    #[test]
    fn a_failure_is_tried_again() {
        let cache: Cache<u8, usize> = Cache::new(100);
        assert!(cache.get_or_compute(1, || Err(Problem::failed("no"))).is_err());
        assert!(cache.get_or_compute(1, || Ok(1)).is_ok());
    }
}
