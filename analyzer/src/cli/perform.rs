//! Does what the arguments ask for; one function per subcommand.

use std::{
    ffi::OsString,
    io::{Read, Write},
    path::Path,
    process::ExitCode,
};

use clap::Parser as _;

use super::{
    Args, Command, CompareArgs, CompareFormat, Failure, Place, ReportArgs, Telling, Written, exit,
    outlet::{self, say},
    rules as rules_cli,
};
use crate::{Told, compare, facts, finding::Severity, intake, report, rules, words::Lang};

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
        Some(Command::Compare(args)) => compare(&args, stdin, out),
        Some(Command::Rules(command)) => super::rules::run(&command, out),
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
    let rules = rules_cli::rules_of(args.telling.rules.as_deref())?;
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
    match facts::json::print(&facts, out) {
        Ok(()) => {}
        // A reader that has gone (`| head`) has what it wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            let told = format!("the facts could not be written: {error}");
            return Err(Failure::Internal(told));
        }
    }
    // The program ends here: taking millions of facts apart would only cost time.
    std::mem::forget(facts);
    Ok(ExitCode::SUCCESS)
}

fn compare(
    args: &CompareArgs,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let rules = rules_cli::rules_of(args.rules.as_deref())?;
    let mut side = |name: &String| -> Result<compare::Side, Failure> {
        let inputs = intake::open(std::slice::from_ref(name), stdin)?;
        let facts = crate::facts_for(&inputs, &rules);
        let judged = rules::judge(&rules, &facts, facts::why_missing);
        let name = name.clone();
        Ok(compare::Side {
            name,
            facts,
            judged,
        })
    };
    let sides = [side(&args.a)?, side(&args.b)?];
    let difference = compare::compare(&sides);
    let text = match args.format {
        CompareFormat::Text => {
            let detail = if args.all {
                compare::Detail::All
            } else {
                compare::Detail::Telling
            };
            compare::text(&sides, &difference, detail, args.lang.into())
        }
        CompareFormat::Json => format!("{:#}\n", compare::json(&sides, &difference)),
    };
    say(out, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn why(
    rule: &str,
    inputs: &[String],
    folder: Option<&Path>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let rules = rules_cli::rules_of(folder)?;
    // A mistyped rule is told before a large bundle is read.
    rules.get(rule).map_err(Failure::Usage)?;
    let facts = crate::facts_for(&intake::open(inputs, stdin)?, &rules);
    let text = rules::why(&rules, rule, &facts, facts::why_missing);
    say(out, &text.map_err(Failure::Usage)?)?;
    Ok(ExitCode::SUCCESS)
}
