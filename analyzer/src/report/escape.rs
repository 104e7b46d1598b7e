//! Markdown as a ticket shows it: names from the machine cannot make links, tables or headings.

/// Text between other text: every character with a meaning is escaped, line breaks become blanks.
#[must_use]
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut start = true;
    let mut rest = flat.chars();
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '$' | '{' | '}' | '@' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '-' | '+' | '=' if start => {
                out.push('\\');
                out.push(c);
            }
            // "1." at the start would begin a list.
            '.' | ')' if begins_list(&out, rest.as_str()) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        start = false;
    }
    out
}

/// Whether a dot or bracket between these two would make a numbered list.
fn begins_list(before: &str, after: &str) -> bool {
    !before.is_empty()
        && before.chars().all(|c| c.is_ascii_digit())
        && (after.is_empty() || after.starts_with(' '))
}

/// A name or path as a code span, with a fence longer than any run of backticks in it.
#[must_use]
pub(super) fn code(text: &str) -> String {
    let flat = text.replace('\n', " ");
    if flat.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&flat) + 1);
    // CommonMark strips one blank on each side; it is needed next to a backtick.
    let pad = if flat.starts_with('`') || flat.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{flat}{pad}{fence}")
}

/// [`code`] inside a table, where even a code span ends at a `|`.
#[must_use]
pub(super) fn code_cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A fenced block: the fence is longer than any run of backticks inside.
#[must_use]
pub(super) fn fenced(text: &str, language: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out() {
        for (text, escaped) in [
            ("a|b`c*d_e", "a\\|b\\`c\\*d\\_e"),
            ("<script>", "&lt;script&gt;"),
            ("[x](y)", "\\[x\\](y)"),
            ("# title", "\\# title"),
            ("1. item", "1\\. item"),
            ("- item\n# not a title", "\\- item \\# not a title"),
        ] {
            assert_eq!(inline(text), escaped);
        }
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code_cell("a|b"), "`a\\|b`");
        assert_eq!(fenced("x\n````\ny", "text"), "`````text\nx\n````\ny\n`````");
    }
}
