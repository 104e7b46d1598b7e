//! Stamps in brackets, as dmesg prints them, and the caller id after them.

use super::{Prefixed, add_stamp, carrier::may_have_time};
use crate::facts::log::{
    pattern::{number, owned, pattern, text},
    stamp::{Stamp, Wall, month, offset_seconds, second_of_day},
};

pattern!(
    UPTIME,
    r"^\s*\[? *(?P<stamp>(?P<seconds>\d{1,10})\.(?P<fraction>\d{1,9}))s?(?: *< *\d+\.\d+>)?\] ?"
);
// `dmesg -T`: the date in the words of the collector's locale. The first bracket gets lost in
// copying, and trackers wrap the line in asterisks.
pattern!(
    DATE,
    r"^[\s*]*\[?(?P<stamp>(?P<before>[^\[\]]{0,40}?)(?P<time>\d{1,2}:\d\d:\d\d) (?P<year>\d{4})(?: *< *\d+\.\d+>)?|(?P<before_year>[^\[\]]{1,30} )(?P<year_first>\d{4}) (?P<time_last>\d{1,2}:\d\d:\d\d))\] ?"
);
// `dmesg -H` and `-e`: the time since the line before, or month, day and minute. And dates whose year
// somebody left out.
pattern!(
    RELATIVE,
    r"^\s*\[(?P<stamp> *\+\d+\.\d+|(?:[A-Z][a-z]{2} )?(?P<month>[A-Z][a-z]{2}) {0,2}(?P<day>\d{1,2}) (?P<time>\d\d:\d\d)(?P<second>:\d\d)?)\] ?"
);
// The kernel's own, and those of phone vendors: `[4: binder:569_5:27109]`, `(0)[569:binder]`, `[pid:2912,cpu3,sh]`, and
// a wall clock after the seconds since boot.
pattern!(
    CALLER,
    r"^(?:\[ *(?P<printer>[TC]\d+)\] ?|\[\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] ?|\[ *\d{1,3}: *[^\[\]]{1,24}: *\d+\] ?|\(\d+\)\[\d+:[^\[\]]{1,20}\] ?|\[pid:\d+,cpu\d+,[^\[\]]{1,24}\] ?)"
);

// Talos and build servers put a whole ISO stamp in brackets.
pattern!(
    ISO,
    r"^\s*\[(?P<stamp>(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,]\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?)\]:? ?"
);

/// Name of that format.
pub(super) const ISO_FORMAT: &str = "ISO in brackets";

/// Takes a bracketed stamp off.
pub(super) fn stamp(found: &mut Prefixed<'_>) {
    let line = found.text;
    let Some(head) = head(line) else {
        return;
    };
    if uptime(found).is_some() || !may_be_stamp(line, head) {
        return;
    }
    if let Some(groups) = UPTIME.captures(line) {
        let fraction: String = owned(&groups, "fraction");
        let micros: Option<i64> = format!("{fraction:0<6}")
            .get(..6)
            .and_then(|f| f.parse().ok());
        let seconds: Option<i64> = number(&groups, "seconds");
        add_stamp(
            found,
            Stamp {
                text: owned(&groups, "stamp"),
                uptime_us: seconds.zip(micros).map(|(s, us)| s * 1_000_000 + us),
                wall: None,
                boot_id: None,
            },
        );
        take(found, groups.get_match().end(), "dmesg");
    } else if let Some(groups) = ISO.captures(line) {
        let time = text(&groups, "time").unwrap_or_default();
        let wall = second_of_day(time).map(|second| Wall {
            year: number(&groups, "year"),
            month_day: number(&groups, "month").zip(number(&groups, "day")),
            second_of_day: second,
            offset_seconds: text(&groups, "zone").and_then(offset_seconds),
        });
        let stamp = Stamp {
            boot_id: None,
            text: owned(&groups, "stamp"),
            uptime_us: None,
            wall,
        };
        add_stamp(found, stamp);
        take(found, groups.get_match().end(), ISO_FORMAT);
    } else if let Some(groups) = DATE.captures(line) {
        let before = text(&groups, "before").or_else(|| text(&groups, "before_year"));
        let before = before.unwrap_or_default();
        let time = text(&groups, "time").or_else(|| text(&groups, "time_last"));
        let wall = second_of_day(time.unwrap_or_default()).map(|second| Wall {
            year: number(&groups, "year").or_else(|| number(&groups, "year_first")),
            month_day: month_day(before),
            second_of_day: second,
            offset_seconds: None,
        });
        let format = if before.is_ascii() {
            "dmesg -T"
        } else {
            "dmesg -T, localised"
        };
        add_stamp(
            found,
            Stamp {
                text: owned(&groups, "stamp").trim().to_owned(),
                uptime_us: None,
                wall,
                boot_id: None,
            },
        );
        take(found, groups.get_match().end(), format);
    } else {
        relative(found);
    }
}

