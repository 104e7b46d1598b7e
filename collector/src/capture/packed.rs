//! Many small files in one entry: what 30,000 processes or 2,000 cgroups need.

use oomscene_bundle::{Error, Line, Outcome, packed};

use super::sink::Sink;
use crate::host::name;
use crate::item::{Found, Item};
use crate::visit::Visit;

/// Bytes of one packed entry: what is in memory at once.
const PART_BYTES: usize = 1024 * 1024;
/// Most paths named in one reason.
const NAMED_MAX: usize = 3;

/// What is packed where.
pub struct Pack<'a> {
    /// Entry; a number is added unless it ends in `.txt`.
    pub into: &'a str,
    /// Files in each folder; none when the paths are files.
    pub names: &'a [&'a str],
    /// Folders or files.
    pub found: Found,
}

/// Takes all files of `pack`.
///
/// # Errors
/// Only those of `sink`.
pub fn take(
    item: &Item,
    visit: &mut Visit,
    sink: &mut dyn Sink,
    pack: &Pack<'_>,
) -> Result<(), Error> {
    if pack.found.paths.is_empty() {
        return Ok(());
    }
    let single = pack.into.ends_with(".txt");
    let part_bytes = if single { item.bytes_max } else { PART_BYTES };
    let mut part = Part {
        item,
        into: pack.into,
        single,
        number: 0,
        files: 0,
        micros: 0,
        bytes: Vec::new(),
    };
    let mut tally = Tally::default();
    let mut census = std::mem::take(&mut visit.census);
    let mut paths = super::cross(&pack.found.paths, pack.names);
    let done = super::read_paths(item, visit, &mut paths, &mut |path, got| {
        let content = match got {
            Ok(content) => content,
            Err(trouble) => {
                tally.miss(path, trouble.outcome(), &trouble.reason());
                return Ok(());
            }
        };
        if let Some(watch) = item.watch {
            watch(&mut census, path, content.bytes);
        }
        let filtered = item.filter.map(|filter| filter(content.bytes));
        let bytes = filtered.as_deref().unwrap_or(content.bytes);
        if filtered.is_some() && bytes.is_empty() {
            return Ok(());
        }
        if content.cut {
            tally.miss(
                path,
                Outcome::Truncated,
                &format!("the first {} bytes", content.bytes.len()),
            );
        }
        if part.bytes.len() + bytes.len() + path.len() > part_bytes {
            if single {
                tally.miss(path, Outcome::Truncated, "the entry is full");
                return Ok(());
            }
            part.close(sink, "")?;
        }
        part.files += 1;
        part.micros += content.micros;
        packed::push(&mut part.bytes, &name::for_entry(path), bytes);
        Ok(())
    });
    drop(paths);
    visit.census = census;
    done?;
    if part.files > 0 || single {
        part.close(sink, &tally.gone())?;
    } else if part.number == 0 && tally.is_only_gone() {
        let reason = "none of its files exists here".to_owned();
        sink.note(Line {
            reason,
            ..Line::new(item.path, item.path, Outcome::Absent)
        });
    }
    tally.note(item, sink);
    Ok(())
}

/// The entry being filled.
struct Part<'a> {
    item: &'a Item,
    into: &'a str,
    single: bool,
    number: usize,
    files: usize,
    micros: u64,
    bytes: Vec<u8>,
}

impl Part<'_> {
    fn close(&mut self, sink: &mut dyn Sink, also: &str) -> Result<(), Error> {
        let path = if self.single {
            self.into.to_owned()
        } else {
            format!("{}.{:03}", self.into, self.number)
        };
        let reason = format!("{} files{also}", self.files);
        let line = Line {
            reason,
            micros: self.micros,
            ..Line::new(self.item.path, &path, Outcome::Captured)
        };
        sink.put(&path, &self.bytes, line)?;
        self.bytes.clear();
        self.number += 1;
        self.files = 0;
        self.micros = 0;
        Ok(())
    }
}

/// What was not packed, by outcome.
#[derive(Default)]
struct Tally {
    missed: std::collections::BTreeMap<Outcome, Missed>,
}

#[derive(Default)]
struct Missed {
    count: usize,
    named: Vec<String>,
}

impl Tally {
    fn miss(&mut self, path: &str, outcome: Outcome, reason: &str) {
        let missed = self.missed.entry(outcome).or_default();
        missed.count += 1;
        if missed.named.len() < NAMED_MAX && outcome != Outcome::Absent {
            missed.named.push(format!("{path}: {reason}"));
        }
    }

    fn is_only_gone(&self) -> bool {
        self.missed
            .keys()
            .all(|outcome| *outcome == Outcome::Absent)
    }

    fn gone(&self) -> String {
        match self.missed.get(&Outcome::Absent) {
            Some(missed) => format!(
                "; {} more do not exist or ended during the run",
                missed.count
            ),
            None => String::new(),
        }
    }

    fn note(&self, item: &Item, sink: &mut dyn Sink) {
        for (outcome, missed) in self
            .missed
            .iter()
            .filter(|(outcome, _)| **outcome != Outcome::Absent)
        {
            let more = if missed.count > missed.named.len() {
                ", …"
            } else {
                ""
            };
            let reason = format!("{} files: {}{more}", missed.count, missed.named.join(", "));
            let remedy = if *outcome == Outcome::Denied {
                item.remedy
            } else {
                ""
            }
            .to_owned();
            sink.note(Line {
                reason,
                remedy,
                ..Line::new(item.path, item.path, *outcome)
            });
        }
    }
}
