//! What people and tools put around the lines of a log: colours, Markdown, quote marks, escapes of
//! HTML, line numbers and file names of grep, columns of exports, no-break spaces, escapes of
//! control characters.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::pattern::{pattern, text};

pattern!(COLOUR, r"(?:\x1b|#033|\\033|\\x1b|\^\[)\[[0-9;?]*[A-Za-z]");
// The escape character is lost where a page shows only what can be seen.
pattern!(COLOUR_REST, r"\[(?:[0-9]{1,2})?(?:;[0-9]{1,2})*m");
pattern!(LOST_SPACES, r"^(?P<quote>(?:> ?)*)(?:A {1,2}){2,}");
pattern!(QUOTE, r"^ {0,2}(?:> ?)+");
pattern!(
    CRI,
    r"^(?P<stamp>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) [FP] "
);
// `kubectl describe node` and `kubectl get events`: a kernel line that the node problem detector
// reported, behind columns whose number and order differ.
pattern!(
    CLUSTER_EVENT,
    r"^.{0,160}OOMKilling(?:\s+.{0,200}?)?\s(?P<rest>(?:Memory cgroup out of memory|Out of memory): Kill.*)$"
);
// Columns that a viewer or `docker compose` draws, and the pod that `kubectl logs --prefix` names.
pattern!(
    COLUMN,
    r"^\s*(?:\|\s?|\d{1,8} ?[|│] ?|[\w.-]{1,63}-\d+ +\| |\[pod/[^\]]{1,253}\] )"
);
pattern!(
    LINE_BREAK,
    r"(?:<br ?/?>|</?(?:pre|code|p|tt)>)+$|^(?:<br ?/?>|<(?:pre|code|p|tt)>)+"
);
// Only before a stamp: a number or a path at the start of a bare line belongs to it.
pattern!(
    GREP,
    r"^(?:\s*\d{1,8}s?(?:[:-]|\t|\s{1,3})|[\w./+-]{1,200}[:-](?:\d{1,8}[:-])? ?)(?P<rest>\s*(?:(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\]|\[[A-Z][a-z]{2} [A-Z][a-z]{2} |[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT\d\d:|kern: +[a-z]+: +\[\d{4}-).*)$"
);
// What a collector calls its source: `[serial] [   12.345678] …`.
pattern!(
    LABEL,
    r"^\s*\[[A-Za-z][\w ./:-]{0,40}\]:? +(?P<rest>\[ *\d{1,10}\.\d{3,6}\].*)$"
);
// A line of a list or of its own that is one piece of code.
pattern!(CODE, r"^\s*(?:[-*+] |\d{1,3}\. )?`(?P<rest>[^`]+)`$");
pattern!(CONTROL, r"#0([0-3][0-7])");
pattern!(
    TIME,
    r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?$"
);

/// Takes off what stands around a line.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    if bare_already(line) {
        return Cow::Borrowed(line);
    }
    unwrapped(line)
}

/// Whether nothing of what [`unwrapped`] takes off can be in the line, as in nearly every one.
fn bare_already(line: &str) -> bool {
    let bytes = line.as_bytes();
    // All bytes are looked at, without a branch: that is what vector instructions do fast.
    let special = bytes.iter().fold(false, |found, byte| {
        found
            | matches!(
                byte,
                0x80..|0x1b| b'^' | b'\\' | b'&' | b'<' | b'>' | b'|' | b'"' | b'*' | b'`'
            )
    });
    !special
        && !bracket(bytes, |before, after| {
            before.ends_with(b"033") || rest_of_colour(after)
        })
        && !line.starts_with("[pod/")
        && !line.starts_with("A  A")
        && STREAM.find(bytes).is_none()
        && CLUSTER.find(bytes).is_none()
}

static STREAM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" std"));
static CLUSTER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"OOMKilling"));

/// Whether an opening bracket of the line has around it what `is` asks for: the bytes before it, and
/// those from it on.
fn bracket(line: &[u8], is: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    memchr::memchr_iter(b'[', line).any(|at| {
        let (before, after) = line.split_at(at);
        is(before, after)
    })
}

/// Whether the escape character of the end of a colour may be lost here.
fn rest_of_colour(from_bracket: &[u8]) -> bool {
    from_bracket.starts_with(b"[m") || from_bracket.starts_with(b"[0m")
}

/// Whether a colour may begin in the line.
fn coloured(line: &[u8]) -> bool {
    memchr::memchr(0x1b, line).is_some()
        || bracket(line, |before, _| {
            [&b"033"[..], b"\\x1b", b"^["]
                .iter()
                .any(|mark| before.ends_with(mark))
        })
}

