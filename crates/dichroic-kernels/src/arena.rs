//! One buffer for all values of a plan, taken once and never given back while the plan lives.

use std::alloc::{Layout, alloc, dealloc};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::NonNull;

use smallvec::SmallVec;
use thiserror::Error;

use crate::parallel::{self, DisjointMut};

/// A cache line, and one AVX-512 register.
const LINE_BYTES: usize = 64;
/// A huge page of x86-64 and of AArch64 with 4 KiB pages. From this size on, the arena asks for them.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// About what it takes to get a huge page and to clear it.
const PAGE_NANOSECONDS: usize = 300_000;

/// The values that [`Arena::lend`] gives to be read.
pub type Reads<'a> = SmallVec<[&'a [f32]; 8]>;
/// The values that [`Arena::lend`] gives to be written.
pub type Writes<'a> = SmallVec<[&'a mut [f32]; 4]>;

/// An aligned, zeroed buffer of `f32`, from which ranges are lent.
///
/// It starts at a multiple of 64 bytes. When it is 2 MiB or more it starts at a multiple of that
/// and Linux is asked for huge pages; every page is touched at the start, so that no step waits for one.
pub struct Arena {
    start: NonNull<f32>,
    len: usize,
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arena").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Why the arena can't serve.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArenaError {
    /// The memory isn't there.
    #[error("{bytes} bytes for the values of the plan can't be had; use a smaller batch")]
    OutOfMemory {
        /// The bytes asked for.
        bytes: u128,
    },
    /// A range that is asked for ends beyond the buffer.
    #[error("range {range:?} lies outside an arena of {len} values")]
    OutOfBounds {
        /// The range asked for.
        range: Range<usize>,
        /// The values in the arena.
        len: usize,
    },
    /// A range that is written overlaps another one.
    #[error("range {write:?} is written, but {other:?} overlaps it")]
    Overlap {
        /// The range that is written.
        write: Range<usize>,
        /// The other one, read or written.
        other: Range<usize>,
    },
}

