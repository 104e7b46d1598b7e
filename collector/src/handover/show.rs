//! Shows the customer what a bundle holds before it leaves: every entry, what became of it, what may
//! tell too much, and how much was masked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use oomscene_bundle::packed::Without;
use oomscene_bundle::walk::{Passing, Walked, walk};
use oomscene_bundle::{Error, Kind, Line, Outcome, layout};

use super::pattern::Pattern;
use super::{escape, remove, sensitive};

/// How masked values begin in an entry: as [`crate::mask::MASK`], and in environments.
const MASKS: [&[u8]; 2] = [b"<masked", b"[masked"];
/// Length of each of [`MASKS`].
const MASK_BYTES: usize = 7;
/// Names of one kind that are printed.
const NAMES_MAX: usize = 6;

/// What is known about one entry.
#[derive(Debug, Default)]
struct Row {
    path: String,
    bytes: u64,
    masked: u64,
    files: u64,
}

/// Everything that is printed.
#[derive(Debug, Default)]
struct Listing {
    walked: Walked,
    rows: Vec<Row>,
    ledger: Vec<Line>,
    end: Option<oomscene_bundle::End>,
}

/// Lists the bundle at `path`.
///
/// # Errors
/// It is no bundle, or `out` refuses.
pub fn list(path: &Path, out: &mut dyn Write) -> Result<(), Error> {
    let mut listing = Listing::default();
    let walked = walk(remove::open(path)?, &mut |entry| listing.take(entry))?;
    listing.walked = walked;
    listing
        .write(path, out)
        .map_err(|error| Error::io("standard output", error))
}

/// Prints the entry or the packed file that is called `name`.
///
/// # Errors
/// It is no bundle, it holds no such entry, or `out` refuses.
pub fn entry(path: &Path, name: &str, out: &mut dyn Write) -> Result<(), Error> {
    let name = name.trim_matches('/');
    let mut found = false;
    let is_other = |file: &str| file != name;
    let walked = walk(remove::open(path)?, &mut |entry| {
        let at_entry = |error| Error::io(name, error);
        if entry.path == name {
            found = true;
            return escape::copy(entry.content, out).map_err(at_entry);
        }
        let mut start = [0; 4];
        if !is_packed(entry.path)
            || entry.content.read_exact(&mut start).is_err()
            || start != *b"==> "
        {
            return Ok(());
        }
        let content = BufReader::new((&start[..]).chain(&mut *entry.content));
        let mut only = Without::new(content, &is_other);
        let mut head = [0; 1];
        if only.read(&mut head).map_err(at_entry)? == 0 {
            return Ok(());
        }
        found = true;
        escape::copy(&mut (&head[..]).chain(only), out).map_err(at_entry)
    })?;
    if found {
        return Ok(());
    }
    let torn = match walked.tear {
        Some(_) => "; the bundle is torn and may have lost it",
        None => "",
    };
    Err(Error::new(
        Kind::NotABundle,
        name,
        format!("no such entry{torn}; `oomscene-collect show BUNDLE` prints the names"),
    ))
}

