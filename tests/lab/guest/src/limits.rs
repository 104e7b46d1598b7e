//! Applets that run a command under a limit or a binding of its own.
#![expect(
    unsafe_code,
    reason = "setrlimit and set_mempolicy act on this process, which then becomes the command"
)]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::{failed, number};

/// `limited RESOURCE VALUE COMMAND…`: address space (`as`) and data (`data`) in MiB, processes of the user (`nproc`) as a count.
pub(crate) fn limited(words: &[String]) -> Result<(), String> {
    let value = number(words, 1)? as u64;
    let (resource, value) = match words.first().map(String::as_str) {
        Some("as") => (libc::RLIMIT_AS, value * 1024 * 1024),
        Some("data") => (libc::RLIMIT_DATA, value * 1024 * 1024),
        Some("nproc") => (libc::RLIMIT_NPROC, value),
        other => return Err(format!("no resource {other:?}: as, data, nproc")),
    };
    let limit = libc::rlimit {
        rlim_cur: value as _,
        rlim_max: value as _,
    };
    // SAFETY: a plain system call with a struct that lives here.
    if unsafe { libc::setrlimit(resource, &raw const limit) } != 0 {
        return Err(failed("setrlimit"));
    }
    become_command(words.get(2..).unwrap_or_default())
}

/// `bound NODE COMMAND…`: the command gets memory of that NUMA node only.
pub(crate) fn bound(words: &[String]) -> Result<(), String> {
    const MPOL_BIND: libc::c_int = 2;
    let nodes: libc::c_ulong = 1 << number(words, 0)?;
    // SAFETY: the mask lives here and has as many bits as said.
    let done = unsafe {
        libc::syscall(
            libc::SYS_set_mempolicy,
            MPOL_BIND,
            &raw const nodes,
            libc::c_ulong::BITS as libc::c_ulong,
        )
    };
    if done != 0 {
        return Err(failed("set_mempolicy"));
    }
    become_command(words.get(1..).unwrap_or_default())
}

/// This process goes on as the command.
fn become_command(words: &[String]) -> Result<(), String> {
    let program = words.first().ok_or("a command is missing")?;
    let error = Command::new(program)
        .args(words.get(1..).unwrap_or_default())
        .exec();
    Err(format!("{program}: {error}"))
}
