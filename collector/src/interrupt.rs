//! Signals that ask for an early end, and the alarm that ends a run which nothing else can end.
//!
//! SIGINT, SIGTERM and SIGHUP set a flag that is looked at between and within items: the bundle is
//! finished with what it has. The second one ends the program at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::host::Host;

/// Signals and what the ledger says about them.
const SIGNALS: [(i32, &str); 3] = [
    (SIGINT, "stopped by SIGINT"),
    (SIGTERM, "stopped by SIGTERM"),
    (SIGHUP, "stopped by SIGHUP"),
];
/// Time after the deadline for writing the end of the bundle to a slow disk.
const GRACE: Duration = Duration::from_secs(5);

static CAUGHT: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// From here on the signals end the run early instead of killing it. A signal that the caller
/// ignores stays ignored (`nohup`). A kernel that refuses costs only the early end.
pub fn listen() {
    let caught = Arc::new(AtomicUsize::new(0));
    if CAUGHT.set(Arc::clone(&caught)).is_err() {
        return;
    }
    let ignored = ignored_signals();
    let again = Arc::new(AtomicBool::new(false));
    for (signal, _) in SIGNALS {
        if ignored & (1 << (signal - 1)) != 0 {
            continue;
        }
        let Ok(number) = usize::try_from(signal) else {
            continue;
        };
        // In this order: the first signal arms the shutdown that the second one does.
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again));
        let _ = flag::register(signal, Arc::clone(&again));
        let _ = flag::register_usize(signal, Arc::clone(&caught), number);
    }
}

/// Which signal asked for an early end, in the words of the ledger.
#[must_use]
pub fn caught() -> Option<&'static str> {
    let number = CAUGHT.get()?.load(Ordering::Relaxed);
    SIGNALS
        .iter()
        .find(|(signal, _)| usize::try_from(*signal) == Ok(number))
        .map(|(_, words)| *words)
}

/// `SigIgn` of `/proc/self/status`; 0 when it is not known.
fn ignored_signals() -> u64 {
    let status = Host::new(std::path::Path::new("/"))
        .and_then(|host| host.read("proc/self/status", 16 * 1024));
    let text = String::from_utf8(status.unwrap_or_default()).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Kills this process when a run outlives its deadline by [`GRACE`]: a write to a dead disk or a
/// read that nobody thought of. What was written stays readable. The default action of SIGALRM ends
/// even a wait that only fatal signals end.
#[derive(Debug)]
pub struct Backstop(());

impl Backstop {
    /// Sets the alarm.
    #[must_use]
    pub fn set(deadline: Duration) -> Self {
        let seconds = (deadline + GRACE).as_secs().saturating_add(1);
        alarm(u32::try_from(seconds).unwrap_or(u32::MAX));
        Self(())
    }
}

impl Drop for Backstop {
    fn drop(&mut self) {
        alarm(0);
    }
}

#[expect(unsafe_code, reason = "alarm(2) has no safe wrapper")]
fn alarm(seconds: u32) {
    // SAFETY: alarm(2) touches no memory and cannot fail.
    unsafe { libc::alarm(seconds) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_of_ignored_signals_is_read() {
        // The Rust runtime ignores SIGPIPE (13) in every program.
        assert_ne!(ignored_signals() & (1 << 12), 0);
    }
}
