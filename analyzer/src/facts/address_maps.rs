//! Address maps: `/proc/PID/maps` of a collection, and maps or `pmap` output given as a file. One
//! list for both, which holds only processes whose map was taken.

use std::sync::Arc;

use super::log::line::Line;
use super::log::pattern::{number, pattern, text};
use super::{Evidence, Facts, Record, Value};
use crate::words::Bilingual;

/// `HEAP_MAX_SIZE` of glibc's malloc on 64-bit machines: each arena beyond the first is reserved
/// in pieces of this size, a used part `rw-p` and an unused part `---p`.
const ARENA_BYTES: u64 = 64 * 1024 * 1024;

/// One mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mapping {
    start: u64,
    end: u64,
    used: bool,
    reserved: bool,
}

/// Sums of one address map.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) mappings: u64,
    pub(super) arenas: u64,
    pub(super) mapped_bytes: u64,
    /// Line of the first mapping.
    pub(super) first: Vec<Evidence>,
    /// Line of the last arena; of the first mapping when there is none.
    pub(super) arena: Vec<Evidence>,
    before: Option<Mapping>,
}

impl Tally {
    /// Counts one mapping; they come in the order of their addresses.
    pub(super) fn add(&mut self, mapping: Mapping, place: Vec<Evidence>) {
        if self.mappings == 0 {
            self.first.clone_from(&place);
            self.arena.clone_from(&place);
        }
        self.mappings += 1;
        self.mapped_bytes = self
            .mapped_bytes
            .saturating_add(mapping.end.saturating_sub(mapping.start));
        if let Some(before) = &self.before
            && before.used
            && mapping.reserved
            && before.end == mapping.start
            && mapping.end.checked_sub(before.start) == Some(ARENA_BYTES)
        {
            self.arenas += 1;
            self.arena = place;
        }
        self.before = Some(mapping);
    }
}

/// A line of `/proc/PID/maps`.
pub(super) fn mapping(line: &str) -> Option<Mapping> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let rights = words.next()?;
    let anonymous = words.nth(3).is_none();
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        used: rights == "rw-p" && anonymous,
        reserved: rights == "---p" && anonymous,
    })
}

/// `-Xmx` of a command line of java, the last one: the later wins.
pub(super) fn heap_limit_bytes(command_line: &str) -> Option<u64> {
    let written = command_line
        .split_whitespace()
        .rev()
        .find_map(|word| word.strip_prefix("-Xmx"))?;
    let digits = written.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match written.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

pattern!(
    MAPS,
    r"^[0-9a-f]{8,16}-[0-9a-f]{8,16} [r-][w-][x-][ps] [0-9a-f]{8,16} [0-9a-f]+:[0-9a-f]+ \d+"
);
// `pmap PID` writes sizes with a K, `pmap -x` adds columns of resident and dirty kilobytes.
pattern!(
    PMAP,
    r"^(?P<start>[0-9a-f]{8,16}) +(?P<size>\d+)K? +(?:(?P<rss>\d+) +\d+ +)?(?P<rights>[r-][w-][x-][s-][R-]?-?) +(?P<name>.*)$"
);
pattern!(PMAP_HEAD, r"^(?P<pid>\d+): +(?P<command>\S.*)$");

/// Digits of an address, at least.
const ADDRESS_DIGITS_MIN: usize = 8;

/// A map that was given as a file.
#[derive(Debug, Default)]
pub(super) struct Given {
    pid: Option<i64>,
    command_line: Option<String>,
    head: Vec<Evidence>,
    rss_kib: Option<u64>,
    tally: Tally,
}

/// Reads maps and `pmap` output of one log.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) maps: Vec<Given>,
    open: Given,
}

impl Attached {
    /// Reads one line.
    pub(super) fn feed(&mut self, line: &Line<'_>) {
        let bare = line.bare();
        // Nearly all lines begin otherwise: with no address, and with no number before a colon.
        let digits = bare.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits < ADDRESS_DIGITS_MIN
            && (digits == 0 || bare.as_bytes().get(digits) != Some(&b':'))
        {
            return;
        }
        if MAPS.is_match(bare) {
            if let Some(mapping) = mapping(bare) {
                self.open.tally.add(mapping, vec![line.evidence()]);
            }
        } else if let Some(groups) = PMAP.captures(bare) {
            let start = text(&groups, "start").and_then(|t| u64::from_str_radix(t, 16).ok());
            let size = number::<u64>(&groups, "size").and_then(|kib| kib.checked_mul(1024));
            let rights = text(&groups, "rights").unwrap_or_default();
            let anonymous = text(&groups, "name").is_some_and(|n| n.trim() == "[ anon ]");
            if let Some(rss) = number::<u64>(&groups, "rss") {
                *self.open.rss_kib.get_or_insert(0) += rss;
            }
            if let (Some(start), Some(size)) = (start, size) {
                let mapping = Mapping {
                    start,
                    end: start.saturating_add(size),
                    used: rights.starts_with("rw-") && anonymous,
                    reserved: rights.starts_with("---") && anonymous,
                };
                self.open.tally.add(mapping, vec![line.evidence()]);
            }
        } else if let Some(groups) = PMAP_HEAD.captures(bare) {
            self.finish();
            self.open.pid = number(&groups, "pid");
            self.open.command_line = text(&groups, "command").map(|c| c.trim().to_owned());
            self.open.head = vec![line.evidence()];
        }
    }

    /// Ends the map that is open.
    pub(super) fn finish(&mut self) {
        let open = std::mem::take(&mut self.open);
        if open.tally.mappings > 0 {
            self.maps.push(open);
        }
    }
}

