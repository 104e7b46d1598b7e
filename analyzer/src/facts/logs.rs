//! Which files are logs, and what the log reader must know about the machine.

use crate::words::Bilingual;
use std::collections::{BTreeMap, BTreeSet};

use oomscene_bundle::Outcome;

use super::Facts;
use super::gather::Placed;
use super::log::{self, Log, Machine};
use super::sections;
use super::source::matches;
use crate::intake::{Input, InputKind};

/// Records of the kernel with sequence numbers.
pub(super) const KMSG: &str = "scene/kmsg";

/// Logs of text, by where they lie.
const TEXTS: &[&str] = &[
    "scene/dmesg.txt",
    "scene/journal/*",
    "sys/fs/pstore/*",
    "var/lib/systemd/pstore/*",
    "var/crash/*/*dmesg*",
    "var/log/*",
    "var/log/audit/*",
    "sos_commands/kernel/dmesg*",
    "sos_commands/logs/*",
];

/// Lists that look like logs by their place and are none.
const NO_LOGS: &[&str] = &[
    "scene/journal/boots.txt",
    "scene/vmallocinfo.txt",
    "scene/systemd/**",
];
/// In a folder everything of these names may be a log that somebody put aside.
const LOOSE: &[&str] = &[
    "**/*.log",
    "**/*.txt",
    "**/dmesg*",
    "**/messages*",
    "**/syslog*",
];

/// Whether a file lies where logs lie.
pub(super) fn is_log(path: &str) -> bool {
    path == KMSG
        || (TEXTS.iter().any(|p| matches(p, path)) && !NO_LOGS.iter().any(|p| matches(p, path)))
}

fn is_loose_log(path: &str) -> bool {
    LOOSE.iter().any(|p| matches(p, path)) && !NO_LOGS.iter().any(|p| matches(p, path))
}

/// Hands all logs to the log reader; `claimed` are the entries that a parser has read.
pub(super) fn read(
    inputs: &[Input],
    files: &[Placed<'_>],
    claimed: &BTreeSet<&str>,
    facts: &mut Facts,
) {
    let machine = machine(inputs, facts);
    let cuts: BTreeMap<&str, String> = inputs
        .iter()
        .flat_map(|i| &i.ledger)
        .filter(|l| l.outcome == Outcome::Truncated)
        .map(|l| {
            let reason = if l.reason.is_empty() {
                "only a part of the file was taken"
            } else {
                &l.reason
            };
            (l.path.as_str(), reason.to_owned())
        })
        .collect();
    let mut logs = Vec::new();
    for placed in files {
        let path = &placed.file.path;
        if placed.kind == InputKind::Folder && sections::is_joined(path, &placed.file.content) {
            logs.extend(joined(placed));
            continue;
        }
        let is_log = match placed.kind {
            InputKind::Log => true,
            InputKind::Bundle => is_log(path),
            InputKind::Folder => {
                is_log(path) || (is_loose_log(path) && !claimed.contains(placed.entry.as_str()))
            }
        };
        if !is_log || placed.file.content.is_empty() {
            continue;
        }
        if !is_text(&placed.file.content) {
            facts.gap(
                &placed.entry,
                0,
                Bilingual::new("not text: not read as a log", "不是文本，未作为日志读取"),
            );
            continue;
        }
        logs.push(Log {
            entry: &placed.entry,
            source: if path == KMSG {
                log::Source::Kmsg
            } else {
                log::Source::Text
            },
            content: &placed.file.content,
            first_line: 1,
            condensed: placed.condensed,
            cut: cuts.get(path.as_str()).cloned(),
            excerpt: placed.kind == InputKind::Log,
        });
    }
    ring_buffer_taken_out(facts);
    // The kernel's own records before copies of them.
    logs.sort_by_key(|l| !matches!(l.source, log::Source::Kmsg));
    log::read(&logs, &machine, facts);
}

/// Logs of a file in which another tool joined many.
fn joined<'a>(placed: &'a Placed<'_>) -> impl Iterator<Item = Log<'a>> {
    sections::of(&placed.file.path, &placed.file.content)
        .into_iter()
        .filter(|section| is_log(&section.path) && !section.content.is_empty())
        .map(|section| Log {
            entry: &placed.entry,
            source: log::Source::Text,
            content: section.content,
            first_line: section.first_line,
            condensed: None,
            cut: section
                .cut
                .then(|| "only the last lines of the file were taken".to_owned()),
            excerpt: false,
        })
}

/// What is known about the ring buffer does not speak for the other logs once it was taken out.
fn ring_buffer_taken_out(facts: &mut Facts) {
    let removed = |l: &&oomscene_bundle::Line| l.path == KMSG && l.is_removed();
    if let Some(line) = facts.ledger.iter().find(removed) {
        let said = format!("{}: {}", line.path, line.reason);
        let evidence = vec![super::Evidence::new("ledger", 0, &said)];
        facts.put("kernel_log.whole_boot", false, evidence);
    }
}

pub(super) fn machine(inputs: &[Input], facts: &Facts) -> Machine {
    let root = &facts.root;
    let text = |path: &str| root.text(path).map(str::to_owned);
    let clocks = inputs
        .iter()
        .find_map(|i| i.header.as_ref())
        .map(|h| h.clocks);
    Machine {
        page_size_bytes: root
            .int("host.page_size_bytes")
            .and_then(|n| u64::try_from(n).ok()),
        clocks: clocks.filter(|c| c.realtime_ns > 0),
        utc_offset_seconds: root
            .int("host.utc_offset_seconds")
            .and_then(|n| i32::try_from(n).ok()),
        hostname: text("host.name"),
        kernel_release: text("host.kernel_release"),
        machine: text("host.machine"),
    }
}

/// A crash may leave runs of zero bytes in a log; a binary file has them from its first bytes on.
fn is_text(content: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let head = content.get(..LOOKED_AT).unwrap_or(content);
    let odd = head
        .iter()
        .filter(|b| **b < 32 && !matches!(**b, b'\n' | b'\r' | b'\t' | 27))
        .count();
    odd * 3 < head.len()
}
