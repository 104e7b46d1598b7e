//! Program starts in audit records: who a process named `java` really is.

use std::collections::BTreeMap;

use super::{
    line::Line,
    pattern::{number, owned, pattern, text},
    stamp::Stamp,
};
use crate::facts::{Evidence, Record};

mod program;

/// One program start, joined from the records with the same serial number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Exec {
    pub(super) pid: Option<u64>,
    pub(super) parent_pid: Option<u64>,
    pub(super) comm: Option<String>,
    pub(super) executable: Option<String>,
    pub(super) arguments: Vec<String>,
    pub(super) host: Option<String>,
    pub(super) stamp: Option<Stamp>,
    pub(super) evidence: Vec<Evidence>,
}

// `type=EXECVE msg=audit(…)` in audit.log, `audit: type=1309 audit(…)` in the kernel log.
pattern!(
    RECORD,
    r"type=(?P<type>\w+) (?:msg=)?audit\((?P<serial>[0-9.]+:\d+)\): (?P<rest>.*)$"
);
pattern!(
    FIELD,
    r#"(?:^|\s)(?P<key>[a-z_]+)=(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))"#
);
pattern!(
    ARGUMENT,
    r#"(?:^|\s)a(?P<n>\d+)(?:\[\d+\])?=(?:"(?P<quoted>[^"]*)(?P<end>"?)|(?P<hex>[0-9A-Fa-f]+)\b)"#
);

/// What every record has.
pub(super) const MARKERS: &[&str] = &["audit("];

/// Joins records by their serial number.
#[derive(Debug, Default)]
pub(super) struct Audit {
    by_serial: BTreeMap<(String, String), Exec>,
    order: Vec<(String, String)>,
}

impl Audit {
    /// Reads one line.
    pub(super) fn feed(&mut self, line: &Line<'_>) {
        if !line.text.contains("audit(") {
            return;
        }
        let Some(groups) = RECORD.captures(line.text) else {
            return;
        };
        let rest = text(&groups, "rest").unwrap_or_default();
        let kind = text(&groups, "type").unwrap_or_default();
        if !matches!(kind, "SYSCALL" | "1300" | "EXECVE" | "1309") {
            return;
        }
        let key = (
            line.host.unwrap_or_default().to_owned(),
            owned(&groups, "serial"),
        );
        if !self.by_serial.contains_key(&key) {
            self.order.push(key.clone());
        }
        let exec = self.by_serial.entry(key).or_default();
        exec.evidence.push(line.evidence());
        exec.host = line.host.map(str::to_owned);
        exec.stamp = line.stamp.cloned();
        if matches!(kind, "EXECVE" | "1309") {
            exec.arguments.extend(arguments(rest));
        } else {
            exec.syscall(rest);
        }
    }

    /// The program starts, in order; system calls without arguments are none.
    pub(super) fn finish(mut self) -> Vec<Exec> {
        self.order
            .iter()
            .filter_map(|key| self.by_serial.remove(key))
            .filter(|exec| !exec.arguments.is_empty())
            .collect()
    }
}

impl Exec {
    fn syscall(&mut self, rest: &str) {
        for field in FIELD.captures_iter(rest) {
            let value = || text(&field, "quoted").or_else(|| text(&field, "bare"));
            match text(&field, "key") {
                Some("pid") => self.pid = number(&field, "bare"),
                Some("ppid") => self.parent_pid = number(&field, "bare"),
                Some("comm") => self.comm = value().map(str::to_owned),
                Some("exe") => self.executable = value().map(str::to_owned),
                _ => {}
            }
        }
    }

    /// Program behind the runtime, if the arguments tell.
    pub(super) fn program(&self) -> Option<String> {
        program::program(&self.arguments)
    }

    /// The record of this start.
    pub(super) fn record(&self) -> Record {
        let place = &self.evidence;
        let mut record = Record::new();
        record.put_some("pid", self.pid, place);
        record.put_some("parent_pid", self.parent_pid, place);
        record.put_some("comm", self.comm.clone(), place);
        record.put_some("executable", self.executable.clone(), place);
        record.put("arguments", self.arguments.join(" "), place.clone());
        record.put_some("program", self.program(), place);
        record.put_some("host", self.host.clone(), place);
        record
    }
}

/// Arguments in order. Those with blanks or control bytes are hexadecimal without quotes.
fn arguments(rest: &str) -> Vec<String> {
    ARGUMENT
        .captures_iter(rest)
        .map(|argument| match text(&argument, "quoted") {
            Some(quoted) => quoted.to_owned(),
            None => unhex(text(&argument, "hex").unwrap_or_default()),
        })
        .collect()
}

fn unhex(hex: &str) -> String {
    let bytes: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect();
    match bytes {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => hex.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_hexadecimal_and_torn_arguments() {
        assert_eq!(
            arguments(r#"argc=3 a0="/bin/java" a1=2D586D78 a2="-cp /a:/b"#),
            ["/bin/java", "-Xmx", "-cp /a:/b"]
        );
    }
}
