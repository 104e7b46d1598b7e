//! Logs by evidence, with the real program: packed and rotated ones, one of half a gigabyte (or of
//! `OOMSCENE_LONG_LOG_MIB`), some that cannot be unpacked in the memory given, and the journal.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

#[path = "collect_logs/journal.rs"]
mod journal;
#[path = "collect/machine.rs"]
#[expect(dead_code, reason = "another test program needs the rest")]
mod machine;
#[path = "collect_logs/packed.rs"]
mod packed;
#[path = "collect_logs/report.rs"]
mod report;

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use machine::{Machine, lines, open, text};
use oomscene_bundle::{Outcome, cut};
use packed::pack;
use report::{REPORT, analyser, quiet, say};

const RSS_MAX: u64 = 16 * 1024 * 1024;

/// Size of the long log: `OOMSCENE_LONG_LOG_MIB`, or what a disk of a developer bears.
fn long_log_mib() -> usize {
    let wanted = std::env::var_os("OOMSCENE_LONG_LOG_MIB");
    wanted.map_or(512, |mib| mib.to_str().unwrap().parse().unwrap())
}

#[test]
fn a_long_log_in_little_memory() {
    let bytes = long_log_mib() * 1024 * 1024;
    let machine = Machine::new();
    machine.write("var/log/messages", "");
    let block: String = (0..20_000).map(quiet).collect();
    let blocks = bytes / block.len();
    let mut file = BufWriter::new(fs::File::create(machine.path("var/log/messages")).unwrap());
    let mut number = 0;
    let mut reports = Vec::new();
    for at in 0..blocks {
        if [blocks / 2 - 3, blocks / 2, blocks / 2 + 9].contains(&at) {
            reports.push(number + 1);
            file.write_all(REPORT.as_bytes()).unwrap();
            number += REPORT.lines().count();
        }
        file.write_all(block.as_bytes()).unwrap();
        number += 20_000;
    }
    file.flush().unwrap();
    let (_, path) = machine.collect(&[]);
    fs::remove_file(machine.path("var/log/messages")).unwrap();
    let bundle = open(&path);
    let content = text(bundle.entry("var/log/messages").unwrap());
    assert_eq!(content.matches(REPORT).count(), 3, "all reports are whole");
    let left_out: u64 = content
        .lines()
        .filter_map(|line| cut::parse(line.as_bytes()))
        .map(|cut| cut.lines)
        .sum();
    let cuts = content
        .lines()
        .filter(|l| cut::parse(l.as_bytes()).is_some());
    assert_eq!(
        left_out as usize + content.lines().count() - cuts.count(),
        number,
        "every line is there or told of"
    );
    let peak = bundle.end.as_ref().unwrap().peak_rss_bytes.unwrap();
    assert!(peak <= RSS_MAX, "peak RSS {peak}");
    let line = lines(&bundle, "var/log/*")[0];
    let covers = line.covers.as_ref().unwrap();
    assert_eq!(covers.first, "Jan  5 00:00:00");
    assert!(covers.left_out_by_day["Jan  5"] > 1_000_000);
    // The analyser cites the lines of the file on the machine, not those of the entry.
    let Some(facts) = analyser(&["facts"], &path) else {
        return;
    };
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    let cited = report::cited(&facts);
    for first in reports {
        assert!(
            cited.contains(&("var/log/messages".to_owned(), first as u64)),
            "line {first} is not cited in {cited:?}"
        );
    }
}

/// Rotated audit logs: what tells of memory, nobody's logins, and no secret of a command line.
#[test]
fn rotated_audit_logs() {
    let machine = Machine::new();
    let mut log = String::new();
    for number in 0..60_000 {
        let at = format!("msg=audit(1767582245.{:03}:{number})", number % 1000);
        log.push_str(&match number {
            30_000 => format!("type=ANOM_ABEND {at}: auid=1 uid=1 gid=1 ses=1 pid=4242 comm=\"java\" exe=\"/usr/bin/java\" sig=6 res=1\n"),
            30_001 => format!("type=SYSCALL {at}: arch=c000003e syscall=9 success=no exit=-12 a0=0 pid=4242 comm=\"java\"\n"),
            30_002 => format!("type=EXECVE {at}: argc=2 a0=\"mysql\" a1=\"-phunter2\"\n"),
            _ if number % 2 == 0 => format!("type=USER_AUTH {at}: pid=9 uid=0 acct=\"wangwei\" res=success\n"),
            _ => format!("type=SYSCALL {at}: arch=c000003e syscall=2 success=yes exit=3 pid=9\n"),
        });
    }
    machine.write(
        "var/log/audit/audit.log",
        "type=SYSTEM_BOOT msg=audit(1767582245.0:1): x\n",
    );
    machine.write("var/log/audit/audit.log.1", &log);
    if !pack(
        &machine,
        "var/log/audit/audit.log.2.gz",
        &["gzip", "-c"],
        &log,
    ) {
        return;
    }
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert!(bundle.entry("var/log/audit/audit.log").is_some());
    for entry in ["var/log/audit/audit.log.1", "var/log/audit/audit.log.2"] {
        let content = text(bundle.entry(entry).unwrap_or_else(|| panic!("no {entry}")));
        assert!(content.contains("exe=\"/usr/bin/java\" sig=6"));
        assert!(content.contains("exit=-12 a0=0"));
        assert!(content.contains("a1=\"-p<masked>\""), "{content}");
        assert!(!content.contains("USER_AUTH") && !content.contains("wangwei"));
        assert!(content.contains("[oomscene: left out lines "));
        assert!(content.len() < 400_000, "{} bytes", content.len());
        let line = bundle
            .ledger
            .iter()
            .find(|line| line.path == entry)
            .unwrap();
        assert!(
            line.reason.contains("lines of other kinds do not count"),
            "{}",
            line.reason
        );
    }
    let Some(facts) = analyser(&["facts"], &path) else {
        return;
    };
    assert!(facts.contains("audit.log.1"), "the analyser reads them");
}