impl Arena {
    /// A buffer of `len` zeros.
    ///
    /// # Errors
    /// [`ArenaError::OutOfMemory`] when the system has not that much.
    pub fn new(len: usize) -> Result<Self, ArenaError> {
        let out_of_memory =
            || ArenaError::OutOfMemory { bytes: len as u128 * size_of::<f32>() as u128 };
        if len == 0 {
            return Ok(Self { start: NonNull::dangling(), len });
        }
        let layout = Self::layout(len).ok_or_else(out_of_memory)?;
        // SAFETY: the layout's size isn't 0, for len > 0.
        let start = unsafe { alloc(layout) }.cast::<f32>();
        let start = NonNull::new(start).ok_or_else(out_of_memory)?;
        if layout.align() >= HUGE_PAGE_BYTES {
            ask_for_huge_pages(start.as_ptr().cast(), layout.size());
        }
        // SAFETY: the allocation holds `len` values, which may be uninitialised, and is ours alone.
        let values = unsafe {
            std::slice::from_raw_parts_mut(start.as_ptr().cast::<MaybeUninit<f32>>(), len)
        };
        clear(values);
        Ok(Self { start, len })
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True for an arena of no values.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All values, to be looked at.
    pub fn data(&self) -> &[f32] {
        // SAFETY: the buffer holds `len` initialised values for as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// All values, to be changed.
    pub fn data_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `data`, and `self` is borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// Lends ranges to be read and ranges to be written, all at once.
    ///
    /// Ranges that are read may overlap each other. A range that is written overlaps none; to work
    /// in place, name the range among the writes only.
    ///
    /// # Errors
    /// [`ArenaError::OutOfBounds`] and [`ArenaError::Overlap`], with the ranges.
    ///
    /// ```
    /// use dichroic_kernels::arena::Arena;
    /// let mut arena = Arena::new(32)?;
    /// let (reads, mut writes) = arena.lend(&[0..16], &[16..32])?;
    /// writes[0].copy_from_slice(reads[0]);
    /// # Ok::<(), dichroic_kernels::arena::ArenaError>(())
    /// ```
    pub fn lend(
        &mut self,
        reads: &[Range<usize>],
        writes: &[Range<usize>],
    ) -> Result<(Reads<'_>, Writes<'_>), ArenaError> {
        for range in reads.iter().chain(writes) {
            if range.start > range.end || range.end > self.len {
                return Err(ArenaError::OutOfBounds { range: range.clone(), len: self.len });
            }
        }
        for (i, write) in writes.iter().enumerate() {
            if let Some(other) = writes[..i].iter().chain(reads).find(|r| overlap(write, r)) {
                return Err(ArenaError::Overlap { write: write.clone(), other: other.clone() });
            }
        }
        let start = self.start.as_ptr();
        let read = |range: &Range<usize>| {
            // SAFETY: the range is within the buffer, and no range that is written overlaps it (both
            // checked above). `self` stays borrowed for writing while the slice lives.
            unsafe { std::slice::from_raw_parts(start.add(range.start), range.len()) }
        };
        let write = |range: &Range<usize>| {
            // SAFETY: as above, and no other range, read or written, overlaps it.
            unsafe { std::slice::from_raw_parts_mut(start.add(range.start), range.len()) }
        };
        Ok((reads.iter().map(read).collect(), writes.iter().map(write).collect()))
    }

    fn layout(len: usize) -> Option<Layout> {
        let bytes = len.checked_mul(size_of::<f32>())?;
        let align = if bytes >= HUGE_PAGE_BYTES { HUGE_PAGE_BYTES } else { LINE_BYTES };
        Layout::from_size_align(bytes, align).ok()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let (Some(layout), true) = (Self::layout(self.len), self.len > 0) {
            // SAFETY: the buffer was taken in `new` with this same layout, and is given back once.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

// SAFETY: the arena owns its buffer alone, as a `Vec<f32>` does.
unsafe impl Send for Arena {}
// SAFETY: a shared reference only reads, as that of a `Vec<f32>` does.
unsafe impl Sync for Arena {}

/// Writes zeros, on several threads: most of the time goes by while the system finds and clears pages.
fn clear(values: &mut [MaybeUninit<f32>]) {
    const PIECE: usize = HUGE_PAGE_BYTES / size_of::<f32>();
    let (len, parts) = (values.len(), DisjointMut::new(values));
    parallel::for_each(len.div_ceil(PIECE), PAGE_NANOSECONDS, |i| {
        // SAFETY: each piece is asked for once, and pieces don't overlap.
        let piece = unsafe { parts.range(i * PIECE..len.min((i + 1) * PIECE)) };
        piece.fill(MaybeUninit::new(0.0));
    });
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    !a.is_empty() && !b.is_empty() && a.start < b.end && b.start < a.end
}

/// Asks Linux to back the memory with huge pages: fewer page faults at the start, fewer TLB misses
/// afterwards. A refusal changes nothing but speed.
#[cfg(all(target_os = "linux", not(miri)))]
fn ask_for_huge_pages(start: *mut u8, bytes: usize) {
    use rustix::mm::{Advice, madvise};
    // SAFETY: the range is an allocation of ours, and this advice changes no content.
    let _ = unsafe { madvise(start.cast(), bytes, Advice::LinuxHugepage) };
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn ask_for_huge_pages(_start: *mut u8, _bytes: usize) {}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "one range is what is lent")]
mod tests {
    use super::*;

    #[test]
    fn it_starts_aligned_and_zeroed() {
        for len in [1, 100, HUGE_PAGE_BYTES / 4 + 5] {
            let arena = Arena::new(len).unwrap();
            assert_eq!(arena.data().as_ptr().addr() % LINE_BYTES, 0);
            assert!(arena.data().iter().all(|&x| x == 0.0));
            assert_eq!(arena.data().len(), len);
        }
    }

    #[test]
    fn reads_may_overlap_each_other() {
        let mut arena = Arena::new(8).unwrap();
        arena.data_mut().copy_from_slice(&[0., 1., 2., 3., 4., 5., 6., 7.]);
        let (reads, writes) = arena.lend(&[0..4, 2..6], &[6..8]).unwrap();
        assert_eq!((reads[0][2], reads[1][0]), (2.0, 2.0));
        assert_eq!(writes[0], [6.0, 7.0]);
    }

    #[test]
    fn a_write_that_overlaps_a_read_or_a_write_is_refused() {
        let mut arena = Arena::new(8).unwrap();
        let error = arena.lend(&[0..4], &[3..6]).unwrap_err();
        assert_eq!(error, ArenaError::Overlap { write: 3..6, other: 0..4 });
        assert!(arena.lend(&[], &[0..4, 2..3]).is_err());
        assert!(arena.lend(&[], &[0..4, 4..8]).is_ok());
    }

    #[test]
    fn an_empty_range_overlaps_nothing() {
        let mut arena = Arena::new(8).unwrap();
        assert!(arena.lend(&[2..2], &[0..8, 3..3]).is_ok());
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges, reason = "the wrong range is what is tested")]
    fn a_range_outside_is_refused() {
        let mut arena = Arena::new(8).unwrap();
        let error = arena.lend(&[4..9], &[]).unwrap_err();
        assert_eq!(error, ArenaError::OutOfBounds { range: 4..9, len: 8 });
        assert!(arena.lend(&[], &[5..4]).is_err());
    }

    #[test]
    fn more_than_there_is_is_an_error_and_no_abort() {
        for len in [usize::MAX, usize::MAX / 8 - 64] {
            assert!(matches!(Arena::new(len), Err(ArenaError::OutOfMemory { .. })));
        }
        assert!(Arena::new(0).unwrap().is_empty());
    }
}
