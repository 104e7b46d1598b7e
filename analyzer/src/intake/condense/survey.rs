//! Looks through a file by several threads and tells for each block whether it has a word, so that
//! only the blocks that have one are read in their order.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    Place,
    record::{Form, newlines},
    words,
};

/// Bytes of which is told whether they have a word.
pub(super) const BLOCK_BYTES: usize = 64 * 1024;
/// Bytes that one thread reads at once: they stay in its processor's own cache until they are searched.
const READ_BYTES: usize = 2 * BLOCK_BYTES;
/// Bytes that are looked through before the blocks with words are read.
pub(super) const ROUND_BYTES: usize = 1024 * 1024 * 1024;
/// Most threads: by then the memory is the limit.
const THREADS_MAX: usize = 8;

/// What is known of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// A word begins in it, or nobody could look.
    pub(super) word: bool,
    /// Lines that end in it.
    pub(super) newlines: u32,
    /// Where in the block its last record begins.
    pub(super) last_start: Option<u32>,
}

/// Looks through the bytes `from..to` of the file; `from` is the start of a block.
pub(super) fn survey(place: &dyn Place, form: Form, from: u64, to: u64) -> Vec<Block> {
    let bytes = usize::try_from(to - from).unwrap_or(ROUND_BYTES);
    let reads = bytes.div_ceil(READ_BYTES);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS_MAX));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut buffer = Vec::new();
        let mut found = Vec::new();
        loop {
            let read = next.fetch_add(1, Ordering::Relaxed);
            if read >= reads {
                return found;
            }
            let start = from + (read * READ_BYTES) as u64;
            let blocks = one(
                place,
                form,
                start,
                to.min(start + READ_BYTES as u64),
                &mut buffer,
            );
            found.push((read, blocks));
        }
    };
    let mut all = std::thread::scope(|scope| {
        // This thread works too, so that all is done when the system gives no other.
        let others: Vec<_> = (1..threads.min(reads))
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(found) => all.extend(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(read, _)| *read);
    all.into_iter().flat_map(|(_, blocks)| blocks).collect()
}

/// The blocks of `from..to`, read at once.
fn one(place: &dyn Place, form: Form, from: u64, to: u64, buffer: &mut Vec<u8>) -> Vec<Block> {
    let low = from.saturating_sub(words::REACH_BYTES as u64);
    let before = usize::try_from(from - low).unwrap_or(0);
    let wanted = usize::try_from(to - from).unwrap_or(READ_BYTES);
    let whole = before + wanted + words::REACH_BYTES;
    let part = before..before + wanted;
    buffer.resize(whole, 0);
    match read_all(place, low, buffer) {
        Ok(read) if read >= part.end => blocks(buffer.get(..read).unwrap_or_default(), form, part),
        // The reader in order meets the same end or error and tells it.
        _ => {
            let unknown = Block {
                word: true,
                newlines: 0,
                last_start: None,
            };
            vec![unknown; wanted.div_ceil(BLOCK_BYTES)]
        }
    }
}

/// What is known of the blocks that lie at `part` of `bytes`.
fn blocks(bytes: &[u8], form: Form, part: Range<usize>) -> Vec<Block> {
    part.clone()
        .step_by(BLOCK_BYTES)
        .map(|start| {
            let end = (start + BLOCK_BYTES).min(part.end);
            let block = bytes.get(start..end).unwrap_or_default();
            // Two newlines may lie in two blocks.
            let early = start.saturating_sub(1);
            let record = form.last_start(bytes.get(early..end).unwrap_or_default());
            Block {
                word: words::find(bytes, start, end).is_some(),
                newlines: u32::try_from(newlines(block)).unwrap_or(u32::MAX),
                last_start: record
                    .and_then(|at| u32::try_from((early + at).checked_sub(start)?).ok()),
            }
        })
        .collect()
}

fn read_all(place: &dyn Place, from: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(space) = buffer.get_mut(done..).filter(|space| !space.is_empty()) {
        match place.read_at(from + done as u64, space) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
