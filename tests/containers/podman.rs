//! A container of the real podman, collected while it runs.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::machine::{collect, open, text};
use crate::not_run;
use crate::runtimes::{ENTRY, one};

fn podman(args: &[&str]) -> Output {
    let common = [
        "--runtime",
        "runc",
        "--cgroup-manager=cgroupfs",
        "--log-level=error",
    ];
    Command::new("podman")
        .args(common)
        .args(args)
        .output()
        .unwrap()
}

/// Starts a container from a folder with nothing but busybox: there is no registry.
fn start(name: &str, image: &Path) -> Output {
    std::fs::create_dir(image.join("bin")).unwrap();
    std::fs::copy("/bin/busybox", image.join("bin/sleep")).unwrap();
    let limits = [
        "--ulimit",
        "nofile=1000:1000",
        "--ulimit",
        "nproc=1000:1000",
        "--memory",
        "64m",
    ];
    let run = [
        &[
            "run",
            "-d",
            "--network=none",
            "--name",
            name,
            "--env",
            "PASSWORD=hunter2",
        ],
        &limits[..],
        &["--rootfs", image.to_str().unwrap(), "/bin/sleep", "60"],
    ];
    podman(&run.concat())
}

#[test]
fn a_real_container_has_its_name_and_limit() {
    let found = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !found("podman") || !found("runc") || !Path::new("/bin/busybox").exists() {
        return not_run(
            "podman, runc and busybox are not installed (apt-get install podman runc busybox-static)",
        );
    }
    let image = tempfile::tempdir().unwrap();
    let name = format!("oomscene-test-{}", std::process::id());
    let started = start(&name, image.path());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    collect(&["-o", path.to_str().unwrap(), "--no-encrypt"]);
    podman(&["rm", "-f", "-t", "0", &name]);
    if !started.status.success() {
        return not_run(&format!(
            "podman cannot run here: {}",
            text(&started.stderr)
        ));
    }
    let id = text(&started.stdout).trim().to_owned();
    let bundle = open(&path);
    let content = text(bundle.entry(ENTRY).unwrap());
    assert!(!content.contains("hunter2"));
    let all: Vec<Value> = content
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let found = one(&all, &id, &["runtime", "name", "memory_limit_bytes"]);
    assert_eq!(
        found,
        json!({"runtime": "podman", "name": name, "memory_limit_bytes": 64 << 20})
    );
    // The chain is whole: a process, its cgroup, the id in it.
    let cgroups = oomscene_bundle::packed::split(bundle.entry("proc/all/cgroup.000").unwrap());
    assert!(cgroups.iter().any(|file| text(&file.content).contains(&id)));
}
