//! Applets that take memory: anonymous, shared, page tables, address space.
#![expect(unsafe_code, reason = "mmap and shmat are the point")]

use std::ptr;
use std::time::{Duration, Instant};

use crate::{failed, hold, number};

const MIB: usize = 1024 * 1024;

/// `hog MIB [MILLISECONDS]`: touches that many MiB of anonymous memory, with a pause after each MiB, and holds them.
pub(crate) fn hog(words: &[String]) -> Result<(), String> {
    let pause = Duration::from_millis(number(words, 1).unwrap_or(0) as u64);
    let mut held = Vec::new();
    for _ in 0..number(words, 0)? {
        // Not zero: a page of zeros could be shared by KSM or left unmapped.
        held.push(vec![0x5au8; MIB]);
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    std::hint::black_box(&held);
    hold()
}

/// `noise MIB`: touches memory with bytes that no compression makes smaller, and holds it.
pub(crate) fn noise(words: &[String]) -> Result<(), String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut held = Vec::new();
    for _ in 0..number(words, 0)? {
        let mut block = vec![0u8; MIB];
        for word in block.chunks_exact_mut(8) {
            // xorshift: enough to defeat a compressor.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_ne_bytes());
        }
        held.push(block);
    }
    std::hint::black_box(&held);
    hold()
}

/// `locked MIB`: like `hog`, and locks what it has and will have into memory.
pub(crate) fn locked(words: &[String]) -> Result<(), String> {
    // SAFETY: a plain system call.
    if unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) } != 0 {
        return Err(failed("mlockall"));
    }
    hog(words)
}

/// `memfd MIB`: fills an anonymous shared file that no mount shows, and holds it.
pub(crate) fn memfd(words: &[String]) -> Result<(), String> {
    use std::io::Write as _;
    use std::os::fd::FromRawFd as _;
    // SAFETY: the name is a C string; the descriptor is ours alone.
    let mut file = unsafe {
        let descriptor = libc::memfd_create(c"frames".as_ptr(), 0);
        if descriptor < 0 {
            return Err(failed("memfd_create"));
        }
        std::fs::File::from_raw_fd(descriptor)
    };
    let block = vec![0x5au8; MIB];
    for _ in 0..number(words, 0)? {
        file.write_all(&block).map_err(|e| e.to_string())?;
    }
    std::hint::black_box(&file);
    hold()
}

fn map(bytes: usize, protection: i32, flags: i32) -> Option<*mut u8> {
    // SAFETY: a new private mapping at a place of the kernel's choice aliases nothing.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            protection,
            flags | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    (at != libc::MAP_FAILED).then_some(at.cast())
}

/// `map-until-refused MIB TIMES`: maps writable memory without touching it until the kernel refuses, then holds.
pub(crate) fn map_until_refused(words: &[String]) -> Result<(), String> {
    let (bytes, times) = (number(words, 0)? * MIB, number(words, 1)?);
    for count in 0..times {
        if map(bytes, libc::PROT_READ | libc::PROT_WRITE, 0).is_none() {
            crate::complain(&format!(
                "refused after {count} × {} MiB: {}",
                bytes / MIB,
                failed("mmap")
            ));
            hold()
        }
    }
    Err(format!("{times} mappings were granted, none refused"))
}

/// `reserve-until-refused GIB TIMES`: reserves addresses without any right to them, which no
/// overcommit policy counts, until there are none left, then holds.
pub(crate) fn reserve_until_refused(words: &[String]) -> Result<(), String> {
    let (bytes, times) = (number(words, 0)? * 1024 * MIB, number(words, 1)?);
    for count in 0..times {
        if map(bytes, libc::PROT_NONE, libc::MAP_NORESERVE).is_none() {
            crate::complain(&format!("refused after {count}: {}", failed("mmap")));
            hold()
        }
    }
    Err(format!("{times} reservations were granted, none refused"))
}

