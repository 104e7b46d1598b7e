//! A stream through a program: what is read of it is what the program makes of another stream. The
//! program is left behind when it does not answer.

use std::io::{self, Read};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::SLICE;
use crate::interrupt;

/// Bytes handed to the program at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Most bytes of a complaint.
const COMPLAINT_BYTES: usize = 512;
/// How long a program may neither take nor give anything.
const SILENT: Duration = Duration::from_secs(10);
/// How long a program may take to end after its output has ended.
const END: Duration = Duration::from_millis(500);

/// The output of a running program.
pub struct Through<R> {
    name: String,
    child: Child,
    source: R,
    /// `None` once the source has ended.
    input: Option<OwnedFd>,
    output: OwnedFd,
    piece: Vec<u8>,
    given: usize,
    until: Instant,
    /// When it last took or gave something.
    moved: Instant,
}

impl<R: Read> Through<R> {
    /// Starts `argv` with `source` as its standard input. No read waits beyond `until`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(argv: &[&str], source: R, until: Instant) -> io::Result<Self> {
        let (program, arguments) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            .args(arguments)
            .env("LC_ALL", "C")
            // Options that the operator's shell has for it.
            .env_remove("XZ_OPT")
            .env_remove("XZ_DEFAULTS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let input: OwnedFd = input.into();
        rustix::fs::fcntl_setfl(&input, OFlags::NONBLOCK)?;
        Ok(Self {
            name: (*program).to_owned(),
            child,
            source,
            input: Some(input),
            output: output.into(),
            piece: Vec::new(),
            given: 0,
            until,
            moved: Instant::now(),
        })
    }

    /// Waits until there is output, giving input meanwhile.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            let until = self.until.min(self.moved + SILENT);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || interrupt::caught().is_some() {
                let words = format!("{} was stopped", self.name);
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            let timeout = Timespec::try_from(left.min(SLICE)).ok();
            let mut fds = vec![PollFd::new(&self.output, PollFlags::IN)];
            if let Some(input) = &self.input {
                fds.push(PollFd::new(input, PollFlags::OUT));
            }
            match poll(&mut fds, timeout.as_ref()) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            drop(fds);
            if ready.get(1) == Some(&true) {
                self.give()?;
            }
            if ready.first() == Some(&true) {
                return Ok(());
            }
        }
    }

    /// Gives the program what its pipe takes now.
    fn give(&mut self) -> io::Result<()> {
        if self.given == self.piece.len() {
            self.given = 0;
            self.piece.resize(PIECE_BYTES, 0);
            let got = match self.source.read(&mut self.piece) {
                Ok(got) => got,
                Err(error) => {
                    self.piece.clear();
                    return Err(error);
                }
            };
            self.piece.truncate(got);
            if got == 0 {
                self.input = None;
            }
        }
        let Some(input) = &self.input else {
            return Ok(());
        };
        match rustix::io::write(
            input.as_fd(),
            self.piece.get(self.given..).unwrap_or_default(),
        ) {
            Ok(count) => {
                self.given += count;
                self.moved = Instant::now();
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // It has read enough, or has ended: its output tells.
            Err(Errno::PIPE) => self.input = None,
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// What the program says of itself once its output has ended.
    fn judge(&mut self) -> io::Result<usize> {
        let until = Instant::now() + END;
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
                None => return Err(io::Error::other(format!("{} does not end", self.name))),
            }
        };
        if status.success() {
            return Ok(0);
        }
        let mut complaint = vec![0; COMPLAINT_BYTES];
        let said = self
            .child
            .stderr
            .as_mut()
            .map(|pipe| pipe.read(&mut complaint));
        complaint.truncate(said.and_then(Result::ok).unwrap_or(0));
        let complaint = String::from_utf8_lossy(&complaint);
        let first = complaint.lines().next().unwrap_or_default();
        Err(io::Error::other(format!(
            "{}: {status}: {first}",
            self.name
        )))
    }
}

impl<R: Read> Read for Through<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            // Between two reads the caller may have been busy.
            self.moved = Instant::now();
            self.wait()?;
            match rustix::io::read(&self.output, &mut *out) {
                Ok(0) => return self.judge(),
                Ok(got) => return Ok(got),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl<R> Drop for Through<R> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // One that is stuck in the kernel is left behind.
        let _ = self.child.try_wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn everything_comes_through() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut through = Through::start(&["cat"], bytes.as_slice(), soon()).unwrap();
        let mut out = Vec::new();
        through.read_to_end(&mut out).unwrap();
        assert!(out == bytes);
    }

    #[test]
    fn failures_are_told() {
        let start = |argv: &[&str]| Through::start(argv, b"x".as_slice(), soon());
        let missing = start(&["oomscene-no-such-program"]);
        assert_eq!(
            missing.err().map(|e| e.kind()),
            Some(io::ErrorKind::NotFound)
        );
        let mut out = Vec::new();
        let ended = start(&["sh", "-c", "echo a; echo why >&2; exit 3"])
            .unwrap()
            .read_to_end(&mut out);
        let words = ended.unwrap_err().to_string();
        assert!(words.contains("exit status: 3: why"), "{words}");
        assert_eq!(out, b"a\n");
    }

    #[test]
    fn a_program_that_does_not_answer_is_left() {
        let until = Instant::now() + Duration::from_millis(300);
        let mut through = Through::start(&["sleep", "30"], b"x".as_slice(), until).unwrap();
        let mut out = Vec::new();
        let error = through.read_to_end(&mut out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
