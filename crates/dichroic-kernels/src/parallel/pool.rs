//! A fork-join pool for calls that last a few microseconds.
//!
//! ```text
//! caller   │ claim a board · open it │ own part, then what is left of the others │ close it, wait │
//! worker 1 │ watching the boards     │ its part, then what is left of the others │ watching …     │ asleep
//! ```
//!
//! A call is written on a *board*: the closure, and its tasks cut into one part for each thread. A
//! thread starts with the part that has its number, so that the same rows of one step after the other
//! pass through the same core's cache, and goes on with what others have left, so that all
//! finish together. Workers watch the boards for [`LINGER`] after their last task, which
//! bridges the serial stretches between the steps of a plan, and then sleep. Several callers have a
//! board each; where none is free, a caller works alone. A caller waits only for workers that have
//! begun, so that one that never comes (asleep, busy, lost in a fork) holds nobody up.
//!
//! Measured on two Zen 4 cores: a call while the worker watches costs 0.4 µs, with rayon's sleeping
//! workers it was 10 to 20 µs. Crates with such pools (chili, paralight, forte, spindle)
//! either wake their workers for each call, or hand over work at a heartbeat of 100 µs, or stand on rayon.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::placement;

/// How long a worker watches before it sleeps: ten times what waking it costs.
const LINGER: Duration = Duration::from_micros(200);
/// How long of this it watches without offering its core to other programs.
const KEEN: Duration = Duration::from_micros(50);
/// Looks at the boards, or at workers that are still busy, between two such offers or looks at the clock.
const LOOKS: u32 = 64;
/// Callers that are helped at the same time.
const BOARDS: usize = 4;
/// Parts of a call: as many as threads, but no more than are quickly written.
const PARTS: usize = 16;

/// The bit of [`Board::gate`] that lets workers in; the bits below count those inside.
const OPEN: usize = 1 << (usize::BITS - 1);

/// What a call does with a range of its tasks.
type Body<'a> = dyn Fn(Range<usize>) + Sync + 'a;

/// A stretch of tasks from which threads take, in a cache line of its own.
#[repr(align(128))]
#[derive(Default)]
struct Part {
    next: AtomicUsize,
    end: AtomicUsize,
}

/// A call, while its board is open.
#[derive(Clone, Copy)]
struct Call {
    body: *const Body<'static>,
    /// Tasks taken at once.
    grain: usize,
}

/// Where a caller writes its call for the workers.
#[repr(align(128))]
struct Board {
    claimed: AtomicBool,
    gate: AtomicUsize,
    /// The number of parts in use.
    cut: AtomicUsize,
    call: UnsafeCell<Option<Call>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    parts: [Part; PARTS],
}

// SAFETY: `call` is written only by the thread that has claimed the board, while the gate is shut and
// nobody is inside, and read only by threads that are inside (or by the caller). What it points
// to is `Sync`, and is borrowed by the caller until all have left.
unsafe impl Sync for Board {}
// SAFETY: as above; a board that nobody has claimed points to nothing.
unsafe impl Send for Board {}

impl Board {
    fn new() -> Self {
        Self {
            claimed: AtomicBool::new(false),
            gate: AtomicUsize::new(0),
            cut: AtomicUsize::new(0),
            call: UnsafeCell::new(None),
            panic: Mutex::new(None),
            parts: std::array::from_fn(|_| Part::default()),
        }
    }

    fn claim(&self) -> bool {
        !self.claimed.load(Ordering::Relaxed) && !self.claimed.swap(true, Ordering::Acquire)
    }

    fn parts(&self) -> &[Part] {
        &self.parts[..self.cut.load(Ordering::Relaxed)]
    }

    /// True when a worker would find a task. Only reads, so that watching disturbs nobody.
    fn has_tasks(&self) -> bool {
        self.gate.load(Ordering::Relaxed) & OPEN != 0
            && self
                .parts()
                .iter()
                .any(|part| part.next.load(Ordering::Relaxed) < part.end.load(Ordering::Relaxed))
    }

