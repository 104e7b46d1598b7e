//! Processes that do the bad things which the collector must survive, for `tests/collect` and
//! `benches/collector.sh`:
//!
//! ```text
//! victim crowd N           N processes that sleep
//! victim storm             processes that come and go, as fast as possible
//! victim hog MIB           takes so much memory and keeps it
//! victim stuck FILE        FILE is never written: waits for that with its memory lock held
//! victim pauses MIB        has so much memory in 4 KiB pages, maps and unmaps one page all the time,
//!                          and prints the longest pause in microseconds when its input ends
//! ```
//!
//! It says `ready` when it is. Nothing of it outlives it.

#![expect(
    unsafe_code,
    reason = "fork, and pages that nobody owns, have no safe form"
)]

use std::ffi::c_void;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous, munmap};
use rustix::process::{Signal, set_parent_process_death_signal};

const MIB: usize = 1 << 20;
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = args.get(1).and_then(|text| text.parse::<usize>().ok());
    let done = match (args.first().map(String::as_str), number) {
        (Some("crowd"), Some(count)) => crowd(count),
        (Some("storm"), _) => storm(),
        (Some("hog"), Some(mib)) => hog(mib),
        (Some("pauses"), Some(mib)) => pauses(mib),
        (Some("stuck"), _) => args.get(1).map_or(Err(Errno::INVAL), |file| stuck(file)),
        _ => Err(Errno::INVAL),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(errno) => {
            let _ = writeln!(io::stderr(), "victim {args:?}: {errno}");
            ExitCode::FAILURE
        }
    }
}

fn ready() {
    let _ = writeln!(io::stdout(), "ready");
    let _ = io::stdout().flush();
}

/// Sleeps until the one who started this closes its input.
fn sleep() {
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

/// Forks; true in the child, which ends with its parent.
fn fork() -> Result<bool, Errno> {
    // SAFETY: this program has one thread, so the child may do anything.
    match unsafe { libc::fork() } {
        0 => {
            let _ = set_parent_process_death_signal(Some(Signal::KILL));
            Ok(true)
        }
        pid if pid > 0 => Ok(false),
        _ => Err(Errno::AGAIN),
    }
}

fn crowd(count: usize) -> Result<(), Errno> {
    for _ in 0..count {
        if fork()? {
            loop {
                // SAFETY: pause(2) has no arguments.
                unsafe { libc::pause() };
            }
        }
    }
    ready();
    sleep();
    Ok(())
}

fn storm() -> Result<(), Errno> {
    // SAFETY: children that nobody waits for are reaped by the kernel.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    ready();
    loop {
        if fork()? {
            // Some are there for a moment, with an inner life.
            for _ in 0..2000 {
                std::hint::spin_loop();
            }
            return Ok(());
        }
    }
}

fn hog(mib: usize) -> Result<(), Errno> {
    memory(mib)?;
    ready();
    sleep();
    Ok(())
}

/// So many MiB, each page written, none of them a huge one.
fn memory(mib: usize) -> Result<(), Errno> {
    let prot = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: new private memory at a place that the kernel chooses.
    let start =
        unsafe { mmap_anonymous(std::ptr::null_mut(), mib * MIB, prot, MapFlags::PRIVATE)? };
    // SAFETY: exactly the pages that were just mapped; a kernel without huge pages says EINVAL.
    let _ = unsafe { madvise(start, mib * MIB, Advice::LinuxNoHugepage) };
    for at in (0..mib * MIB).step_by(4096) {
        // SAFETY: within the mapping, which lives as long as the process.
        unsafe { start.cast::<u8>().add(at).write_volatile(1) };
    }
    Ok(())
}

/// Holds its own memory lock for ever: unmapping a page of `file` waits for its write-back
/// (`fuse_vma_close` in `fs/fuse/file.c`), and who comes after a waiting writer waits too.
fn stuck(file: &str) -> Result<(), Errno> {
    let file = std::fs::File::options().read(true).write(true).open(file);
    let file = file.map_err(|_| Errno::NOENT)?;
    let prot = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping of a file at a place that the kernel chooses.
    let page = unsafe {
        mmap(
            std::ptr::null_mut(),
            4096,
            prot,
            MapFlags::SHARED,
            file.as_fd(),
            0,
        )?
    };
    // SAFETY: the page that was just mapped.
    unsafe { page.cast::<u8>().write_volatile(1) };
    let address = page.expose_provenance();
    // Before it is stuck itself; a moment later it is.
    ready();
    std::thread::spawn(move || {
        // SAFETY: exactly that page; nobody uses it any more.
        let _ = unsafe { munmap(std::ptr::with_exposed_provenance_mut(address), 4096) };
    });
    std::thread::sleep(Duration::from_millis(200));
    let none = ProtFlags::empty();
    // SAFETY: a new page that is never touched.
    let _ = unsafe { mmap_anonymous(std::ptr::null_mut(), 4096, none, MapFlags::PRIVATE) };
    sleep();
    Ok(())
}

/// How long this thread was ready and had no CPU (`/proc/PID/schedstat`, second number).
fn waited_for_cpu() -> Duration {
    let text = std::fs::File::open("/proc/thread-self/schedstat").and_then(io::read_to_string);
    let nanoseconds = text
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn pauses(mib: usize) -> Result<(), Errno> {
    memory(mib)?;
    static END: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        sleep();
        END.store(true, Ordering::Relaxed);
    });
    ready();
    let mut longest = 0;
    while !END.load(Ordering::Relaxed) {
        let waited = waited_for_cpu();
        let began = Instant::now();
        // SAFETY: one new private page; nobody else knows it.
        unsafe {
            let page: *mut c_void = mmap_anonymous(
                std::ptr::null_mut(),
                4096,
                ProtFlags::READ,
                MapFlags::PRIVATE,
            )?;
            munmap(page, 4096)?;
        }
        // Other programs that run now are not what is measured.
        let took = began.elapsed();
        let pause = took.saturating_sub(waited_for_cpu().saturating_sub(waited));
        longest = longest.max(pause.as_micros());
        // The kernel takes a CPU away from those who never let go of it.
        std::thread::sleep(Duration::from_micros(100));
    }
    let _ = writeln!(io::stdout(), "{longest}");
    Ok(())
}
