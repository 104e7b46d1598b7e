//! When a line was written, as far as it says: since boot, on the wall clock, or both.

use jiff::civil::Date;

/// Stamp of one line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stamp {
    /// As written, without brackets.
    pub text: String,
    /// Microseconds since boot.
    pub uptime_us: Option<i64>,
    /// Reading of a wall clock.
    pub wall: Option<Wall>,
    /// Boot that the journal names.
    pub boot_id: Option<std::sync::Arc<str>>,
}

/// Reading of a wall clock; what the stamp does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wall {
    /// Year; RFC 3164 stamps have none.
    pub year: Option<i16>,
    /// Month and day; a foreign month name leaves them unknown.
    pub month_day: Option<(i8, i8)>,
    /// Seconds since midnight.
    pub second_of_day: i64,
    /// Offset from UTC in seconds, east positive.
    pub offset_seconds: Option<i32>,
}

const DAY_SECONDS: i64 = 86_400;

/// How far wall clock (whole seconds) and uptime may disagree about one distance.
const CLOCKS_APART_SECONDS_MAX: f64 = 1.5;

/// Any leap year does for comparing two stamps without a year.
const YEAR_FOR_COMPARING: i16 = 2000;

impl Stamp {
    /// Puts `stamp` into `slot`, in the memory of what was there: every record has a stamp.
    pub(crate) fn keep(slot: &mut Option<Self>, stamp: Option<&Self>) {
        match (slot.as_mut(), stamp) {
            (Some(kept), Some(stamp)) => {
                kept.text.clone_from(&stamp.text);
                kept.uptime_us = stamp.uptime_us;
                kept.wall.clone_from(&stamp.wall);
                kept.boot_id.clone_from(&stamp.boot_id);
            }
            _ => *slot = stamp.cloned(),
        }
    }

    /// Seconds from this stamp to `later`; negative when `later` is earlier, unknown when the two
    /// stamps share no clock.
    #[must_use]
    pub fn seconds_until(&self, later: &Self) -> Option<f64> {
        let by_wall = match (&self.wall, &later.wall) {
            (Some(a), Some(b)) => a.seconds_until(b).map(real),
            _ => None,
        };
        let by_uptime = match (self.uptime_us, later.uptime_us) {
            (Some(a), Some(b)) => b.checked_sub(a).map(|micros| real(micros) / 1e6),
            _ => None,
        };
        match (by_wall, by_uptime) {
            // The finer one, unless it contradicts the other: a reboot, or a stamp copied wrong.
            (Some(wall), Some(uptime)) if (wall - uptime).abs() < CLOCKS_APART_SECONDS_MAX => {
                Some(uptime)
            }
            (wall, uptime) => wall.or(uptime),
        }
    }

    /// Seconds since boot.
    #[must_use]
    pub fn uptime_seconds(&self) -> Option<f64> {
        self.uptime_us.map(|us| real(us) / 1e6)
    }

    /// Seconds since 1970-01-01 UTC, when date and zone are known. `zone` is used when the stamp
    /// itself names none.
    #[must_use]
    pub fn utc_seconds(&self, zone: Option<i32>) -> Option<i64> {
        let wall = self.wall.as_ref()?;
        let offset = wall.offset_seconds.or(zone)?;
        wall.local_seconds(wall.year?)?
            .checked_sub(i64::from(offset))
    }
}

impl Wall {
    /// Seconds since 1970 on a clock of that zone, if the year is `year`.
    #[must_use]
    pub fn local_seconds(&self, year: i16) -> Option<i64> {
        let (month, day) = self.month_day?;
        let date = Date::new(year, month, day).ok()?;
        let epoch = Date::new(1970, 1, 1).ok()?;
        let days = i64::from(epoch.until(date).ok()?.get_days());
        Some(days * DAY_SECONDS + self.second_of_day)
    }

    fn seconds_until(&self, later: &Self) -> Option<i64> {
        let shift = match (self.offset_seconds, later.offset_seconds) {
            (Some(a), Some(b)) => i64::from(a) - i64::from(b),
            _ => 0,
        };
        if self.month_day.is_none() && later.month_day.is_none() {
            return Some(later.second_of_day - self.second_of_day);
        }
        let year = self.year.or(later.year).unwrap_or(YEAR_FOR_COMPARING);
        let later_year = later.year.unwrap_or(year);
        let from = self.local_seconds(year)?;
        let seconds = if (later_year, later.month_day) == (year, self.month_day) {
            later.second_of_day - self.second_of_day
        } else {
            later.local_seconds(later_year)? - from
        };
        Some(seconds + shift)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a log, far below 2^52"
)]
fn real(whole: i64) -> f64 {
    whole as f64
}

/// Turns stamps since boot into wall time, so that they can be compared with those of other logs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootClock {
    /// Wall time of the boot in microseconds since 1970 UTC, without the time spent suspended.
    boot_us: i64,
    /// Offset of local time from UTC in seconds.
    offset_seconds: i32,
}

impl BootClock {
    /// The clock of the machine, by the three clocks of the header.
    #[must_use]
    pub fn new(clocks: &oomscene_bundle::header::Clocks, utc_offset_seconds: i32) -> Option<Self> {
        let boot_ns = clocks.realtime_ns.checked_sub(clocks.monotonic_ns)?;
        Some(Self {
            boot_us: i64::try_from(boot_ns.div_euclid(1000)).ok()?,
            offset_seconds: utc_offset_seconds,
        })
    }

