//! How a bundle leaves the site: encrypted, in parts, with checksums, checked by its owner first.
//!
//! [`encrypt`] works while the bundle is written, so that an encrypted bundle never lies there in
//! the clear. All else works on the finished file.

use std::io::Write;
use std::path::Path;

use crate::cli::{Command, Handover, Shell};

pub mod checksum;
pub mod encrypt;
pub mod escape;
pub mod packing;
pub mod pattern;
pub mod remove;
pub mod seal;
pub mod sensitive;
pub mod show;
pub mod split;

/// Nothing was written.
const NOTHING: u8 = 2;

/// The manual page; `cargo run -p oomscene-collector --example pages` writes it.
const MANUAL: &str = include_str!("../../docs/man/oomscene-collect.1");
/// Completions, written by the same program: they are smaller than what makes them.
const BASH: &str = include_str!("../../docs/man/oomscene-collect.bash");
/// As [`BASH`].
const ZSH: &str = include_str!("../../docs/man/_oomscene-collect");
/// As [`BASH`].
const FISH: &str = include_str!("../../docs/man/oomscene-collect.fish");

/// Does what `command` says with a bundle that is there already.
pub fn run(command: &Command, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let done = match command {
        // The catalogue is no matter of a bundle.
        Command::List { .. } | Command::Script => Ok(()),
        Command::Show {
            bundle,
            entry: None,
        } => show::list(bundle, out).map_err(|error| error.to_string()),
        Command::Show {
            bundle,
            entry: Some(entry),
        } => show::entry(bundle, entry, out).map_err(|error| error.to_string()),
        Command::Remove {
            bundle,
            patterns,
            output,
        } => {
            let to = output
                .clone()
                .unwrap_or_else(|| remove::reduced_name(bundle));
            remove::remove(bundle, &to, patterns)
                .map_err(|error| error.to_string())
                .and_then(|removed| {
                    let _ = remove::tell(&removed, bundle, &to, out);
                    let packed = packing::pack(&to, None);
                    packed.map(drop).map_err(|error| at(&to, &error))
                })
        }
        Command::Seal { bundle, handover } => seal(bundle, handover, out),
        Command::Completions { shell } => {
            let text = match shell {
                Shell::Bash => BASH,
                Shell::Zsh => ZSH,
                Shell::Fish => FISH,
            };
            // A closed pipe (`| head`) is the reader's choice.
            let _ = out.write_all(text.as_bytes());
            Ok(())
        }
        Command::Man => {
            let _ = out.write_all(MANUAL.as_bytes());
            Ok(())
        }
    };
    match done {
        Ok(()) => crate::COMPLETE,
        Err(error) => {
            let _ = writeln!(err, "oomscene-collect: {error}");
            NOTHING
        }
    }
}

fn seal(bundle: &Path, handover: &Handover, out: &mut dyn Write) -> Result<(), String> {
    let recipients = handover.recipients()?;
    let sealed = seal::seal(bundle, &recipients).map_err(|error| at(bundle, &error))?;
    let delivery = packing::pack(&sealed, handover.split).map_err(|error| at(&sealed, &error))?;
    let _ = writeln!(out, "bundle   {}", sealed.display());
    let _ = delivery.write(out);
    Ok(())
}

/// Checksum and parts of a bundle that was just collected; a failure is told in `words`, and the
/// bundle is whole nevertheless.
pub fn deliver(path: &Path, split_bytes: Option<u64>, words: &mut dyn Write) -> bool {
    match packing::pack(path, split_bytes) {
        Ok(delivery) => {
            let _ = delivery.write(words);
            true
        }
        Err(error) => {
            let _ = writeln!(
                words,
                "note     the bundle is whole, but: {}",
                at(path, &error)
            );
            false
        }
    }
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
