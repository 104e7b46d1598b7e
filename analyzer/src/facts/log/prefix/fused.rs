//! Splits a physical line that holds more than one record: copying lost the newline between them.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::facts::log::pattern::pattern;

// Only whole stamps count: a bracketed date, a bracketed uptime with all six decimals, a wall clock
// with host and program. Less would cut messages that quote a time. What may stand before a stamp
// (level, decoded level, weekday) goes with it.
pattern!(
    NEXT,
    r"(?x)
    (?:<\d{1,3}>|(?:kern|user|daemon)\ {2}:[a-z]{3,6}\ *:\ )?(?:
      \[[^\[\]]{1,36}\b\d\d:\d\d:\d\d\ \d{4}\]\ ?
    | \[[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ [\ 0-3]\d\ \d\d:\d\d:\d\d\]\ 
    | \[ \ {0,4}\d{1,9}\.\d{6} \](?:\ |\[)
    | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ [\ 0-3]\d\ \d\d:\d\d:\d\d(?:\.\d{1,9})?\ [\w.-]+\ (?:kernel:|[\w.@-]+\[\d+\]:)
    | 1\ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\ ]{0,16}\ [\w.-]+\ kernel\ 
    )
    | kern:\ +[a-z]+:\ +\[\d{4}-\d\d-\d\dT[^\ \]]{8,20}\]:\ 
    | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:?\d\d\ 
    | (?:[A-Z][a-z]{2}\ |[一二三四五六日]\ )?\d{4}-\d\d-\d\d[T\ ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:\ ?[A-Z]{1,5}|[+-]\d\d:?\d\d)?\ [\w.-]+\ (?:kernel:|[\w.@-]+\[\d+\]:)
    | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{9}Z\ |(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)[\ \t](?:std(?:out|err)\ [FP]\ |\[\ *\d{1,7}\.\d{6}\]))
    | [A-Z][a-z]{2}\ \d{1,2},\ \d{4}\ @\ \d\d:\d\d:\d\d\.\d{3}
    | 1\d{9}\.\d{6}\ [\w.-]+\ kernel:"
);

// The head of a record of /dev/kmsg. Its priority has no digit of its own to begin with, so a number
// before it runs into it.
pattern!(
    KMSG,
    r"(?:\d\.\d{1,2}\.[^\s,;]{1,60},)?\d,\d{1,10},\d{1,16},[-c+](?:,caller=[TC]\d+)?;"
);

/// Marks that begin a quotation.
const QUOTES: [char; 4] = ['"', '\'', '`', '“'];

/// Marks of a comment that quotes a line.
const COMMENTS: [&str; 3] = ["#", "//", "--"];

/// The records of `line`; one in nearly every case. `prefix_bytes` is the length of the prefix of
/// the first one, which may hold two stamps of its own.
pub(in crate::facts::log) fn split(line: &str, prefix_bytes: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut from = prefix_bytes;
    while let Some(next) = line.get(from..).and_then(next) {
        let at = from + next.start();
        // A stamp right after a prefix is part of it (a quoted record, not a fused one), and one
        // right behind a quotation mark is a string of a program's source.
        let quoted = line
            .get(start..at)
            .is_some_and(|l| l.ends_with(QUOTES) || COMMENTS.contains(&l.trim()));
        if at > from && !quoted {
            parts.extend(line.get(start..at));
            start = at;
        }
        from += next.end();
    }
    parts.extend(line.get(start..));
    parts
}

/// Whether a line with a prefix of `prefix_bytes` may hold more than one record.
pub(in crate::facts::log) fn may_split(line: &str, prefix_bytes: usize) -> bool {
    let rest = line.as_bytes().get(prefix_bytes..).unwrap_or_default();
    memchr::memchr2_iter(b':', b'.', rest).any(|at| may_be_stamp(rest, at))
}

/// The next whole stamp.
fn next(rest: &str) -> Option<regex::Match<'_>> {
    let bytes = rest.as_bytes();
    let stamped = memchr::memchr2_iter(b':', b'.', bytes).any(|at| may_be_stamp(bytes, at));
    stamped.then(|| NEXT.find(rest)).flatten()
}

