//! The time stamp at the start of a log line, as written: what a log covers, not what it means.

use oomscene_bundle::TimeSpan;

/// Lines looked at from each end for a stamp: a torn or continued line has none.
const LINES_MAX: usize = 50;

/// First and last stamp of a log; `None` when no line has a stamp that is known.
#[must_use]
pub fn span(log: &[u8]) -> Option<TimeSpan> {
    let first = log.split(|b| *b == b'\n').take(LINES_MAX).find_map(stamp)?;
    let last = log
        .rsplit(|b| *b == b'\n')
        .take(LINES_MAX)
        .find_map(stamp)?;
    Some(TimeSpan { first, last })
}

/// The stamp of one line.
fn stamp(line: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(line.get(..line.len().min(80))?).into_owned();
    // syslog priority: <30>
    let head = match head.split_once('>') {
        Some((digits, rest)) if digits.starts_with('<') && digits.len() <= 4 => rest.to_owned(),
        _ => head,
    };
    syslog(&head)
        .or_else(|| iso(&head))
        .or_else(|| audit(&head))
}

/// `Jan  5 03:04:05`
fn syslog(head: &str) -> Option<String> {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let month = head.get(..3)?;
    let text = head.get(..15)?;
    let is_clock = text
        .get(9..)?
        .chars()
        .all(|c| c.is_ascii_digit() || c == ':');
    (MONTHS.split(' ').any(|m| m == month) && is_clock).then(|| text.to_owned())
}

/// `2026-01-05T03:04:05.123456+08:00`
fn iso(head: &str) -> Option<String> {
    let digits = |range: std::ops::Range<usize>| {
        head.get(range)
            .is_some_and(|t| t.chars().all(|c| c.is_ascii_digit()))
    };
    let looks =
        digits(0..4) && head.get(4..5) == Some("-") && digits(5..7) && head.get(7..8) == Some("-");
    let separator = head.get(10..11)?;
    let end = match separator {
        "T" => head.find(' ').unwrap_or(head.len()),
        " " => head
            .match_indices(' ')
            .nth(1)
            .map_or(head.len(), |(at, _)| at),
        _ => return None,
    };
    looks.then(|| head.get(..end).unwrap_or_default().to_owned())
}

/// `type=ANOM_ABEND msg=audit(1700000000.123:456): …`
fn audit(head: &str) -> Option<String> {
    let (_, rest) = head.split_once("msg=audit(")?;
    Some(rest.split_once(':')?.0.to_owned())
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
        assert_eq!(span_of("内存不足\nno stamp at all".as_bytes()), None);
    }
}
