//! Reads what can block for ever through a process that can be abandoned.
//!
//! `/proc/PID/cmdline`, `maps` and their like wait for the target's memory lock, which a stuck
//! process may hold for ever; before Linux 5.3 not even SIGKILL ends that wait. A file on a dead
//! server or a FUSE program waits as long. So these reads happen in a child: when it does not answer
//! in time it is killed, left behind and replaced.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::errno::Trouble;
use super::protocol::{HEAD_BYTES, Request, What};
use crate::host::mounted::Mounted;
use crate::interrupt;
use record::{LeftBehind, Record};
use talk::{Silence, Talk};

pub mod record;
mod talk;

/// After so many unanswered reads of one item the rest of it is left out.
const UNANSWERED_MAX: u32 = 5;
/// After so many unanswered reads nothing is asked for any more: the machine is stuck as a whole.
const UNANSWERED_EVER_MAX: u32 = 20;
/// How long the reader may take to start on a machine that swaps.
const START: Duration = Duration::from_secs(5);
/// Most bytes of requests under way: less than the smallest pipe holds, so that sending never waits.
const UNDER_WAY_BYTES: usize = 3000;
/// How long a new reader may take to say what a stuck process is waiting for.
const ABOUT: Duration = Duration::from_millis(300);
/// How often starting a process is tried again after it was refused: limits of processes come and go.
const START_AGAIN: Duration = Duration::from_secs(1);

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

/// The reader process and its record; copies share both.
#[derive(Debug, Clone)]
pub struct Reader(Rc<RefCell<Inner>>);

#[derive(Debug)]
struct Inner {
    talk: Option<Talk>,
    record: Record,
    until: Instant,
    unanswered: u32,
    unanswered_ever: u32,
    dead: Option<Trouble>,
    started: Instant,
}

impl Reader {
    /// Starts the reader process for the machine below `root`; nothing waits beyond `until`. When it
    /// cannot be started, every read says so and everything else still comes.
    #[must_use]
    pub fn start(root: &Path, until: Instant) -> Self {
        let mut inner = Inner {
            talk: None,
            record: Record::new(root),
            until,
            unanswered: 0,
            unanswered_ever: 0,
            dead: None,
            started: Instant::now(),
        };
        inner.restart();
        Self(Rc::new(RefCell::new(inner)))
    }

    /// Tells which mount each path lies on: one file that hangs there speaks for the others.
    pub fn know(&self, mounted: &Mounted) {
        if let Ok(mut inner) = self.0.try_borrow_mut() {
            inner.record.mounted = mounted.clone();
        }
    }

    /// Whether there is a reader: one that started and has greeted. One that was given up for the
    /// sake of the machine counts: then its files are better left alone.
    #[must_use]
    pub fn could_start(&self) -> bool {
        match self.0.try_borrow_mut() {
            Ok(mut inner) => {
                inner.meet();
                !matches!(inner.dead, Some(Trouble::Failed(_)))
            }
            Err(_) => true,
        }
    }

