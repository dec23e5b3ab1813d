//! Work side by side, each piece by one thread from its beginning to its end.
//!
//! Plain threads: one of a pool that waits for another pool, as where tables are written, would begin further pieces before
//! it ends its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use parking_lot::Mutex;

/// Does all items in their order, so many at a time; 0: as many as there are cores. The first that fails ends it, when those
/// under way are done.
pub(super) fn side_by_side<T: Sync, E: Send>(
    jobs: usize,
    items: &[T],
    one: impl Fn(&T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let threads = if jobs == 0 { available_parallelism().map_or(1, usize::from) } else { jobs };
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.lock().is_some() {
                return;
            }
            if let Err(error) = one(item) {
                failed.lock().get_or_insert(error);
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(work);
        }
        work();
    });
    failed.into_inner().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_whatever_the_number_of_threads() {
        for jobs in [0, 1, 3, 50] {
            let done: Vec<AtomicUsize> = (0..20).map(|_| AtomicUsize::new(0)).collect();
            let count = |at: &usize| {
                done[*at].fetch_add(1, Ordering::Relaxed);
                Ok::<(), ()>(())
            };
            assert_eq!(side_by_side(jobs, &(0..20).collect::<Vec<_>>(), count), Ok(()));
            assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn what_comes_after_a_failure_is_not_begun() {
        let begun = AtomicUsize::new(0);
        let third_fails = |at: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *at == 2 { Err("no") } else { Ok(()) }
        };
        assert_eq!(side_by_side(1, &[0, 1, 2, 3, 4], third_fails), Err("no"));
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }
}
