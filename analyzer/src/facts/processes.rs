//! All processes, from the packed `/proc/PID/*` files or loose ones.

use crate::words::Bilingual;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::source::{Source, kib};
use super::{Facts, Record, view};

/// `PF_KTHREAD` of `include/linux/sched.h`, in field 9 of stat.
const KERNEL_THREAD: u64 = 0x0020_0000;

const STATUS_BYTES: &[(&str, &str)] = &[
    ("VmRSS", "rss_bytes"),
    ("RssAnon", "rss_anon_bytes"),
    ("RssFile", "rss_file_bytes"),
    ("RssShmem", "rss_shmem_bytes"),
    ("VmHWM", "peak_rss_bytes"),
    ("VmSize", "virtual_bytes"),
    ("VmPeak", "peak_virtual_bytes"),
    ("VmSwap", "swap_bytes"),
];

#[derive(Default)]
struct Process {
    record: Record,
    kernel_thread: bool,
    parent: Option<i64>,
}

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    let mut processes: BTreeMap<i64, Process> = BTreeMap::new();
    for source in sources {
        let Some(pid) = source.number_at(1) else {
            continue;
        };
        let process = processes.entry(pid).or_default();
        if process.record.get("pid").is_none() {
            process.record.put("pid", pid, source.first());
        }
        match source.file_name() {
            "stat" => stat(source, process, facts),
            "status" => status(source, process),
            "comm" => comm(source, &mut process.record),
            "oom_score" => number(source, "oom_score", &mut process.record),
            "oom_score_adj" => number(source, "oom_score_adj", &mut process.record),
            "cgroup" => cgroup(source, &mut process.record),
            "cmdline" => command_line(source, &mut process.record),
            _ => super::process_detail::read(source, &mut process.record),
        }
    }
    if processes.values().all(|p| p.record.get("state").is_none()) {
        // Only the collector's own `proc/self` or detail files: no list of processes.
        return;
    }
    let partial = view::hidden_processes(sources, facts);
    let list = facts.root.list("processes");
    list.partial = partial.map(Arc::new);
    // The collector was started to look, offers itself to the OOM killer, and is gone by now.
    let own = facts.collector_pids.clone();
    let is_own = |pid: i64| own.contains(&pid);
    for (pid, process) in processes {
        let of_collector = is_own(pid) || process.parent.is_some_and(is_own);
        if !process.kernel_thread && !of_collector {
            facts.push("processes", process.record);
        }
    }
}

/// The comm may hold any byte, `)` and newlines too: it ends at the last `)`.
fn stat(source: &Source<'_>, process: &mut Process, facts: &mut Facts) {
    let text = source.text();
    let cut = text
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'));
    let Some((comm, fields)) = cut else {
        facts.gap(
            source.entry,
            source.first_line,
            Bilingual::new(
                "no name in parentheses in stat",
                "stat 中没有括号内的进程名",
            ),
        );
        return;
    };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let evidence = source.first();
    let record = &mut process.record;
    if record.get("comm").is_none() {
        record.put("comm", comm, evidence.clone());
    }
    // Field 3 of proc_pid_stat(5) is the first one here.
    let int = |field: usize| fields.get(field - 3).and_then(|w| w.parse::<i64>().ok());
    record.put_some("state", fields.first().copied(), &evidence);
    process.parent = int(4);
    record.put_some("parent_pid", int(4), &evidence);
    record.put_some("threads_count", int(20), &evidence);
    if record.get("virtual_bytes").is_none() {
        record.put_some("virtual_bytes", int(23), &evidence);
    }
    let flags = int(9).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    process.kernel_thread |= flags & KERNEL_THREAD != 0;
}

fn status(source: &Source<'_>, process: &mut Process) {
    let mut page_tables = None;
    let mut of_page_tables = Vec::new();
    for line in source.lines() {
        let Some((key, value)) = line.text.split_once(':') else {
            continue;
        };
        let first = value.split_whitespace().next().unwrap_or_default();
        let record = &mut process.record;
        let evidence = || source.at(&line);
        match key {
            "Name" if record.get("comm").is_none() => {
                let name = value.strip_prefix('\t').unwrap_or(value);
                record.put("comm", unescape(name), evidence());
            }
            "State" if record.get("state").is_none() => record.put("state", first, evidence()),
            "PPid" if record.get("parent_pid").is_none() => {
                record.put_some("parent_pid", first.parse::<i64>().ok(), &evidence());
            }
            "Threads" => record.put_some("threads_count", first.parse::<i64>().ok(), &evidence()),
            "Uid" => record.put_some("uid", first.parse::<i64>().ok(), &evidence()),
            "Kthread" => process.kernel_thread |= first == "1",
            "VmPTE" | "VmPMD" => {
                page_tables = Some(page_tables.unwrap_or(0) + kib(first).unwrap_or(0));
                of_page_tables.extend(evidence());
            }
            _ => {
                if let Some((_, name)) = STATUS_BYTES.iter().find(|(k, _)| *k == key) {
                    record.put_some(name, kib(first), &evidence());
                }
            }
        }
    }
    process
        .record
        .put_some("page_tables_bytes", page_tables, &of_page_tables);
}

/// `comm` is the name as it is; `stat` and `status` wrap it.
fn comm(source: &Source<'_>, record: &mut Record) {
    let bytes = source
        .content
        .strip_suffix(b"\n")
        .unwrap_or(&source.content);
    record.put(
        "comm",
        String::from_utf8_lossy(bytes).into_owned(),
        source.first(),
    );
}

