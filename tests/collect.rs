//! Drives the real `oomscene-collect`: on this machine, on made-up ones, cut short, and without rights.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use oomscene_bundle::{Line, Outcome, Reader, packed};
use oomscene_collector::sources::{ROOMS, SECOND_ROOM, all};

const PROGRAM: &str = env!("CARGO_BIN_EXE_oomscene-collect");

fn collect(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

fn open(path: &Path) -> Reader {
    Reader::read(fs::File::open(path).unwrap()).unwrap()
}

fn lines<'a>(bundle: &'a Reader, item: &str) -> Vec<&'a Line> {
    bundle
        .ledger
        .iter()
        .filter(|line| line.item == item)
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A made-up machine with a few processes and a cgroup v2 tree.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        machine.write("etc/hostname", "db7\n");
        machine.write("proc/meminfo", "MemTotal:       16384000 kB\n");
        machine.write("proc/sys/kernel/osrelease", "4.19.90-52.el7\n");
        machine.process(1, "systemd", "/sbin/init\0");
        machine.process(7, "a) b\n(c", "java\0-Xmx4g\0");
        machine.write("proc/7/environ", "HOME=/root\0API_TOKEN=hunter2\0GOGC=77\0");
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn process(&self, pid: u32, comm: &str, cmdline: &str) {
        let rest = "S 1 7 7 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 1 0 55 4096000 250 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";
        self.write(
            &format!("proc/{pid}/stat"),
            &format!("{pid} ({comm}) {rest}\n"),
        );
        self.write(&format!("proc/{pid}/comm"), &format!("{comm}\n"));
        self.write(&format!("proc/{pid}/oom_score"), "667\n");
        self.write(
            &format!("proc/{pid}/status"),
            &format!("Name:\t{comm}\nVmRSS:\t1000 kB\n"),
        );
        self.write(&format!("proc/{pid}/wchan"), "folio_wait_bit_common");
        self.write(&format!("proc/{pid}/cmdline"), cmdline);
    }

    /// A command line that never answers, as that of a process whose memory lock is stuck.
    fn stuck(&self, pid: u32) {
        self.process(pid, "stuck", "");
        fs::remove_file(self.path(&format!("proc/{pid}/cmdline"))).unwrap();
        let status = Command::new("mkfifo")
            .arg(self.path(&format!("proc/{pid}/cmdline")))
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn collect(&self, more: &[&str]) -> (Output, PathBuf) {
        let bundle = self.path("bundle.tar.gz");
        let root = self.folder.path().to_str().unwrap();
        let mut args = vec!["--root", root, "-o", bundle.to_str().unwrap()];
        args.extend(more);
        (collect(&args), bundle)
    }
}

#[test]
fn every_item_of_the_catalogue_has_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    let output = collect(&[
        "-o",
        path.to_str().unwrap(),
        "--case",
        "4711",
        "--label",
        "site=Lanzhou",
    ]);
    let bundle = open(&path);
    assert_eq!((bundle.tear.as_ref(), bundle.changed.len()), (None, 0));
    for (_, item) in all() {
        assert!(
            !lines(&bundle, item.path).is_empty(),
            "{} has no ledger line",
            item.path
        );
    }
    let holes = bundle.ledger.iter().any(|line| line.outcome.is_hole());
    assert_eq!(
        output.status.code(),
        Some(i32::from(holes)),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        text(&output.stdout).lines().count(),
        3,
        "{}",
        text(&output.stdout)
    );
    assert_eq!(text(&output.stderr), "", "quiet when nobody watches");
    assert!(!folder.path().join("x.tar.gz.partial").exists());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(bundle.header.case.as_deref(), Some("4711"));
    assert_eq!(bundle.header.labels["site"], "Lanzhou");
    assert_eq!(
        bundle.header.page_size_bytes,
        rustix::param::page_size() as u64
    );
    assert!(
        bundle
            .entry("proc/meminfo")
            .unwrap()
            .starts_with(b"MemTotal:")
    );
}

#[test]
fn second_copies_come_at_least_a_second_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    collect(&["-o", path.to_str().unwrap()]);
    let bundle = open(&path);
    assert!(bundle.entry("scene/second/proc/vmstat").is_some());
    let stamps = bundle.entry("scene/second/stamps.json").unwrap();
    let stamps: serde_json::Value = serde_json::from_slice(stamps).unwrap();
    for (_, item) in all().filter(|(_, item)| item.twice) {
        let first = stamps["first_ns"][item.path].as_i64().unwrap();
        let second = stamps["second_ns"][item.path].as_i64().unwrap();
        assert!(
            second - first >= 1_000_000_000,
            "{}: {} ns",
            item.path,
            second - first
        );
    }
}

