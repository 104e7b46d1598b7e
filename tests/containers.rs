//! Which pod and image a container id means, on made-up machines of every runtime, on a real podman,
//! and through to the analyser's facts.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

#[path = "collect/machine.rs"]
#[expect(dead_code, reason = "shared with the tests of collecting")]
mod machine;
#[path = "containers/place.rs"]
mod place;
#[path = "containers/podman.rs"]
mod podman;
#[path = "containers/runtimes.rs"]
mod runtimes;

use std::fs;

/// Says loudly that a test could not run; a failure in CI.
fn not_run(why: &str) {
    let said = format!("NOT RUN: {why}");
    assert!(std::env::var_os("CI").is_none(), "{said}");
    // Straight to the terminal: the harness hides what a passing test prints.
    let _ = fs::write("/dev/stderr", format!("\n*** {said} ***\n"));
}
