//! The last bytes of a command's standard output, with a deadline.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oomscene_bundle::{Error, Line, Outcome};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::sink::Sink;
use super::{errno, stamp};
use crate::host::read_once;
use crate::interrupt;
use crate::item::Item;
use crate::visit::Visit;

pub mod through;

/// Most bytes kept of standard error.
const COMPLAINT_BYTES: usize = 4096;

/// A signal that comes just before a wait is noticed after this long.
const SLICE: Duration = Duration::from_millis(200);

/// Complaints that say more than an exit status, as the common tools write them in the C locale.
const COMPLAINTS: &[(&str, Outcome)] = &[
    ("not seeing messages from other users", Outcome::Denied),
    ("insufficient permissions", Outcome::Denied),
    ("Operation not permitted", Outcome::Denied),
    ("Permission denied", Outcome::Denied),
    ("no persistent journal", Outcome::Absent),
    ("No journal files were", Outcome::Absent),
    ("No journal files found", Outcome::Absent),
    ("No journal boot entry", Outcome::Absent),
    ("not available", Outcome::Absent),
    ("no such boot", Outcome::Absent),
];

/// Takes output piece by piece.
type Piece<'e> = &'e mut dyn FnMut(&[u8]);

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Last bytes of its standard output, whole lines.
    pub output: Vec<u8>,
    /// Bytes that came before those.
    pub dropped: usize,
    /// Outcome without a look at the bytes.
    pub outcome: Outcome,
    /// Why, when it is not a plain capture.
    pub reason: String,
}

/// Takes the first of `tries` that works.
///
/// # Errors
/// Only those of `sink`.
pub fn take(
    item: &Item,
    tries: &[&[&str]],
    visit: &mut Visit,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let began = Instant::now();
    let mut last = None;
    for argv in tries {
        let ran = run(argv, item.patience.min(visit.left()), item.bytes_max);
        let settled = ran.outcome != Outcome::Failed;
        last = Some(ran);
        if settled {
            break;
        }
    }
    let Some(ran) = last else { return Ok(()) };
    let mut line = Line {
        reason: ran.reason,
        ..Line::new(item.path, item.path, ran.outcome)
    };
    line.micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    line.covers = stamp::span(&ran.output);
    if ran.outcome == Outcome::Absent {
        sink.note(line);
        return Ok(());
    }
    if !ran.output.is_empty() && ran.outcome != Outcome::Captured {
        // What came before the trouble is evidence; the reason says that it is not all.
        line.outcome = Outcome::Truncated;
        if ran.outcome == Outcome::Denied {
            item.remedy.clone_into(&mut line.remedy);
        }
    }
    super::finish(item, sink, line, &ran.output)
}

/// Runs `argv` for at most `patience` and keeps the last `bytes_max` bytes of its output.
#[must_use]
pub fn run(argv: &[&str], patience: Duration, bytes_max: usize) -> Ran {
    start(argv, patience, bytes_max, None)
}

/// Runs `argv` for at most `patience` and hands its output to `each` as it comes.
pub fn stream(argv: &[&str], patience: Duration, each: &mut dyn FnMut(&[u8])) -> Ran {
    start(argv, patience, usize::MAX, Some(each))
}

fn start(argv: &[&str], patience: Duration, bytes_max: usize, each: Option<Piece<'_>>) -> Ran {
    let failed = |outcome, reason| Ran {
        output: Vec::new(),
        dropped: 0,
        outcome,
        reason,
    };
    let Some((program, arguments)) = argv.split_first() else {
        return failed(Outcome::Failed, "no command".to_owned());
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .env("TZ", ":/etc/localtime")
        .env("SYSTEMD_COLORS", "0");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return failed(Outcome::Absent, format!("{program} is not installed"));
        }
        Err(error) => {
            let errno = error
                .raw_os_error()
                .map_or(Errno::IO, Errno::from_raw_os_error);
            return failed(
                Outcome::Failed,
                format!("cannot start {program}: {}", errno::words(errno)),
            );
        }
    };
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return failed(Outcome::Failed, format!("{program} has no output"));
    };
    let until = Instant::now() + patience;
    let mut output = Kept::new(stdout.into(), bytes_max, each);
    let mut complaint = Kept::new(stderr.into(), COMPLAINT_BYTES, None);
    let in_time = drain(&mut output, &mut complaint, until);
    if !in_time {
        let _ = child.kill();
    }
    let status = wait(&mut child, until);
    let complaint = String::from_utf8_lossy(&complaint.bytes).into_owned();
    let (outcome, reason) = judge(
        in_time.then_some(status).flatten(),
        &complaint,
        &output,
        patience,
    );
    let dropped = output.dropped;
    Ran {
        output: output.bytes,
        dropped,
        outcome,
        reason,
    }
}