    /// Local wall time of a stamp since boot.
    #[must_use]
    pub fn wall(&self, uptime_us: i64) -> Option<Wall> {
        let utc = self.boot_us.checked_add(uptime_us)?.div_euclid(1_000_000);
        let local = utc.checked_add(i64::from(self.offset_seconds))?;
        let days = i32::try_from(local.div_euclid(DAY_SECONDS)).ok()?;
        let date = Date::new(1970, 1, 1)
            .ok()?
            .checked_add(jiff::Span::new().try_days(days).ok()?)
            .ok()?;
        Some(Wall {
            year: Some(date.year()),
            month_day: Some((date.month(), date.day())),
            second_of_day: local.rem_euclid(DAY_SECONDS),
            offset_seconds: Some(self.offset_seconds),
        })
    }
}

/// UTC wall time of seconds since 1970.
#[must_use]
pub fn wall_of_unix(seconds: i64) -> Option<Wall> {
    let time = jiff::Timestamp::from_second(seconds)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC);
    Some(Wall {
        year: Some(time.year()),
        month_day: Some((time.month(), time.day())),
        second_of_day: seconds.rem_euclid(DAY_SECONDS),
        offset_seconds: Some(0),
    })
}

/// Seconds since midnight of `HH:MM:SS`.
#[must_use]
pub fn second_of_day(text: &str) -> Option<i64> {
    if let [h, i, b':', m, n, b':', s, t] = text.as_bytes()
        && let digits = [*h, *i, *m, *n, *s, *t]
        && digits.iter().all(u8::is_ascii_digit)
    {
        return second_of_digits(digits);
    }
    let mut parts = text.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    time_of_day(hour, minute, second)
}

/// Seconds since midnight of the six digits of `HH:MM:SS`.
pub(super) fn second_of_digits([h, i, m, n, s, t]: [u8; 6]) -> Option<i64> {
    let number = |tens: u8, ones: u8| i64::from(tens & 0xf) * 10 + i64::from(ones & 0xf);
    time_of_day(number(h, i), number(m, n), number(s, t))
}

fn time_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 61).then_some(hour * 3600 + minute * 60 + second)
}

/// Offset in seconds of `Z`, `+0800` or `+08:00`.
#[must_use]
pub fn offset_seconds(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes: i32 = minutes.parse().ok()?;
    Some(sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60))
}

/// Month names by their first letters: those of the locales seen in support cases. Others stay
/// unknown, which costs the date, not the event.
const MONTHS: &[(&str, i8)] = &[
    ("ene", 1),
    ("gen", 1),
    ("jan", 1),
    ("oca", 1),
    ("sty", 1),
    ("янв", 1),
    ("feb", 2),
    ("fev", 2),
    ("fév", 2),
    ("lut", 2),
    ("şub", 2),
    ("фев", 2),
    ("mar", 3),
    ("mrt", 3),
    ("mär", 3),
    ("мар", 3),
    ("abr", 4),
    ("apr", 4),
    ("avr", 4),
    ("kwi", 4),
    ("nis", 4),
    ("апр", 4),
    ("mag", 5),
    ("mai", 5),
    ("maj", 5),
    ("may", 5),
    ("mei", 5),
    ("май", 5),
    ("мая", 5),
    ("cze", 6),
    ("giu", 6),
    ("haz", 6),
    ("juin", 6),
    ("jun", 6),
    ("июн", 6),
    ("juil", 7),
    ("jul", 7),
    ("lip", 7),
    ("lug", 7),
    ("tem", 7),
    ("июл", 7),
    ("ago", 8),
    ("aoû", 8),
    ("aug", 8),
    ("ağu", 8),
    ("sie", 8),
    ("авг", 8),
    ("eyl", 9),
    ("sep", 9),
    ("set", 9),
    ("wrz", 9),
    ("сен", 9),
    ("eki", 10),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("paź", 10),
    ("окт", 10),
    ("kas", 11),
    ("lis", 11),
    ("nov", 11),
    ("ноя", 11),
    ("ara", 12),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
    ("déc", 12),
    ("gru", 12),
    ("дек", 12),
];

/// Month of a name such as `Apr`, `4月` or `Dez`.
#[must_use]
pub fn month(name: &str) -> Option<i8> {
    if let Some(digits) = name.strip_suffix('月') {
        return digits.parse().ok().filter(|m| (1..=12).contains(m));
    }
    let name = name.to_lowercase();
    MONTHS
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map(|(_, month)| *month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(year: Option<i16>, month: i8, day: i8, time: &str) -> Stamp {
        Stamp {
            wall: Some(Wall {
                year,
                month_day: Some((month, day)),
                second_of_day: second_of_day(time).unwrap(),
                offset_seconds: None,
            }),
            ..Stamp::default()
        }
    }

    #[test]
    fn distance_across_midnight_and_without_a_year() {
        let a = wall(None, 4, 17, "23:59:50");
        let b = wall(Some(2025), 4, 18, "00:00:10");
        assert_eq!(a.seconds_until(&b), Some(20.0));
        assert_eq!(b.seconds_until(&a), Some(-20.0));
    }

    #[test]
    fn utc_needs_a_zone() {
        let stamp = wall(Some(1970), 1, 2, "08:00:00");
        assert_eq!(stamp.utc_seconds(None), None);
        assert_eq!(stamp.utc_seconds(Some(8 * 3600)), Some(86_400));
    }

    #[test]
    fn months_and_offsets() {
        assert_eq!(month("4月"), Some(4));
        assert_eq!(month("13月"), None);
        assert_eq!(month("Dez"), Some(12));
        assert_eq!(month("月"), None);
        assert_eq!((month("juin"), month("juil.")), (Some(6), Some(7)));
        assert_eq!(month("сент."), Some(9));
        assert_eq!(offset_seconds("+05:30"), Some(19_800));
        assert_eq!(offset_seconds("-0800"), Some(-28_800));
        assert_eq!(offset_seconds("CST"), None);
    }
}
