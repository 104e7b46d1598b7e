//! The time stamp at the start of a log line: what a log covers, not what it means.

use oomscene_bundle::TimeSpan;

/// Lines looked at from each end for a stamp: a torn or continued line has none.
const LINES_MAX: usize = 50;
/// Bytes of a line in which a stamp may stand.
const HEAD_BYTES: usize = 96;
const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
/// A year before the first that can stand in a log, and a leap year: for stamps without a year.
const NO_YEAR: i64 = 1904;

/// First and last stamp of a log; `None` when no line has a stamp that is known.
#[must_use]
pub fn span(log: &[u8]) -> Option<TimeSpan> {
    let text = |line| find(line).map(|stamp| stamp.text(line));
    let first = log.split(|b| *b == b'\n').take(LINES_MAX).find_map(text)?;
    let last = log.rsplit(|b| *b == b'\n').take(LINES_MAX).find_map(text)?;
    Some(TimeSpan {
        first,
        last,
        ..TimeSpan::default()
    })
}

/// Where a stamp stands in its line, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Offset of the stamp in the line.
    pub start: usize,
    /// Length of the stamp as written.
    pub length: usize,
    /// Bytes of the line up to and with the minute: lines of the same minute begin alike. 0 where
    /// the minute does not stand there in digits.
    pub minute: usize,
    /// Bytes of the stamp, from its start, that name the day; 0 for a count of seconds.
    pub day: usize,
    /// Seconds since 1970, or since the start of a made-up year when the stamp has none; as the
    /// clock on the wall showed it.
    pub seconds: i64,
    /// Whether it has a year.
    pub has_year: bool,
}

impl Stamp {
    /// The stamp as written.
    #[must_use]
    pub fn text(&self, line: &[u8]) -> String {
        let end = self.start + self.length;
        String::from_utf8_lossy(line.get(self.start..end).unwrap_or_default()).into_owned()
    }

    /// Seconds since 1970 when the log was written to last at `changed` (both as the clock on the
    /// wall showed it): a stamp without a year is the latest that is not after it.
    #[must_use]
    pub fn seconds_before(&self, changed: i64) -> i64 {
        const DAY: i64 = 86_400;
        if self.has_year {
            return self.seconds;
        }
        let of_year = self.seconds - days(NO_YEAR, 1, 1) * DAY;
        // A day of the made-up leap year is at most one off in another: enough to choose by days.
        let year = year_of(changed.div_euclid(DAY));
        let this_year = days(year, 1, 1) * DAY + of_year;
        if this_year > changed + DAY {
            days(year - 1, 1, 1) * DAY + of_year
        } else {
            this_year
        }
    }
}

/// The stamp of one line.
#[must_use]
pub fn find(line: &[u8]) -> Option<Stamp> {
    let head = line.get(..line.len().min(HEAD_BYTES))?;
    let mut start = 0;
    // Syslog priority: <30>
    if head.first() == Some(&b'<') {
        let end = head.iter().take(6).position(|b| *b == b'>')?;
        start = end + 1;
    }
    syslog(head, start)
        .or_else(|| iso(head, start))
        .or_else(|| audit(head))
        // OpenWrt and journals in the form `full` begin with the day of the week.
        .or_else(|| syslog(head, start + 4).or_else(|| iso(head, start + 4)))
}

/// `Jan  5 03:04:05`
fn syslog(head: &[u8], start: usize) -> Option<Stamp> {
    let text = head.get(start..start + 15)?;
    let name = text.get(..3)?;
    let month = MONTHS.chunks(3).position(|m| m == name)?;
    let day = number(text, 4, 2)?;
    let clock = clock(text, 7)?;
    let month = i64::try_from(month).ok()? + 1;
    // `Mon Jan  5 03:04:05 2026`, as ctime(3) writes it.
    let year = (head.get(start + 15) == Some(&b' '))
        .then(|| number(head, start + 16, 4))
        .flatten()
        .filter(|year| (1990..2200).contains(year));
    Some(Stamp {
        start,
        length: if year.is_some() { 20 } else { 15 },
        minute: start + 12,
        day: 6,
        seconds: days(year.unwrap_or(NO_YEAR), month, day) * 86_400 + clock,
        has_year: year.is_some(),
    })
}

