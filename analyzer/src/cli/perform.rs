//! Does what the arguments ask for; one function per subcommand.

use std::{
    ffi::OsString,
    io::{BufWriter, Read, Write},
    path::Path,
    process::ExitCode,
};

use clap::Parser as _;

use super::{
    Args, Command, Failure, Place, ReportArgs, RulesCommand, Telling, Written, exit,
    outlet::{self, said, say},
};
use crate::{
    Told, facts,
    finding::Severity,
    intake, report,
    rules::{self, Diagnostic, RuleSet, diagnostic},
    words::Lang,
};

/// The whole program: arguments in, exit code out.
pub fn run(
    args: impl Iterator<Item = OsString>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        // Help and version are no errors and go to standard output.
        Err(error) if !error.use_stderr() => {
            return end(
                say(out, &error.render().to_string()).map(|()| ExitCode::SUCCESS),
                err,
            );
        }
        Err(error) => {
            let _ = say(err, &error.render().to_string());
            return ExitCode::from(Failure::Usage(String::new()).code());
        }
    };
    let done = match args.command {
        None => report(&args.report, stdin, out),
        Some(Command::Report(args)) => report(&args, stdin, out),
        #[cfg(target_os = "linux")]
        Some(Command::Live(args)) => crate::live::run(&args, out, err),
        Some(Command::Facts { inputs }) => print_facts(&inputs, stdin, out),
        Some(Command::Why {
            rule,
            inputs,
            rules,
        }) => why(&rule, &inputs, rules.as_deref(), stdin, out),
        Some(Command::Rules(command)) => rules_command(&command, out),
    };
    end(done, err)
}

fn end(done: Result<ExitCode, Failure>, err: &mut dyn Write) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => {
            let _ = say(err, &format!("oomscene-analyze: {failure}\n"));
            ExitCode::from(failure.code())
        }
    }
}

fn report(
    args: &ReportArgs,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let rules = rules_of(args.telling.rules.as_deref())?;
    let told = crate::run(&args.inputs, stdin, &rules, args.telling.lang.into())?;
    tell(&told, &args.telling, None, out)
}

/// Writes the report, and the verdict with the place of the report to standard output.
pub(crate) fn tell(
    told: &Told,
    telling: &Telling,
    bundle: Option<&Path>,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang: Lang = telling.lang.into();
    let formats = outlet::formats(&telling.format);
    match Place::of(&telling.output, &formats)? {
        Place::Stream => {
            for format in formats {
                say(out, &report::render(&told.view, format, lang)?)?;
            }
        }
        Place::Folder(folder) => {
            let written = outlet::write(&told.view, &formats, &folder, lang)?;
            let mut text = report::summary(&told.view, lang)?;
            text.push_str(&where_it_lies(&written, bundle, lang));
            say(out, &text)?;
        }
    }
    let from = telling.fail_on.map(Severity::from);
    Ok(exit::for_severity(told.highest_severity, from))
}

fn where_it_lies(written: &Written, bundle: Option<&Path>, lang: Lang) -> String {
    let mut text = String::from("\n");
    let line = |key: &'static str, path: &Path| {
        format!(
            "{}{}{}\n",
            report::words::word(key, lang),
            report::words::word("colon", lang),
            path.display()
        )
    };
    for path in &written.0 {
        text.push_str(&line("report", path));
    }
    if let Some(bundle) = bundle {
        text.push_str(&line("bundle", bundle));
    }
    text
}

fn print_facts(
    inputs: &[String],
    stdin: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let facts = facts::gather(&intake::open(inputs, stdin)?);
    let mut text = BufWriter::new(out);
    let written = serde_json::to_writer_pretty(&mut text, &facts::json::AsJson(&facts))
        .map_err(std::io::Error::from)
        .and_then(|()| text.write_all(b"\n"))
        .and_then(|()| text.flush());
    said(written)?;
    Ok(ExitCode::SUCCESS)
}

fn why(
    rule: &str,
    inputs: &[String],
    folder: Option<&Path>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let rules = rules_of(folder)?;
    // A mistyped rule is told before a large bundle is read.
    rules.get(rule).map_err(Failure::Usage)?;
    let facts = facts::gather(&intake::open(inputs, stdin)?);
    let text = rules::why(&rules, rule, &facts, facts::why_missing);
    say(out, &text.map_err(Failure::Usage)?)?;
    Ok(ExitCode::SUCCESS)
}

fn rules_command(command: &RulesCommand, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    match command {
        RulesCommand::List { rules } => say(out, &rules_of(rules.as_deref())?.list())?,
        RulesCommand::Show { id, rules } => {
            let page = rules_of(rules.as_deref())?.show(id);
            say(out, &page.map_err(Failure::Usage)?)?;
        }
        RulesCommand::Check { dir } => {
            let rules = only(dir.as_deref())?;
            say(
                out,
                &format!("{} rules, nothing wrong\n", rules.rules().count()),
            )?;
        }
        RulesCommand::Test { dir } => return test(&only(dir.as_deref())?, out),
    }
    Ok(ExitCode::SUCCESS)
}

fn test(rules: &RuleSet, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let facts_of = |files| facts::gather(&[intake::Input::from_files("example", files)]);
    let results = rules::test(rules, &facts_of, facts::why_missing);
    say(out, &results.to_string())?;
    Ok(if results.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
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