/// What stands before the first closing bracket: each form ends there and holds one of these before
/// it. The patterns are four, and most lines have no such bracket.
fn head(line: &str) -> Option<&[u8]> {
    let bytes = line.as_bytes();
    let head = bytes.get(..memchr::memchr(b']', bytes)?)?;
    memchr::memchr3(b'.', b':', b'+', head)?;
    Some(head)
}

/// Whether one of the forms can fit what stands before the first closing bracket: a bracket or a digit
/// begins all of them but [`DATE`], which ends in a time, a year or a second stamp.
fn may_be_stamp(line: &str, head: &[u8]) -> bool {
    let behind = |mark: u8, count: usize| {
        let (before, last) = head.split_at_checked(head.len().saturating_sub(count))?;
        (before.ends_with(&[mark]) && last.iter().all(u8::is_ascii_digit)).then_some(())
    };
    let ends = head.ends_with(b">") || behind(b' ', 4).or_else(|| behind(b':', 2)).is_some();
    line.trim_start()
        .starts_with(|c: char| c == '[' || c.is_ascii_digit())
        || ends && may_have_time(head)
}

/// Takes off what the kernel itself prints, `[   12.345678] `, without a pattern. Whatever is not
/// exactly that is left to [`UPTIME`], which reads the same out of it.
fn uptime(found: &mut Prefixed<'_>) -> Option<()> {
    let stamp = found.text.strip_prefix('[')?.trim_start_matches(' ');
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (seconds, rest) = stamp.split_at_checked(digits(stamp))?;
    let rest = rest.strip_prefix('.')?;
    let (fraction, rest) = rest.split_at_checked(digits(rest))?;
    let rest = rest.strip_prefix(']')?;
    if !(1..=10).contains(&seconds.len()) || !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let written = stamp.get(..seconds.len() + 1 + fraction.len())?;
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let seconds: i64 = seconds.parse().ok()?;
    let stamp = Stamp {
        text: written.to_owned(),
        uptime_us: Some(seconds * 1_000_000 + micros),
        ..Stamp::default()
    };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let end = found.text.len() - rest.len();
    add_stamp(found, stamp);
    take(found, end, "dmesg");
    Some(())
}

/// Takes a stamp of `dmesg -H` off.
fn relative(found: &mut Prefixed<'_>) {
    let Some(groups) = RELATIVE.captures(found.text) else {
        return;
    };
    let month = text(&groups, "month").and_then(month);
    let second = text(&groups, "second").unwrap_or(":00");
    let time = text(&groups, "time").map(|time| format!("{time}{second}"));
    let wall = time.and_then(|t| second_of_day(&t)).map(|second| Wall {
        month_day: month.zip(number(&groups, "day")),
        second_of_day: second,
        ..Wall::default()
    });
    add_stamp(
        found,
        Stamp {
            text: owned(&groups, "stamp").trim().to_owned(),
            uptime_us: None,
            wall,
            ..Stamp::default()
        },
    );
    take(found, groups.get_match().end(), "dmesg -H");
}

/// Takes a caller id (`CONFIG_PRINTK_CALLER`) off.
pub(super) fn caller(found: &mut Prefixed<'_>) {
    if !may_be_caller(found.text) {
        return;
    }
    if let Some(groups) = CALLER.captures(found.text) {
        found.caller = text(&groups, "printer");
        found.text = found
            .text
            .get(groups.get_match().end()..)
            .unwrap_or_default();
    }
}

/// Whether [`CALLER`] can fit: task tables have thousands of rows that begin with a number in brackets.
fn may_be_caller(text: &str) -> bool {
    let Some(inside) = text.as_bytes().strip_prefix(b"[") else {
        return text.starts_with('(');
    };
    let mut inside = inside.iter().skip_while(|b| **b == b' ');
    match inside.next() {
        Some(b'0'..=b'9') => {
            let after = inside.find(|b| !b.is_ascii_digit());
            matches!(after, Some(b':' | b'-'))
        }
        first => matches!(first, Some(b'T' | b'C' | b'p')),
    }
}

fn take(found: &mut Prefixed<'_>, end: usize, format: &'static str) {
    found.text = found.text.get(end..).unwrap_or_default();
    if found.format.is_empty() {
        found.format = format;
    }
}

/// Month and day out of the words before the time, in whichever order the locale has them.
fn month_day(words: &str) -> Option<(i8, i8)> {
    let mut found_month = None;
    let mut found_day = None;
    for word in words.split([' ', ',']).filter(|w| !w.is_empty()) {
        let bare = word.trim_end_matches(['.', '日']);
        if let Ok(number) = bare.parse::<i8>() {
            found_day = Some(number);
        } else if let Some(number) = month(word) {
            found_month = Some(number);
        }
    }
    Some((found_month?, found_day?))
}
