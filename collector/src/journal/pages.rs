//! The few pages of a journal file that are in memory.

use rustix::io::Errno;

use super::Bytes;

/// Bytes of one page: large enough for the host to drop them from its cache again.
const PAGE_BYTES: usize = 64 * 1024;
/// Pages of one file: what the newest records, their common fields and the list of records need.
const PAGES_MAX: usize = 6;

#[derive(Debug, Default)]
struct Page {
    number: u64,
    bytes: Vec<u8>,
    /// When it was last asked for.
    asked: u64,
}

/// A file, page by page.
#[derive(Debug)]
pub struct Pages<B> {
    source: B,
    pages: Vec<Page>,
    clock: u64,
}

impl<B: Bytes> Pages<B> {
    /// No page is read yet.
    pub const fn new(source: B) -> Self {
        Self {
            source,
            pages: Vec::new(),
            clock: 0,
        }
    }

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// As read(2); `ENODATA` when the file ends before.
    pub fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), Errno> {
        let mut filled = 0;
        while filled < out.len() {
            let at = offset.checked_add(filled as u64).ok_or(Errno::NODATA)?;
            let page = self.page(at / PAGE_BYTES as u64)?;
            let start = usize::try_from(at % PAGE_BYTES as u64).unwrap_or(0);
            let have = page.get(start..).unwrap_or_default();
            if have.is_empty() {
                return Err(Errno::NODATA);
            }
            let rest = out.get_mut(filled..).unwrap_or_default();
            let count = have.len().min(rest.len());
            for (to, from) in rest.iter_mut().zip(have) {
                *to = *from;
            }
            filled += count;
        }
        Ok(())
    }

    fn page(&mut self, number: u64) -> Result<&[u8], Errno> {
        self.clock += 1;
        let at = match self.pages.iter().position(|page| page.number == number) {
            Some(at) => at,
            None => self.fetch(number)?,
        };
        let clock = self.clock;
        let page = self.pages.get_mut(at).ok_or(Errno::IO)?;
        page.asked = clock;
        Ok(&page.bytes)
    }

    /// Reads a page to the place of the one that was asked for longest ago.
    fn fetch(&mut self, number: u64) -> Result<usize, Errno> {
        let oldest = self.pages.iter().enumerate().min_by_key(|(_, p)| p.asked);
        let at = match oldest {
            Some((at, _)) if self.pages.len() >= PAGES_MAX => at,
            _ => {
                self.pages.push(Page::default());
                self.pages.len() - 1
            }
        };
        let page = self.pages.get_mut(at).ok_or(Errno::IO)?;
        page.number = u64::MAX;
        page.asked = 0;
        let offset = number.checked_mul(PAGE_BYTES as u64).ok_or(Errno::NODATA)?;
        self.source.read_at(offset, PAGE_BYTES, &mut page.bytes)?;
        page.number = number;
        Ok(at)
    }
}
