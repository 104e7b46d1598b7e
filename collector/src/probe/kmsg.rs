//! The kernel's ring buffer, record by record, so that a wrap is known exactly.
//!
//! Format of a record: Documentation/ABI/testing/dev-kmsg in the kernel tree.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use oomscene_bundle::Outcome;
use rustix::io::Errno;
use serde_json::{Value, json};

use super::{clocks, syslog};
use crate::capture::{command, errno};
use crate::host::{Opening, read_once};
use crate::item::Made;
use crate::visit::Visit;

const RAW: &str = "scene/kmsg";
const ABOUT: &str = "scene/kmsg.json";
const TEXT: &str = "scene/dmesg.txt";
/// Most bytes kept; of a longer buffer the oldest records go.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// A machine that logs faster than it is read must not hold the collection up.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How long `dmesg` may take.
const DMESG: Duration = Duration::from_secs(5);

/// `scene/kmsg` and `scene/kmsg.json`, or `scene/dmesg.txt` when the device is refused.
pub fn take(visit: &mut Visit) -> Vec<Made> {
    match visit.host.open("dev/kmsg", Opening::AtOnce) {
        Ok(device) => {
            let mut records = Records::default();
            let until = Instant::now() + TIME_MAX.min(visit.left());
            if let Err(errno) = records.read(&device, until)
                && records.count == 0
            {
                return fallback(visit, errno);
            }
            let about = records.about(visit);
            let mut made = Made::captured(RAW, records.bytes);
            if records.dropped > 0 {
                made.outcome = Outcome::Truncated;
                made.reason = format!("the oldest {} records were left out", records.dropped);
            }
            vec![made, Made::json(ABOUT, &about)]
        }
        Err(errno) => fallback(visit, errno),
    }
}

/// Raw records and what their sequence numbers say.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
    count: u64,
    dropped: u64,
    first: Option<u64>,
    last: Option<u64>,
    /// Ranges of sequence numbers that were overwritten while reading.
    gaps: Vec<(u64, u64)>,
    lost: u64,
    stopped: bool,
}

impl Records {
    fn read(&mut self, device: &OwnedFd, until: Instant) -> Result<(), Errno> {
        let mut record = Vec::new();
        loop {
            record.clear();
            match read_once(device, &mut record) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(()),
                Ok(_) => self.add(&record),
                // The record that was next has been overwritten; the gap shows in the numbers.
                Err(Errno::PIPE) => {}
                Err(other) => return Err(other),
            }
            if Instant::now() >= until {
                self.stopped = true;
                return Ok(());
            }
        }
    }

    fn add(&mut self, record: &[u8]) {
        let sequence = record
            .split(|b| *b == b',')
            .nth(1)
            .and_then(|text| std::str::from_utf8(text).ok())
            .and_then(|text| text.parse::<u64>().ok());
        if let (Some(sequence), Some(last)) = (sequence, self.last)
            && sequence > last + 1
        {
            self.lost += sequence - last - 1;
            if self.gaps.len() < 100 {
                self.gaps.push((last + 1, sequence - 1));
            }
        }
        self.first = self.first.or(sequence);
        self.last = sequence.or(self.last);
        self.count += 1;
        self.bytes.extend_from_slice(record);
        if self.bytes.len() > BYTES_MAX {
            self.drop_oldest();
        }
    }

    /// Drops an eighth at a time, so that a long buffer is moved seldom. A record begins at a line
    /// that does not begin with a space.
    fn drop_oldest(&mut self) {
        let least = BYTES_MAX / 8;
        let mut cut = self.bytes.len();
        let mut dropped = 0;
        let mut at = 0;
        for line in self.bytes.split_inclusive(|b| *b == b'\n') {
            if line.first() != Some(&b' ') {
                if at >= least {
                    cut = at;
                    break;
                }
                dropped += 1;
            }
            at += line.len();
        }
        self.bytes.drain(..cut);
        self.dropped += dropped;
    }

    fn about(&self, visit: &Visit) -> Value {
        json!({
            "source": "/dev/kmsg",
            "first_sequence": self.first.map(|first| first + self.dropped),
            "first_sequence_in_buffer": self.first,
            "last_sequence": self.last,
            "records": self.count - self.dropped,
            "records_left_out": self.dropped,
            "records_lost_while_reading": self.lost,
            "gaps": self.gaps,
            "stopped_early": self.stopped,
            "buffer_bytes": syslog::buffer_bytes().ok(),
            "boot_id": visit.host.line("proc/sys/kernel/random/boot_id"),
            "clocks": clocks::read(),
        })
    }
}

/// The ring buffer without sequence numbers.
fn fallback(visit: &Visit, refused: Errno) -> Vec<Made> {
    let refusal = format!("/dev/kmsg: {}", errno::words(refused));
    let outcome = errno::Trouble::from(refused).outcome();
    let mut kmsg = Made::missing(RAW, outcome, refusal.clone());
    kmsg.errno = Some(refused.raw_os_error());
    let (source, text, reason) = match syslog::read_all(BYTES_MAX) {
        Ok(text) => (
            "syslog(2)",
            text,
            format!("{refusal}; taken through syslog(2), without sequence numbers"),
        ),
        Err(errno) => {
            let reason = format!("{refusal}; syslog(2): {}", errno::words(errno));
            let ran = command::run(&["dmesg"], DMESG.min(visit.left()), BYTES_MAX);
            if ran.output.is_empty() {
                let tried = format!("{reason}; dmesg: {}", ran.reason);
                kmsg.reason = tried;
                return vec![kmsg];
            }
            (
                "dmesg",
                ran.output,
                format!("{reason}; taken through dmesg, without sequence numbers"),
            )
        }
    };
    kmsg.reason.clone_from(&reason);
    let about = json!({
        "source": source,
        "refused": refusal,
        "buffer_bytes": syslog::buffer_bytes().ok(),
        "boot_id": visit.host.line("proc/sys/kernel/random/boot_id"),
        "clocks": clocks::read(),
    });
    let mut dmesg = Made::captured(TEXT, text);
    dmesg.reason = reason;
    vec![kmsg, dmesg, Made::json(ABOUT, &about)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted() {
        let mut records = Records::default();
        records.add(b"6,100,5000,-;first\n");
        records.add(b"6,101,5001,-;second\n SUBSYSTEM=pci\n");
        records.add(b"4,105,5002,c;after the gap\n");
        assert_eq!(
            (records.first, records.last, records.lost),
            (Some(100), Some(105), 3)
        );
        assert_eq!(records.gaps, [(102, 104)]);
    }

    #[test]
    fn oldest_records_go_first() {
        let mut records = Records::default();
        let text = "x".repeat(1000);
        let total = 9000_u64;
        for sequence in 0..total {
            records.add(format!("6,{sequence},1,-;{text}\n KEY=1\n").as_bytes());
        }
        assert!(records.dropped > 0 && records.bytes.len() <= BYTES_MAX);
        let head = String::from_utf8_lossy(&records.bytes[..20]).into_owned();
        assert!(
            head.starts_with(&format!("6,{},1,-;", records.dropped)),
            "{head}"
        );
        let kept = records
            .bytes
            .split(|b| *b == b'\n')
            .filter(|l| l.starts_with(b"6,"))
            .count();
        assert_eq!(kept as u64, total - records.dropped);
    }
}
