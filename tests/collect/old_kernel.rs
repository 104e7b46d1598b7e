//! Kernels that know less, imitated on this one by a seccomp filter: Linux 3.10, and the 4.19 of the
//! first loongarch64 machines, whose sets of signals have another size; and one that starts no process.
//!
//! `OOMSCENE_STATIC_COLLECTOR` names a static binary that is tried beside the one of this build.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use oomscene_bundle::{Outcome, Reader};

use crate::machine::{Machine, PROGRAM, lines, open, text};
use crate::place::cannot_run;

/// What a kernel refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kernel {
    /// Every call that is newer than Linux 3.10 is unknown.
    Linux310,
    /// Sets of signals of 8 bytes are invalid.
    OldWorld,
    /// No process can be started.
    Full,
}

/// The newest call of Linux 3.10 on `x86_64`: `finit_module`.
const NEWEST_OF_3_10: u32 = 313;
/// `BPF_LD | BPF_W | BPF_ABS`, `BPF_JMP | BPF_JEQ`, `BPF_JMP | BPF_JGT`, `BPF_RET`
const LOAD: u16 = 0x20;
const IF_EQUAL: u16 = 0x15;
const IF_GREATER: u16 = 0x25;
const RETURN: u16 = 0x06;

fn step(code: u16, k: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    libc::sock_filter {
        code,
        jt: then,
        jf: otherwise,
        k,
    }
}

fn filter(kernel: Kernel) -> Vec<libc::sock_filter> {
    let refuse = |errno: i32| {
        step(
            RETURN,
            libc::SECCOMP_RET_ERRNO | u32::try_from(errno).unwrap(),
            0,
            0,
        )
    };
    let allow = step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0);
    // Offset 0 of `struct seccomp_data` is the number of the call.
    let mut filter = vec![step(LOAD, 0, 0, 0)];
    match kernel {
        Kernel::Linux310 => {
            filter.push(step(IF_GREATER, NEWEST_OF_3_10, 0, 1));
            filter.push(refuse(libc::ENOSYS));
        }
        Kernel::Full => {
            for call in [
                libc::SYS_clone,
                libc::SYS_fork,
                libc::SYS_vfork,
                libc::SYS_clone3,
            ] {
                filter.push(step(IF_EQUAL, u32::try_from(call).unwrap(), 0, 1));
                filter.push(refuse(libc::EAGAIN));
            }
        }
        Kernel::OldWorld => {
            for call in [
                libc::SYS_rt_sigaction,
                libc::SYS_rt_sigprocmask,
                libc::SYS_rt_sigpending,
                libc::SYS_rt_sigtimedwait,
                libc::SYS_rt_sigsuspend,
                libc::SYS_signalfd4,
            ] {
                filter.push(step(IF_EQUAL, u32::try_from(call).unwrap(), 0, 1));
                filter.push(refuse(libc::EINVAL));
            }
        }
    }
    filter.push(allow);
    filter
}

/// Puts `command` behind a filter.
#[expect(unsafe_code, reason = "a filter is set between fork and exec")]
fn imitate(kernel: Kernel, command: &mut Command) {
    let filter = filter(kernel);
    let set = move || {
        let program = libc::sock_fprog {
            len: u16::try_from(filter.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
            filter: filter.as_ptr().cast_mut(),
        };
        // SAFETY: two system calls with pointers to memory that lives until they return.
        let done = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER,
                    &raw const program,
                ) == 0
        };
        if done {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    // SAFETY: nothing is allocated and no lock is taken between fork and exec.
    unsafe { command.pre_exec(set) };
}

fn programs() -> Vec<String> {
    let mut programs = vec![PROGRAM.to_owned()];
    let built = std::env::var_os("OOMSCENE_STATIC_COLLECTOR");
    programs.extend(built.map(|path| path.into_string().unwrap()));
    programs
}

fn run(program: &str, kernel: Option<Kernel>, args: &[&str], path: &Path) -> Reader {
    let mut command = Command::new(program);
    command.args(args).arg("-o").arg(path);
    if let Some(kernel) = kernel {
        imitate(kernel, &mut command);
    }
    let run = command.output().unwrap();
    assert!(
        matches!(run.status.code(), Some(0 | 1)),
        "{kernel:?} {program}: {run:?}"
    );
    open(path)
}

/// Items of which something was taken.
fn taken(bundle: &Reader) -> BTreeSet<String> {
    let lines = bundle.ledger.iter();
    lines
        .filter(|line| matches!(line.outcome, Outcome::Captured | Outcome::Truncated))
        .map(|line| line.item.clone())
        .collect()
}

#[test]
fn the_running_machine_is_collected_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let plain = run(PROGRAM, None, &[], &folder.path().join("plain.tar.gz"));
    for program in programs() {
        for kernel in [Kernel::Linux310, Kernel::OldWorld] {
            let path = folder.path().join(format!("{kernel:?}.tar.gz"));
            let bundle = run(&program, Some(kernel), &[], &path);
            assert_eq!((bundle.tear.as_ref(), bundle.changed.len()), (None, 0));
            let missing: Vec<_> = taken(&plain).difference(&taken(&bundle)).cloned().collect();
            assert_eq!(missing, [""; 0], "{kernel:?} {program}");
            let own: serde_json::Value =
                serde_json::from_slice(bundle.entry("scene/collector.json").unwrap()).unwrap();
            // One that met a stuck process of another test was replaced by the next.
            assert!(
                !own["readers"]["pids"].as_array().unwrap().is_empty(),
                "{own}"
            );
        }
    }
}

