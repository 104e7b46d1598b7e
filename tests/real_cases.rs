//! Situations made on this machine, through the real collector and the real analyser: zombies with
//! the parent that does not reap them, and a process at its own limit of address space.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failing test panics and says where"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

/// The JSON report of this machine as it is now.
fn report() -> serde_json::Value {
    let scratch = tempfile::tempdir().unwrap();
    let bundle = scratch.path().join("scene.tar.gz");
    let run = Command::new(program("oomscene-collect"))
        .arg("--quick")
        .arg("-o")
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(
        matches!(run.status.code(), Some(0 | 1)),
        "the collector failed: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let run = Command::new(program("oomscene-analyze"))
        .args(["report", "-o", "-", "--format", "json"])
        .arg(&bundle)
        .output()
        .unwrap();
    serde_json::from_slice(&run.stdout).unwrap()
}

/// What the findings of one rule say, wherever in the report they stand.
fn said(value: &serde_json::Value, rule: &str) -> Vec<String> {
    match value {
        serde_json::Value::Object(map) => {
            let own = (map.get("rule").and_then(|r| r.as_str()) == Some(rule))
                .then(|| map.get("says").map(ToString::to_string))
                .flatten();
            own.into_iter()
                .chain(map.values().flat_map(|v| said(v, rule)))
                .collect()
        }
        serde_json::Value::Array(items) => items.iter().flat_map(|v| said(v, rule)).collect(),
        _ => Vec::new(),
    }
}

/// A child that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn zombies_and_who_does_not_reap_them() {
    // This test is the parent: it waits for none of them until the report is there.
    let dead: Vec<Ended> = (0..45)
        .map(|_| Ended(Command::new("true").stdin(Stdio::null()).spawn().unwrap()))
        .collect();
    for _ in 0..500 {
        if dead.iter().all(|child| state(child.0.id()) == Some('Z')) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let report = report();
    let says = said(&report, "zombies-pile-up").join("\n");
    let parent = format!("pid {}) has 45", std::process::id());
    assert!(says.contains(&parent), "{parent}: {says}\n{report:#}");
}

#[test]
fn a_process_at_its_own_limit_of_addresses() {
    // The highest score puts it among those whose limits are read.
    let script = "echo 1000 > /proc/self/oom_score_adj; exec sleep 60";
    let child = Ended(Command::new("sh").args(["-c", script]).spawn().unwrap());
    let pid = child.0.id();
    let mut bytes = 0;
    for _ in 0..500 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let kib = status
            .lines()
            .find_map(|l| l.strip_prefix("VmSize:"))
            .and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
        if status.starts_with("Name:\tsleep\n") {
            bytes = kib.unwrap() * 1024;
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(bytes > 0, "sleep was not started");
    // Its size is done growing: libraries are mapped within the first moments.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let limit = Command::new("prlimit")
        .args(["--pid", &pid.to_string()])
        .arg(format!("--as={}", bytes + 64 * 1024))
        .status()
        .unwrap();
    assert!(limit.success(), "prlimit of util-linux must be there");
    let report = report();
    let says = said(&report, "rlimit-as-reached").join("\n");
    assert!(
        says.contains(&format!("sleep (pid {pid})")) && says.contains("RLIMIT_AS"),
        "{says}\n{report:#}"
    );
}
