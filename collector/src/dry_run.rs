//! What would be taken from this machine, from where, bounded by how much; nothing is written.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::capture::glob;
use crate::header;
use crate::host::Host;
use crate::item::{Door, Item, Root, Take};
use crate::plan::Plan;
use crate::probe::view::not_here;
use crate::sources::ROOMS;
use crate::summary::size;
use crate::visit::Visit;

/// Files of one item that are looked at to know how large they are.
const SAMPLE: usize = 5;
/// Size of a process file that is not read here, because it can block: a command line more often
/// than a table of mappings.
const UNREAD_BYTES: u64 = 300;
/// As [`UNREAD_BYTES`], for files with a line for every mapping.
const MAPPINGS_BYTES: u64 = 24 * 1024;
/// Size of what is made here, when nothing better is known.
const MADE_BYTES: u64 = 2048;
/// Size of a file in sysfs.
const SYSFS_BYTES: u64 = 16;
/// How much text of this kind packs: measured 5 to 12 times.
const PACKS: u64 = 7;
/// Time for one small file: two system calls to find it, three to read it, its ledger line.
const MICROS_A_FILE: u64 = 40;
/// Time to read and pack one MiB on a slow core.
const MICROS_A_MIB: u64 = 40_000;
/// The pause between the two looks.
const PAUSE_MICROS: u64 = 1_000_000;

/// What becomes of one item here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// So many files or entries, with so many bytes in sum.
    Taken { files: u64, bytes: u64 },
    /// Not asked for, and why.
    Skipped(String),
    /// This machine does not have it.
    Absent,
    /// It is there and may not be read.
    Denied,
}

/// Writes the plan item by item, and what it comes to.
///
/// # Errors
/// As `out`.
pub fn write(host: Host, plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    let mut visit = Visit::start(host, plan.depth, plan.deadline);
    let header = header::of(&visit.host, plan);
    let view = &header.view;
    writeln!(
        out,
        "machine  {}, kernel {}",
        header.hostname, header.kernel_release
    )?;
    writeln!(out, "view     {}: {}", view.kind, view.reason)?;
    writeln!(out, "user     {}\n", header.effective_uid)?;
    let (mut files_sum, mut bytes_sum, mut denied) = (0, 0, 0);
    for room in ROOMS {
        writeln!(out, "{}: {}", room.name, room.question)?;
        for item in room.items {
            let fate = fate(item, &mut visit);
            match fate {
                Fate::Taken { files, bytes } => {
                    let looks = if item.twice { 2 } else { 1 };
                    files_sum += files * looks;
                    bytes_sum += bytes * looks;
                }
                Fate::Denied => denied += 1,
                Fate::Skipped(_) | Fate::Absent => {}
            }
            line(item, &fate, out)?;
        }
        writeln!(out)?;
    }
    let estimate = Estimate::of(files_sum, bytes_sum);
    writeln!(
        out,
        "in all   {files_sum} files, about {} to read, a bundle of about {}, in about {} s ({} s at most)",
        size(bytes_sum),
        size(estimate.bundle_bytes),
        estimate.time.as_secs_f64().ceil(),
        plan.deadline.as_secs_f64(),
    )?;
    if denied > 0 {
        writeln!(out, "root     would add {denied} items")?;
    }
    for recipient in &plan.recipients {
        writeln!(out, "for      {recipient}")?;
    }
    writeln!(out, "nothing was written")
}

/// What a collection comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Estimate {
    bundle_bytes: u64,
    time: Duration,
}

impl Estimate {
    fn of(files: u64, bytes: u64) -> Self {
        let micros = PAUSE_MICROS + files * MICROS_A_FILE + bytes * MICROS_A_MIB / (1 << 20);
        Self {
            bundle_bytes: bytes / PACKS + files * 20,
            time: Duration::from_micros(micros),
        }
    }
}

fn line(item: &Item, fate: &Fate, out: &mut dyn io::Write) -> io::Result<()> {
    let limit = size(item.bytes_max as u64);
    let path = item.path;
    match fate {
        Fate::Taken { files: 0, .. } => writeln!(out, "  none  {path}"),
        Fate::Taken { files, bytes } => {
            let from = source(item);
            let root = match item.root {
                Root::No => String::new(),
                other => format!(", root {}", other.word()),
            };
            let about = size(*bytes);
            let each = if *files == 1 { "" } else { " each" };
            writeln!(
                out,
                "  take  {path}: {files} {from}, about {about}, at most {limit}{each}{root}"
            )
        }
        Fate::Skipped(why) => writeln!(out, "  skip  {path}: {why}"),
        Fate::Absent => writeln!(out, "  none  {path}: not on this machine"),
        Fate::Denied => {
            let how = if item.remedy.is_empty() {
                "run as root"
            } else {
                item.remedy
            };
            writeln!(out, "  deny  {path}: {how}")
        }
    }
}

