//! Figures of a report: bytes, counts, shares and times.

pub use crate::size::bytes;
use crate::size::grouped;

/// A share in percent; what is there and too small for one decimal is not shown as nothing.
#[must_use]
pub fn share(percent: f64, bytes: i128) -> String {
    if bytes > 0 && percent < 0.1 {
        "< 0.1 %".to_owned()
    } else {
        format!("{percent} %")
    }
}

/// A whole number with thousands separators.
#[must_use]
pub fn count(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(value.unsigned_abs()))
}

/// Seconds as days, hours, minutes and seconds, the two largest of them.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".to_owned();
    }
    if seconds < 60.0 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be finite and not negative; a cast saturates"
    )]
    let whole = seconds as u64;
    let (day, hour, minute) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    match (day, hour) {
        (0, 0) => format!("{minute} min {} s", whole % 60),
        (0, _) => format!("{hour} h {minute} min"),
        _ => format!("{day} d {hour} h"),
    }
}

/// Unix time as ISO 8601 in UTC; `None` outside the calendar.
#[must_use]
pub fn utc(seconds: f64) -> Option<String> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast saturates, and the calendar refuses what is outside it"
    )]
    let whole = seconds.floor() as i64;
    let time = jiff::Timestamp::from_second(whole).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts() {
        assert_eq!(count(6_558_445), "6,558,445");
        assert_eq!(duration(1749.0), "29 min 9 s");
        assert_eq!(duration(0.5), "0.5 s");
        assert_eq!(duration(90_000.0), "1 d 1 h");
        assert_eq!(utc(0.0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(utc(f64::INFINITY), None);
    }
}
