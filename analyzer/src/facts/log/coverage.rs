//! What each log covers: its form, its first and last stamp, how many lines.

use crate::words::Bilingual;
use std::collections::BTreeMap;

use super::{Log, Source, line::Line, reader::Recognised, stamp::Stamp, timeline::Timeline};
use crate::facts::{Evidence, Record};

/// Coverage of one log.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    pub(super) lines: u64,
    /// Lines that the kernel wrote, by their prefix.
    pub(super) kernel_lines: u64,
    formats: BTreeMap<&'static str, u64>,
    pub(super) first: Option<(Stamp, Evidence)>,
    /// Known once the log is at its end.
    pub(super) last: Option<(Stamp, Evidence)>,
    latest: Latest,
    /// Longest time between two lines, with the stamps around it: no proof of a loss.
    silence: Option<(f64, Evidence, Evidence)>,
}

/// The last record with a stamp, in memory that the next one takes over.
#[derive(Debug, Default)]
struct Latest {
    stamp: Option<Stamp>,
    entry: String,
    line: u32,
    raw: String,
}

impl Latest {
    fn evidence(&self) -> Evidence {
        Evidence::new(&self.entry, self.line, self.raw.trim())
    }
}

impl Coverage {
    /// Ends the log.
    pub(super) fn finish(&mut self) {
        if let Some(stamp) = self.latest.stamp.take() {
            self.last = Some((stamp, self.latest.evidence()));
        }
    }

    /// Counts one record.
    pub(super) fn feed(&mut self, line: &Line<'_>, found: Recognised) {
        if !found.format.is_empty() {
            *self.formats.entry(found.format).or_default() += 1;
        }
        if let Some(stamp) = line.stamp.filter(|_| found.stamped) {
            if let Some(before) = &self.latest.stamp
                && let Some(seconds) = before.seconds_until(stamp)
                && self
                    .silence
                    .as_ref()
                    .is_none_or(|(most, ..)| seconds > *most)
            {
                self.silence = Some((seconds, self.latest.evidence(), line.evidence()));
            }
            if self.first.is_none() {
                self.first = Some((stamp.clone(), line.evidence()));
            }
            Stamp::keep(&mut self.latest.stamp, Some(stamp));
            line.entry.clone_into(&mut self.latest.entry);
            self.latest.line = line.number;
            line.raw.clone_into(&mut self.latest.raw);
            let stamped_by_kernel =
                found.format.starts_with("dmesg") || found.format == "/dev/kmsg";
            let kernel = line.origin == super::line::Origin::Kernel;
            self.kernel_lines += u64::from(kernel || (stamped_by_kernel && line.kernel()));
        }
    }

    /// Forms in the order of their frequency.
    fn format(&self) -> String {
        let mut formats: Vec<(&str, u64)> = self.formats.iter().map(|(f, n)| (*f, *n)).collect();
        formats.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let names: Vec<&str> = formats.into_iter().map(|(name, _)| name).collect();
        if names.is_empty() {
            "no prefix".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// Seconds between first and last stamp.
    pub(super) fn seconds(&self) -> Option<f64> {
        let (first, last) = (self.first.as_ref()?, self.last.as_ref()?);
        first.0.seconds_until(&last.0)
    }

    /// Whether most of its wall times were computed by `dmesg -T`, which drifts.
    pub(super) fn computed(&self) -> bool {
        self.formats
            .iter()
            .max_by_key(|(_, count)| **count)
            .is_some_and(|(format, _)| format.starts_with("dmesg -T"))
    }

    /// Its first and its last stamp.
    pub(super) fn edges(&mut self) -> impl Iterator<Item = (&mut Stamp, &Evidence)> {
        let first = self.first.as_mut().map(|(stamp, at)| (stamp, &*at));
        let last = self.last.as_mut().map(|(stamp, at)| (stamp, &*at));
        first.into_iter().chain(last)
    }

    /// The record of this log.
    pub(super) fn record(&self, log: &Log<'_>, timeline: &Timeline, zone: Option<i32>) -> Record {
        let whole = || vec![Evidence::new(log.entry, 0, "")];
        let mut record = Record::new();
        record.put("entry", log.entry, whole());
        record.put("format", self.format(), whole());
        record.put("lines_count", self.lines, whole());
        record.put("cut", log.cut.is_some(), whole());
        if let (Some((first, at)), Some((last, end))) = (&self.first, &self.last) {
            record.put("first_text", first.text.as_str(), vec![at.clone()]);
            record.put("last_text", last.text.as_str(), vec![end.clone()]);
            let (at, end) = ([at.clone()], [end.clone()]);
            record.put_some("first_time", first.utc_seconds(zone), &at);
            record.put_some("last_time", last.utc_seconds(zone), &end);
            let both = [at, end].concat();
            record.put_some("covers_seconds", first.seconds_until(last), &both);
            record.put("year_unknown", timeline.years.unknown(), both.clone());
            record.put_some("year_source", timeline.years.source(), &both);
        }
        record.put("boots_count", timeline.boots.count(), whole());
        // Of a log that was condensed only the lines around reports were seen.
        if log.condensed.is_none()
            && let Some((seconds, from, to)) = &self.silence
        {
            let lines = vec![from.clone(), to.clone()];
            record.put("silence_seconds", *seconds, lines);
        }
        record
    }

    /// Why this log may lack events.
    pub(super) fn partial(&self, log: &Log<'_>) -> Bilingual {
        let span = match (&self.first, &self.last) {
            (Some((first, _)), Some((last, _))) => Bilingual::new(
                format!("covers {} to {} only", first.text, last.text),
                format!("只覆盖 {} 至 {}", first.text, last.text),
            ),
            _ => Bilingual::new("has no stamps", "没有时间戳"),
        };
        let what = match (&log.cut, log.excerpt, log.source) {
            (Some(why), ..) => {
                Bilingual::new(format!("was cut ({why})"), format!("被截断（{why}）"))
            }
            (None, true, _) => Bilingual::new("is an excerpt", "只是节选"),
            (None, false, Source::Kmsg) => Bilingual::new(
                "is a ring buffer that had wrapped",
                "来自已被覆盖的环形缓冲区",
            ),
            (None, false, Source::Text) => Bilingual::new(
                "does not reach back to the boot for sure",
                "不能确定包含自开机起的全部内容",
            ),
        };
        Bilingual::new(
            format!("{} {} and {}", log.entry, what.en, span.en),
            format!("{} {}，且{}", log.entry, what.zh, span.zh),
        )
    }
}
