//! The plain door: system calls below one root, never following a link out of it, never waiting for
//! the other end of a pipe.

use std::ffi::CString;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, SeekFrom, Stat};
use rustix::io::Errno;

use super::read_once;
use super::{name, walk};

/// Most names taken from one folder.
const NAMES_MAX: usize = 200_000;
/// Reads of at least this size are of logs: they must not stay in the page cache.
const LARGE_BYTES: u64 = 64 * 1024;
/// The error of a pipe, a socket or a device at a file's place; no file system gives it for a read.
pub const NO_FILE: Errno = Errno::MEDIUMTYPE;

/// Whether opening may wait, for example for the other end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Never waits.
    AtOnce,
    /// May wait: only in the reader process.
    MayWait,
}

/// What examining a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Type and permissions, as `st_mode` of stat(2).
    pub mode: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// Last change of the content, in seconds since 1970.
    pub modified_seconds: i64,
}

impl About {
    /// Whether it is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        FileType::from_raw_mode(self.mode) == FileType::RegularFile
    }

    /// As text for the reader's pipe.
    #[must_use]
    pub fn to_text(self) -> String {
        let Self {
            mode,
            bytes,
            modified_seconds,
        } = self;
        format!("{mode} {bytes} {modified_seconds}")
    }

    /// From the reader's pipe.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(text).ok()?.split(' ');
        Some(Self {
            mode: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            modified_seconds: words.next()?.parse().ok()?,
        })
    }
}

/// One root folder, opened.
#[derive(Debug)]
pub struct Door {
    root: PathBuf,
    /// Open root folder; `None` for the running machine, where paths are plain.
    jail: Option<OwnedFd>,
}

impl Door {
    /// The door to the machine below `root`.
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
        self.open_as(path, OFlags::RDONLY | OFlags::NOCTTY | wait)
    }

    fn open_as(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        let Some(jail) = &self.jail else {
            return rustix::fs::openat(CWD, self.absolute(path)?, flags, Mode::empty());
        };
        let path = name::encode(path)?;
        // A link like /etc/localtime -> /usr/share/… must stay below the root; openat2 is Linux 5.6.
        match rustix::fs::openat2(
            jail.as_fd(),
            &path,
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        ) {
            Err(Errno::NOSYS | Errno::PERM) => walk::open(jail.as_fd(), path.as_bytes(), flags),
            other => other,
        }
    }

    /// Appends at most `bytes_max` bytes of the regular file `path` from `offset` on to `out`, which
    /// is cleared first. Tells whether there is more.
    ///
    /// # Errors
    /// As open(2) and read(2); [`NO_FILE`] for a pipe, a socket or a device, which are not even
    /// opened: opening a watchdog starts it.
    pub fn read_part(
        &self,
        path: &str,
        offset: u64,
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        out.clear();
        let stat = self.stat(path)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            // A link to /dev/null is how a unit file is switched off: it is empty.
            FileType::CharacterDevice if stat.st_rdev == rustix::fs::makedev(1, 3) => {
                return Ok(false);
            }
            FileType::Directory => return Err(Errno::ISDIR),
            _ => return Err(NO_FILE),
        }
        let file = self.open(path, Opening::AtOnce)?;
        if offset > 0 {
            rustix::fs::seek(&file, SeekFrom::Start(offset))?;
        }
        let cut = super::read_open(&file, bytes_max, out)?;
        if out.len() as u64 >= LARGE_BYTES {
            // The machine is short of memory: the log must not stay in its page cache.
            // What was read ahead of it stays: the next part is asked for at once.
            let length = std::num::NonZeroU64::new(out.len() as u64);
            let _ = rustix::fs::fadvise(&file, offset, length, Advice::DontNeed);
        }
        Ok(cut)
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
        let path = if path.is_empty() { "." } else { path };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::DIRECTORY;
        let folder = self.open_as(path, flags)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            if !wanted(entry.file_type()) {
                continue;
            }
            let name = name::decode(entry.file_name().to_bytes());
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

    /// Type, mode and size of `path`, following links.
    ///
    /// # Errors
    /// As stat(2).
    pub fn examine(&self, path: &str) -> Result<About, Errno> {
        let stat = self.stat(path)?;
        Ok(About {
            mode: stat.st_mode,
            bytes: u64::try_from(stat.st_size).unwrap_or(0),
            modified_seconds: stat.st_mtime,
        })
    }

    fn stat(&self, path: &str) -> Result<Stat, Errno> {
        rustix::fs::fstat(self.open_as(path, OFlags::PATH)?)
    }

    /// Target of the link `path`.
    #[must_use]
    pub fn link(&self, path: &str) -> Option<String> {
        let target = if self.is_live() {
            rustix::fs::readlinkat(CWD, self.absolute(path).ok()?, Vec::new())
        } else {
            // Links on the way to it must stay below the root, too.
            let (folder, last) = path.rsplit_once('/').unwrap_or((".", path));
            let folder = self
                .open_as(folder, OFlags::PATH | OFlags::DIRECTORY)
                .ok()?;
            rustix::fs::readlinkat(&folder, name::encode(last).ok()?, Vec::new())
        };
        Some(name::decode(target.ok()?.as_bytes()))
    }

    /// Reads `path`, whatever it is, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn read_into(
        &self,
        path: &str,
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        super::read_open(&self.open(path, Opening::AtOnce)?, bytes_max, out)
    }

    /// Hands `path` to `each` chunk by chunk, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn stream(
        &self,
        path: &str,
        bytes_max: usize,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Errno> {
        let file = self.open(path, Opening::AtOnce)?;
        let mut chunk = Vec::new();
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

    fn absolute(&self, path: &str) -> Result<CString, Errno> {
        name::encode(&format!("/{path}"))
    }
}
