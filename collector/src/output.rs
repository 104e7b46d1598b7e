//! Where the bundle goes: `FILE.partial` until it is whole, or standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use oomscene_bundle::Error;

use crate::collect::{collect, host};
use crate::handover::encrypt::Sealed;
use crate::plan::Plan;
use crate::summary::Summary;

/// Bytes written at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Collects into `path`. Until the bundle is whole it is called `path.partial`; what was written
/// before an error stays there and is readable.
///
/// # Errors
/// The file cannot be written, or the machine's root cannot be opened.
pub fn to_file(path: &Path, plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Summary, Error> {
    // Before the file, so that a wrong root leaves none behind.
    let host = host(plan)?;
    let partial = partial_name(path);
    let shown = partial.display().to_string();
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // Evidence is for its owner only.
        .mode(0o600)
        .open(&partial)
        .map_err(|error| Error::io(&shown, error))?;
    let file = BufWriter::with_capacity(CHUNK_BYTES, file);
    let sealed = Sealed::over(file, &plan.recipients).map_err(|error| Error::io(&shown, error))?;
    let (sealed, mut summary) = collect(sealed, host, plan, progress)?;
    let done = || -> io::Result<File> {
        let file = sealed.finish()?.into_inner()?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        Ok(file)
    };
    let file = done().map_err(|error| Error::io(&shown, error))?;
    summary.bytes = file.metadata().map_or(0, |metadata| metadata.len());
    // The operator must find it again from another folder.
    summary.path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(summary)
}

/// Collects into `out`, for example a pipe to another machine.
///
/// # Errors
/// `out` refuses, or the machine's root cannot be opened.
pub fn to_stream(
    out: &mut dyn Write,
    plan: &Plan,
    progress: &mut dyn FnMut(&str),
) -> Result<Summary, Error> {
    let host = host(plan)?;
    let counted = Counted { out, bytes: 0 };
    let counted = BufWriter::with_capacity(CHUNK_BYTES, counted);
    let sealed = Sealed::over(counted, &plan.recipients).map_err(|error| Error::io("", error))?;
    let (sealed, mut summary) = collect(sealed, host, plan, progress)?;
    let counted = sealed
        .finish()
        .map_err(|error| Error::io("", error))?
        .into_inner()
        .map_err(|error| Error::io("", error.into_error()))?;
    summary.bytes = counted.bytes;
    Ok(summary)
}

/// The name of a bundle that is not whole yet.
#[must_use]
pub fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
