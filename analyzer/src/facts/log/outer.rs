//! What people and tools put around the lines of a log: colours, Markdown, quote marks, line
//! numbers and file names of grep, no-break spaces, escapes of control characters.

use std::borrow::Cow;

use super::pattern::{pattern, text};

pattern!(COLOUR, r"(?:\x1b|#033|\\033|\\x1b)\[[0-9;?]*[A-Za-z]");
pattern!(QUOTE, r"^ {0,2}(?:> ?)+");
pattern!(
    CRI,
    r"^(?P<stamp>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) [FP] "
);
// `kubectl describe node` and `kubectl get events`: a kernel line that the node problem detector
// reported, behind columns whose number and order differ.
pattern!(
    CLUSTER_EVENT,
    r"^.{0,60}\bOOMKilling\s+.{0,200}?\s(?P<rest>(?:Memory cgroup out of memory|Out of memory): Kill.*)$"
);
// Only before a stamp: a number or a path at the start of a bare line belongs to it.
pattern!(
    GREP,
    r"^(?:\s*\d{1,8}(?:[:-]|\t|\s{1,3})|[\w./+-]{1,200}[:-](?:\d{1,8}[:-])?)(?P<rest>\s*(?:(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\]|\[[A-Z][a-z]{2} [A-Z][a-z]{2} |[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT\d\d:).*)$"
);
pattern!(CONTROL, r"#0([0-3][0-7])");

/// Takes off what stands around a line.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let mut bare = Cow::Borrowed(line);
    let coloured = bare.contains('\u{1b}') || bare.contains("033[") || bare.contains("\\x1b[");
    if coloured && COLOUR.is_match(&bare) {
        bare = Cow::Owned(COLOUR.replace_all(&bare, "").into_owned());
    }
    // Mail programs turn indentation into no-break spaces.
    if bare.contains('\u{a0}') {
        bare = Cow::Owned(bare.replace('\u{a0}', " "));
    }
    if bare.trim_start_matches(' ').starts_with('>') {
        bare = Cow::Owned(QUOTE.replace(&bare, "").into_owned());
    }
    if let Some(groups) = bare.contains(" std").then(|| CRI.captures(&bare)).flatten() {
        let rest = bare.get(groups.get_match().end()..).unwrap_or_default();
        bare = Cow::Owned(format!(
            "{} {rest}",
            text(&groups, "stamp").unwrap_or_default()
        ));
    }
    if let Some(groups) = bare
        .contains("OOMKilling ")
        .then(|| CLUSTER_EVENT.captures(&bare))
        .flatten()
    {
        let rest = text(&groups, "rest").unwrap_or_default().to_owned();
        bare = Cow::Owned(rest);
    }
    if bare.trim_start().starts_with("**") && bare.contains("\\[") {
        bare = Cow::Owned(markdown(&bare));
    }
    bare
}

fn markdown(line: &str) -> String {
    let inner = line.trim().trim_matches('*');
    let mut bare = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some('[' | ']' | '_' | '*' | '(' | ')') if c == '\\' => {}
            _ => bare.push(c),
        }
    }
    bare
}

/// The line without the line number or file name that grep, less or cat put before its stamp.
pub(super) fn without_place(line: &str) -> Option<&str> {
    GREP.captures(line).and_then(|g| text(&g, "rest"))
}

/// Undoes the octal escapes that syslog daemons write for control characters.
pub(super) fn unescape(line: &str) -> Cow<'_, str> {
    if !line.contains("#0") {
        return Cow::Borrowed(line);
    }
    CONTROL.replace_all(line, |groups: &regex::Captures<'_>| {
        let code = groups
            .get(1)
            .and_then(|m| u8::from_str_radix(m.as_str(), 8).ok());
        code.map_or(String::new(), |byte| char::from(byte).to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappings_come_off() {
        assert_eq!(plain("> > [    1.000000] x"), "[    1.000000] x");
        assert_eq!(plain(" > > [    1.000000] x"), "[    1.000000] x");
        assert_eq!(plain("\u{1b}[32mx\u{1b}[0m#033[0m"), "x");
        assert_eq!(
            plain("2023-08-17T17:29:27.1Z stdout F [    1.000000] x"),
            "2023-08-17T17:29:27.1Z [    1.000000] x"
        );
        assert_eq!(plain("a\u{a0}b"), "a b");
        assert_eq!(
            plain(
                "  Warning  OOMKilling  5m (x2 over 9m)  kernel-monitor  Out of memory: Kill process 12"
            ),
            "Out of memory: Kill process 12"
        );
        assert_eq!(unescape("#011x#012y"), "\tx\ny");
    }

    #[test]
    fn places_come_off_only_before_a_stamp() {
        assert_eq!(
            without_place("12:[    1.000000] x"),
            Some("[    1.000000] x")
        );
        assert_eq!(
            without_place("/var/log/messages:Aug 17 17:29:27 h kernel: x"),
            Some("Aug 17 17:29:27 h kernel: x")
        );
        assert_eq!(without_place("2000000 pages RAM"), None);
        assert_eq!(without_place("Node 0 Normal: 12*4kB"), None);
    }
}
