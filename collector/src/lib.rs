//! Takes one snapshot of a machine and writes one bundle.
//!
//! ```text
//! Host ──rooms──▶ Items ──capture──▶ bytes + Outcome ──bundle::Writer──▶ scene.tar.gz
//! ```
//!
//! [`sources`] says what is taken and may not touch the disk; [`capture`] takes it safely and knows no
//! item; [`probe`] makes what no file holds; [`host`] is the only door to the machine.
//!
//! The binary for a site has no dynamic dependency (`--target` is needed even for the same machine,
//! or proc-macros would get the flag too):
//!
//! ```text
//! RUSTFLAGS="-C target-feature=+crt-static" \
//!     cargo build --release -p oomscene-collector --target x86_64-unknown-linux-gnu
//! ```

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use oomscene_bundle::{Error, Header};

pub mod budget;
pub mod capture;
pub mod cli;
pub mod closing;
pub mod collect;
pub mod dry_run;
pub mod footprint;
pub mod handover;
pub mod header;
pub mod host;
pub mod interrupt;
pub mod item;
pub mod journal;
pub mod ledger;
pub mod list;
pub mod mask;
pub mod output;
pub mod plan;
pub mod privacy;
pub mod probe;
pub mod script;
pub mod sources;
pub mod space;
pub mod start;
pub mod summary;
pub mod visit;

pub use capture::serve::serve_reader_if_asked;
pub use plan::{Depth, Plan};
pub use summary::Summary;

/// Every item was taken.
const COMPLETE: u8 = 0;
/// There is a bundle, and something is missing in it.
const HOLES: u8 = 1;
/// There is no bundle.
const NO_BUNDLE: u8 = 2;

/// Collects into `path`. The calling program must call [`serve_reader_if_asked`] first thing in its
/// `main`, because it is started a second time as the reader process.
///
/// # Errors
/// The file cannot be written, or the machine's root cannot be opened.
pub fn collect_to(path: &Path, plan: &Plan) -> Result<Summary, Error> {
    output::to_file(path, plan, &mut |_| ())
}

/// The whole program: arguments in, exit status out.
pub fn run(args: impl Iterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let args = match cli::Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors and go to standard output.
            let is_error = error.use_stderr();
            let text = error.render();
            let _ = if is_error {
                write!(err, "{text}")
            } else {
                write!(out, "{text}")
            };
            return if is_error { NO_BUNDLE } else { COMPLETE };
        }
    };
    match &args.command {
        // A closed pipe (`| head`) is the reader's choice.
        Some(cli::Command::List { markdown: true }) => drop(list::markdown(out)),
        Some(cli::Command::List { markdown: false }) => drop(list::text(out)),
        Some(cli::Command::Script) => drop(script::write(out)),
        Some(command) => return handover::run(command, out, err),
        None if args.dry_run => return preview(&args, out, err),
        None => return collect_as(&args, out, err),
    }
    COMPLETE
}

fn preview(args: &cli::Args, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let written = args.plan().and_then(|plan| {
        let host = collect::host(&plan).map_err(|error| error.to_string())?;
        // A closed pipe (`| head`) is the reader's choice.
        let _ = dry_run::write(host, &plan, out);
        Ok(())
    });
    match written {
        Ok(()) => COMPLETE,
        Err(error) => {
            let _ = writeln!(err, "oomscene-collect: {error}");
            NO_BUNDLE
        }
    }
}

fn collect_as(args: &cli::Args, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let plan = match args.plan() {
        Ok(_) if to_stdout && args.handover.split.is_some() => {
            Err("--split needs files; leave it out with -o -".to_owned())
        }
        plan => plan,
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => {
            let _ = writeln!(err, "oomscene-collect: {error}");
            return NO_BUNDLE;
        }
    };
    footprint::lower(args.oom_score_adj);
    interrupt::listen();
    let shows = io::stderr().is_terminal();
    let mut progress = |text: &str| {
        if shows {
            let _ = write!(err, "\r\x1b[K{text}");
            let _ = err.flush();
        } else if to_stdout && !text.is_empty() {
            // Over ssh without a terminal, somebody waits for it nevertheless.
            let _ = writeln!(err, "{text}");
        }
    };
    let file = (!to_stdout).then(|| place(args.output.as_deref(), &plan));
    let done = match &file {
        Some(file) => output::to_file(file, &plan, &mut progress),
        None => output::to_stream(out, &plan, &mut progress),
    };
    progress("");
    match done {
        Ok(summary) => {
            let left = leave_pseudonyms(&summary, err);
            let words: &mut dyn Write = if to_stdout { err } else { out };
            let _ = summary.write(words);
            let _ = closing::write(&summary, &plan, words);
            let handed = to_stdout || handover::deliver(&summary.path, args.handover.split, words);
            let whole = summary.is_complete() && handed && left;
            if whole { COMPLETE } else { HOLES }
        }
        Err(error) => {
            let advice = match (&file, error.raw_os_error()) {
                (Some(file), Some(libc::ENOSPC | libc::EDQUOT)) => {
                    let partial = output::partial::name(file);
                    let kept = partial.display();
                    format!(
                        "; what was taken so far is in {kept}; {}",
                        space::advice(file)
                    )
                }
                (Some(_), Some(_)) => "; choose another place with -o FILE".to_owned(),
                _ => String::new(),
            };
            let _ = writeln!(err, "oomscene-collect: {error}{advice}");
            NO_BUNDLE
        }
    }
}

/// Leaves what stands for what beside the bundle, for its owner only; false when that failed.
fn leave_pseudonyms(summary: &Summary, err: &mut dyn Write) -> bool {
    let Some(map) = &summary.pseudonyms else {
        return true;
    };
    let beside = summary.path.parent().unwrap_or(Path::new(""));
    let path = beside.join(format!("{}.pseudonyms.json", summary.top));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| writeln!(file, "{map:#}"));
    match written {
        Ok(()) => true,
        Err(error) => {
            let shown = path.display();
            let _ = writeln!(
                err,
                "oomscene-collect: {shown}: {error}; what the pseudonyms stand for is lost"
            );
            false
        }
    }
}

/// The file to write: as asked, or the usual name in the folder that was asked for.
fn place(output: Option<&Path>, plan: &Plan) -> PathBuf {
    match output {
        Some(path) if !path.is_dir() => path.to_owned(),
        folder => {
            let header = host::Host::new(&plan.root)
                .map_or_else(|_| Header::default(), |host| header::of(&host, plan));
            let age = if plan.recipients.is_empty() {
                ""
            } else {
                ".age"
            };
            let name = format!("{}.tar.gz{age}", header::top(&header));
            folder.unwrap_or(Path::new("")).join(name)
        }
    }
}
