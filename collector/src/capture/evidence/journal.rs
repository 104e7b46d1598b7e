//! The journal of systemd, newest record first: what is cut off for want of time is the oldest.

use std::time::Instant;

use oomscene_bundle::{Error, Line, Outcome};

use super::kept::Order;
use super::sieve::{Limits, Sieve, Sifted};
use super::words::Words;
use crate::capture::command::{self, Ran};
use crate::capture::sink::Sink;
use crate::item::Item;
use crate::visit::Visit;

/// Where journals lie, on a machine that does not run.
const FOLDER: &str = "var/log/journal";
/// Forms of the output; systemd 219 does not know the precise one.
const FORMS: &[&str] = &["short-iso-precise", "short-iso"];
/// Lines of the newest records: what happens now.
const NEWEST_LINES: usize = 1500;
/// Bytes of the oldest records: how far back it goes.
const OLDEST_BYTES: usize = 32 * 1024;

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
    if !visit.host.is_live() && visit.host.names(FOLDER).is_err() {
        line.outcome = Outcome::Absent;
        line.reason = format!("no /{FOLDER} here");
        sink.note(line);
        return Ok(());
    }
    let words = Words::new();
    let mut last = None;
    for form in FORMS {
        let (ran, sifted) = ask(item, form, matches, &words, visit);
        let settled = ran.outcome != Outcome::Failed || sifted.lines > 0;
        last = Some((ran, sifted));
        if settled {
            break;
        }
    }
    let Some((ran, sifted)) = last else {
        return Ok(());
    };
    line.micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    line.outcome = ran.outcome;
    line.reason = ran.reason;
    if sifted.lines == 0 {
        if line.outcome == Outcome::Captured {
            line.outcome = Outcome::Absent;
            line.reason = "the journal has no such record".to_owned();
        } else if line.outcome == Outcome::Absent && visit.host.names(FOLDER).is_ok() {
            // Its files are not taken as they are: secrets in them could not be masked.
            line.outcome = Outcome::Failed;
            line.remedy = format!("run journalctl -D on a copy of /{FOLDER} on another machine");
        }
        sink.note(line);
        return Ok(());
    }
    tell(&mut line, &sifted, item);
    line.covers = sifted.covers;
    crate::capture::finish(item, sink, line, &sifted.text)
}

/// Runs journalctl once and sifts what it says.
fn ask(item: &Item, form: &str, matches: &[&str], words: &Words, visit: &Visit) -> (Ran, Sifted) {
    let mut argv = vec![
        "journalctl",
        "--no-pager",
        "--quiet",
        "--reverse",
        "-o",
        form,
    ];
    let folder = visit.host.root().join(FOLDER).display().to_string();
    if !visit.host.is_live() {
        argv.extend(["-D", &folder]);
    }
    let since = visit.since.map(|since| format!("--since=@{since}"));
    argv.extend(since.as_deref());
    argv.extend(matches);
    let mut sieve = Sieve::new(
        words,
        Limits {
            bytes_max: item.bytes_max,
            head_lines: NEWEST_LINES,
            tail_bytes: OLDEST_BYTES,
            since: None,
            changed: 0,
            order: Order::NewestFirst,
        },
    );
    let patience = item.patience.min(visit.left());
    let ran = command::stream(&argv, patience, &mut |bytes| sieve.feed(bytes));
    (ran, sieve.finish())
}

/// Says what became of it: what came before a trouble is evidence, and not all.
fn tell(line: &mut Line, sifted: &Sifted, item: &Item) {
    let mut told = Vec::new();
    if line.outcome != Outcome::Captured {
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