fn judge(
    code: Option<i32>,
    complaint: &str,
    output: &Kept<'_>,
    patience: Duration,
) -> (Outcome, String) {
    let first = complaint
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let Some(code) = code else {
        return (
            Outcome::TimedOut,
            format!("stopped after {} s", patience.as_secs()),
        );
    };
    if let Some((_, outcome)) = COMPLAINTS
        .iter()
        .find(|(phrase, _)| complaint.contains(phrase))
    {
        return (*outcome, first);
    }
    match (code, output.dropped) {
        (0, 0) => (Outcome::Captured, String::new()),
        (0, dropped) => (
            Outcome::Truncated,
            format!("the last bytes; {dropped} before them were left out"),
        ),
        (code, _) => (Outcome::Failed, format!("exit status {code}: {first}")),
    }
}

/// Reads both pipes to their ends; false when `until` came first.
fn drain<'e>(output: &mut Kept<'e>, complaint: &mut Kept<'e>, until: Instant) -> bool {
    while output.open || complaint.open {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || interrupt::caught().is_some() {
            return false;
        }
        let timeout = Timespec::try_from(left.min(SLICE)).ok();
        let mut kept: Vec<&mut Kept<'e>> = [&mut *output, &mut *complaint]
            .into_iter()
            .filter(|k| k.open)
            .collect();
        let mut fds: Vec<PollFd<'_>> = kept
            .iter()
            .map(|k| PollFd::new(&k.pipe, PollFlags::IN))
            .collect();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return false,
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        for (kept, _) in kept.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            kept.take();
        }
    }
    true
}

/// Exit code, once the command is done; `None` when it is still there or was killed.
fn wait(child: &mut Child, until: Instant) -> Option<i32> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.code(),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
            // A command stuck in the kernel is left behind.
            Ok(None) | Err(_) => {
                let _ = child.kill();
                return None;
            }
        }
    }
}

/// The last bytes of a pipe, or none of them when somebody else takes them.
struct Kept<'e> {
    pipe: OwnedFd,
    bytes: Vec<u8>,
    bytes_max: usize,
    dropped: usize,
    open: bool,
    each: Option<Piece<'e>>,
}

impl<'e> Kept<'e> {
    fn new(pipe: OwnedFd, bytes_max: usize, each: Option<Piece<'e>>) -> Self {
        Self {
            pipe,
            bytes: Vec::new(),
            bytes_max,
            dropped: 0,
            open: true,
            each,
        }
    }

    fn take(&mut self) {
        self.open = matches!(read_once(&self.pipe, &mut self.bytes), Ok(got) if got > 0);
        if let Some(each) = &mut self.each {
            each(&self.bytes);
            self.bytes.clear();
            return;
        }
        // A quarter is dropped at a time, so that a long output is moved seldom.
        let slack = self.bytes_max / 4;
        if self.bytes.len() > self.bytes_max {
            let over = (self.bytes.len() - self.bytes_max + slack).min(self.bytes.len());
            let rest = self.bytes.get(over..).unwrap_or_default();
            let line = rest.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
            self.dropped += over + line;
            self.bytes.drain(..over + line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[test]
    fn last_lines_are_kept() {
        let ran = run(&["seq", "1", "2000"], PATIENCE, 1000);
        assert_eq!(ran.outcome, Outcome::Truncated);
        assert!(ran.output.ends_with(b"1999\n2000\n"));
        assert!(ran.output.len() <= 1000);
        assert_eq!(ran.output.len() + ran.dropped, 8893);
    }

    #[test]
    fn slow_command_is_stopped() {
        let ran = run(
            &["sh", "-c", "echo before; sleep 30"],
            Duration::from_millis(300),
            1000,
        );
        assert_eq!(ran.outcome, Outcome::TimedOut);
        assert_eq!(ran.output, b"before\n");
    }

    #[test]
    fn missing_and_complaining_commands() {
        assert_eq!(
            run(&["oomscene-no-such-command"], PATIENCE, 10).outcome,
            Outcome::Absent
        );
        let ran = run(
            &["sh", "-c", "echo 'No journal files were found.' >&2"],
            PATIENCE,
            10,
        );
        assert_eq!(ran.outcome, Outcome::Absent);
        let ran = run(&["sh", "-c", "echo broken >&2; exit 3"], PATIENCE, 10);
        assert_eq!(
            (ran.outcome, ran.reason.as_str()),
            (Outcome::Failed, "exit status 3: broken")
        );
    }
}
