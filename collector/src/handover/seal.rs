//! Encrypts a finished bundle, after its owner has looked at it.

use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::encrypt::{Recipient, Sealed};
use super::packing::beside;
use super::remove;

/// Encrypts the bundle at `path` to `path.age` and tells where it is; without recipients the bundle
/// stays as it is.
///
/// # Errors
/// It is encrypted already, it cannot be read, or the disk refuses.
pub fn seal(path: &Path, recipients: &[Recipient]) -> io::Result<PathBuf> {
    let mut bundle = remove::open(path).map_err(io::Error::other)?;
    if recipients.is_empty() {
        return Ok(path.to_owned());
    }
    let to = beside(path, ".age");
    let partial = beside(&to, ".partial");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    let mut sealed = Sealed::over(BufWriter::new(file), recipients)?;
    io::copy(&mut bundle, &mut sealed)?;
    sealed.finish()?.into_inner()?.sync_all()?;
    std::fs::rename(&partial, &to)?;
    Ok(to)
}
