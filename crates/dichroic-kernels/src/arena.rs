//! One buffer for all values of a plan, taken once and never given back while the plan lives.

use std::alloc::{Layout, alloc, dealloc};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::NonNull;

use thiserror::Error;

use crate::parallel::{self, DisjointMut};

mod shared;

pub use shared::{Reads, SharedArena, Writes};

/// A cache line, and one AVX-512 register.
const LINE_BYTES: usize = 64;
/// A huge page of x86-64 and of AArch64 with 4 KiB pages. From this size on, the arena asks for them.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// About what it takes to get a huge page and to clear it.
const PAGE_NANOSECONDS: usize = 300_000;

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

    /// Has ranges lent, to one thread or to several at once, for as long as the arena is borrowed.
    pub fn share(&mut self) -> SharedArena<'_> {
        SharedArena::new(self.data_mut())
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
    fn more_than_there_is_is_an_error_and_no_abort() {
        for len in [usize::MAX, usize::MAX / 8 - 64] {
            assert!(matches!(Arena::new(len), Err(ArenaError::OutOfMemory { .. })));
        }
        assert!(Arena::new(0).unwrap().is_empty());
    }
}
