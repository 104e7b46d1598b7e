//! Applets about tasks: many of them, dead ones, stuck ones, crashing ones.
#![expect(unsafe_code, reason = "clone, fork and munmap have no safe form")]

use std::fs::OpenOptions;
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::ptr;
use std::time::Duration;

use crate::{failed, hold, number};

/// `spawn COUNT COMMAND…`: starts that many, says when the kernel refuses one, and holds.
pub(crate) fn spawn(words: &[String]) -> Result<(), String> {
    let program = words.get(1).ok_or("a command is missing")?;
    let mut held = Vec::new();
    for index in 0..number(words, 0)? {
        match Command::new(program)
            .args(words.get(2..).unwrap_or_default())
            .spawn()
        {
            Ok(child) => held.push(child),
            Err(error) => {
                crate::complain(&format!("child {index} was refused: {error}"));
                break;
            }
        }
    }
    hold()
}

/// `zombies COUNT`: children that have ended and are never waited for.
pub(crate) fn zombies(words: &[String]) -> Result<(), String> {
    let mut held = Vec::new();
    for index in 0..number(words, 0)? {
        held.push(
            Command::new("/bin/true")
                .spawn()
                .map_err(|e| format!("child {index}: {e}"))?,
        );
    }
    hold()
}

/// `vfork-wait COUNT`: that many parents in uninterruptible sleep, each waiting for a child that never execs.
pub(crate) fn vfork_wait(words: &[String]) -> Result<(), String> {
    for _ in 0..number(words, 0)? {
        // SAFETY: like fork (no memory is shared); this process has one thread.
        let pid = unsafe { libc::fork() };
        if pid < 0 {
            return Err(failed("fork"));
        }
        if pid == 0 {
            // SAFETY: like vfork but with memory of its own, so that the child may sleep.
            unsafe {
                libc::syscall(
                    libc::SYS_clone,
                    libc::CLONE_VFORK | libc::SIGCHLD,
                    0,
                    0,
                    0,
                    0,
                )
            };
            hold()
        }
    }
    hold()
}

/// `stuck-lock FILE [MIB]`: touches that many MiB, then one thread faults for writing on a frozen file system, another unmaps: the address space's lock is never free again.
pub(crate) fn stuck_lock(words: &[String]) -> Result<(), String> {
    let path = words.first().ok_or("a file is missing")?;
    let held = vec![0x5au8; number(words, 1).unwrap_or(0) * 1024 * 1024];
    std::hint::black_box(&held);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|e| format!("{path}: {e}"))?;
    // SAFETY: a shared mapping of our own file; nobody else knows its address.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if at == libc::MAP_FAILED {
        return Err(failed("mmap"));
    }
    let address = at as usize;
    std::thread::spawn(move || {
        // SAFETY: within the mapping; the write is what gets stuck.
        unsafe { ptr::write_volatile(address as *mut u8, 1) };
    });
    std::thread::sleep(Duration::from_secs(1));
    std::thread::spawn(move || {
        // The page that the other thread waits for: since 6.4 its fault holds the lock of this area only, and the unmap
        // waits for that with the whole address space locked.
        // SAFETY: unmaps a page that no other code uses; waits for the lock for ever.
        unsafe { libc::munmap(ptr::without_provenance_mut(address), 4096) };
    });
    hold()
}

/// `threads COUNT`: that many threads in one process; says when the kernel refuses one, and holds.
pub(crate) fn threads(words: &[String]) -> Result<(), String> {
    for index in 0..number(words, 0)? {
        let thread = std::thread::Builder::new().stack_size(16 * 1024);
        if let Err(error) = thread.spawn(|| hold()) {
            crate::complain(&format!("thread {index} was refused: {error}"));
            break;
        }
    }
    hold()
}

/// `fork-until-refused MIB TIMES`: a process of that size forks children, until the kernel refuses one.
pub(crate) fn fork_until_refused(words: &[String]) -> Result<(), String> {
    let held = vec![0x5au8; number(words, 0)? * 1024 * 1024];
    std::hint::black_box(&held);
    for index in 0..number(words, 1)? {
        // SAFETY: the child only sleeps.
        let pid = unsafe { libc::fork() };
        if pid < 0 {
            crate::complain(&format!("child {index} was refused: {}", failed("fork")));
            break;
        }
        if pid == 0 {
            hold()
        }
    }
    hold()
}

/// `crash`: ends by a write to no address.
pub(crate) fn crash(_: &[String]) -> Result<(), String> {
    // SAFETY: none; the crash is the purpose.
    unsafe { ptr::write_volatile(ptr::without_provenance_mut::<u8>(16), 1) };
    Ok(())
}

/// `bomb`: starts two of its kind, each of which does the same, and holds; what is refused is tried again.
pub(crate) fn bomb(_: &[String]) -> Result<(), String> {
    let mut started = 0;
    while started < 2 {
        // SAFETY: like fork (no memory is shared); this process has one thread.
        match unsafe { libc::fork() } {
            0 => {
                // A page or two of its own, as a real program has.
                std::hint::black_box(vec![0x5au8; 256 * 1024].leak());
                started = 0;
            }
            pid if pid < 0 => std::thread::sleep(Duration::from_millis(10)),
            _ => started += 1,
        }
    }
    hold()
}

/// `leaderless MIB`: the first thread ends, and another one takes the memory and holds it.
pub(crate) fn leaderless(words: &[String]) -> Result<(), String> {
    let words = words.to_vec();
    std::thread::spawn(move || crate::memory::hog(&words));
    // SAFETY: ends this thread alone; what it has borrowed is never given back, and the other thread owns its words.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    Ok(())
}
