//! The table of verdicts and costs: printed row by row, and kept as Markdown.
//!
//! Each row lies in a file of its own, so that a run of a few guests renews their rows and keeps the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::again::Again;
use crate::archive::files;
use crate::boot::Left;
use crate::judge::Judged;
use crate::kernels::KERNELS;
use crate::scenario::Scenario;

/// One guest that was played.
#[derive(Debug)]
pub(crate) struct Row {
    /// Name of the scenario.
    pub scenario: String,
    /// Kernel's name in the table of kernels.
    pub kernel: String,
    /// What the scenario is, for who sees it fail.
    pub about: String,
    /// What came of it.
    pub end: Result<(Judged, Left), String>,
}

impl Row {
    fn right(&self) -> bool {
        self.end
            .as_ref()
            .is_ok_and(|(judged, _)| judged.wrong.is_empty())
    }

    /// The row in Markdown.
    fn markdown(&self) -> String {
        let name = format!("| {} | {} |", self.scenario, self.kernel);
        match &self.end {
            Err(error) => {
                let first = error.lines().next().unwrap_or_default();
                format!("{name} failed: {first} | WRONG | | | | |\n")
            }
            Ok((judged, left)) => format!(
                "{name} {} | {} | {:.1} | {} | {:.1} | {} |\n",
                judged.root,
                if self.right() { "right" } else { "WRONG" },
                left.seconds,
                judged.bundle_bytes.div_ceil(1024),
                Duration::from_millis(judged.wall_milliseconds).as_secs_f64(),
                judged.peak_rss_kib
            ),
        }
    }

    /// The row as it is printed; of one that is not right also what is wrong.
    fn text(&self) -> String {
        let name = format!("{:<28} {:<11}", self.scenario, self.kernel);
        let (judged, left) = match &self.end {
            Ok(both) => both,
            Err(error) => return format!("{name} FAILED: {error}"),
        };
        let mut text = format!(
            "{name} {:>6.1} {:>9} {:>8} {:>9}  {}: {}",
            left.seconds,
            judged.bundle_bytes,
            judged.wall_milliseconds,
            judged.peak_rss_kib,
            if self.right() { "right" } else { "WRONG" },
            judged.root
        );
        for wrong in &judged.wrong {
            text += &format!("\n        {wrong}");
        }
        if !self.right() {
            text += &format!("\n        ({}; see {})", self.about, left.out.display());
        }
        text
    }
}

/// The rows of this run, and where all rows lie.
#[derive(Debug)]
pub(crate) struct Table {
    work: PathBuf,
    rows: usize,
    /// What is not right, as it is printed.
    wrong: Vec<String>,
    again: Again,
    kernels_missing: usize,
}

const HEAD: &str = "\
# The lab: verdicts and costs

Written by `cargo test -p oomscene-analyzer --test lab`, each row at the last time its guest was played.
Seconds of the guest are the testing machine's, from power on to power off, while it had other work; seconds of the
collector are the guest's own, whose clock goes by instructions (four nanoseconds each; loongarch64: the testing machine's).
";

const COLUMNS: &str = "\
| scenario | kernel | verdict | | guest s | bundle KiB | collector s | peak KiB |
|---|---|---|---|--:|--:|--:|--:|
";

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

impl Table {
    /// An empty table, which will lie in `work`.
    pub(crate) fn begin(work: &Path) -> Self {
        println!(
            "{:<28} {:<11} {:>6} {:>9} {:>8} {:>9}  verdict",
            "scenario", "kernel", "s", "bundle", "wall ms", "RSS KiB"
        );
        Self {
            work: work.to_path_buf(),
            rows: 0,
            wrong: Vec::new(),
            again: Again::default(),
            kernels_missing: 0,
        }
    }

    fn folder(&self, kernel: &str) -> PathBuf {
        self.work.join("rows").join(kernel)
    }

    /// A kernel of this run.
    pub(crate) fn kernel(&self, id: &str, uname: &str) -> Result<(), String> {
        println!("-- {id} is {uname}");
        let folder = self.folder(id);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        write(&folder.join("uname"), &format!("- {id} is {uname}\n"))
    }

    /// A kernel that is wanted for these scenarios and can't be had.
    pub(crate) fn cannot(&mut self, id: &str, scenarios: &[&Scenario], error: &str) {
        let text = format!("{id} CANNOT BE PLAYED: {error}");
        println!("{text}");
        self.wrong.push(text);
        for scenario in scenarios {
            self.again.add(&scenario.name, id);
        }
        self.kernels_missing += 1;
    }

    /// Prints a row and takes it up.
    pub(crate) fn add(&mut self, row: &Row) -> Result<(), String> {
        self.rows += 1;
        let text = row.text();
        println!("{text}");
        if !row.right() {
            self.wrong.push(text);
            self.again.add(&row.scenario, &row.kernel);
        }
        let file = format!("{}.md", row.scenario);
        write(&self.folder(&row.kernel).join(file), &row.markdown())
    }

    /// Writes the table; whether everything of this run was right.
    ///
    /// On a machine that does nothing else the run takes the processor time divided by the processors.
    pub(crate) fn end(self, took: Duration) -> Result<bool, String> {
        let path = self.work.join("table.md");
        let right = self.wrong.is_empty();
        if !right {
            println!("Not right:\n{}", self.wrong.join("\n"));
        }
        self.again.keep(&self.work)?;
        println!(
            "{} of {} right, {} kernels could not be played, {:.0} s ({} s of processor time); {}",
            self.rows + self.kernels_missing - self.wrong.len(),
            self.rows,
            self.kernels_missing,
            took.as_secs_f64(),
            processor_seconds(),
            path.display()
        );
        let (mut kernels, mut rows) = (String::new(), String::new());
        for kernel in KERNELS {
            let folder = self.folder(kernel.id);
            kernels += &fs::read_to_string(folder.join("uname")).unwrap_or_default();
            for file in files(&folder) {
                if file.extension().is_some_and(|e| e == "md") {
                    rows += &fs::read_to_string(&file).unwrap_or_default();
                }
            }
        }
        let counts = format!(
            "{} of {} rows are right.",
            rows.matches("| right |").count(),
            rows.lines().count()
        );
        write(
            &path,
            &format!("{HEAD}\n{counts}\n\n{kernels}\n{COLUMNS}{rows}"),
        )?;
        if self.rows == 0 && self.kernels_missing == 0 {
            return Err("no scenario and kernel fit the words given".to_owned());
        }
        Ok(right)
    }
}

/// Processor time of all programs that this one ran and that have ended (proc(5), `cutime` and `cstime`,
/// in ticks of a hundredth of a second).
fn processor_seconds() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    // The fields behind the name begin with the third one; cutime is the sixteenth.
    let ticks = fields
        .skip(13)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok());
    ticks.sum::<u64>() / 100
}
