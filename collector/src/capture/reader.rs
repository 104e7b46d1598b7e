//! Reads what can block for ever through a process that can be abandoned.
//!
//! `/proc/PID/cmdline`, `maps` and their like wait for the target's memory lock, which a stuck
//! process may hold for ever; before Linux 5.3 not even SIGKILL ends that wait. So these reads happen
//! in a child: when it does not answer in time it is killed, left behind and replaced.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::errno::Trouble;
use super::protocol::{self, HEAD_BYTES, Request};
use super::serve;

/// After so many unanswered reads the rest is left out: the machine is stuck as a whole.
const UNANSWERED_MAX: u32 = 5;
/// How long the reader may take to start on a machine that swaps.
const START: Duration = Duration::from_secs(5);
/// Most bytes of requests under way: less than the smallest pipe holds, so that sending never waits.
const UNDER_WAY_BYTES: usize = 3500;

/// What a read gave.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether the file had more.
    pub cut: bool,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// What a read gave, or why it gave nothing.
pub type Got<'a> = Result<Content<'a>, Trouble>;

/// The reader process and its record.
#[derive(Debug)]
pub struct Reader {
    root: PathBuf,
    talk: Option<Talk>,
    unanswered: u32,
    dead: Option<Trouble>,
}

#[derive(Debug)]
struct Talk {
    child: Child,
    requests: ChildStdin,
    answers: std::os::fd::OwnedFd,
    buffer: Vec<u8>,
    greeted: bool,
}

/// Why an answer did not come.
enum Silence {
    Late,
    Gone,
}

impl Reader {
    /// Starts the reader process for the machine below `root`. When it cannot be started, every read
    /// says so and everything else still comes.
    #[must_use]
    pub fn start(root: &Path) -> Self {
        let mut reader = Self {
            root: root.to_owned(),
            talk: None,
            unanswered: 0,
            dead: None,
        };
        reader.restart();
        reader
    }

    /// Process id of the reader that is running now.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.talk.as_ref().map(|talk| talk.child.id())
    }

    /// Asks for `requests` and hands each answer to `each`, in order. One answer may take at most
    /// `patience`; nothing waits beyond `until`. `state_of` tells what is known about a path whose
    /// read hung. Stops when `each` fails.
    ///
    /// # Errors
    /// The first error of `each`.
    pub fn read_each<E>(
        &mut self,
        requests: &mut dyn Iterator<Item = Request>,
        patience: Duration,
        until: Instant,
        state_of: &dyn Fn(&str) -> String,
        each: &mut dyn FnMut(&str, Got<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut under_way: VecDeque<Request> = VecDeque::new();
        loop {
            self.send_more(requests, &mut under_way);
            let Some(first) = under_way.front() else {
                return Ok(());
            };
            if let Some(dead) = &self.dead {
                each(&first.path, Err(dead.clone()))?;
                under_way.pop_front();
                continue;
            }
            let began = Instant::now();
            let Some(talk) = &mut self.talk else {
                return Ok(());
            };
            let patience_now = if talk.greeted {
                patience
            } else {
                patience + START
            };
            match talk.wait_answer((began + patience_now).min(until)) {
                Ok(head) => {
                    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    let end = HEAD_BYTES + head.length as usize;
                    let answer = if head.errno == 0 {
                        let bytes = talk.buffer.get(HEAD_BYTES..end).unwrap_or_default();
                        Ok(Content {
                            bytes,
                            cut: head.cut,
                            micros,
                        })
                    } else {
                        Err(Trouble::Errno(head.errno))
                    };
                    let done = each(&first.path, answer);
                    talk.buffer.drain(..end);
                    done?;
                }
                Err(silence) => {
                    let trouble = match silence {
                        Silence::Late => {
                            let waited = began.elapsed().as_secs_f64();
                            let state = state_of(&first.path);
                            Trouble::TimedOut(format!("no answer within {waited:.1} s{state}"))
                        }
                        Silence::Gone => Trouble::Failed("the reader process ended".to_owned()),
                    };
                    each(&first.path, Err(trouble))?;
                    self.replace();
                    under_way.pop_front();
                    self.send_again(&under_way);
                    continue;
                }
            }
            under_way.pop_front();
        }
    }

    fn send_more(
        &mut self,
        requests: &mut dyn Iterator<Item = Request>,
        under_way: &mut VecDeque<Request>,
    ) {
        let mut bytes: usize = under_way.iter().map(|r| r.path.len() + HEAD_BYTES).sum();
        let mut wire = Vec::new();
        while bytes < UNDER_WAY_BYTES / 2 || under_way.is_empty() {
            let Some(request) = requests.next() else {
                break;
            };
            bytes += request.path.len() + HEAD_BYTES;
            protocol::put_request(&mut wire, &request);
            under_way.push_back(request);
        }
        self.send(&wire);
    }

    fn send_again(&mut self, under_way: &VecDeque<Request>) {
        let mut wire = Vec::new();
        for request in under_way {
            protocol::put_request(&mut wire, request);
        }
        self.send(&wire);
    }

    fn send(&mut self, wire: &[u8]) {
        if let Some(talk) = &mut self.talk {
            // A reader that is gone shows when its answer is waited for.
            let _ = talk.requests.write_all(wire);
        }
    }

    fn replace(&mut self) {
        self.stop();
        self.unanswered += 1;
        if self.unanswered >= UNANSWERED_MAX {
            let reason = format!("left out: {UNANSWERED_MAX} reads of this kind had not answered");
            self.dead = Some(Trouble::NotTried(reason));
        } else {
            self.restart();
        }
    }

    fn restart(&mut self) {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(serve::ARGUMENT)
            .arg(&self.root)
            .env_clear()
            .current_dir("/");
        // Its standard error must not keep the caller's terminal or ssh session open.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        match command.spawn() {
            Ok(mut child) => {
                if let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) {
                    let answers = answers.into();
                    self.talk = Some(Talk {
                        child,
                        requests,
                        answers,
                        buffer: Vec::new(),
                        greeted: false,
                    });
                }
            }
            Err(error) => {
                let reason = format!("the reader process could not be started: {error}");
                self.dead = Some(Trouble::Failed(reason));
            }
        }
    }

    fn stop(&mut self) {
        if let Some(mut talk) = self.talk.take() {
            // A reader stuck in the kernel dies later or never: it is not waited for.
            let _ = talk.child.kill();
            let _ = talk.child.try_wait();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Talk {
    /// Waits until the buffer begins with a whole answer.
    fn wait_answer(&mut self, until: Instant) -> Result<protocol::Head, Silence> {
        while !self.greeted {
            let length = serve::GREETING.len();
            if self.buffer.len() < length {
                self.receive(until)?;
            } else if self.buffer.starts_with(serve::GREETING) {
                self.buffer.drain(..length);
                self.greeted = true;
            } else {
                return Err(Silence::Gone);
            }
        }
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
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        let mut fds = [PollFd::new(&self.answers, PollFlags::IN)];
        match rustix::io::retry_on_intr(|| poll(&mut fds, timeout.as_ref())) {
            Ok(0) => Err(Silence::Late),
            Ok(_) => match crate::host::read_once(&self.answers, &mut self.buffer) {
                Ok(0) | Err(_) => Err(Silence::Gone),
                Ok(_) => Ok(()),
            },
            Err(_) => Err(Silence::Gone),
        }
    }
}
