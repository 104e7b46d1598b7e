//! Years that stamps leave out: RFC 3164 writes `Aug 17 03:12:59`. Within a log the year goes up
//! where the date falls back; which year it ends in is told by a line that names one, a weekday, the
//! date in the file's name, the next newer file, another log, or the time of the collection.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::facts::log::{
    line::Line,
    pattern::{number, pattern, text},
    stamp::{Stamp, Wall},
};

const DAY_SECONDS: i64 = 86_400;
/// A date that falls back further than this is one of the next year, not a clock that was set.
const FALLS_BACK_SECONDS: i64 = 180 * DAY_SECONDS;
/// Any leap year does for comparing two dates without a year.
const YEAR_FOR_COMPARING: i16 = 2000;
/// How many years back a log is looked for: weekdays repeat after 5, 6 or 11.
const YEARS_BACK: i16 = 12;

/// What one log says about its years.
#[derive(Debug, Default)]
pub(in crate::facts::log) struct Years {
    /// Lines from which on the year is one higher.
    steps: Vec<u32>,
    /// First and last stamp without a year; the last one with the steps before it.
    first: Option<Wall>,
    last: Option<Wall>,
    /// A line that names the year: steps before it, the year.
    named: Option<(usize, i16)>,
    /// A weekday that stands before a stamp: steps before it, month, day, days since Monday.
    weekday: Option<(usize, Wall, i8)>,
    /// Last stamp with a year.
    with_year: Option<Wall>,
    /// Year of the first line, once it is known, and what tells it.
    base: Option<i16>,
    source: Option<&'static str>,
}

pattern!(EPOCH, r"\baudit\((?P<seconds>\d{10})\.\d+:\d+\)");
pattern!(
    CLOCK,
    r"setting system clock to (?P<year>\d{4})-(?P<month>\d\d)-\d\d"
);
// `messages-20240107`, `syslog-2024-01-07.gz`: when the file was put aside.
pattern!(
    NAME,
    r"[-._](?P<year>20\d\d)-?(?P<month>[01]\d)-?(?P<day>[0-3]\d)(?:[-._T]|$)"
);

const WEEKDAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Years {
    /// Reads the stamp of one record.
    pub(super) fn feed(&mut self, line: &Line<'_>) {
        let Some(wall) = line.stamp.and_then(|s| s.wall.as_ref()) else {
            return;
        };
        if wall.month_day.is_none() {
            return;
        }
        if wall.year.is_some() {
            self.with_year = Some(wall.clone());
            return;
        }
        let seconds = |wall: &Wall| wall.local_seconds(YEAR_FOR_COMPARING);
        let same_day = self.last.as_ref().map(|last| last.month_day) == Some(wall.month_day);
        if !same_day
            && let (Some(before), Some(now)) = (self.last.as_ref().and_then(seconds), seconds(wall))
            && before - now > FALLS_BACK_SECONDS
        {
            self.steps.push(line.number);
        }
        self.named = self
            .named
            .or_else(|| Some((self.steps.len(), year_named(line.text, wall)?)));
        if self.weekday.is_none()
            && let Some(day) = weekday(line.raw)
        {
            self.weekday = Some((self.steps.len(), wall.clone(), day));
        }
        if self.first.is_none() {
            self.first = Some(wall.clone());
        }
        self.last = Some(wall.clone());
    }

    /// What tells the year, in words; `None` when no stamp lacks one or nothing tells.
    pub(in crate::facts::log) fn source(&self) -> Option<&'static str> {
        self.source
    }

    /// Whether stamps lack a year and nothing tells it.
    pub(in crate::facts::log) fn unknown(&self) -> bool {
        self.last.is_some() && self.base.is_none()
    }

    /// Puts the year into a stamp of the line `number`.
    pub(in crate::facts::log) fn complete(&self, stamp: &mut Stamp, number: u32) {
        let Some(base) = self.base else {
            return;
        };
        if let Some(wall) = stamp.wall.as_mut().filter(|w| w.month_day.is_some()) {
            let steps = self.steps.iter().take_while(|at| **at <= number).count();
            let year = i16::try_from(steps).ok().and_then(|n| base.checked_add(n));
            wall.year = wall.year.or(year);
        }
    }

    fn set(&mut self, base: Option<i16>, source: &'static str) {
        if self.base.is_none() && base.is_some() {
            self.base = base;
            self.source = Some(source);
        }
    }

    /// The latest year of the first line for which the last line is not after `bound` (local
    /// seconds since 1970), and the weekday is right.
    fn below(&self, bound: i64) -> Option<i16> {
        let steps = i16::try_from(self.steps.len()).ok()?;
        let last = self.last.as_ref()?;
        let newest = year_of(bound)?;
        (0..=YEARS_BACK)
            .filter_map(|back| newest.checked_add(1)?.checked_sub(back))
            .find(|year| {
                last.local_seconds(*year)
                    .is_some_and(|s| s <= bound + DAY_SECONDS)
                    && self.weekday_fits(*year - steps)
            })
            .map(|year| year - steps)
    }

    /// The year of the first line for which the last line is nearest to `known`.
    fn nearest(&self, known: i64) -> Option<i16> {
        let steps = i16::try_from(self.steps.len()).ok()?;
        let last = self.last.as_ref()?;
        let year = year_of(known)?;
        [year - 1, year, year + 1]
            .into_iter()
            .filter(|year| self.weekday_fits(*year - steps))
            .filter_map(|year| Some((last.local_seconds(year)?.abs_diff(known), year)))
            .min()
            .map(|(_, year)| year - steps)
    }

    fn weekday_fits(&self, base: i16) -> bool {
        self.weekday.as_ref().is_none_or(|(steps, wall, day)| {
            let year = i16::try_from(*steps).ok().and_then(|n| base.checked_add(n));
            year.and_then(|y| wall.local_seconds(y))
                .is_some_and(|s| days_since_monday(s) == i64::from(*day))
        })
    }
}

/// Days since Monday of a time; 1970-01-01 was a Thursday.
fn days_since_monday(seconds: i64) -> i64 {
    (seconds.div_euclid(DAY_SECONDS) + 3).rem_euclid(7)
}

fn year_of(seconds: i64) -> Option<i16> {
    crate::facts::log::stamp::wall_of_unix(seconds)?.year
}

/// The weekday before a stamp such as `Thu Aug 17 …`.
fn weekday(raw: &str) -> Option<i8> {
    let word = raw.trim_start_matches(['[', ' ']).get(..4)?;
    let at = WEEKDAYS
        .iter()
        .position(|day| word.strip_suffix(' ') == Some(day))?;
    i8::try_from(at).ok()
}

/// The year that a line names about its own time: the epoch of an audit record, or the clock that
/// the kernel was set by.
fn year_named(line: &str, wall: &Wall) -> Option<i16> {
    static AUDIT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"audit("));
    if memchr::memchr(b'(', line.as_bytes()).is_some() && AUDIT.find(line.as_bytes()).is_some() {
        let groups = EPOCH.captures(line)?;
        let epoch: i64 = number(&groups, "seconds")?;
        let year = year_of(epoch)?;
        // The zone may put it into the year before or after.
        return [year, year - 1, year + 1].into_iter().find(|y| {
            wall.local_seconds(*y)
                .is_some_and(|s| s.abs_diff(epoch) <= DAY_SECONDS.unsigned_abs())
        });
    }
    static CLOCK_SET: LazyLock<Finder<'static>> =
        LazyLock::new(|| Finder::new(b"setting system clock to"));
    if CLOCK_SET.find(line.as_bytes()).is_some() {
        let groups = CLOCK.captures(line)?;
        let month: i8 = number(&groups, "month")?;
        return (wall.month_day?.0 == month)
            .then(|| number(&groups, "year"))
            .flatten();
    }
    None
}

