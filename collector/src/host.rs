//! The only door to the machine's files: bounded, below one root, and never hanging.
//!
//! What the kernel makes up itself is read by plain system calls. Everything else lies on a disk, a
//! server or a FUSE program that may be gone: the reader process reads it, and is left behind when
//! it hangs. Without a reader process local disks are still read; foreign mounts are not.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;

use crate::capture::errno::Trouble;
use crate::capture::protocol::{Request, What};
use crate::capture::reader::Reader;

pub mod door;
pub mod mounted;
pub mod name;
mod walk;

pub use door::{About, Door, NO_FILE, Opening};
use mounted::{Distance, Mounted, NOBODY_TO_LEAVE};

/// Bytes asked for in one read.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a file that come from the reader process at once.
const PART_BYTES: usize = 256 * 1024;
/// How long a small read may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a folder or a part of a log may take on a busy disk.
const LONG_PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of a list of names.
const NAMES_BYTES: usize = 64 * 1024 * 1024;

/// A machine: the running one (`/`) or a copy of one below a folder.
#[derive(Debug)]
pub struct Host {
    door: Door,
    far: Option<Far>,
}

/// What is needed to read what can hang.
#[derive(Debug)]
struct Far {
    reader: Reader,
    mounted: Mounted,
}

/// Who reads a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    DirectFile,
    Reader,
    Nobody,
}

impl Host {
    /// The machine below `root`, read by this process alone.
    ///
    /// # Errors
    /// The error of opening `root`, when it is not `/`.
    pub fn new(root: &Path) -> Result<Self, Errno> {
        Ok(Self {
            door: Door::new(root)?,
            far: None,
        })
    }

    /// From here on `reader` reads what can hang.
    pub fn send(&mut self, reader: Reader) {
        let mut table = Vec::new();
        // The mounts are those of the machine that runs this, also for a copied machine.
        if let Ok(running) = Door::new(Path::new("/")) {
            let _ = running.read_into("proc/self/mountinfo", 4 * 1024 * 1024, &mut table);
        }
        let mounted = Mounted::parse(&table, &self.root().to_string_lossy());
        reader.know(&mounted);
        self.far = Some(Far { reader, mounted });
    }