/// `map-areas`: makes areas that can't be merged until `vm.max_map_count` refuses, then holds.
pub(crate) fn map_areas(words: &[String]) -> Result<(), String> {
    let times = number(words, 0)?;
    for count in 0..times {
        let protection = if count % 2 == 0 {
            libc::PROT_READ
        } else {
            libc::PROT_READ | libc::PROT_WRITE
        };
        if map(4096, protection, libc::MAP_NORESERVE).is_none() {
            crate::complain(&format!("refused after {count} areas: {}", failed("mmap")));
            hold()
        }
    }
    Err(format!("{times} areas were granted, none refused"))
}

/// `page-tables GIB`: reads one byte of every 2 MiB, so that only page tables are allocated (the zero page is shared).
pub(crate) fn page_tables(words: &[String]) -> Result<(), String> {
    let step = 2 * MIB;
    for _ in 0..number(words, 0)? {
        let bytes = 1024 * MIB;
        let at = map(bytes, libc::PROT_READ, libc::MAP_NORESERVE).ok_or_else(|| failed("mmap"))?;
        // SAFETY: the range is ours; without huge pages a read fault maps the shared zero page.
        unsafe { libc::madvise(at.cast(), bytes, libc::MADV_NOHUGEPAGE) };
        for offset in (0..bytes).step_by(step) {
            // SAFETY: within the mapping just made.
            std::hint::black_box(unsafe { ptr::read_volatile(at.add(offset)) });
        }
    }
    hold()
}

/// `shm MIB`: a System V segment, touched, left behind when this process ends.
pub(crate) fn shm(words: &[String]) -> Result<(), String> {
    let bytes = number(words, 0)? * MIB;
    // SAFETY: plain system calls; the segment is attached nowhere else.
    unsafe {
        let id = libc::shmget(libc::IPC_PRIVATE, bytes, libc::IPC_CREAT | 0o600);
        if id < 0 {
            return Err(failed("shmget"));
        }
        let at = libc::shmat(id, ptr::null(), 0);
        if at as isize == -1 {
            return Err(failed("shmat"));
        }
        ptr::write_bytes(at.cast::<u8>(), 0x5a, bytes);
    }
    Ok(())
}

/// `huge MIB`: touches memory in huge pages of the machine's pool, and holds it.
pub(crate) fn huge(words: &[String]) -> Result<(), String> {
    let bytes = number(words, 0)? * MIB;
    let at = map(bytes, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_HUGETLB)
        .ok_or_else(|| failed("mmap of huge pages"))?;
    // SAFETY: within the mapping just made.
    unsafe { ptr::write_bytes(at, 0x5a, bytes) };
    hold()
}

/// `touch-each STEP_MIB MIB`: maps that much, writes one byte of each step, and holds it.
pub(crate) fn touch_each(words: &[String]) -> Result<(), String> {
    let (step, bytes) = (number(words, 0)? * MIB, number(words, 1)? * MIB);
    let at = map(bytes, libc::PROT_READ | libc::PROT_WRITE, 0).ok_or_else(|| failed("mmap"))?;
    for offset in (0..bytes).step_by(step.max(1)) {
        // SAFETY: within the mapping just made.
        unsafe { ptr::write_volatile(at.add(offset), 0x5a) };
    }
    hold()
}

/// `stamped MIB`: touches memory, then maps and unmaps a page every millisecond and says the longest pause on each new record.
pub(crate) fn stamped(words: &[String]) -> Result<(), String> {
    let held = vec![0x5au8; number(words, 0)? * MIB];
    std::hint::black_box(&held);
    let mut longest = Duration::ZERO;
    loop {
        let began = Instant::now();
        let at = map(4096, libc::PROT_READ, 0).ok_or_else(|| failed("mmap"))?;
        // SAFETY: unmaps what was just mapped.
        unsafe { libc::munmap(at.cast(), 4096) };
        let took = began.elapsed();
        if took > longest {
            longest = took;
            crate::complain(&format!("longest pause {} µs", took.as_micros()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