    /// Takes tasks, of the own part first, until none is left. The first panic ends the call.
    fn work(&self, thread: usize, call: Call) {
        // SAFETY: the caller keeps the closure borrowed until the gate is shut and all have left;
        // this thread is inside, or is the caller.
        let body = unsafe { &*call.body };
        let parts = self.parts();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for i in 0..parts.len() {
                let part = &parts[(thread + i) % parts.len()];
                let end = part.end.load(Ordering::Relaxed);
                // Looking first keeps a part that is used up from counting on.
                while part.next.load(Ordering::Relaxed) < end {
                    let start = part.next.fetch_add(call.grain, Ordering::Relaxed);
                    if start < end {
                        body(start..end.min(start + call.grain));
                    }
                }
            }
        }));
        if let Err(payload) = outcome {
            for part in parts {
                part.next.store(part.end.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            let mut panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
            panic.get_or_insert(payload);
        }
    }

    /// A worker's visit; false when the gate was shut before it came in.
    fn help(&self, thread: usize) -> bool {
        let inside = self.gate.fetch_add(1, Ordering::Acquire) & OPEN != 0;
        // SAFETY: the gate is open and this thread is counted, so that the caller waits for it
        // before it writes another call.
        if inside && let Some(call) = unsafe { *self.call.get() } {
            self.work(thread, call);
        }
        self.gate.fetch_sub(1, Ordering::Release);
        inside
    }
}

/// A worker's bed.
#[derive(Default)]
struct Bed {
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
    place: placement::Place,
}

/// What the threads of a pool share.
struct Shared {
    boards: [Board; BOARDS],
    beds: Vec<Bed>,
    sleepers: AtomicUsize,
    ending: AtomicBool,
    /// [`KEEN`], or nothing where there are more threads than cores.
    keen: Duration,
}

impl Shared {
    /// Writes a call on a board and returns when all its tasks are done.
    fn run(&self, tasks: usize, grain: usize, wake: bool, body: &Body<'_>) {
        let Some(board) = self.boards.iter().find(|board| board.claim()) else {
            return body(0..tasks);
        };
        let cut = (self.beds.len() + 1).min(tasks.div_ceil(grain)).min(PARTS);
        for (i, part) in board.parts[..cut].iter().enumerate() {
            // In whole grains, so that no part ends with a crumb.
            let bound = |i: usize| (tasks.div_ceil(grain) * i / cut * grain).min(tasks);
            part.next.store(bound(i), Ordering::Relaxed);
            part.end.store(bound(i + 1), Ordering::Relaxed);
        }
        board.cut.store(cut, Ordering::Relaxed);
        let body: *const Body<'_> = body;
        // SAFETY: only the lifetime changes. Nobody follows the pointer after this function, which
        // borrows the closure, for it waits below until all who came in have left.
        let body: *const Body<'static> = unsafe { std::mem::transmute(body) };
        let call = Call { body, grain };
        // SAFETY: the board is claimed by this thread, its gate is shut and nobody is inside: the last
        // caller waited for that.
        unsafe { *board.call.get() = Some(call) };
        board.gate.fetch_or(OPEN, Ordering::Release);
        if wake {
            self.wake(cut - 1);
        }
        board.work(0, call);
        board.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks: u32 = 0;
        while board.gate.load(Ordering::Acquire) != 0 {
            looks += 1;
            if looks.is_multiple_of(LOOKS) {
                std::thread::yield_now();
            }
            std::hint::spin_loop();
        }
        let panic = board.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        board.claimed.store(false, Ordering::Release);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }

    fn any_awake(&self) -> bool {
        self.sleepers.load(Ordering::Relaxed) < self.beds.len()
    }

    /// Wakes workers until `wanted` are awake.
    fn wake(&self, wanted: usize) {
        // Either a worker that goes to sleep sees the open board, or it is seen asleep here.
        fence(Ordering::SeqCst);
        let mut asleep = self.sleepers.load(Ordering::Relaxed);
        if asleep == 0 {
            return;
        }
        let core = placement::core();
        for bed in &self.beds {
            if asleep == 0 || self.beds.len() - asleep >= wanted {
                return;
            }
            if self.rouse(bed, core) {
                asleep -= 1;
            }
        }
    }

