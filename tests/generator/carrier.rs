//! Carriers: what a log puts before a record, and what it makes of a newline inside one.

/// How one record becomes lines of a log; the number counts records from 0.
pub(crate) struct Carrier {
    pub(crate) name: &'static str,
    pub(crate) render: fn(usize, &str) -> String,
}

pub(super) const fn carrier(name: &'static str, render: fn(usize, &str) -> String) -> Carrier {
    Carrier { name, render }
}

pub(crate) const CARRIERS: &[Carrier] = &[
    carrier("bare", |_, text| format!("{text}\n")),
    carrier("dmesg", |n, text| indented(&uptime(n), text)),
    carrier("dmesg, caller", |n, text| {
        indented(&format!("{}[ T4711] ", uptime(n).trim_end()), text)
    }),
    carrier("dmesg, CRLF", |n, text| {
        indented(&uptime(n), text).replace('\n', "\r\n")
    }),
    carrier("dmesg -r", |n, text| {
        indented(&format!("<6>{}", uptime(n)), text)
    }),
    carrier("dmesg -T C", |_, text| {
        indented("[Thu Aug 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -T zh", |_, text| {
        indented("[四 8月 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -T de", |_, text| {
        indented("[Do Aug 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -x", |n, text| {
        indented(&format!("kern  :warn  : {}", uptime(n)), text)
    }),
    carrier("dmesg -T -x", |_, text| {
        indented("kern  :info  : [Thu Aug 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg iso", |n, text| {
        indented(&format!("2023-08-17T17:29:27,{n:06}+08:00 "), text)
    }),
    carrier("colours", |n, text| {
        indented(&format!("\u{1b}[32m[ 1234.{n:06}] \u{1b}[0m"), text)
    }),
    carrier("rfc3164", |_, text| {
        escaped("Aug 17 17:29:27 node-7 kernel: ", text, "#012")
    }),
    carrier("rfc3164, uptime", |n, text| {
        escaped(
            &format!("Aug 17 17:29:27 node-7 kernel: {}", uptime(n)),
            text,
            "#012",
        )
    }),
    carrier("rfc3164, no space", |n, text| {
        escaped(
            &format!("Aug 17 17:29:27 node-7 kernel:{}", uptime(n)),
            text,
            "#012",
        )
    }),
    carrier("rsyslog iso", |n, text| {
        escaped(
            &format!("2023-08-17T17:29:27.{n:06}+08:00 node-7 kernel: "),
            text,
            "#012",
        )
    }),
    carrier("rfc5424", |n, text| {
        escaped(
            &format!("<6>1 2023-08-17T17:29:27.{n:06}+08:00 node-7 kernel - - - "),
            text,
            "#012",
        )
    }),
    carrier("journal short", |_, text| {
        indented("Aug 17 17:29:27 node-7 kernel: ", text)
    }),
    carrier("journal short-precise", |n, text| {
        indented(&format!("Aug 17 17:29:27.{n:06} node-7 kernel: "), text)
    }),
    carrier("journal short-iso", |_, text| {
        indented("2023-08-17T17:29:27+0800 node-7 kernel: ", text)
    }),
    carrier("journal short-iso-precise", |n, text| {
        indented(
            &format!("2023-08-17T17:29:27.{n:06}+0800 node-7 kernel: "),
            text,
        )
    }),
    carrier("journal short-monotonic", |n, text| {
        indented(&format!("{}node-7 kernel: ", uptime(n)), text)
    }),
    carrier("journal short-full", |_, text| {
        indented("Thu 2023-08-17 17:29:27 CST node-7 kernel: ", text)
    }),
    carrier("journal json", json),
    carrier("journal export", export),
    carrier("kmsg", |n, text| {
        escaped(&format!("6,{},1234{n:06},-;", 7000 + n), text, "\\x0a")
    }),
    carrier("kmsg, caller", |n, text| {
        escaped(
            &format!("4,{},1234{n:06},-,caller=T4711;", 7000 + n),
            text,
            "\\x0a",
        )
    }),
];

pub(super) fn uptime(n: usize) -> String {
    format!("[ 1234.{n:06}] ")
}

/// Later lines of a record stand under its text.
pub(super) fn indented(prefix: &str, text: &str) -> String {
    let width = prefix.chars().count();
    format!(
        "{prefix}{}\n",
        text.replace('\n', &format!("\n{}", " ".repeat(width)))
    )
}

pub(super) fn escaped(prefix: &str, text: &str, newline: &str) -> String {
    format!("{prefix}{}\n", text.replace('\n', newline))
}

fn json(n: usize, text: &str) -> String {
    let message = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!(
        "{{\"__REALTIME_TIMESTAMP\":\"1692264567{n:06}\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"1234{n:06}\",\"_BOOT_ID\":\"0f\",\"_HOSTNAME\":\"node-7\",\"_TRANSPORT\":\"kernel\",\"SYSLOG_IDENTIFIER\":\"kernel\",\"PRIORITY\":\"6\",\"MESSAGE\":\"{message}\"}}\n"
    )
}

/// A field with a newline is written with its length, so that only the message differs.
fn export(n: usize, text: &str) -> String {
    let message = if text.contains('\n') {
        // The length is eight bytes, little-endian; indentation makes each of them a plain character.
        let mut text = text.to_owned();
        while !(text.len() as u64).to_le_bytes().is_ascii() {
            text.insert(0, ' ');
        }
        let length: String = (text.len() as u64)
            .to_le_bytes()
            .map(char::from)
            .iter()
            .collect();
        format!("MESSAGE\n{length}{text}")
    } else {
        format!("MESSAGE={text}")
    };
    format!(
        "__CURSOR=s=1;i={n}\n__REALTIME_TIMESTAMP=1692264567{n:06}\n_SOURCE_MONOTONIC_TIMESTAMP=1234{n:06}\n_HOSTNAME=node-7\n_TRANSPORT=kernel\nSYSLOG_IDENTIFIER=kernel\n{message}\n\n"
    )
}
