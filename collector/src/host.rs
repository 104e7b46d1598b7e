//! The only door to the machine's files: bounded, below one root, never following a link out of it.

use std::ffi::{CString, OsString};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

/// Bytes asked for in one read.
const CHUNK_BYTES: usize = 64 * 1024;
/// Most names taken from one folder.
const NAMES_MAX: usize = 200_000;

/// A machine: the running one (`/`) or a copy of one below a folder.
#[derive(Debug)]
pub struct Host {
    root: PathBuf,
    /// Open root folder; `None` for the running machine, where paths are plain.
    jail: Option<OwnedFd>,
}

/// Whether opening may wait, for example for the other end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Never waits.
    AtOnce,
    /// May wait: only in the reader process.
    MayWait,
}

impl Host {
    /// The machine below `root`.
    ///
    /// # Errors
    /// The error of opening `root`, when it is not `/`.
    pub fn new(root: &Path) -> Result<Self, Errno> {
        let jail = if root == Path::new("/") {
            None
        } else {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Some(rustix::fs::openat(CWD, root, flags, Mode::empty())?)
        };
        Ok(Self {
            root: root.to_owned(),
            jail,
        })
    }

    /// Root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether this is the machine that runs this program.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.jail.is_none()
    }

    /// Opens `path` (relative to the root) for reading.
    ///
    /// # Errors
    /// As open(2).
    pub fn open(&self, path: &str, opening: Opening) -> Result<OwnedFd, Errno> {
        let wait = match opening {
            Opening::AtOnce => OFlags::NONBLOCK,
            Opening::MayWait => OFlags::empty(),
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | wait;
        let Some(jail) = &self.jail else {
            return rustix::fs::openat(CWD, self.absolute(path)?, flags, Mode::empty());
        };
        // A link like /etc/localtime -> /usr/share/… must stay below the root; openat2 is Linux 5.6.
        match rustix::fs::openat2(
            jail.as_fd(),
            path,
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        ) {
            Err(Errno::NOSYS | Errno::PERM) => {
                rustix::fs::openat(jail.as_fd(), path, flags, Mode::empty())
            }
            other => other,
        }
    }

    /// Reads at most `bytes_max` bytes of `path` into `out`, which is cleared first. Tells whether
    /// there is more.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn read_into(
        &self,
        path: &str,
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        let file = self.open(path, Opening::AtOnce)?;
        read_open(&file, bytes_max, out)
    }

    /// Content of `path`, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn read(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, Errno> {
        let mut out = Vec::new();
        self.read_into(path, bytes_max, &mut out)?;
        out.shrink_to_fit();
        Ok(out)
    }

    /// Text of a small file without its final newline; `None` when it is not readable.
    #[must_use]
    pub fn line(&self, path: &str) -> Option<String> {
        let bytes = self.read(path, 4096).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        Some(text.trim_end_matches(['\n', '\0']).to_owned())
    }

    /// Hands `path` to `each` chunk by chunk, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn stream(
        &self,
        path: &str,
        bytes_max: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Errno> {
        let file = self.open(path, Opening::AtOnce)?;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let mut taken = 0;
        while taken < bytes_max {
            chunk.clear();
            let got = read_once(&file, &mut chunk)?;
            if got == 0 {
                break;
            }
            taken += got;
            each(&chunk);
        }
        Ok(())
    }

    /// Names in the folder `path`, sorted, at most [`NAMES_MAX`].
    ///
    /// # Errors
    /// As open(2) and getdents64(2).
    pub fn names(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.list(path, |_| true)
    }

    /// Names of the folders in the folder `path`, without links, sorted.
    ///
    /// # Errors
    /// As open(2) and getdents64(2).
    pub fn folders(&self, path: &str) -> Result<Vec<String>, Errno> {
        self.list(path, |kind| kind == FileType::Directory)
    }

    fn list(&self, path: &str, wanted: impl Fn(FileType) -> bool) -> Result<Vec<String>, Errno> {
        let folder = self.open(if path.is_empty() { "." } else { path }, Opening::AtOnce)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            if !wanted(entry.file_type()) {
                continue;
            }
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            // A name that is not UTF-8 is none that the catalogue asks for.
            let Ok(name) = name.into_string() else {
                continue;
            };
            if name != "." && name != ".." {
                names.push(name);
            }
            if names.len() == NAMES_MAX {
                break;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Type, mode and size of `path`, following links; `None` when it cannot be examined.
    #[must_use]
    pub fn stat(&self, path: &str) -> Option<Stat> {
        match &self.jail {
            None => rustix::fs::statat(CWD, self.absolute(path).ok()?, AtFlags::empty()).ok(),
            Some(_) => rustix::fs::fstat(self.open(path, Opening::AtOnce).ok()?).ok(),
        }
    }

    /// Target of the link `path`.
    #[must_use]
    pub fn link(&self, path: &str) -> Option<String> {
        let target = match &self.jail {
            None => rustix::fs::readlinkat(CWD, self.absolute(path).ok()?, Vec::new()),
            Some(jail) => rustix::fs::readlinkat(jail.as_fd(), path, Vec::new()),
        };
        target.ok()?.into_string().ok()
    }

    fn absolute(&self, path: &str) -> Result<CString, Errno> {
        CString::new(format!("/{path}")).map_err(|_| Errno::INVAL)
    }
}

/// Reads an open file to its end or to `bytes_max`; tells whether there is more.
///
/// # Errors
/// As read(2).
pub fn read_open(file: &OwnedFd, bytes_max: usize, out: &mut Vec<u8>) -> Result<bool, Errno> {
    out.clear();
    loop {
        // One byte beyond the limit tells a full file from a cut one.
        if read_once(file, out)? == 0 {
            return Ok(false);
        }
        if out.len() > bytes_max {
            out.truncate(bytes_max);
            return Ok(true);
        }
    }
}

/// One read(2) of up to 64 KiB behind the end of `out`.
///
/// # Errors
/// As read(2), except `EINTR`.
pub fn read_once(file: &OwnedFd, out: &mut Vec<u8>) -> Result<usize, Errno> {
    out.reserve(CHUNK_BYTES);
    rustix::io::retry_on_intr(|| rustix::io::read(file, rustix::buffer::spare_capacity(out)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_below_the_root() {
        let machine = tempfile::tempdir().unwrap();
        let etc = machine.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        std::fs::write(machine.path().join("inside"), "inside").unwrap();
        std::os::unix::fs::symlink("/inside", etc.join("release")).unwrap();
        std::os::unix::fs::symlink("../../../../../../etc/passwd", etc.join("out")).unwrap();
        let host = Host::new(machine.path()).unwrap();
        assert_eq!(host.read("etc/release", 100).unwrap(), b"inside");
        assert_eq!(host.read("etc/out", 100), Err(Errno::NOENT));
    }

    #[test]
    fn limit_is_exact() {
        let machine = tempfile::tempdir().unwrap();
        std::fs::write(machine.path().join("a"), vec![b'x'; 200_000]).unwrap();
        let host = Host::new(machine.path()).unwrap();
        let mut out = Vec::new();
        assert!(host.read_into("a", 150_000, &mut out).unwrap());
        assert_eq!(out.len(), 150_000);
        assert!(!host.read_into("a", 200_000, &mut out).unwrap());
        assert_eq!(out.len(), 200_000);
    }

    #[test]
    fn names_are_sorted() {
        let machine = tempfile::tempdir().unwrap();
        for name in ["b", "a", "c"] {
            std::fs::write(machine.path().join(name), "").unwrap();
        }
        assert_eq!(
            Host::new(machine.path()).unwrap().names("").unwrap(),
            ["a", "b", "c"]
        );
    }
}
