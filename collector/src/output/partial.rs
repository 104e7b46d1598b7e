//! The file of a bundle that is not whole yet. What an earlier run left under this name is the evidence
//! of a machine that killed it: it is never overwritten.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// Most earlier runs whose files are kept under numbers of their own; a later one takes the last number.
const KEPT_MAX: u32 = 9;

/// The name of a bundle that is not whole yet.
#[must_use]
pub fn name(path: &Path) -> PathBuf {
    with_ending(path, ".partial")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Creates the file `partial`. Tells under which name the file of an earlier run was kept.
///
/// # Errors
/// It cannot be created, or another collector is writing it now.
pub fn create(partial: &Path) -> io::Result<(File, Option<PathBuf>)> {
    let (file, earlier) = match create_new(partial) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let earlier = keep_earlier(partial)?;
            (create_new(partial)?, earlier)
        }
        made => (made?, None),
    };
    // So that a second collector notices; a file system without locks has no such notice.
    let _ = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
    Ok((file, earlier))
}

/// A link that somebody put there is not followed.
fn create_new(partial: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        // Evidence is for its owner only.
        .mode(0o600)
        .open(partial)
}

fn keep_earlier(partial: &Path) -> io::Result<Option<PathBuf>> {
    let about = fs::symlink_metadata(partial)?;
    if about.is_dir() {
        return Err(Errno::ISDIR.into());
    }
    if about.is_file() {
        let file = File::open(partial)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            == Err(Errno::WOULDBLOCK)
        {
            let words = "another oomscene-collect is writing it now; choose another place with -o";
            return Err(io::Error::other(words));
        }
        if about.len() == 0 {
            fs::remove_file(partial)?;
            return Ok(None);
        }
    }
    let numbered = |number: u32| with_ending(partial, &format!(".{number}"));
    let free = (1..KEPT_MAX)
        .map(numbered)
        .find(|path| fs::symlink_metadata(path).is_err());
    let kept = free.unwrap_or_else(|| numbered(KEPT_MAX));
    fs::rename(partial, &kept)?;
    Ok(Some(std::path::absolute(&kept).unwrap_or(kept)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn text(path: &Path) -> String {
        let mut text = String::new();
        File::open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn earlier_runs_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let partial = name(&folder.path().join("x"));
        for number in 0..12 {
            let (mut file, earlier) = create(&partial).unwrap();
            write!(file, "{number}").unwrap();
            assert_eq!(earlier.is_some(), number > 0);
        }
        assert_eq!(text(&partial), "11");
        assert_eq!(text(&with_ending(&partial, ".1")), "0");
        assert_eq!(text(&with_ending(&partial, ".8")), "7");
        assert_eq!(text(&with_ending(&partial, ".9")), "10");
    }

    #[test]
    fn empty_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let partial = name(&folder.path().join("x"));
        drop(create(&partial).unwrap());
        assert_eq!(create(&partial).unwrap().1, None);
    }

    #[test]
    fn two_at_once_are_refused_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let partial = name(&folder.path().join("x"));
        let running = create(&partial).unwrap();
        let error = create(&partial).unwrap_err();
        assert!(
            error.to_string().contains("another oomscene-collect"),
            "{error}"
        );
        drop(running);
        fs::remove_file(&partial).unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, "p").unwrap();
        std::os::unix::fs::symlink(&precious, &partial).unwrap();
        let (mut file, _) = create(&partial).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(text(&precious), "p");
    }
}
