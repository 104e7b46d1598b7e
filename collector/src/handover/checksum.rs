//! SHA-256 of files, in the lines that `sha256sum -c` reads.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use oomscene_bundle::Sha256Sum;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file and its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Name without folder: the checksum file lies beside it.
    pub name: String,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Sum {
    /// The line that `sha256sum -c` reads. A name with a backslash or a newline is escaped, and a
    /// backslash before the sum says so (coreutils manual, `md5sum invocation`).
    #[must_use]
    pub fn line(&self) -> String {
        let escaped = self
            .name
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        let mark = if escaped == self.name { "" } else { "\\" };
        format!("{mark}{}  {escaped}\n", self.sha256)
    }
}

/// Name of `path` without its folder.
#[must_use]
pub fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Checksum of the file at `path`.
///
/// # Errors
/// The file cannot be read.
pub fn of(path: &Path) -> io::Result<Sum> {
    let mut file = File::open(path)?;
    let sha256 = copy(&mut file, u64::MAX, &mut io::sink())?;
    // What was read once more only for this does not push anything out of memory.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    Ok(Sum {
        name: name_of(path),
        sha256,
    })
}

/// Copies at most `bytes_max` bytes and tells their checksum.
///
/// # Errors
/// As `from` and `to`.
pub fn copy(from: &mut dyn Read, bytes_max: u64, to: &mut dyn Write) -> io::Result<String> {
    let mut from = from.take(bytes_max);
    let mut sum = Sha256Sum::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let got = match from.read(&mut chunk) {
            Ok(0) => return Ok(sum.hex()),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = chunk.get(..got).unwrap_or_default();
        sum.update(bytes);
        to.write_all(bytes)?;
    }
}

/// Writes `sums` into `bundle` + `ending`, and tells where.
///
/// # Errors
/// The file cannot be written.
pub fn write(bundle: &Path, ending: &str, sums: &[Sum]) -> io::Result<PathBuf> {
    let mut text = String::new();
    for sum in sums {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}", sum.line());
    }
    let path = super::packing::beside(bundle, ending);
    super::packing::write_new(&path, text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_escaped() {
        let sum = |name: &str| Sum {
            name: name.to_owned(),
            sha256: "ab".to_owned(),
        };
        assert_eq!(sum("a b.gz").line(), "ab  a b.gz\n");
        assert_eq!(sum("a\\b\nc").line(), "\\ab  a\\\\b\\nc\n");
    }

    #[test]
    fn copies_exactly_so_many_bytes() {
        let mut out = Vec::new();
        let sum = copy(&mut &b"abcdef"[..], 3, &mut out).unwrap();
        assert_eq!(out, b"abc");
        // printf abc | sha256sum
        assert!(sum.starts_with("ba7816bf8f01cfea"), "{sum}");
    }
}
