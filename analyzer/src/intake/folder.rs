//! Reads a folder: bounded, in a fixed order, following no link and opening nothing but files.

use std::path::{Path, PathBuf};

use oomscene_bundle::{Header, Outcome, layout};

use super::shelf::Shelf;
use super::{File, Input, IntakeError};

/// Deepest folder that is entered. `/sys` on a real machine is less deep.
const DEPTH_MAX: usize = 32;

struct Walk {
    shelf: Shelf,
}

pub(super) fn open(name: &str, root: &Path) -> Result<Input, IntakeError> {
    let mut walk = Walk {
        shelf: Shelf::default(),
    };
    let root = only_folder(root);
    let entries = std::fs::read_dir(&root).map_err(|e| IntakeError::io(name, &e))?;
    drop(entries);
    walk.enter(&root, "", 0);
    let mut shelf = walk.shelf;
    if shelf.files.is_empty() {
        let what = "the folder has no readable file";
        let remedy = "give the folder that holds `proc`, `var` or `header.json`";
        return Err(IntakeError::new(name, what, remedy));
    }
    refuse_newer(name, &shelf.files)?;
    let mut input = Input::from_files(name, shelf.files);
    input.ledger.append(&mut shelf.notes);
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
    path.file_name()
        .is_some_and(|n| is_of_machine(&n.to_string_lossy()))
}

/// Whether a folder of this name lies at the root of a machine.
pub(super) fn is_of_machine(name: &str) -> bool {
    const TOP: [&str; 9] = [
        "proc", "sys", "etc", "var", "scene", "run", "boot", "dev", "usr",
    ];
    TOP.contains(&name)
}

/// A header of a format that is not known yet.
pub(super) fn refuse_newer(name: &str, files: &[File]) -> Result<(), IntakeError> {
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
            self.shelf.note(
                prefix,
                Outcome::Skipped,
                format!("deeper than {DEPTH_MAX} folders"),
            );
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.shelf.fail(prefix, &error),
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
                Ok(meta) if meta.is_file() => self.shelf.take(path, || std::fs::File::open(&place)),
                Ok(meta) if meta.is_symlink() => {
                    self.shelf.note(
                        &path,
                        Outcome::Skipped,
                        "it is a link; links are not followed",
                    );
                }
                Ok(_) => self
                    .shelf
                    .note(&path, Outcome::Skipped, "it is not a regular file"),
                Err(error) => self.shelf.fail(&path, &error),
            }
        }
    }
}
