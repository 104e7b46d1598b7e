//! Hands the records of a long log from the thread that reads them to the one that joins reports:
//! copied, in batches, in their order.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Joiner, Listen};
use crate::facts::log::{
    line::{Line, Origin},
    reader::Recognised,
    stamp::Stamp,
};

/// Steps that go over in one go: a message costs more than a record.
const BATCH_STEPS: usize = 256;

/// Batches under way. The reader is the faster one, and a log may be of any length.
const BATCHES_MAX: usize = 16;

/// Bytes that the lines of one batch have in most logs.
const BATCH_BYTES: usize = 128 * BATCH_STEPS;

/// What the joiner is told.
#[derive(Debug)]
enum Step {
    Record(Record),
    LeftOut,
    Torn,
}

/// One record: places in the text of its batch.
#[derive(Debug, Clone, Default, PartialEq)]
struct Record {
    number: u32,
    raw: Range<usize>,
    text: Range<usize>,
    host: Option<Range<usize>>,
    caller: Option<Range<usize>>,
    /// Place among the stamps of its batch.
    stamp: Option<usize>,
    stamped: bool,
    kernel: bool,
}

/// Some hundred steps.
#[derive(Debug, Default)]
struct Batch {
    text: String,
    stamps: Vec<Stamp>,
    steps: Vec<Step>,
}

impl Batch {
    fn new() -> Self {
        Self {
            text: String::with_capacity(BATCH_BYTES),
            stamps: Vec::new(),
            steps: Vec::with_capacity(BATCH_STEPS),
        }
    }

    fn put(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// The place of `text`; that of the record before, where it says the same.
    fn put_again(
        &mut self,
        text: Option<&str>,
        before: Option<&Range<usize>>,
    ) -> Option<Range<usize>> {
        let text = text?;
        match before {
            Some(place) if self.text.get(place.clone()) == Some(text) => Some(place.clone()),
            _ => Some(self.put(text)),
        }
    }

    fn put_stamp(&mut self, stamp: &Stamp) -> usize {
        if self.stamps.last() != Some(stamp) {
            self.stamps.push(stamp.clone());
        }
        self.stamps.len() - 1
    }

    fn get(&self, place: Range<usize>) -> &str {
        self.text.get(place).unwrap_or_default()
    }

    fn feed(&self, entry: &str, joiner: &mut Joiner) {
        for step in &self.steps {
            match step {
                Step::Record(record) => joiner.feed(&Line {
                    entry,
                    number: record.number,
                    raw: self.get(record.raw.clone()),
                    text: self.get(record.text.clone()),
                    stamp: record.stamp.and_then(|at| self.stamps.get(at)),
                    host: record.host.clone().map(|place| self.get(place)),
                    caller: record.caller.clone().map(|place| self.get(place)),
                    stamped: record.stamped,
                    origin: if record.kernel {
                        Origin::Kernel
                    } else {
                        Origin::Program("")
                    },
                }),
                Step::LeftOut => joiner.left_out(),
                Step::Torn => joiner.torn(),
            }
        }
    }
}

/// The reader's end: it listens like a joiner.
#[derive(Debug)]
pub(super) struct Handing {
    batch: Batch,
    /// The last record.
    last: Option<Record>,
    /// `None` when the other thread has ended early, which its join tells.
    out: Option<SyncSender<Batch>>,
}

/// The joiner's end.
#[derive(Debug)]
pub(super) struct Handed(Receiver<Batch>);

/// Both ends.
pub(super) fn pair() -> (Handing, Handed) {
    let (out, into) = sync_channel(BATCHES_MAX);
    let handing = Handing {
        batch: Batch::new(),
        last: None,
        out: Some(out),
    };
    (handing, Handed(into))
}

impl Handing {
    fn push(&mut self, step: Step) {
        self.batch.steps.push(step);
        if self.batch.steps.len() >= BATCH_STEPS {
            self.send();
        }
    }

    fn send(&mut self) {
        self.last = None;
        let batch = std::mem::replace(&mut self.batch, Batch::new());
        if self
            .out
            .as_ref()
            .is_some_and(|out| out.send(batch).is_err())
        {
            self.out = None;
        }
    }

    /// Hands over what is left; the other thread ends behind it.
    pub(super) fn finish(mut self) {
        self.send();
    }
}

impl Listen for Handing {
    fn hear(&mut self, line: &Line<'_>, _: Recognised) {
        let batch = &mut self.batch;
        let last = self.last.as_ref();
        let mut record = Record {
            number: line.number,
            host: batch.put_again(line.host, last.and_then(|l| l.host.as_ref())),
            caller: batch.put_again(line.caller, last.and_then(|l| l.caller.as_ref())),
            stamped: line.stamped,
            kernel: line.kernel(),
            ..Record::default()
        };
        if record.kernel {
            record.stamp = line.stamp.map(|stamp| batch.put_stamp(stamp));
            record.raw = batch.put(line.raw);
            record.text = if line.raw.ends_with(line.text) {
                record.raw.end - line.text.len()..record.raw.end
            } else {
                batch.put(line.text)
            };
        } else if last
            .is_some_and(|l| !l.kernel && (&l.host, &l.caller) == (&record.host, &record.caller))
        {
            // Of what programs say a joiner takes who says it: that the kernel says no more for now.
            return;
        } else {
            // Printers that are silent for long are ended by the time of any record.
            record.stamp = line.stamp.map(|stamp| batch.put_stamp(stamp));
        }
        self.last = Some(record.clone());
        self.push(Step::Record(record));
    }

    fn left_out(&mut self) {
        self.last = None;
        self.push(Step::LeftOut);
    }

    fn torn(&mut self) {
        self.last = None;
        self.push(Step::Torn);
    }
}

impl Handed {
    /// Joins all that comes, up to the end of the log.
    pub(super) fn join(self, entry: &str, mut joiner: Joiner) -> Joiner {
        for batch in self.0 {
            batch.feed(entry, &mut joiner);
        }
        joiner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads goes on to the end when the joiner is gone: the join tells why it went.
    #[test]
    fn a_joiner_that_ended_early_holds_nobody_up() {
        let (mut handing, handed) = pair();
        drop(handed);
        let line = Line {
            entry: "messages",
            number: 1,
            raw: "a",
            text: "a",
            stamp: None,
            host: None,
            caller: None,
            stamped: false,
            origin: Origin::Kernel,
        };
        let recognised = Recognised {
            format: "",
            stamped: false,
        };
        for _ in 0..2 * BATCH_STEPS * BATCHES_MAX {
            handing.hear(&line, recognised);
        }
        assert!(handing.out.is_none());
        handing.finish();
    }
}