    /// Wakes a worker if it sleeps, elsewhere than on the core named.
    fn rouse(&self, bed: &Bed, busy_core: Option<usize>) -> bool {
        let asleep = bed.asleep.load(Ordering::Relaxed) && bed.asleep.swap(false, Ordering::AcqRel);
        if asleep {
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
            if let Some(core) = busy_core {
                bed.place.exclude(core);
            }
            if let Some(thread) = bed.thread.get() {
                thread.unpark();
            }
        }
        asleep
    }

    /// The life of worker `thread`, from 1 on, made by a thread on the core `creator`.
    fn serve(&self, thread: usize, creator: Option<usize>) {
        let bed = &self.beds[thread - 1];
        bed.place.take();
        if let Some(core) = creator {
            bed.place.exclude(core);
        }
        bed.thread.get_or_init(std::thread::current);
        let mut last_task = Instant::now();
        let mut looks: u32 = 0;
        while !self.ending.load(Ordering::Relaxed) {
            let mut boards = self.boards.iter();
            if boards.any(|board| board.has_tasks() && board.help(thread)) {
                looks = 0;
                continue;
            }
            // The clock is read rarely: it costs more than a look.
            looks = looks.wrapping_add(1);
            if looks == 1 {
                last_task = Instant::now();
            } else if looks.is_multiple_of(LOOKS) {
                let idle = last_task.elapsed();
                if idle > LINGER {
                    self.sleep(bed);
                    looks = 0;
                } else if idle > self.keen {
                    std::thread::yield_now();
                }
            }
            std::hint::spin_loop();
        }
    }

    fn sleep(&self, bed: &Bed) {
        bed.asleep.store(true, Ordering::Relaxed);
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.ending.load(Ordering::Relaxed) || self.boards.iter().any(Board::has_tasks) {
            self.rouse(bed, None);
        }
        while bed.asleep.load(Ordering::Acquire) {
            std::thread::park();
        }
    }
}

/// Threads that kernels share their work with.
///
/// There is one for the whole process, made when it is first needed with [`default_threads`]; a
/// program that wants another number calls [`set_threads`] before. A pool of one's own serves the
/// calls made within [`ThreadPool::install`]. No result depends on the number of threads.
///
/// ```
/// use dichroic_kernels::parallel::{ThreadPool, threads};
/// let pool = ThreadPool::new(3)?;
/// assert_eq!(pool.install(threads), 3);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ThreadPool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThreadPool").field("threads", &self.threads()).finish_non_exhaustive()
    }
}

thread_local! {
    /// The pool installed on this thread; null stands for the process's own.
    static INSTALLED: Cell<*const Shared> = const { Cell::new(std::ptr::null()) };
    /// Whether this thread is within a task, whose own calls it makes alone.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    /// Work that could have been shared but was not worth waking somebody, since the last sharing.
    static OWED: Cell<usize> = const { Cell::new(0) };
}

static PROCESS_POOL: OnceLock<ThreadPool> = OnceLock::new();

/// Sets a thread's value for as long as it lives.
struct Within<T: Copy + 'static>(&'static std::thread::LocalKey<Cell<T>>, T);

impl<T: Copy> Within<T> {
    fn new(key: &'static std::thread::LocalKey<Cell<T>>, value: T) -> Self {
        Self(key, key.replace(value))
    }
}

impl<T: Copy> Drop for Within<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

