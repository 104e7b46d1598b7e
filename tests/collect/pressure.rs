//! On a machine in trouble: within a memory limit that somebody else exhausts, without a process left
//! to start, among processes that come and go, and among very many.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use oomscene_bundle::{Outcome, Reader, packed};

use crate::machine::{Machine, PROGRAM, collect, lines, open, text};
use crate::place::{Group, Mount, Victim, cannot_run, is_root, victim};

/// The design's limit, for both processes together. An unoptimised program has 8 MiB more of its own
/// code in memory; `benches/collector.sh` holds the real one to 16 MiB in CI.
const PEAK_RSS_BYTES_MAX: u64 = if cfg!(debug_assertions) { 24 } else { 16 } << 20;

fn peak_rss_bytes(bundle: &Reader) -> u64 {
    let own: serde_json::Value =
        serde_json::from_slice(bundle.entry("scene/collector.json").unwrap()).unwrap();
    ["/peak_rss_bytes", "/readers/peak_rss_bytes"]
        .iter()
        .map(|figure| own.pointer(figure).unwrap().as_u64().unwrap())
        .sum()
}

/// How often the kernel may take the collector for the hog: it does while the memory of the last hog is
/// still counted.
const TRIES: usize = 8;

/// Runs the collector in a group of 24 MiB while hogs are killed beside it; gives how many were, and how
/// the collector ended.
fn beside_hogs(group: &Group, path: &Path, adj: &str) -> (usize, ExitStatus) {
    let mut run = group
        .command(Path::new(PROGRAM))
        .args(["--quick", "--oom-score-adj", adj, "-o"])
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    let mut killed = 0;
    while run.try_wait().unwrap().is_none() && Instant::now() < until {
        // It never gets as far as saying that it is ready.
        let hog = group
            .command_to_be_killed(&victim())
            .args(["hog", "64"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        killed += usize::from(hog.code().is_none());
    }
    let _ = run.kill();
    (killed, run.wait().unwrap())
}

/// What a killed collector leaves is readable.
fn is_readable(path: &Path) {
    let partial = path.with_file_name(format!(
        "{}.partial",
        path.file_name().unwrap().to_string_lossy()
    ));
    let left = if path.exists() { path } else { &partial };
    if fs::metadata(left).map_or(0, |metadata| metadata.len()) > 0 {
        assert_eq!(open(left).changed, [""; 0]);
    }
}

#[test]
fn within_24_mib_a_hog_is_killed_and_the_bundle_is_whole() {
    let limit = [("memory.limit_in_bytes", "24M")];
    let Some(group) = Group::new("memory", "hog", &limit) else {
        return cannot_run("the memory limit needs root and cgroup v1");
    };
    let folder = tempfile::tempdir().unwrap();
    let whole = (0..TRIES)
        .map(|n| folder.path().join(format!("{n}.tar.gz")))
        .find(|path| {
            let (killed, end) = beside_hogs(&group, path, "0");
            assert!(killed > 0, "no hog was killed");
            if end.code().is_none() {
                is_readable(path);
            }
            end.code().is_some()
        });
    let bundle = open(&whole.expect("the kernel took the collector each time"));
    assert_eq!((bundle.tear.as_ref(), bundle.changed.len()), (None, 0));
    assert!(bundle.entry("proc/all/status.000").is_some());
    // As the first to go, it may be killed; what it had is readable.
    let path = folder.path().join("y.tar.gz");
    beside_hogs(&group, &path, "1000");
    is_readable(&path);
}

#[test]
fn refused_fork_by_a_limit_of_processes() {
    let Some(group) = Group::new("pids", "fork", &[("pids.max", "1")]) else {
        return cannot_run("the limit of processes needs root and cgroup v1");
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    let output = group
        .command(Path::new(PROGRAM))
        .arg("-o")
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = open(&path);
    assert!(bundle.end.is_some());
    for entry in [
        "scene/kmsg",
        "proc/meminfo",
        "proc/all/status.000",
        "sys/fs/cgroup/all/memory.000",
        "etc/os-release",
    ] {
        assert!(bundle.entry(entry).is_some(), "{entry}");
    }
    let cmdline = lines(&bundle, "proc/[pid]/cmdline")[0];
    assert_eq!(cmdline.outcome, Outcome::Failed);
    assert!(
        cmdline
            .reason
            .contains("the reader process could not be started"),
        "{}",
        cmdline.reason
    );
}

#[test]
fn processes_that_end_during_the_run_are_no_holes() {
    let storms: Vec<Victim> = (0..2).map(|_| Victim::start(&["storm"])).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    let output = collect(&["--quick", "-o", path.to_str().unwrap()]);
    drop(storms);
    let bundle = open(&path);
    assert!(bundle.end.is_some(), "{}", text(&output.stderr));
    for item in ["proc/[pid]/stat", "proc/[pid]/status", "proc/[pid]/cmdline"] {
        for line in lines(&bundle, item) {
            assert_eq!(line.outcome, Outcome::Captured, "{line:?}");
        }
    }
}

#[test]
fn five_thousand_processes_in_16_mib() {
    let crowd = Victim::start(&["crowd", "5000"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    let output = collect(&["-o", path.to_str().unwrap()]);
    drop(crowd);
    let bundle = open(&path);
    let mut count = 0;
    for entry in &bundle.entries {
        if entry.path.starts_with("proc/all/status.") {
            count += packed::split(&entry.content).len();
        }
    }
    assert!(count > 5000, "{count} processes; {}", text(&output.stdout));
    let peak = peak_rss_bytes(&bundle);
    assert!(peak <= PEAK_RSS_BYTES_MAX, "{peak} bytes");
}

#[test]
fn own_footprint_is_in_the_bundle() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&["--oom-score-adj", "500"]);
    let bundle = open(&path);
    let own: serde_json::Value =
        serde_json::from_slice(bundle.entry("scene/collector.json").unwrap()).unwrap();
    for figure in [
        "pid",
        "rss_bytes",
        "peak_rss_bytes",
        "cpu_micros",
        "written_bytes",
    ] {
        assert!(
            own[figure].as_u64().is_some_and(|n| n > 0),
            "{figure}: {own}"
        );
    }
    assert_eq!(own["left_behind"].as_array().unwrap().len(), 0);
    assert_eq!(
        bundle.header.collector_pid,
        own["pid"].as_u64().and_then(|n| n.try_into().ok())
    );
    if is_root() {
        assert_eq!(own["oom_score_adj"], 500);
    }
}

#[test]
fn nobody_is_paused_for_long() {
    // On a machine that is busy with other things it is left alone, and nothing is proved.
    for _ in 0..5 {
        let large = Victim::start(&["pauses", "512"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tar.gz");
        collect(&["-o", path.to_str().unwrap()]);
        let pid = large.0.id();
        let longest: u64 = large.end().trim().parse().unwrap();
        assert!(longest < 100_000, "paused for {longest} microseconds");
        if open(&path)
            .entry(&format!("proc/{pid}/smaps_rollup"))
            .is_some()
        {
            return;
        }
    }
    panic!("it was never read: nothing is proved");
}

#[test]
fn root_on_a_read_only_mount() {
    let machine = Machine::new();
    let point = machine.path("mnt");
    let Some(_mount) = Mount::new("tmpfs", &point, "size=1m") else {
        return cannot_run("the read-only mount needs root");
    };
    fs::create_dir_all(point.join("proc/self")).unwrap();
    fs::create_dir_all(point.join("etc")).unwrap();
    fs::write(point.join("proc/meminfo"), "MemTotal: 1 kB\n").unwrap();
    fs::write(point.join("etc/hostname"), "rescued\n").unwrap();
    let status = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&point)
        .status()
        .unwrap();
    assert!(status.success());
    let path = machine.path("x.tar.gz");
    let output = collect(&[
        "--root",
        point.to_str().unwrap(),
        "-o",
        path.to_str().unwrap(),
    ]);
    let bundle = open(&path);
    assert!(bundle.end.is_some(), "{}", text(&output.stderr));
    assert_eq!(bundle.header.hostname, "rescued");
    assert_eq!(bundle.entry("proc/meminfo").unwrap(), b"MemTotal: 1 kB\n");
}

#[test]
fn hidden_processes_and_a_restricted_kernel_log_are_outcomes() {
    if !is_root() {
        return cannot_run("the hidden processes need root");
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("oomscene-collect");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let path = folder.path().join("x.tar.gz");
    // A new mount of /proc, because a remount would change that of the machine.
    let script = "mount -t proc -o hidepid=2 proc /proc && \
                  exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" --quick -o \"$1\"";
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "sh", "-c", script])
        .arg(&program)
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let bundle = open(&path);
    let hidden = lines(&bundle, "proc/[pid]/stat")
        .into_iter()
        .find(|line| line.outcome == Outcome::Denied)
        .unwrap();
    assert!(hidden.reason.contains("hidepid="), "{}", hidden.reason);
    assert_eq!(hidden.remedy, "run as root");
    let restricted = text(bundle.entry("proc/sys/kernel/dmesg_restrict").unwrap());
    if restricted.trim() == "1" {
        assert_eq!(lines(&bundle, "scene/kmsg")[0].outcome, Outcome::Denied);
    }
}
