//! A file of which any part can be looked at at any time, by several threads: mapped where that goes,
//! else read.

use std::fs::File;
use std::io;

/// A file of which any part can be read at any time, by several threads.
pub(in crate::intake) trait Place: Sync {
    /// Reads from the offset `at`; 0 at the end.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// `bytes` bytes from the offset `at` on without a copy; `None` where they can only be read.
    fn map(&self, at: u64, bytes: usize) -> Option<Mapped> {
        let _ = (at, bytes);
        None
    }
}

/// Bytes of a file that are in memory.
#[cfg(target_os = "linux")]
pub(in crate::intake) type Mapped = memmap2::Mmap;
/// Other systems have no call that says of an error on the disk before the bytes are touched.
#[cfg(not(target_os = "linux"))]
pub(in crate::intake) type Mapped = Vec<u8>;

#[cfg(unix)]
impl Place for File {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, at)
    }

    #[cfg(target_os = "linux")]
    fn map(&self, at: u64, bytes: usize) -> Option<Mapped> {
        let end = at.checked_add(bytes as u64)?;
        // A byte behind the end of the file must not be touched.
        if bytes == 0 || end > self.metadata().ok()?.len() {
            return None;
        }
        let mut options = memmap2::MmapOptions::new();
        #[expect(
            unsafe_code,
            reason = "the map lives for the millisecond in which its bytes are searched; they are searched \
                      as bytes only, which may change at any time. A file that is cut short in that \
                      millisecond ends the program, as it ends every search program that maps"
        )]
        // SAFETY: see the reason above; nothing is borrowed from the map beyond its life.
        let map = unsafe { options.offset(at).len(bytes).map(self) }.ok()?;
        // Fails where the disk does, and on kernels before 5.14: then the bytes are read.
        map.advise(memmap2::Advice::PopulateRead).ok()?;
        Some(map)
    }
}

#[cfg(windows)]
impl Place for File {
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, at)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn any_part_is_mapped_but_none_behind_the_end() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, &text).unwrap();
        let file = File::open(&path).unwrap();
        // Older kernels cannot; then there is nothing to compare.
        let Some(map) = file.map(4_097, 9_000) else {
            let release = std::fs::read_to_string("/proc/sys/kernel/osrelease");
            println!("NOT RUN: this kernel does not fill maps: {release:?}");
            assert!(std::env::var_os("CI").is_none());
            return;
        };
        assert_eq!(&*map, &text[4_097..13_097]);
        assert!(file.map(79_000, 1_001).is_none());
        assert!(file.map(79_000, 1_000).is_some());
        assert!(file.map(u64::MAX, 2).is_none());
    }
}
