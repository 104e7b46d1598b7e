//! The start of the program, without the help of Rust's own: arguments, standard files, SIGPIPE.

use std::ffi::{CStr, OsString, c_char, c_int};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::panic::catch_unwind;

use rustix::fs::{Mode, OFlags};

use crate::interrupt;

/// Exit status of a bug, as Rust programs have it.
const PANICKED: u8 = 101;

/// Runs the collector with the arguments of a C `main`; gives the exit status.
///
/// # Safety
/// `argv` must hold `argc` strings that end in a zero byte, as the C library hands them over.
#[expect(unsafe_code, reason = "arguments come as pointers")]
pub unsafe fn main(argc: c_int, argv: *const *const c_char) -> u8 {
    fill_standard_files();
    interrupt::ignore_broken_pipes();
    // SAFETY: as the caller promises.
    let arguments = unsafe { arguments(argc, argv) };
    let ran = catch_unwind(|| {
        crate::serve_reader_if_asked(arguments.iter().cloned()).unwrap_or_else(|| {
            crate::run(
                arguments.iter().cloned(),
                &mut io::stdout(),
                &mut io::stderr(),
            )
        })
    });
    // Nothing else writes out what is still in the buffer.
    let _ = io::stdout().flush();
    ran.unwrap_or(PANICKED)
}

/// musl gives a program without Rust's start no other way to its arguments.
#[expect(unsafe_code, reason = "arguments come as pointers")]
unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<OsString> {
    let count = usize::try_from(argc).unwrap_or(0);
    let mut arguments = Vec::with_capacity(count);
    for number in 0..count {
        // SAFETY: there are `argc` pointers to strings behind `argv`.
        let argument = unsafe { CStr::from_ptr(*argv.add(number)) };
        arguments.push(OsString::from_vec(argument.to_bytes().to_vec()));
    }
    arguments
}

/// Opens `/dev/null` where standard input, output or error is closed: else the bundle would get its
/// number, and messages would be written into it.
fn fill_standard_files() {
    loop {
        let null = rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty());
        match null {
            // The lowest free number: up to 2 it stays open for good.
            Ok(file) if std::os::fd::AsRawFd::as_raw_fd(&file) <= 2 => {
                let _ = std::os::fd::IntoRawFd::into_raw_fd(file);
            }
            _ => return,
        }
    }
}
