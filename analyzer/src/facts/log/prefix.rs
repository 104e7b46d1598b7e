//! Recognises and strips what carriers put before a record: levels, stamps, host, program, caller.
//!
//! One carrier prefix, then a kernel stamp, then a caller id; each part is optional. Nothing here
//! fails: a prefix that no form fits stays part of the text.

mod bracket;
mod carrier;
mod fused;
mod kmsg;
mod quick;

use super::stamp::Stamp;

pub(super) use fused::{
    may_split as may_be_fused, split as split_fused, split_bare, split_kmsg, two_kills,
};
pub(super) use kmsg::read as read_kmsg;

/// A line after its prefix was taken off.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Prefixed<'a> {
    /// What was recognised, in words; empty when nothing was.
    pub(super) format: &'static str,
    /// Stamps found, joined into one.
    pub(super) stamp: Option<Stamp>,
    /// Host named by the carrier.
    pub(super) host: Option<&'a str>,
    /// Program named by the carrier; `kernel` for the kernel.
    pub(super) program: Option<&'a str>,
    /// Task or CPU that printed it, on kernels that say so.
    pub(super) caller: Option<&'a str>,
    /// The rest.
    pub(super) text: &'a str,
}

/// Takes the prefix off `line`.
pub(super) fn strip(line: &str) -> Prefixed<'_> {
    let mut found = Prefixed {
        text: line,
        ..Prefixed::default()
    };
    carrier::level(&mut found);
    carrier::stamp_and_host(&mut found);
    if found.stamp.is_none()
        && line
            .as_bytes()
            .get(1..3)
            .is_some_and(|b| b.contains(&b'-') || b.contains(&b'/'))
    {
        carrier::logcat(&mut found);
    }
    if found.stamp.is_none() {
        carrier::bare_kernel(&mut found);
    }
    bracket::stamp(&mut found);
    if found.format == bracket::ISO_FORMAT {
        // A build server's clock, and then the stamp of the kernel.
        bracket::stamp(&mut found);
    }
    if found.stamp.is_some() {
        carrier::host_after_stamp(&mut found);
    }
    bracket::caller(&mut found);
    found
}

/// Whether `line` can go on with the one before: it has no prefix, and no message begins with it.
pub(super) fn goes_on(line: &str) -> bool {
    !line.starts_with(['{', '"'])
        && strip(line).stamp.is_none()
        && read_kmsg(line).is_none()
        && !fused::begins(line)
}

