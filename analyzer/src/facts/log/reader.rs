//! Turns the physical lines of one log into records: one line at a time, nothing is kept but the
//! stamp of the last record, so that a log of any size can be streamed.

use super::{
    Source,
    journal::{self, Entry, Gather, Gathered, JsonLine},
    line::{Line, Origin},
    mail, outer,
    prefix::{self, Prefixed},
    stamp::{BootClock, Stamp},
    wrap::Wrap,
};

mod broken;
mod program;

use program::split as split_program;

/// Reads one log line by line.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    entry: &'a str,
    source: Source,
    /// Clock of the boot whose `/dev/kmsg` this is.
    clock: Option<BootClock>,
    number: u32,
    /// What a line without prefix belongs to: the record before it.
    last: Last,
    /// A journal entry whose fields stand on lines of their own.
    gather: Gather,
    /// The column at which the log was broken.
    wrap: Option<Wrap>,
    /// A line that was broken there: its number and what came so far.
    broken: Option<(u32, String)>,
    /// Lines of a mail that its encoding broke.
    mail: mail::Decoder,
}

#[derive(Debug, Default)]
struct Last {
    stamp: Option<Stamp>,
    host: Option<String>,
    program: Option<String>,
    caller: Option<String>,
}

/// What the lines of one record share.
struct Shape<'r> {
    raw: &'r str,
    recognised: Recognised,
    origin: Origin<'r>,
    /// Whether they have a prefix of their own.
    stamped: bool,
}

