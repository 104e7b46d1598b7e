//! What the operator is told at the end: the file, its size, what is missing and how to get it.

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
    /// What stands for what, when names and addresses were replaced.
    pub pseudonyms: Option<serde_json::Value>,
    /// What is missing and could have been had.
    pub holes: Vec<Hole>,
    /// Why the collection ended before its plan.
    pub stopped: Option<String>,
    /// Where the file of an earlier run was put that was cut short under the same name.
    pub earlier: Option<PathBuf>,
    /// Process ids of readers that hang in the kernel and could not be ended.
    pub left_behind: Vec<u32>,
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

impl Hole {
    /// The item as the operator knows it: a path of the machine.
    fn name(&self) -> String {
        let path = self.item.replace("[top]", "PID").replace("[pid]", "PID");
        let path = match path.strip_prefix("scene/") {
            Some(made) => made.to_owned(),
            None => format!("/{path}"),
        };
        if self.outcome == Outcome::Truncated {
            format!("part of {path}")
        } else {
            path
        }
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
        writeln!(out, "missing  {}", self.missing())?;
        if let Some(earlier) = &self.earlier {
            let earlier = earlier.display();
            writeln!(
                out,
                "earlier  {earlier}: what a run that was cut short had taken; send it, too"
            )?;
        }
        if !self.left_behind.is_empty() {
            let pids: Vec<String> = self.left_behind.iter().map(u32::to_string).collect();
            let pids = pids.join(", ");
            writeln!(
                out,
                "left     reader process {pids}: hangs in the kernel at what it read and ends with it"
            )?;
        }
        Ok(())
    }

    fn missing(&self) -> String {
        let mut groups: Vec<String> = self
            .stopped
            .iter()
            .map(|why| format!("the rest of the plan: {why}"))
            .collect();
        // In the order of the catalogue: what is volatile, and so worth most, comes first.
        let mut by_remedy: Vec<(&str, Vec<(String, usize)>)> = Vec::new();
        for hole in &self.holes {
            let at = by_remedy
                .iter()
                .position(|(remedy, _)| *remedy == hole.remedy);
            let at = at.unwrap_or_else(|| {
                by_remedy.push((&hole.remedy, Vec::new()));
                by_remedy.len() - 1
            });
            let Some((_, names)) = by_remedy.get_mut(at) else {
                continue;
            };
            let name = hole.name();
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => names.push((name, 1)),
            }
        }
        for (remedy, names) in by_remedy {
            let shown = names
                .iter()
                .take(NAMES_MAX)
                .map(|(name, count)| match count {
                    1 => name.clone(),
                    count => format!("{count} × {name}"),
                });
            let mut text = shown.collect::<Vec<_>>().join(", ");
            if names.len() > NAMES_MAX {
                // Writing to a String cannot fail.
                let _ = write!(text, " and {} more", names.len() - NAMES_MAX);
            }
            let remedy = if remedy.is_empty() {
                "see ledger/ in the bundle"
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
        missing  /proc/slabinfo, 2 × /proc/PID/stack: run as root; part of /var/log/messages: see ledger/ in the bundle
        ");
        assert!(!summary.is_complete());
        assert_eq!(Summary::default().missing(), "nothing");
    }
}
