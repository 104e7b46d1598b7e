//! Which guests of a run were not right: a next run with `--again` plays only those.
//!
//! A row that is wrong twice is wrong; of a hundred guests one may meet what has nothing to do with the verdict.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Pairs of a scenario and a kernel.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Again(BTreeSet<(String, String)>);

const FILE: &str = "again";

impl Again {
    pub(crate) fn add(&mut self, scenario: &str, kernel: &str) {
        self.0.insert((scenario.to_owned(), kernel.to_owned()));
    }

    pub(crate) fn has(&self, scenario: &str, kernel: &str) -> bool {
        self.0.contains(&(scenario.to_owned(), kernel.to_owned()))
    }

    /// What the last run below `work` left; an error when there was none or when all was right.
    pub(crate) fn of_last_run(work: &Path) -> Result<Self, String> {
        let path = work.join(FILE);
        let text = fs::read_to_string(&path).map_err(|e| {
            format!(
                "--again, but no run came to its end: {}: {e}",
                path.display()
            )
        })?;
        let mut again = Self::default();
        for (scenario, kernel) in text.lines().filter_map(|line| line.split_once(' ')) {
            again.add(scenario, kernel);
        }
        if again.0.is_empty() {
            return Err("--again, but the last run was right".to_owned());
        }
        Ok(again)
    }

    /// Forgets the last run: if this one does not come to its end, nothing of an older one is played in its place.
    pub(crate) fn forget(work: &Path) -> Result<(), String> {
        let path = work.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("{}: {error}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Leaves it for the next run.
    pub(crate) fn keep(&self, work: &Path) -> Result<(), String> {
        let path = work.join(FILE);
        let lines = self
            .0
            .iter()
            .map(|(scenario, kernel)| format!("{scenario} {kernel}\n"));
        fs::write(&path, lines.collect::<String>()).map_err(|e| format!("{}: {e}", path.display()))
    }
}
