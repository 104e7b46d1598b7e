//! One file of the evidence as a parser sees it: its bytes, and where each line stands.

use std::borrow::Cow;

use super::Evidence;

/// A file of the machine. A file that was packed with others is a source of its own, whose lines
/// are numbered as in the packed entry: evidence points at what a reader can open.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// Path on the machine without its leading `/`; a second reading lies below `scene/second/`.
    pub path: String,
    /// Entry of the bundle that holds it.
    pub entry: &'a str,
    /// Number of its first line in the entry, counted from 1.
    pub first_line: u32,
    /// The bytes.
    pub content: Cow<'a, [u8]>,
}

/// One line of a [`Source`].
#[derive(Debug, Clone)]
pub struct TextLine<'s> {
    /// Number in the entry.
    pub number: u32,
    /// Text; bytes that are no UTF-8 are replaced.
    pub text: Cow<'s, str>,
}

impl Source<'_> {
    /// Lines without their ends. A final empty line is left out.
    pub fn lines(&self) -> impl Iterator<Item = TextLine<'_>> {
        let body = self.content.strip_suffix(b"\n").unwrap_or(&self.content);
        let empty = self.content.is_empty();
        (self.first_line..)
            .zip(body.split(|b| *b == b'\n'))
            .filter(move |_| !empty)
            .map(|(number, bytes)| TextLine {
                number,
                text: String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes)),
            })
    }

    /// Content as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.content)
    }

    /// Evidence for one of its lines.
    #[must_use]
    pub fn at(&self, line: &TextLine<'_>) -> Vec<Evidence> {
        vec![Evidence::new(self.entry, line.number, &line.text)]
    }

    /// Evidence for a file of one line. In a packed entry the line alone (`0`) would not say what
    /// it is about, so the file is named before it.
    #[must_use]
    pub fn first(&self) -> Vec<Evidence> {
        let line = self.lines().next();
        let number = line.as_ref().map_or(self.first_line, |l| l.number);
        let text = line.map_or_else(String::new, |l| l.text.into_owned());
        let text = if self.entry.ends_with(&self.path) {
            text
        } else {
            format!("{}: {text}", self.path)
        };
        vec![Evidence::new(self.entry, number, &text)]
    }

    /// Number at one place of the path, for example the pid of `proc/PID/stat` at place 1.
    #[must_use]
    pub fn number_at(&self, place: usize) -> Option<i64> {
        self.path.split('/').nth(place)?.parse().ok()
    }

    /// Name of the file without its folders.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Bytes of a figure in units of 1024 bytes, which `/proc` writes as `kB`.
#[must_use]
pub fn kib(text: &str) -> Option<u64> {
    text.parse::<u64>().ok()?.checked_mul(1024)
}

/// Whether `path` fits `pattern`: `*` stands for any part of a name, `**` for any number of folders.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let literal = pattern.find('*').unwrap_or(pattern.len());
    let Some(head) = pattern.get(..literal) else {
        return false;
    };
    if literal == pattern.len() {
        return pattern == path;
    }
    if !path.starts_with(head) {
        return false;
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts_match(&pattern, &path)
}

fn parts_match(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), None) => parts_match(rest, path),
        (Some((&"**", rest)), Some((_, deeper))) => {
            parts_match(rest, path) || parts_match(pattern, deeper)
        }
        (Some((want, rest)), Some((have, deeper))) => {
            name_matches(want, have) && parts_match(rest, deeper)
        }
        _ => false,
    }
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(head) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let Some(tail) = pieces.pop() else {
        return true;
    };
    for piece in pieces {
        let Some(at) = left.find(piece) else {
            return false;
        };
        left = left.get(at + piece.len()..).unwrap_or_default();
    }
    left.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let yes = [
            ("proc/meminfo", "proc/meminfo"),
            ("proc/*/status", "proc/12/status"),
            ("sys/fs/cgroup/**", "sys/fs/cgroup/memory/a/b/memory.stat"),
            (
                "sys/**/node*/meminfo",
                "sys/devices/system/node/node0/meminfo",
            ),
            ("var/log/*", "var/log/messages"),
            ("var/crash/*/*dmesg*", "var/crash/1/vmcore-dmesg.txt"),
            ("**/*.log", "a.log"),
        ];
        for (pattern, path) in yes {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        let no = [
            ("proc/meminfo", "scene/second/proc/meminfo"),
            ("proc/*/status", "proc/12/task/3/status"),
            ("var/log/*", "var/log/audit/audit.log"),
            ("proc/*/stat", "proc/1/statm"),
        ];
        for (pattern, path) in no {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn lines_are_numbered_as_in_the_entry() {
        let source = Source {
            path: "proc/1/status".to_owned(),
            entry: "proc/all/status.000",
            first_line: 8,
            content: Cow::Borrowed(b"Name:\ta\nState:\tS\r\n"),
        };
        let lines: Vec<_> = source
            .lines()
            .map(|l| (l.number, l.text.into_owned()))
            .collect();
        assert_eq!(
            lines,
            [(8, "Name:\ta".to_owned()), (9, "State:\tS".to_owned())]
        );
        let empty = Source {
            content: Cow::Borrowed(b""),
            ..source
        };
        assert_eq!(empty.lines().count(), 0);
    }
}
