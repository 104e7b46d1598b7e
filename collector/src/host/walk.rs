//! Opens a path below a root folder on kernels without openat2(2): each link is followed by hand, so
//! that none leads out of the root.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

/// Most links on one path, as the kernel has it.
const LINKS_MAX: usize = 40;

/// Opens `path` below `root` with `flags`, as `RESOLVE_IN_ROOT` would.
///
/// # Errors
/// As openat2(2).
pub(super) fn open(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut todo: VecDeque<Vec<u8>> = names(path).collect();
    // Folders from the root down to where the walk is.
    let mut folders: Vec<OwnedFd> = Vec::new();
    let mut links = 0;
    while let Some(name) = todo.pop_front() {
        if name == b".." {
            folders.pop();
            continue;
        }
        let here = folders.last().map_or(root, |folder| folder.as_fd());
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = rustix::fs::openat(here, name.as_slice(), look, Mode::empty())?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&found)?.st_mode);
        if kind == FileType::Symlink {
            links += 1;
            if links > LINKS_MAX {
                return Err(Errno::LOOP);
            }
            let target = rustix::fs::readlinkat(here, name.as_slice(), Vec::new())?;
            let target = target.as_bytes();
            if target.starts_with(b"/") {
                folders.clear();
            }
            for name in names(target).collect::<Vec<_>>().into_iter().rev() {
                todo.push_front(name);
            }
        } else if todo.is_empty() {
            return rustix::fs::openat(
                here,
                name.as_slice(),
                flags | OFlags::NOFOLLOW,
                Mode::empty(),
            );
        } else {
            folders.push(found);
        }
    }
    let here = folders.last().map_or(root, |folder| folder.as_fd());
    rustix::fs::openat(here, c".", flags, Mode::empty())
}

fn names(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let names = path.split(|b| *b == b'/');
    names
        .filter(|name| !name.is_empty() && *name != b".")
        .map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_stay_below_the_root() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        fs::create_dir_all(root.join("usr/share")).unwrap();
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(root.join("usr/share/zone"), "inside").unwrap();
        fs::write(outer.path().join("secret"), "outside").unwrap();
        fs::write(root.join("secret"), "inside").unwrap();
        symlink("/usr/share/zone", root.join("etc/absolute")).unwrap();
        symlink("../usr/share/zone", root.join("etc/relative")).unwrap();
        symlink("../../../../secret", root.join("etc/out")).unwrap();
        symlink("/etc", root.join("usr/etc")).unwrap();
        symlink("circle", root.join("etc/circle")).unwrap();
        let jail =
            rustix::fs::open(&root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let read = |path: &str| {
            let file = open(jail.as_fd(), path.as_bytes(), OFlags::RDONLY)?;
            let mut text = String::new();
            std::io::Read::read_to_string(&mut fs::File::from(file), &mut text)
                .map_err(|_| Errno::IO)?;
            Ok(text)
        };
        for path in [
            "etc/absolute",
            "etc/relative",
            "etc/out",
            "usr/etc/absolute",
            "secret",
        ] {
            assert_eq!(read(path).as_deref(), Ok("inside"), "{path}");
        }
        assert_eq!(read("etc/circle"), Err(Errno::LOOP));
        assert_eq!(read("etc/nothing"), Err(Errno::NOENT));
        assert_eq!(read("secret/x"), Err(Errno::NOTDIR));
        let folder = open(jail.as_fd(), b".", OFlags::RDONLY | OFlags::DIRECTORY).unwrap();
        assert!(rustix::fs::Dir::read_from(&folder).is_ok());
    }
}
