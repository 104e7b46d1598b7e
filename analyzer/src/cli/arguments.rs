//! Arguments of `rules`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// Subcommands of `rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Print the catalogue: id, severity, title
    List {
        /// Folder of rules that add to the catalogue or replace its rules by id
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Print one rule: where it lies, what it means, its text
    Show {
        /// Id of the rule
        id: String,
        /// Folder of rules that add to the catalogue or replace its rules by id
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Check rule files for mistakes: names, units, languages, cycles
    Check {
        /// Folder of rule files; without it the catalogue of the program is checked
        dir: Option<PathBuf>,
        /// `json` is for editors
        #[arg(long, value_enum, default_value = "text")]
        format: CheckFormat,
    },
    /// Run the examples of every rule
    Test {
        /// Folder of rule files; without it the catalogue of the program is tested
        dir: Option<PathBuf>,
        /// `junit` is for continuous-integration servers
        #[arg(long, value_enum, default_value = "text")]
        format: TestFormat,
        /// Write the texts that came into the examples that state others
        #[arg(long, requires = "dir")]
        update: bool,
    },
    /// Show which rules and facts no example exercises
    Coverage {
        /// Folder of rule files; without it the catalogue of the program
        dir: Option<PathBuf>,
    },
    /// Change each comparison of each rule and see whether its examples notice
    Mutants {
        /// Folder of rule files; without it the catalogue of the program
        dir: Option<PathBuf>,
        /// Look for an example that would notice, for each change that none does: takes minutes
        #[arg(long)]
        suggest: bool,
    },
    /// Print the JSON Schema of rule files, for editors
    Schema,
}

/// How `rules check` tells what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// Each mistake with its line, drawn
    Text,
    /// One array: file, line, column, length, message, help
    Json,
}

/// How `rules test` tells what came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// One line an example
    Text,
    /// One array
    Json,
    /// XML for continuous-integration servers
    Junit,
}
