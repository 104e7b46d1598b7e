//! What a log covers: its first and last stamp, its longest silences, its lines by day.

use std::collections::BTreeMap;

use oomscene_bundle::{Silence, TimeSpan};

use crate::capture::stamp::{self, Stamp};

/// Shorter ones are no silence: hourly jobs write once an hour.
const SILENCE_SECONDS: u64 = 3600;
/// Most silences told of one log.
const SILENCES_MAX: usize = 10;
/// Most days told of one log.
const DAYS_MAX: usize = 400;
/// A stamp without a year that goes back by more than this passed the end of a year.
const NEW_YEAR_SECONDS: i64 = 300 * 86_400;
const YEAR_SECONDS: i64 = 366 * 86_400;

/// Grows with every line of a log.
#[derive(Debug, Default)]
pub struct Coverage {
    first: Option<String>,
    last: Option<(Stamp, Vec<u8>)>,
    /// How the next line begins if it is of the same minute.
    minute: Vec<u8>,
    /// Lines since the day was looked up.
    same_day: u64,
    day: String,
    days: BTreeMap<String, u64>,
    silences: Vec<Silence>,
    newest_first: bool,
}

impl Coverage {
    /// For a log whose lines come newest first, when that is so.
    pub fn newest_first(newest_first: bool) -> Self {
        Self {
            newest_first,
            ..Self::default()
        }
    }

    /// Hears one line. Nearly all lines have the minute of the line before, and then that is all.
    pub fn line(&mut self, line: &[u8]) {
        if !self.minute.is_empty() && line.starts_with(&self.minute) {
            self.same_day += 1;
            if let Some((_, text)) = &mut self.last {
                // The seconds of the last line of a minute are wanted at the end only.
                let length = text.len();
                if let Some(head) = line.get(..length) {
                    text.copy_from_slice(head);
                }
            }
            return;
        }
        let Some(found) = stamp::find(line) else {
            self.same_day += 1;
            return;
        };
        self.count_day();
        let text = found.text(line);
        self.day = day_of(&found, line);
        self.same_day = 1;
        self.minute.clear();
        self.minute
            .extend_from_slice(line.get(..found.minute).unwrap_or_default());
        if let Some((before, head)) = self.last.take() {
            self.silence(&before, &head, &found, &text);
        }
        self.first.get_or_insert(text);
        let end = found.start + found.length;
        self.last = Some((found, line.get(..end).unwrap_or_default().to_vec()));
    }

    /// What was covered. `kept` are the lines that are in the bundle.
    pub fn finish<'a>(mut self, kept: impl Iterator<Item = &'a [u8]>) -> Option<TimeSpan> {
        self.count_day();
        let (_, head) = self.last.take()?;
        let last = stamp::find(&head).map(|found| found.text(&head))?;
        let first = self.first.take()?;
        let mut have = Self::default();
        for line in kept {
            have.line(line);
        }
        have.count_day();
        for (day, lines) in have.days {
            if let Some(count) = self.days.get_mut(&day) {
                *count = count.saturating_sub(lines);
            }
        }
        self.days.retain(|_, count| *count > 0);
        let (first, last) = if self.newest_first {
            self.silences.reverse();
            (last, first)
        } else {
            (first, last)
        };
        Some(TimeSpan {
            first,
            last,
            silences: self.silences,
            left_out_by_day: self.days,
        })
    }

    fn count_day(&mut self) {
        let lines = std::mem::take(&mut self.same_day);
        if lines > 0
            && !self.day.is_empty()
            && (self.days.len() < DAYS_MAX || self.days.contains_key(&self.day))
        {
            *self.days.entry(self.day.clone()).or_default() += lines;
        }
    }

    fn silence(&mut self, before: &Stamp, head: &[u8], now: &Stamp, text: &str) {
        // The line before may be of a later second than the first of its minute.
        let before = stamp::find(head).unwrap_or(*before);
        let (mut earlier, mut later) = (before.seconds, now.seconds);
        let mut texts = (before.text(head), text.to_owned());
        if self.newest_first {
            (earlier, later) = (later, earlier);
            texts = (texts.1, texts.0);
        }
        if earlier - later > NEW_YEAR_SECONDS && !before.has_year {
            later += YEAR_SECONDS;
        }
        let seconds = u64::try_from(later - earlier).unwrap_or(0);
        if seconds < SILENCE_SECONDS {
            return;
        }
        self.silences.push(Silence {
            after: texts.0,
            until: texts.1,
            seconds,
        });
        if self.silences.len() > SILENCES_MAX {
            let shortest = self.silences.iter().map(|s| s.seconds).min();
            let at = self
                .silences
                .iter()
                .position(|s| Some(s.seconds) == shortest);
            if let Some(at) = at {
                self.silences.remove(at);
            }
        }
    }
}

/// The day as the log writes it; of a count of seconds, the UTC day.
fn day_of(found: &Stamp, line: &[u8]) -> String {
    if found.day > 0 {
        let day = line.get(found.start..found.start + found.day);
        return String::from_utf8_lossy(day.unwrap_or_default()).into_owned();
    }
    jiff::Timestamp::from_second(found.seconds)
        .map(|time| time.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(log: &str, kept: &str) -> TimeSpan {
        let mut coverage = Coverage::default();
        for line in log.lines() {
            coverage.line(line.as_bytes());
        }
        coverage.finish(kept.lines().map(str::as_bytes)).unwrap()
    }

    #[test]
    fn silences_and_days() {
        let log = "Dec 30 23:59:58 web a\nDec 30 23:59:59 web b\n at java.x\nJan  2 00:00:00 web c\nJan  2 00:30:00 web d\n";
        let span = covers(log, "Dec 30 23:59:59 web b\n");
        assert_eq!(
            (span.first.as_str(), span.last.as_str()),
            ("Dec 30 23:59:58", "Jan  2 00:30:00")
        );
        let silence = &span.silences[0];
        assert_eq!(
            (silence.after.as_str(), silence.until.as_str()),
            ("Dec 30 23:59:59", "Jan  2 00:00:00")
        );
        assert_eq!((span.silences.len(), silence.seconds), (1, 2 * 86_400 + 1));
        let days: Vec<_> = span.left_out_by_day.into_iter().collect();
        assert_eq!(days, [("Dec 30".to_owned(), 2), ("Jan  2".to_owned(), 2)]);
    }

    #[test]
    fn a_reversed_log_is_told_forwards() {
        let mut coverage = Coverage::newest_first(true);
        coverage.line(b"2026-01-05T09:00:00+0800 web a");
        coverage.line(b"2026-01-05T03:00:00+0800 web a");
        let span = coverage.finish(std::iter::empty()).unwrap();
        assert_eq!(span.first, "2026-01-05T03:00:00+0800");
        assert_eq!(span.silences[0].until, "2026-01-05T09:00:00+0800");
        assert_eq!(span.silences[0].seconds, 6 * 3600);
    }

    #[test]
    fn only_the_longest_silences_are_told() {
        let log: String = (0..24)
            .map(|hour| format!("2026-01-{:02}T{hour:02}:00:00 web x\n", hour + 1))
            .collect();
        assert_eq!(covers(&log, "").silences.len(), SILENCES_MAX);
    }
}
