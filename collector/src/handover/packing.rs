//! The last step of a collection: checksum beside the bundle, then parts if they were asked for.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{checksum, split};

/// What was made of a finished bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The file with the checksum of the whole bundle.
    pub checksum: PathBuf,
    /// The parts, when there are any.
    pub parts: Option<split::Parts>,
}

/// Writes the checksum of the bundle at `path` beside it and cuts it into parts of `split_bytes`.
///
/// # Errors
/// The disk refuses; the bundle is whole then.
pub fn pack(path: &Path, split_bytes: Option<u64>) -> io::Result<Delivery> {
    let sum = checksum::of(path)?;
    let checksum = checksum::write(path, ".sha256", &[sum])?;
    let parts = split_bytes
        .map(|bytes| split::split(path, bytes))
        .transpose()?;
    Ok(Delivery { checksum, parts })
}

impl Delivery {
    /// Tells how to join the parts; one file needs no words.
    ///
    /// # Errors
    /// As `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(parts) = &self.parts else {
            return Ok(());
        };
        if let (Some(first), Some(last)) = (parts.paths.first(), parts.paths.last()) {
            writeln!(
                out,
                "parts    {}: {} … {}",
                parts.paths.len(),
                first.display(),
                checksum::name_of(last)
            )?;
        }
        writeln!(out, "join     {}", parts.join)
    }
}

/// `path` with `ending` behind its name.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Writes a small file for its owner only.
///
/// # Errors
/// The disk refuses.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
