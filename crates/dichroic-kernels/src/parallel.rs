//! Work split over threads so that the number of threads can't be seen in the result.
//!
//! A kernel cuts its work into tasks by the shape of the problem alone and hands them to
//! [`for_each`]; who runs which task, and when, is left to the current [`ThreadPool`].

use std::marker::PhantomData;
use std::ops::Range;

mod placement;
mod pool;

pub use pool::{ThreadPool, default_threads, set_threads, threads};

/// Work below this is done by the caller, even while the workers are awake and watching.
///
/// Measured on two Zen 4 cores: 7.2 µs of work take 4.0 µs on both, so that sharing costs 0.4 µs.
pub const HANDOFF_NANOSECONDS: usize = 2_000;

/// Work below this wakes no sleeping worker.
///
/// Measured on two Zen 4 cores under Linux: the caller pays 2 to 5 µs for waking, and the worker comes later still.
pub const WAKE_NANOSECONDS: usize = 20_000;

/// Calls `task(i)` for every `i` in `0..tasks`, on the threads of the current pool.
///
/// `nanoseconds` is an estimate of one task's time; when all tasks together take less than
/// [`HANDOFF_NANOSECONDS`] (or less than [`WAKE_NANOSECONDS`] and everybody sleeps), or there is one
/// thread only, the caller does them in order. Tasks that cost less than that are handed out in
/// runs of neighbours. Within a task, further calls are made by the task's own thread alone.
///
/// # Panics
/// When a task does, after all that have begun are through.
pub fn for_each(tasks: usize, nanoseconds: usize, task: impl Fn(usize) + Sync + Send) {
    let nanoseconds = nanoseconds.max(1);
    let worth = tasks > 1 && tasks.saturating_mul(nanoseconds) >= HANDOFF_NANOSECONDS;
    let costs = (HANDOFF_NANOSECONDS, WAKE_NANOSECONDS);
    if !worth || !pool::share(tasks, nanoseconds, costs, &|range| range.for_each(&task)) {
        (0..tasks).for_each(task);
    }
}

/// Calls `task(i, chunk)` for the `i`-th piece of `chunk_len` values; the last one may be shorter.
///
/// `nanoseconds` is an estimate of one task's time, as in [`for_each`].
///
/// # Panics
/// When `chunk_len` is 0 and `data` is not empty.
pub fn for_each_chunk(
    data: &mut [f32],
    chunk_len: usize,
    nanoseconds: usize,
    task: impl Fn(usize, &mut [f32]) + Sync + Send,
) {
    if data.is_empty() {
        return;
    }
    assert!(chunk_len > 0, "a chunk must hold at least one value");
    let (len, parts) = (data.len(), DisjointMut::new(data));
    for_each(len.div_ceil(chunk_len), nanoseconds, |i| {
        let start = i * chunk_len;
        // SAFETY: chunk i is start..start + chunk_len, and each i is handed out once, so that no two
        // tasks' ranges overlap.
        let chunk = unsafe { parts.range(start..len.min(start + chunk_len)) };
        task(i, chunk);
    });
}

/// A slice that several tasks write at once, each in its own part.
///
/// Only the disjointness of the parts is the caller's word; the bounds are checked here.
#[derive(Clone, Copy)]
pub struct DisjointMut<'a, T = f32> {
    start: *mut T,
    len: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: a `DisjointMut` is a `&mut [T]` whose parts go to several threads; the contract of
// `range` keeps them from overlapping, and sending a `&mut T` needs `T: Send`.
unsafe impl<T: Send> Send for DisjointMut<'_, T> {}
// SAFETY: as above; `range` is the only access that a shared reference gives.
unsafe impl<T: Send> Sync for DisjointMut<'_, T> {}

impl<'a, T> DisjointMut<'a, T> {
    /// Takes the slice for as long as tasks write it.
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), life: PhantomData }
    }

    /// The number of values in the whole slice.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One task's part.
    ///
    /// # Panics
    /// When the range lies outside the slice.
    ///
    /// # Safety
    /// While the returned part lives, no overlapping part may be asked for.
    #[allow(clippy::mut_from_ref, reason = "the parts are disjoint by the contract")]
    pub unsafe fn range(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "part {range:?} lies outside a slice of {}",
            self.len
        );
        // SAFETY: the range is within the slice (checked above), the slice is borrowed for 'a, and
        // no other part overlaps it (the caller's word).
        unsafe {
            std::slice::from_raw_parts_mut(self.start.add(range.start), range.end - range.start)
        }
    }

    /// The address of the value at `index`, for kernels that write strided tiles.
    ///
    /// # Panics
    /// When the index lies beyond the end (the end itself is allowed).
    pub fn pointer(&self, index: usize) -> *mut T {
        assert!(index <= self.len, "index {index} lies outside a slice of {}", self.len);
        // SAFETY: index <= len, so that the address is within the slice or one past its end.
        unsafe { self.start.add(index) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_task_runs_once_inline_and_on_threads() {
        for nanoseconds in [0, 1, 1_000_000] {
            let counts: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
            for_each(counts.len(), nanoseconds, |i| {
                counts[i].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn chunks_cover_the_slice_and_the_last_may_be_short() {
        let mut data = vec![0.0; 10];
        for_each_chunk(&mut data, 4, 1_000_000, |i, chunk| chunk.fill(i as f32));
        assert_eq!(data, [0., 0., 0., 0., 1., 1., 1., 1., 2., 2.]);
        for_each_chunk(&mut [], 0, 1, |_, _| unreachable!("there is nothing to do"));
    }

    #[test]
    #[should_panic(expected = "lies outside")]
    fn a_part_outside_the_slice_is_refused() {
        let mut data = [0.0; 4];
        let parts = DisjointMut::new(&mut data);
        // SAFETY: the only part asked for.
        let _ = unsafe { parts.range(2..5) };
    }
}
