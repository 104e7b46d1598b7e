//! The last bytes of logs.

use std::time::Instant;

use oomscene_bundle::{Error, Line, Outcome};
use rustix::io::Errno;

use super::errno::Trouble;
use super::sink::Sink;
use super::{glob, stamp};
use crate::host::Host;
use crate::item::Item;
use crate::visit::Visit;

/// Most names looked at.
const NAMES_MAX: usize = 1000;
/// Endings of compressed logs, whose last bytes say nothing.
const PACKED: &[&str] = &[".gz", ".xz", ".bz2", ".zst", ".lz4"];

/// Takes the last [`Item::bytes_max`] bytes of every file that matches.
///
/// # Errors
/// Only those of `sink`.
pub fn take(
    item: &Item,
    files_max: usize,
    visit: &mut Visit,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let mut matches = glob::expand(&visit.host, item.path, NAMES_MAX);
    matches
        .paths
        .retain(|path| !PACKED.iter().any(|ending| path.ends_with(ending)));
    // Dated names sort by age: the newest are worth most.
    matches.left_out = matches.paths.len().saturating_sub(files_max);
    matches.paths.drain(..matches.left_out);
    matches.note(item, sink);
    let mut bytes = Vec::new();
    for path in matches.paths {
        let began = Instant::now();
        match last_bytes(&visit.host, &path, item.bytes_max, &mut bytes) {
            Ok(size) => {
                let mut line = Line::new(item.path, &path, Outcome::Captured);
                line.micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                line.covers = stamp::span(&bytes);
                let taken = bytes.len();
                if size > taken as u64 {
                    line.outcome = Outcome::Truncated;
                    line.reason = format!("the last {taken} of {size} bytes");
                    line.remedy = format!("copy /{path} by hand");
                }
                match item.filter {
                    Some(filter) => super::finish(item, sink, line, &filter(&bytes))?,
                    None => super::finish(item, sink, line, &bytes)?,
                }
            }
            Err(errno) => sink.note(super::trouble_line(item, &path, &Trouble::from(errno))),
        }
    }
    Ok(())
}

/// Reads whole lines from the end of `path`; gives the size of the file.
fn last_bytes(host: &Host, path: &str, bytes_max: usize, out: &mut Vec<u8>) -> Result<u64, Errno> {
    let size = host.examine(path)?.bytes;
    let start = size.saturating_sub(bytes_max as u64);
    host.read_part(path, start, bytes_max, out)?;
    if start > 0 {
        let cut = out.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
        out.drain(..cut);
    }
    Ok(size)
}
