//! A real kernel kills a real hog in a memory cgroup made here; the real collector and the real
//! analyser must name the cgroup, the limit and the victim. Needs root and a memory controller;
//! where it has none it says so loudly, and fails when `CI` is set.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a failing test panics and says where"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use cgroup::cgroup_or_say_why;

#[path = "real_kill/cgroup.rs"]
mod cgroup;

/// Kills must not overlap: the youngest event leads the verdict.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const MIB: u64 = 1024 * 1024;

fn program(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_BIN_EXE_oomscene-analyze"))
        .parent()
        .unwrap();
    let path = here.join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo test --workspace`",
        path.display()
    );
    path
}

/// Runs the shipped programs one after the other and hands back the JSON and Markdown reports.
fn collect_and_analyse() -> (serde_json::Value, String) {
    let scratch = tempfile::tempdir().unwrap();
    let bundle = scratch.path().join("scene.tar.gz");
    let run = Command::new(program("oomscene-collect"))
        .arg("-o")
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(
        matches!(run.status.code(), Some(0 | 1)),
        "the collector failed: {}\n{}",
        run.status,
        String::from_utf8_lossy(&run.stderr)
    );
    let json = analyse(&bundle, "json");
    (serde_json::from_str(&json).unwrap(), analyse(&bundle, "md"))
}

fn analyse(bundle: &Path, format: &str) -> String {
    let run = Command::new(program("oomscene-analyze"))
        .args(["report", "-o", "-", "--format", format])
        .arg(bundle)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "the analyser failed: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).unwrap()
}

/// The report of what the collector's shell script takes, run by `shell`; `None` where there is no
/// such shell.
fn script_and_analyse(shell: &[&str]) -> Option<serde_json::Value> {
    let scratch = tempfile::tempdir().unwrap();
    let script = Command::new(program("oomscene-collect"))
        .arg("script")
        .output()
        .unwrap();
    let path = scratch.path().join("collect.sh");
    fs::write(&path, script.stdout).unwrap();
    let bundle = scratch.path().join("scene.tar.gz");
    let run = Command::new(shell[0])
        .args(&shell[1..])
        .arg(&path)
        .arg("-o")
        .arg(&bundle)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{shell:?}: {said}");
    Some(serde_json::from_str(&analyse(&bundle, "json")).unwrap())
}

#[test]
fn the_shell_script_comes_to_the_same_verdict() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(cgroup) = cgroup_or_say_why("script") else {
        return;
    };
    cgroup.limit(40 * MIB);
    let pid = cgroup.kill_a_hog("hog-script");
    let (report, _) = collect_and_analyse();
    for shell in [&["dash"][..], &["busybox", "sh"]] {
        let Some(by_script) = script_and_analyse(shell) else {
            let text = format!("NOT RUN: the shell script with {shell:?}: it is not installed");
            assert!(std::env::var_os("CI").is_none(), "{text}");
            let _ = fs::write("/dev/stderr", format!("\n*** {text} ***\n"));
            continue;
        };
        let root = &by_script["verdict"]["root"]["rule"];
        assert_eq!(root, &report["verdict"]["root"]["rule"]);
        assert_eq!(root, "memcg-limit-reached");
        let said = headline(&by_script);
        for word in ["40 MiB", "hog-script", &pid.to_string(), &cgroup.path] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

/// The archive that sosreport makes of this machine; `None` where it is not installed.
fn sosreport(folder: &Path) -> Option<PathBuf> {
    let run = Command::new("sos")
        .args(["report", "--batch", "--quiet", "--tmp-dir"])
        .arg(folder)
        .arg("--only-plugins=kernel,memory,process,host")
        .output()
        .ok()?;
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // A checksum lies beside it.
        .find(|path| path.extension().is_some_and(|e| e == "xz" || e == "gz"))
}

#[test]
fn a_real_sosreport_comes_to_the_same_verdict() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(cgroup) = cgroup_or_say_why("sos") else {
        return;
    };
    cgroup.limit(44 * MIB);
    let pid = cgroup.kill_a_hog("hog-sos");
    let folder = tempfile::tempdir().unwrap();
    let Some(archive) = sosreport(folder.path()) else {
        let text = "NOT RUN: a real sosreport: apt-get install sosreport";
        assert!(std::env::var_os("CI").is_none(), "{text}");
        let _ = fs::write("/dev/stderr", format!("\n*** {text} ***\n"));
        return;
    };
    let report: serde_json::Value = serde_json::from_str(&analyse(&archive, "json")).unwrap();
    assert_eq!(report["verdict"]["root"]["rule"], "memcg-limit-reached");
    let said = headline(&report);
    for word in ["44 MiB", "hog-sos", &pid.to_string(), &cgroup.path] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_node_ruled_out(&report);
    // Its lists of settings and processes are read too.
    let run = Command::new(program("oomscene-analyze"))
        .arg("facts")
        .arg(&archive)
        .output()
        .unwrap();
    let facts = String::from_utf8(run.stdout).unwrap();
    for fact in ["overcommit_memory", "command_line", "kernel_release"] {
        assert!(facts.contains(fact), "{fact} is not known");
    }
}

/// The headline of the verdict, in English.
fn headline(report: &serde_json::Value) -> String {
    report["verdict"]["headline"]
        .as_str()
        .unwrap_or_else(|| panic!("no headline in {report:#}"))
        .to_owned()
}

fn assert_node_ruled_out(report: &serde_json::Value) {
    let said = headline(report);
    assert!(
        said.contains("the machine as a whole was not the limit")
            && said.contains("RAM were available"),
        "{said}"
    );
    let ruled_out = report["ruled_out"].as_array().unwrap();
    let node = ruled_out.iter().find(|r| r["rule"] == "node-out-of-memory");
    assert!(
        node.is_some(),
        "a shortage of the machine must be ruled out, not: {ruled_out:#?}"
    );
}

#[test]
fn the_limit_of_its_own_cgroup() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(cgroup) = cgroup_or_say_why("own") else {
        return;
    };
    cgroup.limit(48 * MIB);
    let pid = cgroup.kill_a_hog("hog-own");
    let (report, markdown) = collect_and_analyse();
    let said = headline(&report);
    assert_eq!(
        report["verdict"]["root"]["rule"], "memcg-limit-reached",
        "{said}\n{markdown}"
    );
    assert!(said.contains("48 MiB"), "{said}");
    assert!(
        said.contains("hog-own") && said.contains(&pid.to_string()),
        "{said}"
    );
    assert!(said.contains(&cgroup.path), "{said}");
    assert!(!markdown.contains("ran out of memory and"), "{markdown}");
    assert_node_ruled_out(&report);
}

#[test]
fn the_limit_of_the_parent_cgroup() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(parent) = cgroup_or_say_why("parent") else {
        return;
    };
    parent.limit(64 * MIB);
    let child = parent.child("worker");
    let sibling = parent.child("sibling");
    // The sibling holds its share without growing: a file in tmpfs stays charged to its writer.
    let held = format!("/dev/shm/oomscene-held-{}", std::process::id());
    let script = format!(
        "echo $$ > '{}/cgroup.procs' && exec dd if=/dev/zero of={held} bs=1M count=20 status=none",
        sibling.dir.display()
    );
    let filled = Command::new("/bin/sh")
        .args(["-c", &script])
        .status()
        .unwrap();
    assert!(filled.success(), "dd must fill {held}");
    let pid = child.kill_a_hog("hog-child");
    let (report, markdown) = collect_and_analyse();
    fs::remove_file(&held).unwrap();
    drop((child, sibling));
    let said = headline(&report);
    assert_eq!(
        report["verdict"]["root"]["rule"], "memcg-parent-limit",
        "{said}\n{markdown}"
    );
    assert!(said.contains("64 MiB"), "{said}");
    assert!(
        said.contains(&format!("parent cgroup {}", parent.path)),
        "{said}"
    );
    assert!(
        said.contains("hog-child") && said.contains(&pid.to_string()),
        "{said}"
    );
    assert_node_ruled_out(&report);
}