/// Whether the collector packs many files into this entry.
fn is_packed(path: &str) -> bool {
    let path = path.strip_prefix("scene/second/").unwrap_or(path);
    ["proc/all/", "sys/fs/cgroup/all/", "scene/systemd/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

impl Listing {
    fn take(&mut self, entry: &mut Passing<'_>) -> Result<(), Error> {
        let path = entry.path;
        let at_entry = |error| Error::io(path, error);
        if path == layout::END || path.starts_with(layout::LEDGER_DIR) {
            let mut text = Vec::new();
            entry.content.read_to_end(&mut text).map_err(at_entry)?;
            if path == layout::END {
                self.end = serde_json::from_slice(&text).ok();
            } else {
                let lines = text.split(|b| *b == b'\n');
                let lines = lines.filter_map(|line| serde_json::from_slice(line).ok());
                self.ledger.extend(lines);
            }
            return Ok(());
        }
        let mut row = Row {
            path: path.to_owned(),
            bytes: entry.bytes,
            ..Row::default()
        };
        if is_packed(path) {
            let counted = std::cell::Cell::new(0);
            let count = |_: &str| {
                counted.set(counted.get() + 1);
                false
            };
            let content = BufReader::new(&mut *entry.content);
            row.masked = masked(&mut Without::new(content, &count)).map_err(at_entry)?;
            row.files = counted.get();
        } else {
            row.masked = masked(entry.content).map_err(at_entry)?;
        }
        self.rows.push(row);
        Ok(())
    }

    fn write(&self, path: &Path, out: &mut dyn Write) -> io::Result<()> {
        self.head(path, out)?;
        let by_path: BTreeMap<&str, &Line> = self
            .ledger
            .iter()
            .map(|line| (line.path.as_str(), line))
            .collect();
        writeln!(out, "\n{:>10}  {:10}  entry", "bytes", "outcome")?;
        for row in &self.rows {
            let line = by_path.get(row.path.as_str());
            let outcome = match line {
                Some(line) => word(line.outcome),
                None if row.path == layout::HEADER => "header",
                None => "not noted",
            };
            let mut note = String::new();
            if row.files > 0 {
                note.push_str(&format!("  ({} files)", row.files));
            }
            if row.masked > 0 {
                note.push_str(&format!("  ({} masked)", row.masked));
            }
            if let Some(line) = line.filter(|line| !line.reason.is_empty()) {
                note.push_str(&format!("  {}", escape::line(&line.reason)));
            }
            let path = escape::line(&row.path);
            writeln!(out, "{:>10}  {outcome:10}  {path}{note}", row.bytes)?;
        }
        self.missing(out)?;
        self.telling(out)
    }

    fn head(&self, path: &Path, out: &mut dyn Write) -> io::Result<()> {
        let header = &self.walked.header;
        writeln!(out, "bundle   {}", path.display())?;
        writeln!(
            out,
            "machine  {}, kernel {}",
            escape::line(&header.hostname),
            escape::line(&header.kernel_release)
        )?;
        writeln!(
            out,
            "by       {}, user {}, view: {} ({})",
            escape::line(&header.tool),
            header.effective_uid,
            escape::line(&header.view.kind),
            escape::line(&header.view.reason)
        )?;
        let whole = match (&self.walked.tear, &self.end) {
            (Some(tear), _) => format!("no: torn after {:?}", tear.after),
            (None, Some(end)) => match &end.stopped {
                Some(why) => format!("yes, ended before its plan: {}", escape::line(why)),
                None => "yes".to_owned(),
            },
            (None, None) => "no".to_owned(),
        };
        writeln!(out, "whole    {whole}")
    }

    /// What was asked for and left no entry. What this machine does not have is only counted.
    fn missing(&self, out: &mut dyn Write) -> io::Result<()> {
        let there: BTreeSet<&str> = self.rows.iter().map(|row| row.path.as_str()).collect();
        let gone = |line: &&Line| !there.contains(line.path.as_str());
        let absent = self
            .ledger
            .iter()
            .filter(|l| l.outcome == Outcome::Absent)
            .count();
        writeln!(
            out,
            "\nnot in it  ({absent} items that this machine does not have)"
        )?;
        for line in self
            .ledger
            .iter()
            .filter(gone)
            .filter(|l| l.outcome != Outcome::Absent)
        {
            let reason = escape::line(&line.reason);
            let path = escape::line(&line.path);
            writeln!(
                out,
                "{:>10}  {:10}  {path}  {reason}",
                "",
                word(line.outcome)
            )?;
        }
        Ok(())
    }

    fn telling(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\nlook at these before you send it")?;
        for kind in sensitive::KINDS {
            let rows: Vec<&Row> = self
                .rows
                .iter()
                .filter(|row| {
                    sensitive::kind_of(&row.path).is_some_and(|of| of.tells == kind.tells)
                })
                .collect();
            if rows.is_empty() {
                continue;
            }
            let bytes: u64 = rows.iter().map(|row| row.bytes).sum();
            let used: Vec<&str> = kind
                .names
                .iter()
                .filter(|name| {
                    Pattern::parse(name)
                        .is_ok_and(|pattern| rows.iter().any(|row| pattern.matches(&row.path)))
                })
                .copied()
                .collect();
            let names = used.iter().take(NAMES_MAX).map(|name| format!("'{name}'"));
            let names = names.collect::<Vec<_>>().join(" ");
            let size = crate::summary::size(bytes);
            writeln!(
                out,
                "  {}: {} entries, {size}: {names}",
                kind.tells,
                rows.len()
            )?;
        }
        // The ledger counts what was masked before it was cut; the text shows what is in there.
        let masked: u64 = self.rows.iter().map(|row| row.masked).sum();
        let entries = self.rows.iter().filter(|row| row.masked > 0).count();
        writeln!(out, "  masked values: {masked} in {entries} entries")?;
        writeln!(
            out,
            "\nread one:   oomscene-collect show BUNDLE ENTRY\ntake out:   oomscene-collect remove BUNDLE PATTERN"
        )
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Captured => "captured",
        Outcome::Truncated => "truncated",
        Outcome::Absent => "absent",
        Outcome::Denied => "denied",
        Outcome::TimedOut => "timed out",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    }
}

/// How often something was masked in `content`.
fn masked(content: &mut dyn Read) -> io::Result<u64> {
    let mut chunk = vec![0; 64 * 1024];
    let mut window: Vec<u8> = Vec::new();
    let mut count = 0;
    loop {
        let got = match content.read(&mut chunk) {
            Ok(0) => return Ok(count),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        window.extend_from_slice(chunk.get(..got).unwrap_or_default());
        count += window
            .windows(MASK_BYTES)
            .filter(|w| MASKS.contains(w))
            .count() as u64;
        // What may be the beginning of a mask stays for the next piece.
        let keep = window.len().saturating_sub(MASK_BYTES - 1);
        window.drain(..keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_counted_across_pieces() {
        let text = [b"x".repeat(64 * 1024 - 3), b"[masked] <masked>".to_vec()].concat();
        assert_eq!(masked(&mut text.as_slice()).unwrap(), 2);
    }
}
