//! Levels, wall clocks, host and program, as syslog daemons and journalctl print them.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Prefixed, add_stamp, quick};
use crate::facts::log::{
    pattern::{number, owned, pattern, text},
    stamp::{Stamp, Wall, month, offset_seconds, second_of_day, wall_of_unix},
};

pattern!(LEVEL, r"^<\d{1,3}>(?P<version>1 )?");
pattern!(
    DECODED,
    r"^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d) *: *(?:emerg|alert|crit|err|warn|warning|notice|info|debug) *: ?"
);
// journalctl writes the month in the words of the reader's locale.
pattern!(
    RFC3164,
    r"^\s*(?P<stamp>(?:[A-Z][a-z]{2} )?(?P<month>[A-Z][a-z]{2}|\p{L}{3,9}\.?|\d{1,2}月) +(?P<day>\d{1,2}),? (?:(?P<year>\d{4}) )?(?:@ )?(?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?(?: (?P<year_last>(?:19|20)\d\d))?):?[ \t]"
);
pattern!(
    ISO,
    r"^\s*(?P<stamp>(?:[A-Z][a-z]{2} )?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:(?P<dot>[.,])\d+)?(?: ?(?P<zone>Z|[+-]\d\d:?\d\d|[A-Z]{3,4}))?):?[ \t]"
);
// `journalctl` output with the date cut off: only with host and program after it, because strace
// begins its lines with a time too.
pattern!(
    TIME,
    r"^(?P<stamp>(?:\s?\d{1,2} )?(?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?) (?:[\w.-]+ [A-Za-z_][\w.@-]*(?:\[\d+\])?|(?:kernel|systemd(?:-oomd)?|earlyoom)(?:\[\d+\])?): "
);
// `logcat -v threadtime`, and without a time `-v brief`.
pattern!(
    LOGCAT,
    r"^(?P<stamp>(?P<month>\d\d)-(?P<day>\d\d) (?P<time>\d\d:\d\d:\d\d)\.\d{3,6}) +(?:\w+ +)?\d+ +\d+ [VDIWEFS] (?P<program>[^\s:]*) *: "
);
pattern!(
    LOGCAT_BRIEF,
    r"^[VDIWEFS]/(?P<program>[^\s(]+) *\( *\d+\): "
);
pattern!(UNIX, r"^(?P<stamp>(?P<seconds>\d{9,10})\.\d{3,6}) ");
pattern!(
    HOST_PROGRAM,
    r"^(?P<host>[^\s:\[\]]+|\[[\w.-]+\]) (?:[a-z]+[0-7]?\.[a-z]+ )?(?P<program>\(?[A-Za-z_][^\s:\[\]]*)(?:\[\d+\])?: ?"
);
// `logread` of OpenWrt writes facility and level where others write the host.
pattern!(
    FACILITY,
    r"^[a-z]+[0-7]?\.(?:emerg|panic|alert|crit|err|error|warn|warning|notice|info|debug)$"
);
pattern!(
    PROGRAM,
    r"^(?:[a-z]+[0-7]?\.[a-z]+ )?(?P<program>kernel)(?:\[\d+\])?: ?"
);
pattern!(
    RFC5424_REST,
    r"^(?P<host>\S+) (?P<program>\S+) \S+ \S+ (?:-|\[[^\]]*\])(?: |$)"
);

/// Takes a syslog level (`<6>`) or a decoded one (`kern  :info  :`) off.
pub(super) fn level(found: &mut Prefixed<'_>) {
    // Neither begins like the stamp that most lines begin with.
    if !found
        .text
        .starts_with(|c: char| c == '<' || c.is_ascii_lowercase())
    {
        return;
    }
    if let Some(groups) = LEVEL.captures(found.text) {
        let end = groups.get_match().end();
        if groups.name("version").is_some() {
            found.format = "RFC 5424";
        }
        found.text = found.text.get(end..).unwrap_or_default();
    } else if let Some(end) = DECODED.find(found.text).map(|m| m.end()) {
        found.text = found.text.get(end..).unwrap_or_default();
    }
}

/// Takes the wall clock of a syslog daemon or of journalctl off, then host and program.
pub(super) fn stamp_and_host(found: &mut Prefixed<'_>) {
    if quick::stamp_and_host(found).is_none() && may_be_stamp(found.text) {
        by_patterns(found);
    }
}

/// Whether one of the forms below can fit: each begins with a letter or a digit, and has a time of
/// the day but for seconds since 1970, which begin with a digit.
fn may_be_stamp(line: &str) -> bool {
    let line = line.trim_start();
    match line.as_bytes().first() {
        Some(b'0'..=b'9') => true,
        Some(b'A'..=b'Z' | b'a'..=b'z' | 0x80..) => may_have_time(line.as_bytes()),
        _ => false,
    }
}

/// Whether `text` has a time of the day with seconds.
pub(super) fn may_have_time(text: &[u8]) -> bool {
    let is = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    memchr::memchr_iter(b':', text).any(|at| {
        at > 0 && is(at - 1) && is(at + 1) && is(at + 2) && text.get(at + 3) == Some(&b':')
    })
}

