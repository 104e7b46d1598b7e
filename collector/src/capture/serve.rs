//! The reader process: this binary started a second time, doing reads that can block for ever.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use rustix::io::Errno;

use super::protocol::{self, Request, What};
use crate::host::{Host, Opening, read_open};

/// First argument of the reader process.
pub const ARGUMENT: &str = "__reader";
/// What the reader says first, so that another program at its place is noticed.
pub const GREETING: &[u8] = b"oomscene reader 1\n";

/// Runs as the reader process when the arguments ask for it; `None` otherwise.
///
/// The reader is `/proc/self/exe` started with [`ARGUMENT`] and a root folder, so every binary that
/// collects must call this first.
pub fn serve_reader_if_asked(
    mut args: impl Iterator<Item = std::ffi::OsString>,
) -> Option<ExitCode> {
    if args.nth(1)? != ARGUMENT {
        return None;
    }
    let root = args.next()?;
    let Ok(host) = Host::new(Path::new(&root)) else {
        return Some(ExitCode::from(2));
    };
    // The end of the pipe is the usual end; nobody is left to hear about another one.
    let _ = serve(&host, io::stdin().lock(), io::stdout().lock());
    Some(ExitCode::SUCCESS)
}

fn serve(host: &Host, input: impl Read, output: impl Write) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = BufWriter::with_capacity(64 * 1024, output);
    let mut content = Vec::new();
    output.write_all(GREETING)?;
    // Each answer is sent before the next read: if that one hangs, the hang is blamed on the right
    // file and no answer is lost with the process.
    output.flush()?;
    while let Some(request) = protocol::get_request(&mut input)? {
        let answer = match request.what {
            What::Read => read(host, &request, &mut content),
            What::Space => space(host, &request, &mut content),
        };
        match answer {
            Ok(cut) => protocol::put_answer(&mut output, 0, cut, &content)?,
            Err(errno) => protocol::put_answer(&mut output, errno.raw_os_error(), false, b"")?,
        }
        output.flush()?;
        // A large answer is not kept for the rest of the run.
        if content.capacity() > 1024 * 1024 {
            content = Vec::new();
        }
    }
    Ok(())
}

fn read(host: &Host, request: &Request, content: &mut Vec<u8>) -> Result<bool, Errno> {
    let limit = usize::try_from(request.bytes_max).unwrap_or(usize::MAX);
    let file = host.open(&request.path, Opening::MayWait)?;
    read_open(&file, limit, content)
}

fn space(host: &Host, request: &Request, content: &mut Vec<u8>) -> Result<bool, Errno> {
    let folder = host.open(&request.path, Opening::MayWait)?;
    let stat = rustix::fs::fstatvfs(&folder)?;
    content.clear();
    let text = format!(
        "{} {} {} {}",
        stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail
    );
    content.extend_from_slice(text.as_bytes());
    Ok(false)
}