/// Joins a second stamp of the same line into the first: a carrier's wall clock and the kernel's
/// seconds since boot.
fn add_stamp(found: &mut Prefixed<'_>, more: Stamp) {
    match &mut found.stamp {
        None => found.stamp = Some(more),
        Some(stamp) => {
            stamp.uptime_us = stamp.uptime_us.or(more.uptime_us);
            stamp.wall = stamp.wall.take().or(more.wall);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, format: &str, stamp: &str, host: &str, text: &str) {
        let found = strip(line);
        assert_eq!(found.format, format, "{line}");
        assert_eq!(found.text, text, "{line}");
        assert_eq!(
            found.stamp.map(|s| s.text).unwrap_or_default(),
            stamp,
            "{line}"
        );
        assert_eq!(found.host.unwrap_or_default(), host, "{line}");
    }

    #[test]
    fn dmesg_forms() {
        check("[ 1234.567890] a b", "dmesg", "1234.567890", "", "a b");
        check("[ 1234.567890][ T1234] a", "dmesg", "1234.567890", "", "a");
        check("[    0.1][    C3]  a", "dmesg", "0.1", "", " a");
        check("<4>[ 12.345678] a", "dmesg", "12.345678", "", "a");
        check(
            "[Thu Aug 17 17:29:27 2023] x",
            "dmesg -T",
            "Thu Aug 17 17:29:27 2023",
            "",
            "x",
        );
        check(
            "kern  :warn  : [Thu Aug 17 17:29:27 2023]  </TASK>",
            "dmesg -T",
            "Thu Aug 17 17:29:27 2023",
            "",
            " </TASK>",
        );
        check(
            "2023-08-17T17:29:27,123456+08:00 xray invoked",
            "dmesg --time-format iso",
            "2023-08-17T17:29:27,123456+08:00",
            "",
            "xray invoked",
        );
        check(
            "四 4月 17 18:48:52 2025 <    1.5>] x",
            "dmesg -T, localised",
            "四 4月 17 18:48:52 2025 <    1.5>",
            "",
            "x",
        );
        for line in [
            "no prefix: [ 1]",
            "I0817 17:29:27.984380 2113 a.go:24] x",
            "took 1:02:03 of 2023 x] x",
        ] {
            check(line, "", "", "", line);
        }
    }

    #[test]
    fn phones() {
        check(
            "<4>[63651.040374s][pid:2912,cpu3,sh]DMA free",
            "dmesg",
            "63651.040374",
            "",
            "DMA free",
        );
        check(
            "Sat Nov 11 14:33:09 2023 kern.warn kernel: [ 1801.790001] a",
            "syslog",
            "Sat Nov 11 14:33:09 2023",
            "",
            "a",
        );
        check(
            "[Tue Sep 16 03:14:22] a",
            "dmesg -H",
            "Tue Sep 16 03:14:22",
            "",
            "a",
        );
    }

    #[test]
    fn rests_of_a_prefix() {
        check("kernel: a b", "syslog without date", "", "", "a b");
        check("   kernel:  a", "syslog without date", "", "", " a");
        check(
            "db7 kernel: [   12.345678] a",
            "syslog without date",
            "12.345678",
            "",
            "a",
        );
        check(
            "11:12:13 kernel: a",
            "syslog without date",
            "11:12:13",
            "",
            "a",
        );
        check("the kernel: a", "syslog without date", "", "", "a");
        check(
            "11:12:13 read(3, kernel: a",
            "",
            "",
            "",
            "11:12:13 read(3, kernel: a",
        );
    }

    #[test]
    fn other_words_and_other_brackets() {
        check(
            "jun 20 03:23:46 h kernel: a",
            "syslog",
            "jun 20 03:23:46",
            "h",
            "a",
        );
        check(
            "févr. 02 03:23:46 h kernel: a",
            "syslog",
            "févr. 02 03:23:46",
            "h",
            "a",
        );
        check(
            "6月 20 03:23:46 h kernel: a",
            "syslog",
            "6月 20 03:23:46",
            "h",
            "a",
        );
        check(
            "line 20 03:23:46 h kernel: a",
            "",
            "",
            "",
            "line 20 03:23:46 h kernel: a",
        );
        check(
            "kern:     err: [2025-04-17T14:23:17.527285605Z]: a",
            "ISO in brackets",
            "2025-04-17T14:23:17.527285605Z",
            "",
            "a",
        );
        check(
            "[2025-04-17T14:23:17.527Z] a",
            "ISO in brackets",
            "2025-04-17T14:23:17.527Z",
            "",
            "a",
        );
        check(
            "Jan 6 03:23:46 [host] kernel: [19650742.227691] a",
            "syslog",
            "Jan 6 03:23:46",
            "[host]",
            "a",
        );
        check(
            "[2025-04-17T14:23:17.527Z] [   12.345678] a",
            "ISO in brackets",
            "2025-04-17T14:23:17.527Z",
            "",
            "a",
        );
        check(
            "[   36.172486] [04-17 10:05:52.172] a",
            "dmesg",
            "36.172486",
            "",
            "a",
        );
    }

    #[test]
    fn foreign_dates() {
        for line in [
            "[四 4月 17 18:48:52 2025] x",
            "四 4月 17 18:48:52 2025] x",
            " 四 4月 17 18:48:52 2025] x",
            "**\u{5b}四 4月 17 18:48:52 2025] x",
        ] {
            check(
                line,
                "dmesg -T, localised",
                "四 4月 17 18:48:52 2025",
                "",
                "x",
            );
        }
        let found = strip("[月 12日 24 16:02:24 2022] [ pid ] uid");
        assert_eq!(found.text, "[ pid ] uid");
        let wall = found.stamp.unwrap().wall.unwrap();
        assert_eq!((wall.year, wall.month_day), (Some(2022), None));
        check(
            "[Di Aug 12 03:54:03 2025] x",
            "dmesg -T",
            "Di Aug 12 03:54:03 2025",
            "",
            "x",
        );
    }

    #[test]
    fn syslog_forms() {
        check(
            "Aug 17 03:12:59 h kernel: [159440.49643] ls",
            "syslog",
            "Aug 17 03:12:59",
            "h",
            "ls",
        );
        check(
            "Apr  4 05:21:34 h-1 kernel: C1",
            "syslog",
            "Apr  4 05:21:34",
            "h-1",
            "C1",
        );
        check(
            "2023-08-17T03:12:59.123456+08:00 h kernel: x",
            "ISO syslog",
            "2023-08-17T03:12:59.123456+08:00",
            "h",
            "x",
        );
        check(
            "2023-08-17T03:12:59+0800 h systemd[1]: x",
            "ISO syslog",
            "2023-08-17T03:12:59+0800",
            "h",
            "x",
        );
        check(
            "<6>1 2023-08-17T03:12:59.1Z h kernel - - - x",
            "RFC 5424",
            "2023-08-17T03:12:59.1Z",
            "h",
            "x",
        );
        check(
            "[ 12.345678] h kernel: x",
            "journalctl short-monotonic",
            "12.345678",
            "h",
            "x",
        );
        check(
            "[ 12.345678] kernel: x",
            "journalctl short-monotonic",
            "12.345678",
            "",
            "x",
        );
        let found = strip("Aug 17 03:12:59 h kernel: [159440.49643] ls");
        assert_eq!(found.stamp.unwrap().uptime_us, Some(159_440_496_430));
        // A host that is called like a number is no year.
        assert_eq!(strip("Aug 17 03:12:59 1024 kernel: ls").host, Some("1024"));
    }
}
