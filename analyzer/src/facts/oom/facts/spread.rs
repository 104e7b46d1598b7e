//! One result for each of many things, by several threads: the records of hundreds of reports.

use std::panic::resume_unwind;
use std::thread::Builder;

/// Fewer things are not worth a thread's start.
const SHARE_MIN: usize = 16;
/// Most threads.
const THREADS_MAX: usize = 8;

/// What `of` makes of each thing, in the order of the things.
pub(super) fn map<T: Sync, R: Send>(things: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS_MAX));
    let share = things.len().div_ceil(threads).max(SHARE_MIN);
    let all = |share: &[T]| share.iter().map(&of).collect::<Vec<R>>();
    let Some((own, others)) = things.split_at_checked(share) else {
        return all(things);
    };
    std::thread::scope(|scope| {
        let started: Vec<_> = others
            .chunks(share)
            .map(|share| (share, Builder::new().spawn_scoped(scope, || all(share))))
            .collect();
        let mut results = all(own);
        for (share, thread) in started {
            // Where the system gives no thread, this one does all.
            let more = thread.map_or_else(
                |_| all(share),
                |thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            );
            results.extend(more);
        }
        results
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_order_stays() {
        for count in [0, 1, 15, 16, 17, 33, 1000] {
            let things: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = (0..count).map(|n| 2 * n).collect();
            assert_eq!(super::map(&things, |n| 2 * n), doubled);
        }
    }
}
