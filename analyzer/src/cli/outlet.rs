//! Where results go: the files of a report, or standard output. A closed pipe is no error.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::Failure;
use crate::{
    report::{self, Format, View},
    words::Lang,
};

/// Where the report goes.
#[derive(Debug)]
pub enum Place {
    /// Files in a folder.
    Folder(PathBuf),
    /// One format on standard output.
    Stream,
}

/// Files that were written.
#[derive(Debug, Default)]
pub struct Written(pub Vec<PathBuf>);

impl Place {
    /// The place that `-o` and `--format` name.
    ///
    /// # Errors
    ///
    /// When several formats would be mixed on standard output.
    pub fn of(output: &Path, formats: &[&Format]) -> Result<Self, Failure> {
        if output != Path::new("-") {
            return Ok(Self::Folder(output.to_owned()));
        }
        match formats {
            [_] => Ok(Self::Stream),
            _ => {
                let names: Vec<&str> = report::FORMATS.iter().map(|f| f.name).collect();
                Err(Failure::Usage(format!(
                    "standard output takes one format, not {}; add --format with one of {}",
                    formats.len(),
                    names.join(", ")
                )))
            }
        }
    }
}

/// Formats by name, each once, in the order of the table.
pub(super) fn formats(names: &[String]) -> Vec<&'static Format> {
    report::FORMATS
        .iter()
        .filter(|f| names.iter().any(|n| n == f.name))
        .collect()
}

/// Draws the formats into a folder, which is made when it is not there.
pub(super) fn write(
    view: &View,
    formats: &[&Format],
    folder: &Path,
    lang: Lang,
) -> Result<Written, Failure> {
    make(folder)?;
    let mut written = Written::default();
    for format in formats {
        let drawn = report::render(view, format, lang)?;
        let path = folder.join(format.file);
        std::fs::write(&path, drawn).map_err(|error| unwritable(&path, &error))?;
        written.0.push(path);
    }
    Ok(written)
}

/// Makes a folder if it is not there.
pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Internal(format!(
        "cannot write {}: {error}; choose another folder with -o DIR",
        path.display()
    ))
}

/// Writes to a stream whose reader may have gone (`| head`).
pub(super) fn say(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    said(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// A reader that goes away is no failure.
pub(super) fn said(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Internal(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}
