//! The lab: real kernels in QEMU really run out of memory, the shipped collector runs inside, the analyser judges outside.
//!
//! `cargo test --test lab` plays the short set, `cargo test --test lab -- --long` every kernel and machine; other
//! words name kernels or are parts of scenarios' names, of which any is enough; `--again` plays what was not right
//! in the last run. Packages: see the README.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test target: reads its own files, prints a table; JSON values are indexed without panic"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use crate::again::Again;
use crate::boot::Ready;
use crate::kernels::{KERNELS, Kernel, Plays};
use crate::scenario::Scenario;
use crate::table::{Row, Table};

mod again;
mod archive;
mod boot;
mod judge;
mod kernels;
mod machines;
mod programs;
mod scenario;
mod shell;
mod table;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match lab(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the lab could not run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where things lie.
struct Folders {
    /// Cargo's target folder.
    target: PathBuf,
    /// Downloads.
    cache: PathBuf,
    /// What the guests leave, and the table.
    work: PathBuf,
}

/// What the words of the command line ask for.
struct Wanted<'a> {
    long: bool,
    again: Option<Again>,
    kernels: Vec<&'a str>,
    parts_of_names: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(words: &'a [String], work: &Path) -> Result<Self, String> {
        let plain = words.iter().map(String::as_str);
        let (kernels, parts_of_names) = plain
            .filter(|word| !word.starts_with('-'))
            .partition(|word| KERNELS.iter().any(|kernel| kernel.id == *word));
        let asked = |option: &str| words.iter().any(|word| word == option);
        Ok(Self {
            long: asked("--long"),
            again: asked("--again")
                .then(|| Again::of_last_run(work))
                .transpose()?,
            kernels,
            parts_of_names,
        })
    }

    /// A kernel or scenario that is named is played whether it is in the short set or not.
    fn takes(&self, kernel: &Kernel, scenario: &Scenario) -> bool {
        if let Some(again) = &self.again {
            return again.has(&scenario.name, kernel.id);
        }
        let on = if self.kernels.is_empty() {
            self.long || kernel.plays == Plays::Always
        } else {
            self.kernels.contains(&kernel.id)
        };
        let mut parts = self.parts_of_names.iter();
        let named = parts.len() == 0 || parts.any(|part| scenario.name.contains(part));
        let in_set = self.long || !scenario.long || !self.parts_of_names.is_empty();
        on && named && in_set && kernel.takes(scenario)
    }
}

/// One guest to play.
struct Job<'a> {
    ready: &'a Ready,
    scenario: &'a Scenario,
}

fn lab(words: &[String]) -> Result<bool, String> {
    for program in ["cpio", "xz", "apt-get", "dpkg"] {
        if !shell::has(program) {
            return Err(format!(
                "{program} is missing: apt-get install cpio xz-utils (and this must be a Debian)"
            ));
        }
    }
    let target = target_folder();
    let (cache, work) = (target.join("lab-cache"), target.join("lab"));
    std::fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let folders = Folders {
        target,
        cache,
        work,
    };
    let wanted = Wanted::read(words, &folders.work)?;
    Again::forget(&folders.work)?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    let scenarios = scenario::all(&tests.join("lab/scenarios"))?;
    let began = Instant::now();
    let mut table = Table::begin(&folders.work);
    let mut kernels = Vec::new();
    for kernel in KERNELS {
        let here: Vec<&Scenario> = scenarios
            .iter()
            .filter(|scenario| wanted.takes(kernel, scenario))
            .collect();
        if here.is_empty() {
            continue;
        }
        match Ready::prepare(*kernel, &folders.target, &folders.cache, &folders.work) {
            Ok(ready) => kernels.push((ready, here)),
            Err(error) => table.cannot(kernel.id, &here, &error),
        }
    }
    for (ready, _) in &kernels {
        table.kernel(ready.fetched.kernel.id, &ready.fetched.uname)?;
    }
    let jobs: Vec<Job<'_>> = kernels
        .iter()
        .flat_map(|(ready, here)| here.iter().map(move |scenario| Job { ready, scenario }))
        .collect();
    play_all(&jobs, &folders, &mut table)?;
    table.end(began.elapsed())
}

/// Plays on as many threads as there are processors; rows come in the order of the jobs.
fn play_all(jobs: &[Job<'_>], folders: &Folders, table: &mut Table) -> Result<(), String> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // More guests than processors only where somebody wants a larger share of a busy machine.
    let workers = std::env::var("LAB_WORKERS")
        .ok()
        .and_then(|n| n.parse().ok());
    let workers: usize = workers.unwrap_or(processors);
    let next = Mutex::new(jobs.iter().enumerate());
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || work(next, folders, &sender));
        }
        drop(sender);
        let mut early = std::collections::BTreeMap::new();
        let mut wanted = 0;
        for (index, row) in receiver {
            early.insert(index, row);
            while let Some(row) = early.remove(&wanted) {
                table.add(&row)?;
                wanted += 1;
            }
        }
        Ok(())
    })
}

/// One worker: takes jobs until there are none.
fn work<'a>(
    next: &Mutex<impl Iterator<Item = (usize, &'a Job<'a>)>>,
    folders: &Folders,
    sender: &Sender<(usize, Row)>,
) {
    loop {
        // A poisoned lock means that another worker panicked; the scope then panics too.
        let Ok(job) = next.lock().map(|mut jobs| jobs.next()) else {
            return;
        };
        let Some((index, job)) = job else { return };
        if sender.send((index, one(job, folders))).is_err() {
            return;
        }
    }
}

/// Plays and judges one.
fn one(job: &Job<'_>, folders: &Folders) -> Row {
    let Job { ready, scenario } = job;
    let analyzer = Path::new(env!("CARGO_BIN_EXE_oomscene-analyze"));
    let judged = packages(job, &folders.cache)
        .and_then(|extra| boot::play(scenario, ready, extra.as_deref(), &folders.work))
        .and_then(|left| Ok((judge::judge(scenario, &left, analyzer)?, left)));
    Row {
        scenario: scenario.name.clone(),
        kernel: ready.fetched.kernel.id.to_owned(),
        about: scenario.about.clone(),
        end: judged,
    }
}

/// Programs of Debian packages that the scenario wants, as a folder to add to the guest.
fn packages(job: &Job<'_>, cache: &Path) -> Result<Option<PathBuf>, String> {
    let Job { ready, scenario } = job;
    if scenario.packages.is_empty() {
        return Ok(None);
    }
    let archive = archive::Archive::open(cache, "bookworm", ready.fetched.machine.debian)?;
    let root = cache.join("extra").join(ready.fetched.kernel.id);
    for package in &scenario.packages {
        let folder = root.join(&scenario.name).join("packages").join(package);
        archive.unpack(package, &folder)?;
    }
    Ok(Some(root))
}

/// Cargo's target folder, from where this test itself lies.
fn target_folder() -> PathBuf {
    let own = Path::new(env!("CARGO_BIN_EXE_oomscene-analyze"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}
