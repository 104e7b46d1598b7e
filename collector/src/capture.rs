//! Takes one item safely: bounded, timed, its panic contained, its outcome noted.
//!
//! Nothing here knows which item it is or what its bytes mean.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use oomscene_bundle::{Error, Line, Outcome};

use crate::item::{Door, Found, Item, Take};
use crate::visit::Visit;
use errno::Trouble;
use protocol::{Request, What};
use reader::{Content, Got};

pub mod command;
pub mod errno;
pub mod evidence;
pub mod glob;
pub mod packed;
pub mod protocol;
pub mod reader;
pub mod serve;
pub mod sink;
pub mod stall;
pub mod stamp;
pub mod tail;

pub use sink::{Second, Sink};

/// Takes `item`; every way out leaves at least one ledger line.
///
/// # Errors
/// Only those of `sink`: the bundle cannot be written.
pub fn take(item: &Item, visit: &mut Visit, sink: &mut dyn Sink) -> Result<(), Error> {
    let mut skip = visit.over();
    if skip.is_none() && item.live_only && !visit.host.is_live() {
        skip = Some("not the running machine".to_owned());
    }
    if skip.is_none() {
        skip = item.gate.and_then(|gate| gate(visit));
    }
    if let Some(reason) = skip {
        sink.note(Line {
            reason,
            ..Line::new(item.path, item.path, Outcome::Skipped)
        });
        return Ok(());
    }
    // One item's bug costs one item.
    match catch_unwind(AssertUnwindSafe(|| dispatch(item, visit, sink))) {
        Ok(done) => done,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            let reason = format!("a bug in oomscene-collect: {text}");
            sink.note(Line {
                reason,
                ..Line::new(item.path, item.path, Outcome::Failed)
            });
            Ok(())
        }
    }
}

fn dispatch(item: &Item, visit: &mut Visit, sink: &mut dyn Sink) -> Result<(), Error> {
    match item.take {
        Take::File => each(item, visit, sink, vec![item.path.to_owned()], &[]),
        Take::Glob { files_max } => {
            let mut matches = glob::readable(&visit.host, item.path, files_max);
            let name = |path: &str| {
                path.rsplit('/')
                    .next()
                    .is_some_and(|name| item.except.contains(&name))
            };
            matches.paths.retain(|path| !name(path));
            matches.note(item, sink);
            each(item, visit, sink, matches.paths, &[])
        }
        Take::Logs { patterns } => evidence::take(item, patterns, visit, sink),
        Take::Journal { matches } => evidence::journal::take(item, matches, visit, sink),
        Take::Tail { files_max } => tail::take(item, files_max, visit, sink),
        Take::Each { find, names } => {
            let found = find(visit);
            note_left_out(item, &found, sink);
            match found.walked_bytes {
                Some(sizes) => each_within_stall(item, visit, sink, &found.paths, &sizes, names),
                None => each(item, visit, sink, found.paths, names),
            }
        }
        Take::Packed { into, find, names } => {
            let found = find(visit);
            note_left_out(item, &found, sink);
            packed::take(item, visit, sink, &packed::Pack { into, names, found })
        }
        Take::Made(probe) => {
            let began = Instant::now();
            let all = probe(visit);
            // The first entry carries the time of all.
            let mut micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            for made in all {
                let line = Line {
                    reason: made.reason,
                    errno: made.errno,
                    micros: std::mem::take(&mut micros),
                    ..Line::new(item.path, &made.path, made.outcome)
                };
                finish(item, sink, line, &made.content)?;
            }
            Ok(())
        }
        Take::Command { tries } => command::take(item, tries, visit, sink),
    }
}

