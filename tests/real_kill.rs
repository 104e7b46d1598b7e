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
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Kills must not overlap: the youngest event leads the verdict.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const MIB: u64 = 1024 * 1024;

/// A memory cgroup that is removed again at the end.
struct Cgroup {
    dir: PathBuf,
    /// Path in the memory hierarchy, as the kernel log writes it.
    path: String,
    v2: bool,
}

impl Cgroup {
    fn hierarchy() -> Result<(PathBuf, bool), String> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|e| e.to_string())?;
        let mut unified = None;
        for line in mounts.lines() {
            let Some((left, right)) = line.split_once(" - ") else {
                continue;
            };
            let Some(point) = left.split(' ').nth(4) else {
                continue;
            };
            let mut right = right.split(' ');
            match right.next() {
                Some("cgroup")
                    if line
                        .rsplit(' ')
                        .next()
                        .unwrap_or("")
                        .split(',')
                        .any(|o| o == "memory") =>
                {
                    return Ok((PathBuf::from(point), false));
                }
                Some("cgroup2") => unified = Some(PathBuf::from(point)),
                _ => {}
            }
        }
        let point = unified.ok_or("no cgroup file system is mounted")?;
        let controllers = fs::read_to_string(point.join("cgroup.controllers")).unwrap_or_default();
        if !controllers.split_whitespace().any(|c| c == "memory") {
            return Err("the memory controller is not in the unified hierarchy".to_owned());
        }
        let _ = fs::write(point.join("cgroup.subtree_control"), "+memory");
        Ok((point, true))
    }

    fn new(name: &str) -> Result<Self, String> {
        let (point, v2) = Self::hierarchy()?;
        let path = format!("/oomscene-{name}-{}", std::process::id());
        let dir = point.join(path.trim_start_matches('/'));
        fs::create_dir(&dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))?;
        Ok(Self { dir, path, v2 })
    }

    fn child(&self, name: &str) -> Self {
        if self.v2 {
            fs::write(self.dir.join("cgroup.subtree_control"), "+memory").unwrap();
        }
        let dir = self.dir.join(name);
        fs::create_dir(&dir).unwrap();
        Self {
            dir,
            path: format!("{}/{name}", self.path),
            v2: self.v2,
        }
    }

    fn limit(&self, bytes: u64) {
        let file = if self.v2 {
            "memory.max"
        } else {
            "memory.limit_in_bytes"
        };
        fs::write(self.dir.join(file), bytes.to_string()).unwrap();
        // Without this a machine with swap would only slow the hog down.
        let swap = if self.v2 {
            ("memory.swap.max", "0".to_owned())
        } else {
            ("memory.memsw.limit_in_bytes", bytes.to_string())
        };
        let _ = fs::write(self.dir.join(swap.0), swap.1);
    }

    /// Starts a program in this cgroup that takes memory without end; returns its pid after the
    /// kernel has killed it.
    fn kill_a_hog(&self, comm: &str) -> u32 {
        let scratch = tempfile::tempdir().unwrap();
        let program = scratch.path().join(comm);
        // `tail` of an endless file without newlines keeps everything it reads.
        fs::copy("/usr/bin/tail", &program).expect("coreutils must be there");
        let script = format!(
            "echo $$ > '{}/cgroup.procs' && exec '{}' -n 1 /dev/zero",
            self.dir.display(),
            program.display()
        );
        let mut child = Command::new("/bin/sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                use std::os::unix::process::ExitStatusExt as _;
                assert_eq!(
                    status.signal(),
                    Some(9),
                    "the hog ended by itself: {status}"
                );
                return pid;
            }
            assert!(
                Instant::now() < until,
                "the kernel did not kill the hog within 60 s"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for _ in 0..50 {
            if fs::remove_dir(&self.dir).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// `None`, said loudly, where the test cannot run; a failure there in CI.
fn cgroup_or_say_why(name: &str) -> Option<Cgroup> {
    match Cgroup::new(name) {
        Ok(cgroup) => Some(cgroup),
        Err(why) => {
            let text = format!(
                "NOT RUN: the real-kill test {name:?} needs root and a memory cgroup: {why}"
            );
            assert!(std::env::var_os("CI").is_none(), "{text}");
            // Straight to the terminal: the harness hides what a passing test prints.
            let _ = fs::write("/dev/stderr", format!("\n*** {text} ***\n"));
            None
        }
    }
}

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
