//! Takes entries out of a bundle into a new one; the ledger says who took them out.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use oomscene_bundle::edit::{self, Removed};
use oomscene_bundle::{Error, Kind};

use super::packing::beside;
use super::pattern::Pattern;

/// What an age file begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// Opens a bundle for reading; one that is encrypted is refused with what to do.
///
/// # Errors
/// It cannot be opened, or it is encrypted.
pub fn open(path: &Path) -> Result<BufReader<File>, Error> {
    let shown = path.display().to_string();
    let read = || -> io::Result<(File, Vec<u8>)> {
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        (&mut file).take(AGE.len() as u64).read_to_end(&mut head)?;
        io::Seek::rewind(&mut file)?;
        Ok((file, head))
    };
    let (file, head) = read().map_err(|error| Error::io(&shown, error))?;
    if head == AGE {
        return Err(Error::new(
            Kind::NotABundle,
            shown,
            "it is encrypted; only its recipient can open it. To check a bundle before it leaves: \
             collect with --no-encrypt, then show, remove, and seal",
        ));
    }
    Ok(BufReader::new(file))
}

/// Copies the bundle at `from` to `to` without what fits one of `patterns`. Until the copy is whole
/// it is called `to.partial`.
///
/// # Errors
/// `from` is no bundle, nothing fits, or `to` cannot be written.
pub fn remove(from: &Path, to: &Path, patterns: &[Pattern]) -> Result<Removed, Error> {
    let shown = to.display().to_string();
    let at_output = |error| Error::io(&shown, error);
    // Says what is wrong with the input before there is an output.
    drop(open(from)?);
    let partial = beside(to, ".partial");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(at_output)?;
    let written = edit::without(
        &mut || File::open(from).map(BufReader::new),
        BufWriter::new(file),
        &|path| patterns.iter().any(|pattern| pattern.matches(path)),
    )
    .and_then(|(out, removed)| {
        if removed.entries.is_empty() && removed.reduced.is_empty() {
            return Err(Error::new(
                Kind::Order,
                from.display().to_string(),
                "nothing in it fits; `oomscene-collect show` prints the names",
            ));
        }
        let file = out
            .into_inner()
            .map_err(|error| at_output(error.into_error()))?;
        file.sync_all().map_err(at_output)?;
        std::fs::rename(&partial, to).map_err(at_output)?;
        Ok(removed)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// Name of the copy: `scene.tar.gz` becomes `scene-reduced.tar.gz`.
#[must_use]
pub fn reduced_name(path: &Path) -> PathBuf {
    let name = super::checksum::name_of(path);
    let stem = name.strip_suffix(".tar.gz").unwrap_or(&name);
    path.with_file_name(format!("{stem}-reduced.tar.gz"))
}

/// Tells what was taken out and where the rest is.
///
/// # Errors
/// As `out`.
pub fn tell(removed: &Removed, from: &Path, to: &Path, out: &mut dyn Write) -> io::Result<()> {
    for entry in &removed.entries {
        writeln!(out, "removed  {entry}")?;
    }
    for (entry, files) in &removed.reduced {
        writeln!(out, "removed  {} in {entry}", edit::counted(*files))?;
    }
    writeln!(out, "bundle   {}", to.display())?;
    if from != to {
        writeln!(out, "note     {} still holds all", from.display())?;
    }
    Ok(())
}
