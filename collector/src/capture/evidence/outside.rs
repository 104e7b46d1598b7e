//! Logs whose dictionary is too large for this program are unpacked by the program that packed them,
//! as long as the machine has plenty of memory left: a collector must not take what is missing.

use std::io::Read;
use std::path::Path;

use super::packed_log::{Packing, Refusal};
use crate::capture::command::through::Through;
use crate::host::Door;
use crate::visit::Visit;

/// So many times the need must be free: other programs want memory at the same time.
const ROOM_FACTOR: u64 = 16;
/// What the program needs beside the dictionary.
const BESIDE_BYTES: u64 = 8 * 1024 * 1024;
/// Most levels of cgroups above this process.
const LEVELS_MAX: usize = 32;

/// Unpacks `file` in a process of its own.
///
/// # Errors
/// There is too little memory, or the program cannot be started.
pub fn open<'f>(
    file: impl Read + 'f,
    packing: Packing,
    dictionary_bytes: u64,
    visit: &Visit,
) -> Result<Box<dyn Read + 'f>, Refusal> {
    let need = dictionary_bytes.saturating_add(BESIDE_BYTES);
    let refused = |why: String| Refusal::NoRoom(dictionary_bytes, why);
    let Some(room) = room_bytes() else {
        return Err(refused(", and how much is free is not known".to_owned()));
    };
    if room / ROOM_FACTOR < need {
        let mib = room / (1024 * 1024);
        return Err(refused(format!(
            ", and of the {mib} MiB that are free only a {ROOM_FACTOR}th may be taken"
        )));
    }
    let limit = match packing {
        Packing::Xz => format!("--memlimit-decompress={need}"),
        Packing::Zstd => format!("--memory={}KiB", need / 1024),
        Packing::None | Packing::Gzip | Packing::Bzip2 => return Err(refused(String::new())),
    };
    let argv = [packing.program(), "-dc", "-q", &limit];
    match Through::start(&argv, file, visit.until) {
        Ok(text) => Ok(Box::new(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(refused(format!(
            ", and {} is not installed",
            packing.program()
        ))),
        Err(error) => Err(refused(format!(
            ", and {} cannot be started: {error}",
            packing.program()
        ))),
    }
}

/// Memory that this process and its children may take, in bytes: what the machine has left and what
/// each cgroup above them leaves. Always that of the machine that runs this, also for a copied one.
fn room_bytes() -> Option<u64> {
    let door = Door::new(Path::new("/")).ok()?;
    let text = |path: &str| {
        let mut bytes = Vec::new();
        door.read_into(path, 64 * 1024, &mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    };
    let meminfo = text("proc/meminfo")?;
    let kib = |key: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    // Linux before 3.14 does not tell what is available.
    let free = kib("MemAvailable:").or_else(|| kib("MemFree:"))? * 1024;
    let cgroups = text("proc/self/cgroup").unwrap_or_default();
    let left = levels(&cgroups).filter_map(|(folder, limit, usage)| {
        let number = |name: &str| {
            text(&format!("{folder}/{name}"))?
                .trim()
                .parse::<u64>()
                .ok()
        };
        // `max` is no number: no limit.
        Some(number(limit)?.saturating_sub(number(usage)?))
    });
    Some(left.fold(free, u64::min))
}

/// Folders of the memory cgroups of a process, from its own to the root, with the files that tell the
/// limit and the use. `text` is `/proc/self/cgroup`.
fn levels(text: &str) -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let known = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.to_owned());
        if controllers.is_empty() {
            return Some(("sys/fs/cgroup", path, "memory.max", "memory.current"));
        }
        let is_memory = controllers.split(',').any(|name| name == "memory");
        let files = ("memory.limit_in_bytes", "memory.usage_in_bytes");
        is_memory.then_some(("sys/fs/cgroup/memory", path, files.0, files.1))
    };
    let found: Vec<_> = text.lines().filter_map(known).collect();
    found.into_iter().flat_map(|(top, path, limit, usage)| {
        let path = path.trim_matches('/').to_owned();
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        (0..=parts.len()).rev().take(LEVELS_MAX).map(move |depth| {
            let below = parts.get(..depth).unwrap_or_default().join("/");
            let folder = format!("{top}/{below}");
            (folder.trim_end_matches('/').to_owned(), limit, usage)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_counts() {
        let folders = |text: &str| -> Vec<String> {
            levels(text)
                .map(|(folder, limit, _)| format!("{folder}/{limit}"))
                .collect()
        };
        assert_eq!(
            folders("0::/a/b\n"),
            [
                "sys/fs/cgroup/a/b/memory.max",
                "sys/fs/cgroup/a/memory.max",
                "sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            folders("7:cpu,cpuacct:/x\n4:memory:/k\n"),
            [
                "sys/fs/cgroup/memory/k/memory.limit_in_bytes",
                "sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
    }

    #[test]
    fn this_machine_has_room_known() {
        assert!(room_bytes().is_some_and(|bytes| bytes > 1024 * 1024));
    }
}
