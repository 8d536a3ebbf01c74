use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::parallel::for_each;

/// A task's time that is always worth sharing.
const LONG: usize = 1_000_000;

fn pool(threads: usize) -> ThreadPool {
    ThreadPool::new(threads).expect("threads start")
}

/// How often each of the tasks ran.
fn counts(tasks: usize, nanoseconds: usize) -> Vec<usize> {
    let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
    for_each(tasks, nanoseconds, |i| {
        counts[i].fetch_add(1, Ordering::Relaxed);
    });
    counts.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn every_task_runs_once_on_any_number_of_threads() {
    for threads in 1..=4 {
        pool(threads).install(|| {
            for tasks in [0, 1, 2, 3, 5, 16, 17, 1000] {
                for nanoseconds in [0, 1, 300, LONG] {
                    assert_eq!(counts(tasks, nanoseconds), vec![1; tasks]);
                }
            }
        });
    }
}

#[test]
fn more_threads_than_cores_and_parts_finish_all_the_same() {
    pool(PARTS + 5).install(|| {
        for _ in 0..50 {
            assert_eq!(counts(100, LONG), [1; 100]);
        }
    });
}

#[test]
fn two_threads_work_at_the_same_time() {
    // Neither task ends before the other has begun.
    let both = Barrier::new(2);
    pool(2).install(|| {
        for_each(2, LONG, |_| {
            both.wait();
        });
    });
}

#[test]
fn sleeping_workers_wake_for_large_work_and_for_much_small_work() {
    let both = Barrier::new(2);
    let pool = pool(2);
    let sleep = || {
        while pool.shared.any_awake() {
            std::thread::yield_now();
        }
    };
    pool.install(|| {
        sleep();
        for_each(2, LONG, |_| {
            both.wait();
        });
        sleep();
        let caller = std::thread::current().id();
        let alone = AtomicUsize::new(0);
        while !pool.shared.any_awake() {
            for_each(2, 2_000, |_| {
                assert!(pool.shared.any_awake() || std::thread::current().id() == caller);
                alone.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert!(alone.into_inner() > 2);
    });
}

#[test]
fn many_callers_share_one_pool() {
    let pool = pool(3);
    std::thread::scope(|scope| {
        for _ in 0..2 * BOARDS {
            scope.spawn(|| {
                pool.install(|| {
                    for tasks in 0..200 {
                        assert_eq!(counts(tasks, LONG), vec![1; tasks]);
                    }
                });
            });
        }
    });
}

#[test]
fn a_call_within_a_task_runs_on_its_thread_alone() {
    pool(4).install(|| {
        for_each(8, LONG, |_| {
            let own = std::thread::current().id();
            for_each(8, LONG, |_| assert_eq!(std::thread::current().id(), own));
        });
    });
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
    for threads in 1..=3 {
        pool(threads).install(|| {
            for bad in [0, 57, 99] {
                let outcome = catch_unwind(|| {
                    for_each(100, LONG, |i| assert!(i != bad, "task {i} fails"));
                });
                let payload = outcome.expect_err("a task panicked");
                let message = payload.downcast_ref::<String>().expect("a formatted message");
                assert_eq!(*message, format!("task {bad} fails"));
                assert_eq!(counts(100, LONG), [1; 100]);
            }
        });
    }
}

#[test]
fn the_pool_of_the_innermost_install_is_the_current_one() {
    let (two, three) = (pool(2), pool(3));
    two.install(|| {
        assert_eq!(threads(), 2);
        assert_eq!(three.install(threads), 3);
        let _ = catch_unwind(AssertUnwindSafe(|| three.install(|| panic!("on purpose"))));
        assert_eq!(threads(), 2);
    });
    assert_eq!(pool(0).threads(), 1);
}

#[test]
fn the_number_of_threads_is_not_changed_after_the_first_use() {
    assert!(threads() > 0);
    let error = set_threads(2).expect_err("the pool exists");
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
}
