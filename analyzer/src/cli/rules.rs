//! The subcommands of `rules`: look at, check and test rules.

use std::{io::Write, path::Path, process::ExitCode};

use super::{
    Failure, RulesCommand,
    arguments::{CheckFormat, TestFormat},
    outlet::say,
};
use crate::{
    facts::{self, Facts},
    intake,
    rules::{self, Diagnostic, RuleSet, diagnostic},
};

/// Does what a subcommand of `rules` asks for.
pub(super) fn run(command: &RulesCommand, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    match command {
        RulesCommand::List { rules } => say(out, &rules_of(rules.as_deref())?.list())?,
        RulesCommand::Show { id, rules } => {
            let page = rules_of(rules.as_deref())?.show(id);
            say(out, &page.map_err(Failure::Usage)?)?;
        }
        RulesCommand::Check { dir, format } => return check(dir.as_deref(), *format, out),
        RulesCommand::Test {
            dir,
            format,
            update,
        } => {
            let set = only(dir.as_deref())?;
            if *update {
                update_texts(&set, out)?;
                return test(&only(dir.as_deref())?, *format, out);
            }
            return test(&set, *format, out);
        }
        RulesCommand::Coverage { dir } => {
            let set = only(dir.as_deref())?;
            let coverage = rules::coverage(&set, &|files| facts_of(files, &set), HOW);
            say(out, &coverage.to_string())?;
            return Ok(passed(coverage.whole()));
        }
        RulesCommand::Mutants { dir, suggest } => {
            let set = only(dir.as_deref())?;
            let wanted = if *suggest {
                rules::Suggest::Examples
            } else {
                rules::Suggest::Nothing
            };
            let report = rules::mutants(&set, &|files| facts_of(files, &set), HOW, wanted);
            say(out, &report.to_string())?;
            return Ok(passed(report.passes()));
        }
        RulesCommand::Schema => say(out, &rules::schema())?,
    }
    Ok(ExitCode::SUCCESS)
}

const HOW: rules::HowToGet = facts::why_missing;

fn passed(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The facts of one example.
fn facts_of(files: Vec<intake::File>, set: &RuleSet) -> Facts {
    crate::facts_for(&[intake::Input::from_files("example", files)], set)
}

fn check(
    folder: Option<&Path>,
    format: CheckFormat,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let loaded = match folder {
        Some(folder) => RuleSet::load(folder),
        None => RuleSet::builtin(),
    };
    match (loaded, format) {
        (Ok(set), CheckFormat::Text) => say(
            out,
            &format!("{} rules, nothing wrong\n", set.rules().count()),
        )?,
        (Ok(_), CheckFormat::Json) => say(out, "[]\n")?,
        (Err(found), CheckFormat::Text) => return Err(faulty(&found)),
        // An editor reads the standard output and wants nothing else in it.
        (Err(found), CheckFormat::Json) => {
            say(out, &format!("{}\n", diagnostic::json(&found)))?;
            return Ok(ExitCode::from(Failure::Usage(String::new()).code()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn test(set: &RuleSet, format: TestFormat, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let results = rules::test(set, &|files| facts_of(files, set), HOW);
    let text = match format {
        TestFormat::Text => results.to_string(),
        TestFormat::Junit => rules::junit(&results),
        TestFormat::Json => {
            let text = serde_json::to_string_pretty(&results.results);
            format!("{}\n", text.map_err(|e| Failure::Internal(e.to_string()))?)
        }
    };
    say(out, &text)?;
    Ok(passed(results.passed()))
}

fn update_texts(set: &RuleSet, out: &mut dyn Write) -> Result<(), Failure> {
    let changed = rules::update(set, &|files| facts_of(files, set), HOW);
    for file in changed.map_err(Failure::Usage)? {
        say(out, &format!("updated  {file}\n"))?;
    }
    Ok(())
}

/// The catalogue of the program, with the rules of a folder added.
pub(crate) fn rules_of(folder: Option<&Path>) -> Result<RuleSet, Failure> {
    let builtin =
        RuleSet::builtin().map_err(|found| Failure::Internal(diagnostic::text(&found)))?;
    match folder {
        Some(folder) => builtin.with(folder).map_err(|found| faulty(&found)),
        None => Ok(builtin),
    }
}

/// The rules of a folder alone, or the catalogue of the program.
fn only(folder: Option<&Path>) -> Result<RuleSet, Failure> {
    match folder {
        Some(folder) => RuleSet::load(folder).map_err(|found| faulty(&found)),
        None => rules_of(None),
    }
}

fn faulty(found: &[Diagnostic]) -> Failure {
    let s = if found.len() == 1 { "" } else { "s" };
    Failure::Usage(format!(
        "the rules have {} fault{s}; correct them and try again\n{}",
        found.len(),
        diagnostic::text(found)
    ))
}