// Each step looks first for a byte that it needs: lines with one quotation mark are many.
fn unwrapped(line: &str) -> Cow<'_, str> {
    let mut bare = Cow::Borrowed(line);
    let has = |byte: u8, line: &str| memchr::memchr(byte, line.as_bytes()).is_some();
    if coloured(bare.as_bytes()) && COLOUR.is_match(&bare) {
        bare = Cow::Owned(COLOUR.replace_all(&bare, "").into_owned());
    }
    if bracket(bare.as_bytes(), |_, after| rest_of_colour(after)) {
        bare = Cow::Owned(COLOUR_REST.replace_all(&bare, "").into_owned());
    }
    if !bare.is_ascii() {
        bare = blanks(bare);
    }
    if bare.starts_with(['>', 'A']) && bare.contains("A  A") && LOST_SPACES.is_match(&bare) {
        bare = Cow::Owned(LOST_SPACES.replace(&bare, "$quote").into_owned());
    }
    if has(b'&', &bare) {
        bare = html(bare);
    }
    if bare.ends_with('>') && LINE_BREAK.is_match(&bare) || bare.starts_with("<p") {
        bare = Cow::Owned(LINE_BREAK.replace_all(&bare, "").into_owned());
    }
    if bare.trim_start_matches(' ').starts_with('>') {
        bare = Cow::Owned(QUOTE.replace(&bare, "").into_owned());
    }
    if (has(b'|', &bare) || bare.starts_with("[pod/") || !bare.is_ascii() && bare.contains('│'))
        && COLUMN.is_match(&bare)
    {
        bare = Cow::Owned(COLUMN.replace(&bare, "").into_owned());
    }
    if let Some(groups) = STREAM
        .find(bare.as_bytes())
        .and_then(|_| CRI.captures(&bare))
    {
        let rest = bare.get(groups.get_match().end()..).unwrap_or_default();
        bare = Cow::Owned(format!(
            "{} {rest}",
            text(&groups, "stamp").unwrap_or_default()
        ));
    }
    if let Some(groups) = CLUSTER
        .find(bare.as_bytes())
        .and_then(|_| CLUSTER_EVENT.captures(&bare))
    {
        let rest = text(&groups, "rest").unwrap_or_default().to_owned();
        bare = Cow::Owned(rest);
    }
    if bare.trim_start().starts_with("**") && bare.contains("\\[") {
        bare = Cow::Owned(markdown(&bare));
    }
    if let Some(inline) = bare
        .ends_with('`')
        .then(|| CODE.captures(&bare).and_then(|g| text(&g, "rest")))
        .flatten()
        .filter(|rest| super::prefix::strip(rest).stamp.is_some())
    {
        bare = Cow::Owned(inline.to_owned());
    }
    if has(b'"', &bare) {
        unquoted(bare)
    } else {
        bare
    }
}

