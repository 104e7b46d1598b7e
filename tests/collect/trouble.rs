//! What must hold when things go wrong: stuck processes, deadlines, kills, missing rights, bad arguments.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use oomscene_bundle::{Outcome, Reader, packed};
use oomscene_collector::sources::all;

use crate::machine::{Machine, PROGRAM, collect, lines, open, text};

#[test]
fn stuck_process_is_left_behind_and_named() {
    let machine = Machine::new();
    machine.stuck(9);
    let began = Instant::now();
    let (output, path) = machine.collect(&[]);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(output.status.code(), Some(1));
    let bundle = open(&path);
    let files = packed::split(bundle.entry("proc/all/cmdline.000").unwrap());
    assert_eq!(
        files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
        ["proc/1/cmdline", "proc/7/cmdline"]
    );
    let line = lines(&bundle, "proc/[pid]/cmdline")
        .into_iter()
        .find(|l| l.outcome == Outcome::TimedOut)
        .unwrap();
    assert!(
        line.reason
            .contains("proc/9/cmdline: no answer within 0.5 s"),
        "{}",
        line.reason
    );
    assert!(
        line.reason
            .contains("state S, waiting in folio_wait_bit_common"),
        "{}",
        line.reason
    );
}

#[test]
fn many_stuck_processes_do_not_hide_the_rest() {
    let machine = Machine::new();
    for pid in 20..28 {
        machine.stuck(pid);
        machine.write(
            &format!("proc/{pid}/stack"),
            "[<0>] folio_wait_bit_common+0x13d/0x370\n",
        );
    }
    machine.write("proc/7/maps", "00400000-00401000 r-xp 00000000 00:00 0\n");
    machine.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
    let began = Instant::now();
    let (_, path) = machine.collect(&[]);
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    let bundle = open(&path);
    let outcomes = |outcome| {
        lines(&bundle, "proc/[pid]/cmdline")
            .iter()
            .filter(|l| l.outcome == outcome)
            .count()
    };
    assert_eq!(
        (outcomes(Outcome::TimedOut), outcomes(Outcome::Skipped)),
        (1, 1),
        "one line for each kind"
    );
    assert!(
        bundle.entry("proc/20/stack").is_some(),
        "where a stuck process waits"
    );
    assert!(
        bundle.entry("proc/7/maps").is_some(),
        "a healthy process after the stuck ones"
    );
    assert!(bundle.entry("sys/fs/cgroup/all/memory.000").is_some());
    let maps = lines(&bundle, "proc/[top]/maps")
        .into_iter()
        .find(|l| l.path == "proc/20/maps")
        .unwrap();
    assert_eq!(
        (maps.outcome, maps.reason.as_str()),
        (
            Outcome::Skipped,
            "left out: another file of proc/20 had not answered"
        )
    );
}

#[test]
fn deadline_ends_the_collection_but_not_the_bundle() {
    let machine = Machine::new();
    for pid in 20..24 {
        machine.stuck(pid);
    }
    let began = Instant::now();
    let (output, path) = machine.collect(&["--deadline", "1s"]);
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("the deadline of 1 s had passed"),
        "{}",
        text(&output.stdout)
    );
    let bundle = open(&path);
    assert!(bundle.end.as_ref().unwrap().stopped.is_some());
    for (_, item) in all() {
        assert!(
            !lines(&bundle, item.path).is_empty(),
            "{} has no ledger line",
            item.path
        );
    }
    assert_eq!(lines(&bundle, "var/log/*")[0].outcome, Outcome::Skipped);
}

#[test]
fn killed_collector_leaves_what_it_had() {
    let machine = Machine::new();
    for pid in 20..24 {
        machine.stuck(pid);
    }
    let path = machine.path("killed.tar.gz");
    let mut child = Command::new(PROGRAM)
        .args([
            "--root",
            machine.folder.path().to_str().unwrap(),
            "-o",
            path.to_str().unwrap(),
        ])
        .spawn()
        .unwrap();
    let partial = machine.path("killed.tar.gz.partial");
    let until = Instant::now() + Duration::from_secs(10);
    // The memory room is flushed before the first stuck process is met.
    while fs::metadata(&partial).map_or(0, |m| m.len()) < 1000 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(200));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        !path.exists(),
        "a torn bundle does not get the name of a whole one"
    );
    let bundle = open(&partial);
    assert!(bundle.tear.is_some());
    assert_eq!(
        bundle.entry("proc/meminfo").unwrap(),
        b"MemTotal:       16384000 kB\n"
    );
    assert!(
        !lines(&bundle, "proc/swaps").is_empty(),
        "the ledger of the memory room"
    );
    // Another try does not write over it.
    let root = machine.folder.path().to_str().unwrap();
    let again = collect(&["--quick", "--root", root, "-o", path.to_str().unwrap()]);
    let said = text(&again.stdout);
    assert!(
        said.contains("killed.tar.gz.partial.1: what a run"),
        "{said}"
    );
    assert!(
        open(&machine.path("killed.tar.gz.partial.1"))
            .tear
            .is_some()
    );
    assert_eq!(open(&path).tear, None);
}

