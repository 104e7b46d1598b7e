//! Paths with `*` in their parts, expanded in order, bounded.

use oomscene_bundle::{Line, Outcome};
use rustix::io::Errno;

use super::errno::Trouble;
use super::sink::Sink;
use crate::host::Host;
use crate::item::Item;

/// Most paths looked at to find readable ones.
const NAMES_MAX: usize = 20_000;

/// What a pattern matched.
#[derive(Debug, Default)]
pub struct Matches {
    /// Paths in order.
    pub paths: Vec<String>,
    /// How many more there were.
    pub left_out: usize,
    /// Folders that could not be listed, with the reason.
    pub unlisted: Vec<(String, Errno)>,
}

impl Matches {
    /// Notes what was not matched: nothing, too much, or a folder that could not be listed.
    pub fn note(&self, item: &Item, sink: &mut dyn Sink) {
        for (folder, errno) in &self.unlisted {
            sink.note(super::trouble_line(item, folder, &Trouble::from(*errno)));
        }
        if self.left_out > 0 {
            let reason = format!("{} more files match", self.left_out);
            sink.note(Line {
                reason,
                ..Line::new(item.path, item.path, Outcome::Truncated)
            });
        }
        if self.paths.is_empty() && self.unlisted.is_empty() {
            let reason = "no such file here".to_owned();
            sink.note(Line {
                reason,
                ..Line::new(item.path, item.path, Outcome::Absent)
            });
        }
    }
}

/// Expands `pattern`, where `*` stands for any text within a part, to at most `files_max` paths.
#[must_use]
pub fn expand(host: &Host, pattern: &str, files_max: usize) -> Matches {
    let mut matches = Matches {
        paths: vec![String::new()],
        ..Matches::default()
    };
    for part in pattern.split('/') {
        let folders = std::mem::take(&mut matches.paths);
        for folder in folders {
            let join = |name: &str| {
                if folder.is_empty() {
                    name.to_owned()
                } else {
                    format!("{folder}/{name}")
                }
            };
            if !part.contains('*') {
                matches.paths.push(join(part));
                continue;
            }
            match host.names(&folder) {
                Ok(names) => {
                    let fits = names.iter().filter(|name| is_match(part, name));
                    matches.paths.extend(fits.map(|name| join(name)));
                }
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => matches.unlisted.push((folder, errno)),
            }
        }
    }
    matches.left_out = matches.paths.len().saturating_sub(files_max);
    matches.paths.truncate(files_max);
    matches
}

/// As [`expand`], only regular files that somebody may read: a write-only file is a switch, and
/// reading a folder is no item.
#[must_use]
pub fn readable(host: &Host, pattern: &str, files_max: usize) -> Matches {
    let mut matches = expand(host, pattern, NAMES_MAX);
    // What cannot be examined is tried, so that its error is noted.
    matches.paths.retain(|path| {
        host.examine(path)
            .map_or(true, |about| about.is_file() && about.mode & 0o444 != 0)
    });
    matches.left_out += matches.paths.len().saturating_sub(files_max);
    matches.paths.truncate(files_max);
    matches
}

/// Whether `name` fits `pattern`, where `*` stands for any text.
#[must_use]
pub fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|name| {
            let starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            starts
                .into_iter()
                .any(|at| name.get(at..).is_some_and(|tail| is_match(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars() {
        assert!(is_match("*.conf", "a.conf"));
        assert!(is_match("node*", "node12"));
        assert!(is_match("*dmesg*", "vmcore-dmesg.txt"));
        assert!(!is_match("node*", "anode"));
        assert!(!is_match("*.conf", "conf"));
        assert!(is_match("ä*", "äö"));
    }

    #[test]
    fn expands_in_order_and_counts_the_rest() {
        let machine = tempfile::tempdir().unwrap();
        for node in ["node1", "node0", "has_cpu", "node2"] {
            std::fs::create_dir_all(machine.path().join("n").join(node)).unwrap();
        }
        let host = Host::new(machine.path()).unwrap();
        let matches = expand(&host, "n/node*/meminfo", 2);
        assert_eq!(matches.paths, ["n/node0/meminfo", "n/node1/meminfo"]);
        assert_eq!(matches.left_out, 1);
        assert!(expand(&host, "absent/*/x", 9).paths.is_empty());
    }
}
