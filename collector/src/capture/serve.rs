//! The reader process: this binary started a second time, doing reads that can block for ever.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;
use rustix::process::{Signal, getppid, set_parent_process_death_signal, setpriority_process};

use super::protocol::{self, Request, What};
use crate::host::{Door, Opening, read_open};

/// First argument of the reader process.
pub const ARGUMENT: &str = "__reader";
/// Most bytes of an answer's buffer that are kept for the next one.
const KEPT_BYTES: usize = 256 * 1024;
/// Before all others, while it reads what a process may have to wait for.
const URGENT_NICE: i32 = -20;
/// As others, while it reads logs.
const USUAL_NICE: i32 = 0;
/// What the reader says first, so that another program at its place is noticed.
pub const GREETING: &[u8] = b"oomscene reader 2\n";

/// Runs as the reader process when the arguments ask for it, and gives its exit status; `None`
/// otherwise.
///
/// The reader is `/proc/self/exe` started with [`ARGUMENT`], a root folder and the collector's process
/// id, so every binary that
/// collects must call this first.
pub fn serve_reader_if_asked(mut args: impl Iterator<Item = std::ffi::OsString>) -> Option<u8> {
    if args.nth(1)? != ARGUMENT {
        return None;
    }
    let root = args.next()?;
    let collector = args.next()?.into_string().ok()?.parse::<i32>().ok()?;
    // In ps it would be called `exe`.
    let _ = rustix::thread::set_name(c"oomscene-reader");
    // Nothing stays behind a collector that was killed.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // A collector that was killed before that has another process take its children over.
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get() != collector) {
        return Some(2);
    }
    let Ok(door) = Door::new(Path::new(&root)) else {
        return Some(2);
    };
    // It must not keep a file system busy that somebody wants to unmount.
    let _ = rustix::process::chdir("/");
    // The end of the pipe is the usual end; nobody is left to hear about another one.
    let _ = serve(&door, io::stdin().lock(), io::stdout().lock());
    Some(0)
}

fn serve(door: &Door, input: impl Read, output: impl Write) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = BufWriter::with_capacity(64 * 1024, output);
    let mut content = Vec::new();
    output.write_all(GREETING)?;
    // Each answer is sent before the next read: if that one hangs, the hang is blamed on the right
    // file and no answer is lost with the process.
    output.flush()?;
    let mut nice = None;
    while let Some(request) = protocol::get_request(&mut input)? {
        // While it reads of a process, others wait for their own memory lock: it must not be late itself.
        let wanted = match request.what {
            What::Read => URGENT_NICE,
            _ => USUAL_NICE,
        };
        if nice != Some(wanted) {
            // Without the right to it, it stays as it was started.
            let _ = setpriority_process(None, wanted);
            nice = Some(wanted);
        }
        let began = Instant::now();
        content.clear();
        let result = answer(door, &request, &mut content).map_err(Errno::raw_os_error);
        let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        if result.is_err() {
            content.clear();
        }
        protocol::put_answer(&mut output, result, micros, &content)?;
        output.flush()?;
        // A large answer is not kept for the rest of the run.
        if content.capacity() > KEPT_BYTES {
            content = Vec::new();
        }
    }
    Ok(())
}

/// Fills `content`; tells whether there is more.
fn answer(door: &Door, request: &Request, content: &mut Vec<u8>) -> Result<bool, Errno> {
    let limit = usize::try_from(request.bytes_max).unwrap_or(usize::MAX);
    let path = request.path.as_str();
    match request.what {
        What::Read => read_open(&door.open(path, Opening::MayWait)?, limit, content),
        What::ReadFile => door.read_part(path, request.offset, limit, content),
        What::Names => Ok(put_names(content, door.names(path)?)),
        What::Folders => Ok(put_names(content, door.folders(path)?)),
        What::Stat => {
            let stat = door.examine(path)?;
            content.extend_from_slice(stat.to_text().as_bytes());
            Ok(false)
        }
        What::Link => {
            let target = door.link(path).ok_or(Errno::INVAL)?;
            content.extend_from_slice(target.as_bytes());
            Ok(false)
        }
        What::Space => {
            let folder = door.open(path, Opening::MayWait)?;
            let stat = rustix::fs::fstatvfs(&folder)?;
            let text = format!(
                "{} {} {} {}",
                stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail
            );
            content.extend_from_slice(text.as_bytes());
            Ok(false)
        }
    }
}

fn put_names(content: &mut Vec<u8>, names: Vec<String>) -> bool {
    for name in names {
        content.extend_from_slice(name.as_bytes());
        content.push(0);
    }
    false
}