    /// Process ids of all readers that were started.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.0
            .try_borrow()
            .map_or_else(|_| Vec::new(), |inner| inner.record.pids.clone())
    }

    /// Ends the reader, and tells which ones could not be ended.
    #[must_use]
    pub fn end(&self) -> Vec<LeftBehind> {
        let Ok(mut inner) = self.0.try_borrow_mut() else {
            return Vec::new();
        };
        inner.end_for_ever(Trouble::NotTried("the run had ended".to_owned()));
        inner.record.left_behind()
    }

    /// What the readers cost so far: CPU time in microseconds and the largest resident set in bytes.
    #[must_use]
    pub fn cost(&self) -> (u64, u64) {
        let Ok(inner) = self.0.try_borrow() else {
            return (0, 0);
        };
        let pid = inner.talk.as_ref().map(|talk| talk.child.id());
        inner.record.cost_with(pid)
    }

    /// Asks for one thing.
    ///
    /// # Errors
    /// Why it did not come.
    pub fn ask(&self, request: Request, patience: Duration) -> Result<Vec<u8>, Trouble> {
        let mut answer = Err(Trouble::Failed("no answer".to_owned()));
        let mut requests = std::iter::once(request);
        let done: Result<(), std::convert::Infallible> =
            self.read_each(&mut requests, patience, &mut |_, got| {
                answer = got.map(|content| content.bytes.to_vec());
                Ok(())
            });
        let Ok(()) = done;
        answer
    }

    /// Asks for `requests` and hands each answer to `each`. One answer may take at most `patience`;
    /// nothing waits beyond the deadline. Stops when `each` fails.
    ///
    /// # Errors
    /// The first error of `each`.
    pub fn read_each<E>(
        &self,
        requests: &mut dyn Iterator<Item = Request>,
        patience: Duration,
        each: &mut dyn FnMut(&str, Got<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.0.try_borrow_mut() {
            Ok(mut inner) => inner.read_each(requests, patience, each),
            // Only a callback of a read that is under way gets here.
            Err(_) => {
                for request in requests {
                    let trouble = Trouble::Failed("another read is under way".to_owned());
                    each(&request.path, Err(trouble))?;
                }
                Ok(())
            }
        }
    }
}