impl ThreadPool {
    /// A pool of `threads`, the one that calls among them; 0 counts as 1.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let workers = threads.saturating_sub(1);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            boards: std::array::from_fn(|_| Board::new()),
            beds: (0..workers).map(|_| Bed::default()).collect(),
            sleepers: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            keen: if threads > cores { Duration::ZERO } else { KEEN },
        });
        let mut pool = Self { shared, workers: Vec::with_capacity(workers) };
        let creator = placement::core();
        for thread in 1..=workers {
            let shared = pool.shared.clone();
            let life = move || {
                IN_TASK.set(true);
                shared.serve(thread, creator);
            };
            let name = format!("dichroic-{thread}");
            pool.workers.push(std::thread::Builder::new().name(name).spawn(life)?);
        }
        // A new thread may wait behind this one on the same core; offering the core lets it move away.
        while pool.shared.beds.iter().any(|bed| bed.thread.get().is_none()) {
            std::thread::yield_now();
        }
        Ok(pool)
    }

    /// The number of threads, the calling one among them.
    pub fn threads(&self) -> usize {
        self.shared.beds.len() + 1
    }

    /// Calls `f` on this thread; kernels called within share their work with this pool.
    pub fn install<R>(&self, f: impl FnOnce() -> R) -> R {
        let _installed = Within::new(&INSTALLED, Arc::as_ptr(&self.shared));
        f()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        for bed in &self.shared.beds {
            self.shared.rouse(bed, None);
        }
        for worker in self.workers.drain(..) {
            // A worker catches its tasks' panics and has none of its own.
            let _ = worker.join();
        }
    }
}

/// The number of threads when nothing else is said: `DICHROIC_NUM_THREADS`, else
/// `RAYON_NUM_THREADS`, else the cores that this process may use.
pub fn default_threads() -> usize {
    let named = |name| std::env::var(name).ok()?.parse().ok().filter(|&threads| threads > 0);
    named("DICHROIC_NUM_THREADS")
        .or_else(|| named("RAYON_NUM_THREADS"))
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Gives the process's own pool `threads` threads.
///
/// # Errors
/// When the pool has been made already (with [`std::io::ErrorKind::AlreadyExists`]), or the system gives no thread.
pub fn set_threads(threads: usize) -> std::io::Result<()> {
    let made = || {
        let message = "the number of threads is set before the first kernel runs, and only once";
        std::io::Error::new(std::io::ErrorKind::AlreadyExists, message)
    };
    if PROCESS_POOL.get().is_some() {
        return Err(made());
    }
    PROCESS_POOL.set(ThreadPool::new(threads)?).map_err(|_| made())
}

/// The number of threads that share the work of kernels called here.
pub fn threads() -> usize {
    with_current(|pool| pool.beds.len() + 1)
}

fn with_current<R>(f: impl FnOnce(&Shared) -> R) -> R {
    let installed = INSTALLED.get();
    if !installed.is_null() {
        // SAFETY: `install` holds its pool borrowed until it has set the pointer back.
        return f(unsafe { &*installed });
    }
    // A system that gives no further thread leaves the caller to work alone.
    let alone = || ThreadPool::new(1).expect("a pool of the calling thread alone starts none");
    f(&PROCESS_POOL
        .get_or_init(|| ThreadPool::new(default_threads()).unwrap_or_else(|_| alone()))
        .shared)
}

/// Shares tasks of `nanoseconds` each with the current pool; false when the caller had better do them alone.
pub(super) fn share(
    tasks: usize,
    nanoseconds: usize,
    (handoff, wake): (usize, usize),
    body: &Body<'_>,
) -> bool {
    if IN_TASK.get() {
        return false;
    }
    with_current(|pool| {
        if pool.beds.is_empty() {
            return false;
        }
        // Sleepers are woken for large work, or when small work has come to as much.
        let owed = OWED.get().saturating_add(tasks.saturating_mul(nanoseconds));
        let worth_waking = owed >= wake;
        if !worth_waking && !pool.any_awake() {
            OWED.set(owed);
            return false;
        }
        OWED.set(0);
        let grain = (handoff / 2 / nanoseconds).max(1);
        let _in_task = Within::new(&IN_TASK, true);
        pool.run(tasks, grain, worth_waking, body);
        true
    })
}

#[cfg(test)]
mod tests;