/// As [`each`], as far as the time goes that may be taken from other processes.
fn each_within_stall(
    item: &Item,
    visit: &mut Visit,
    sink: &mut dyn Sink,
    paths: &[String],
    sizes: &[u64],
    names: &[&str],
) -> Result<(), Error> {
    for at in stall::order(sizes) {
        let (Some(path), Some(size)) = (paths.get(at), sizes.get(at)) else {
            continue;
        };
        let refusal = visit.stall.refusal(*size);
        for file in cross(std::slice::from_ref(path), names) {
            if let Some(reason) = &refusal {
                sink.note(Line {
                    reason: reason.clone(),
                    remedy: stall::DEEP.to_owned(),
                    ..Line::new(item.path, &file, Outcome::Skipped)
                });
                continue;
            }
            let mut taken = Timed { sink, micros: 0 };
            each(item, visit, &mut taken, vec![file], &[])?;
            let micros = taken.micros;
            visit.stall.spent(*size, micros);
        }
    }
    Ok(())
}

/// Notices how long the reads behind the entries took.
struct Timed<'a> {
    sink: &'a mut dyn Sink,
    micros: u64,
}

impl Sink for Timed<'_> {
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error> {
        self.micros += line.micros;
        self.sink.put(path, content, line)
    }

    fn note(&mut self, line: Line) {
        self.micros += line.micros;
        self.sink.note(line);
    }
}

/// Takes every file as its own entry.
fn each(
    item: &Item,
    visit: &mut Visit,
    sink: &mut dyn Sink,
    paths: Vec<String>,
    names: &[&str],
) -> Result<(), Error> {
    read_paths(
        item,
        visit,
        &mut cross(&paths, names),
        &mut |path, got| match got {
            Ok(content) => {
                let outcome = if content.cut {
                    Outcome::Truncated
                } else {
                    Outcome::Captured
                };
                let mut line = Line {
                    micros: content.micros,
                    ..Line::new(item.path, path, outcome)
                };
                if content.cut {
                    line.reason = format!("the first {} bytes", content.bytes.len());
                }
                match item.filter {
                    Some(filter) => finish(item, sink, line, &filter(content.bytes)),
                    None => finish(item, sink, line, content.bytes),
                }
            }
            Err(trouble) => {
                sink.note(trouble_line(item, path, &trouble));
                Ok(())
            }
        },
    )
}

/// Every name in every folder; the paths themselves when there are no names.
fn cross<'a>(paths: &'a [String], names: &'a [&'a str]) -> Box<dyn Iterator<Item = String> + 'a> {
    if names.is_empty() {
        return Box::new(paths.iter().cloned());
    }
    Box::new(
        paths
            .iter()
            .flat_map(move |path| names.iter().map(move |name| format!("{path}/{name}"))),
    )
}

type Receive<'a> = dyn FnMut(&str, Got<'_>) -> Result<(), Error> + 'a;

/// Reads `paths` through the item's door.
fn read_paths(
    item: &Item,
    visit: &mut Visit,
    paths: &mut dyn Iterator<Item = String>,
    receive: &mut Receive<'_>,
) -> Result<(), Error> {
    let mut paths = paths.peekable();
    let through_reader = match item.door {
        // A row names files of one kind: where the first one lies, the others lie too.
        Door::Direct => paths.peek().is_some_and(|path| visit.host.is_far(path)),
        Door::Reader => true,
        Door::ReaderIfAny => visit.reader.could_start(),
    };
    if through_reader {
        // Files of processes may be what they like, and wait; elsewhere a pipe is no evidence.
        let what = match item.door {
            Door::Direct => What::ReadFile,
            Door::Reader | Door::ReaderIfAny => What::Read,
        };
        let mut requests = paths.map(|path| Request::new(what, path, item.bytes_max));
        return visit
            .reader
            .read_each(&mut requests, item.patience, receive);
    }
    let mut buffer = Vec::new();
    for path in paths {
        if let Some(reason) = visit.over() {
            receive(&path, Err(Trouble::NotTried(reason)))?;
            continue;
        }
        let began = Instant::now();
        match visit.host.read_into(&path, item.bytes_max, &mut buffer) {
            Ok(cut) => {
                let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                receive(
                    &path,
                    Ok(Content {
                        bytes: &buffer,
                        cut,
                        micros,
                    }),
                )?;
            }
            Err(errno) => receive(&path, Err(errno.into()))?,
        }
    }
    Ok(())
}

