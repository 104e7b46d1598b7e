//! Lines in which the kernel or a log daemon says that lines were lost or not written.

use super::{
    line::{Line, Origin},
    pattern::{number, pattern, text},
    said::Said,
};
use crate::facts::{Record, oom::endings};

/// One such line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loss {
    pub(super) kind: &'static str,
    /// How many lines; `None` when the line does not say.
    pub(super) count: Option<u64>,
    /// Function, unit or process whose lines are missing.
    about: Option<String>,
}

/// Words of which every form has one.
pub(super) const MARKERS: &[&str] = &[
    "messages dropped",
    "suppressed",
    "Suppressed",
    "issed ",
    "buffer overrun",
    "rate-limiting",
    "audit_lost",
    "backlog limit exceeded",
    "queue overflow",
    "Log statistics",
];

/// Lines that printk or journald say were lost before they were read: a report may be among them.
pub(super) const KERNEL_LINES: &[&str] = &[
    "printk dropped",
    "journald missed kernel lines",
    "ring buffer overrun",
];

// Of journald, of rsyslog's imjournal and imuxsock, of syslog-ng, of the audit system.
pattern!(
    MISSED,
    r"^Missed (?P<count>\d+) kernel messages?|^Forwarding to syslog missed (?P<forwarded>\d+) messages"
);
pattern!(
    SUPPRESSED,
    r"^Suppressed (?P<count>\d+) messages from (?P<about>\S+)"
);
pattern!(
    RSYSLOG,
    r"(?:^|\b)(?:(?P<module>im\w+)(?:\[\w+\])?: )?(?:(?P<count>\d+) messages lost due to rate-limiting|imuxsock lost (?P<lost>\d+) messages from pid (?P<pid>\d+) due to rate-limiting|begin to drop messages due to rate-limiting)"
);
pattern!(
    PRINTK_OLD,
    r"^(?:printk: )?(?P<count>\d+) messages suppressed\.?$"
);
pattern!(AUDIT_LOST, r"audit_lost=(?P<count>\d+)");
pattern!(
    SYSLOG_NG,
    r"Log statistics;.*?dropped='[^']*=(?P<count>[1-9]\d*)'"
);

/// Reads one line.
pub(super) fn loss(line: &Line<'_>) -> Option<Loss> {
    let bare = line.bare().trim_end();
    if line.kernel() {
        if let Some(count) = endings::dropped(bare) {
            return told("printk dropped", Some(count), None);
        }
        if let Some((function, count)) = endings::suppressed(bare) {
            return told("callbacks suppressed", Some(count), Some(function));
        }
        if let Some(groups) = PRINTK_OLD.captures(bare) {
            return told("callbacks suppressed", number(&groups, "count"), None);
        }
    }
    if let Some(groups) = AUDIT_LOST.captures(bare) {
        return told("audit records lost", number(&groups, "count"), None);
    }
    if bare.contains("backlog limit exceeded") && bare.contains("audit") {
        return told("audit records lost", None, None);
    }
    let Origin::Program(program) = line.origin else {
        return None;
    };
    match program {
        "systemd-journald" | "systemd-journal" | "journal" | "journald" => journald(bare),
        "rsyslogd" | "imjournal" | "imuxsock" | "rsyslogd-2177" => {
            let groups = RSYSLOG.captures(bare)?;
            let count = number(&groups, "count").or_else(|| number(&groups, "lost"));
            let about = text(&groups, "pid").map(|pid| format!("pid {pid}"));
            told("syslog rate limit", count, about)
        }
        "syslog-ng" => {
            let groups = SYSLOG_NG.captures(bare)?;
            told("syslog rate limit", number(&groups, "count"), None)
        }
        _ => None,
    }
}

fn journald(bare: &str) -> Option<Loss> {
    if let Some(groups) = MISSED.captures(bare) {
        return match number(&groups, "count") {
            Some(count) => told("journald missed kernel lines", Some(count), None),
            None => told("syslog rate limit", number(&groups, "forwarded"), None),
        };
    }
    if bare.contains("/dev/kmsg buffer overrun") {
        return told("ring buffer overrun", None, None);
    }
    let groups = SUPPRESSED.captures(bare)?;
    let about = text(&groups, "about").map(str::to_owned);
    told("journald rate limit", number(&groups, "count"), about)
}

fn told(kind: &'static str, count: Option<u64>, about: Option<String>) -> Option<Loss> {
    Some(Loss { kind, count, about })
}

impl Said<Loss> {
    /// The record of this line.
    pub(super) fn record(&self) -> Record {
        let (loss, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("kind", loss.kind, place.clone());
        record.put_some("lines_count", loss.count, place);
        record.put_some("about", loss.about.clone(), place);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::said::testing::{kept, line},
        *,
    };

    const SAID: &[(&str, &str, &str, Option<u64>)] = &[
        (
            "kernel",
            "** 17 printk messages dropped **",
            "printk dropped",
            Some(17),
        ),
        (
            "kernel",
            "warn_alloc: 25 callbacks suppressed",
            "callbacks suppressed",
            Some(25),
        ),
        (
            "kernel",
            "printk: 12 messages suppressed.",
            "callbacks suppressed",
            Some(12),
        ),
        (
            "systemd-journald",
            "Missed 31 kernel messages",
            "journald missed kernel lines",
            Some(31),
        ),
        (
            "systemd-journald",
            "/dev/kmsg buffer overrun, some messages lost.",
            "ring buffer overrun",
            None,
        ),
        (
            "systemd-journald",
            "Suppressed 900 messages from db.service",
            "journald rate limit",
            Some(900),
        ),
        (
            "systemd-journald",
            "Forwarding to syslog missed 7 messages.",
            "syslog rate limit",
            Some(7),
        ),
        (
            "rsyslogd",
            "imjournal: 4000 messages lost due to rate-limiting (20000 allowed within 600 seconds)",
            "syslog rate limit",
            Some(4000),
        ),
        (
            "rsyslogd",
            "imjournal[db]: begin to drop messages due to rate-limiting",
            "syslog rate limit",
            None,
        ),
        (
            "rsyslogd",
            "imuxsock lost 55 messages from pid 4242 due to rate-limiting",
            "syslog rate limit",
            Some(55),
        ),
        (
            "syslog-ng",
            "Log statistics; processed='center(received)=9', dropped='dst.file(d#0)=3'",
            "syslog rate limit",
            Some(3),
        ),
        (
            "kernel",
            "audit: audit_lost=8 audit_rate_limit=0 audit_backlog_limit=64",
            "audit records lost",
            Some(8),
        ),
        (
            "kernel",
            "audit: backlog limit exceeded",
            "audit records lost",
            None,
        ),
    ];

    #[test]
    fn every_variant_is_read() {
        for (program, text, kind, count) in SAID {
            let read = loss(&line(program, text)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((read.kind, read.count), (*kind, *count), "{text}");
            assert!(MARKERS.iter().any(|m| text.contains(m)), "{text}");
            assert!(kept(program, text), "{text}");
        }
        assert_eq!(
            loss(&line("app", "12 messages lost due to rate-limiting")),
            None
        );
        assert_eq!(
            loss(&line("rsyslogd", "action resumed (module 'builtin:omfwd')")),
            None
        );
    }
}
