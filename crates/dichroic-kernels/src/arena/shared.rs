//! Ranges of an arena, lent to threads that run at the same time.

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use super::ArenaError;

/// The values that [`SharedArena::lend`] gives to be read.
pub type Reads<'a> = SmallVec<[&'a [f32]; 8]>;
/// The values that [`SharedArena::lend`] gives to be written.
pub type Writes<'a> = SmallVec<[&'a mut [f32]; 4]>;

/// The values of an [`Arena`](super::Arena), of which several threads borrow ranges at the same time.
///
/// What is lent is written down until it comes back, so that nobody else is lent what one thread writes.
pub struct SharedArena<'a> {
    start: NonNull<f32>,
    len: usize,
    book: Mutex<Book>,
    life: PhantomData<&'a mut [f32]>,
}

impl std::fmt::Debug for SharedArena<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedArena").field("len", &self.len).finish_non_exhaustive()
    }
}

/// What is lent at the moment.
#[derive(Default)]
struct Book {
    entries: SmallVec<[Entry; 32]>,
    /// The number of the next loan.
    next: u64,
}

struct Entry {
    loan: u64,
    range: Range<usize>,
    written: bool,
}

/// Strikes a loan from the book when its task ends, by a panic too.
struct Return<'a> {
    book: &'a Mutex<Book>,
    loan: u64,
}

impl Drop for Return<'_> {
    fn drop(&mut self) {
        open(self.book).entries.retain(|entry| entry.loan != self.loan);
    }
}

impl<'a> SharedArena<'a> {
    pub(super) fn new(values: &'a mut [f32]) -> Self {
        let (len, start) = (values.len(), NonNull::from(values).cast());
        Self { start, len, book: Mutex::default(), life: PhantomData }
    }

    /// Lends ranges to be read and ranges to be written to `task`, all at once.
    ///
    /// Ranges that are read may overlap each other. A range that is written overlaps none, neither of this
    /// call nor of those that other threads have not returned from; to work in place, name the range
    /// among the writes only.
    ///
    /// # Errors
    /// [`ArenaError::OutOfBounds`] and [`ArenaError::Overlap`], with the ranges.
    ///
    /// ```
    /// use dichroic_kernels::arena::Arena;
    /// let mut arena = Arena::new(32)?;
    /// arena.share().lend(&[0..16], &[16..32], |reads, mut writes| {
    ///     writes[0].copy_from_slice(reads[0]);
    /// })?;
    /// # Ok::<(), dichroic_kernels::arena::ArenaError>(())
    /// ```
    pub fn lend<T>(
        &self,
        reads: &[Range<usize>],
        writes: &[Range<usize>],
        task: impl FnOnce(Reads<'_>, Writes<'_>) -> T,
    ) -> Result<T, ArenaError> {
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
        let _return = self.enter(reads, writes)?;
        let read = |range: &Range<usize>| {
            // SAFETY: the range is within the arena, whose values are borrowed for 'a, and no range that
            // is written overlaps it: those of this call were checked above, those of others by `enter`,
            // which keeps this one in the book until `_return` goes. `task` can't hold on to it, for it must
            // take any lifetime.
            unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(range.start), range.len()) }
        };
        let write = |range: &Range<usize>| {
            // SAFETY: as above, and no other range that is lent, read or written, overlaps it.
            unsafe {
                std::slice::from_raw_parts_mut(self.start.as_ptr().add(range.start), range.len())
            }
        };
        Ok(task(reads.iter().map(read).collect(), writes.iter().map(write).collect()))
    }

    /// Writes a loan into the book, unless it collides with another.
    fn enter(
        &self,
        reads: &[Range<usize>],
        writes: &[Range<usize>],
    ) -> Result<Return<'_>, ArenaError> {
        let mut book = open(&self.book);
        let wanted = || reads.iter().map(|r| (r, false)).chain(writes.iter().map(|w| (w, true)));
        for (range, written) in wanted() {
            let collides =
                |entry: &&Entry| (entry.written || written) && overlap(&entry.range, range);
            if let Some(entry) = book.entries.iter().find(collides) {
                let (lent, range) = (entry.range.clone(), range.clone());
                let (write, other) = if written { (range, lent) } else { (lent, range) };
                return Err(ArenaError::Overlap { write, other });
            }
        }
        let loan = book.next;
        book.next += 1;
        let entries =
            wanted().map(|(range, written)| Entry { loan, range: range.clone(), written });
        book.entries.extend(entries);
        Ok(Return { book: &self.book, loan })
    }
}

