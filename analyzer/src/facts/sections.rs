//! Files in which another tool joined many files and commands, taken apart again under the paths of
//! the machine: the `*.txt` of a supportconfig, and `sysctl -a`.
//!
//! A supportconfig writes `#==[ Kind ]====#`, then `# what it is`, then the content; a log that was
//! cut says `# /var/log/messages - Last 500 Lines`.

use memchr::memchr;

/// `sysctl -a`, where a sosreport puts it.
const SYSCTL: &str = "sos_commands/kernel/sysctl_-a";
/// Keys of `sysctl -a` that somebody reads.
const KEYS: [&str; 3] = ["vm.", "kernel.", "net.ipv4.tcp_mem"];

/// Commands whose output is read: program, first argument if it matters, the path at which a
/// sosreport has the same.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("uname", "-a", "sos_commands/kernel/uname_-a"),
    ("dmesg", "", "sos_commands/kernel/dmesg"),
    ("journalctl", "", "sos_commands/logs/journalctl"),
    ("sysctl", "-a", SYSCTL),
    ("ps", "", "sos_commands/process/ps"),
];

/// A part of a file that stands for a file of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// Path on the machine without its leading `/`, or where a sosreport has such output.
    pub(super) path: String,
    /// Number of its first line in the file, counted from 1.
    pub(super) first_line: u32,
    /// The bytes.
    pub(super) content: &'a [u8],
    /// Only the end of the file is here.
    pub(super) cut: bool,
}

/// Whether a file consists of sections, by its first lines.
pub(super) fn is_joined(path: &str, content: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let head = content.get(..LOOKED_AT).unwrap_or(content);
    let ends = path.rsplit_once('.').map(|(_, end)| end);
    ends == Some("txt") && head.split(|b| *b == b'\n').any(|line| kind(line).is_some())
}

/// The sections of a file that [`is_joined`], or the lines of `sysctl -a`; else none.
pub(super) fn of<'a>(path: &str, content: &'a [u8]) -> Vec<Section<'a>> {
    if is_joined(path, content) {
        let mut all = Vec::new();
        for section in joined(content) {
            if section.path == SYSCTL {
                all.extend(settings(section.content, section.first_line));
            } else {
                all.push(section);
            }
        }
        all
    } else if path == SYSCTL {
        settings(content, 1)
    } else {
        Vec::new()
    }
}

/// Kind of the section that a line opens: `Command`, `Configuration File`, `Log File`, ….
fn kind(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"#==[ ")?;
    let end = rest.windows(3).position(|w| w == b" ]=")?;
    std::str::from_utf8(rest.get(..end)?).ok()
}

/// Lines with their offset and number.
fn lines(content: &[u8], first_line: u32) -> impl Iterator<Item = (usize, u32, &[u8])> {
    let mut at = 0;
    let mut number = first_line;
    std::iter::from_fn(move || {
        let rest = content.get(at..).filter(|rest| !rest.is_empty())?;
        let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len()))?;
        let found = (at, number, line);
        at += line.len() + 1;
        number += 1;
        Some(found)
    })
}

fn joined(content: &[u8]) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    // What is open: its path, whether it is cut, its first line and where that begins.
    let mut open: Option<(String, bool, u32, usize)> = None;
    let mut named = None;
    let mut close = |open: &mut Option<(String, bool, u32, usize)>, end: usize| {
        if let Some((path, cut, first_line, start)) = open.take() {
            let content = content.get(start..end).unwrap_or_default();
            sections.push(Section {
                path,
                first_line,
                content,
                cut,
            });
        }
    };
    for (at, number, line) in lines(content, 1) {
        if let Some(kind) = kind(line) {
            close(&mut open, at);
            named = Some(kind.to_owned());
        } else if let Some(kind) = named.take() {
            let next = at + line.len() + 1;
            let line = String::from_utf8_lossy(line);
            if let Some((path, cut)) = stands_for(&kind, &line) {
                open = Some((path, cut, number + 1, next));
            }
        }
    }
    close(&mut open, content.len());
    sections
}

/// Path that a section stands for, by its kind and the line that names it, and whether it is cut.
fn stands_for(kind: &str, line: &str) -> Option<(String, bool)> {
    let name = line.strip_prefix('#')?.trim();
    if kind == "Command" {
        let mut words = name.split_whitespace();
        let program = words.next()?.rsplit('/').next()?;
        let first = words.next().unwrap_or_default();
        return COMMANDS
            .iter()
            .find(|(p, argument, _)| *p == program && first.starts_with(argument))
            .map(|(_, _, path)| ((*path).to_owned(), false));
    }
    let (path, rest) = name.split_once(" - ").unwrap_or((name, ""));
    if rest.contains("not found") {
        return None;
    }
    let path = path.trim().strip_prefix('/')?;
    Some((path.to_owned(), rest.starts_with("Last ")))
}

/// `vm.swappiness = 60` as `proc/sys/vm/swappiness`.
fn settings(content: &[u8], first_line: u32) -> Vec<Section<'_>> {
    lines(content, first_line)
        .filter_map(|(_, number, line)| {
            let at = memchr(b'=', line)?;
            let key = std::str::from_utf8(line.get(..at)?).ok()?.trim();
            KEYS.iter().find(|k| key.starts_with(*k))?;
            Some(Section {
                path: format!("proc/sys/{}", key.replace('.', "/")),
                first_line: number,
                content: line.get(at + 1..)?.trim_ascii(),
                cut: false,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: &str = "\
=============================================================================
#==[ Command ]======================================#
# /usr/bin/free -k
       total
#==[ Configuration File ]===========================#
# /proc/meminfo
MemTotal:  1 kB

#==[ Configuration File ]===========================#
# /etc/sysctl.d/none.conf - File not found

#==[ Command ]======================================#
# /sbin/sysctl -a
vm.swappiness = 60
net.ipv4.conf.all.forwarding = 0
net.ipv4.tcp_mem = 1 2 3
#==[ Log File ]=====================================#
# /var/log/messages - Last 500 Lines
Nov 27 10:00:00 a kernel: x";

    #[test]
    fn each_section_has_the_path_of_the_machine_and_its_line() {
        let sections = of("scc/memory.txt", MEMORY.as_bytes());
        let told: Vec<_> = sections
            .iter()
            .map(|s| (s.path.as_str(), s.first_line, s.content, s.cut))
            .collect();
        assert_eq!(
            told,
            [
                ("proc/meminfo", 7, b"MemTotal:  1 kB\n\n".as_slice(), false),
                ("proc/sys/vm/swappiness", 14, b"60".as_slice(), false),
                ("proc/sys/net/ipv4/tcp_mem", 16, b"1 2 3".as_slice(), false),
                (
                    "var/log/messages",
                    19,
                    b"Nov 27 10:00:00 a kernel: x".as_slice(),
                    true
                ),
            ]
        );
    }

    #[test]
    fn other_files_stay_whole() {
        assert!(!is_joined("a.log", MEMORY.as_bytes()));
        assert!(of("notes.txt", b"# /proc/meminfo\nMemTotal: 1 kB\n").is_empty());
        assert!(of("a.txt", b"#==[ Command ]====#").is_empty());
        assert_eq!(of(SYSCTL, b"vm.panic_on_oom = 1\n")[0].content, b"1");
    }
}
