//! What is known about the readers: which files hung, which processes had to be left behind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::capture::protocol::{Request, What};
use crate::footprint;
use crate::host::mounted::{Distance, Mounted};

/// How long the end of killed readers is waited for at the end of the run.
const LAST_WAIT: Duration = Duration::from_millis(200);

/// A reader that did not die.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// Its process id.
    pub pid: u32,
    /// The file that it hangs at.
    pub path: String,
    /// Its state letter, and where in the kernel it waits.
    pub state: String,
}

/// The record of all readers of one run.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) root: PathBuf,
    pub(super) mounted: Mounted,
    pub(super) pids: Vec<u32>,
    cpu_micros: u64,
    peak_rss_bytes: u64,
    /// Folders and mounts of files that did not answer.
    stuck: BTreeSet<String>,
    killed: Vec<(Child, String)>,
}

impl Record {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            mounted: Mounted::default(),
            pids: Vec::new(),
            cpu_micros: 0,
            peak_rss_bytes: 0,
            stuck: BTreeSet::new(),
            killed: Vec::new(),
        }
    }

    /// Notes that `request` hung, and what shares its fate: the mount of a server that may be gone,
    /// else the folder of one process, cgroup or log.
    pub(super) fn hung(&mut self, request: &Request) {
        let path = request.path.as_str();
        if let Some((_, at)) = self.killed.last_mut() {
            path.clone_into(at);
        }
        let (point, distance) = self.mounted.of(path);
        if distance == Distance::Foreign && !point.is_empty() {
            self.stuck.insert(point.to_owned());
            return;
        }
        let folder = match request.what {
            What::Names | What::Folders | What::Space => Some(path),
            _ => path.rsplit_once('/').map(|(folder, _)| folder),
        };
        // /proc or /etc as a whole is not given up for one file.
        if let Some(folder) = folder.filter(|folder| folder.contains('/')) {
            self.stuck.insert(folder.to_owned());
        }
    }

    /// The folder or mount that makes `path` hopeless.
    pub(super) fn stuck_with(&self, path: &str) -> Option<&str> {
        let holds = |folder: &&String| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.stuck.iter().find(holds).map(String::as_str)
    }

    /// CPU time and largest resident set of all readers, with the one that is running now.
    pub(super) fn cost_with(&self, running: Option<u32>) -> (u64, u64) {
        let cpu_micros = running.map_or(0, footprint::cpu_micros_of);
        let peak = running.and_then(footprint::peak_rss_bytes_of).unwrap_or(0);
        (self.cpu_micros + cpu_micros, self.peak_rss_bytes.max(peak))
    }

    /// Kills `child` without waiting for its end.
    pub(super) fn kill(&mut self, mut child: Child) {
        (self.cpu_micros, self.peak_rss_bytes) = self.cost_with(Some(child.id()));
        let _ = child.kill();
        if !matches!(child.try_wait(), Ok(Some(_))) {
            self.killed.push((child, String::new()));
        }
    }

    /// The killed ones that are still there.
    pub(super) fn left_behind(&mut self) -> Vec<LeftBehind> {
        let until = Instant::now() + LAST_WAIT;
        loop {
            self.killed
                .retain_mut(|(child, _)| !matches!(child.try_wait(), Ok(Some(_))));
            if self.killed.is_empty() || Instant::now() >= until {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let left = self.killed.iter().map(|(child, path)| LeftBehind {
            pid: child.id(),
            path: path.clone(),
            state: footprint::state_of(child.id()),
        });
        left.collect()
    }
}
