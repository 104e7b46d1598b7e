//! Logs by evidence: each is streamed once, and what surrounds the words of memory failures is kept
//! whole, wherever in the log it stands; of the rest the head, the tail and the time covered.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::Instant;

use oomscene_bundle::{Error, Line, Outcome};
use rustix::io::Errno;

use super::errno::Trouble;
use super::glob;
use super::sink::Sink;
use crate::header;
use crate::host::name::for_entry;
use crate::item::Item;
use crate::visit::Visit;
use kept::Order;
use lines::Lines;
use packed_log::{Packing, Refusal};
use sieve::{Limits, Sieve, Sifted};
use words::Words;

pub mod coverage;
pub mod journal;
pub mod journal_files;
pub mod kept;
mod lines;
pub mod outside;
pub mod packed_log;
pub mod sieve;
pub mod words;

/// Most names looked at.
const NAMES_MAX: usize = 2000;
/// Most bytes of all logs that hold words of memory failures.
const FAILURES_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Most bytes of the ends of all other logs: they may not take the place of evidence in older logs.
const ENDS_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Lines of the start of a log.
const HEAD_LINES: usize = 200;
/// Bytes of the end of a log that tells of no failure.
const TAIL_BYTES: usize = 192 * 1024;
/// A smaller rest of a budget is not worth an entry.
const REST_BYTES_MIN: usize = 32 * 1024;
/// Bytes read at once.
const BLOCK_BYTES: usize = 128 * 1024;
/// After so many bytes it is asked whether there is still time.
const ASK_BYTES: usize = 4 * 1024 * 1024;
/// Endings of packed logs; the entry holds the text.
const ENDINGS: &[&str] = &[".gz", ".bz2", ".xz", ".zst"];

/// One log on the disk.
struct Found {
    path: String,
    /// Seconds since 1970 (UTC) of the last change.
    changed: i64,
}

/// What is left of the budgets of all logs.
struct Budget {
    failures: usize,
    ends: usize,
}

/// Takes what matters of every log that matches one of `patterns`: the newest first, those that tell
/// of memory failures with a budget of their own.
///
/// # Errors
/// Only those of `sink`.
pub fn take(
    item: &Item,
    patterns: &[&str],
    visit: &mut Visit,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let found = find(item, patterns, visit, sink);
    if found.is_empty() {
        let reason = "no such file here".to_owned();
        sink.note(Line {
            reason,
            ..Line::new(item.path, item.path, Outcome::Absent)
        });
        return Ok(());
    }
    let words = Words::new();
    let mut budget = Budget {
        failures: FAILURES_BYTES_MAX,
        ends: ENDS_BYTES_MAX,
    };
    let names: BTreeSet<String> = found.iter().map(|log| log.path.clone()).collect();
    for log in &found {
        one(item, log, &names, &words, &mut budget, visit, sink)?;
    }
    Ok(())
}

/// All logs, the newest first.
fn find(item: &Item, patterns: &[&str], visit: &Visit, sink: &mut dyn Sink) -> Vec<Found> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unlisted = BTreeSet::new();
    for pattern in patterns {
        let matches = glob::expand(&visit.host, pattern, NAMES_MAX);
        for (folder, errno) in matches.unlisted {
            if unlisted.insert(folder.clone()) {
                sink.note(super::trouble_line(item, &folder, &Trouble::from(errno)));
            }
        }
        for path in matches.paths {
            let Ok(about) = visit.host.examine(&path) else {
                continue;
            };
            if about.is_file() && about.bytes > 0 && seen.insert(path.clone()) {
                let changed = about.modified_seconds;
                found.push(Found { path, changed });
            }
        }
    }
    // Names break the tie, so that the same machine gives the same bundle.
    found.sort_by(|a, b| b.changed.cmp(&a.changed).then(a.path.cmp(&b.path)));
    found
}

fn one(
    item: &Item,
    log: &Found,
    names: &BTreeSet<String>,
    words: &Words,
    budget: &mut Budget,
    visit: &mut Visit,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let began = Instant::now();
    let skipped = |reason: String| Line {
        reason,
        ..Line::new(item.path, for_entry(&log.path), Outcome::Skipped)
    };
    if let Some(reason) = visit.over() {
        sink.note(skipped(reason));
        return Ok(());
    }
    if visit.since.is_some_and(|since| log.changed < since) {
        sink.note(skipped(
            "last written to before the time of --since".to_owned(),
        ));
        return Ok(());
    }
    let offset = i64::from(header::utc_offset_now(&visit.host).unwrap_or(0));
    let limits = Limits {
        bytes_max: item.bytes_max.min(budget.failures.max(REST_BYTES_MIN)),
        head_lines: HEAD_LINES,
        tail_bytes: TAIL_BYTES,
        since: visit.since.map(|since| since + offset),
        changed: log.changed + offset,
        order: Order::File,
    };
    match sift(item, &log.path, words, limits, visit) {
        Ok(streamed) => {
            let path = entry_path(&log.path, streamed.packing, names);
            let mut line = Line::new(item.path, path, Outcome::Captured);
            line.micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let keep = judge(item, &mut line, &log.path, &streamed, budget);
            line.covers = streamed.sifted.covers;
            if keep {
                super::finish(item, sink, line, &streamed.sifted.text)
            } else {
                sink.note(line);
                Ok(())
            }
        }
        Err(Refusal::Dictionary(_, bytes)) => {
            sink.note(too_large(item, &log.path, bytes, ""));
            Ok(())
        }
        Err(Refusal::NoRoom(bytes, why)) => {
            sink.note(too_large(item, &log.path, bytes, &why));
            Ok(())
        }
        Err(Refusal::Io(error)) => {
            let errno = error.raw_os_error().map(Errno::from_raw_os_error);
            let trouble = errno.map_or_else(
                || Trouble::Failed(format!("cannot be unpacked: {error}")),
                Trouble::from,
            );
            sink.note(super::trouble_line(item, &for_entry(&log.path), &trouble));
            Ok(())
        }
    }
}

