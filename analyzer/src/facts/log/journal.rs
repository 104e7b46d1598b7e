//! Entries of the journal as fields: `journalctl -o json`, `export` and `verbose`, and the JSON lines
//! of container runtimes. Described in systemd's docs/JOURNAL_EXPORT_FORMATS.md.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    outer,
    stamp::{Stamp, wall_of_unix},
};

/// One entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Entry {
    pub(super) stamp: Option<Stamp>,
    pub(super) host: Option<String>,
    /// `kernel` for the kernel.
    pub(super) program: Option<String>,
    /// It may hold newlines.
    pub(super) message: String,
}

/// A line of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonLine {
    /// A journal entry.
    Entry(Box<Entry>),
    /// A line that a container runtime put into JSON.
    Inner(String),
}

/// Reads a line of `journalctl -o json`, or of the json-file driver of docker: one object, or several
/// when the newline between them is lost. Empty when the line is none.
pub(super) fn json(line: &str) -> Vec<JsonLine> {
    if !line.starts_with('{') {
        return Vec::new();
    }
    serde_json::Deserializer::from_str(line)
        .into_iter::<BTreeMap<String, Json>>()
        .map_while(Result::ok)
        .filter_map(|object| json_line(&object))
        .collect()
}

fn json_line(object: &BTreeMap<String, Json>) -> Option<JsonLine> {
    let field = |name: &str| object.get(name).and_then(text);
    if let Some(entry) = entry(&field) {
        return Some(JsonLine::Entry(Box::new(entry)));
    }
    // Exports put the entry one level down.
    let inner = NESTS
        .iter()
        .find_map(|name| object.get(*name).and_then(Json::as_object));
    let inside = |names: &[&str]| {
        let here = names.iter().find_map(|name| object.get(*name)?.as_str());
        here.or_else(|| names.iter().find_map(|name| inner?.get(*name)?.as_str()))
    };
    let message = inside(MESSAGES)?.trim_end_matches('\n');
    Some(JsonLine::Inner(outer::dated(inside(TIMES), message)))
}

/// Names under which log shippers and stores keep the text of a line.
const MESSAGES: &[&str] = &[
    "log",
    "message",
    "msg",
    "_raw",
    "line",
    "textPayload",
    "text",
];

/// Names of its time.
const TIMES: &[&str] = &["@timestamp", "timestamp", "_time", "time", "ts"];

/// Names under which exports of Elasticsearch, Splunk and Google Cloud keep an entry.
const NESTS: &[&str] = &["_source", "result", "jsonPayload"];

/// A field: a text, the bytes of one that is no UTF-8, or the last of several.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Array(items) if items.iter().all(Json::is_u64) => {
            let bytes: Vec<u8> = items
                .iter()
                .filter_map(|n| u8::try_from(n.as_u64()?).ok())
                .collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        Json::Array(items) => text(items.last()?),
        _ => None,
    }
}

fn entry(field: &dyn Fn(&str) -> Option<String>) -> Option<Entry> {
    let micros = |name: &str| field(name).and_then(|n| n.parse::<i64>().ok());
    let kernel = field("_TRANSPORT").is_some_and(|t| t == "kernel");
    let real = micros("__REALTIME_TIMESTAMP");
    let uptime = micros("_SOURCE_MONOTONIC_TIMESTAMP").filter(|_| kernel);
    let at = real.or(uptime);
    Some(Entry {
        stamp: at.map(|us| Stamp {
            text: format!(
                "{}.{:06}",
                us.div_euclid(1_000_000),
                us.rem_euclid(1_000_000)
            ),
            uptime_us: uptime,
            wall: real.and_then(|us| wall_of_unix(us.div_euclid(1_000_000))),
            boot_id: field("_BOOT_ID").map(std::sync::Arc::from),
        }),
        host: field("_HOSTNAME"),
        program: if kernel {
            Some("kernel".to_owned())
        } else {
            field("SYSLOG_IDENTIFIER").or_else(|| field("_COMM"))
        },
        message: field("MESSAGE")?,
    })
}

/// Longest binary field that is gathered: a length beyond it is damage, not a message of the kernel.
const BINARY_BYTES_MAX: usize = 1 << 20;

/// Gathers the fields of entries that stand on lines of their own.
#[derive(Debug, Default)]
pub(super) struct Gather {
    fields: BTreeMap<String, String>,
    /// A field in the binary form: its name, whether a line of it came, the bytes so far.
    binary: Option<(String, bool, Vec<u8>)>,
    open: bool,
}

/// What a line was.
#[derive(Debug, PartialEq)]
pub(super) enum Gathered {
    /// No part of an entry.
    Foreign,
    /// A part of one; an entry that ended with it.
    Part(Option<Entry>),
}

/// First keys of an entry, by form.
const FIRST_KEYS: &[&str] = &[
    "__CURSOR=",
    "__REALTIME_TIMESTAMP=",
    "__MONOTONIC_TIMESTAMP=",
];

