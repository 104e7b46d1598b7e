//! Ended from outside, at any moment: what was taken is readable, and what is readable is right.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use oomscene_bundle::{Line, Outcome};
use oomscene_collector::sources::all;
use rustix::process::{Pid, Signal, kill_process};

use crate::machine::{Machine, PROGRAM, lines, open, text};

const MOMENTS: usize = 100;
/// Most of a run on a small machine, but for the pause before the second look.
const RUN_MICROS: u64 = 400_000;

/// A run of the real program on `root`, ended by `signal` after `delay`.
fn ended(root: &Path, bundle: &Path, signal: Signal, delay: Duration) -> std::process::Output {
    // Under nohup, or in the background of a script, some are ignored from the start.
    let child = Command::new("env")
        .args(["--default-signal=HUP,INT,TERM", PROGRAM, "--root"])
        .arg(root)
        .arg("-o")
        .arg(bundle)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
    child.wait_with_output().unwrap()
}

/// Opens what there is at `path` or beside it; `None` when the run had not begun.
fn verify(path: &Path, delay: Duration) -> Option<bool> {
    let partial = path.with_file_name(format!("{}.partial", path.file_name()?.to_str()?));
    let is_whole = path.exists();
    let file = if is_whole { path } else { &partial };
    if fs::metadata(file).map_or(0, |metadata| metadata.len()) == 0 {
        return None;
    }
    let bundle = open(file);
    assert_eq!(bundle.changed, [""; 0], "after {delay:?}");
    assert_eq!(bundle.end.is_some(), is_whole, "after {delay:?}");
    Some(is_whole)
}

#[test]
fn killed_or_stopped_at_a_hundred_moments() {
    let machine = Machine::new();
    for pid in 100..200 {
        machine.process(pid, "worker", "worker\0--id\0");
    }
    let seed = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    let next = AtomicUsize::new(0);
    let opened = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MOMENTS {
                        return;
                    }
                    // Steps of the golden ratio spread the moments evenly, from a random start.
                    let step = (u64::from(seed) + number as u64 * 0x9e37_79b9) % (1 << 32);
                    let delay = Duration::from_micros((step * RUN_MICROS) >> 32);
                    let signal = if number.is_multiple_of(2) {
                        Signal::KILL
                    } else {
                        Signal::TERM
                    };
                    let path = machine.path(&format!("{number}.tar.gz"));
                    let output = ended(machine.folder.path(), &path, signal, delay);
                    let found = verify(&path, delay);
                    opened.fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
                    // Before the handler is there, the signal ends the program as any other.
                    if signal == Signal::TERM && output.status.code().is_some() {
                        assert_eq!(found, Some(true), "{delay:?} {}", text(&output.stderr));
                    }
                }
            });
        }
    });
    let opened = opened.into_inner();
    assert!(opened > MOMENTS / 2, "only {opened} runs had begun");
}

#[test]
fn stopped_run_says_so_and_every_item_has_an_outcome() {
    for (signal, words) in [
        (Signal::TERM, "stopped by SIGTERM"),
        (Signal::INT, "stopped by SIGINT"),
        (Signal::HUP, "stopped by SIGHUP"),
    ] {
        let machine = Machine::new();
        // The run is in the middle of a wait of half a second for each when the signal comes.
        (20..26).for_each(|pid| machine.stuck(pid));
        let path = machine.path("x.tar.gz");
        let output = ended(
            machine.folder.path(),
            &path,
            signal,
            Duration::from_millis(900),
        );
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        assert!(
            text(&output.stdout).contains(words),
            "{}",
            text(&output.stdout)
        );
        let bundle = open(&path);
        assert_eq!(bundle.end.as_ref().unwrap().stopped.as_deref(), Some(words));
        // It ended at once: those whose turn came after the signal were not waited for.
        let cmdlines = lines(&bundle, "proc/[pid]/cmdline");
        let skipped =
            |line: &&Line| line.outcome == Outcome::Skipped && line.reason.contains(words);
        assert!(
            cmdlines.iter().copied().any(|line| skipped(&line)),
            "{cmdlines:?}"
        );
        for (_, item) in all() {
            assert!(!lines(&bundle, item.path).is_empty(), "{}", item.path);
        }
    }
}

#[test]
fn ignored_hangup_stays_ignored() {
    let machine = Machine::new();
    let path = machine.path("x.tar.gz");
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(PROGRAM)
        .arg("--root")
        .arg(machine.folder.path())
        .arg("-o")
        .arg(&path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    child.wait().unwrap();
    assert_eq!(open(&path).end.unwrap().stopped, None);
}
