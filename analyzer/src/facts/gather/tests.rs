//! Packed entries, second readings, several inputs.

use oomscene_bundle::packed;

use super::*;
use crate::facts::names;
use crate::facts::testing::record;

fn file(path: &str, content: impl Into<Vec<u8>>) -> File {
    File {
        path: path.to_owned(),
        content: content.into(),
    }
}

fn check(files: Vec<File>) -> Facts {
    let facts = gather(&[Input::from_files("case", files)]);
    assert_eq!(names::undeclared(&facts.root), Vec::<String>::new());
    facts
}

#[test]
fn packed_processes_point_at_the_packed_entry() {
    let mut stat = Vec::new();
    let mut status = Vec::new();
    for pid in [10, 11] {
        packed::push(
            &mut stat,
            &format!("proc/{pid}/stat"),
            format!("{pid} (a) S 1 0 0 0 -1 0\n").as_bytes(),
        );
        packed::push(
            &mut status,
            &format!("proc/{pid}/status"),
            b"Name:\ta\nVmRSS:\t 4 kB\n",
        );
    }
    let facts = check(vec![
        file("proc/all/stat.000", stat),
        file("proc/all/status.000", status),
    ]);
    assert_eq!(facts.root.int("tasks.processes_count"), Some(2));
    let rss = record(&facts, "processes", 1).get("rss_bytes").unwrap();
    assert_eq!(
        (&*rss.evidence[0].entry, rss.evidence[0].line),
        ("proc/all/status.000", 6)
    );
}

#[test]
fn exempt_processes_and_zombies() {
    let facts = check(vec![
        file("proc/1/stat", "1 (init) S 0 0 0 0 -1 0"),
        file("proc/1/oom_score_adj", "0\n"),
        file("proc/5/stat", "5 (hog) D 1 0 0 0 -1 0"),
        file("proc/5/wchan", "mem_cgroup_oom_synchronize"),
        file("proc/5/oom_score_adj", "-1000\n"),
        file("proc/5/status", "VmRSS: 8 kB\nVmSwap: 2 kB\n"),
        file("proc/6/stat", "6 (x) Z 1 0 0 0 -1 0"),
    ]);
    assert_eq!(
        facts.root.int("tasks.exempt_largest_bytes"),
        Some(10 * 1024)
    );
    assert_eq!(facts.root.int("tasks.zombies_count"), Some(1));
    assert_eq!(
        record(&facts, "tasks.zombie_parents", 0).text("comm"),
        Some("init")
    );
    assert_eq!(
        record(&facts, "tasks.wait_channels", 0).text("name"),
        Some("mem_cgroup_oom_synchronize")
    );
}

#[test]
fn no_exempt_process_is_zero_only_when_all_were_seen() {
    let files = || {
        vec![
            file("proc/1/stat", "1 (init) S 0"),
            file("proc/1/oom_score_adj", "0"),
        ]
    };
    assert_eq!(
        check(files()).root.int("tasks.exempt_largest_bytes"),
        Some(0)
    );
    let mut cut = files();
    cut.push(file(
        "ledger/02-processes.jsonl",
        r#"{"item":"proc/[pid]/stat","path":"proc/all/stat.000","outcome":"truncated"}"#,
    ));
    assert_eq!(check(cut).get("tasks.exempt_largest_bytes"), None);
}

#[test]
fn rates_from_a_folder_whose_second_reading_sorts_first() {
    let facts = check(vec![
        file("proc/uptime", "100.00 5"),
        file("proc/vmstat", "pgmajfault 10\n"),
        file("scene/second/proc/uptime", "102.00 5"),
        file("scene/second/proc/vmstat", "pgmajfault 30\n"),
    ]);
    assert_eq!(
        facts.root.number("vmstat.pgmajfaults_per_second"),
        Some(10.0)
    );
}

#[test]
fn a_second_input_adds_its_log_and_not_its_meminfo() {
    let first = Input::from_files("a", vec![file("proc/meminfo", "MemTotal: 4 kB\n")]);
    let second = Input::from_files(
        "b",
        vec![
            file("proc/meminfo", "MemTotal: 8 kB\n"),
            file("var/log/messages", "x\n"),
        ],
    );
    let facts = gather(&[first, second]);
    assert_eq!(facts.root.int("memory.total_bytes"), Some(4096));
    assert_eq!(
        &*facts.get("memory.total_bytes").unwrap().evidence[0].entry,
        "a:proc/meminfo"
    );
    assert!(facts.gaps.iter().any(|g| g.entry == "b"));
}

#[test]
fn garbage_everywhere_is_survived() {
    let junk: Vec<u8> = (0..=255_u8).cycle().take(3000).collect();
    let mut files: Vec<File> = PARSERS
        .iter()
        .flat_map(|p| p.reads)
        .map(|path| {
            file(
                &path.replace("**", "x/memory.stat").replace('*', "7"),
                junk.clone(),
            )
        })
        .collect();
    files.extend(
        [
            "scene/kmsg",
            "proc/all/stat.000",
            "sys/fs/cgroup/all/memory.000",
            "header.json",
            "ledger/00-x.jsonl",
        ]
        .map(|p| file(p, junk.clone())),
    );
    let facts = check(files);
    assert!(!facts.gaps.is_empty());
}

#[test]
fn a_supportconfig_is_read_by_its_sections() {
    let basic = "#==[ Command ]====#\n# /bin/uname -a\nLinux sap7 5.14.21-150500-default #1 SMP x86_64 GNU/Linux\n";
    let memory = "#==[ Configuration File ]====#\n# /proc/meminfo\nMemTotal:       16000000 kB\n\n\
        #==[ Command ]====#\n# /sbin/sysctl -a\nvm.overcommit_memory = 2\n";
    let kill = "Nov 27 10:00:00 sap7 kernel: Out of memory: Killed process 4211 (hdbindexserver) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB";
    // The same line stands in two of its logs: one kill, not two.
    let messages = format!(
        "#==[ Log File ]====#\n# /var/log/warn - Last 500 Lines\n{kill}\n\n\
         #==[ Log File ]====#\n# /var/log/messages - Last 500 Lines\n{kill}\n"
    );
    let facts = check(vec![
        file("basic-environment.txt", basic),
        file("memory.txt", memory),
        file("messages.txt", messages),
    ]);
    assert_eq!(facts.root.text("host.name"), Some("sap7"));
    assert_eq!(
        facts.root.int("memory.total_bytes"),
        Some(16_000_000 * 1024)
    );
    let policy = facts.get("policy.overcommit_memory").unwrap();
    assert_eq!(policy.value, crate::facts::Value::Int(2));
    assert_eq!(
        (policy.evidence[0].entry.as_ref(), policy.evidence[0].line),
        ("memory.txt", 7)
    );
    let events = facts.root.items("oom_events");
    assert_eq!(events.len(), 1);
    let event = record(&facts, "oom_events", 0);
    let pid = event.get("victim.pid").unwrap();
    assert_eq!(pid.value, crate::facts::Value::Int(4211));
    assert!(pid.evidence.iter().any(|e| e.line == 3), "{pid:?}");
}