impl Inner {
    fn read_each<E>(
        &mut self,
        requests: &mut dyn Iterator<Item = Request>,
        patience: Duration,
        each: &mut dyn FnMut(&str, Got<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.unanswered = 0;
        self.meet();
        let mut under_way = VecDeque::new();
        loop {
            if let Some(signal) = interrupt::caught() {
                self.end_for_ever(Trouble::NotTried(signal.to_owned()));
            } else if Instant::now() >= self.until {
                self.end_for_ever(Trouble::NotTried("the deadline had passed".to_owned()));
            }
            self.refuse(&mut under_way, each)?;
            self.send_more(requests, &mut under_way, each)?;
            let Some(first) = under_way.front() else {
                return Ok(());
            };
            let began = Instant::now();
            let silence = match self.exchange(patience) {
                Ok(answer) => {
                    let done = each(&first.path, answer.got(self.talk.as_ref()));
                    answer.drop_from(self.talk.as_mut());
                    under_way.pop_front();
                    done?;
                    continue;
                }
                Err(silence) => silence,
            };
            let Some(first) = under_way.pop_front() else {
                return Ok(());
            };
            let waited = began.elapsed().as_secs_f64();
            self.replace(&first, silence);
            let trouble = match silence {
                Silence::Late => Trouble::TimedOut(format!(
                    "no answer within {waited:.1} s{}",
                    self.state_of(&first.path)
                )),
                Silence::Gone => Trouble::Failed("the reader process ended".to_owned()),
                Silence::Stopped => {
                    Trouble::NotTried(interrupt::caught().unwrap_or_default().to_owned())
                }
            };
            each(&first.path, Err(trouble))?;
            self.refuse(&mut under_way, each)?;
            self.send(&under_way);
        }
    }

    /// Starts a reader when the last start was refused, and waits for the greeting of a new one.
    fn meet(&mut self) {
        if matches!(self.dead, Some(Trouble::Failed(_))) && self.started.elapsed() > START_AGAIN {
            self.restart();
        }
        let until = (self.started + START).min(self.until);
        let silence = match &mut self.talk {
            Some(talk) => talk.wait_greeting(until).err(),
            None => None,
        };
        let reason = match silence {
            None | Some(Silence::Stopped) => return,
            Some(Silence::Gone) => "the reader process ended",
            Some(Silence::Late) => "the reader process did not start in time",
        };
        self.stop();
        self.dead = Some(Trouble::Failed(reason.to_owned()));
    }

    /// Waits for the answer to the oldest request.
    fn exchange(&mut self, patience: Duration) -> Result<Answer, Silence> {
        let until = self.until;
        let talk = self.talk.as_mut().ok_or(Silence::Gone)?;
        // After a restart; it is not the file's time.
        talk.wait_greeting((Instant::now() + START).min(until))?;
        let head = talk.wait_answer((Instant::now() + patience).min(until))?;
        Ok(Answer {
            errno: head.errno,
            cut: head.cut,
            micros: u64::from(head.micros),
            end: HEAD_BYTES + head.length as usize,
        })
    }

    /// What the neighbours of a file that does not answer say: for a process, its state and where
    /// in the kernel it waits. The new reader is asked: they may hang too.
    fn state_of(&mut self, path: &str) -> String {
        let Some((folder, _)) = path
            .rsplit_once('/')
            .filter(|(folder, _)| folder.starts_with("proc/"))
        else {
            return String::new();
        };
        let mut text = String::new();
        if let Some(stat) = self.line(&format!("{folder}/stat"))
            && let Some(state) = stat
                .rsplit_once(") ")
                .and_then(|(_, rest)| rest.chars().next())
        {
            text = format!("; the process is in state {state}");
        }
        match self.line(&format!("{folder}/wchan")) {
            Some(wchan) if wchan != "0" && !wchan.is_empty() => {
                format!("{text}, waiting in {wchan}")
            }
            _ => text,
        }
    }

    fn line(&mut self, path: &str) -> Option<String> {
        self.send(&VecDeque::from([Request::new(What::ReadFile, path, 4096)]));
        match self.exchange(ABOUT) {
            Ok(answer) => {
                let bytes = answer.got(self.talk.as_ref()).ok()?.bytes;
                let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
                answer.drop_from(self.talk.as_mut());
                Some(text)
            }
            Err(_) => {
                self.stop();
                self.restart();
                None
            }
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
        let folder = self.record.stuck_with(path)?;
        Some(Trouble::NotTried(format!(
            "left out: another file of {folder} had not answered"
        )))
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
        let mut bytes: usize = under_way.iter().map(Request::wire_bytes).sum();
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
            bytes += request.wire_bytes();
            more.push_back(request);
        }
        self.send(&more);
        under_way.append(&mut more);
        Ok(())
    }

    fn send(&mut self, requests: &VecDeque<Request>) {
        if let Some(talk) = &mut self.talk {
            talk.send(requests);
        }
    }

    /// Leaves the reader behind that hangs at `request` and starts another one.
    fn replace(&mut self, request: &Request, silence: Silence) {
        self.stop();
        if silence == Silence::Stopped {
            return;
        }
        self.unanswered += 1;
        self.unanswered_ever += 1;
        self.record.hung(request);
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
        self.started = Instant::now();
        self.dead = None;
        match Talk::start(&self.record.root) {
            Ok(talk) => {
                self.record.pids.push(talk.child.id());
                self.talk = Some(talk);
            }
            Err(error) => {
                let reason = format!("the reader process could not be started: {error}");
                self.dead = Some(Trouble::Failed(reason));
            }
        }
    }

    fn stop(&mut self) {
        if let Some(talk) = self.talk.take() {
            // A reader stuck in the kernel dies later or never: it is not waited for.
            self.record.kill(talk.child);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One answer, still in the buffer of the talk.
#[derive(Debug, Clone, Copy)]
struct Answer {
    errno: i32,
    cut: bool,
    micros: u64,
    end: usize,
}

impl Answer {
    fn got(self, talk: Option<&Talk>) -> Got<'_> {
        match self.errno {
            0 => Ok(Content {
                bytes: talk
                    .and_then(|talk| talk.buffer.get(HEAD_BYTES..self.end))
                    .unwrap_or_default(),
                cut: self.cut,
                micros: self.micros,
            }),
            errno => Err(Trouble::Errno(errno)),
        }
    }

    fn drop_from(self, talk: Option<&mut Talk>) {
        if let Some(talk) = talk {
            let end = self.end.min(talk.buffer.len());
            talk.buffer.drain(..end);
        }
    }
}