#[test]
fn a_copied_machine_keeps_its_links_inside() {
    let machine = Machine::new();
    machine.write("usr/lib/os-release", "NAME=Kylin\n");
    symlink("/usr/lib/os-release", machine.path("etc/os-release")).unwrap();
    symlink("/proc/self/environ", machine.path("etc/timezone")).unwrap();
    let root = machine.path("").to_str().unwrap().to_owned();
    for program in programs() {
        let bundle = run(
            &program,
            Some(Kernel::Linux310),
            &["--root", &root],
            &machine.path("x.tar.gz"),
        );
        assert_eq!(
            bundle.entry("etc/os-release").map(text).as_deref(),
            Some("NAME=Kylin\n")
        );
        let outside = bundle
            .ledger
            .iter()
            .find(|line| line.path == "etc/timezone");
        assert_eq!(outside.map(|line| line.outcome), Some(Outcome::Absent));
    }
}

/// `journalctl` cannot be started either: the files of the journal are read without it.
#[test]
fn the_journal_needs_no_process() {
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/journal/one-kill.journal.xz");
    let machine = Machine::new();
    let place = "var/log/journal/22222222222222222222222222222222/system.journal";
    machine.write(place, "");
    let out = std::fs::File::create(machine.path(place)).unwrap();
    let unpacked = Command::new("xz")
        .arg("-dc")
        .arg(fixture)
        .stdout(out)
        .status();
    if !unpacked.is_ok_and(|status| status.success()) {
        cannot_run("the journal without processes: xz is not installed");
        return;
    }
    let root = machine.path("").to_str().unwrap().to_owned();
    for program in programs() {
        let path = machine.path("x.tar.gz");
        let bundle = run(&program, Some(Kernel::Full), &["--root", &root], &path);
        let kernel = text(bundle.entry("scene/journal/kernel.txt").unwrap());
        assert!(kernel.contains("java invoked oom-killer"));
        let line = lines(&bundle, "scene/journal/kernel.txt")[0];
        assert!(
            line.reason.contains("cannot start journalctl")
                || line.reason.contains("not installed"),
            "{}",
            line.reason
        );
        assert_eq!(bundle.entry("proc/meminfo").map(<[u8]>::len), Some(28));
    }
}

/// The filters are what they claim to be.
#[test]
fn the_filters_refuse() {
    let shell = |kernel, code: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", code]);
        imitate(kernel, &mut command);
        command.output().unwrap()
    };
    let run = shell(Kernel::Linux310, "exec cat /proc/self/status");
    assert!(text(&run.stdout).contains("Seccomp:\t2"), "{run:?}");
    // A trap of the shell is a call of `rt_sigaction`.
    let run = shell(
        Kernel::OldWorld,
        "trap 'echo trapped' TERM; kill -TERM $$; echo alive",
    );
    assert!(!text(&run.stdout).contains("trapped"), "{run:?}");
}

/// With standard output closed, the bundle must not take its number.
#[test]
fn closed_standard_files_are_filled() {
    let machine = Machine::new();
    let path = machine.path("x.tar.gz");
    let shell = format!(
        "{PROGRAM} --root {} -o {} >&- 2>&- <&-",
        machine.path("").display(),
        path.display()
    );
    let run = Command::new("sh").args(["-c", &shell]).status().unwrap();
    assert!(matches!(run.code(), Some(0 | 1)), "{run}");
    assert_eq!(open(&path).tear, None);
}
