//! One visit to one machine: the door, the reader process, the time left, what was learnt so far.

use std::time::{Duration, Instant};

use crate::capture::reader::Reader;
use crate::capture::stall::Stall;
use crate::host::Host;
use crate::interrupt;
use crate::plan::Depth;

/// What the items of one collection share.
#[derive(Debug)]
pub struct Visit {
    /// The machine.
    pub host: Host,
    /// The process that reads what can block.
    pub reader: Reader,
    /// How much is taken.
    pub depth: Depth,
    /// When everything must be done.
    pub until: Instant,
    /// The deadline as the operator gave it.
    pub deadline: Duration,
    /// Logs from before this time are not wanted (seconds since 1970, UTC).
    pub since: Option<i64>,
    /// What is known about the processes.
    pub census: Census,
    /// The time that may be taken from other processes.
    pub stall: Stall,
}

impl Visit {
    /// Starts a visit; the reader process is started here, before anything else needs memory.
    #[must_use]
    pub fn start(mut host: Host, depth: Depth, deadline: Duration) -> Self {
        let until = Instant::now() + deadline;
        let reader = Reader::start(host.root(), until);
        host.send(reader.clone());
        Self {
            host,
            reader,
            depth,
            until,
            deadline,
            since: None,
            census: Census::default(),
            stall: Stall::new(depth == Depth::Deep),
        }
    }

    /// Time left before the deadline.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Why nothing more is taken, once the deadline has passed or a signal came.
    #[must_use]
    pub fn over(&self) -> Option<String> {
        if let Some(signal) = interrupt::caught() {
            return Some(signal.to_owned());
        }
        let seconds = self.deadline.as_secs_f64();
        self.left()
            .is_zero()
            .then(|| format!("the deadline of {seconds} s had passed"))
    }
}

/// One process as `/proc/PID/stat` and `/proc/PID/oom_score` tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// State letter.
    pub state: char,
    /// Resident set in pages.
    pub rss_pages: u64,
    /// Virtual size in bytes.
    pub virtual_bytes: u64,
    /// Whether it is a kernel thread.
    pub kernel_thread: bool,
    /// `/proc/PID/oom_score`.
    pub oom_score: i64,
}

/// A process chosen for a closer look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The process.
    pub process: Process,
    /// Why it was chosen, for example `rss 3`.
    pub why: Vec<String>,
}

/// What the packed process files told while they were read.
#[derive(Debug, Default)]
pub struct Census {
    /// Process ids, listed once so that every packed file covers the same processes.
    pub pids: Option<Vec<u32>>,
    /// How many processes there were beyond the limit.
    pub pids_left_out: usize,
    /// All processes in the order of their ids.
    pub processes: Vec<Process>,
    /// The chosen ones.
    pub chosen: Vec<Chosen>,
}
