//! Drives the real `oomscene-collect`: on this machine, on made-up ones, cut short, and without rights.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

#[path = "collect/full.rs"]
mod full;
#[path = "collect/fuse.rs"]
mod fuse;
#[path = "collect/hang.rs"]
mod hang;
#[path = "collect/machine.rs"]
mod machine;
#[path = "collect/names.rs"]
mod names;
#[cfg(target_arch = "x86_64")]
#[path = "collect/old_kernel.rs"]
mod old_kernel;
#[path = "collect/place.rs"]
mod place;
#[path = "collect/pressure.rs"]
mod pressure;
#[path = "collect/signals.rs"]
mod signals;
#[path = "collect/trouble.rs"]
mod trouble;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use machine::{Machine, collect, lines, open, text};
use oomscene_bundle::{Outcome, packed};
use oomscene_collector::sources::{OWN_ROOM, ROOMS, SECOND_ROOM, all};

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
        text(&output.stdout)
            .lines()
            .filter(|line| !line.starts_with("view ") && !line.starts_with("as root "))
            .count(),
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
    assert_eq!(rooms.pop().as_deref(), Some(OWN_ROOM));
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
        "scene/journal/boots.txt",
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