/// Whether the colon or point `at` can be the first one between the digits of a stamp of [`NEXT`]:
/// most lines have none, or a time inside of a message.
fn may_be_stamp(bytes: &[u8], at: usize) -> bool {
    let (before, after) = (
        bytes.get(..at).unwrap_or_default(),
        bytes.get(at + 1..).unwrap_or_default(),
    );
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if !digit(before.last()) || !digit(after.first()) {
        return false;
    }
    if bytes.get(at) == Some(&b'.') {
        // Seconds since boot or since 1970 have six decimals, and the latter ten digits before them.
        let decimals = after.iter().take_while(|b| b.is_ascii_digit()).count();
        return decimals == 6
            && match after.get(6) {
                Some(b']') => true,
                Some(b' ') => before.last_chunk::<10>().is_some_and(|seconds| {
                    seconds.starts_with(b"1") && seconds.iter().all(u8::is_ascii_digit)
                }),
                _ => false,
            };
    }
    // What stands before the two digits of the hour.
    let date = before.get(..before.len().saturating_sub(2));
    let date = date.unwrap_or_default();
    let bracketed = || memchr::memchr(b'[', date).is_some();
    match date.split_last() {
        // 2023-08-17T03:12:59.123+08:00, and a blank or a bracket behind it
        Some((b'T', day)) => {
            let in_stamp =
                |b: &&u8| matches!(b, b'0'..=b'9' | b'A'..=b'Z' | b'.' | b',' | b':' | b'+' | b'-');
            digit(day.last())
                && matches!(
                    after.iter().find(|b| !in_stamp(b)),
                    Some(b' ' | b'\t' | b']')
                )
        }
        // Aug 17 03:12, 2023-08-17 03:12, Aug 17, 2023 @ 03:12
        Some((b' ', day)) => {
            let digits = day.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            let border = day.len().checked_sub(digits + 1).and_then(|at| day.get(at));
            matches!(border, Some(b' ' | b'-')) && (1..=2).contains(&digits)
                || day.ends_with(b"@")
                || bracketed()
        }
        _ => bracketed(),
    }
}

/// The records of a line of `/dev/kmsg`. Where a number ends in the digits of the next priority,
/// nobody can tell which digits are whose: the number goes.
pub(in crate::facts::log) fn split_kmsg(line: &str) -> Vec<Cow<'_, str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for next in KMSG.find_iter(line) {
        let Some(before) = line.get(start..next.start()) else {
            continue;
        };
        let text = before.trim_end_matches(|c: char| c.is_ascii_digit());
        if text.is_empty() {
            // The priority of this record itself.
            continue;
        }
        // Behind a word the digits can only be those of the priority.
        let number = text.ends_with(['=', ':', ',', '-', '/', ' ', '.']);
        let digits = before.len() - text.len();
        parts.push(Cow::Borrowed(text));
        start = if number || digits > 2 {
            next.start()
        } else {
            next.start() - digits
        };
    }
    parts.extend(line.get(start..).map(Cow::Borrowed));
    parts
}