/// `2026-01-05T03:04:05.123456+08:00`, `2026-01-05 03:04:05`
fn iso(head: &[u8], start: usize) -> Option<Stamp> {
    let text = head.get(start..)?;
    if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        return None;
    }
    let separator = *text.get(10)?;
    let date = days(
        number(text, 0, 4)?,
        number(text, 5, 2)?,
        number(text, 8, 2)?,
    );
    let clock = clock(text, 11)?;
    if separator != b'T' && separator != b' ' {
        return None;
    }
    let rest = text.get(11..)?;
    let length = rest.iter().position(|b| *b == b' ').unwrap_or(rest.len());
    Some(Stamp {
        start,
        length: 11 + length,
        minute: start + 16,
        day: 10,
        seconds: date * 86_400 + clock,
        has_year: true,
    })
}

/// `type=ANOM_ABEND msg=audit(1700000000.123:456): …`
fn audit(head: &[u8]) -> Option<Stamp> {
    const OPEN: &[u8] = b"msg=audit(";
    let start = memchr::memmem::find(head, OPEN)? + OPEN.len();
    let rest = head.get(start..)?;
    let length = rest.iter().position(|b| *b == b':')?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    Some(Stamp {
        start,
        length,
        minute: 0,
        day: 0,
        seconds: number(rest, 0, digits)?,
        has_year: true,
    })
}

/// Seconds of the day from `03:04:05`.
fn clock(text: &[u8], at: usize) -> Option<i64> {
    if text.get(at + 2) != Some(&b':') || text.get(at + 5) != Some(&b':') {
        return None;
    }
    Some(number(text, at, 2)? * 3600 + number(text, at + 3, 2)? * 60 + number(text, at + 6, 2)?)
}

/// A number of up to 12 digits; the first may be a space.
fn number(text: &[u8], at: usize, length: usize) -> Option<i64> {
    let digits = text.get(at..at + length)?;
    if digits.is_empty() || digits.len() > 12 {
        return None;
    }
    let mut value = 0;
    for (place, digit) in digits.iter().enumerate() {
        match digit {
            b'0'..=b'9' => value = value * 10 + i64::from(digit - b'0'),
            b' ' if place == 0 && length == 2 => {}
            _ => return None,
        }
    }
    Some(value)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
#[must_use]
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day at their end.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + of_year - 719_468
}

/// The year that a day since 1970-01-01 lies in.
fn year_of(day: i64) -> i64 {
    let guess = 1970 + day.div_euclid(366);
    (guess..guess + 3)
        .rev()
        .find(|year| days(*year, 1, 1) <= day)
        .unwrap_or(guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_stamps() {
        let log = b"torn line\nJan  5 03:04:05 web kernel: x\nDec 31 23:59:59 web kernel: y\n";
        let span_of = |log: &[u8]| span(log).map(|s| (s.first, s.last));
        assert_eq!(
            span_of(log),
            Some(("Jan  5 03:04:05".into(), "Dec 31 23:59:59".into()))
        );
        let log = b"2026-01-05T03:04:05.1+08:00 a b\n2026-01-05T03:04:06.1+08:00 a b\n";
        assert_eq!(span_of(log).unwrap().1, "2026-01-05T03:04:06.1+08:00");
        let log = b"type=ANOM_ABEND msg=audit(1700000000.123:456): pid=1\n";
        assert_eq!(span_of(log).unwrap().0, "1700000000.123");
        let log = b"Mon Jan  5 03:04:05 2026 kern.info kernel: x\n";
        assert_eq!(span_of(log).unwrap().0, "Jan  5 03:04:05 2026");
        assert_eq!(
            span_of(b"<30>Jan  5 03:04:05 web x\n").unwrap().0,
            "Jan  5 03:04:05"
        );
        assert_eq!(span_of("内存不足\nno stamp at all".as_bytes()), None);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(days(2026, 1, 5), 20_458);
        for year in 1970..2100 {
            assert_eq!(year_of(days(year, 1, 1)), year);
            assert_eq!(year_of(days(year, 12, 31)), year);
        }
    }

    #[test]
    fn a_stamp_without_year_is_the_latest_that_fits() {
        let changed = days(2026, 1, 7) * 86_400;
        let of = |line: &[u8]| find(line).unwrap().seconds_before(changed);
        assert_eq!(of(b"Jan  5 00:00:00 x"), days(2026, 1, 5) * 86_400);
        assert_eq!(
            of(b"Dec 31 00:00:00 x"),
            days(2025, 12, 31) * 86_400 + 86_400
        );
        assert_eq!(of(b"2024-02-29T00:00:00 x"), days(2024, 2, 29) * 86_400);
    }
}
