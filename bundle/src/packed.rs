//! Many small files in one entry, in the form that `head -v` prints:
//!
//! ```text
//! ==> proc/1234/status <==
//! Name:   java
//! ```
//!
//! A machine with 30,000 processes would otherwise need 200,000 tar entries. A content line that
//! looks like a separator is stored with one extra leading `=`, and the reader takes it off again;
//! a content without a final newline gets a line `==/ no newline at end` that is taken off too.

use std::io::{self, BufRead, Read as _};

const OPEN: &[u8] = b"==> ";
const CLOSE: &[u8] = b" <==";
const NO_NEWLINE: &[u8] = b"==/ no newline at end";

/// Appends one file to `out`.
pub fn push(out: &mut Vec<u8>, path: &str, content: &[u8]) {
    out.extend_from_slice(OPEN);
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(CLOSE);
    out.push(b'\n');
    for line in content.split_inclusive(|b| *b == b'\n') {
        // Any line of two or more `=` followed by `> ` or `/ ` gets one `=` more, so that
        // unescaping is exact.
        if is_escapable(line) {
            out.push(b'=');
        }
        out.extend_from_slice(line);
    }
    if !content.is_empty() && !content.ends_with(b"\n") {
        out.push(b'\n');
        out.extend_from_slice(NO_NEWLINE);
        out.push(b'\n');
    }
}

fn is_escapable(line: &[u8]) -> bool {
    let signs = line.iter().take_while(|b| **b == b'=').count();
    signs >= 2 && matches!(line.get(signs..), Some([b'>' | b'/', b' ', ..]))
}

/// One file of a packed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path as on the machine, without a leading `/`.
    pub path: String,
    /// Content as read.
    pub content: Vec<u8>,
    /// Number of the content's first line in the packed entry, counted from 1: evidence points here.
    pub first_line: u32,
}

/// Splits a packed entry. Text before the first separator (a torn head) is left out.
#[must_use]
pub fn split(entry: &[u8]) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for (number, line) in (1_u32..).zip(entry.split_inclusive(|b| *b == b'\n')) {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(path) = bare
            .strip_prefix(OPEN)
            .and_then(|rest| rest.strip_suffix(CLOSE))
        {
            let path = String::from_utf8_lossy(path).into_owned();
            files.push(File {
                path,
                content: Vec::new(),
                first_line: number + 1,
            });
            continue;
        }
        let Some(file) = files.last_mut() else {
            continue;
        };
        if bare == NO_NEWLINE {
            file.content.pop();
        } else if is_escapable(line) {
            file.content
                .extend_from_slice(line.get(1..).unwrap_or_default());
        } else {
            file.content.extend_from_slice(line);
        }
    }
    files
}

/// Longest line of a separator: a path and its frame.
const SEPARATOR_BYTES_MAX: u64 = 2 * crate::limits::PATH_BYTES_MAX as u64;

/// A packed entry without some of its files, read a piece of a line at a time. What is not packed
/// passes as it is.
pub struct Without<'a, R> {
    input: R,
    is_removed: &'a dyn Fn(&str) -> bool,
    /// Whether the first line is a separator; unknown before it was read.
    is_packed: Option<bool>,
    /// Whether the next piece begins a line.
    begins: bool,
    removes: bool,
    removed: u64,
    piece: Vec<u8>,
    read: usize,
}

impl<'a, R: BufRead> Without<'a, R> {
    /// `input` without the files that `is_removed` names.
    pub fn new(input: R, is_removed: &'a dyn Fn(&str) -> bool) -> Self {
        Self {
            input,
            is_removed,
            is_packed: None,
            begins: true,
            removes: false,
            removed: 0,
            piece: Vec::new(),
            read: 0,
        }
    }

    /// How many files were taken out so far.
    pub fn removed(&self) -> u64 {
        self.removed
    }

    /// Reads the next piece that stays; tells whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            self.piece.clear();
            self.read = 0;
            let mut line = (&mut self.input).take(SEPARATOR_BYTES_MAX);
            if line.read_until(b'\n', &mut self.piece)? == 0 {
                return Ok(false);
            }
            let path = self
                .piece
                .strip_suffix(b"\n")
                .and_then(|line| line.strip_prefix(OPEN)?.strip_suffix(CLOSE))
                .filter(|_| self.begins);
            let is_packed = *self.is_packed.get_or_insert(path.is_some());
            if let Some(path) = path.filter(|_| is_packed) {
                self.removes = (self.is_removed)(&String::from_utf8_lossy(path));
                self.removed += u64::from(self.removes);
            }
            self.begins = self.piece.ends_with(b"\n");
            if !self.removes {
                return Ok(true);
            }
        }
    }
}

impl<R: BufRead> io::Read for Without<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() && !self.next()? {
            return Ok(0);
        }
        let mut rest = self.piece.get(self.read..).unwrap_or_default();
        let n = rest.read(buf)?;
        self.read += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_content_survives() {
        let mut out = Vec::new();
        let nasty: &[u8] = b"==> proc/1/comm <==\n===> x <==\n==/ no newline at end\nend";
        push(&mut out, "proc/7/comm", nasty);
        push(&mut out, "proc/8/comm", b"");
        push(&mut out, "proc/9/cmdline", b"a\0b\0");
        let files = split(&out);
        let paths: Vec<_> = files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["proc/7/comm", "proc/8/comm", "proc/9/cmdline"]);
        assert_eq!(files[0].content, nasty);
        assert_eq!(files[1].content, b"");
        assert_eq!(files[2].content, b"a\0b\0");
        assert_eq!(files[0].first_line, 2);
    }

    #[test]
    fn files_are_left_out_whole() {
        let mut entry = Vec::new();
        let long = [b"x=".repeat(9000), b"\n==> proc/8/comm <==\n".to_vec()].concat();
        push(&mut entry, "proc/7/cmdline", &long);
        push(&mut entry, "proc/8/cmdline", b"a\0b");
        push(&mut entry, "proc/9/cmdline", b"c");
        let without = |entry: &[u8], path: &str| {
            let is_removed = |file: &str| file == path;
            let mut rest = Without::new(entry, &is_removed);
            let mut out = Vec::new();
            rest.read_to_end(&mut out).unwrap();
            (out, rest.removed())
        };
        let (out, removed) = without(&entry, "proc/8/cmdline");
        let files = split(&out);
        assert_eq!(removed, 1);
        assert_eq!((files.len(), files[1].content.as_slice()), (2, &b"c"[..]));
        assert!(files[0].content == long);
        // A log that quotes a separator is no packed entry.
        let log = b"line\n==> proc/7/cmdline <==\n";
        assert_eq!(without(log, "proc/7/cmdline"), (log.to_vec(), 0));
    }

    proptest! {
        #[test]
        fn any_content_survives(contents in prop::collection::vec("[=>/ \n<a]{0,40}", 1..6)) {
            let mut out = Vec::new();
            for (i, content) in contents.iter().enumerate() {
                push(&mut out, &format!("proc/{i}/x"), content.as_bytes());
            }
            let back: Vec<_> = split(&out).into_iter().map(|f| f.content).collect();
            let want: Vec<_> = contents.iter().map(|c| c.as_bytes().to_vec()).collect();
            prop_assert_eq!(back, want);
        }
    }
}