// Where a kernel's message begins, for lines that have no prefix at all. Rows and frames too: what
// they begin with stands nowhere else.
pattern!(
    BEGINS,
    r"(?x)
      (?:Memory\ cgroup\ out\ of\ memory|[Oo]ut\ of\ memory)(?:\ \(oom_kill_allocating_task\))?:\ [Kk]ill(?:ed)?\ process\ \d
    | Killed\ process\ \d+(?:,\ UID|\ \()
    | Memory\ cgroup\ stats(?:\ for|:)
    | oom-kill:constraint= | oom_reaper:\ | Mem-Info: | Tasks?\ (?:in\ /|state\ \()
    | (?:memory\+swap|memory|kmem|swap):\ usage\ \d
    | CPU:\ \d+\ (?:UID|PID): | Pid:\ \d+,\ comm: | Hardware\ name:\ | Call\ [Tt]race:
    | \[\ +pid\ +\]\ +uid | \[\ *\d+\](?:\ +-?\d+){4}\ 
    | Node\ \d+\ (?:(?:DMA|DMA32|Normal|HighMem|Movable|Device)(?:\ free)?:|active_anon:|hugepages_total=)
    | lowmem_reserve\[\]: | (?:Free\ swap\ \ |Total\ swap\ )=\ \d | Swap\ cache\ stats:"
);
// Records that begin with a number, a key or a name: only behind a word that ends a record.
pattern!(
    BEHIND,
    r"(?x)
      (?:kB|cache|pages|RAM|HighMem|MovableOnly|reserved) (?P<total>\d+\ (?:total\ pagecache\ )?pages\b)
    | : (?P<counts>active_anon:\d+\ inactive_anon:)
    | : (?P<body>(?:anon|cache)\ \d+)
    | kB (?P<invoked>[^\ ].{0,14}\ invoked\ oom-killer:)"
);
// Two lines of statistics.
pattern!(
    BODY,
    r"^\s*[a-z][a-z0-9_]* \d+(?P<next>\s*[a-z][a-z0-9_]* \d+)$"
);

/// Whether a kernel's message begins with `line`.
pub(in crate::facts::log) fn begins(line: &str) -> bool {
    BEGINS
        .find(line.trim_start())
        .is_some_and(|m| m.start() == 0)
}

/// Whether a record may end here: the next one was glued to it. A sentence, a comment or a source
/// line that quotes a kernel message has a blank or a quotation mark before it.
fn ends_a_record(before: &str) -> bool {
    let text = before.trim_end();
    let glued = text.len() == before.len();
    let last = text.chars().last();
    match last {
        None => true,
        Some('"' | '\'' | '`' | '“' | '|' | '#' | '*') => false,
        // Lines of statistics end with a blank, and what ends a line about a kill ends the line.
        Some(_) => {
            glued
                || ["KB", "kB", "sacrifice child", "or a child"]
                    .iter()
                    .any(|e| text.ends_with(e))
        }
    }
}

/// Whether a line holds two lines about kills.
pub(in crate::facts::log) fn two_kills(line: &str) -> bool {
    static PROCESS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" process "));
    if line.len() < 64 {
        return false;
    }
    let words = PROCESS.find_iter(line.as_bytes());
    let before = |at: usize| line.as_bytes().get(..at).unwrap_or_default();
    let kills = words.filter(|at| before(*at).ends_with(b"ill") || before(*at).ends_with(b"illed"));
    kills.count() > 1
}

/// The records of a line without any prefix.
pub(in crate::facts::log) fn split_bare(line: &str) -> Vec<&str> {
    let mut cuts: Vec<usize> = BEGINS
        .find_iter(line)
        .map(|m| m.start())
        .filter(|at| line.get(..*at).is_some_and(ends_a_record))
        .collect();
    for groups in BEHIND.captures_iter(line) {
        let group = ["total", "counts", "body", "invoked"]
            .iter()
            .find_map(|name| groups.name(name));
        cuts.extend(group.map(|m| m.start()));
    }
    cuts.extend(
        BODY.captures(line)
            .and_then(|g| g.name("next").map(|m| m.start())),
    );
    cuts.extend(same_name(line));
    cuts.sort_unstable();
    let mut parts = Vec::new();
    let mut start = 0;
    for at in cuts {
        let before = line.get(start..at).unwrap_or_default();
        // Indentation is no record.
        if !before.trim().is_empty() {
            parts.push(before);
            start = at;
        }
    }
    parts.extend(line.get(start..));
    parts
}

/// Where the cpuset line begins behind the first line of its report: both begin with one name, and
/// the number between them ends where the name begins.
fn same_name(line: &str) -> Option<usize> {
    let (name, rest) = line.split_once(" invoked oom-killer:")?;
    let name = name.trim_start();
    let at = rest.find(&format!("{name} cpuset="))?;
    (!name.is_empty()).then_some(line.len() - rest.len() + at)
}

