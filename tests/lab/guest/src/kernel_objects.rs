//! Applets that make the kernel itself hold memory: sockets, dentries and inodes, pipe pages.
#![expect(
    unsafe_code,
    reason = "pipes in packet mode and control messages need raw calls"
)]

use std::fs::File;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::ptr;

use crate::{failed, hold, number};

/// `sockets PAIRS KIB`: connections over loopback, that many KiB sent into each and never read.
pub(crate) fn sockets(words: &[String]) -> Result<(), String> {
    let (pairs, bytes) = (number(words, 0)?, number(words, 1)? * 1024);
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("cannot listen: {e}"))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let chunk = vec![0x5au8; 64 * 1024];
    let mut held = Vec::new();
    for _ in 0..pairs {
        let mut from = TcpStream::connect(address).map_err(|e| format!("cannot connect: {e}"))?;
        let (to, _) = listener
            .accept()
            .map_err(|e| format!("cannot accept: {e}"))?;
        from.set_nonblocking(true).map_err(|e| e.to_string())?;
        let mut sent = 0;
        while sent < bytes {
            match from.write(&chunk) {
                Ok(count) => sent += count,
                // Both buffers are full: that is what is wanted.
                Err(_) => break,
            }
        }
        held.push((from, to));
    }
    std::hint::black_box(&held);
    hold()
}

/// `pipes COUNT`: so many pipes of 1 MiB each, filled and never read.
pub(crate) fn pipes(words: &[String]) -> Result<(), String> {
    const BYTES: i32 = 1024 * 1024;
    let block = vec![0x5au8; 64 * 1024];
    for index in 0..number(words, 0)? {
        let mut ends = [0; 2];
        // SAFETY: `ends` has room for the two descriptors, which stay open; writes read from a buffer that lives here.
        unsafe {
            if libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK) != 0 {
                return Err(failed(&format!("pipe {index}")));
            }
            if libc::fcntl(ends[1], libc::F_SETPIPE_SZ, BYTES) < 0 {
                return Err(failed(&format!("F_SETPIPE_SZ of pipe {index}")));
            }
            while libc::write(ends[1], block.as_ptr().cast(), block.len()) > 0 {}
        }
    }
    hold()
}

/// `unix-sockets PAIRS`: pairs of local sockets, each filled until it takes no more, never read.
pub(crate) fn unix_sockets(words: &[String]) -> Result<(), String> {
    let block = vec![0x5au8; 64 * 1024];
    let mut held = Vec::new();
    for _ in 0..number(words, 0)? {
        let (mut from, to) = std::os::unix::net::UnixStream::pair().map_err(|e| e.to_string())?;
        from.set_nonblocking(true).map_err(|e| e.to_string())?;
        while from.write(&block).is_ok() {}
        held.push((from, to));
    }
    std::hint::black_box(&held);
    hold()
}

/// `files FOLDER COUNT`: that many empty files with long names: dentries and inodes that nothing can reclaim on tmpfs.
pub(crate) fn files(words: &[String]) -> Result<(), String> {
    let folder = words.first().ok_or("a folder is missing")?;
    let long = "n".repeat(200);
    for index in 0..number(words, 1)? {
        if index % 1000 == 0 {
            std::fs::create_dir_all(format!("{folder}/{}", index / 1000))
                .map_err(|e| e.to_string())?;
        }
        let path = format!("{folder}/{}/{index}-{long}", index / 1000);
        File::create(&path).map_err(|e| format!("file {index}: {e}"))?;
    }
    hold()
}

/// `missing FOLDER COUNT`: asks for that many files with long names that are not there.
pub(crate) fn missing(words: &[String]) -> Result<(), String> {
    let folder = words.first().ok_or("a folder is missing")?;
    let long = "n".repeat(200);
    for index in 0..number(words, 1)? {
        if std::fs::exists(format!("{folder}/{index}-{long}")).map_err(|e| e.to_string())? {
            return Err(format!("file {index} is there"));
        }
    }
    hold()
}

/// `reread FILE`: reads one byte of each of its pages, again and again: hardly any copying, so that the time goes
/// into getting the pages.
pub(crate) fn reread(words: &[String]) -> Result<(), String> {
    let path = words.first().ok_or("a file is missing")?;
    let file = File::open(path).map_err(|e| format!("{path}: {e}"))?;
    let bytes = file.metadata().map_err(|e| e.to_string())?.len();
    let mut byte = [0u8; 1];
    loop {
        for offset in (0..bytes).step_by(4096) {
            file.read_at(&mut byte, offset).map_err(|e| e.to_string())?;
        }
    }
}

/// `checkerboard LEFT_MIB`: fills memory with single kernel pages in two sets of pipes by turns until only so much
/// is free, then frees one set: half of that memory is free, nowhere two pages together.
pub(crate) fn checkerboard(words: &[String]) -> Result<(), String> {
    let left_kib = number(words, 0)? * 1024;
    let mut sets: [Vec<[i32; 2]>; 2] = [Vec::new(), Vec::new()];
    // A pipe holds 16 pages by default; in packet mode each write takes one of its own.
    while free_kib()? > left_kib {
        for set in &mut sets {
            let mut ends = [0; 2];
            // SAFETY: `ends` has room for the two descriptors.
            if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_DIRECT | libc::O_NONBLOCK) } != 0 {
                return Err(failed("pipe2 (is the limit of open files high enough?)"));
            }
            set.push(ends);
        }
        let [keep, free] = &sets;
        for _ in 0..16 {
            for pipe in [keep.last(), free.last()].into_iter().flatten() {
                let byte = 0x5au8;
                // SAFETY: writes one byte that lives here.
                unsafe { libc::write(pipe[1], ptr::from_ref(&byte).cast(), 1) };
            }
        }
    }
    let [_, free] = &sets;
    for pipe in free {
        // SAFETY: closes descriptors that nobody else uses.
        unsafe {
            libc::close(pipe[0]);
            libc::close(pipe[1]);
        }
    }
    // The scenario waits for this.
    std::fs::write("/tmp/ready", "").map_err(|e| e.to_string())?;
    hold()
}

/// `MemFree` of now.
fn free_kib() -> Result<usize, String> {
    let file = std::fs::File::open("/proc/meminfo").map_err(|e| e.to_string())?;
    let text = std::io::read_to_string(file).map_err(|e| e.to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemFree:"));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|w| w.parse().ok())
        .ok_or_else(|| "no MemFree".to_owned())
}

/// `send-control BYTES`: sends a control message of that size, which the kernel copies into one contiguous block.
pub(crate) fn send_control(words: &[String]) -> Result<(), String> {
    let bytes = number(words, 0)?;
    let socket = std::os::unix::net::UnixDatagram::unbound().map_err(|e| e.to_string())?;
    let mut control = vec![0u8; bytes];
    // SAFETY: all pointers are into buffers that outlive the call.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = bytes as _;
        libc::sendmsg(socket.as_raw_fd(), &raw const message, 0)
    };
    crate::complain(&format!(
        "sendmsg gave {sent}: {}",
        std::io::Error::last_os_error()
    ));
    Ok(())
}