/// What a record was recognised as, for the coverage of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recognised {
    /// Prefix in words; empty for a line without.
    pub(super) format: &'static str,
    /// Whether it has a stamp of its own.
    pub(super) stamped: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(entry: &'a str, source: Source, clock: Option<BootClock>) -> Self {
        Self {
            entry,
            source,
            clock,
            number: 0,
            last: Last::default(),
            gather: Gather::default(),
            wrap: None,
            broken: None,
            mail: mail::Decoder::default(),
        }
    }

    /// The log was broken at a column.
    pub(super) fn wrapped(&mut self, wrap: Option<Wrap>) {
        self.wrap = wrap.filter(|_| self.source == Source::Text);
    }

    /// Lines were left out before the line `number`, which is fed next.
    pub(super) fn jump(&mut self, number: u32) {
        self.number = number.saturating_sub(1);
        self.last = Last::default();
    }

    /// Lines of programs were left out before the line `number`: what is open goes on.
    pub(super) fn pass_programs(&mut self, number: u32) {
        self.number = number.saturating_sub(1);
    }

    /// Lines were left out by the collector here. Those of a file count; what is no file has no
    /// numbers but those of the entry, where the line that says so is a line.
    pub(super) fn pass(&mut self, cut: &oomscene_bundle::Cut) {
        let next = match cut.first_line {
            Some(first) => u32::try_from(first.saturating_add(cut.lines)).unwrap_or(u32::MAX),
            None => self.number.saturating_add(2),
        };
        self.jump(next);
    }

    /// Reads one physical line without its newline and hands each record in it to `take`. `torn`
    /// says that the log ends in this line without a newline: a number at its end may lack digits.
    pub(super) fn feed(
        &mut self,
        physical: &[u8],
        torn: bool,
        take: &mut dyn FnMut(&Line<'_>, Recognised),
    ) {
        self.number = self.number.saturating_add(1);
        if self.source == Source::Text {
            match self.gather.feed(physical) {
                Gathered::Foreign => {}
                Gathered::Part(entry) => {
                    if let Some(entry) = entry {
                        self.entry(entry, "journalctl export", take);
                    }
                    return;
                }
            }
        }
        // A line that ends where all are broken ends in no mark of an encoding.
        let broken = self.wrap.is_some_and(|wrap| wrap.full(physical)) && !self.mail.waits();
        if self.source != Source::Text || broken {
            self.physical(physical, torn, take);
        } else if let Some((number, whole)) = self.mail.feed(self.number, physical) {
            let last = std::mem::replace(&mut self.number, number);
            self.physical(&whole, torn, take);
            self.number = last;
        }
    }

    /// Reads one line of the log, without what stands around it.
    fn line(&mut self, text: &str, take: &mut dyn FnMut(&Line<'_>, Recognised)) {
        if prefix::read_kmsg(text).is_some() {
            for part in prefix::split_kmsg(text) {
                self.kmsg(&part, take);
            }
        } else if self.source == Source::Text {
            let entries = journal::json(text);
            if entries.is_empty() {
                self.text(text, take);
            }
            for entry in entries {
                match entry {
                    JsonLine::Entry(entry) => self.entry(*entry, "journalctl json", take),
                    JsonLine::Inner(inner) => {
                        for part in inner.split('\n') {
                            self.text(&outer::plain(part), take);
                        }
                    }
                }
            }
        }
    }

    /// Ends the log: the last entry of the journal has no line after it.
    pub(super) fn finish(&mut self, take: &mut dyn FnMut(&Line<'_>, Recognised)) {
        if let Some((number, whole)) = self.mail.finish() {
            let last = std::mem::replace(&mut self.number, number);
            self.physical(&whole, true, take);
            self.number = last;
        }
        let broken = self.broken.take();
        self.release(broken, take);
        if let Some(entry) = self.gather.finish() {
            self.entry(entry, "journalctl export", take);
        }
    }

    fn entry(
        &mut self,
        entry: Entry,
        format: &'static str,
        take: &mut dyn FnMut(&Line<'_>, Recognised),
    ) {
        let recognised = Recognised {
            format,
            stamped: entry.stamp.is_some(),
        };
        self.last = Last {
            stamp: entry.stamp,
            host: entry.host,
            program: entry.program,
            caller: None,
        };
        for part in entry.message.split('\n') {
            let line = Line {
                entry: self.entry,
                number: self.number,
                raw: part,
                text: part,
                stamp: self.last.stamp.as_ref(),
                host: self.last.host.as_deref(),
                caller: self.last.caller.as_deref(),
                stamped: true,
                origin: match self.last.program.as_deref() {
                    Some("kernel") => Origin::Kernel,
                    Some(program) => Origin::Program(program),
                    None => Origin::Unknown,
                },
            };
            take(&line, recognised);
        }
    }

    fn kmsg(&mut self, raw: &str, take: &mut dyn FnMut(&Line<'_>, Recognised)) {
        let Some(mut record) = prefix::read_kmsg(raw) else {
            return;
        };
        let clock = self.clock.filter(|_| self.source == Source::Kmsg);
        record.stamp.wall = clock
            .zip(record.stamp.uptime_us)
            .and_then(|(c, us)| c.wall(us));
        let recognised = Recognised {
            format: "/dev/kmsg",
            stamped: true,
        };
        for part in record.text.split('\n') {
            let (program, text) = if record.kernel {
                (None, part)
            } else {
                split_program(part)
            };
            let line = Line {
                entry: self.entry,
                number: self.number,
                raw,
                text,
                stamp: Some(&record.stamp),
                stamped: true,
                host: None,
                caller: record.caller.as_deref(),
                origin: match program {
                    Some(program) => Origin::Program(program),
                    None if record.kernel => Origin::Kernel,
                    None => Origin::Unknown,
                },
            };
            take(&line, recognised);
        }
    }

    fn text(&mut self, physical: &str, take: &mut dyn FnMut(&Line<'_>, Recognised)) {
        let mut physical = physical;
        let mut placed = false;
        let mut first = prefix::strip(physical);
        if first.stamp.is_none()
            && let Some(bare) = outer::without_place(physical)
        {
            physical = bare;
            placed = true;
            first = prefix::strip(physical);
        }
        let prefix_bytes = physical.len() - first.text.len();
        let head = physical.get(..prefix_bytes).unwrap_or_default();
        if self.number == 1 && torn_stamp(&first, head) {
            physical = first.text;
            first.stamp = None;
        }
        let prefix_bytes = physical.len() - first.text.len();
        // Nearly every line is one record, and its prefix is known already.
        if first.stamp.is_some() && !prefix::may_be_fused(physical, prefix_bytes) {
            self.record(physical, &first, take);
            return;
        }
        let parts = prefix::split_fused(physical, prefix_bytes);
        for (at, raw) in parts.iter().enumerate() {
            // Between two records stands the number of the second line, right behind a number of
            // the first: nobody can tell which digits are whose.
            let raw = match raw.strip_suffix([':', '-']) {
                Some(fused) if placed && at + 1 < parts.len() => {
                    fused.trim_end_matches(|c: char| c.is_ascii_digit())
                }
                _ => raw,
            };
            if first.stamp.is_some() {
                if raw.len() == physical.len() {
                    self.record(raw, &first, take);
                } else {
                    self.record(raw, &prefix::strip(raw), take);
                }
                continue;
            }
            // An object that is torn is no message.
            let bare = if raw.starts_with('{') {
                vec![raw]
            } else {
                prefix::split_bare(raw)
            };
            for bare in bare {
                self.record(bare, &prefix::strip(bare), take);
            }
        }
    }

    fn record(
        &mut self,
        raw: &str,
        found: &Prefixed<'_>,
        take: &mut dyn FnMut(&Line<'_>, Recognised),
    ) {
        let recognised = Recognised {
            format: found.format,
            stamped: found.stamp.is_some(),
        };
        let text = found.text;
        if found.stamp.is_some() {
            self.remember(found);
        }
        let origin = match found.program.or(self.last.program.as_deref()) {
            Some("kernel") => Origin::Kernel,
            Some(program) => Origin::Program(program),
            None => Origin::Unknown,
        };
        let shape = Shape {
            raw,
            recognised,
            origin,
            stamped: recognised.stamped || found.program.is_some(),
        };
        // A newline inside a record: rsyslog writes #012, syslog-ng \x0a.
        if memchr::memchr3(b'#', b'\n', b'\\', text.as_bytes()).is_none() {
            self.kills(text, &shape, take);
            return;
        }
        let text = outer::unescape(text);
        for text in text.split('\n').flat_map(|part| part.split("\\x0a")) {
            self.kills(text, &shape, take);
        }
    }

    /// Hands on one line of a record, which may be two about kills.
    fn kills(&self, text: &str, shape: &Shape<'_>, take: &mut dyn FnMut(&Line<'_>, Recognised)) {
        if !prefix::two_kills(text) {
            self.hand(text, shape, take);
            return;
        }
        for text in prefix::split_bare(text) {
            self.hand(text, shape, take);
        }
    }

    fn hand(&self, text: &str, shape: &Shape<'_>, take: &mut dyn FnMut(&Line<'_>, Recognised)) {
        let (program, text) = match shape.origin {
            Origin::Unknown => split_program(text),
            _ => (None, text),
        };
        let line = Line {
            entry: self.entry,
            number: self.number,
            raw: shape.raw,
            text,
            stamp: self.last.stamp.as_ref(),
            host: self.last.host.as_deref(),
            caller: self.last.caller.as_deref(),
            stamped: shape.stamped,
            origin: program.map_or(shape.origin, Origin::Program),
        };
        take(&line, shape.recognised);
    }

    fn remember(&mut self, found: &Prefixed<'_>) {
        Stamp::keep(&mut self.last.stamp, found.stamp.as_ref());
        keep(&mut self.last.host, found.host);
        keep(&mut self.last.program, found.program);
        keep(&mut self.last.caller, found.caller);
    }
}

/// Puts `text` into `slot`; most records have the same host as the one before.
fn keep(slot: &mut Option<String>, text: Option<&str>) {
    match (slot.as_mut(), text) {
        (Some(kept), Some(text)) => text.clone_into(kept),
        _ => *slot = text.map(str::to_owned),
    }
}

/// Whether the log begins inside of a stamp since boot: its digits are not all there.
fn torn_stamp(found: &Prefixed<'_>, head: &str) -> bool {
    let uptime = |stamp: &Stamp| stamp.uptime_us.is_some() && stamp.wall.is_none();
    found.stamp.as_ref().is_some_and(uptime) && !head.contains('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &str) -> Vec<(u32, String, bool)> {
        let mut reader = Reader::new("log", Source::Text, None);
        let mut all = Vec::new();
        for line in log.lines() {
            reader.feed(line.as_bytes(), false, &mut |line, found| {
                all.push((line.number, line.text.to_owned(), found.stamped));
            });
        }
        all
    }

    #[test]
    fn fused_lines_share_their_number() {
        let log = "[四 4月 17 23:12:33 2025] p mems_allowed=0-1[四 4月 17 23:12:33 2025] CPU: 27";
        assert_eq!(
            texts(log),
            [
                (1, "p mems_allowed=0-1".into(), true),
                (1, "CPU: 27".into(), true)
            ]
        );
    }

    #[test]
    fn markdown_and_colours_come_off() {
        let log =
            "**\\[一 4月 28 10:11:01 2025\\] Out of memory**\n\u{1b}[32m[    1.000000]\u{1b}[0m x";
        let all = texts(log);
        assert_eq!(all[0].1, "Out of memory");
        assert_eq!(all[1].1, "x");
    }

    #[test]
    fn a_torn_number_loses_its_digits() {
        let mut seen = String::new();
        Reader::new("log", Source::Text, None).feed(
            b"task=xray,pid=15866",
            true,
            &mut |line, _| {
                line.text.clone_into(&mut seen);
            },
        );
        assert_eq!(seen, "task=xray,pid=");
    }

    #[test]
    fn continuations_belong_to_the_record_before() {
        let mut reader = Reader::new("log", Source::Text, None);
        let mut last = None;
        for line in ["[Thu Aug 17 17:29:27 2023] anon 27", "          file 8192"] {
            reader.feed(line.as_bytes(), false, &mut |line, _| {
                last = line.stamp.map(|s| s.text.clone());
            });
        }
        assert_eq!(last.as_deref(), Some("Thu Aug 17 17:29:27 2023"));
    }
}