#[test]
fn standard_output_gets_the_bundle_and_nothing_else() {
    let machine = Machine::new();
    let output = collect(&["--root", machine.folder.path().to_str().unwrap(), "-o", "-"]);
    let bundle = Reader::read(output.stdout.as_slice()).unwrap();
    assert!(bundle.end.is_some());
    assert!(text(&output.stderr).contains("standard output"));
}

#[test]
fn without_rights_there_is_a_bundle_and_advice() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = folder.path().join("oomscene-collect");
    fs::copy(PROGRAM, &program).unwrap();
    let path = folder.path().join("x.tar.gz");
    let mut run = Command::new(&program);
    run.arg("-o").arg(&path);
    let user = if rustix::process::geteuid().is_root() {
        run.uid(65534).gid(65534);
        65534
    } else {
        rustix::process::geteuid().as_raw()
    };
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = open(&path);
    assert_eq!(
        (
            bundle.header.effective_uid,
            bundle.header.effective_capabilities
        ),
        (user, Some(0))
    );
    assert_eq!(lines(&bundle, "proc/slabinfo")[0].outcome, Outcome::Denied);
    assert_eq!(lines(&bundle, "proc/slabinfo")[0].remedy, "run as root");
    assert!(bundle.entry("proc/all/status.000").is_some());
    assert!(
        text(&output.stdout).contains("run as root"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn exit_codes_for_no_bundle() {
    let output = collect(&["-o", "/proc/no/such/folder/x.tar.gz"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("/proc/no/such/folder/x.tar.gz.partial"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(collect(&["--no-such-option"]).status.code(), Some(2));
    assert_eq!(collect(&["--quick", "--deep"]).status.code(), Some(2));
    assert_eq!(
        collect(&["--root", "/no/such/root", "-o", "-"])
            .status
            .code(),
        Some(2)
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    let output = collect(&["--root", "/no/such/root", "-o", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--root \"/no/such/root\": does not exist here"));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[test]
fn list_names_every_item_and_survives_a_closed_pipe() {
    let output = collect(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let listing = text(&output.stdout);
    for (_, item) in all() {
        assert!(
            listing.contains(item.path) && listing.contains(item.why),
            "{}",
            item.path
        );
    }
    let mut child = Command::new(PROGRAM)
        .arg("list")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr).as_str()),
        (Some(0), "")
    );
}

#[test]
fn folder_gets_the_usual_name() {
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    let output = collect(&[
        "--root",
        machine.folder.path().to_str().unwrap(),
        "-o",
        folder.path().to_str().unwrap(),
    ]);
    let listed = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = listed
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    // The bundle, and its checksum beside it.
    let name = names.first().unwrap().clone();
    assert!(
        name.starts_with("oomscene-db7-2") && name.ends_with("Z.tar.gz"),
        "{names:?}"
    );
    assert_eq!(names.get(1), Some(&format!("{name}.sha256")));
    assert!(text(&output.stdout).contains(&name));
}

#[test]
fn refused_fork_costs_only_what_needs_a_process() {
    let machine = Machine::new();
    machine.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
    machine.write("sys/fs/cgroup/app.slice/memory.max", "max\n");
    machine.write("proc/7/stack", "[<0>] do_wait\n");
    let path = machine.path("x.tar.gz");
    // Not the limit of processes, which root does not have: a reader that cannot be found.
    let status = Command::new("unshare")
        .args([
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs none /proc && exec \"$0\" \"$@\"",
            PROGRAM,
        ])
        .args([
            "--root",
            machine.folder.path().to_str().unwrap(),
            "-o",
            path.to_str().unwrap(),
        ])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    if !rustix::process::geteuid().is_root() {
        assert!(!status.success(), "only root can hide /proc");
        let said = "NOT RUN: the refused-fork test needs root to hide /proc";
        assert!(std::env::var_os("CI").is_none(), "{said}");
        // Straight to the terminal: the harness hides what a passing test prints.
        fs::write("/dev/stderr", format!("\n*** {said} ***\n")).unwrap();
        return;
    }
    let bundle = open(&path);
    let cmdline = lines(&bundle, "proc/[pid]/cmdline")[0];
    assert_eq!(cmdline.outcome, Outcome::Failed);
    assert!(
        cmdline
            .reason
            .contains("the reader process could not be started"),
        "{}",
        cmdline.reason
    );
    assert_eq!(bundle.entry("proc/7/stack").unwrap(), b"[<0>] do_wait\n");
    assert!(bundle.entry("sys/fs/cgroup/all/memory.000").is_some());
}
