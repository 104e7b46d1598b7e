//! From inputs to facts: header first, then one row a parser, then the logs, then what follows.

use crate::words::Bilingual;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use oomscene_bundle::packed;

use super::source::{Source, matches};
use super::{
    Facts, address_maps, cgroups, containers, derived, header, host, kernel_log, logs, meminfo,
    nodes, pressure, probes, processes, ps, sections, slabinfo, swaps, sysctl, sysv, tmpfs, units,
    vmstat, zones, zram,
};
use crate::intake::{Condensed, File, Input, InputKind};

/// Reads what it knows of some files; what it cannot read becomes a gap.
pub type Parse = fn(&[&Source<'_>], &mut Facts);

/// One row: which files, and who reads them.
pub struct Parser {
    /// Paths on the machine, or patterns with `*` and `**`; the parser gets the files in this order.
    pub reads: &'static [&'static str],
    /// The parser.
    pub parse: Parse,
}

const fn row(reads: &'static [&'static str], parse: Parse) -> Parser {
    Parser { reads, parse }
}

/// All parsers. A row may use the facts of the rows above it: page size and release come first.
#[rustfmt::skip] // a table is read by row
pub const PARSERS: &[Parser] = &[
    row(&["scene/uname", "uname", "sos_commands/kernel/uname_-a"], host::uname),
    row(&["proc/sys/kernel/osrelease", "proc/sys/kernel/hostname", "etc/hostname", "proc/sys/kernel/random/boot_id", "proc/cmdline", "sys/class/dmi/id/product_name"], host::texts),
    row(&["scene/auxv.json", "scene/address-space.json", "scene/view.json", "scene/virtualisation.json"], probes::parse),
    row(&["proc/uptime"], host::uptime),
    row(&["proc/stat"], host::stat),
    row(&["proc/loadavg"], host::loadavg),
    row(&["etc/os-release", "usr/lib/os-release"], host::os_release),
    row(&["proc/meminfo"], meminfo::parse),
    row(&["scene/second/proc/meminfo"], meminfo::parse_second),
    row(&["proc/vmstat"], vmstat::parse),
    row(&["scene/second/stamps.json", "proc/uptime", "scene/second/proc/uptime"], derived::interval),
    row(&["proc/vmstat", "scene/second/proc/vmstat"], vmstat::rates),
    row(&["proc/pressure/memory", "proc/pressure/io", "proc/pressure/cpu"], pressure::parse),
    row(&["proc/zoneinfo"], zones::zoneinfo),
    row(&["proc/buddyinfo"], zones::buddyinfo),
    row(&["proc/swaps"], swaps::parse),
    row(&["sys/block/zram*/mm_stat"], zram::parse),
    row(&["proc/slabinfo"], slabinfo::parse),
    row(&["sys/devices/system/node/node*/meminfo"], nodes::parse),
    row(&["scene/tmpfs.json"], tmpfs::parse),
    row(&["proc/sysvipc/shm"], sysv::parse),
    row(&["proc/net/sockstat", "proc/sys/net/ipv4/tcp_mem"], sysctl::tcp),
    row(&["sys/kernel/mm/transparent_hugepage/enabled"], sysctl::thp),
    row(&["proc/sys/vm/*", "proc/sys/kernel/*"], sysctl::parse),
    row(&["scene/systemd/units.txt", "usr/lib/systemd/system/**", "lib/systemd/system/**", "run/systemd/**", "etc/systemd/system/**"], units::parse),
    row(&["scene/systemd/wants.txt"], units::wanted),
    row(&["scene/view.json", "proc/self/mountinfo", "proc/*/stat", "proc/*/status", "proc/*/comm", "proc/*/oom_score", "proc/*/oom_score_adj", "proc/*/cgroup", "proc/*/cmdline", "proc/*/maps", "proc/*/limits", "proc/*/environ", "proc/*/wchan"], processes::parse),
    row(&["sos_commands/process/ps_auxwww", "sos_commands/process/ps_aux*", "sos_commands/process/ps*"], ps::parse),
    row(&["proc/cgroups"], cgroups::controllers),
    row(&["scene/view.json", "proc/self/mountinfo", "sys/fs/cgroup/**", "scene/second/sys/fs/cgroup/**"], cgroups::parse),
    row(&["scene/kmsg.json"], kernel_log::parse),
    row(&["scene/containers.jsonl"], containers::parse),
];

