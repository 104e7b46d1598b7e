//! Where the bundle goes: `FILE.partial` until it is whole, or standard output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsRawFd as _;
use std::path::Path;

use oomscene_bundle::Error;

use crate::collect::{collect, host};
use crate::handover::encrypt::Sealed;
use crate::interrupt::Backstop;
use crate::plan::Plan;
use crate::space;
use crate::summary::Summary;

pub mod partial;

/// Bytes written at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Share of a nearly full disk that a bundle leaves to the machine, in percent.
const LEFT_PERCENT: u64 = 10;

/// Collects into `path`. Until the bundle is whole it is called `path.partial`; what was written
/// before an error stays there and is readable.
///
/// # Errors
/// The file cannot be written, or the machine's root cannot be opened.
pub fn to_file(path: &Path, plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Summary, Error> {
    let _backstop = Backstop::set(plan.deadline);
    // Before the file, so that a wrong root leaves none behind.
    let host = host(plan)?;
    let partial = partial::name(path);
    let shown = partial.display().to_string();
    let (file, earlier) = partial::create(&partial).map_err(|error| Error::io(&shown, error))?;
    let mut plan = plan.clone();
    // A bundle that ends in time with the most valuable is better than one torn by a full disk.
    if let Some(free) = space::free_bytes(&file) {
        let fits = free / 100 * (100 - LEFT_PERCENT);
        plan.bytes_max = Some(plan.bytes_max.map_or(fits, |asked| asked.min(fits)));
    }
    let disk = BufWriter::with_capacity(CHUNK_BYTES, Disk(file));
    let sealed = Sealed::over(disk, &plan.recipients).map_err(|error| Error::io(&shown, error))?;
    let (sealed, mut summary) = collect(sealed, host, &plan, progress)?;
    let done = || -> io::Result<File> {
        let Disk(file) = sealed.finish()?.into_inner()?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        sync_folder(path);
        Ok(file)
    };
    let file = done().map_err(|error| Error::io(&shown, error))?;
    summary.earlier = earlier;
    summary.bytes = file.metadata().map_or(0, |metadata| metadata.len());
    // The operator must find it again from another folder.
    summary.path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(summary)
}

/// A new name is on the disk only when its folder is. A file system that cannot do it loses nothing
/// else.
fn sync_folder(path: &Path) {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// A file whose flush starts the writing to the disk, without waiting for it: after a power cut the
/// rooms before the last one are there, and a slow disk does not hold the collection up.
#[derive(Debug)]
struct Disk(File);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        start_writing(&self.0);
        Ok(())
    }
}

#[expect(unsafe_code, reason = "sync_file_range(2) has no safe wrapper")]
fn start_writing(file: &File) {
    // SAFETY: an open file and three numbers; no memory is touched. A refusal costs only the head
    // start.
    unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
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
    let _backstop = Backstop::set(plan.deadline);
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
