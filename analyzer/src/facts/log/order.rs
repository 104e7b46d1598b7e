//! Logs that list the newest record first, as web consoles and `journalctl -r` do: they are read from
//! their end, record by record, under their true line numbers.

use super::{outer, prefix, stamp::Stamp};
use crate::intake::{Jump, Over};

/// How much of a log shows in which order it is: a log without stamps is not looked at for longer.
const LOOK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Steps back in time, none forward, that show the order by themselves.
const STEPS_MIN: usize = 3;

/// Lines of a report of which the second stands right behind the first, and never before it.
const NEIGHBOURS: &[(&str, &str)] = &[
    (" invoked oom-killer:", " cpuset="),
    (" invoked oom-killer:", "CPU: "),
    (" invoked oom-killer:", "Pid: "),
    ("CPU: ", "Hardware name: "),
    ("CPU: ", "Call Trace:"),
    ("Hardware name: ", "Call Trace:"),
    ("Tasks state (", "total_vm"),
    ("memory: usage ", "swap: usage "),
    ("memory: usage ", "memory+swap: usage "),
    ("Free swap ", "Total swap "),
];

/// Lines about one kill, in their order: they name the same process behind these words.
const KILLS: &[&str] = &[
    "Kill process ",
    ",pid=",
    "Killed process ",
    "reaped process ",
];

/// Whether `second` follows `first` in a report.
fn follows(first: &str, second: &str) -> bool {
    let mut pairs = NEIGHBOURS.iter();
    if pairs.any(|(a, b)| first.contains(a) && second.contains(b)) {
        return true;
    }
    let stage = |line: &str| {
        let mut stages = KILLS.iter().enumerate();
        let (stage, words) = stages.find(|(_, words)| line.contains(*words))?;
        let (_, rest) = line.split_once(words)?;
        let pid: u64 = rest.split([' ', ',']).next()?.parse().ok()?;
        Some((stage, pid))
    };
    match (stage(first), stage(second)) {
        (Some((a, pid)), Some((b, other))) => a < b && pid == other,
        _ => false,
    }
}

/// One record of a log that lists the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turned<'a> {
    /// Number of its first line.
    pub(super) number: u32,
    /// Its lines.
    pub(super) bytes: &'a [u8],
    /// Lines were left out behind it in the file, which is before it in time.
    pub(super) gap: bool,
}

/// Records of a log that lists the newest first, oldest first. `None` for a log in order. `jumps` are
/// where the lines of a condensed log do not follow each other.
pub(super) fn newest_first<'a>(content: &'a [u8], jumps: &[Jump]) -> Option<Vec<Turned<'a>>> {
    let looked_at = content.get(..LOOK_BYTES_MAX).unwrap_or(content);
    records(looked_at, jumps).and_then(|all| {
        if looked_at.len() == content.len() {
            Some(all)
        } else {
            records(content, jumps)
        }
    })
}

fn records<'a>(content: &'a [u8], jumps: &[Jump]) -> Option<Vec<Turned<'a>>> {
    let mut jumps = jumps.iter().peekable();
    let mut order = Order::default();
    let mut records: Vec<Turned<'a>> = Vec::new();
    let mut begin = 0;
    let mut first = 1;
    let mut at = 0;
    let mut number = 0;
    for line in content.split_inclusive(|b| *b == b'\n') {
        number += 1;
        let jump = jumps.next_if(|jump| jump.offset <= at);
        if let Some(jump) = jump {
            number = jump.line;
            if at > begin {
                records.push(Turned {
                    number: first,
                    bytes: content.get(begin..at)?,
                    gap: jump.over == Over::Anything,
                });
                (begin, first) = (at, number);
            }
        }
        let text = String::from_utf8_lossy(line);
        let text = outer::plain(text.trim_end());
        let found = prefix::strip(&text);
        // A line without a prefix goes on with the record before it.
        if found.stamp.is_some() || found.program.is_some() {
            order.next(found.stamp, found.text);
            if order.in_sequence() {
                return None;
            }
            if at > begin {
                records.push(Turned {
                    number: first,
                    bytes: content.get(begin..at)?,
                    gap: false,
                });
            }
            (begin, first) = (at, number);
        }
        at += line.len();
    }
    if !order.reversed() {
        return None;
    }
    records.push(Turned {
        number: first,
        bytes: content.get(begin..)?,
        gap: false,
    });
    records.reverse();
    Some(records)
}

