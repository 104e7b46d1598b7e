//! Reads a folder: bounded, in a fixed order, following no link and opening nothing but files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use oomscene_bundle::{Header, Line, Outcome, layout, limits};

use super::{File, Input, IntakeError, archive};

/// Largest sum of all files of a folder in bytes: they are held in memory together.
const FOLDER_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Deepest folder that is entered. `/sys` on a real machine is less deep.
const DEPTH_MAX: usize = 32;

struct Walk {
    files: Vec<File>,
    notes: Vec<Line>,
    bytes: u64,
}

pub(super) fn open(name: &str, root: &Path) -> Result<Input, IntakeError> {
    let mut walk = Walk {
        files: Vec::new(),
        notes: Vec::new(),
        bytes: 0,
    };
    let root = only_folder(root);
    let entries = std::fs::read_dir(&root).map_err(|e| IntakeError::io(name, &e))?;
    drop(entries);
    walk.enter(&root, "", 0);
    if walk.files.is_empty() {
        let what = "the folder has no readable file";
        let remedy = "give the folder that holds `proc`, `var` or `header.json`";
        return Err(IntakeError::new(name, what, remedy));
    }
    refuse_newer(name, &walk.files)?;
    let mut input = Input::from_files(name, walk.files);
    input.ledger.append(&mut walk.notes);
    Ok(input)
}

/// An archive that was unpacked into a folder of its own has one top folder: its content counts.
fn only_folder(root: &Path) -> PathBuf {
    let Ok(entries) = std::fs::read_dir(root) else {
        return root.to_owned();
    };
    let entries: Vec<_> = entries.flatten().take(2).collect();
    match entries.as_slice() {
        [one] if one.file_type().is_ok_and(|t| t.is_dir()) && !mirrors(&one.path()) => one.path(),
        _ => root.to_owned(),
    }
}

/// Whether the folder's name is one of the machine's own, so that it belongs to the path.
fn mirrors(path: &Path) -> bool {
    const TOP: [&str; 9] = [
        "proc", "sys", "etc", "var", "scene", "run", "boot", "dev", "usr",
    ];
    path.file_name()
        .is_some_and(|n| TOP.iter().any(|t| n == *t))
}

fn refuse_newer(name: &str, files: &[File]) -> Result<(), IntakeError> {
    let Some(header) = files.iter().find(|f| f.path == layout::HEADER) else {
        return Ok(());
    };
    let Ok(header) = serde_json::from_slice::<Header>(&header.content) else {
        return Ok(());
    };
    if header.format_version > layout::FORMAT_VERSION {
        let what = format!(
            "format {}; this program reads format {}",
            header.format_version,
            layout::FORMAT_VERSION
        );
        return Err(IntakeError::new(name, what, "use a newer oomscene-analyze"));
    }
    Ok(())
}

impl Walk {
    fn enter(&mut self, folder: &Path, prefix: &str, depth: usize) {
        if depth > DEPTH_MAX {
            self.note(
                prefix,
                Outcome::Skipped,
                format!("deeper than {DEPTH_MAX} folders"),
            );
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fail(prefix, &error),
        };
        let mut names: Vec<_> = entries.flatten().map(|e| e.file_name()).collect();
        names.sort();
        for name in names {
            let path = if prefix.is_empty() {
                name.to_string_lossy().into_owned()
            } else {
                format!("{prefix}/{}", name.to_string_lossy())
            };
            let place = folder.join(&name);
            match std::fs::symlink_metadata(&place) {
                Ok(meta) if meta.is_dir() => self.enter(&place, &path, depth + 1),
                Ok(meta) if meta.is_file() => self.take(&place, path),
                Ok(meta) if meta.is_symlink() => {
                    self.note(
                        &path,
                        Outcome::Skipped,
                        "it is a link; links are not followed",
                    );
                }
                Ok(_) => self.note(&path, Outcome::Skipped, "it is not a regular file"),
                Err(error) => self.fail(&path, &error),
            }
        }
    }

    fn take(&mut self, place: &Path, path: String) {
        if self.files.len() >= limits::ENTRIES_MAX {
            let reason = format!("more than {} files in the folder", limits::ENTRIES_MAX);
            return self.note(&path, Outcome::Skipped, reason);
        }
        let cap = limits::ENTRY_BYTES_MAX.min(FOLDER_BYTES_MAX.saturating_sub(self.bytes));
        if cap == 0 {
            let reason = format!("more than {FOLDER_BYTES_MAX} bytes in the folder");
            return self.note(&path, Outcome::Skipped, reason);
        }
        let mut content = Vec::new();
        let read = std::fs::File::open(place)
            .and_then(|file| file.take(cap + 1).read_to_end(&mut content));
        if let Err(error) = read {
            return self.fail(&path, &error);
        }
        if content.len() as u64 > cap {
            content.truncate(usize::try_from(cap).unwrap_or(usize::MAX));
            let reason = format!("longer than {cap} bytes; the rest was not read");
            self.note(&path, Outcome::Truncated, reason);
        }
        if content.starts_with(b"\x1F\x8B")
            && let Some(text) = self.unpack(&content, &path, cap)
        {
            content = text;
        }
        self.bytes += content.len() as u64;
        self.files.push(File { path, content });
    }

    /// A rotated log lies there packed.
    fn unpack(&mut self, content: &[u8], path: &str, cap: u64) -> Option<Vec<u8>> {
        if !matches!(archive::recognise(content), archive::Shape::GzippedText) {
            return None;
        }
        let mut text = Vec::new();
        let read = archive::unpack(content).take(cap).read_to_end(&mut text);
        if let Err(error) = read {
            self.note(path, Outcome::Truncated, error.to_string());
        } else if text.len() as u64 == cap {
            self.note(
                path,
                Outcome::Truncated,
                format!("longer than {cap} bytes unpacked; the rest was not read"),
            );
        }
        Some(text)
    }

    fn fail(&mut self, path: &str, error: &std::io::Error) {
        let outcome = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Outcome::Denied,
            std::io::ErrorKind::NotFound => Outcome::Absent,
            _ => Outcome::Failed,
        };
        self.note(path, outcome, error.to_string());
    }

    fn note(&mut self, path: &str, outcome: Outcome, reason: impl Into<String>) {
        let mut line = Line::new(path, path, outcome);
        line.reason = reason.into();
        self.notes.push(line);
    }
}
