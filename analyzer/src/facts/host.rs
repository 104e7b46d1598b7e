//! The machine: load, uptime, boot, distribution, processors, names.

use super::Facts;
use super::source::Source;
use crate::words::Bilingual;

pub(super) fn loadavg(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let text = source.text();
        let words: Vec<&str> = text.split_whitespace().collect();
        let [one, five, fifteen, tasks, ..] = words.as_slice() else {
            facts.gap(
                source.entry,
                source.first_line,
                Bilingual::new("not the five figures of loadavg", "不是 loadavg 的五项数值"),
            );
            continue;
        };
        for (path, word) in [
            ("host.load1", one),
            ("host.load5", five),
            ("host.load15", fifteen),
        ] {
            facts
                .root
                .put_some(path, word.parse::<f64>().ok(), &source.first());
        }
        if let Some((running, all)) = tasks.split_once('/') {
            facts.root.put_some(
                "host.runnable_count",
                running.parse::<u64>().ok(),
                &source.first(),
            );
            facts.root.put_some(
                "host.threads_count",
                all.parse::<u64>().ok(),
                &source.first(),
            );
        }
    }
}

pub(super) fn uptime(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let seconds = source
            .text()
            .split_whitespace()
            .next()
            .and_then(|w| w.parse::<f64>().ok());
        facts
            .root
            .put_some("host.uptime_seconds", seconds, &source.first());
    }
}

/// `btime` and one line a processor.
pub(super) fn stat(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let mut processors = 0_u32;
        let mut evidence = Vec::new();
        for line in source.lines() {
            let mut words = line.text.split_whitespace();
            match words.next() {
                Some("btime") => {
                    let time = words.next().and_then(|w| w.parse::<i64>().ok());
                    facts
                        .root
                        .put_some("host.boot_time", time, &source.at(&line));
                }
                Some(name) if name.len() > 3 && name.starts_with("cpu") => {
                    processors += 1;
                    evidence = source.at(&line);
                }
                _ => {}
            }
        }
        if processors > 0 {
            facts.put("host.cpu_count", processors, evidence);
        }
    }
}

pub(super) fn os_release(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        for line in source.lines() {
            if let Some(name) = line.text.strip_prefix("PRETTY_NAME=") {
                facts.put(
                    "host.os_name",
                    name.trim().trim_matches(['"', '\'']),
                    source.at(&line),
                );
            }
        }
    }
}

/// Files that hold one text.
const TEXTS: &[(&str, &str)] = &[
    ("proc/cmdline", "host.command_line"),
    ("proc/sys/kernel/random/boot_id", "host.boot_id"),
    ("sys/class/dmi/id/product_name", "host.product_name"),
    ("etc/hostname", "host.name"),
    ("proc/sys/kernel/hostname", "host.name"),
    ("proc/sys/kernel/osrelease", "host.kernel_release"),
];

pub(super) fn texts(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let Some((_, path)) = TEXTS.iter().find(|(file, _)| *file == source.path) else {
            continue;
        };
        // The header asked the kernel; a file such as etc/hostname only says what was intended.
        let text = source.text();
        if !text.trim().is_empty() && facts.get(path).is_none() {
            facts.put(path, text.trim(), source.first());
        }
    }
}

/// `name=value` lines of the collector, or the one line of `uname -a` of other tools.
pub(super) fn uname(sources: &[&Source<'_>], facts: &mut Facts) {
    const KEYS: [(&str, &str); 3] = [
        ("nodename", "host.name"),
        ("release", "host.kernel_release"),
        ("machine", "host.machine"),
    ];
    for source in sources {
        for line in source.lines() {
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let mut found: Vec<(&str, &str)> = Vec::new();
            if let Some((key, value)) = line.text.split_once('=') {
                found.extend(
                    KEYS.iter()
                        .filter(|(k, _)| *k == key)
                        .map(|(_, path)| (*path, value)),
                );
            } else if let ["Linux", name, release, ..] = words.as_slice() {
                found.extend([("host.name", *name), ("host.kernel_release", *release)]);
                found.extend(
                    words
                        .iter()
                        .find(|w| is_machine(w))
                        .map(|w| ("host.machine", *w)),
                );
            }
            for (path, value) in found {
                if facts.get(path).is_none() {
                    facts.put(path, value, source.at(&line));
                }
            }
        }
    }
}

fn is_machine(word: &str) -> bool {
    const MACHINES: [&str; 12] = [
        "x86_64",
        "aarch64",
        "loongarch64",
        "riscv64",
        "ppc64le",
        "ppc64",
        "s390x",
        "mips64",
        "sw_64",
        "i686",
        "armv7l",
        "i386",
    ];
    MACHINES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn load_and_processors() {
        let facts = testing::parse(loadavg, "proc/loadavg", "3012.10 2.00 1.50 12/5200 4711\n");
        assert_eq!(facts.root.number("host.load1"), Some(3012.1));
        assert_eq!(facts.root.int("host.runnable_count"), Some(12));
        let facts = testing::parse(
            stat,
            "proc/stat",
            "cpu 1 2\ncpu0 1 2\ncpu1 1 2\nbtime 1700000000\n",
        );
        assert_eq!(facts.root.int("host.cpu_count"), Some(2));
        assert_eq!(facts.root.int("host.boot_time"), Some(1_700_000_000));
    }

    #[test]
    fn uname_of_both_kinds() {
        let ours = testing::parse(
            uname,
            "scene/uname",
            "sysname=Linux\nnodename=n1\nrelease=4.19.0\nmachine=loongarch64\n",
        );
        assert_eq!(ours.root.text("host.machine"), Some("loongarch64"));
        let sos = testing::parse(
            uname,
            "uname",
            "Linux n1 3.10.0-1160.el7.x86_64 #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n",
        );
        assert_eq!(
            sos.root.text("host.kernel_release"),
            Some("3.10.0-1160.el7.x86_64")
        );
        assert_eq!(sos.root.text("host.machine"), Some("x86_64"));
    }
}