    /// Root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.door.root()
    }

    /// Whether this is the machine that runs this program.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.door.is_live()
    }

    /// Whether reading `path` is left to the reader process.
    #[must_use]
    pub fn is_far(&self, path: &str) -> bool {
        self.way(path) == Way::Reader
    }

    fn way(&self, path: &str) -> Way {
        let Some(Far { reader, mounted }) = &self.far else {
            return Way::Direct;
        };
        match mounted.of(path).1 {
            Distance::Kernel => Way::Direct,
            _ if reader.could_start() => Way::Reader,
            Distance::Local => Way::DirectFile,
            Distance::Foreign => Way::Nobody,
        }
    }

    /// Asks the reader process.
    fn ask(&self, request: Request, patience: Duration) -> Result<Vec<u8>, Errno> {
        let Some(Far { reader, .. }) = &self.far else {
            return Err(NOBODY_TO_LEAVE);
        };
        let answer = reader.ask(request, patience);
        answer.map_err(|trouble| match trouble {
            Trouble::Errno(errno) => Errno::from_raw_os_error(errno),
            Trouble::TimedOut(_) => Errno::TIMEDOUT,
            Trouble::NotTried(_) => Errno::CANCELED,
            Trouble::Failed(_) => Errno::IO,
        })
    }

    /// Opens `path` (relative to the root) in this process: for devices and kernel files only.
    ///
    /// # Errors
    /// As open(2).
    pub fn open(&self, path: &str, opening: Opening) -> Result<OwnedFd, Errno> {
        self.door.open(path, opening)
    }

    /// Reads at most `bytes_max` bytes of `path` into `out`, which is cleared first. Tells whether
    /// there is more.
    ///
    /// # Errors
    /// As open(2) and read(2); `ETIMEDOUT` when it did not answer, `ECANCELED` when it was not
    /// tried, [`NO_FILE`] for a pipe, a socket or a device.
    pub fn read_into(
        &self,
        path: &str,
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        match self.way(path) {
            Way::Direct => self.door.read_into(path, bytes_max, out),
            _ => self.read_part(path, 0, bytes_max, out),
        }
    }

    /// As [`Host::read_into`], from `offset` on; only for regular files.
    ///
    /// # Errors
    /// As [`Host::read_into`].
    pub fn read_part(
        &self,
        path: &str,
        offset: u64,
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        match self.way(path) {
            Way::Direct | Way::DirectFile => self.door.read_part(path, offset, bytes_max, out),
            Way::Nobody => Err(NOBODY_TO_LEAVE),
            Way::Reader => {
                // One byte beyond the limit tells a full file from a cut one.
                let request = Request {
                    offset,
                    ..Request::new(What::ReadFile, path, bytes_max.saturating_add(1))
                };
                *out = self.ask(request, patience(bytes_max))?;
                let cut = out.len() > bytes_max;
                out.truncate(bytes_max);
                Ok(cut)
            }
        }
    }

    /// Content of `path`, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As [`Host::read_into`].
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
    /// As [`Host::read_into`].
    pub fn stream(
        &self,
        path: &str,
        bytes_max: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Errno> {
        if self.way(path) == Way::Direct {
            return self.door.stream(path, bytes_max, &mut each);
        }
        let mut part = Vec::new();
        let mut taken = 0;
        while taken < bytes_max {
            let wanted = PART_BYTES.min(bytes_max - taken);
            let more = self.read_part(path, taken as u64, wanted, &mut part)?;
            taken += part.len();
            each(&part);
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// `path` as a stream, for decoders.
    #[must_use]
    pub fn file<'a>(&'a self, path: &'a str) -> HostFile<'a> {
        HostFile {
            host: self,
            path,
            offset: 0,
            part: Vec::new(),
            taken: 0,
            more: true,
        }
    }

    /// Names in the folder `path`, sorted.
    ///
    /// # Errors
    /// As open(2) and getdents64(2), and as [`Host::read_into`].
    pub fn names(&self, path: &str) -> Result<Vec<String>, Errno> {
        match self.way(path) {
            Way::Direct | Way::DirectFile => self.door.names(path),
            Way::Reader => self.far_names(What::Names, path),
            Way::Nobody => Err(NOBODY_TO_LEAVE),
        }
    }

    /// Names of the folders in the folder `path`, without links, sorted.
    ///
    /// # Errors
    /// As [`Host::names`].
    pub fn folders(&self, path: &str) -> Result<Vec<String>, Errno> {
        match self.way(path) {
            Way::Direct | Way::DirectFile => self.door.folders(path),
            Way::Reader => self.far_names(What::Folders, path),
            Way::Nobody => Err(NOBODY_TO_LEAVE),
        }
    }

    fn far_names(&self, what: What, path: &str) -> Result<Vec<String>, Errno> {
        let text = self.ask(Request::new(what, path, NAMES_BYTES), LONG_PATIENCE)?;
        let names = text.split(|b| *b == 0).filter(|name| !name.is_empty());
        Ok(names
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect())
    }

    /// Type, mode, size and time of `path`, following links.
    ///
    /// # Errors
    /// As stat(2), and as [`Host::read_into`].
    pub fn examine(&self, path: &str) -> Result<About, Errno> {
        match self.way(path) {
            Way::Direct | Way::DirectFile => self.door.examine(path),
            Way::Reader => {
                let text = self.ask(Request::new(What::Stat, path, 100), PATIENCE)?;
                About::from_text(&text).ok_or(Errno::IO)
            }
            Way::Nobody => Err(NOBODY_TO_LEAVE),
        }
    }

    /// Target of the link `path`.
    #[must_use]
    pub fn link(&self, path: &str) -> Option<String> {
        match self.way(path) {
            Way::Direct | Way::DirectFile => self.door.link(path),
            Way::Reader => {
                let target = self.ask(Request::new(What::Link, path, 4096), PATIENCE);
                String::from_utf8(target.ok()?).ok()
            }
            Way::Nobody => None,
        }
    }
}

fn patience(bytes: usize) -> Duration {
    if bytes > CHUNK_BYTES {
        LONG_PATIENCE
    } else {
        PATIENCE
    }
}

/// A file of the machine as a stream.
#[derive(Debug)]
pub struct HostFile<'a> {
    host: &'a Host,
    path: &'a str,
    offset: u64,
    part: Vec<u8>,
    taken: usize,
    more: bool,
}

impl HostFile<'_> {
    /// Goes on at `offset`.
    pub fn seek(&mut self, offset: u64) {
        self.offset = offset;
        self.part.clear();
        self.taken = 0;
        self.more = true;
    }
}

impl std::io::Read for HostFile<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.part.len() && self.more {
            self.taken = 0;
            let read = self
                .host
                .read_part(self.path, self.offset, PART_BYTES, &mut self.part);
            self.more = read.inspect_err(|_| self.part.clear())?;
            self.offset += self.part.len() as u64;
        }
        let rest = self.part.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken += count;
        Ok(count)
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
    fn pipes_and_devices_are_not_read_as_files() {
        let host = Host::new(Path::new("/")).unwrap();
        let mut out = Vec::new();
        assert_eq!(host.read_part("dev/zero", 0, 10, &mut out), Err(NO_FILE));
        assert_eq!(host.read_part("dev/null", 0, 10, &mut out), Ok(false));
        assert_eq!(host.read_part("dev", 0, 10, &mut out), Err(Errno::ISDIR));
    }

    #[test]
    fn stream_goes_on_where_it_was() {
        use std::io::Read as _;
        let machine = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        std::fs::write(machine.path().join("log"), &bytes).unwrap();
        let host = Host::new(machine.path()).unwrap();
        let mut got = Vec::new();
        let mut file = host.file("log");
        file.read_to_end(&mut got).unwrap();
        assert_eq!(got, bytes);
        file.seek(699_998);
        got.clear();
        file.read_to_end(&mut got).unwrap();
        assert_eq!(got, bytes[699_998..]);
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
