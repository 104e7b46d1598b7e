//! Reads one log from its first to its last line and hands every record to those who listen. Of a
//! long log a second thread joins the reports of the kernel, from the records that the first one reads.

use std::thread::Builder;

use super::{
    Log, Source, Told,
    coverage::Coverage,
    line::Line,
    oom::join::Joiner,
    order,
    physical::Physical,
    programs::Programs,
    reader::{Reader, Recognised},
    stamp::BootClock,
    timeline::Timeline,
    wrap::Wrap,
};
use crate::intake::Over;

mod handover;

/// Bytes from which on a second thread is worth its start.
const LONG_BYTES: usize = 1024 * 1024;

/// Somebody who listens to the records of a log.
trait Listen {
    /// One record.
    fn hear(&mut self, line: &Line<'_>, found: Recognised);
    /// Lines were left out here.
    fn left_out(&mut self) {}
    /// The log ends inside its last line.
    fn torn(&mut self) {}
}

impl Listen for Joiner {
    fn hear(&mut self, line: &Line<'_>, _: Recognised) {
        self.feed(line);
    }

    fn left_out(&mut self) {
        // Nothing of a report lies in what was left out.
        self.finish();
    }

    fn torn(&mut self) {
        self.tear();
    }
}

/// Everything but the reports of the kernel.
#[derive(Debug, Default)]
struct Rest {
    coverage: Coverage,
    programs: Programs,
    timeline: Timeline,
    /// Records of all logs up to here.
    index: u64,
}

impl Listen for Rest {
    fn hear(&mut self, line: &Line<'_>, found: Recognised) {
        self.index += 1;
        self.coverage.feed(line, found);
        self.programs.feed(line, self.index);
        self.timeline.feed(line, found);
    }
}

impl<A: Listen, B: Listen> Listen for (&mut A, &mut B) {
    fn hear(&mut self, line: &Line<'_>, found: Recognised) {
        self.0.hear(line, found);
        self.1.hear(line, found);
    }

    fn left_out(&mut self) {
        self.0.left_out();
        self.1.left_out();
    }

