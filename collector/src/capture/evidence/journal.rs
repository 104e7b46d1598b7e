//! The journal of systemd, newest record first: what is cut off for want of time is the oldest. Its
//! own program reads it; where that is missing or cannot be started, its files are read here.

use std::time::Instant;

use oomscene_bundle::{Error, Line, Outcome};

use super::journal_files;
use super::kept::Order;
use super::sieve::{Limits, Sieve, Sifted};
use super::words::Words;
use crate::capture::command::{self, Ran};
use crate::capture::sink::Sink;
use crate::item::Item;
use crate::visit::Visit;

/// Where journals lie: on the disk, or in memory only.
pub const FOLDERS: &[&str] = &["var/log/journal", "run/log/journal"];
/// Forms of the output; systemd 219 does not know the precise one.
const FORMS: &[&str] = &["short-iso-precise", "short-iso"];
/// Lines of the newest records: what happens now.
const NEWEST_LINES: usize = 1500;
/// Bytes of the oldest records: how far back it goes.
const OLDEST_BYTES: usize = 32 * 1024;
/// What helps where files were read in part.
const REMEDY: &str = "run journalctl -D on a copy of /var/log/journal on another machine";

/// Takes what matters of the records that fit `matches`.
///
/// # Errors
/// Only those of `sink`.
pub fn take(
    item: &Item,
    matches: &[&str],
    visit: &mut Visit,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let began = Instant::now();
    let mut line = Line::new(item.path, item.path, Outcome::Captured);
    let folder = FOLDERS.iter().find(|at| visit.host.names(at).is_ok());
    if !visit.host.is_live() && folder.is_none() {
        line.outcome = Outcome::Absent;
        line.reason = format!("no /{} here", FOLDERS.join(" and no /"));
        sink.note(line);
        return Ok(());
    }
    let words = Words::new();
    let Some((ran, mut sifted)) = ask_forms(item, folder, matches, &words, visit) else {
        return Ok(());
    };
    line.outcome = ran.outcome;
    line.reason = ran.reason;
    let mut by_files = None;
    // Not installed, not to be started for want of memory, or too old for these files.
    if sifted.lines == 0 && matches!(ran.outcome, Outcome::Absent | Outcome::Failed) {
        let read = journal_files::read(item, matches, &words, visit);
        read.note_troubles(item, sink);
        if read.files > 0 {
            line.outcome = read.outcome();
            line.reason = format!("{}; {}", line.reason, read.told);
            by_files = Some(line.reason.clone());
            sifted = read.sifted;
        }
    }
    line.micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    if sifted.lines == 0 {
        if line.outcome == Outcome::Captured {
            line.outcome = Outcome::Absent;
            let told = by_files.map_or_else(String::new, |told| format!(" ({told})"));
            line.reason = format!("the journal has no such record{told}");
        }
        if line.outcome == Outcome::Denied {
            item.remedy.clone_into(&mut line.remedy);
        }
        sink.note(line);
        return Ok(());
    }
    tell(&mut line, &sifted, by_files.as_deref(), item);
    line.covers = sifted.covers;
    crate::capture::finish(item, sink, line, &sifted.text)
}

/// Asks journalctl for the most precise form that it knows.
fn ask_forms(
    item: &Item,
    folder: Option<&&str>,
    matches: &[&str],
    words: &Words,
    visit: &Visit,
) -> Option<(Ran, Sifted)> {
    let mut last = None;
    for form in FORMS {
        let (ran, sifted) = ask(item, form, folder, matches, words, visit);
        let settled = ran.outcome != Outcome::Failed || sifted.lines > 0;
        last = Some((ran, sifted));
        if settled {
            break;
        }
    }
    last
}

/// How much of the journal is kept.
pub(super) fn limits(item: &Item) -> Limits {
    Limits {
        bytes_max: item.bytes_max,
        head_lines: NEWEST_LINES,
        tail_bytes: OLDEST_BYTES,
        since: None,
        changed: 0,
        order: Order::NewestFirst,
    }
}

/// Runs journalctl once and sifts what it says.
fn ask(
    item: &Item,
    form: &str,
    folder: Option<&&str>,
    matches: &[&str],
    words: &Words,
    visit: &Visit,
) -> (Ran, Sifted) {
    let mut argv = vec![
        "journalctl",
        "--no-pager",
        "--quiet",
        "--reverse",
        "-o",
        form,
    ];
    let folder = folder.map(|folder| visit.host.root().join(folder).display().to_string());
    if let Some(folder) = folder.as_deref().filter(|_| !visit.host.is_live()) {
        argv.extend(["-D", folder]);
    }
    let since = visit.since.map(|since| format!("--since=@{since}"));
    argv.extend(since.as_deref());
    argv.extend(matches);
    let mut sieve = Sieve::new(words, limits(item));
    let patience = item.patience.min(visit.left());
    let ran = command::stream(&argv, patience, &mut |bytes| sieve.feed(bytes));
    (ran, sieve.finish())
}

/// Says what became of it: what came before a trouble is evidence, and not all.
fn tell(line: &mut Line, sifted: &Sifted, by_files: Option<&str>, item: &Item) {
    let mut told: Vec<String> = by_files.map(str::to_owned).into_iter().collect();
    if line.outcome == Outcome::Truncated && by_files.is_some() {
        line.remedy = REMEDY.to_owned();
    } else if line.outcome != Outcome::Captured {
        if line.outcome == Outcome::Denied {
            item.remedy.clone_into(&mut line.remedy);
        }
        line.outcome = Outcome::Truncated;
        told.push(format!("the newest records: {}", line.reason));
    }
    told.push(format!(
        "{} of {} lines tell of memory",
        sifted.hits, sifted.lines
    ));
    if (sifted.kept_bytes as u64) < sifted.bytes {
        told.push(format!(
            "{} of {} bytes were taken: what is around them, the oldest and the newest",
            sifted.kept_bytes, sifted.bytes
        ));
    }
    if sifted.dropped_lines > 0 {
        line.outcome = Outcome::Truncated;
        told.push(format!(
            "{} lines around them did not fit",
            sifted.dropped_lines
        ));
    }
    line.reason = told.join("; ");
}
