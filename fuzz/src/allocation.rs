//! Counts the bytes that are held, so that a small file that takes much memory is found.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Readers hold some 64 MiB whatever a file says: for the entries of an archive, for the weights, and for what an
/// optimizer keeps of each.
pub const FREE: usize = 512 << 20;
/// Deflate makes at most 1,032 bytes of one, so a file of honest zeros may grow that much.
const LARGEST_EXPANSION: usize = 1_100;

#[global_allocator]
static COUNTING: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every request is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        take(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn take(size: usize) {
    let held = HELD.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(held, Relaxed);
}

/// Runs a reader on a file of so many bytes and fails if it held more than a fixed multiple of them and `free`.
pub fn bounded<T>(file: usize, free: usize, read: impl FnOnce() -> T) -> T {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = read();
    let held = PEAK.load(Relaxed).saturating_sub(before);
    let limit = file * LARGEST_EXPANSION + free;
    assert!(held <= limit, "a file of {file} bytes made its reader hold {held} bytes");
    result
}
