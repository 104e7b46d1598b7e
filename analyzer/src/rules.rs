//! The rule engine: loads the catalogue, checks it, and holds it against facts.
//!
//! The language is minijinja's: its parser reads conditions and messages. Its virtual machine is
//! not used, because a diagnosis needs what a template engine has no notion of: a third value
//! (*unknown*, which is neither false nor an error), the evidence of every fact that was read, and
//! the comparison that decided. So the syntax tree is lowered once into our own small tree
//! (`expr`), which is checked against the declared fact names and kinds (`check`) and evaluated
//! by us (`eval`). Conditions and messages go the same way: there is one expression language.
//! minijinja's tree has no semver promise; only `lower` knows it, and the version is pinned.
//!
//! This room knows no particular problem: those are the files of `rules/`.

mod catalogue;
mod check;
mod coverage;
pub mod diagnostic;
mod eval;
mod evidence;
mod examples;
mod explain;
mod expr;
mod figures;
pub mod file;
mod given;
mod judge;
mod junit;
mod lower;
mod mutants;
mod parts;
mod place;
mod schema;
mod shell;
mod suppress;
mod update;
pub mod vocabulary;

use crate::{
    facts::{Facts, names::Name},
    finding::{Role, Severity},
    words::Bilingual,
};

pub use coverage::{Coverage, coverage};
pub use diagnostic::Diagnostic;
pub use examples::{ExampleResult, Outcome, TestReport, test};
pub use explain::ending;
pub use figures::{bytes, duration, percent, separated, time};
pub use judge::{HowToGet, judge};
pub use junit::junit;
pub use mutants::{MutantReport, Suggest, Survivor, mutants};
pub use schema::schema;
pub use update::update;

use expr::{Expr, Part};

/// A checked rule: every name exists, every kind fits, every text is there twice.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Name of the problem.
    pub id: String,
    /// How bad it is when true.
    pub severity: Severity,
    /// Which place a finding can take in the cause tree.
    pub role: Role,
    /// Short name of the problem for a reader.
    pub title: Bilingual,
    /// File that it was read from.
    pub file: String,
    /// Rules whose findings are symptoms of this one.
    pub explains: Vec<String>,
    /// Rules whose findings this one replaces.
    pub supersedes: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    text: String,
    for_each: Option<ForEach>,
    group_by: Option<Expr>,
    lets: Vec<(String, Expr)>,
    when: Expr,
    certain: Option<Expr>,
    likely: Option<Expr>,
    says: Message,
    otherwise: Option<Message>,
    why: Message,
    advice: Vec<Advice>,
    examples: Vec<file::Example>,
}

/// `for_each: variable in list`.
#[derive(Debug, Clone)]
struct ForEach {
    variable: String,
    list: String,
}

/// One message in both languages.
#[derive(Debug, Clone)]
struct Message {
    en: Vec<Part>,
    zh: Vec<Part>,
}

/// One remedy.
#[derive(Debug, Clone)]
struct Advice {
    when: Option<Expr>,
    text: Message,
    command: Option<Vec<Part>>,
}

/// A catalogue of checked rules, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    suppressions: Vec<suppress::Suppression>,
}

/// The tree of a rule's condition on these facts: where it became false or unknown.
///
/// # Errors
///
/// A sentence when there is no such rule.
pub fn why(set: &RuleSet, id: &str, facts: &Facts, how: HowToGet) -> Result<String, String> {
    Ok(explain::tree(set.get(id)?, facts, how))
}

/// A simple [`HowToGet`]: names the item of the collection.
#[must_use]
pub fn named_source(_facts: &Facts, name: &Name) -> Bilingual {
    Bilingual::new(
        format!("comes from {}", name.from),
        format!("来自 {}", name.from),
    )
}
