//! Reads an archive that is not a bundle (a sosreport, a supportconfig, a folder that somebody
//! packed) as the folder that it would unpack to. Nothing is written and no link is followed.

use std::collections::BTreeSet;
use std::io::Read;

use oomscene_bundle::{Outcome, limits};

use super::shelf::Shelf;
use super::{Input, IntakeError, folder};

/// What one walk through an archive met.
#[derive(Default)]
struct Walk {
    shelf: Shelf,
    /// Links: path, and where it points to as a path in the archive.
    links: Vec<(String, String)>,
    /// The entry that was read last.
    last: String,
}

/// Opens the archive `name`, whose unpacked bytes are `stream`.
///
/// # Errors
/// An archive that holds no readable file.
pub(super) fn open(name: &str, stream: &mut dyn Read) -> Result<Input, IntakeError> {
    let mut walk = Walk::default();
    if let Err(error) = walk.go(stream) {
        let reason = format!("the archive ends or is damaged here: {error}");
        let last = std::mem::take(&mut walk.last);
        walk.shelf.note(&last, Outcome::Truncated, reason);
    }
    let mut shelf = walk.shelf;
    if shelf.files.is_empty() {
        let what = "the archive has no readable file";
        return Err(IntakeError::new(
            name,
            what,
            "copy it again, or unpack it and give the folder",
        ));
    }
    let top = top_folder(&shelf);
    for file in &mut shelf.files {
        file.path.drain(..top);
    }
    for note in &mut shelf.notes {
        let inner = note.path.get(top..).unwrap_or_default().to_owned();
        note.item.clone_from(&inner);
        note.path = inner;
    }
    folder::refuse_newer(name, &shelf.files)?;
    let mut input = Input::from_files(name, shelf.files);
    dangling(&walk.links, top, &mut input);
    input.ledger.append(&mut shelf.notes);
    Ok(input)
}

impl Walk {
    fn go(&mut self, stream: &mut dyn Read) -> std::io::Result<()> {
        // A bomb is no archive of evidence: what lies behind this is not read.
        let mut archive = tar::Archive::new(stream.take(limits::TOTAL_BYTES_MAX));
        for entry in archive.entries()? {
            let entry = entry?;
            let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let Some(path) = inside("", &raw) else {
                self.shelf
                    .note(&raw, Outcome::Skipped, "its path leads out of the archive");
                continue;
            };
            self.last.clone_from(&path);
            let kind = entry.header().entry_type();
            match kind {
                tar::EntryType::Regular
                | tar::EntryType::Continuous
                | tar::EntryType::GNUSparse => {
                    self.shelf.take(path, || Ok(entry));
                }
                tar::EntryType::Symlink | tar::EntryType::Link => {
                    let target = entry.link_name_bytes().unwrap_or_default();
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let from = match kind {
                        tar::EntryType::Symlink => path.rsplit_once('/').map_or("", |(dir, _)| dir),
                        _ => "",
                    };
                    let target = inside(from, &target).unwrap_or_default();
                    self.links.push((path, target));
                }
                tar::EntryType::Directory
                | tar::EntryType::XHeader
                | tar::EntryType::XGlobalHeader => {}
                _ => self
                    .shelf
                    .note(&path, Outcome::Skipped, "it is not a regular file"),
            }
        }
        Ok(())
    }
}

/// `path` as seen from the folder `from`, without `.` and `..`; `None` when it leads out.
fn inside(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Length of the one top folder of all files with its `/`; 0 when there is none, or when it is one
/// of the machine's own.
fn top_folder(shelf: &Shelf) -> usize {
    let mut tops = shelf.files.iter().map(|f| f.path.split_once('/'));
    let Some(Some((top, _))) = tops.next() else {
        return 0;
    };
    if folder::is_of_machine(top) || !tops.all(|other| other.is_some_and(|(t, _)| t == top)) {
        return 0;
    }
    top.len() + 1
}

/// Links to files that the archive holds lose nothing; the others are counted in one note.
fn dangling(links: &[(String, String)], top: usize, input: &mut Input) {
    let held: BTreeSet<&str> = input.files.iter().map(|f| f.path.as_str()).collect();
    let is_held = |target: &str| {
        let target = target.get(top..).unwrap_or_default();
        let folder = format!("{target}/");
        held.contains(target)
            || held
                .range(folder.as_str()..)
                .next()
                .is_some_and(|p| p.starts_with(&folder))
    };
    let lost: Vec<&str> = links
        .iter()
        .filter(|(_, target)| !is_held(target))
        .filter_map(|(path, _)| path.get(top..))
        .collect();
    let Some(first) = lost.first().copied().map(str::to_owned) else {
        return;
    };
    let reason = format!(
        "{} links point to what the archive does not hold",
        lost.len()
    );
    input.note(&first, Outcome::Skipped, reason);
}
