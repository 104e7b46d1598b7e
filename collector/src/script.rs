//! The collector as a POSIX shell script, for machines on which no binary runs: the program's own
//! tables in a frame of shell.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use crate::item::{Item, Take};
use crate::mask;
use crate::sources;
use crate::sources::markers::{MARKERS, NOTICE};

const FRAME: &str = include_str!("../data/collect.sh");
/// Files of every process that cannot hang for ever; `cmdline` is read behind a timeout.
const PROCESS: &[&str] = &[
    "status",
    "stat",
    "oom_score_adj",
    "oom_score",
    "comm",
    "cgroup",
    "cmdline",
];
/// Most bytes of one file.
const BYTES_MAX: usize = 2_000_000;

/// Writes the script.
///
/// # Errors
/// As `out`.
pub fn write(out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(text().as_bytes())
}

fn text() -> String {
    let process: Vec<&str> = PROCESS.to_vec();
    FRAME
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@NAMES@", &names())
        .replace("@TOKENS@", &tokens())
        .replace("@MARKERS@", &markers())
        .replace("@FILES@", &files())
        .replace("@PROCESS@", &process.join(" "))
        .replace("@CGROUP@", &cgroup())
        .replace("@LOGS@", &logs())
}

/// One line for each plain row of the catalogue. A row that needs judgement (a gate, a filter) is the
/// program's alone.
fn files() -> String {
    let mut lines = String::new();
    for (_, item) in sources::all().filter(|(_, item)| item.gate.is_none() && item.filter.is_none())
    {
        let bytes = item.bytes_max.min(BYTES_MAX);
        let call = match item.take {
            Take::File => "file",
            Take::Glob { .. } if item.except.is_empty() => "each",
            _ => continue,
        };
        let condition = if item.live_only {
            "[ $live = yes ] && "
        } else {
            ""
        };
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{condition}{call} '{0}' '{0}' {bytes}", item.path);
    }
    lines
}

/// Conditions of find(1) for the files of cgroups.
fn cgroup() -> String {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for item in sources::cgroups::ITEMS {
        if let Item {
            take: Take::Packed { names: more, .. },
            ..
        } = item
        {
            names.extend(
                more.iter()
                    .filter(|name| name.starts_with("memory.") || name.starts_with("pids.")),
            );
        }
    }
    let tests: Vec<String> = names.iter().map(|name| format!("-name {name}")).collect();
    tests.join(" -o ")
}

fn logs() -> String {
    let mut lines = String::new();
    for item in sources::logs::ITEMS {
        if let Take::Logs { patterns } = item.take {
            for pattern in patterns {
                let _ = writeln!(lines, "log '{pattern}'");
            }
        }
    }
    lines
}

/// A regular expression of awk for the words of memory failures.
fn markers() -> String {
    let words: Vec<String> = MARKERS
        .iter()
        .filter(|marker| marker.around != NOTICE && !marker.word.contains('\''))
        .map(|marker| escaped(marker.word))
        .collect();
    words.join("|")
}

/// A regular expression of sed, in upper and lower case, for names of secrets.
fn names() -> String {
    let words: Vec<String> = mask::names()
        .map(|word| {
            word.chars()
                .map(|c| {
                    if c.is_ascii_alphabetic() {
                        format!("[{}{c}]", c.to_ascii_uppercase())
                    } else {
                        c.to_string()
                    }
                })
                .collect()
        })
        .collect();
    words.join("|")
}

fn tokens() -> String {
    let words: Vec<String> = mask::prefixes()
        .map(|word| escaped(word).replace('/', "\\/"))
        .collect();
    words.join("|")
}

/// `word` as a regular expression that stands between apostrophes; a bracket needs no backslash,
/// which awk would take for its own.
fn escaped(word: &str) -> String {
    word.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | ':' | '/' | '=') {
                c.to_string()
            } else {
                format!("[{c}]")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_place_of_the_frame_is_filled() {
        let text = super::text();
        let left = text.lines().find(|line| {
            line.split('@')
                .nth(1)
                .is_some_and(|word| word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase()))
        });
        assert_eq!(left, None);
        for row in [
            "file 'proc/meminfo'",
            "log 'var/log/messages*'",
            "-name memory.max",
            "[Tt][Oo][Kk][Ee][Nn]",
        ] {
            assert!(text.contains(row), "{row}");
        }
    }
}
