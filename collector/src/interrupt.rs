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

/// Bytes of a set of signals on the first loongarch64 machines.
const OLD_SET_BYTES: usize = 16;

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
        if flag::register_usize(signal, Arc::clone(&caught), number).is_err() {
            handle(signal, end_early as *const () as libc::sighandler_t);
        }
    }
}

/// Writing to a closed pipe is an error from here on and no signal, as Rust's own start has it. On a
/// kernel that refuses, such a write ends the program.
pub fn ignore_broken_pipes() {
    handle(libc::SIGPIPE, libc::SIG_IGN);
}

/// What a signal does where only [`handle`] can set it.
extern "C" fn end_early(signal: libc::c_int) {
    let number = usize::try_from(signal).unwrap_or(0);
    let before = CAUGHT
        .get()
        .map(|caught| caught.swap(number, Ordering::Relaxed));
    if before != Some(0) {
        leave(128 + signal);
    }
}

#[expect(unsafe_code, reason = "_exit(2) has no safe wrapper")]
fn leave(status: libc::c_int) {
    // SAFETY: it may be called in a signal handler, and nothing comes after it.
    unsafe { libc::_exit(status) };
}

/// Sets what a signal does; false when the kernel refuses.
#[expect(unsafe_code, reason = "signal(2) and a system call without a wrapper")]
fn handle(signal: libc::c_int, action: libc::sighandler_t) -> bool {
    // SAFETY: the action is SIG_IGN or `end_early`, which touches one atomic number.
    if unsafe { libc::signal(signal, action) } != libc::SIG_ERR {
        return true;
    }
    // `struct sigaction` of Linux 4.19 on the first loongarch64 machines: handler, flags, and a set of
    // 16 bytes. Elsewhere the kernel refuses that size, too.
    let old: [usize; 4] = [action, 0, 0, 0];
    // SAFETY: the structure is at least as large as the kernel reads for a set of 16 bytes, and
    // nothing is written back.
    let refused = unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            old.as_ptr(),
            std::ptr::null_mut::<usize>(),
            OLD_SET_BYTES,
        )
    };
    refused == 0
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
