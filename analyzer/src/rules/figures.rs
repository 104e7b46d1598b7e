//! Figures for a reader: bytes, percent, durations, times, in both languages.

use super::eval::Val;
use crate::{facts::names::Kind, size, words::Lang};

/// Longest text that one message or one joined list may become, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 16 * 1024;

/// [`size::bytes`] of a calculated size; a fraction of a byte is left out.
#[must_use]
pub fn bytes(n: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float outside the range saturates"
    )]
    let whole = n as i128;
    size::bytes(whole)
}

/// `97.3%`; whole when it is.
#[must_use]
pub fn percent(n: f64) -> String {
    if n.fract() == 0.0 {
        format!("{n:.0}%")
    } else {
        format!("{n:.1}%")
    }
}

/// The two largest units: `29 min 3 s`, `2 h 5 min`; below ten seconds with one digit.
#[must_use]
pub fn duration(seconds: f64, lang: Lang) -> String {
    let names = match lang {
        Lang::En => [" d", " h", " min", " s"],
        Lang::Zh => [" 天", " 小时", " 分", " 秒"],
    };
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs();
    let [d, h, m, s] = names;
    if whole < 10.0 && whole.fract() != 0.0 {
        return format!("{sign}{whole:.1}{s}");
    }
    let mut rest = whole.round();
    let mut parts: Vec<String> = Vec::new();
    for (size, name) in [(86_400.0, d), (3_600.0, h), (60.0, m), (1.0, s)] {
        let n = (rest / size).floor();
        rest -= n * size;
        if n > 0.0 {
            parts.push(format!("{n:.0}{name}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() {
        parts.push(format!("0{s}"));
    }
    format!("{sign}{}", parts.join(" "))
}

/// `3 h 5 min ago`; a time after the collection is `in 3 s`.
#[must_use]
pub(super) fn ago(seconds: f64, lang: Lang) -> String {
    let length = duration(seconds.abs(), lang);
    match (lang, seconds < 0.0) {
        (Lang::En, false) => format!("{length} ago"),
        (Lang::En, true) => format!("{length} after the collection"),
        (Lang::Zh, false) => format!("{length}前"),
        (Lang::Zh, true) => format!("采集后 {length}"),
    }
}

/// `2026-04-04 10:11:01 UTC`.
#[must_use]
pub fn time(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float outside the range saturates, and the calendar refuses it"
    )]
    let whole = seconds as i64;
    jiff::Timestamp::from_second(whole).map_or_else(
        |_| format!("{seconds} s since 1970"),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// `1,048,576`; a fraction keeps two digits.
#[must_use]
pub fn separated(n: f64) -> String {
    let text = number(n.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::from(if n < 0.0 { "-" } else { "" });
    let digits = whole.chars().count();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (digits - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A number without noise: whole, or at most two digits.
fn number(n: f64) -> String {
    if n.fract() == 0.0 {
        return format!("{n:.0}");
    }
    let text = format!("{n:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Marks a lower bound.
pub(super) fn at_least(text: String, bound: bool, lang: Lang) -> String {
    match (bound, lang) {
        (false, _) => text,
        (true, Lang::En) => format!("at least {text}"),
        (true, Lang::Zh) => format!("至少 {text}"),
    }
}

/// A value as it stands in a message.
pub(super) fn plain(value: &Val<'_>, lang: Lang) -> String {
    match value {
        Val::Unknown(_) => match lang {
            Lang::En => "unknown".to_owned(),
            Lang::Zh => "未知".to_owned(),
        },
        Val::Flag(flag) => match (lang, flag) {
            (Lang::En, flag) => flag.to_string(),
            (Lang::Zh, true) => "是".to_owned(),
            (Lang::Zh, false) => "否".to_owned(),
        },
        Val::Int(n) => n.to_string(),
        Val::AtLeast(n, _) => at_least(n.to_string(), true, lang),
        Val::Number(n) => number(*n),
        Val::Text(text) => text.to_string(),
        Val::List(list) => match lang {
            Lang::En => format!("{} items", list.items.len()),
            Lang::Zh => format!("{} 条", list.items.len()),
        },
        Val::Record(record) => record.path(),
    }
}

/// A value with its unit, for the proof: texts in quotes.
pub(super) fn with_unit(value: &Val<'_>, kind: Option<Kind>, lang: Lang) -> String {
    let (n, bound) = match value {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        Val::Int(n) => (*n as f64, false),
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        Val::AtLeast(n, _) => (*n as f64, true),
        Val::Number(n) => (*n, false),
        Val::Text(text) => return format!("{text:?}"),
        // As the expression beside it writes it.
        Val::Flag(flag) => return flag.to_string(),
        other => return plain(other, lang),
    };
    let text = match kind {
        Some(Kind::Bytes) => bytes(n),
        Some(Kind::Percent) => percent(n),
        Some(Kind::Seconds) => duration(n, lang),
        Some(Kind::Time) => time(n),
        _ => return plain(value, lang),
    };
    at_least(text, bound, lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_cut_and_never_pass_a_limit() {
        assert_eq!(bytes(419_430_400.0), "400 MiB");
        assert_eq!(bytes(0.98 * 107_374_182_400.0), "98 GiB");
        assert_eq!(bytes(107_364_182_400.7), "99.99 GiB");
        assert_eq!(bytes(-2048.9), "-2 KiB");
    }

    #[test]
    fn durations_have_two_units() {
        assert_eq!(duration(0.0, Lang::En), "0 s");
        assert_eq!(duration(1.25, Lang::En), "1.2 s");
        assert_eq!(duration(1743.0, Lang::En), "29 min 3 s");
        assert_eq!(duration(7500.0, Lang::Zh), "2 小时 5 分");
        assert_eq!(duration(86_405.0, Lang::En), "1 d");
        assert_eq!(duration(-60.0, Lang::En), "-1 min");
    }

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(separated(1_048_576.0), "1,048,576");
        assert_eq!(separated(-1234.5), "-1,234.5");
        assert_eq!(separated(999.0), "999");
        assert_eq!(percent(97.345), "97.3%");
        assert_eq!(time(0.0), "1970-01-01 00:00:00 UTC");
        assert!(time(f64::MAX).contains("since 1970"));
    }
}
