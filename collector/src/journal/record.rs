//! A record as a line, in the form of `journalctl -o short-iso-precise`.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::data::{Field, Name};
use super::{Bytes, Entry, File};

/// The fields of one record that make its line.
#[derive(Debug, Default)]
struct Said {
    message: Option<Vec<u8>>,
    cut: bool,
    host: Vec<u8>,
    identifier: Vec<u8>,
    comm: Vec<u8>,
    pid: Vec<u8>,
    syslog_pid: Vec<u8>,
    transport: Vec<u8>,
    source_micros: Option<u64>,
}

impl Said {
    fn hear(&mut self, field: &Field) {
        let value = || field.value.clone();
        match field.name {
            Name::Message => {
                self.message = Some(value());
                self.cut = field.cut;
            }
            Name::Hostname => self.host = value(),
            Name::Identifier => self.identifier = value(),
            Name::Comm => self.comm = value(),
            Name::Pid => self.pid = value(),
            Name::SyslogPid => self.syslog_pid = value(),
            Name::Transport => self.transport = value(),
            Name::SourceTime => {
                let text = std::str::from_utf8(&field.value).ok();
                self.source_micros = text.and_then(|text| text.parse().ok());
            }
        }
    }
}

/// Appends the line of `entry` to `out`; nothing when it says nothing or came by another transport
/// than the one wanted.
pub fn write<B: Bytes>(
    file: &mut File<B>,
    entry: &Entry,
    transport: Option<&[u8]>,
    zone: &TimeZone,
    out: &mut Vec<u8>,
) {
    let mut said = Said::default();
    file.fields(entry, &mut |field| {
        said.hear(field);
        // The rest of a record that is not wanted need not be read.
        field.name == Name::Transport && transport.is_some_and(|wanted| wanted != field.value)
    });
    if transport.is_some_and(|wanted| wanted != said.transport) {
        return;
    }
    let Some(message) = said.message.take() else {
        return;
    };
    let start = out.len();
    put_time(
        said.source_micros.unwrap_or(entry.realtime_micros),
        zone,
        out,
    );
    for text in [&said.host, name(&said)] {
        if !text.is_empty() {
            out.push(b' ');
            put_plain(text, out);
        }
    }
    let pid = if said.pid.is_empty() {
        &said.syslog_pid
    } else {
        &said.pid
    };
    if !pid.is_empty() {
        out.push(b'[');
        put_plain(pid, out);
        out.push(b']');
    }
    out.extend_from_slice(b": ");
    let indent = out.len() - start;
    let message = message.strip_suffix(b"\n").unwrap_or(&message);
    for (number, line) in message.split(|b| *b == b'\n').enumerate() {
        if number > 0 {
            out.push(b'\n');
            out.resize(out.len() + indent, b' ');
        }
        put_plain(line, out);
    }
    if said.cut {
        out.extend_from_slice(b" [oomscene: the rest of this message was left out]");
    }
    out.push(b'\n');
}

fn name(said: &Said) -> &[u8] {
    let names = [said.identifier.as_slice(), &said.comm, b"unknown"];
    names
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// `2026-01-05T03:04:05.123456+0800`
fn put_time(micros: u64, zone: &TimeZone, out: &mut Vec<u8>) {
    let time = i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .unwrap_or_default();
    let offset = zone.to_offset(time);
    let local = offset.to_datetime(time);
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    // Writing to memory cannot fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}{sign}{:02}{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        local.subsec_nanosecond() / 1000,
        minutes / 60,
        minutes % 60,
    );
}

/// Text without control characters, which could forge lines and act on terminals.
fn put_plain(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'\t' => out.push(b'\t'),
            0..=31 | 127 => {
                let _ = write!(out, "\\x{byte:02x}");
            }
            _ => out.push(*byte),
        }
    }
}