    fn torn(&mut self) {
        self.0.torn();
        self.1.torn();
    }
}

/// Streams one log. `index` counts the records of all logs.
pub(super) fn one(log: &Log<'_>, clock: Option<BootClock>, index: &mut u64) -> Told {
    let wrap = Wrap::of(log.content);
    let mut rest = Rest {
        index: *index,
        ..Rest::default()
    };
    let new = || Joiner::new(log.source == Source::Kmsg);
    let jumps = log.condensed.map_or(&[][..], |c| &c.jumps);
    let backwards = (log.source == Source::Text).then(|| order::newest_first(log.content, jumps));
    let reading = Reading {
        log,
        clock,
        wrap,
        backwards: backwards.flatten(),
    };
    let both = |rest: &mut Rest| {
        let mut joiner = new();
        let lines = reading.run(&mut (&mut joiner, rest));
        (joiner, lines)
    };
    let (mut joiner, lines) = if log.content.len() < LONG_BYTES {
        both(&mut rest)
    } else {
        std::thread::scope(|scope| {
            let (mut handing, handed) = handover::pair();
            let joining = || handed.join(log.entry, new());
            // Where the system gives no thread, this one does all.
            let Ok(reports) = Builder::new().spawn_scoped(scope, joining) else {
                return both(&mut rest);
            };
            let lines = reading.run(&mut (&mut handing, &mut rest));
            handing.finish();
            match reports.join() {
                Ok(joiner) => (joiner, lines),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    };
    *index = rest.index;
    rest.coverage.lines = lines.left_out + log.condensed.map_or(lines.read, |told| told.lines);
    joiner.finish();
    rest.programs.finish();
    rest.coverage.finish();
    Told {
        coverage: rest.coverage,
        joiner,
        programs: rest.programs,
        timeline: rest.timeline,
    }
}

/// How many lines there were.
#[derive(Debug, Default)]
struct Lines {
    read: u64,
    /// Those that the collector left out.
    left_out: u64,
}

/// What is known of a log before it is read.
struct Reading<'l, 'a> {
    log: &'l Log<'a>,
    clock: Option<BootClock>,
    wrap: Option<Wrap>,
    /// The records of a log that lists the newest first, oldest first.
    backwards: Option<Vec<order::Turned<'a>>>,
}

impl Reading<'_, '_> {
    fn run(&self, listener: &mut impl Listen) -> Lines {
        let mut reader = Reader::new(self.log.entry, self.log.source, self.clock);
        reader.wrapped(self.wrap);
        reader.jump(self.log.first_line);
        let lines = match &self.backwards {
            Some(records) => turned(records, self.log.first_line, &mut reader, listener),
            None => in_order(self.log, &mut reader, listener),
        };
        reader.finish(&mut |line, found| listener.hear(line, found));
        lines
    }
}

/// Reads the records of a log that lists the newest first.
fn turned(
    records: &[order::Turned<'_>],
    first_line: u32,
    reader: &mut Reader<'_>,
    listener: &mut impl Listen,
) -> Lines {
    let mut lines = Lines::default();
    for record in records {
        reader.finish(&mut |line, found| listener.hear(line, found));
        if record.gap {
            listener.left_out();
        }
        reader.jump(first_line - 1 + record.number);
        let text = record.bytes.strip_suffix(b"\n").unwrap_or(record.bytes);
        for physical in text.split(|b| *b == b'\n') {
            lines.read += 1;
            reader.feed(physical, false, &mut |line, found| {
                listener.hear(line, found);
            });
        }
    }
    lines
}

/// Reads the lines of a log as they stand.
fn in_order(log: &Log<'_>, reader: &mut Reader<'_>, listener: &mut impl Listen) -> Lines {
    let mut lines = Lines::default();
    for step in Physical::of(log) {
        match step.jump {
            Some(jump) if jump.over == Over::Programs => reader.pass_programs(jump.line),
            Some(jump) => {
                reader.finish(&mut |line, found| listener.hear(line, found));
                listener.left_out();
                reader.jump(jump.line);
            }
            None => {}
        }
        if let Some(cut) = oomscene_bundle::cut::parse(step.bytes) {
            reader.finish(&mut |line, found| listener.hear(line, found));
            listener.left_out();
            reader.pass(&cut);
            lines.left_out += cut.lines;
            continue;
        }
        lines.read += 1;
        reader.feed(step.bytes, step.torn, &mut |line, found| {
            listener.hear(line, found);
        });
        if step.torn {
            listener.torn();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two threads read the same as one: a log that is just too short for two, many times over.
    #[test]
    fn a_long_log_reads_like_a_short_one() {
        let report = include_bytes!("../../../../tests/fixtures/logs/05-ls-order3-java-victim.log");
        let noise = "Aug 17 03:12:59 h systemd[1]: a.service: Failed with result 'oom-kill'.\n";
        let other = "Aug 17 03:12:59 h kernel: [   12.345678] usb 1-1: new device\n";
        let cut = oomscene_bundle::Cut {
            first_line: None,
            lines: 12,
            bytes: 340,
            between: None,
        };
        let mut content = noise.repeat(1 + LONG_BYTES / noise.len()).into_bytes();
        content.extend_from_slice(other.repeat(1000).as_bytes());
        content.extend_from_slice(report);
        content.extend_from_slice(format!("{cut}\n{noise}{other}").as_bytes());
        // A second report, which breaks off where it was left out, and one that the log ends in.
        for part in [&format!("\n{cut}\n"), ""] {
            content.extend_from_slice(&report[..report.len() / 4]);
            content.extend_from_slice(part.as_bytes());
        }
        let log = |content| Log {
            entry: "messages",
            source: Source::Text,
            content,
            first_line: 1,
            condensed: None,
            cut: None,
            excerpt: true,
        };
        let mut index = 7;
        let long = one(&log(&content), None, &mut index);
        let mut both = (Joiner::new(false), Rest::default());
        both.1.index = 7;
        let (joiner, rest) = (&mut both.0, &mut both.1);
        let reading = Reading {
            log: &log(&content),
            clock: None,
            wrap: Wrap::of(&content),
            backwards: None,
        };
        let lines = reading.run(&mut (joiner, rest));
        both.0.finish();
        assert_eq!(long.joiner.events, both.0.events);
        assert_eq!(long.joiner.events.len(), 3);
        let cut_ends = long.joiner.events.iter().map(|e| e.cut_end);
        assert_eq!(cut_ends.collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(long.programs.exits, both.1.programs.exits);
        assert!(!long.programs.exits.is_empty());
        assert_eq!(long.coverage.lines, lines.read + 2 * cut.lines);
        assert_eq!(index, both.1.index);
    }
}
