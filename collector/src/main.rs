//! `oomscene-collect`: arguments in, exit code out.

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = oomscene_collector::serve_reader_if_asked(std::env::args_os()) {
        return code;
    }
    oomscene_collector::run(std::env::args_os(), &mut io::stdout(), &mut io::stderr())
}