#[test]
fn since_leaves_out_what_is_older() {
    let machine = Machine::new();
    machine.write("var/log/messages.1", REPORT);
    let old = fs::File::options()
        .write(true)
        .open(machine.path("var/log/messages.1"))
        .unwrap();
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(9 * 86_400))
        .unwrap();
    machine.write(
        "var/log/messages",
        "2020-01-05T03:04:05+00:00 db7 app: Out of memory long ago\n2099-01-05T03:04:05+00:00 db7 app: Out of memory lately\n",
    );
    let (_, path) = machine.collect(&["--since", "7d"]);
    let bundle = open(&path);
    assert_eq!(
        text(bundle.entry("var/log/messages").unwrap()),
        "[oomscene: left out lines 1-1, 58 bytes]\n2099-01-05T03:04:05+00:00 db7 app: Out of memory lately\n"
    );
    let line = bundle
        .ledger
        .iter()
        .find(|line| line.path == "var/log/messages.1")
        .unwrap();
    assert_eq!(line.outcome, Outcome::Skipped);
    assert!(line.reason.contains("--since"), "{}", line.reason);
}

#[test]
fn logs_with_evidence_come_before_newer_ones_without() {
    let machine = Machine::new();
    let day: String = (0..40_000).map(quiet).collect();
    for number in 0..60 {
        machine.write(&format!("var/log/syslog.{number}"), &day);
    }
    machine.write("var/log/messages.9", &format!("{day}{REPORT}{day}"));
    let old = fs::File::options()
        .write(true)
        .open(machine.path("var/log/messages.9"))
        .unwrap();
    old.set_modified(
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000),
    )
    .unwrap();
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert!(text(bundle.entry("var/log/messages.9").unwrap()).contains(REPORT));
    let noted: Vec<_> = lines(&bundle, "var/log/*");
    assert_eq!(noted.len(), 61);
    let full = noted
        .iter()
        .filter(|l| l.reason.contains("newer logs had used up the room"));
    assert!(full.clone().count() > 5);
    // What a log covers is told also when its lines are not there.
    assert!(full.clone().all(|line| line.covers.is_some()));
    let peak = bundle.end.as_ref().unwrap().peak_rss_bytes.unwrap();
    assert!(peak <= RSS_MAX, "peak RSS {peak}");
    assert!(fs::metadata(&path).unwrap().len() < 8 * 1024 * 1024);
    assert!(Path::new(&path).exists());
}

/// A journal with 2,500 lines, a kill, and 2,500 lines, as systemd-journal-remote 252 wrote it.
#[test]
fn the_journal_of_a_copied_machine() {
    if Command::new("journalctl")
        .arg("--version")
        .output()
        .is_err()
    {
        say("the journal: journalctl is not installed");
        return;
    }
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/journal/one-kill.journal.xz");
    let machine = Machine::new();
    let place = "var/log/journal/22222222222222222222222222222222/system.journal";
    machine.write(place, "");
    let out = fs::File::create(machine.path(place)).unwrap();
    let unpacked = Command::new("xz")
        .args(["-dc"])
        .arg(fixture)
        .stdout(out)
        .status();
    if !unpacked.is_ok_and(|status| status.success()) {
        say("the journal: xz is not installed");
        return;
    }
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    let message = |line: &str| {
        line.split_once(" kernel: ")
            .map(|(_, said)| said.to_owned())
    };
    let report: Vec<String> = REPORT.lines().filter_map(message).collect();
    let kernel = text(bundle.entry("scene/journal/kernel.txt").unwrap());
    let said: Vec<String> = kernel.lines().filter_map(message).collect();
    assert_eq!(said, report, "oldest first");
    let all = text(bundle.entry("scene/journal/all.txt").unwrap());
    let lines: Vec<&str> = all.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("invoked oom-killer"))
        .unwrap();
    let cuts: Vec<usize> = (0..lines.len())
        .filter(|at| cut::parse(lines[*at].as_bytes()).is_some())
        .collect();
    assert_eq!(cuts.len(), 2, "{cuts:?}");
    assert_eq!((at - cuts[0], cuts[1] - at), (401, 12 + 200));
    assert!(
        lines[at - 1].contains("--password <masked> ok"),
        "{}",
        lines[at - 1]
    );
    let mut sorted = lines.clone();
    sorted.retain(|line| cut::parse(line.as_bytes()).is_none());
    let unsorted = sorted.clone();
    sorted.sort();
    assert!(sorted == unsorted, "records are in the order of time");
    let line = machine::lines(&bundle, "scene/journal/all.txt")[0];
    let covers = line.covers.as_ref().unwrap();
    assert!(covers.first < covers.last, "{covers:?}");
    let Some(facts) = analyser(&["facts"], &path) else {
        return;
    };
    assert!(facts.contains("scene/journal/kernel.txt"));
}
