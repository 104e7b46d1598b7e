//! Where a bundle fits when the chosen place is full: file systems of this machine with room.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::Access;

use crate::capture::protocol::{Request, What};
use crate::capture::reader::Reader;
use crate::host::Door;
use crate::probe::mounts;
use crate::summary;

/// Types of file systems on disks. A bundle in tmpfs would take the memory that is missing.
const DISKS: &[&str] = &["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "zfs"];
/// Folders for files that outlive the program, tried when a mount point itself is not writable or is
/// the root folder.
const FOLDERS: &[&str] = &["var/tmp", "tmp", "home", "root"];
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// Less than this is no better place.
const LEAST_BYTES: u64 = 32 << 20;

/// Advice for a full disk at `full`.
#[must_use]
pub fn advice(full: &Path) -> String {
    match best(full) {
        Some((folder, bytes)) => format!(
            "the disk is full; {} has {} free: oomscene-collect -o {}",
            folder.display(),
            summary::size(bytes),
            folder.join("").display()
        ),
        None => "the disk is full and no other has room: write to another machine with \
                 ssh HOST oomscene-collect -o - > scene.tar.gz"
            .to_owned(),
    }
}

/// Bytes that a user may still write to the file system of an open file.
#[must_use]
pub fn free_bytes(file: &std::fs::File) -> Option<u64> {
    let stat = rustix::fs::fstatvfs(file).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The writable folder on another disk with the most room.
fn best(full: &Path) -> Option<(PathBuf, u64)> {
    let mut table = Vec::new();
    let door = Door::new(Path::new("/")).ok()?;
    door.read_into("proc/self/mountinfo", 4 * 1024 * 1024, &mut table)
        .ok()?;
    let reader = Reader::start(Path::new("/"), Instant::now() + 4 * PATIENCE);
    let avoided = device(full);
    let text = String::from_utf8_lossy(&table);
    let mut found: Option<(PathBuf, u64)> = None;
    for mount in text.lines().filter_map(mounts::parse) {
        if mount.read_only || !DISKS.contains(&mount.kind.as_str()) {
            continue;
        }
        // statfs of a dying disk hangs, so it is left to a process that can be left behind.
        let request = Request::new(What::Space, mount.point.as_str(), 100);
        let Some(bytes) = reader.ask(request, PATIENCE).ok().and_then(|t| free(&t)) else {
            continue;
        };
        if bytes < LEAST_BYTES || found.as_ref().is_some_and(|(_, most)| *most >= bytes) {
            continue;
        }
        let point = Path::new("/").join(&mount.point);
        if let Some(folder) = writable(&point).filter(|folder| device(folder) != avoided) {
            found = Some((folder, bytes));
        }
    }
    found
}

fn writable(point: &Path) -> Option<PathBuf> {
    let inner = FOLDERS.iter().map(|folder| point.join(folder));
    let outer = (point != Path::new("/")).then(|| point.to_owned());
    let may = |folder: &PathBuf| {
        folder.is_dir() && rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    };
    // A folder below may be another file system.
    let same = |folder: &PathBuf| device(folder) == device(point);
    outer.into_iter().chain(inner).find(|f| may(f) && same(f))
}

/// Device number of the nearest folder that exists.
fn device(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let folder = path.ancestors().find(|folder| folder.is_dir())?;
    Some(rustix::fs::stat(folder).ok()?.st_dev)
}

/// Free bytes for a user, from the reader's `block size, blocks, free, available`.
fn free(text: &[u8]) -> Option<u64> {
    let mut words = std::str::from_utf8(text).ok()?.split(' ');
    let block: u64 = words.next()?.parse().ok()?;
    let available: u64 = words.nth(2)?.parse().ok()?;
    block.checked_mul(available)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_reader() {
        assert_eq!(free(b"4096 100 50 40"), Some(163_840));
        assert_eq!(free(b"torn"), None);
    }
}
