//! What one line says, with when and where it was said; the same in several logs is one thing with
//! several lines of evidence.

use super::{line::Line, stamp::Stamp};
use crate::facts::{Evidence, Record};

/// Something that a line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said<T> {
    /// What.
    pub(super) value: T,
    /// When, by its first line.
    pub(super) stamp: Option<Stamp>,
    /// Machine named by the prefix.
    pub(super) host: Option<String>,
    /// Position among all records that were read.
    pub(super) index: u64,
    /// Boot that it belongs to, counted from 1.
    pub(super) boot: Option<u64>,
    /// The lines; the one that tells it comes first.
    pub(super) evidence: Vec<Evidence>,
}

/// Where and when something was said, to be made more exact once its whole log is read.
pub(super) struct Placing<'a> {
    pub(super) stamp: &'a mut Option<Stamp>,
    pub(super) boot: &'a mut Option<u64>,
    pub(super) line: u32,
}

/// How far two stamps of one line may lie apart in two logs: `dmesg -T` computes its wall time from
/// the time of the boot and drifts.
const APART_SECONDS_MAX: f64 = 600.0;

impl<T> Said<T> {
    /// Said by this line.
    pub(super) fn at(value: T, line: &Line<'_>, index: u64) -> Self {
        Self {
            value,
            stamp: line.stamp.cloned(),
            host: line.host.map(str::to_owned),
            index,
            boot: None,
            evidence: vec![line.evidence()],
        }
    }

    /// Seconds to `later`; unknown when the stamps share no clock.
    pub(super) fn seconds_until(&self, later: Option<&Stamp>) -> Option<f64> {
        self.stamp.as_ref()?.seconds_until(later?)
    }

    /// Whether a line goes on with this: few records later, and soon.
    pub(super) fn is_near(&self, line: &Line<'_>, index: u64, records: u64, seconds: f64) -> bool {
        index.saturating_sub(self.index) <= records
            && self
                .seconds_until(line.stamp)
                .is_none_or(|s| s.abs() <= seconds)
            && (self.host.is_none() || line.host.is_none() || self.host.as_deref() == line.host)
    }

    /// Puts when it was said. `zone` is the offset of local time, for stamps that name none.
    pub(super) fn put_when(&self, zone: Option<i32>, record: &mut Record) {
        let place = &self.evidence;
        if let Some(stamp) = &self.stamp {
            record.put("time_text", stamp.text.as_str(), place.clone());
            record.put_some("time", stamp.utc_seconds(zone), place);
            record.put_some("uptime_seconds", stamp.uptime_seconds(), place);
        }
        record.put_some("boot_index", self.boot, place);
    }
}

/// Joins the lists of several logs: the nearest equal thing of another log is the same one.
pub(super) fn joined<T: PartialEq>(logs: Vec<Vec<Said<T>>>) -> Vec<Said<T>> {
    let mut all: Vec<Said<T>> = Vec::new();
    for said in logs {
        let known = all.len();
        let mut taken = vec![false; known];
        for one in said {
            let twin = all
                .iter()
                .take(known)
                .zip(&taken)
                .enumerate()
                .filter(|(_, (_, taken))| !**taken)
                .filter_map(|(at, (other, _))| Some((apart(other, &one)?, at)))
                .min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                .map(|(_, at)| at);
            match twin.and_then(|at| Some((all.get_mut(at)?, taken.get_mut(at)?))) {
                Some((other, taken)) => {
                    *taken = true;
                    other.boot = other.boot.or(one.boot);
                    other.evidence.extend(one.evidence);
                }
                None => all.push(one),
            }
        }
    }
    all
}

/// Seconds between two sayings of the same; `None` when they are not the same.
fn apart<T: PartialEq>(a: &Said<T>, b: &Said<T>) -> Option<f64> {
    let hosts_differ = a.host.is_some() && b.host.is_some() && a.host != b.host;
    let boots_differ = a.boot.is_some() && b.boot.is_some() && a.boot != b.boot;
    if hosts_differ || boots_differ || a.value != b.value {
        return None;
    }
    // Without a common clock: equal words in two logs of one machine.
    let seconds = a.seconds_until(b.stamp.as_ref()).map_or(0.0, f64::abs);
    (seconds <= APART_SECONDS_MAX).then_some(seconds)
}

#[cfg(test)]
pub(super) mod testing {
    //! Lines for the tests of the readers.

    use super::Line;
    use crate::facts::log::line::Origin;

    /// Whether such a line of a log that is too long to hold reaches the readers at all.
    pub(in crate::facts::log) fn kept(program: &str, text: &str) -> bool {
        let program = if program.is_empty() { "a" } else { program };
        crate::intake::is_kept(&format!("Aug 17 03:12:59 h {program}: {text}"))
    }

    /// A line of the kernel, or of a program when `program` is not empty.
    pub(in crate::facts::log) fn line<'a>(program: &'a str, text: &'a str) -> Line<'a> {
        Line {
            entry: "log",
            number: 1,
            raw: text,
            text,
            stamp: None,
            host: None,
            caller: None,
            stamped: true,
            origin: match program {
                "" => Origin::Unknown,
                "kernel" => Origin::Kernel,
                program => Origin::Program(program),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::line, *};

    fn said(value: u8, uptime_us: i64) -> Said<u8> {
        let mut said = Said::at(value, &line("", "x"), 0);
        said.stamp = Some(Stamp {
            uptime_us: Some(uptime_us),
            ..Stamp::default()
        });
        said
    }

    #[test]
    fn one_thing_in_two_logs() {
        let messages = vec![said(1, 5_000_000), said(1, 125_000_000), said(2, 6_000_000)];
        // A ring buffer that has lost the first of them.
        let buffer = vec![said(1, 125_000_000), said(2, 9_000_000_000)];
        let all = joined(vec![messages, buffer]);
        let lines: Vec<usize> = all.iter().map(|s| s.evidence.len()).collect();
        assert_eq!(lines, [1, 2, 1, 1]);
    }

    #[test]
    fn equal_lines_of_one_log_are_two() {
        assert_eq!(joined(vec![vec![said(1, 5), said(1, 5)]]).len(), 2);
    }
}
