//! The name of the program in a record that has none in its prefix: programs write into the kernel's
//! buffer too.

/// Splits `systemd[1]: text`, which programs write into the kernel's buffer, into both parts.
pub(super) fn split(text: &str) -> (Option<&str>, &str) {
    match named(text) {
        // A patch that numbers the reports of the OOM killer; it is no program.
        Some(("OOM", rest)) => (None, rest),
        Some((program, rest)) => (Some(program), rest),
        None => (None, text),
    }
}

/// The name before a number in brackets and a colon, and what follows. Without a pattern: every record
/// that names no program is asked.
fn named(text: &str) -> Option<(&str, &str)> {
    let in_name = |b: &u8| matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'@' | b'(' | b')' | b'-');
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '(')) {
        return None;
    }
    let (name, rest) = text.split_at_checked(text.bytes().take_while(|b| in_name(b)).count())?;
    let rest = rest.strip_prefix('[')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let rest = rest.get(digits..)?.strip_prefix("]: ")?;
    (digits > 0).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn programs_in_the_buffer_of_the_kernel() {
        for (text, program, rest) in [
            ("systemd[1]: x", Some("systemd"), "x"),
            ("(sd-pam)[12]: x", Some("(sd-pam)"), "x"),
            ("a.b@c_1[12]: ", Some("a.b@c_1"), ""),
            ("OOM[1]: x", None, "x"),
            ("1a[1]: x", None, "1a[1]: x"),
            ("a[]: x", None, "a[]: x"),
            ("a[1]:x", None, "a[1]:x"),
            ("a b[1]: x", None, "a b[1]: x"),
            ("é[1]: x", None, "é[1]: x"),
        ] {
            assert_eq!(split(text), (program, rest), "{text}");
        }
    }
}
