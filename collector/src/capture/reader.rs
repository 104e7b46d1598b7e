//! Reads what can block for ever through a process that can be abandoned.
//!
//! `/proc/PID/cmdline`, `maps` and their like wait for the target's memory lock, which a stuck
//! process may hold for ever; before Linux 5.3 not even SIGKILL ends that wait. So these reads happen
//! in a child: when it does not answer in time it is killed, left behind and replaced.

use std::collections::{BTreeSet, VecDeque};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::errno::Trouble;
use super::protocol::{self, HEAD_BYTES, Request};
use super::serve;

/// After so many unanswered reads of one item the rest of it is left out.
const UNANSWERED_MAX: u32 = 5;
/// After so many unanswered reads nothing is asked for any more: the machine is stuck as a whole.
const UNANSWERED_EVER_MAX: u32 = 20;
/// How long the reader may take to start on a machine that swaps.
const START: Duration = Duration::from_secs(5);
/// Most bytes of requests under way: less than the smallest pipe holds, so that sending never waits.
const UNDER_WAY_BYTES: usize = 3000;

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
    unanswered_ever: u32,
    /// Folders of files that did not answer.
    stuck: BTreeSet<String>,
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
            unanswered_ever: 0,
            stuck: BTreeSet::new(),
            dead: None,
        };
        reader.restart();
        reader
    }

    /// Whether a process could be started at all. A reader that was given up for the sake of the
    /// machine counts: then its files are better left alone.
    #[must_use]
    pub fn could_start(&self) -> bool {
        !matches!(self.dead, Some(Trouble::Failed(_)))
    }

    /// Process id of the reader that is running now.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.talk.as_ref().map(|talk| talk.child.id())
    }

    /// Asks for `requests` and hands each answer to `each`. One answer may take at most `patience`;
    /// nothing waits beyond `until`. `state_of` tells what is known about a path whose read hung.
    /// Stops when `each` fails.
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
        self.unanswered = 0;
        let mut under_way = VecDeque::new();
        loop {
            if Instant::now() >= until {
                self.end_for_ever(Trouble::NotTried("the deadline had passed".to_owned()));
            }
            self.refuse(&mut under_way, each)?;
            self.send_more(requests, &mut under_way, each)?;
            let Some(first) = under_way.front() else {
                return Ok(());
            };
            let Some(talk) = &mut self.talk else { continue };
            let began = Instant::now();
            let answer = match talk.wait_greeting((began + START).min(until)) {
                Ok(()) => talk.wait_answer((Instant::now() + patience).min(until)),
                Err(silence) => Err(silence),
            };
            let silence = match answer {
                Ok(head) => {
                    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    let end = HEAD_BYTES + head.length as usize;
                    let bytes = talk.buffer.get(HEAD_BYTES..end).unwrap_or_default();
                    let answer = match head.errno {
                        0 => Ok(Content {
                            bytes,
                            cut: head.cut,
                            micros,
                        }),
                        errno => Err(Trouble::Errno(errno)),
                    };
                    let done = each(&first.path, answer);
                    talk.buffer.drain(..end);
                    under_way.pop_front();
                    done?;
                    continue;
                }
                Err(silence) => silence,
            };
            let trouble = match silence {
                Silence::Late => {
                    let waited = began.elapsed().as_secs_f64();
                    Trouble::TimedOut(format!(
                        "no answer within {waited:.1} s{}",
                        state_of(&first.path)
                    ))
                }
                Silence::Gone => Trouble::Failed("the reader process ended".to_owned()),
            };
            let path = first.path.clone();
            under_way.pop_front();
            each(&path, Err(trouble))?;
            self.replace(&path);
            self.refuse(&mut under_way, each)?;
            self.send(&under_way);
        }
    }

    /// Why `path` is not asked for, if so.
    fn refusal(&self, path: &str) -> Option<Trouble> {
        if self.dead.is_some() {
            return self.dead.clone();
        }
        if self.unanswered >= UNANSWERED_MAX {
            let reason = format!("left out: {UNANSWERED_MAX} files like it had not answered");
            return Some(Trouble::NotTried(reason));
        }
        let (folder, _) = path.rsplit_once('/')?;
        let reason = || format!("left out: another file of {folder} had not answered");
        self.stuck
            .contains(folder)
            .then(|| Trouble::NotTried(reason()))
    }

    /// Takes what is no longer asked for out of `under_way`.
    fn refuse<E>(
        &self,
        under_way: &mut VecDeque<Request>,
        each: &mut dyn FnMut(&str, Got<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for request in std::mem::take(under_way) {
            match self.refusal(&request.path) {
                Some(trouble) => each(&request.path, Err(trouble))?,
                None => under_way.push_back(request),
            }
        }
        Ok(())
    }

    fn send_more<E>(
        &mut self,
        requests: &mut dyn Iterator<Item = Request>,
        under_way: &mut VecDeque<Request>,
        each: &mut dyn FnMut(&str, Got<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut bytes: usize = under_way.iter().map(|r| r.path.len() + HEAD_BYTES).sum();
        // Sending is worth a system call when half of what may be under way is answered.
        if bytes > UNDER_WAY_BYTES / 2 {
            return Ok(());
        }
        let mut more = VecDeque::new();
        while bytes < UNDER_WAY_BYTES
            && let Some(request) = requests.next()
        {
            if let Some(trouble) = self.refusal(&request.path) {
                each(&request.path, Err(trouble))?;
                continue;
            }
            bytes += request.path.len() + HEAD_BYTES;
            more.push_back(request);
        }
        self.send(&more);
        under_way.append(&mut more);
        Ok(())
    }

    fn send(&mut self, requests: &VecDeque<Request>) {
        let mut wire = Vec::new();
        for request in requests {
            protocol::put_request(&mut wire, request);
        }
        if let Some(talk) = &mut self.talk {
            // A reader that is gone shows when its answer is waited for.
            let _ = talk.requests.write_all(&wire);
        }
    }

    /// Leaves the reader behind that hangs at `path` and starts another one.
    fn replace(&mut self, path: &str) {
        self.stop();
        self.unanswered += 1;
        self.unanswered_ever += 1;
        // Only the folder of one process or cgroup: /proc itself is none.
        if let Some((folder, _)) = path
            .rsplit_once('/')
            .filter(|(folder, _)| folder.contains('/'))
        {
            self.stuck.insert(folder.to_owned());
        }
        if self.unanswered_ever >= UNANSWERED_EVER_MAX {
            let reason = format!("left out: {UNANSWERED_EVER_MAX} reads had not answered");
            self.end_for_ever(Trouble::NotTried(reason));
        } else {
            self.restart();
        }
    }

    /// From here on nothing is asked for. What is under way would be taken for later answers.
    fn end_for_ever(&mut self, trouble: Trouble) {
        self.stop();
        self.dead.get_or_insert(trouble);
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
    /// Waits until the reader has started: on a machine that swaps this takes its time, and it is
    /// not the file's.
    fn wait_greeting(&mut self, until: Instant) -> Result<(), Silence> {
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
    fn wait_answer(&mut self, until: Instant) -> Result<protocol::Head, Silence> {
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
