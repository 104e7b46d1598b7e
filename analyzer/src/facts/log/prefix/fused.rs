//! Splits a physical line that holds more than one record: copying lost the newline between them.

use crate::facts::log::pattern::pattern;

// Only whole stamps count: a bracketed date, a bracketed uptime with all six decimals, a syslog
// stamp with host and program. Less would cut messages that quote a time.
pattern!(
    NEXT,
    r"(?x)
    \[[^\[\]]{1,36}\b\d\d:\d\d:\d\d\ \d{4}\]\ ?
    | \[ \ {0,4}\d{1,9}\.\d{6} \](?:\ |\[)
    | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ [\ 0-3]\d\ \d\d:\d\d:\d\d\ [\w.-]+\ (?:kernel|[\w.@-]+\[\d+\]):\ "
);

/// The records of `line`; one in nearly every case. `prefix_bytes` is the length of the prefix of
/// the first one, which may hold two stamps of its own.
pub(in crate::facts::log) fn split(line: &str, prefix_bytes: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut from = prefix_bytes;
    while let Some(next) = line.get(from..).and_then(|rest| NEXT.find(rest)) {
        let at = from + next.start();
        // A stamp right after a prefix is part of it (a quoted record, not a fused one).
        if at > from {
            parts.extend(line.get(start..at));
            start = at;
        }
        from += next.end();
    }
    parts.extend(line.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn stamps_in_the_middle_split() {
        let date = "[四 4月 17 23:12:33 2025] a mems_allowed=0-1[四 4月 17 23:12:33 2025] CPU: 27";
        assert_eq!(split(date, 0).len(), 2);
        let syslog = "Apr 14 05:22:27 h kernel: pa=0000Apr 14 05:22:27 h kernel: audit: x";
        assert_eq!(split(syslog, 26).len(), 2);
        let uptime = "[   12.345678] a[   12.345679] b[   12.345680] c";
        assert_eq!(split(uptime, 15).len(), 3);
        assert_eq!(
            split("[   12.345678] [<9000000000209c5c>] f+0x1/0x2", 15).len(),
            1
        );
        assert_eq!(split("time=\"2025-04-14T05:21:34.5+08:00\" x", 0).len(), 1);
    }
}
