//! Which view of the machine the collector had: from a container, through `--root`, without root.

use std::path::Path;
use std::process::{Command, Output};

use oomscene_bundle::Outcome;

use crate::machine::{Machine, PROGRAM, lines, open, text};
use crate::not_run;

/// Runs `script` in namespaces of its own; `$0` is the collector, `$1` a folder.
fn apart(namespaces: &[&str], script: &str, folder: &Path) -> Output {
    Command::new("unshare")
        .args(namespaces)
        .args(["sh", "-ec", script, PROGRAM])
        .arg(folder)
        .output()
        .unwrap()
}

fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        not_run("namespaces and mounts need root");
    }
    is_root
}

/// As a DaemonSet sees it: namespaces of its own, and the machine mounted read-only at a folder.
#[test]
fn a_mounted_host_is_the_running_machine() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mkdir $1/host; mount --rbind / $1/host; mount -o remount,bind,ro $1/host;
        hostname pod-7; mount -t proc proc /proc;
        $0 --root $1/host -o $1/x.tar.gz --no-encrypt || [ $? -eq 1 ]";
    let output = apart(&["-m", "-p", "-f", "-u"], script, folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let bundle = open(&folder.path().join("x.tar.gz"));
    let header = &bundle.header;
    assert_eq!(header.view.kind, "host", "{}", header.view.reason);
    assert!(
        header.view.reason.contains("is that of the running kernel"),
        "{}",
        header.view.reason
    );
    assert_ne!(header.hostname, "pod-7");
    let release = text(&Command::new("uname").arg("-r").output().unwrap().stdout);
    assert_eq!(header.kernel_release, release.trim());
    assert_eq!(header.page_size_bytes, rustix::param::page_size() as u64);
    assert!(header.clocks.boottime_ns > 0);
    // The machine's processes, not the two of the container.
    let stat = oomscene_bundle::packed::split(bundle.entry("proc/all/stat.000").unwrap());
    let own = format!("proc/{}/stat", std::process::id());
    assert!(
        stat.iter().any(|file| file.path == own),
        "{} processes",
        stat.len()
    );
    assert!(bundle.entry("scene/kmsg").is_some());
    for line in lines(&bundle, "scene/journal/all.txt") {
        assert_ne!(
            line.outcome,
            Outcome::Captured,
            "the journal of the wrong root"
        );
    }
}

#[test]
fn a_container_says_so_at_the_end_and_in_the_header() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t proc proc /proc; $0 -o $1/x.tar.gz --no-encrypt || [ $? -eq 1 ]";
    let output = apart(&["-m", "-p", "-f"], script, folder.path());
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("view     container: "), "{said}");
    assert!(
        said.contains("what lies outside is not in the bundle"),
        "{said}"
    );
    let bundle = open(&folder.path().join("x.tar.gz"));
    assert_eq!(bundle.header.view.kind, "container");
}

/// A copy of /proc is not /proc, even when it has a first process.
#[test]
fn a_copy_is_not_taken_for_the_running_machine() {
    let machine = Machine::new();
    let (output, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert_eq!(bundle.header.view.kind, "unknown");
    assert_eq!(
        (
            bundle.header.page_size_bytes,
            bundle.header.clocks.boottime_ns
        ),
        (0, 0)
    );
    assert!(text(&output.stdout).contains("view     unknown: not the running machine"));
}

#[test]
fn without_root_the_end_tells_what_root_would_add() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "chmod 777 \"$1\"; exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" --quick --no-encrypt -o \"$1/x.tar.gz\"";
    let output = Command::new("sh")
        .args(["-ec", script, PROGRAM])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let as_root = said.lines().filter(|line| line.starts_with("as root  "));
    assert!((1..=5).contains(&as_root.count()), "{said}");
    let bundle = open(&folder.path().join("x.tar.gz"));
    assert!(bundle.entry("proc/meminfo").is_some());
    assert_eq!(bundle.header.effective_uid, 65534);
}
