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
