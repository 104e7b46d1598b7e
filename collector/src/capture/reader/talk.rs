//! The reader process as seen from the collector: its pipes, its answers, its end.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::capture::protocol::{self, HEAD_BYTES, Request};
use crate::capture::serve;
use crate::interrupt;

/// A signal that comes just before a wait is noticed after this long.
const SLICE: Duration = Duration::from_millis(200);

/// One running reader process.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) child: Child,
    requests: ChildStdin,
    answers: OwnedFd,
    pub(super) buffer: Vec<u8>,
    greeted: bool,
}

/// Why an answer did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    Late,
    Gone,
    /// The operator stops the run.
    Stopped,
}

impl Talk {
    /// Starts a reader process for the machine below `root`.
    pub(super) fn start(root: &Path) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(serve::ARGUMENT)
            .arg(root)
            .arg(std::process::id().to_string())
            .env_clear();
        // Only what posix_spawn(3) can do is asked for: where a kernel refuses the signal masks that
        // this program was built with, Rust's own fork gives up.
        // Ctrl-C is for the collector, which then ends the bundle. The reader's standard error must
        // not keep the caller's terminal or ssh session open.
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(answers)) => Ok(Self {
                child,
                requests,
                answers: answers.into(),
                buffer: Vec::new(),
                greeted: false,
            }),
            _ => Err(io::Error::other("it has no pipes")),
        }
    }

    pub(super) fn send(&mut self, requests: &VecDeque<Request>) {
        let mut wire = Vec::new();
        for request in requests {
            protocol::put_request(&mut wire, request);
        }
        // A reader that is gone shows when its answer is waited for.
        let _ = self.requests.write_all(&wire);
    }

    /// Waits until the reader has started: on a machine that swaps this takes its time, and it is
    /// not the file's.
    pub(super) fn wait_greeting(&mut self, until: Instant) -> Result<(), Silence> {
        let length = serve::GREETING.len();
        while !self.greeted {
            if self.buffer.len() < length {
                self.receive(until)?;
            } else if self.buffer.starts_with(serve::GREETING) {
                self.buffer.drain(..length);
                self.greeted = true;
            } else {
                return Err(Silence::Gone);
            }
        }
        Ok(())
    }

    /// Waits until the buffer begins with a whole answer.
    pub(super) fn wait_answer(&mut self, until: Instant) -> Result<protocol::Head, Silence> {
        loop {
            if let Some(head) = protocol::head(&self.buffer)
                && self.buffer.len() >= HEAD_BYTES + head.length as usize
            {
                return Ok(head);
            }
            self.receive(until)?;
        }
    }

    fn receive(&mut self, until: Instant) -> Result<(), Silence> {
        loop {
            if interrupt::caught().is_some() {
                return Err(Silence::Stopped);
            }
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left.min(SLICE)).ok();
            let mut fds = [PollFd::new(&self.answers, PollFlags::IN)];
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) if left <= SLICE => return Err(Silence::Late),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => {
                    return match crate::host::read_once(&self.answers, &mut self.buffer) {
                        Ok(0) | Err(_) => Err(Silence::Gone),
                        Ok(_) => Ok(()),
                    };
                }
                Err(_) => return Err(Silence::Gone),
            }
        }
    }
}
