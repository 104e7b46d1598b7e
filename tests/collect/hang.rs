//! Files that never answer: a FIFO where a log should be, FUSE servers that are dead, a process that
//! waits for one with its memory lock held (since Linux 4.17 a command line that lies on FUSE itself
//! is not read, CVE-2018-1120). The run goes on, ends in time and names what hung.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use oomscene_bundle::{Outcome, packed};

use crate::fuse::DeadServer;
use crate::machine::{Machine, collect, lines, open, text};
use crate::place::{Victim, cannot_run};

/// Far below the deadline of 60 s.
const IN_TIME: Duration = Duration::from_secs(20);

#[test]
fn fifo_where_a_file_should_be_is_refused_unread() {
    let machine = Machine::new();
    for path in [
        "etc/sysctl.conf",
        "proc/swaps",
        "etc/sysctl.d/10-x.conf",
        "var/log/messages",
    ] {
        machine.write(path, "");
        fs::remove_file(machine.path(path)).unwrap();
        let made = Command::new("mkfifo").arg(machine.path(path)).status();
        assert!(made.unwrap().success());
    }
    let began = Instant::now();
    let (_, path) = machine.collect(&["--quick"]);
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
    let bundle = open(&path);
    let line = lines(&bundle, "etc/sysctl.conf")[0];
    assert_eq!(
        (line.outcome, line.reason.as_str()),
        (Outcome::Failed, "not a regular file: not read")
    );
    // This one may wait, so it is asked for as if it could: it is left behind.
    assert_eq!(lines(&bundle, "proc/swaps")[0].outcome, Outcome::TimedOut);
    assert!(bundle.entry("var/log/messages").is_none());
    assert!(bundle.end.is_some());
}

#[test]
fn dead_server_costs_its_own_files_only() {
    let machine = Machine::new();
    machine.write("etc/os-release", "ID=x\n");
    machine.write("var/log/kern.log", "hidden by the mount\n");
    machine.write("etc/sysctl.d/10-x.conf", "hidden by the mount\n");
    machine.write("etc/security/limits.d/90-nproc.conf", "* soft nproc 4096\n");
    let Some(_log) = DeadServer::at(&machine.path("var/log")) else {
        return cannot_run("the dead server needs root and /dev/fuse");
    };
    let _settings = DeadServer::at(&machine.path("etc/sysctl.d")).unwrap();
    let began = Instant::now();
    let (output, path) = machine.collect(&[]);
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = open(&path);
    assert!(bundle.end.is_some());
    assert_eq!(bundle.entry("etc/os-release").unwrap(), b"ID=x\n");
    assert!(
        bundle
            .entry("etc/security/limits.d/90-nproc.conf")
            .is_some()
    );
    let settings = lines(&bundle, "etc/sysctl.d/*.conf")[0];
    assert_eq!(settings.outcome, Outcome::TimedOut, "{settings:?}");
    let logs: Vec<_> = bundle
        .ledger
        .iter()
        .filter(|line| line.path.starts_with("var/log"))
        .filter(|line| matches!(line.outcome, Outcome::TimedOut | Outcome::Skipped))
        .collect();
    assert!(!logs.is_empty(), "the dead logs are in the ledger");
}

#[test]
fn process_that_holds_its_memory_lock_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let point = folder.path().join("dead");
    let Some(server) = DeadServer::at(&point) else {
        return cannot_run("the stuck process needs root and /dev/fuse");
    };
    let victim = Victim::start(&["stuck", point.join("written").to_str().unwrap()]);
    let pid = victim.0.id();
    std::thread::sleep(Duration::from_millis(600));
    let path = folder.path().join("x.tar.gz");
    let began = Instant::now();
    let output = collect(&["--quick", "-o", path.to_str().unwrap()]);
    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
    let bundle = open(&path);
    let line = lines(&bundle, "proc/[pid]/cmdline")
        .into_iter()
        .find(|line| line.outcome == Outcome::TimedOut)
        .unwrap_or_else(|| panic!("{}", text(&output.stdout)));
    let expected = format!(
        "proc/{pid}/cmdline: no answer within 0.5 s; the process is in state D, waiting in "
    );
    assert!(line.reason.contains(&expected), "{}", line.reason);
    let files = packed::split(bundle.entry("proc/all/cmdline.000").unwrap());
    assert!(files.len() > 1, "the command lines of the others");
    assert!(bundle.entry("proc/all/status.000").is_some());
    let own: serde_json::Value =
        serde_json::from_slice(bundle.entry("scene/collector.json").unwrap()).unwrap();
    assert!(
        own["readers"]["pids"].as_array().unwrap().len() > 1,
        "{own}"
    );
    // First the server, so that nobody waits for it any more.
    drop(server);
    drop(victim);
}