/// What came of one log.
struct Streamed {
    sifted: Sifted,
    packing: Packing,
    /// How it was unpacked; empty when it was not packed.
    how: String,
    /// Why its end is missing.
    trouble: Option<String>,
}

/// Streams one log through the sieve. A log whose end cannot be read gives what came before, and why.
fn sift(
    item: &Item,
    path: &str,
    words: &Words,
    limits: Limits,
    visit: &Visit,
) -> Result<Streamed, Refusal> {
    let (mut text, packing, how) = match packed_log::open(visit.host.file(path)) {
        Err(Refusal::Dictionary(packing, bytes)) => {
            let text = outside::open(visit.host.file(path), packing, bytes, visit)?;
            let how = format!(
                "by {} in a process of its own with {} MiB",
                packing.program(),
                bytes / (1024 * 1024)
            );
            (text, packing, how)
        }
        opened => {
            let (text, packing) = opened?;
            (text, packing, packing.program().to_owned())
        }
    };
    let mut sieve = Sieve::new(words, limits);
    let mut lines = Lines::new(item.filter);
    let mut block = vec![0; BLOCK_BYTES];
    let mut unasked = 0;
    let trouble = loop {
        match text.read(&mut block) {
            Ok(0) => break None,
            Ok(got) => {
                lines.pass(block.get(..got).unwrap_or_default(), &mut sieve);
                unasked += got;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break Some(format!("the rest cannot be read: {error}")),
        }
        if unasked >= ASK_BYTES {
            unasked = 0;
            if let Some(reason) = visit.over() {
                break Some(format!("the rest was not read: {reason}"));
            }
        }
    };
    lines.end(&mut sieve);
    Ok(Streamed {
        sifted: sieve.finish(),
        packing,
        how,
        trouble,
    })
}

/// Says in `line` what became of a log, and whether its text is kept.
fn judge(
    item: &Item,
    line: &mut Line,
    path: &str,
    streamed: &Streamed,
    budget: &mut Budget,
) -> bool {
    let Streamed {
        sifted,
        how,
        trouble,
        ..
    } = streamed;
    let mut told = Vec::new();
    if !how.is_empty() {
        told.push(format!("unpacked from /{} ({how})", for_entry(path)));
    }
    told.push(match sifted.hits {
        0 => format!("no word of a memory failure in {} lines", sifted.lines),
        hits => format!("{hits} of {} lines tell of memory", sifted.lines),
    });
    if item.filter.is_some() {
        told.push("lines of other kinds do not count".to_owned());
    }
    let share = if sifted.hits > 0 {
        &mut budget.failures
    } else {
        &mut budget.ends
    };
    let fits = sifted.kept_bytes <= *share;
    if fits {
        *share -= sifted.kept_bytes;
        if (sifted.kept_bytes as u64) < sifted.bytes {
            let what = if sifted.hits > 0 {
                "what is around them, "
            } else {
                ""
            };
            told.push(format!(
                "{} of {} bytes were taken: {what}the head and the tail",
                sifted.kept_bytes, sifted.bytes
            ));
        }
    } else {
        line.outcome = Outcome::Truncated;
        told.push("newer logs had used up the room".to_owned());
    }
    if sifted.dropped_lines > 0 {
        line.outcome = Outcome::Truncated;
        told.push(format!(
            "{} lines around them did not fit",
            sifted.dropped_lines
        ));
    }
    if let Some(trouble) = trouble {
        line.outcome = Outcome::Truncated;
        told.push(trouble.clone());
    }
    if line.outcome == Outcome::Truncated {
        line.remedy = format!("copy /{} by hand", for_entry(path));
    }
    line.reason = told.join("; ");
    // An empty entry would look like an empty log.
    fits && !sifted.text.is_empty()
}

fn too_large(item: &Item, path: &str, bytes: u64, why: &str) -> Line {
    let mib = bytes / (1024 * 1024);
    Line {
        reason: format!(
            "unpacking it takes {mib} MiB of memory{why}; a packed log is not taken as it is, because secrets in it could not be masked"
        ),
        remedy: format!(
            "unpack /{} on another machine and send the lines around `oom`",
            for_entry(path)
        ),
        ..Line::new(item.path, for_entry(path), Outcome::Skipped)
    }
}

/// The path under which the text of a log is in the bundle.
fn entry_path(path: &str, packing: Packing, names: &BTreeSet<String>) -> String {
    if packing != Packing::None
        && let Some(bare) = ENDINGS.iter().find_map(|ending| path.strip_suffix(ending))
    {
        // logrotate leaves both when it is stopped half-way.
        return if names.contains(bare) {
            for_entry(&format!("{bare}.unpacked"))
        } else {
            for_entry(bare)
        };
    }
    for_entry(path)
}

#[cfg(test)]
mod tests;