/// The same in any of its forms.
pub(super) fn by_patterns(found: &mut Prefixed<'_>) {
    let line = found.text;
    let rfc5424 = found.format == "RFC 5424";
    let (stamp, end, format) = if let Some(groups) = RFC3164.captures(line) {
        let Some(month) = month(text(&groups, "month").unwrap_or_default()) else {
            return;
        };
        let wall = second_of_day(text(&groups, "time").unwrap_or_default()).map(|second| Wall {
            year: number(&groups, "year").or_else(|| number(&groups, "year_last")),
            month_day: number(&groups, "day").map(|day| (month, day)),
            second_of_day: second,
            offset_seconds: None,
        });
        (stamp(&groups, wall), groups.get_match().end(), "syslog")
    } else if let Some(groups) = ISO.captures(line) {
        let wall = second_of_day(text(&groups, "time").unwrap_or_default()).map(|second| Wall {
            year: number(&groups, "year"),
            month_day: number(&groups, "month").zip(number(&groups, "day")),
            second_of_day: second,
            offset_seconds: text(&groups, "zone").and_then(offset_seconds),
        });
        let format = match text(&groups, "dot") {
            Some(",") => "dmesg --time-format iso",
            _ if rfc5424 => "RFC 5424",
            _ => "ISO syslog",
        };
        (stamp(&groups, wall), groups.get_match().end(), format)
    } else if let Some(groups) = TIME.captures(line) {
        let time = text(&groups, "time").unwrap_or_default();
        let wall = second_of_day(time).map(|second| Wall {
            second_of_day: second,
            ..Wall::default()
        });
        let end = groups.name("stamp").map_or(0, |m| m.end() + 1);
        (stamp(&groups, wall), end, "syslog without date")
    } else if let Some(groups) = UNIX.captures(line) {
        let wall = number(&groups, "seconds").and_then(wall_of_unix);
        (
            stamp(&groups, wall),
            groups.get_match().end(),
            "journalctl short-unix",
        )
    } else {
        return;
    };
    found.text = line.get(end..).unwrap_or_default();
    found.format = format;
    add_stamp(found, stamp);
    if rfc5424 {
        host_and_program(found, &RFC5424_REST);
    } else if format != "dmesg --time-format iso" {
        host_and_program(found, &HOST_PROGRAM);
        if found.program.is_none() {
            host_and_program(found, &PROGRAM);
        }
    }
}

/// Takes `kernel: ` off a line whose date, and often whose host, was cut off.
pub(super) fn bare_kernel(found: &mut Prefixed<'_>) {
    pattern!(
        BARE,
        r"^\s*(?:[\w.-]{1,64} )?(?P<program>kernel)(?:\[\d+\])?: ?"
    );
    static KERNEL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"kernel"));
    if KERNEL.find(found.text.as_bytes()).is_none() {
        return;
    }
    host_and_program(found, &BARE);
    if found.program.is_some() {
        found.format = "syslog without date";
    }
}

/// Takes the prefix of Android's logcat off.
pub(super) fn logcat(found: &mut Prefixed<'_>) {
    let line = found.text;
    if let Some(groups) = LOGCAT.captures(line) {
        let wall = second_of_day(text(&groups, "time").unwrap_or_default()).map(|second| Wall {
            month_day: number(&groups, "month").zip(number(&groups, "day")),
            second_of_day: second,
            ..Wall::default()
        });
        add_stamp(found, stamp(&groups, wall));
        host_and_program(found, &LOGCAT);
    } else if LOGCAT_BRIEF.is_match(line) {
        host_and_program(found, &LOGCAT_BRIEF);
    } else {
        return;
    }
    found.format = "logcat";
}

/// `journalctl -o short-monotonic` has host and program after a stamp like the one of dmesg, with
/// `--no-hostname` the program alone.
pub(super) fn host_after_stamp(found: &mut Prefixed<'_>) {
    if found.program.is_some() || found.format != "dmesg" {
        return;
    }
    let mut words = found.text.splitn(2, ' ');
    if !words.any(|word| word.starts_with("kernel:")) {
        return;
    }
    pattern!(
        MONOTONIC,
        r"^(?:(?P<host>[^\s:\[\]]+) )?(?P<program>kernel): ?"
    );
    host_and_program(found, &MONOTONIC);
    if found.program.is_some() {
        found.format = "journalctl short-monotonic";
    }
}

fn stamp(groups: &regex::Captures<'_>, wall: Option<Wall>) -> Stamp {
    Stamp {
        text: owned(groups, "stamp"),
        uptime_us: None,
        wall,
        boot_id: None,
    }
}

/// Beginnings of kernel messages that look like a host and a program.
pub(super) const HEADINGS: &[&str] = &[
    "Hardware name:",
    "Call Trace:",
    "Call trace:",
    "Memory allocations:",
];

/// Whether the word where a host stands is one.
pub(super) fn is_host(word: &str) -> bool {
    let point = word.bytes().rposition(|b| b == b'.');
    // No name of a level is longer, most domains are not as short.
    let level = point.is_some_and(|at| (4..=8).contains(&(word.len() - at)));
    word != "-" && !(level && FACILITY.is_match(word))
}

fn host_and_program(found: &mut Prefixed<'_>, form: &regex::Regex) {
    let line = found.text;
    // The kernel's own headings, where the carrier names neither host nor program.
    if HEADINGS.iter().any(|heading| line.starts_with(heading)) {
        return;
    }
    if let Some(groups) = form.captures(line) {
        found.host = text(&groups, "host").filter(|host| is_host(host));
        found.program = text(&groups, "program");
        found.text = line.get(groups.get_match().end()..).unwrap_or_default();
    }
}
