//! A memory cgroup of a test, and a hog that a real kernel kills in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A memory cgroup that is removed again at the end.
pub(crate) struct Cgroup {
    pub(crate) dir: PathBuf,
    /// Path in the memory hierarchy, as the kernel log writes it.
    pub(crate) path: String,
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

    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let (point, v2) = Self::hierarchy()?;
        let path = format!("/oomscene-{name}-{}", std::process::id());
        let dir = point.join(path.trim_start_matches('/'));
        fs::create_dir(&dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))?;
        Ok(Self { dir, path, v2 })
    }

    pub(crate) fn child(&self, name: &str) -> Self {
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

    pub(crate) fn limit(&self, bytes: u64) {
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
    pub(crate) fn kill_a_hog(&self, comm: &str) -> u32 {
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
pub(crate) fn cgroup_or_say_why(name: &str) -> Option<Cgroup> {
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
