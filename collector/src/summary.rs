//! What the operator is told at the end: the file, its size, what is missing and how to get it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use oomscene_bundle::{Line, Outcome};

/// Most names in one group of the last line.
const NAMES_MAX: usize = 8;

/// How a collection ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Where the bundle is; empty for standard output.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its top folder.
    pub top: String,
    /// What is missing and could have been had.
    pub holes: Vec<Hole>,
    /// Why the collection ended before its plan.
    pub stopped: Option<String>,
}

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Item of the catalogue.
    pub item: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How to get it; may be empty.
    pub remedy: String,
}

impl Hole {
    /// The hole that a ledger line tells of, if it does.
    #[must_use]
    pub fn of(line: &Line) -> Option<Self> {
        let Line {
            item,
            outcome,
            remedy,
            ..
        } = line;
        outcome.is_hole().then(|| Self {
            item: item.clone(),
            outcome: *outcome,
            remedy: remedy.clone(),
        })
    }
}

impl Summary {
    /// Whether nothing is missing that could have been had.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.holes.is_empty() && self.stopped.is_none()
    }

    /// Writes the three lines.
    ///
    /// # Errors
    /// As `out`.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let file = if self.path.as_os_str().is_empty() {
            "standard output".to_owned()
        } else {
            self.path.display().to_string()
        };
        writeln!(out, "bundle   {file}")?;
        writeln!(out, "size     {}", size(self.bytes))?;
        writeln!(out, "missing  {}", self.missing())
    }

    fn missing(&self) -> String {
        let mut groups: Vec<String> = self
            .stopped
            .iter()
            .map(|why| format!("the rest of the plan: {why}"))
            .collect();
        let mut by_remedy: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
        for hole in &self.holes {
            let name = match hole.outcome {
                Outcome::Truncated => format!("part of {}", hole.item),
                _ => hole.item.clone(),
            };
            *by_remedy
                .entry(&hole.remedy)
                .or_default()
                .entry(name)
                .or_default() += 1;
        }
        for (remedy, names) in by_remedy {
            let mut text = String::new();
            for (number, (name, count)) in names.iter().enumerate().take(NAMES_MAX) {
                let comma = if number == 0 { "" } else { ", " };
                let times = if *count > 1 {
                    format!("{count} × ")
                } else {
                    String::new()
                };
                // Writing to a String cannot fail.
                let _ = write!(text, "{comma}{times}{name}");
            }
            if names.len() > NAMES_MAX {
                let _ = write!(text, " and {} more", names.len() - NAMES_MAX);
            }
            let remedy = if remedy.is_empty() {
                "see the ledger in the bundle"
            } else {
                remedy
            };
            groups.push(format!("{text}: {remedy}"));
        }
        if groups.is_empty() {
            "nothing".to_owned()
        } else {
            groups.join("; ")
        }
    }
}

/// A size for people.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 2] = [(1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes.is_multiple_of(*unit) => format!("{} {name}", bytes / unit),
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_grouped_by_what_helps() {
        let hole = |item: &str, outcome, remedy: &str| Hole {
            item: item.into(),
            outcome,
            remedy: remedy.into(),
        };
        let summary = Summary {
            path: "/tmp/x.tar.gz".into(),
            bytes: 1_500_000,
            holes: vec![
                hole("proc/slabinfo", Outcome::Denied, "run as root"),
                hole("proc/[top]/stack", Outcome::Denied, "run as root"),
                hole("proc/[top]/stack", Outcome::Denied, "run as root"),
                hole("var/log/messages", Outcome::Truncated, ""),
            ],
            ..Summary::default()
        };
        let mut out = Vec::new();
        summary.write(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        bundle   /tmp/x.tar.gz
        size     1.4 MiB
        missing  part of var/log/messages: see the ledger in the bundle; 2 × proc/[top]/stack, proc/slabinfo: run as root
        ");
        assert!(!summary.is_complete());
        assert_eq!(Summary::default().missing(), "nothing");
    }
}
