//! The table of verdicts and costs: printed row by row, and kept as Markdown.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::boot::Left;
use crate::judge::Judged;

/// One guest that was played.
#[derive(Debug)]
pub(crate) struct Row {
    scenario: String,
    kernel: String,
    about: String,
    end: Result<(Judged, Left), String>,
}

impl Row {
    /// What became of `scenario` on `kernel`.
    pub(crate) fn new(
        scenario: &str,
        kernel: &str,
        about: &str,
        end: Result<(Judged, Left), String>,
    ) -> Self {
        Self {
            scenario: scenario.to_owned(),
            kernel: kernel.to_owned(),
            about: about.to_owned(),
            end,
        }
    }

    fn right(&self) -> bool {
        self.end
            .as_ref()
            .is_ok_and(|(judged, _)| judged.wrong.is_empty())
    }
}

/// All rows so far.
#[derive(Debug)]
pub(crate) struct Table {
    file: PathBuf,
    markdown: String,
    notes: String,
    rows: usize,
    right: usize,
    kernels_missing: usize,
}

const HEAD: &str = "\
| scenario | kernel | verdict | | guest s | bundle KiB | collector s | peak KiB |
|---|---|---|---|--:|--:|--:|--:|
";

impl Table {
    /// An empty table, which will lie in `work`.
    pub(crate) fn begin(work: &Path) -> Self {
        println!(
            "{:<28} {:<11} {:>6} {:>9} {:>8} {:>9}  verdict",
            "scenario", "kernel", "s", "bundle", "wall ms", "RSS KiB"
        );
        Self {
            file: work.join("table.md"),
            markdown: String::new(),
            notes: String::new(),
            rows: 0,
            right: 0,
            kernels_missing: 0,
        }
    }

    /// A kernel of this run.
    pub(crate) fn kernel(&mut self, id: &str, uname: &str) {
        // Writing into a text cannot fail.
        let _ = writeln!(self.notes, "- {id} is {uname}.");
    }

    /// A kernel that is wanted and can't be had.
    pub(crate) fn cannot(&mut self, id: &str, error: &str) {
        println!("{id} CANNOT BE PLAYED: {error}");
        self.kernels_missing += 1;
        let _ = writeln!(self.notes, "- {id} could not be played: {error}");
    }

    /// Prints a row and takes it up.
    pub(crate) fn add(&mut self, row: Row) {
        self.rows += 1;
        self.right += usize::from(row.right());
        let Row {
            scenario,
            kernel,
            about,
            end,
        } = row;
        let name = format!("{scenario:<28} {kernel:<11}");
        let (judged, left) = match end {
            Ok(both) => both,
            Err(error) => {
                println!("{name} FAILED: {error}");
                let first = error.lines().next().unwrap_or_default();
                let _ = writeln!(
                    self.markdown,
                    "| {scenario} | {kernel} | failed: {first} | WRONG | | | | |"
                );
                return;
            }
        };
        let mark = if judged.wrong.is_empty() {
            "right"
        } else {
            "WRONG"
        };
        println!(
            "{name} {:>6.1} {:>9} {:>8} {:>9}  {mark}: {}",
            left.seconds,
            judged.bundle_bytes,
            judged.wall_milliseconds,
            judged.peak_rss_kib,
            judged.root
        );
        for wrong in &judged.wrong {
            println!("        {wrong}");
        }
        if !judged.wrong.is_empty() {
            println!("        ({about}; see {})", left.out.display());
        }
        let _ = writeln!(
            self.markdown,
            "| {scenario} | {kernel} | {} | {mark} | {:.1} | {} | {:.1} | {} |",
            judged.root,
            left.seconds,
            judged.bundle_bytes.div_ceil(1024),
            Duration::from_millis(judged.wall_milliseconds).as_secs_f64(),
            judged.peak_rss_kib
        );
    }

    /// Writes the table; whether everything was right.
    ///
    /// On a machine that does nothing else the run takes the processor time divided by the processors.
    pub(crate) fn end(self, took: Duration) -> Result<bool, String> {
        let seconds = took.as_secs_f64();
        let told = format!(
            "{} of {} right, {} kernels could not be played, {seconds:.0} s, of which {} s of processor time",
            self.right,
            self.rows,
            self.kernels_missing,
            processor_seconds()
        );
        println!("{told}; {}", self.file.display());
        let text = format!(
            "# The lab: verdicts and costs\n\n{told}.\n\n{}\nSeconds of the guest are this machine's, from power on to \
             power off; seconds of the collector are the guest's own, whose clock goes by instructions (four nanoseconds \
             each).\n\n{HEAD}{}",
            self.notes, self.markdown
        );
        std::fs::write(&self.file, text).map_err(|e| format!("{}: {e}", self.file.display()))?;
        if self.rows == 0 {
            return Err("no scenario and kernel fit the words given".to_owned());
        }
        Ok(self.right == self.rows && self.kernels_missing == 0)
    }
}

/// Processor time of all programs that this one ran and that have ended (proc(5), `cutime` and `cstime`,
/// in ticks of a hundredth of a second).
fn processor_seconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    // The fields behind the name begin with the third one; cutime is the sixteenth.
    let ticks = fields
        .skip(13)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok());
    ticks.sum::<u64>() / 100
}
