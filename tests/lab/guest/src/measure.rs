//! Runs a command and writes down what it cost.
#![expect(unsafe_code, reason = "getrusage gives the child's peak memory")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Instant;

/// `measure FILE COMMAND…`: wall milliseconds, peak memory and how the command ended, as one JSON object.
pub(crate) fn measure(words: &[String]) -> Result<(), String> {
    let (Some(file), Some(program)) = (words.first(), words.get(1)) else {
        return Err("a file and a command are needed".to_owned());
    };
    let began = Instant::now();
    let ended = Command::new(program)
        .args(words.get(2..).unwrap_or_default())
        .status()
        .map_err(|e| format!("{program}: {e}"))?;
    // Not wait4: musl's form of it for 32-bit times leaves the figures of a child that has ended at 0.
    // SAFETY: a plain struct of numbers, filled by a plain system call; the command is the only child.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let wall = began.elapsed().as_millis();
    // ru_maxrss is in KiB (getrusage(2)).
    let line = format!(
        "{{\"wall_milliseconds\":{wall},\"peak_rss_kib\":{},\"exit_code\":{},\"signal\":{}}}\n",
        usage.ru_maxrss,
        ended
            .code()
            .map_or("null".to_owned(), |code| code.to_string()),
        ended
            .signal()
            .map_or("null".to_owned(), |signal| signal.to_string()),
    );
    std::fs::write(file, line).map_err(|e| format!("{file}: {e}"))
}
