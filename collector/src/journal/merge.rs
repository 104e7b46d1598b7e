//! Several journal files as one, newest record first: that of the system, those of users, rotated ones.

use jiff::tz::TimeZone;

use super::{Bytes, Entry, File, Refusal, record};

/// Most files that are open at once: one for each user whose records lie in the same time.
const OPEN_MAX: usize = 6;

/// A file that is not open yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Path below the root.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Time of the newest record by its header, in microseconds since 1970.
    pub newest_micros: u64,
}

/// What became of one file that was not read as a whole.
#[derive(Debug)]
pub struct Trouble {
    /// Its path.
    pub path: String,
    /// Why it was not opened, or what was wrong inside.
    pub what: Refusal,
}

/// Opens a file by its place in the list.
type Opener<'o, B> = &'o mut dyn FnMut(&Closed) -> Result<File<B>, Refusal>;

struct Open<B> {
    path: String,
    file: File<B>,
    next: Entry,
}

/// All files.
pub struct Merge<'o, B> {
    /// The newest last.
    closed: Vec<Closed>,
    open: Vec<Open<B>>,
    opener: Opener<'o, B>,
    /// Files that were not read as a whole.
    pub troubles: Vec<Trouble>,
    /// Records that were read.
    pub read: u64,
}

impl<'o, B: Bytes> Merge<'o, B> {
    /// Nothing is opened yet.
    pub fn new(mut closed: Vec<Closed>, opener: Opener<'o, B>) -> Self {
        // Names break the tie, so that the same files give the same lines.
        closed.sort_by(|a, b| {
            a.newest_micros
                .cmp(&b.newest_micros)
                .then(b.path.cmp(&a.path))
        });
        Self {
            closed,
            open: Vec::new(),
            opener,
            troubles: Vec::new(),
            read: 0,
        }
    }

    /// Appends the line of the next older record to `out`, if it has one, and gives the time of the
    /// record in microseconds since 1970; `None` when there is no record left.
    pub fn older(
        &mut self,
        transport: Option<&[u8]>,
        zone: &TimeZone,
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        self.open_more();
        let newest = self
            .open
            .iter()
            .enumerate()
            .max_by_key(|(at, open)| (open.next.realtime_micros, std::cmp::Reverse(*at)))
            .map(|(at, _)| at)?;
        let open = self.open.get_mut(newest)?;
        let entry = open.next;
        record::write(&mut open.file, &entry, transport, zone, out);
        self.read += 1;
        match open.file.older() {
            Some(next) => open.next = next,
            None => {
                let done = self.open.swap_remove(newest);
                self.close(&done.path, &done.file);
            }
        }
        Some(entry.realtime_micros)
    }

    /// Opens every file that may hold a newer record than the open ones do.
    fn open_more(&mut self) {
        while let Some(next) = self.closed.last() {
            let newest = self.open.iter().map(|open| open.next.realtime_micros).max();
            if newest.is_some_and(|newest| newest > next.newest_micros)
                || self.open.len() >= OPEN_MAX
            {
                return;
            }
            let Some(closed) = self.closed.pop() else {
                return;
            };
            match (self.opener)(&closed) {
                Ok(mut file) => match file.older() {
                    Some(next) => self.open.push(Open {
                        path: closed.path,
                        file,
                        next,
                    }),
                    None => self.close(&closed.path, &file),
                },
                Err(what) => self.troubles.push(Trouble {
                    path: closed.path,
                    what,
                }),
            }
        }
    }

    fn close(&mut self, path: &str, file: &File<B>) {
        let missing = file.entries.saturating_sub(file.read);
        if file.damaged == 0 && !file.torn && missing == 0 {
            return;
        }
        let count = missing.max(file.damaged);
        let (read, all) = (file.read, file.read.saturating_add(count));
        self.troubles.push(Trouble {
            path: path.to_owned(),
            what: Refusal::Form(format!(
                "it is damaged: {read} of {all} records could be read"
            )),
        });
    }
}
