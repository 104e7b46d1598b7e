//! Figures for people: exact where they are exact, and never rounded up to a limit.

const UNITS: [(&str, u32); 5] = [
    ("PiB", 50),
    ("TiB", 40),
    ("GiB", 30),
    ("MiB", 20),
    ("KiB", 10),
];

/// Largest whole number that is shown in one unit before a larger unit with a fraction is taken:
/// `2,800 MiB` is what was configured, `104,844,432 KiB` is not readable.
const WHOLE_MAX: u128 = 9_999;

/// Bytes in binary units.
#[must_use]
pub fn bytes(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    for (unit, shift) in UNITS {
        let whole = size >> shift;
        if whole > 0 && whole <= WHOLE_MAX && whole << shift == size {
            return format!("{sign}{} {unit}", grouped(whole));
        }
    }
    for (unit, shift) in UNITS {
        if size >> shift > 0 {
            return format!("{sign}{} {unit}", scaled(size, shift));
        }
    }
    format!("{sign}{size} B")
}

/// One decimal, or two when one would look whole: 99.99 GiB is not 100 GiB. Cut, not rounded: the
/// figure must never pass a limit that the bytes do not pass.
fn scaled(size: u128, shift: u32) -> String {
    let whole = size >> shift;
    let rest = size & ((1_u128 << shift) - 1);
    let hundredths = (rest * 100) >> shift;
    let tenths = hundredths / 10;
    if tenths == 0 || tenths == 9 {
        format!("{}.{hundredths:02}", grouped(whole))
    } else {
        format!("{}.{tenths}", grouped(whole))
    }
}

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

fn grouped(value: u128) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
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
    fn bytes_are_exact_or_cut() {
        for (value, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (104_857_600 << 10, "100 GiB"),
            (400 << 20, "400 MiB"),
            (2800 << 20, "2,800 MiB"),
            (208_204 << 10, "203.3 MiB"),
            (104_844_432 << 10, "99.98 GiB"),
            (104_858_000 << 10, "100.00 GiB"),
            (1 << 40, "1 TiB"),
            (-(3 << 20), "-3 MiB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }

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