/// End of the day that a file's name has, in seconds since 1970 of local time.
fn date_in_name(entry: &str) -> Option<i64> {
    let file = entry.rsplit('/').next()?;
    let groups = NAME.captures(file)?;
    let wall = Wall {
        year: number(&groups, "year"),
        month_day: number(&groups, "month").zip(number(&groups, "day")),
        ..Wall::default()
    };
    wall.local_seconds(wall.year?)
}

/// `var/log/messages.2.gz` is file 2 of `var/log/messages`.
fn rotation(entry: &str) -> (&str, u32) {
    pattern!(
        ROTATED,
        r"^(?P<stem>.*?)(?:\.(?P<n>\d{1,3}))?(?:\.(?:gz|xz|bz2|zst))?$"
    );
    let Some(groups) = ROTATED.captures(entry) else {
        return (entry, 0);
    };
    let stem = text(&groups, "stem").unwrap_or(entry);
    (stem, number(&groups, "n").unwrap_or(0))
}

/// Finds the years of all logs. `collected` is the local time of the collection.
pub(in crate::facts::log) fn resolve(logs: &mut [(&str, &mut Years)], collected: Option<i64>) {
    for (entry, years) in logs.iter_mut() {
        let named = years
            .named
            .and_then(|(steps, year)| year.checked_sub(i16::try_from(steps).ok()?));
        years.set(named, "a line of the log names it");
        let dated = date_in_name(entry).and_then(|bound| years.below(bound));
        years.set(dated, "the name of the file");
    }
    // From the newest file of a log to the oldest: none ends after the next newer one begins.
    let mut order: BTreeMap<(String, u32), usize> = BTreeMap::new();
    for (at, (entry, _)) in logs.iter().enumerate() {
        let (stem, n) = rotation(entry);
        order.insert((stem.to_owned(), n), at);
    }
    let mut newer: Option<(String, i64)> = None;
    for ((stem, _), at) in order {
        let Some((_, years)) = logs.get_mut(at) else {
            continue;
        };
        let bound = newer.take().filter(|(of, _)| *of == stem).map(|(_, s)| s);
        let by_order = bound.and_then(|bound| years.below(bound));
        years.set(by_order, "the next newer file");
        let by_collection = collected.and_then(|bound| years.below(bound));
        years.set(by_collection, "the time of the collection");
        let first = years.base.zip(years.first.as_ref());
        newer = first
            .and_then(|(year, wall)| wall.local_seconds(year))
            .or(bound)
            .map(|seconds| (stem, seconds));
    }
    let known: Option<i64> = logs
        .iter()
        .filter_map(|(_, years)| {
            let wall = years.with_year.as_ref()?;
            wall.local_seconds(wall.year?)
        })
        .max();
    for (_, years) in logs.iter_mut() {
        let near = known.and_then(|known| years.nearest(known));
        years.set(near, "another log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::log::{
        said::testing::line,
        stamp::{second_of_day, wall_of_unix},
    };

    fn years(stamps: &[(i8, i8)]) -> Years {
        let mut years = Years::default();
        for (number, month_day) in (1..).zip(stamps) {
            read(&mut years, number, *month_day, "", "");
        }
        years
    }

    fn read(years: &mut Years, number: u32, month_day: (i8, i8), raw: &str, text: &str) {
        let stamp = Stamp {
            wall: Some(Wall {
                month_day: Some(month_day),
                second_of_day: second_of_day("12:00:00").unwrap(),
                ..Wall::default()
            }),
            ..Stamp::default()
        };
        let mut line = line("kernel", text);
        line.raw = raw;
        line.number = number;
        line.stamp = Some(&stamp);
        years.feed(&line);
    }

    fn year_at(years: &Years, number: u32, month_day: (i8, i8)) -> Option<i16> {
        let mut stamp = Stamp {
            wall: Some(Wall {
                month_day: Some(month_day),
                ..Wall::default()
            }),
            ..Stamp::default()
        };
        years.complete(&mut stamp, number);
        stamp.wall.unwrap().year
    }

    /// 2024-01-10T00:00:00.
    const COLLECTED: i64 = 1_704_844_800;

    #[test]
    fn new_year_inside_a_log() {
        let mut log = years(&[(12, 30), (12, 31), (1, 1), (1, 2)]);
        resolve(&mut [("messages", &mut log)], Some(COLLECTED));
        assert_eq!(year_at(&log, 2, (12, 31)), Some(2023));
        assert_eq!(year_at(&log, 3, (1, 1)), Some(2024));
        assert_eq!(log.source(), Some("the time of the collection"));
    }

    #[test]
    fn rotated_files_and_dates_in_names() {
        let mut now = years(&[(1, 8)]);
        let mut before = years(&[(12, 20), (12, 31)]);
        let mut older = years(&[(2, 1)]);
        resolve(
            &mut [
                ("messages.2.gz", &mut older),
                ("messages", &mut now),
                ("messages.1", &mut before),
            ],
            Some(COLLECTED),
        );
        let base = |y: &Years| y.base;
        assert_eq!(
            (base(&now), base(&before), base(&older)),
            (Some(2024), Some(2023), Some(2023))
        );
        assert_eq!(before.source(), Some("the next newer file"));
        let mut dated = years(&[(12, 31)]);
        resolve(&mut [("var/log/messages-20220102", &mut dated)], None);
        assert_eq!(year_at(&dated, 1, (12, 31)), Some(2021));
    }

    #[test]
    fn a_line_names_the_year_or_the_weekday_does() {
        let mut log = years(&[(1, 2)]);
        read(
            &mut log,
            2,
            (1, 2),
            "",
            "rtc_cmos 00:01: setting system clock to 2021-01-02T11:00:00 UTC (1609585200)",
        );
        resolve(&mut [("a", &mut log)], Some(COLLECTED));
        assert_eq!(year_at(&log, 1, (1, 2)), Some(2021));
        let mut audit = Years::default();
        // 2020-01-01T04:00:00Z, still the old year in the zone of the log.
        read(
            &mut audit,
            1,
            (12, 31),
            "",
            "audit: type=1300 audit(1577851200.000:1): x",
        );
        resolve(&mut [("a", &mut audit)], None);
        assert_eq!(year_at(&audit, 1, (12, 31)), Some(2019));
        // 17 August was a Thursday in 2023 and in 2017.
        let mut by_day = Years::default();
        read(
            &mut by_day,
            1,
            (8, 17),
            "Thu Aug 17 12:00:00 h kernel: x",
            "x",
        );
        let collected_2020 = 1_600_000_000;
        resolve(&mut [("a", &mut by_day)], Some(collected_2020));
        assert_eq!(year_at(&by_day, 1, (8, 17)), Some(2017));
    }

    #[test]
    fn another_log_or_nothing() {
        let mut with = Years {
            with_year: wall_of_unix(COLLECTED),
            ..Years::default()
        };
        let mut without = years(&[(12, 30)]);
        resolve(&mut [("b", &mut with), ("a", &mut without)], None);
        assert_eq!(year_at(&without, 1, (12, 30)), Some(2023));
        let mut alone = years(&[(12, 30)]);
        resolve(&mut [("a", &mut alone)], None);
        assert_eq!(year_at(&alone, 1, (12, 30)), None, "nothing tells it");
        assert!(alone.unknown());
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_new_year() {
        let mut log = years(&[(6, 10), (6, 9), (6, 10)]);
        resolve(&mut [("a", &mut log)], Some(COLLECTED));
        assert_eq!(year_at(&log, 3, (6, 10)), Some(2023));
    }
}
