//! A file system in user space that is dead: its files can be opened, and then nothing more comes.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;

use crate::place::Mount;

/// A FUSE file system with two files: the content of `messages` never comes, `written` can be read but
/// what is written to it is never confirmed. Dropping it ends all that wait for it.
pub(crate) struct DeadServer {
    _mount: Mount,
    _device: File,
}

impl DeadServer {
    /// `None` where FUSE is not to be had.
    pub(crate) fn at(point: &Path) -> Option<Self> {
        let device = File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .ok()?;
        let fd = device.as_raw_fd();
        let options = format!("fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other");
        let mount = Mount::new("fuse", point, &options)?;
        let server = device.try_clone().unwrap();
        // It ends when the connection does.
        std::thread::spawn(move || serve(server));
        Some(Self {
            _mount: mount,
            _device: device,
        })
    }
}

/// Operations of `include/uapi/linux/fuse.h`, which has the layouts below too.
const LOOKUP: u64 = 1;
const GETATTR: u64 = 3;
const OPEN: u64 = 14;
const READ: u64 = 15;
const RELEASE: u64 = 18;
const FLUSH: u64 = 25;
const INIT: u64 = 26;
const OPENDIR: u64 = 27;
const RELEASEDIR: u64 = 29;

/// Answers what is needed to open the file, and nothing else.
fn serve(mut device: File) {
    let mut request = vec![0; 256 * 1024];
    loop {
        let Ok(got) = device.read(&mut request) else {
            return;
        };
        let request = request.get(..got).unwrap_or_default();
        let Some(body) = answer(request) else {
            continue;
        };
        let mut answer = Vec::new();
        put(&mut answer, 4, 16 + body.len() as u64);
        put(&mut answer, 4, 0);
        put(&mut answer, 8, number(request, 8, 8));
        answer.extend(body);
        if device.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Nodes of the two files; the root folder is 1.
const MESSAGES: u64 = 2;
const WRITTEN: u64 = 3;
/// Bytes before what an operation has of its own.
const HEAD: usize = 40;

fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let node = number(request, 16, 8);
    match number(request, 4, 4) {
        INIT => {
            // major, minor, read-ahead, flags, background, largest write
            [7, 31, 0, 0, 0, 4096]
                .iter()
                .for_each(|word| put(&mut body, 4, *word));
            body.resize(64, 0);
        }
        LOOKUP => {
            let name = request.get(HEAD..).unwrap_or_default();
            let node = if name == b"written\0" {
                WRITTEN
            } else {
                MESSAGES
            };
            // node, generation, how long name and attributes are valid
            [node, 0, 60, 60, 0]
                .iter()
                .for_each(|word| put(&mut body, 8, *word));
            attributes(&mut body, node);
        }
        GETATTR => {
            [60, 0].iter().for_each(|word| put(&mut body, 8, *word));
            attributes(&mut body, node);
        }
        OPEN | OPENDIR => body.resize(16, 0),
        FLUSH | RELEASE | RELEASEDIR => {}
        READ if node == WRITTEN => {
            // handle, offset, size
            let size = number(request, HEAD + 16, 4);
            body.resize(usize::try_from(size).unwrap(), 0);
        }
        // Reading the other one, writing, listing and statfs wait for ever.
        _ => return None,
    }
    Some(body)
}

fn attributes(body: &mut Vec<u8>, node: u64) {
    // node, size, blocks, three times, their nanoseconds
    [node, 100_000, 0, 0, 0, 0]
        .iter()
        .for_each(|word| put(body, 8, *word));
    let mode = if node == 1 { 0o40755 } else { 0o100_644 };
    // nanoseconds, mode, links, user, group, device, block size, flags
    [0, 0, 0, mode, 1, 0, 0, 0, 4096, 0]
        .iter()
        .for_each(|word| put(body, 4, *word));
}

fn put(out: &mut Vec<u8>, bytes: usize, number: u64) {
    out.extend(number.to_le_bytes().iter().take(bytes));
}

fn number(bytes: &[u8], at: usize, count: usize) -> u64 {
    let bytes = bytes.iter().skip(at).take(count).rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}
