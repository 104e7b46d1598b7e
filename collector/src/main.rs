//! `oomscene-collect`: arguments in, exit status out.
//!
//! The entry is that of C. Rust's own one ends the program at once where the kernel refuses
//! `sigaction`: Linux 4.19 of the first loongarch64 machines has signal sets of another size, so every
//! such call of a present-day C library fails there.

#![no_main]

use std::ffi::{c_char, c_int};

/// Called by the C library.
///
/// # Safety
/// `argv` must hold `argc` strings that end in a zero byte.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "the C library calls a function of this name")]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    // SAFETY: as the caller promises.
    c_int::from(unsafe { oomscene_collector::start::main(argc, argv) })
}