impl Given {
    /// The record of this map.
    pub(super) fn record(&self) -> Record {
        let mut record = Record::new();
        record.put_some("pid", self.pid, &self.head);
        if let Some(command) = &self.command_line {
            let program = command.split_whitespace().next().unwrap_or_default();
            let name = program.rsplit('/').next().unwrap_or_default();
            record.put("comm", name, self.head.clone());
            record.put("command_line", command.as_str(), self.head.clone());
            record.put_some("heap_limit_bytes", heap_limit_bytes(command), &self.head);
        }
        let rss = self.rss_kib.and_then(|kib| kib.checked_mul(1024));
        record.put_some("rss_bytes", rss, &self.tally.first);
        record.put(
            "mapped_bytes",
            self.tally.mapped_bytes,
            self.tally.first.clone(),
        );
        record.put(
            "mappings_count",
            self.tally.mappings,
            self.tally.first.clone(),
        );
        record.put(
            "malloc_arenas_count",
            self.tally.arenas,
            self.tally.arena.clone(),
        );
        record
    }
}

/// Adds the maps of the collection, with what the list of processes knows of their owners.
pub(super) fn of_processes(facts: &mut Facts) {
    let mut rows = Vec::new();
    for item in facts.root.items("processes") {
        let Value::Record(process) = &item.value else {
            continue;
        };
        if process.get("maps_count").is_none() {
            continue;
        }
        let mut row = Record::new();
        for (from, to) in [
            ("pid", "pid"),
            ("comm", "comm"),
            ("command_line", "command_line"),
            ("rss_bytes", "rss_bytes"),
            ("virtual_bytes", "mapped_bytes"),
            ("maps_count", "mappings_count"),
            ("malloc_arenas_count", "malloc_arenas_count"),
        ] {
            if let Some(fact) = process.get(from) {
                row.put(to, fact.value.clone(), fact.evidence.clone());
            }
        }
        if let Some(command) = process.get("command_line")
            && let Value::Text(written) = &command.value
        {
            row.put_some(
                "heap_limit_bytes",
                heap_limit_bytes(written),
                &command.evidence,
            );
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return;
    }
    for row in rows {
        facts.push("address_maps", row);
    }
    // Maps are costly to read: the collector takes them of the largest processes.
    facts.root.list("address_maps").partial = Some(Arc::new(Bilingual::new(
        "only maps of some processes were taken",
        "只采集了部分进程的地址映射",
    )));
}

#[cfg(test)]
mod tests {
    use super::super::log::line::Origin;
    use super::*;

    fn read(lines: &[&str]) -> Vec<Record> {
        let mut attached = Attached::default();
        for text in lines {
            attached.feed(&Line {
                entry: "pmap.txt",
                number: 1,
                raw: text,
                text,
                stamp: None,
                host: None,
                caller: None,
                stamped: false,
                origin: Origin::Unknown,
            });
        }
        attached.finish();
        attached.maps.iter().map(Given::record).collect()
    }

    #[test]
    fn pmap_with_columns() {
        let records = read(&[
            "7301:   java -Xmx100m -Xmx200m -jar /app/gateway.jar",
            "Address           Kbytes     RSS   Dirty Mode  Mapping",
            "0000000000400000       4       4       0 r-x-- java",
            "00007f1000000000     132     120     120 rw---   [ anon ]",
            "00007f1000021000   65404       0       0 -----   [ anon ]",
            "00007f1008000000     132      20      20 rw---   [ anon ]",
            "00007f1008021000   65000       0       0 -----   [ anon ]",
            "---------------- ------- ------- -------",
            "total kB          131000     144     140",
        ]);
        let [map] = records.as_slice() else {
            panic!("{records:?}")
        };
        assert_eq!(map.text("comm"), Some("java"));
        assert_eq!(map.int("pid"), Some(7301));
        assert_eq!(map.int("heap_limit_bytes"), Some(200 << 20));
        assert_eq!(map.int("rss_bytes"), Some(144 * 1024));
        assert_eq!(map.int("mappings_count"), Some(5));
        assert_eq!(map.int("malloc_arenas_count"), Some(1));
    }

    #[test]
    fn pmap_without_columns_and_a_map_alone() {
        let records = read(&[
            "12:   /usr/bin/server",
            "00007f1000000000    132K rw---   [ anon ]",
            "00007f1000021000  65404K -----   [ anon ]",
        ]);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].text("comm"), Some("server"));
        assert_eq!(records[0].get("rss_bytes"), None);
        assert_eq!(records[0].int("malloc_arenas_count"), Some(1));
        let records = read(&[
            "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 ",
            "7f0000021000-7f0004000000 ---p 00000000 00:00 0",
            "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack]",
        ]);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].get("pid"), None);
        assert_eq!(records[0].int("mappings_count"), Some(3));
        assert_eq!(records[0].int("malloc_arenas_count"), Some(1));
    }

    #[test]
    fn other_lines_are_no_maps() {
        assert_eq!(
            read(&["12: a line with a number", "deadbeef 12 what", ""]).len(),
            0
        );
    }

    #[test]
    fn sizes_of_heaps() {
        assert_eq!(heap_limit_bytes("java -Xmx2g -jar a"), Some(2 << 30));
        assert_eq!(heap_limit_bytes("java -Xmx512M"), Some(512 << 20));
        assert_eq!(heap_limit_bytes("java -Xmx1073741824"), Some(1 << 30));
        assert_eq!(heap_limit_bytes("java -Xms1g"), None);
        assert_eq!(heap_limit_bytes("java -Xmxlots"), None);
    }
}
