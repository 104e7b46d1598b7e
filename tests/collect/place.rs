//! Places and programs that misbehave: small disks, cgroups with a limit, the victims.

use std::ffi::CString;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Says loudly that a test cannot run here; in CI that is a failure.
pub(crate) fn cannot_run(what: &str) {
    let said = format!("NOT RUN: {what}");
    assert!(std::env::var_os("CI").is_none(), "{said}");
    // Straight to the terminal: the harness hides what a passing test prints.
    let _ = fs::write("/dev/stderr", format!("\n*** {said} ***\n"));
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of `collector/examples/victim.rs`, ended with its input.
pub(crate) struct Victim(pub(crate) Child);

impl Victim {
    pub(crate) fn start(args: &[&str]) -> Self {
        let child = Command::new(victim())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut victim = Self(child);
        let mut said = [0; 6];
        victim
            .0
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        assert_eq!(&said, b"ready\n");
        victim
    }

    /// What it says when its input ends.
    pub(crate) fn end(mut self) -> String {
        drop(self.0.stdin.take());
        let mut said = String::new();
        let mut stdout = self.0.stdout.take().unwrap();
        stdout.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let until = Instant::now() + Duration::from_secs(2);
        // One that is stuck ends with what it is stuck at.
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The program; a test that is run alone must not meet an old one.
pub(crate) fn victim() -> PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args([
                "build",
                "-q",
                "-p",
                "oomscene-collector",
                "--example",
                "victim",
            ])
            .status();
        assert!(built.unwrap().success());
    });
    Path::new(super::machine::PROGRAM)
        .parent()
        .unwrap()
        .join("examples/victim")
}

/// A mount that goes away with its owner, even if it hangs.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts `kind` at `point`; `None` where that is not allowed.
    #[expect(unsafe_code, reason = "mount(2)")]
    pub(crate) fn new(kind: &str, point: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(point).unwrap();
        let text = |s: &str| CString::new(s).unwrap();
        let (kind, options) = (text(kind), text(options));
        let at = text(point.to_str().unwrap());
        // SAFETY: four strings that live until the call is over.
        let done = unsafe {
            libc::mount(
                c"oomscene-test".as_ptr(),
                at.as_ptr(),
                kind.as_ptr(),
                0,
                options.as_ptr().cast(),
            )
        };
        (done == 0).then(|| Self(point.to_owned()))
    }
}

impl Drop for Mount {
    #[expect(unsafe_code, reason = "umount2(2)")]
    fn drop(&mut self) {
        let at = CString::new(self.0.to_str().unwrap()).unwrap();
        // SAFETY: one string that lives until the call is over.
        unsafe { libc::umount2(at.as_ptr(), libc::MNT_DETACH | libc::MNT_FORCE) };
    }
}

/// A cgroup (version 1) with a limit, removed with its owner.
pub(crate) struct Group(PathBuf);

impl Group {
    /// `None` where the controller is not to be had.
    pub(crate) fn new(controller: &str, name: &str, limits: &[(&str, &str)]) -> Option<Self> {
        let path = Path::new("/sys/fs/cgroup")
            .join(controller)
            .join(format!("oomscene-test-{name}-{}", std::process::id()));
        fs::create_dir(&path).ok()?;
        let group = Self(path);
        for (file, value) in limits {
            fs::write(group.0.join(file), value).ok()?;
        }
        Some(group)
    }

    /// Starts `program` inside.
    pub(crate) fn command(&self, program: &Path) -> Command {
        self.shell("", program)
    }

    /// The same, and the kernel kills it before anybody else there: it says so before it goes in.
    pub(crate) fn command_to_be_killed(&self, program: &Path) -> Command {
        self.shell("echo 900 > /proc/self/oom_score_adj && ", program)
    }

    fn shell(&self, first: &str, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("{first}echo 0 > \"$0\" && exec \"$@\""))
            .arg(self.0.join("cgroup.procs"))
            .arg(program);
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let until = Instant::now() + Duration::from_secs(5);
        // What was killed in it may need a moment to be gone.
        while fs::remove_dir(&self.0).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