// SAFETY: a shared arena is a `&mut [f32]` whose parts go to several threads; the book keeps parts that
// are written from overlapping others.
unsafe impl Send for SharedArena<'_> {}
// SAFETY: as above; `lend` is the only access that a shared reference gives.
unsafe impl Sync for SharedArena<'_> {}

/// The book is whole after each of its changes, so that a panic leaves it in order.
fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    !a.is_empty() && !b.is_empty() && a.start < b.end && b.start < a.end
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "one range is what is lent")]
mod tests {
    use super::super::Arena;
    use super::*;

    #[test]
    fn reads_may_overlap_each_other() {
        let mut arena = Arena::new(8).unwrap();
        arena.data_mut().copy_from_slice(&[0., 1., 2., 3., 4., 5., 6., 7.]);
        let shared = arena.share();
        let lent = shared.lend(&[0..4, 2..6], &[6..8], |reads, writes| {
            (reads[0][2], reads[1][0], writes[0].to_vec())
        });
        assert_eq!(lent, Ok((2.0, 2.0, vec![6.0, 7.0])));
    }

    #[test]
    fn a_write_that_overlaps_a_read_or_a_write_is_refused() {
        let mut arena = Arena::new(8).unwrap();
        let shared = arena.share();
        let error = shared.lend(&[0..4], &[3..6], |_, _| ()).unwrap_err();
        assert_eq!(error, ArenaError::Overlap { write: 3..6, other: 0..4 });
        assert!(shared.lend(&[], &[0..4, 2..3], |_, _| ()).is_err());
        assert!(shared.lend(&[], &[0..4, 4..8], |_, _| ()).is_ok());
    }

    #[test]
    fn what_is_lent_is_lent_to_nobody_else_until_it_comes_back() {
        let mut arena = Arena::new(8).unwrap();
        let shared = arena.share();
        let within = shared.lend(&[0..2], &[2..4], |_, _| {
            (
                shared.lend(&[0..2], &[4..6], |_, _| ()),
                shared.lend(&[3..4], &[], |_, _| ()),
                shared.lend(&[], &[1..2], |_, _| ()),
            )
        });
        let read = ArenaError::Overlap { write: 2..4, other: 3..4 };
        let written = ArenaError::Overlap { write: 1..2, other: 0..2 };
        assert_eq!(within, Ok((Ok(()), Err(read), Err(written))));
        assert_eq!(shared.lend(&[3..4], &[1..2], |_, _| ()), Ok(()));
    }

    #[test]
    fn a_task_that_panics_gives_back_what_it_was_lent() {
        let mut arena = Arena::new(8).unwrap();
        let shared = arena.share();
        let task = || shared.lend(&[], &[0..8], |_, _| panic!("a task that fails"));
        let panicked: Result<Result<(), _>, _> =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(task));
        assert!(panicked.is_err());
        assert_eq!(shared.lend(&[], &[0..8], |_, _| ()), Ok(()));
    }

    #[test]
    fn threads_write_their_own_ranges_at_the_same_time() {
        let mut arena = Arena::new(64).unwrap();
        let shared = arena.share();
        std::thread::scope(|scope| {
            for i in 0..4 {
                let shared = &shared;
                scope.spawn(move || {
                    let range = 16 * i..16 * (i + 1);
                    for _ in 0..100 {
                        let add = |_: Reads<'_>, mut writes: Writes<'_>| {
                            writes[0].iter_mut().for_each(|x| *x += i as f32);
                        };
                        shared.lend(&[], std::slice::from_ref(&range), add).unwrap();
                    }
                });
            }
        });
        let expected: Vec<f32> = (0..64).map(|i| (i / 16 * 100) as f32).collect();
        assert_eq!(arena.data(), expected);
    }

    #[test]
    fn an_empty_range_overlaps_nothing() {
        let mut arena = Arena::new(8).unwrap();
        assert!(arena.share().lend(&[2..2], &[0..8, 3..3], |_, _| ()).is_ok());
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges, reason = "the wrong range is what is tested")]
    fn a_range_outside_is_refused() {
        let mut arena = Arena::new(8).unwrap();
        let shared = arena.share();
        let error = shared.lend(&[4..9], &[], |_, _| ()).unwrap_err();
        assert_eq!(error, ArenaError::OutOfBounds { range: 4..9, len: 8 });
        assert!(shared.lend(&[], &[5..4], |_, _| ()).is_err());
    }
}
