//! A scenario: what to do in the guest and what the verdict must then be.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One YAML file below `tests/lab/scenarios`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// One sentence for a reader.
    pub about: String,
    /// RAM of the guest.
    #[serde(default = "default_memory_mib")]
    pub memory_mib: u32,
    /// NUMA nodes that share the RAM evenly; the processor is on the first. None when 0.
    #[serde(default)]
    pub numa_nodes: u32,
    /// Added to the kernel's command line.
    #[serde(default)]
    pub cmdline: String,
    /// Only on these kernels (ids of the table in `kernels.rs`); all when empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// Never on these kernels, with the reason in the scenario's comment.
    #[serde(default)]
    pub except: Vec<String>,
    /// Only in the long run: it costs too much, or shows little that the short set doesn't.
    #[serde(default)]
    pub long: bool,
    /// Also on the kernels of other machines.
    #[serde(default)]
    pub every_machine: bool,
    /// How often the guest boots.
    #[serde(default)]
    pub boots: Boots,
    /// Debian packages whose programs the guest needs.
    #[serde(default)]
    pub packages: Vec<String>,
    /// What is analysed.
    #[serde(default)]
    pub input: Input,
    /// The guest may take this long before it is given up.
    #[serde(default = "default_seconds_max")]
    pub seconds_max: u64,
    /// Shell lines, with the functions of `init.sh`.
    pub guest: String,
    /// What must come out.
    pub expect: Expect,
}

/// What the analyser gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Input {
    /// The bundle that the collector left.
    #[default]
    Bundle,
    /// What the guest printed on its serial console: all that survives a panic.
    Console,
    /// What lies there of a bundle whose collector was killed.
    Torn,
}

/// What follows a panic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Boots {
    /// The guest is off.
    #[default]
    Once,
    /// It boots again, and what lay in RAM is still there, as on real hardware after a warm reboot.
    AgainAfterPanic,
}

/// What the report must and must not say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// Rule ids of which one must be the root cause.
    #[serde(default)]
    pub root: Vec<String>,
    /// The verdict's outcome when there is no root cause.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Name of the process that was killed.
    #[serde(default)]
    pub victim: Vec<String>,
    /// The limit that was reached.
    #[serde(default)]
    pub limit_mib: Option<u64>,
    /// Rule ids that must be found, as cause, contributing or in the chain.
    #[serde(default)]
    pub found: Vec<String>,
    /// Rule ids that must be ruled out.
    #[serde(default)]
    pub ruled_out: Vec<String>,
    /// Rule ids that must not be found.
    #[serde(default)]
    pub not_found: Vec<String>,
    /// Words that the report must hold.
    #[serde(default)]
    pub say: Vec<String>,
    /// Words that the report must not hold.
    #[serde(default)]
    pub never_say: Vec<String>,
    /// The collector must have ended within this time.
    #[serde(default)]
    pub collector_seconds_max: Option<u64>,
}

const fn default_memory_mib() -> u32 {
    256
}

const fn default_seconds_max() -> u64 {
    300
}

/// Reads every scenario of `folder`, sorted by name.
pub(crate) fn all(folder: &Path) -> Result<Vec<Scenario>, String> {
    let listed = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    paths.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut scenario: Scenario =
        serde_yaml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    scenario.name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let expect = &scenario.expect;
    if expect.root.is_empty() && expect.outcome.is_none() {
        return Err(format!(
            "{}: expect needs `root` or `outcome`",
            path.display()
        ));
    }
    Ok(scenario)
}

impl Scenario {
    /// Whether it is played on that kernel.
    pub(crate) fn runs_on(&self, kernel: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|id| id == kernel);
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}
