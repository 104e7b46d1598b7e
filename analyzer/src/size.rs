//! Bytes for people: exact where they are exact, never rounded up to a whole limit. Messages of rules
//! and tables of the report use it, so that one figure looks the same everywhere.

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

/// One decimal, rounded; next to a whole number two, cut: 99.99 GiB is not 100 GiB, and a figure
/// must never look like a limit that the bytes do not reach.
fn scaled(size: u128, shift: u32) -> String {
    let whole = size >> shift;
    let rest = size & ((1_u128 << shift) - 1);
    let hundredths = (rest * 100) >> shift;
    if matches!(hundredths / 10, 0 | 9) {
        format!("{}.{hundredths:02}", grouped(whole))
    } else {
        format!("{}.{}", grouped(whole), (hundredths + 5) / 10)
    }
}

/// Digits with thousands separators.
pub(crate) fn grouped(value: u128) -> String {
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
            (1_888_888 << 10, "1.8 GiB"),
            (8_350_000 << 10, "7.96 GiB"),
            (104_844_432 << 10, "99.98 GiB"),
            (104_852_880 << 10, "99.99 GiB"),
            (104_858_000 << 10, "100.00 GiB"),
            ((1 << 30) - 1, "1,023.99 MiB"),
            (1 << 40, "1 TiB"),
            (-(3 << 20), "-3 MiB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }
}
