//! Keeps a worker off the core of the thread that wakes it.
//!
//! Linux often wakes a worker where it last ran, which may be the core that the caller keeps busy, and
//! moves it to an idle one only milliseconds later: on two cores, a worker that had slept helped
//! nobody for the next 4 to 12 ms. So the caller excludes its own core before it wakes a worker. This costs
//! a system call, and that only where the caller has changed its core since the last time.
//!
//! On other systems, and where the call is forbidden, workers run where the system puts them.

#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The core that the calling thread runs on.
    pub(crate) fn core() -> Option<usize> {
        Some(sched_getcpu())
    }

    /// Where a worker may run.
    #[derive(Default)]
    pub(crate) struct Place {
        thread: OnceLock<Pid>,
        /// The cores that the worker was given at the start.
        allowed: OnceLock<CpuSet>,
        /// The excluded core, plus 1; 0 for none.
        excluded: AtomicUsize,
    }

    impl Place {
        /// Takes down the calling worker's own thread and cores.
        pub(crate) fn take(&self) {
            if let Ok(cores) = sched_getaffinity(None) {
                self.allowed.get_or_init(|| cores);
                self.thread.get_or_init(gettid);
            }
        }

        /// Excludes a core, unless there is no other.
        pub(crate) fn exclude(&self, core: usize) {
            let (Some(allowed), Some(&thread)) = (self.allowed.get(), self.thread.get()) else {
                return;
            };
            if self.excluded.swap(core + 1, Ordering::Relaxed) == core + 1
                || core >= CpuSet::MAX_CPU
            {
                return;
            }
            let mut others = *allowed;
            others.unset(core);
            if others.count() > 0 {
                // Where this is forbidden, the worker runs where the system puts it.
                let _ = sched_setaffinity(Some(thread), &others);
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod system {
    /// Unknown here.
    pub(crate) fn core() -> Option<usize> {
        None
    }

    /// Where a worker may run: left to the system.
    #[derive(Default)]
    pub(crate) struct Place;

    impl Place {
        pub(crate) fn take(&self) {}

        pub(crate) fn exclude(&self, _core: usize) {}
    }
}

pub(super) use system::{Place, core};
