//! Collects on this machine and reports, in one go. Linux only: it is the collector.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use oomscene_collector::{Plan, header, host::Host};

use crate::cli::{Failure, LiveArgs, perform};

/// Collects into a bundle beside the report, analyses it and tells where both lie.
pub(crate) fn run(
    args: &LiveArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let rules = crate::cli::rules::rules_of(args.telling.rules.as_deref())?;
    let folder = folder(&args.telling.output);
    let plan = Plan::default();
    let bundle = place(&folder, &plan)?;
    let _ = writeln!(
        err,
        "collecting on this machine, {} s at the most …",
        plan.deadline.as_secs()
    );
    oomscene_collector::collect_to(&bundle, &plan).map_err(|error| {
        Failure::Internal(format!(
            "cannot collect into {}: {error}; choose another folder with -o DIR",
            bundle.display()
        ))
    })?;
    let name = bundle.to_string_lossy().into_owned();
    let told = crate::run(
        &[name],
        &mut std::io::empty(),
        &rules,
        args.telling.lang.into(),
    )?;
    perform::tell(&told, &args.telling, Some(&bundle), out)
}

/// The folder of the bundle: that of the report, or the current one when the report is streamed.
fn folder(output: &Path) -> PathBuf {
    if output == Path::new("-") {
        PathBuf::new()
    } else {
        output.to_owned()
    }
}

fn place(folder: &Path, plan: &Plan) -> Result<PathBuf, Failure> {
    if folder != Path::new("") {
        crate::cli::make_folder(folder)?;
    }
    let host = Host::new(&plan.root).map_err(|error| {
        Failure::Internal(format!(
            "cannot look at this machine: {error}; run it on Linux with /proc mounted"
        ))
    })?;
    Ok(folder.join(format!("{}.tar.gz", header::top(&header::of(&host, plan)))))
}
