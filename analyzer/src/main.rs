//! `oomscene-analyze`: arguments in, exit code out.

use std::{env, io, process::ExitCode};

fn main() -> ExitCode {
    // `live` collects with a second copy of this program as its reader process.
    #[cfg(target_os = "linux")]
    if let Some(code) = oomscene_collector::serve_reader_if_asked(env::args_os()) {
        return ExitCode::from(code);
    }
    oomscene_analyzer::cli::run(
        env::args_os(),
        &mut io::stdin().lock(),
        &mut io::stdout(),
        &mut io::stderr(),
    )
}