#[test]
fn rooms_are_in_order_of_volatility() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&[]);
    let listing = Command::new("tar").arg("tzf").arg(path).output().unwrap();
    let parts: Vec<String> = text(&listing.stdout)
        .lines()
        .filter_map(|line| {
            line.split_once("/ledger/")?
                .1
                .strip_suffix(".jsonl")
                .map(str::to_owned)
        })
        .collect();
    let mut rooms: Vec<String> = parts.iter().map(|part| part[3..].to_owned()).collect();
    assert!(rooms.iter().any(|room| room == SECOND_ROOM));
    rooms.retain(|room| room != SECOND_ROOM);
    assert_eq!(
        rooms,
        ROOMS.iter().map(|room| room.name).collect::<Vec<_>>()
    );
    assert_eq!(
        (ROOMS[0].name, ROOMS[ROOMS.len() - 1].name),
        ("kernel-log", "logs")
    );
}

#[test]
fn copied_machine_is_not_mixed_with_this_one() {
    let machine = Machine::new();
    machine.write("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
    machine.write("sys/fs/cgroup/app.slice/memory.max", "1048576\n");
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert_eq!(
        (
            bundle.header.hostname.as_str(),
            bundle.header.kernel_release.as_str()
        ),
        ("db7", "4.19.90-52.el7")
    );
    assert_eq!(bundle.header.page_size_bytes, 0);
    for item in [
        "scene/kmsg",
        "scene/address-space.json",
        "scene/journal/all.txt",
    ] {
        let line = lines(&bundle, item)[0];
        assert_eq!(
            (line.outcome, line.reason.as_str()),
            (Outcome::Skipped, "not the running machine")
        );
    }
    let files = packed::split(bundle.entry("sys/fs/cgroup/all/memory.000").unwrap());
    let max = files
        .iter()
        .find(|file| file.path == "sys/fs/cgroup/app.slice/memory.max")
        .unwrap();
    assert_eq!(max.content, b"1048576\n");
    let files = packed::split(bundle.entry("proc/all/comm.000").unwrap());
    assert_eq!(files[1].content, b"a) b\n(c\n");
    let top: serde_json::Value =
        serde_json::from_slice(bundle.entry("scene/top-processes.json").unwrap()).unwrap();
    assert_eq!(top["of"], 2);
}

#[test]
fn machine_without_cgroups_says_so() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    let line = lines(&bundle, "sys/fs/cgroup/**")[0];
    assert_eq!(
        (line.outcome, line.reason.as_str()),
        (Outcome::Absent, "no cgroup v2 here")
    );
    let line = lines(&bundle, "sys/fs/cgroup/memory/**")[0];
    assert_eq!(line.reason, "no cgroup v1 with the memory controller here");
}

#[test]
fn version_1_cgroups_are_packed_with_their_paths() {
    let machine = Machine::new();
    machine.write(
        "proc/self/mountinfo",
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
    );
    machine.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
    machine.write(
        "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes",
        "4194304\n",
    );
    let (_, path) = machine.collect(&[]);
    let files = packed::split(open(&path).entry("sys/fs/cgroup/all/memory.000").unwrap());
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "sys/fs/cgroup/memory/memory.usage_in_bytes",
            "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"
        ]
    );
}

#[test]
fn only_allowed_variables_are_written() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert_eq!(text(bundle.entry("proc/7/environ").unwrap()), "GOGC=77\n");
    for entry in &bundle.entries {
        assert!(!text(&entry.content).contains("hunter2"), "{}", entry.path);
    }
}

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
        began.elapsed() < Duration::from_secs(4),
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
    assert_eq!(
        lines(&bundle, "var/log/messages")[0].outcome,
        Outcome::Skipped
    );
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
    if !rustix::process::geteuid().is_root() {
        // Every other test of this file has just run without rights.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = folder.path().join("oomscene-collect");
    fs::copy(PROGRAM, &program).unwrap();
    let path = folder.path().join("x.tar.gz");
    let output = Command::new(&program)
        .arg("-o")
        .arg(&path)
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = open(&path);
    assert_eq!(
        (
            bundle.header.effective_uid,
            bundle.header.effective_capabilities
        ),
        (65534, Some(0))
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
    let name = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name()
        .into_string()
        .unwrap();
    assert!(
        name.starts_with("oomscene-db7-2") && name.ends_with("Z.tar.gz"),
        "{name}"
    );
    assert!(text(&output.stdout).contains(&name));
}
