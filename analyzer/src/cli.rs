//! Arguments: what can be asked for, and in which words.

mod arguments;
mod exit;
mod outlet;
pub(crate) mod perform;
pub(crate) mod rules;

pub use arguments::{CheckFormat, RulesCommand, TestFormat};
pub use exit::Failure;
pub(crate) use outlet::make as make_folder;
pub use outlet::{Place, Written};
pub use perform::run;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

use crate::{finding::Severity, report, words::Lang};

/// Folder of the report when none is given.
const FOLDER: &str = "oomscene-report";

/// Tells what ran out of memory, who was killed, why, and what to change.
///
/// Reads a bundle of oomscene-collect, a folder or a kernel log, offline. `report` is the default:
/// `oomscene-analyze scene.tar.gz` writes a report and prints the verdict.
#[derive(Debug, Parser)]
#[command(
    name = "oomscene-analyze",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = exit::HELP
)]
pub struct Args {
    /// What to do; `report` when it is left out
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Arguments of the default, `report`
    #[command(flatten)]
    pub report: ReportArgs,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Analyse and write a report (the default)
    #[command(after_help = exit::HELP)]
    Report(ReportArgs),
    /// Collect on this machine and report, in one go
    #[cfg(target_os = "linux")]
    #[command(after_help = exit::HELP)]
    Live(LiveArgs),
    /// Print all facts as JSON, each with its evidence
    Facts {
        /// Bundles, folders or logs of one case; `-` is standard input
        #[arg(required = true, value_name = "INPUT")]
        inputs: Vec<String>,
    },
    /// Show how one rule came to its end: the expression with each value
    Why {
        /// Id of the rule, as `rules list` prints it
        rule: String,
        /// Bundles, folders or logs of one case; `-` is standard input
        #[arg(required = true, value_name = "INPUT")]
        inputs: Vec<String>,
        /// Folder of rules that add to the catalogue or replace its rules by id
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Show what changed between two bundles, folders or logs, in facts and findings
    Compare(CompareArgs),
    /// Look at, check and test rules
    #[command(subcommand)]
    Rules(RulesCommand),
}

/// Where the report goes and how it looks.
#[derive(Debug, Clone, ClapArgs)]
pub struct Telling {
    /// Folder of the report; `-` with one format writes it to standard output
    #[arg(short, long, value_name = "DIR", default_value = FOLDER)]
    pub output: PathBuf,
    /// Formats, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "html,md,json",
        value_parser = PossibleValuesParser::new(report::FORMATS.iter().map(|f| f.name)),
    )]
    pub format: Vec<String>,
    /// Language of the report
    #[arg(long, value_enum, default_value = "en")]
    pub lang: LangName,
    /// Folder of rules that add to the catalogue or replace its rules by id
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// End with 11 (low) to 14 (critical) when something at least this severe is found
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Threshold>,
}

/// Arguments of `report`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ReportArgs {
    /// Bundles, folders or logs of one case; `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Where and how
    #[command(flatten)]
    pub telling: Telling,
}

/// Arguments of `compare`.
#[derive(Debug, Clone, ClapArgs)]
pub struct CompareArgs {
    /// The earlier, or the good one
    pub a: String,
    /// The later, or the bad one
    pub b: String,
    /// `json` is for other programs: everything, in base units
    #[arg(long, value_enum, default_value = "text")]
    pub format: CompareFormat,
    /// Leave nothing out of the text: small changes and long lists too
    #[arg(long)]
    pub all: bool,
    /// Language of the text
    #[arg(long, value_enum, default_value = "en")]
    pub lang: LangName,
    /// Folder of rules that add to the catalogue or replace its rules by id
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// How `compare` tells what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// Lines for a terminal or a ticket
    Text,
    /// One object
    Json,
}

/// Arguments of `live`.
#[derive(Debug, Clone, ClapArgs)]
pub struct LiveArgs {
    /// Where and how; the bundle goes into the same folder
    #[command(flatten)]
    pub telling: Telling,
}

/// Language of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LangName {
    /// English
    En,
    /// Simplified Chinese
    Zh,
}

impl From<LangName> for Lang {
    fn from(name: LangName) -> Self {
        match name {
            LangName::En => Self::En,
            LangName::Zh => Self::Zh,
        }
    }
}

/// A severity that can end the program with its own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    /// 11
    Low,
    /// 12
    Medium,
    /// 13
    High,
    /// 14
    Critical,
}

impl From<Threshold> for Severity {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            Threshold::Low => Self::Low,
            Threshold::Medium => Self::Medium,
            Threshold::High => Self::High,
            Threshold::Critical => Self::Critical,
        }
    }
}

#[cfg(test)]
mod tests;