/// `status` writes newline and backslash of a name as `\n` and `\\`.
fn unescape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push(c),
            },
            _ => out.push(c),
        }
    }
    out
}

fn number(source: &Source<'_>, name: &str, record: &mut Record) {
    record.put_some(
        name,
        source.text().trim().parse::<i64>().ok(),
        &source.first(),
    );
}

/// Lines `id:controllers:path`: the memory controller's line, or the only one of v2.
fn cgroup(source: &Source<'_>, record: &mut Record) {
    let mut unified = None;
    for line in source.lines() {
        let mut parts = line.text.splitn(3, ':');
        let (Some(id), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if controllers.split(',').any(|c| c == "memory") {
            return record.put("cgroup", path, source.at(&line));
        }
        if id == "0" && controllers.is_empty() {
            unified = Some((path.to_owned(), source.at(&line)));
        }
    }
    if let Some((path, evidence)) = unified {
        record.put("cgroup", path, evidence);
    }
}

fn command_line(source: &Source<'_>, record: &mut Record) {
    let text = source.text();
    let joined = text.trim_end_matches('\0').replace('\0', " ");
    record.put(
        "command_line",
        joined.as_str(),
        vec![super::Evidence::new(
            source.entry,
            source.first_line,
            &joined,
        )],
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing::{record, source};

    fn of(files: &[(&str, &str)]) -> Facts {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| source(path, text))
            .collect();
        let mut facts = Facts::default();
        parse(&sources.iter().collect::<Vec<_>>(), &mut facts);
        assert_eq!(
            super::super::names::undeclared(&facts.root),
            Vec::<String>::new()
        );
        facts
    }

    #[test]
    fn a_name_that_imitates_stat() {
        let stat = "7 () R 1 () S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 99 40960 12 18446744073709551615\n";
        let facts = of(&[
            ("proc/7/stat", stat),
            ("proc/8/comm", "a\nb)\n"),
            (
                "proc/8/stat",
                "8 (a\nb)) D 7 8 8 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 9 8192 2 3\n",
            ),
        ]);
        let process = record(&facts, "processes", 0);
        assert_eq!(process.text("comm"), Some(") R 1 ("));
        assert_eq!(process.text("state"), Some("S"));
        assert_eq!(process.int("parent_pid"), Some(1));
        assert_eq!(process.int("threads_count"), Some(3));
        let process = record(&facts, "processes", 1);
        assert_eq!(
            (process.text("comm"), process.text("state")),
            (Some("a\nb)"), Some("D"))
        );
    }

    #[test]
    fn kernel_threads_are_left_out_and_zombies_kept() {
        let facts = of(&[
            (
                "proc/2/stat",
                "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0\n",
            ),
            (
                "proc/9/stat",
                "9 (sh) Z 1 0 0 0 -1 4228108 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0\n",
            ),
        ]);
        assert_eq!(facts.root.items("processes").len(), 1);
        assert_eq!(record(&facts, "processes", 0).text("state"), Some("Z"));
    }

    #[test]
    fn status_of_3_10_and_of_6() {
        let old = "Name:\t<script>\nState:\tS (sleeping)\nPPid:\t1\nUid:\t0\t0\t0\t0\nVmPeak:\t  9 kB\nVmSize:\t  8 kB\nVmRSS:\t  4 kB\nVmPTE:\t 1 kB\nVmSwap:\t  2 kB\nThreads:\t5\n";
        let facts = of(&[("proc/5/status", old)]);
        let process = record(&facts, "processes", 0);
        assert_eq!(process.text("comm"), Some("<script>"));
        assert_eq!(process.int("rss_bytes"), Some(4096));
        assert_eq!(process.get("rss_anon_bytes"), None);
        assert_eq!(process.int("page_tables_bytes"), Some(1024));
        assert_eq!(process.get("swap_bytes").unwrap().evidence[0].line, 9);
        let new = "Name:\tx\\ny\\\\z\nState:\tR\nKthread:\t1\n";
        assert!(
            of(&[("proc/6/status", new)])
                .root
                .items("processes")
                .is_empty()
        );
    }

    #[test]
    fn memory_hierarchy_of_v1_and_v2() {
        let facts = of(&[
            ("proc/5/stat", "5 (a) S 1"),
            ("proc/5/cgroup", "9:pids:/p\n4:cpu,memory:/m:x\n0::/u\n"),
            ("proc/6/stat", "6 (b) S 1"),
            ("proc/6/cgroup", "0::/system.slice/a.service\n"),
            ("proc/6/cmdline", "java\0-Xmx1g\0"),
        ]);
        assert_eq!(record(&facts, "processes", 0).text("cgroup"), Some("/m:x"));
        assert_eq!(
            record(&facts, "processes", 1).text("cgroup"),
            Some("/system.slice/a.service")
        );
        assert_eq!(
            record(&facts, "processes", 1).text("command_line"),
            Some("java -Xmx1g")
        );
    }

    #[test]
    fn a_cut_list_says_so() {
        let mut facts = Facts::default();
        let mut line = oomscene_bundle::Line::new(
            "proc/[pid]/stat",
            "proc/all/stat.003",
            oomscene_bundle::Outcome::Truncated,
        );
        line.reason = "5000 processes left out".to_owned();
        facts.ledger.push(line);
        parse(&[&source("proc/5/stat", "5 (a) S 1")], &mut facts);
        let Some(super::super::Value::List(list)) = facts.get("processes").map(|f| &f.value) else {
            panic!()
        };
        assert!(list.partial.as_ref().unwrap().en.contains("5000"));
    }
}