/// The line with plain blanks for those that mail programs make of indentation.
fn blanks(line: Cow<'_, str>) -> Cow<'_, str> {
    let mut bare = line;
    if bare.contains('\u{a0}') {
        bare = Cow::Owned(bare.replace('\u{a0}', " "));
    }
    // What is left of them where bytes were read in another character set.
    if bare.contains("Â ") {
        bare = Cow::Owned(bare.replace("Â ", " "));
    }
    bare
}

/// The message of an export, or the line without the quotation mark of a field of several lines.
fn unquoted(bare: Cow<'_, str>) -> Cow<'_, str> {
    if let Some(message) = csv(&bare) {
        Cow::Owned(message)
    } else if bare.ends_with('"') && memchr::memchr_iter(b'"', bare.as_bytes()).count() == 1 {
        // The last line of a field that has several.
        Cow::Owned(bare.trim_end_matches('"').to_owned())
    } else if let Some(quoted) = quote_begun(&bare) {
        Cow::Owned(quoted.to_owned())
    } else {
        bare
    }
}

/// What follows the quote before the first line of several, if it has a stamp.
fn quote_begun(line: &str) -> Option<&str> {
    let quoted = line.strip_prefix('"')?;
    let stamped = !quoted.contains('"') && super::prefix::strip(quoted).stamp.is_some();
    stamped.then_some(quoted)
}

/// Characters that HTML and XML cannot hold as they are; `&` last, so that nothing is undone twice.
const ENTITIES: &[(&str, &str)] = &[
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    ("&#91;", "["),
    ("&#93;", "]"),
    ("&amp;", "&"),
];

fn html(line: Cow<'_, str>) -> Cow<'_, str> {
    let mut line = line;
    for (entity, character) in ENTITIES {
        if line.contains(entity) {
            line = Cow::Owned(line.replace(entity, character));
        }
    }
    line
}

/// The message of a row of comma-separated values, as Splunk, Kibana and CloudWatch export logs: the
/// longest field; a time of its own goes before it. A field may lack its end, when the message has
/// further lines.
fn csv(line: &str) -> Option<String> {
    let quoted = line.starts_with('"') && (line.contains("\",") || line.ends_with('"'));
    let numbered = line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(",\"");
    if !(quoted || numbered) {
        return None;
    }
    let fields = fields(line);
    let message = fields
        .iter()
        .filter(|field| !TIME.is_match(field))
        .max_by_key(|field| field.len())?;
    let time = fields.iter().find(|field| TIME.is_match(field.as_str()));
    Some(dated(time.map(String::as_str), message))
}

/// A message with the time that stood beside it, if it has none of its own.
pub(super) fn dated(time: Option<&str>, message: &str) -> String {
    let time = time.filter(|time| TIME.is_match(time));
    match time.filter(|_| super::prefix::strip(message).stamp.is_none()) {
        Some(time) => format!("{} {message}", time.replacen(' ', "T", 1)),
        None => message.to_owned(),
    }
}

/// Fields of one row; a quote inside of quotes is doubled.
fn fields(row: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = row.chars().peekable();
    let mut inside = false;
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if inside && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => inside = !inside,
            ',' if !inside => fields.push(String::new()),
            _ => field.push(c),
        }
    }
    fields
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

/// The line without what stands before its stamp: the line number or file name that grep, less or
/// cat put there, the seconds of a test runner, or a label in brackets.
pub(super) fn without_place(line: &str) -> Option<&str> {
    // What can follow has one of these.
    memchr::memchr3(b':', b'.', b'[', line.as_bytes())?;
    let groups = GREP.captures(line).or_else(|| LABEL.captures(line));
    groups.and_then(|g| text(&g, "rest"))
}

/// Undoes the octal escapes that syslog daemons write for control characters.
pub(super) fn unescape(line: &str) -> Cow<'_, str> {
    if memchr::memchr(b'#', line.as_bytes()).is_none() {
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
        assert_eq!(plain("[32m[    1.000000] [0mx"), "[    1.000000] x");
        assert_eq!(
            plain("2023-08-17T17:29:27.1Z stdout F [    1.000000] x"),
            "2023-08-17T17:29:27.1Z [    1.000000] x"
        );
        assert_eq!(plain("a\u{a0}b"), "a b");
        assert_eq!(plain("> > A  A  A  A [    1.000000] x"), "[    1.000000] x");
        assert_eq!(plain("Â\u{a0}Â [    1.000000] x"), "  [    1.000000] x");
        assert_eq!(
            plain("&lt;6&gt;[    1.000000] a &amp;&amp; b<br>"),
            "<6>[    1.000000] a && b"
        );
        assert_eq!(plain("| [    1.000000] x"), "[    1.000000] x");
        assert_eq!(plain("kern-1  | [    1.000000] x"), "[    1.000000] x");
        assert_eq!(plain("[pod/a-1/b] x"), "x");
        assert_eq!(plain("* `[    1.000000] x`"), "[    1.000000] x");
        assert_eq!(plain("`x invoked y`"), "`x invoked y`");
        assert_eq!(
            plain("\"Nov 29 01:00:04 a kernel: x"),
            "Nov 29 01:00:04 a kernel: x"
        );
        assert_eq!(plain("\"x invoked y"), "\"x invoked y");
        assert_eq!(
            plain(
                "  Warning  OOMKilling  5m (x2 over 9m)  kernel-monitor  Out of memory: Kill process 12"
            ),
            "Out of memory: Kill process 12"
        );
        assert_eq!(
            plain("  Warning  PodOOMKilling  2m  npd, edge-4  Out of memory: Kill process 12"),
            "Out of memory: Kill process 12"
        );
        assert_eq!(
            plain(
                "kernel-monitor, edge-pool-7-with-a-name-that-is-a-long-one-0a1b2c3d\t\t\tWarning\t\tOOMKilling\tOut of memory: Kill process 12"
            ),
            "Out of memory: Kill process 12"
        );
        assert_eq!(unescape("#011x#012y"), "\tx\ny");
    }

    #[test]
    fn the_message_of_a_row_of_an_export() {
        assert_eq!(
            plain(
                "\"2023-08-17T17:29:27.000+0800\",node-7,\"a \"\"b\"\" c, d and much more of it\""
            ),
            "2023-08-17T17:29:27.000+0800 a \"b\" c, d and much more of it"
        );
        let said = "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.";
        assert_eq!(plain(said), said);
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
        let talos = "10.5.0.2: kern:     err: [2025-04-17T14:23:17.527285605Z]: x";
        assert_eq!(without_place(talos), talos.get(10..));
        assert_eq!(
            without_place("[serial console] [    1.000000] x"),
            Some("[    1.000000] x")
        );
        assert_eq!(without_place("Node 0 Normal: 12*4kB"), None);
    }
}
