//! Scores the log reader on a folder of logs with an `index.json`:
//! `cargo run --release --example corpus_score -- ../shared/corpus/logs`. Exit status 1 below the bar.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

#[path = "../../tests/corpus_score.rs"]
mod corpus_score;

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let Some(folder) = std::env::args_os().nth(1) else {
        let _ = writeln!(out, "usage: corpus_score FOLDER (logs and index.json)");
        return ExitCode::from(2);
    };
    match corpus_score::score(Path::new(&folder), &mut out) {
        Ok(score) if score.passes() => ExitCode::SUCCESS,
        Ok(_) => {
            let _ = writeln!(out, "below the bar");
            ExitCode::FAILURE
        }
        Err(error) => {
            let _ = writeln!(out, "{}: {error}", Path::new(&folder).display());
            ExitCode::from(2)
        }
    }
}
