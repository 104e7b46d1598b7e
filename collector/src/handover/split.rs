//! Cuts a finished bundle into parts that fit through a mail gateway, on a disk that is nearly full.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::checksum::{self, Sum};
use super::packing::{beside, write_new};

/// Most parts: their numbers have three digits.
const PARTS_MAX: u64 = 1000;

/// The parts of a bundle, in order, and the files that say how to join them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The parts.
    pub paths: Vec<PathBuf>,
    /// One line that joins them in a shell.
    pub join: String,
    /// The text beside them.
    pub how: PathBuf,
}

/// Cuts `path` into parts of `part_bytes`. From behind, each part is copied, synced and only then
/// cut off, so that this needs room for one part and an end at any moment loses nothing: the rest
/// of the bundle followed by the parts is the bundle.
///
/// # Errors
/// There would be too many parts, a part is there already, or the disk refuses.
pub fn split(path: &Path, part_bytes: u64) -> io::Result<Parts> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let bytes = file.metadata()?.len();
    let part_bytes = part_bytes.max(1);
    let count = bytes.div_ceil(part_bytes).max(1);
    if count > PARTS_MAX {
        let least = bytes.div_ceil(PARTS_MAX);
        return Err(io::Error::other(format!(
            "{count} parts are too many; --split takes {least} bytes or more for this bundle"
        )));
    }
    for number in 0..PARTS_MAX {
        let part = part_name(path, number);
        if std::fs::symlink_metadata(&part).is_ok() {
            // `cat` with a pattern would take it for a part of this bundle.
            return Err(io::Error::other(format!(
                "{} is there already: move it away",
                part.display()
            )));
        }
    }
    let mut parts: Vec<(PathBuf, Sum)> = Vec::new();
    for number in (1..count).rev() {
        parts.push(cut_off(&file, path, number, number * part_bytes)?);
    }
    drop(file);
    let first = part_name(path, 0);
    std::fs::rename(path, &first)?;
    let sum = checksum::of(&first)?;
    parts.push((first, sum));
    parts.reverse();
    let (paths, sums): (Vec<PathBuf>, Vec<Sum>) = parts.into_iter().unzip();
    checksum::write(path, ".parts.sha256", &sums)?;
    let how = beside(path, ".join.txt");
    write_new(&how, text(path, &sums).as_bytes())?;
    Ok(Parts {
        paths,
        join: join(path),
        how,
    })
}

/// Copies what lies behind `from` into part `number` and cuts it off.
fn cut_off(mut file: &File, path: &Path, number: u64, from: u64) -> io::Result<(PathBuf, Sum)> {
    let name = part_name(path, number);
    let unfinished = beside(&name, ".partial");
    let mut copied = || -> io::Result<String> {
        let mut part = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.seek(SeekFrom::Start(from))?;
        let sum = checksum::copy(&mut file, u64::MAX, &mut part)?;
        part.sync_all()?;
        Ok(sum)
    };
    let sha256 = copied().inspect_err(|_| {
        let _ = std::fs::remove_file(&unfinished);
    })?;
    std::fs::rename(&unfinished, &name)?;
    file.set_len(from)?;
    file.sync_all()?;
    let sum = Sum {
        name: checksum::name_of(&name),
        sha256,
    };
    Ok((name, sum))
}

fn part_name(path: &Path, number: u64) -> PathBuf {
    beside(path, &format!(".{number:03}"))
}

/// One line for a POSIX shell in the folder of the parts.
fn join(path: &Path) -> String {
    let name = quoted(&checksum::name_of(path));
    format!("cat {name}.[0-9][0-9][0-9] > {name}")
}

/// Single quotes, when the shell would take something in `name` for its own.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+,@%=".contains(c);
    if !name.starts_with('-') && name.chars().all(plain) {
        name.to_owned()
    } else {
        let name = if name.starts_with('-') {
            format!("./{name}")
        } else {
            name.to_owned()
        };
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

fn text(path: &Path, sums: &[Sum]) -> String {
    let name = checksum::name_of(path);
    let shell = quoted(&name);
    let windows: Vec<String> = sums.iter().map(|sum| format!("\"{}\"", sum.name)).collect();
    format!(
        "This bundle has {} parts. Put them into one folder and join them there.\n\n\
         Linux, macOS:  {}\n\
         Windows:       copy /b {} \"{name}\"\n\n\
         Check the parts:  sha256sum -c {shell}.parts.sha256\n\
         Check the whole:  sha256sum -c {shell}.sha256\n",
        sums.len(),
        join(path),
        windows.join("+"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_the_shell() {
        assert_eq!(quoted("a-1.tar.gz"), "a-1.tar.gz");
        assert_eq!(quoted("it's $x"), "'it'\\''s $x'");
        assert_eq!(quoted("-rf"), "'./-rf'");
    }

    #[test]
    fn too_many_parts_and_parts_of_another_bundle_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b");
        std::fs::write(&path, vec![7; 5000]).unwrap();
        let error = split(&path, 4).unwrap_err().to_string();
        assert!(
            error.contains("1250 parts") && error.contains("5 bytes or more"),
            "{error}"
        );
        std::fs::write(folder.path().join("b.700"), "").unwrap();
        let error = split(&path, 1000).unwrap_err().to_string();
        assert!(error.contains("b.700 is there already"), "{error}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 5000);
    }
}
