//! Runs other programs; a failure tells which one, with what it said.

use std::process::{Command, Output};

/// Runs to the end.
///
/// # Errors
/// When it can't be started or ends with another status than 0.
pub(crate) fn output(command: &mut Command) -> Result<Output, String> {
    let done = command
        .output()
        .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    if done.status.success() {
        return Ok(done);
    }
    let complaint = String::from_utf8_lossy(&done.stderr);
    Err(format!(
        "{command:?} ended with {}: {}",
        done.status,
        complaint.trim()
    ))
}

/// Runs for its effect.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    output(command).map(|_| ())
}

/// Runs for what it prints.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    output(command).map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|o| o.status.success())
}