#[cfg(test)]
mod tests {
    use super::{split, split_bare, split_kmsg};

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
        let source = "        \"Apr 14 05:22:27 h kernel: Out of memory: Killed process 571 \"";
        assert_eq!(split(source, 0), [source]);
        assert_eq!(split("time=\"2025-04-14T05:21:34.5+08:00\" x", 0).len(), 1);
    }

    /// The quick look must let every form of a stamp through.
    #[test]
    fn every_form_of_a_stamp_splits() {
        for stamp in [
            "[四 4月 17 23:12:33 2025] ",
            "[Do 17 Apr 23:12:33 2025]",
            "[17/avr./2025 à 23:12:33 2025]",
            "<6>[Thu Apr 17 23:12:33] ",
            "kern  :warn  : [Thu Apr 17 23:12:33] ",
            "[   12.345678] ",
            "<4>[12.345678][",
            "Apr 17 23:12:33 h-1 kernel:",
            "Apr  7 23:12:33.123456 h app[12]:",
            "1 2025-04-17T23:12:33.123456+08:00 h kernel ",
            "kern: warning: [2025-04-17T23:12:33.527285605Z]: ",
            "2025-04-17T23:12:33,123456+08:00 ",
            "Thu 2025-04-17 23:12:33 CST h kernel:",
            "四 2025-04-17 23:12:33 CST h kernel:",
            "2025-04-17T23:12:33.123456+0800 h kernel:",
            "2025-04-17 23:12:33 h app[12]:",
            "2025-04-17T23:12:33.123456789Z ",
            "2025-04-17T23:12:33.1Z stdout F ",
            "2025-04-17T23:12:33+08:00 [   12.345678]",
            "Apr 17, 2025 @ 23:12:33.123",
            "1744903953.123456 h kernel:",
        ] {
            let line = format!("Killed process{stamp} x");
            assert_eq!(split(&line, 0).len(), 2, "{line}");
        }
        for other in [
            "I0417 23:12:33.123456 2113 reconciler.go:224] x",
            "time=\"2025-04-17T23:12:33.123456+08:00\" level=info",
            "took 1.25 s at 23:12:33",
        ] {
            assert_eq!(split(other, 0).len(), 1, "{other}");
        }
    }

    #[test]
    fn a_year_takes_no_digit_of_the_number_before() {
        let line = "2023-08-17T17:29:27,000001+08:00 adj=02023-08-17T17:29:27,000002+08:00 x";
        assert_eq!(split(line, 33)[0], "2023-08-17T17:29:27,000001+08:00 adj=0");
        let line = "<6>[   12.345678] adj=3<6>[   12.345679] x";
        assert_eq!(
            split(line, 18),
            ["<6>[   12.345678] adj=3", "<6>[   12.345679] x"]
        );
        let line =
            "Thu 2023-08-17 17:29:27 CST h kernel: adj=3Thu 2023-08-17 17:29:27 CST h kernel: x";
        assert_eq!(
            split(line, 38)[0],
            "Thu 2023-08-17 17:29:27 CST h kernel: adj=3"
        );
    }

    #[test]
    fn a_number_that_runs_into_a_priority_goes() {
        let line = "6,7000,1234000000,-;a adj=1006,7001,1234000001,-;b kB6,7002,1234000002,-;c";
        assert_eq!(
            split_kmsg(line),
            [
                "6,7000,1234000000,-;a adj=",
                "6,7001,1234000001,-;b kB",
                "6,7002,1234000002,-;c"
            ]
        );
    }

    #[test]
    fn bare_records_split_at_their_words() {
        let line = "7z invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=107z cpuset=/ mems_allowed=0CPU: 3 PID: 12 Comm: 7z";
        assert_eq!(
            split_bare(line),
            [
                "7z invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=10",
                "7z cpuset=/ mems_allowed=0",
                "CPU: 3 PID: 12 Comm: 7z"
            ]
        );
        assert_eq!(split_bare("anon 12file 34"), ["anon 12", "file 34"]);
        assert_eq!(
            split_bare("Memory cgroup out of memory: Killed process 12 (a)"),
            ["Memory cgroup out of memory: Killed process 12 (a)"]
        );
        assert_eq!(split_bare("    Mem-Info:"), ["    Mem-Info:"]);
        let two = "Out of memory: Kill process 12 (a) score 9 or sacrifice child Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
        assert_eq!(split_bare(two).len(), 2);
        let glued = "Killed process 12 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kBOut of memory: Killed process 13 (b) total-vm:8kB";
        assert_eq!(split_bare(glued).len(), 2);
    }
}
