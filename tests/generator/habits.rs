//! What people and tools do to a log before it arrives: they break lines, paste them into pages,
//! export them from stores, read them with other options of dmesg.

use super::carrier::{Carrier, carrier, escaped, indented, uptime};

const SYSLOG: &str = "Aug 17 17:29:27 node-7 kernel: ";

pub(crate) const CARRIERS: &[Carrier] = &[
    // Broken at a column, inside of words too.
    carrier("broken at 72", |n, text| {
        broken(72, 0, "", &indented(&uptime(n), text))
    }),
    carrier("broken at 78", |_, text| {
        broken(78, 0, "", &indented(SYSLOG, text))
    }),
    carrier("broken at 80", |n, text| {
        broken(
            80,
            0,
            "",
            &escaped(&format!("{SYSLOG}{}", uptime(n)), text, "#012"),
        )
    }),
    carrier("broken at 80, CRLF", |n, text| {
        broken(80, 0, "", &indented(&uptime(n), text)).replace('\n', "\r\n")
    }),
    carrier("broken at 100", |_, text| {
        broken(100, 0, "", &indented("[四 8月 17 17:29:27 2023] ", text))
    }),
    carrier("broken at 80, indented", |n, text| {
        broken(80, 4, "", &indented(&uptime(n), text))
    }),
    carrier("broken at 78, quoted", |n, text| {
        broken(78, 0, "> ", &indented(&uptime(n), text))
    }),
    carrier("broken at 72, quoted twice", |_, text| {
        broken(72, 0, "> > ", &indented(SYSLOG, text))
    }),
    // Broken between words, as mail programs do it.
    carrier("words at 72", |n, text| {
        wrapped(72, "", &indented(&uptime(n), text))
    }),
    carrier("words at 78, quoted", |_, text| {
        wrapped(78, "> ", &indented(SYSLOG, text))
    }),
    // Indentation and blanks.
    carrier("indentation lost", |n, text| {
        format!("{}{text}\n", uptime(n))
    }),
    carrier("indentation added", |n, text| {
        indented(&format!("    {}", uptime(n)), text)
    }),
    carrier("blanks collapsed", |n, text| {
        let one = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = indented(&uptime(n), text).lines().map(one).collect();
        format!("{}\n", lines.join("\n"))
    }),
    carrier("no-break spaces", |n, text| {
        indented(&uptime(n), text).replace("  ", "\u{a0} ")
    }),
    carrier("CRLF mixed", |n, text| {
        let end = if n % 2 == 0 { "\r\n" } else { "\n" };
        indented(&uptime(n), text).replace('\n', end)
    }),
    carrier("serial console", |n, text| {
        let getty = if n == 3 { "node-7 login: " } else { "" };
        format!("{getty}{}", indented(&uptime(n), text)).replace('\n', "\r\r\n")
    }),
    // Locales, and what is left of them.
    carrier("dmesg -T es", |_, text| {
        indented("[jue ago 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -T fr", |_, text| {
        indented("[jeu. août 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -T ru", |_, text| {
        indented("[Чт авг 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -T upper", |_, text| {
        indented("[THU AUG 17 17:29:27 2023] ", text)
    }),
    carrier("dmesg -T damaged", |_, text| {
        indented(
            "[\u{fffd}\u{fffd} 8\u{fffd}\u{fffd} 17 17:29:27 2023] ",
            text,
        )
    }),
    carrier("dmesg -T, no bracket", |_, text| {
        indented("四 8月 17 17:29:27 2023] ", text)
    }),
    carrier("journal, no space", |_, text| {
        indented("Aug 17 17:29:27 node-7 kernel:", text)
    }),
    carrier("dmesg -T, no year", |_, text| {
        indented("[Thu Aug 17 17:29:27] ", text)
    }),
    // Other options of dmesg, other ways out of the kernel.
    carrier("dmesg -H", |n, text| {
        indented(
            if n == 0 {
                "[Aug17 17:29] "
            } else {
                "[  +0.000003] "
            },
            text,
        )
    }),
    carrier("dmesg -d", |n, text| {
        indented(&format!("[ 1234.{n:06} <    0.000003>] "), text)
    }),
    carrier("dmesg -T -d", |_, text| {
        indented("[Thu Aug 17 17:29:27 2023 <    0.000003>] ", text)
    }),
    carrier("colours, escape lost", |n, text| {
        indented(
            &format!("[32m[ 1234.{n:06}] [0m[33m"),
            &format!("{text}[0m"),
        )
    }),
    carrier("netconsole", |n, text| {
        escaped(
            &format!("5.10.0-28,6,{},1234{n:06},-;", 7000 + n),
            text,
            "\\x0a",
        )
    }),
    carrier("OpenWrt logread", |n, text| {
        let level = ["kern.warn", "kern.info", "kern.err"][n % 3];
        let prefix = format!("Thu Aug 17 17:29:27 2023 {level} kernel: {}", uptime(n));
        escaped(&prefix, text, "#012")
    }),
    carrier("Talos", |n, text| {
        let level = ["warning", "   info", "    err"][n % 3];
        let prefix = format!("10.0.0.2: kern: {level}: [2023-08-17T09:29:27.{n:09}Z]: ");
        escaped(&prefix, text, "#012")
    }),
    carrier("autopkgtest", |n, text| {
        indented(&format!("5002s {}", uptime(n)), text)
    }),
    carrier("label", |n, text| {
        indented(&format!("[serial console] {}", uptime(n)), text)
    }),
    // Pages.
    carrier("list of code", |n, text| {
        each(&escaped(&uptime(n), text, "#012"), |line| {
            format!("* `{line}`")
        })
    }),
    carrier("table of a page", |n, text| {
        each(&indented(&uptime(n), text), |line| format!("| {line}"))
    }),
    carrier("fence", |n, text| {
        let fence = if n == 0 { "```\n" } else { "" };
        format!("{fence}{}", indented(&uptime(n), text))
    }),
    carrier("HTML", |n, text| {
        let line = indented(&format!("<6>{}", uptime(n)), text);
        line.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    }),
    carrier("HTML, breaks", |n, text| {
        each(&indented(&uptime(n), text), |line| format!("{line}<br/>"))
    }),
    carrier("line numbers", |n, text| {
        each(&indented(&uptime(n), text), |line| {
            format!("{:4} | {line}", n + 1)
        })
    }),
    carrier("grep -n", |n, text| {
        escaped(&format!("{}:{SYSLOG}", n + 1), text, "#012")
    }),
    // Containers and stores.
    carrier("docker json", |_, text| json("log", "stderr", text)),
    carrier("JSON lines", |_, text| json("message", "kern", text)),
    carrier("Elasticsearch", |_, text| {
        format!(
            "{{\"_index\":\"k-2023\",\"_source\":{}}}\n",
            json("message", "kern", text).trim_end()
        )
    }),
    carrier("docker compose", |n, text| {
        each(&indented(&uptime(n), text), |line| {
            format!("kern-1  | {line}")
        })
    }),
    carrier("kubectl --prefix", |n, text| {
        each(&indented(&uptime(n), text), |line| {
            format!("[pod/kmsg-x7/kmsg] {line}")
        })
    }),
    carrier("kubectl --timestamps", |n, text| {
        escaped(&format!("2023-08-17T09:29:27.{n:09}Z "), text, "#012")
    }),
    carrier("CRI", |n, text| {
        escaped(
            &format!("2023-08-17T09:29:27.{n:09}Z stdout F "),
            text,
            "#012",
        )
    }),
    carrier("CloudWatch", |n, text| {
        escaped(
            &format!("2023-08-17T09:29:27.000Z\t{}", uptime(n)),
            text,
            "#012",
        )
    }),
    carrier("Kibana", |_, text| {
        escaped("Aug 17, 2023 @ 17:29:27.000\t", text, "#012")
    }),
    carrier("CSV", |_, text| {
        format!(
            "\"2023-08-17T17:29:27.000+0800\",7,\"{}\"\n",
            text.replace('"', "\"\"")
        )
    }),
    carrier("CSV, stamped", |n, text| {
        format!(
            "1692264567,\"{}{}\"\n",
            uptime(n),
            text.replace('"', "\"\"")
        )
    }),
];

fn each(lines: &str, change: impl Fn(&str) -> String) -> String {
    lines
        .lines()
        .map(|line| format!("{}\n", change(line)))
        .collect()
}

/// Each line broken after so many characters, as a terminal does it; the mark of a quote counts.
fn broken(columns: usize, indent: usize, quote: &str, lines: &str) -> String {
    let mut all = String::new();
    for line in lines.lines() {
        let mut rest: Vec<char> = line.chars().collect();
        let mut room = columns - quote.len();
        let mut blanks = 0;
        loop {
            let next = rest.split_off(room.min(rest.len()));
            let part: String = rest.into_iter().collect();
            all.push_str(&format!("{quote}{}{part}\n", " ".repeat(blanks)));
            if next.is_empty() {
                break;
            }
            rest = next;
            blanks = indent;
            room = columns - quote.len() - indent;
        }
    }
    all
}

/// Each line broken at blanks, as a mail program does it: the blank goes.
fn wrapped(columns: usize, quote: &str, lines: &str) -> String {
    let mut all = String::new();
    for line in lines.lines() {
        let mut rest = line;
        let room = columns - quote.len();
        while let Some(at) = break_at(rest, room) {
            let (head, tail) = rest.split_at(at);
            all.push_str(&format!("{quote}{}\n", head.trim_end()));
            rest = tail.trim_start();
        }
        all.push_str(&format!("{quote}{rest}\n"));
    }
    all
}

/// The last blank where `line` fits into `room`; `None` when it fits whole.
fn break_at(line: &str, room: usize) -> Option<usize> {
    let (end, next) = line.char_indices().nth(room)?;
    let head = line.get(..end)?;
    let at = if next == ' ' || head.ends_with(' ') {
        head.trim_end().len()
    } else {
        head.rfind(' ')?
    };
    (!line.get(..at)?.trim().is_empty()).then_some(at)
}

fn json(key: &str, source: &str, text: &str) -> String {
    let text = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!(
        "{{\"{key}\":\"{text}\\n\",\"stream\":\"{source}\",\"time\":\"2023-08-17T09:29:27.000000001Z\"}}\n"
    )
}

impl Carrier {
    /// Whether it is one of these.
    pub(crate) fn is_habit(&self) -> bool {
        CARRIERS.iter().any(|carrier| carrier.name == self.name)
    }
}
