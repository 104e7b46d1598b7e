//! Values inside a command: a name from a hostile machine stays one word of the shell.
//!
//! A unit may be named `x; rm -rf /` and a process may hold a newline in its name. Whoever copies
//! the advice of a report runs what stands there, so the rule engine quotes; rule authors cannot
//! forget it.

use std::fmt::Write as _;

/// Signs that no shell gives a meaning to.
const PLAIN: &str = "_./:=@%+,-";

/// `text` as one word: bare when it is harmless, else in `'…'`, and in `$'…'` when it holds signs
/// that cannot be seen.
pub(super) fn quoted(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
    if !text.is_empty() && text.chars().all(bare) {
        return text.to_owned();
    }
    if text.chars().all(is_visible) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            // A shell at a terminal expands `!` unless it sees that the quote is still open.
            c if is_visible(c) && c != '\'' && c != '!' => out.push(c),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Always three digits, so that a digit that follows is not taken for a part.
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
        }
    }
    out.push('\'');
    out
}

/// Letters and digits of any script, and the signs of ASCII: no control characters, no
/// bidirectional overrides, nothing of no width.
fn is_visible(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_whatever_it_holds() {
        for (text, word) in [
            ("nginx.service", "nginx.service"),
            ("a/b:c=d@e%f+g,h-i_0", "a/b:c=d@e%f+g,h-i_0"),
            ("", "''"),
            ("x; rm -rf /", "'x; rm -rf /'"),
            ("$(id)`id`", "'$(id)`id`'"),
            ("it's", r"'it'\''s'"),
            ("~root", "'~root'"),
            ("四月", "'四月'"),
            ("a\nb;c", r"$'a\nb;c'"),
            ("a\u{1b}1'!\\", r"$'a\0331\047\041\\'"),
            ("a\u{202e}b", r"$'a\342\200\256b'"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    /// The only judge of quoting is a shell.
    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in [
            "x; rm -rf /",
            "it's",
            "a\nb;c\\n!",
            "a\u{1b}1'!\\",
            "\u{202e}$HOME",
        ] {
            let shell = std::process::Command::new("bash")
                .args(["-c", &format!("printf %s {}", quoted(text))])
                .output();
            // A machine without bash has nothing to say.
            if let Ok(out) = shell {
                assert_eq!(String::from_utf8_lossy(&out.stdout), text);
            }
        }
    }
}