/// Where it comes from.
fn source(item: &Item) -> String {
    match &item.take {
        Take::Made(_) => "made by this program".to_owned(),
        Take::Command { tries } => {
            let program = tries.first().and_then(|words| words.first());
            format!("from the command {}", program.unwrap_or(&""))
        }
        _ => "as files".to_owned(),
    }
}

fn fate(item: &Item, visit: &mut Visit) -> Fate {
    let why = not_here(item, &visit.host);
    if let Some(why) = why.or_else(|| item.gate.and_then(|gate| gate(visit))) {
        return Fate::Skipped(why);
    }
    match item.take {
        Take::File => one(item, visit),
        Take::Each { find, names } | Take::Packed { find, names, .. } => {
            let found = find(visit);
            if found.paths.is_empty() {
                let denied = found.left_out.iter().any(|left| !left.remedy.is_empty());
                return if denied { Fate::Denied } else { Fate::Absent };
            }
            let paths = found.paths;
            learn(item, names, &paths, visit);
            let each = typical(item, names, &paths, visit);
            let files = (paths.len() * names.len().max(1)) as u64;
            Fate::Taken {
                files,
                bytes: files * each,
            }
        }
        Take::Made(probe) => {
            // Which processes come next depends on it, and it reads nothing.
            if item.path == "scene/top-processes.json" {
                drop(probe(visit));
            }
            made(item)
        }
        Take::Command { .. } => made(item),
        _ => several(item, visit),
    }
}

fn made(item: &Item) -> Fate {
    Fate::Taken {
        files: 1,
        bytes: (item.bytes_max as u64 / 32).max(MADE_BYTES),
    }
}

fn one(item: &Item, visit: &Visit) -> Fate {
    let mut content = Vec::new();
    let limit = item.bytes_max.min(64 * 1024);
    match visit.host.read_into(item.path, limit, &mut content) {
        Ok(_) => Fate::Taken {
            files: 1,
            bytes: content.len() as u64,
        },
        Err(Errno::ACCESS | Errno::PERM) => Fate::Denied,
        Err(_) => Fate::Absent,
    }
}

/// Files that match a pattern: their sizes are known before they are read, but not those of the
/// kernel's own.
fn several(item: &Item, visit: &Visit) -> Fate {
    let files_max = match item.take {
        Take::Glob { files_max } | Take::Tail { files_max } => files_max,
        _ => usize::MAX,
    };
    let found = glob::readable(&visit.host, item.path, files_max);
    if found.paths.is_empty() {
        return if found.unlisted.is_empty() {
            Fate::Absent
        } else {
            Fate::Denied
        };
    }
    let mut bytes = 0;
    for path in &found.paths {
        let stated = visit.host.examine(path).map_or(0, |about| about.bytes);
        // sysfs states a page for every file, whatever is in it.
        let stated = if path.starts_with("sys/") { 0 } else { stated };
        bytes += stated.clamp(SYSFS_BYTES, item.bytes_max as u64);
    }
    Fate::Taken {
        files: found.paths.len() as u64,
        bytes,
    }
}

/// Lets the row learn as it would while collecting: which processes are looked at in detail follows
/// from it.
fn learn(item: &Item, names: &[&str], paths: &[String], visit: &mut Visit) {
    let Some(watch) = item.watch else { return };
    for path in paths {
        for name in names {
            let file = format!("{path}/{name}");
            if let Ok(content) = visit.host.read(&file, 4096) {
                watch(&mut visit.census, &file, &content);
            }
        }
    }
}

/// Bytes of one file of the item, from a few of them where reading cannot block.
fn typical(item: &Item, names: &[&str], paths: &[String], visit: &Visit) -> u64 {
    if item.door != Door::Direct {
        let by_mapping = names.iter().any(|name| matches!(*name, "maps" | "smaps"));
        return if by_mapping {
            MAPPINGS_BYTES
        } else {
            UNREAD_BYTES
        };
    }
    let step = (paths.len() / SAMPLE).max(1);
    let (mut bytes, mut seen) = (0, 0_u64);
    for path in paths.iter().step_by(step) {
        let files: Vec<String> = if names.is_empty() {
            vec![path.clone()]
        } else {
            names.iter().map(|name| format!("{path}/{name}")).collect()
        };
        for file in files {
            let content = visit.host.read(&file, item.bytes_max).unwrap_or_default();
            bytes += content.len() as u64;
            seen += 1;
        }
    }
    // A packed file has a line with its name.
    bytes / seen.max(1) + 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_files_and_bytes_cost_more() {
        let small = Estimate::of(1000, 1 << 20);
        let large = Estimate::of(100_000, 100 << 20);
        assert!(small.time < Duration::from_secs(2) && large.time > small.time * 4);
        assert!(large.bundle_bytes > small.bundle_bytes * 50);
    }
}