/// All facts of the inputs of one case.
#[must_use]
pub fn gather(inputs: &[Input]) -> Facts {
    let mut facts = Facts::default();
    header::read(inputs, &mut facts);
    let files = placed(inputs, &mut facts);
    let sources = unpack(&files);
    let by_row = sort_out(&sources);
    let mut claimed: BTreeSet<&str> = BTreeSet::new();
    for (number, parser) in PARSERS.iter().enumerate() {
        let Some(found) = by_row.get(&number) else {
            continue;
        };
        let ordered: Vec<&Source<'_>> = found.iter().map(|(_, s)| *s).collect();
        claimed.extend(found.iter().map(|(_, s)| s.entry));
        (parser.parse)(&ordered, &mut facts);
    }
    logs::read(inputs, &files, &claimed, &mut facts);
    containers::name_events(&mut facts);
    derived::put(&mut facts);
    address_maps::of_processes(&mut facts);
    facts
}

/// A file with the name by which evidence refers to it.
pub(super) struct Placed<'a> {
    pub(super) entry: String,
    pub(super) kind: InputKind,
    pub(super) file: &'a File,
    pub(super) condensed: Option<&'a Condensed>,
}

/// Several inputs are one case of one machine: a file that an earlier input has too is not read
/// again, logs are.
fn placed<'a>(inputs: &'a [Input], facts: &mut Facts) -> Vec<Placed<'a>> {
    let mut seen = BTreeSet::new();
    let mut placed = Vec::new();
    for input in inputs {
        let mut twice = 0_usize;
        for file in &input.files {
            let known = input.kind != InputKind::Log && !seen.insert(file.path.as_str());
            if known && !logs::is_log(&file.path) {
                twice += 1;
                continue;
            }
            let entry = if inputs.len() == 1 || input.kind == InputKind::Log {
                file.path.clone()
            } else {
                format!("{}:{}", input.name, file.path)
            };
            placed.push(Placed {
                entry,
                kind: input.kind,
                file,
                condensed: input.condensed.get(&file.path),
            });
        }
        if twice > 0 {
            facts.gap(
                &input.name,
                0,
                Bilingual::new(
                    format!("{twice} files were left out: an earlier input has them too"),
                    format!("略过了 {twice} 个文件：前面的输入中已有"),
                ),
            );
        }
    }
    placed
}

/// Packed entries become the files that they hold.
fn unpack<'a>(files: &'a [Placed<'a>]) -> Vec<Source<'a>> {
    let mut sources = Vec::new();
    for placed in files.iter().filter(|p| p.kind != InputKind::Log) {
        let path = &placed.file.path;
        let second = if path.starts_with("scene/second/") {
            "scene/second/"
        } else {
            ""
        };
        if placed.kind == InputKind::Folder {
            let joined = sections::of(path, &placed.file.content);
            sources.extend(joined.into_iter().map(|section| Source {
                path: section.path,
                entry: &placed.entry,
                first_line: section.first_line,
                content: Cow::Borrowed(section.content),
            }));
        }
        let inner = if is_packed(path) {
            packed::split(&placed.file.content)
        } else {
            Vec::new()
        };
        if inner.is_empty() {
            sources.push(Source {
                path: path.clone(),
                entry: &placed.entry,
                first_line: 1,
                content: Cow::Borrowed(&placed.file.content),
            });
        }
        sources.extend(inner.into_iter().map(|file| Source {
            path: format!(
                "{second}{}",
                file.path.strip_prefix(second).unwrap_or(&file.path)
            ),
            entry: &placed.entry,
            first_line: file.first_line,
            content: Cow::Owned(file.content),
        }));
    }
    sources
}

fn is_packed(path: &str) -> bool {
    let path = path.strip_prefix("scene/second/").unwrap_or(path);
    ["proc/all/", "sys/fs/cgroup/all/", "scene/systemd/"]
        .iter()
        .any(|p| path.starts_with(p))
}

type ByRow<'s, 'a> = BTreeMap<usize, Vec<(usize, &'s Source<'a>)>>;

/// Sources by row, in the order of the row's patterns.
fn sort_out<'s, 'a>(sources: &'s [Source<'a>]) -> ByRow<'s, 'a> {
    let mut by_row = ByRow::new();
    for source in sources {
        for (number, parser) in PARSERS.iter().enumerate() {
            if let Some(at) = parser.reads.iter().position(|p| matches(p, &source.path)) {
                by_row.entry(number).or_default().push((at, source));
            }
        }
    }
    for found in by_row.values_mut() {
        found.sort_by_key(|(at, _)| *at);
    }
    by_row
}

#[cfg(test)]
mod tests;