/// What speaks for either order.
#[derive(Default)]
struct Order {
    last: Option<(Option<Stamp>, String)>,
    forward: usize,
    back: usize,
    neighbours_forward: usize,
    neighbours_back: usize,
}

impl Order {
    fn next(&mut self, stamp: Option<Stamp>, text: &str) {
        if let Some((before, last)) = &self.last {
            let step = before
                .as_ref()
                .zip(stamp.as_ref())
                .and_then(|(before, stamp)| before.seconds_until(stamp));
            // A year that is not written makes December follow January.
            let plain = step.filter(|s| s.abs() < 200.0 * 86_400.0);
            self.forward += usize::from(plain.is_some_and(|s| s > 0.0));
            self.back += usize::from(plain.is_some_and(|s| s < 0.0));
            self.neighbours_forward += usize::from(follows(last, text));
            self.neighbours_back += usize::from(follows(text, last));
        }
        self.last = Some((stamp, text.to_owned()));
    }

    /// Whether so much speaks for a log in order that nothing can outweigh it.
    fn in_sequence(&self) -> bool {
        self.neighbours_forward > self.neighbours_back + 1
            || self.forward > 8 && self.forward > self.back
    }

    fn reversed(&self) -> bool {
        let by_time = self.back >= STEPS_MIN && self.forward == 0;
        let by_words = self.neighbours_back >= 1 && self.back >= self.forward;
        let more = self.neighbours_back > self.neighbours_forward;
        (by_words && more && (self.back > 0 || self.neighbours_back >= 2))
            || (by_time && self.neighbours_forward == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &[&str] = &[
        "Aug 17 17:29:26 node-7 systemd[1]: started",
        "Aug 17 17:29:27 node-7 kernel: mixer invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        "Aug 17 17:29:27 node-7 kernel: CPU: 2 PID: 41 Comm: mixer Not tainted 6.1.0-1 #1",
        "Aug 17 17:29:27 node-7 kernel: active_anon:1 inactive_anon:2 isolated_anon:0\n active_file:3 inactive_file:4 isolated_file:0",
        "Aug 17 17:29:27 node-7 kernel: Out of memory: Killed process 41 (mixer) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
        "Aug 17 17:29:28 node-7 kernel: oom_reaper: reaped process 41 (mixer), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
    ];

    #[test]
    fn records_come_oldest_first_with_their_numbers() {
        let lines: Vec<&str> = REPORT.iter().rev().copied().collect();
        let log = format!("{}\n", lines.join("\n"));
        let records = newest_first(log.as_bytes(), &[]).unwrap();
        let numbers: Vec<u32> = records.iter().map(|r| r.number).collect();
        assert_eq!(numbers, [7, 6, 5, 3, 2, 1]);
        assert!(records[3].bytes.ends_with(b"isolated_file:0\n"));
        assert!(records.iter().all(|r| !r.gap));
    }

    /// Of a long log some lines were left out: the numbers jump, and no record reaches over that.
    #[test]
    fn a_condensed_log_keeps_its_numbers() {
        let lines: Vec<&str> = REPORT.iter().rev().copied().collect();
        let log = format!("{}\n", lines.join("\n"));
        let jumps: Vec<Jump> = [
            ("Aug 17 17:29:28", 40, Over::Anything),
            ("Aug 17 17:29:27 node-7 kernel: CPU", 90, Over::Anything),
            ("Aug 17 17:29:26", 95, Over::Programs),
        ]
        .map(|(start, line, over)| Jump {
            offset: log.find(start).unwrap(),
            line,
            over,
        })
        .into();
        let records = newest_first(log.as_bytes(), &jumps).unwrap();
        let numbers: Vec<(u32, bool)> = records.iter().map(|r| (r.number, r.gap)).collect();
        assert_eq!(
            numbers,
            [
                (95, false),
                (91, false),
                (90, false),
                (42, true),
                (41, false),
                (40, false)
            ]
        );
    }

    #[test]
    fn a_log_in_order_is_left_alone() {
        let log = format!("{}\n", REPORT.join("\n"));
        assert!(newest_first(log.as_bytes(), &[]).is_none());
        assert!(newest_first(b"a\nb\n", &[]).is_none());
        let new_year = "Dec 31 23:59:59 h kernel: a\nJan 1 00:00:01 h kernel: b\n".repeat(4);
        assert!(newest_first(new_year.as_bytes(), &[]).is_none());
    }
}