impl Gather {
    /// Reads one physical line.
    pub(super) fn feed(&mut self, line: &[u8]) -> Gathered {
        if self.binary.is_some() {
            self.more(line);
            return Gathered::Part(None);
        }
        // In one look: nothing of an entry, as in nearly every log.
        let ends = line.strip_suffix(b"\r").unwrap_or(line);
        if !self.open && !line.starts_with(b"__") && !ends.ends_with(b"]") {
            return Gathered::Foreign;
        }
        let whole = String::from_utf8_lossy(line);
        let text = whole.trim_end_matches('\r');
        if let Some(head) = verbose_head(text) {
            let ended = self.finish();
            self.open = true;
            self.fields.insert("__REALTIME_TIMESTAMP".to_owned(), head);
            return Gathered::Part(ended);
        }
        if !self.open && !FIRST_KEYS.iter().any(|key| text.starts_with(key)) {
            return Gathered::Foreign;
        }
        if text.is_empty() {
            return Gathered::Part(self.finish());
        }
        let bare = text.trim_start();
        let key_ends = bare
            .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
            .unwrap_or(bare.len());
        let (key, rest) = bare.split_at_checked(key_ends).unwrap_or_default();
        self.open = true;
        match rest.strip_prefix('=') {
            Some(value) if !key.is_empty() => {
                self.fields.insert(key.to_owned(), value.to_owned());
            }
            // The binary form: the name alone, then a length of eight bytes and the value.
            None if rest.is_empty() && !key.is_empty() => {
                self.binary = Some((key.to_owned(), false, Vec::new()));
            }
            // A further line of a message, as `verbose` prints it.
            _ => {
                if let Some(message) = self.fields.get_mut("MESSAGE") {
                    message.push('\n');
                    message.push_str(bare);
                }
            }
        }
        Gathered::Part(None)
    }

    /// Takes bytes of a binary field: eight of the length, then the value. A newline can be a byte of
    /// either.
    fn more(&mut self, line: &[u8]) {
        let Some((key, begun, bytes)) = &mut self.binary else {
            return;
        };
        if *begun {
            bytes.push(b'\n');
        }
        *begun = true;
        bytes.extend_from_slice(line);
        let Some((length, value)) = bytes.split_first_chunk::<8>() else {
            return;
        };
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if value.len() < length && value.len() < BINARY_BYTES_MAX {
            return;
        }
        let text = String::from_utf8_lossy(value).into_owned();
        self.fields.insert(std::mem::take(key), text);
        self.binary = None;
    }

    /// Ends the entry that is open.
    pub(super) fn finish(&mut self) -> Option<Entry> {
        self.open = false;
        self.binary = None;
        let fields = std::mem::take(&mut self.fields);
        entry(&|name| fields.get(name).cloned())
    }
}

/// Head of an entry of `journalctl -o verbose`: its wall time as microseconds, in the zone printed.
fn verbose_head(line: &str) -> Option<String> {
    if !line.contains(" [s=") {
        return None;
    }
    let found = super::prefix::strip(line);
    found.text.starts_with("[s=").then_some(())?;
    let stamp = found.stamp?;
    // Without a zone in numbers the seconds are local ones; they still order the entries.
    let seconds = stamp.utc_seconds(Some(0))?;
    Some(format!("{seconds}000000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_both_kinds() {
        let line = r#"{"MESSAGE":[97,98],"_TRANSPORT":"kernel","__REALTIME_TIMESTAMP":"1692264567123456","_SOURCE_MONOTONIC_TIMESTAMP":"5","_HOSTNAME":"h"}"#;
        let Some(JsonLine::Entry(entry)) = json(line).pop() else {
            panic!("no entry")
        };
        assert_eq!(
            (entry.message.as_str(), entry.program.as_deref()),
            ("ab", Some("kernel"))
        );
        assert_eq!(entry.stamp.unwrap().uptime_us, Some(5));
        assert_eq!(
            json(r#"{"log":"x\n","stream":"stdout"}"#),
            [JsonLine::Inner("x".into())]
        );
        assert_eq!(json(r#"{"MESSAGE":"#), []);
    }

    #[test]
    fn export_with_a_binary_message() {
        let mut gather = Gather::default();
        let mut log: Vec<&[u8]> = vec![b"__CURSOR=a", b"_TRANSPORT=kernel", b"MESSAGE"];
        log.extend([&b"\x05\0\0\0\0\0\0\0ab"[..], b"cd", b"_HOSTNAME=h"]);
        for line in log {
            assert_eq!(gather.feed(line), Gathered::Part(None));
        }
        let Gathered::Part(Some(entry)) = gather.feed(b"") else {
            panic!("no entry")
        };
        assert_eq!(
            (entry.message.as_str(), entry.host.as_deref()),
            ("ab\ncd", Some("h"))
        );
        assert_eq!(gather.feed(b"Out of memory"), Gathered::Foreign);
    }
}