fn finish(item: &Item, sink: &mut dyn Sink, mut line: Line, content: &[u8]) -> Result<(), Error> {
    if line.outcome == Outcome::Denied && line.remedy.is_empty() {
        item.remedy.clone_into(&mut line.remedy);
    }
    if matches!(line.outcome, Outcome::Captured | Outcome::Truncated) {
        let path = line.path.clone();
        sink.put(&path, content, line)
    } else {
        sink.note(line);
        Ok(())
    }
}

fn trouble_line(item: &Item, path: &str, trouble: &Trouble) -> Line {
    let outcome = trouble.outcome();
    // The catalogue's advice is about rights.
    let remedy = if outcome == Outcome::Denied {
        item.remedy
    } else {
        ""
    };
    Line {
        reason: trouble.reason(),
        errno: trouble.errno(),
        remedy: remedy.to_owned(),
        ..Line::new(item.path, path, outcome)
    }
}

fn note_left_out(item: &Item, found: &Found, sink: &mut dyn Sink) {
    for left in &found.left_out {
        let line = Line::new(item.path, &left.path, left.outcome);
        sink.note(Line {
            reason: left.reason.clone(),
            remedy: left.remedy.to_owned(),
            ..line
        });
    }
    if found.paths.is_empty() && !found.nothing.is_empty() {
        let line = Line::new(item.path, item.path, Outcome::Absent);
        sink.note(Line {
            reason: found.nothing.clone(),
            ..line
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::item::Made;
    use crate::plan::Depth;
    use std::time::Duration;

    /// Keeps ledger lines only.
    #[derive(Default)]
    struct Lines(Vec<Line>);

    impl Sink for Lines {
        fn put(&mut self, path: &str, content: &[u8], mut line: Line) -> Result<(), Error> {
            path.clone_into(&mut line.path);
            line.bytes = content.len() as u64;
            self.0.push(line);
            Ok(())
        }

        fn note(&mut self, line: Line) {
            self.0.push(line);
        }
    }

    fn take_one(item: &Item, deadline: Duration) -> Line {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::new(folder.path()).unwrap();
        let mut visit = Visit::start(host, Depth::Usual, deadline);
        let mut lines = Lines::default();
        take(item, &mut visit, &mut lines).unwrap();
        lines.0.remove(0)
    }

    fn broken(_: &mut Visit) -> Vec<Made> {
        panic!("index 7 of 3")
    }

    #[test]
    fn panic_of_one_item_is_its_outcome() {
        let line = take_one(
            &Item::made("scene/x", broken, "a probe with a bug"),
            Duration::from_secs(5),
        );
        assert_eq!(line.outcome, Outcome::Failed);
        assert_eq!(line.reason, "a bug in oomscene-collect: index 7 of 3");
    }

    #[test]
    fn absent_file_keeps_its_error_number() {
        let line = take_one(
            &Item::file("proc/nothing", "a file"),
            Duration::from_secs(5),
        );
        assert_eq!((line.outcome, line.errno), (Outcome::Absent, Some(2)));
    }

    #[test]
    fn nothing_is_tried_after_the_deadline() {
        let line = take_one(&Item::file("proc/nothing", "a file"), Duration::ZERO);
        assert_eq!(
            (line.outcome, line.reason.as_str()),
            (Outcome::Skipped, "the deadline of 0 s had passed")
        );
    }

    #[test]
    fn another_program_in_the_readers_place_is_a_reason_and_no_hang() {
        // Here /proc/self/exe is the test harness, which knows no reader.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "x").unwrap();
        let mut visit = Visit::start(
            Host::new(folder.path()).unwrap(),
            Depth::Usual,
            Duration::from_secs(20),
        );
        let mut lines = Lines::default();
        take(
            &Item::file("a", "a file").can_block(500),
            &mut visit,
            &mut lines,
        )
        .unwrap();
        assert_eq!(lines.0[0].outcome, Outcome::Failed);
        assert_eq!(lines.0[0].reason, "the reader process ended");
    }
}
