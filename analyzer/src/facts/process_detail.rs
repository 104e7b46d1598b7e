//! Files that only the top processes have: mappings, limits, settings of the runtime, wait channel.

use super::Record;
use super::address_maps::{self, Tally};
use super::source::Source;

pub(super) fn read(source: &Source<'_>, record: &mut Record) {
    match source.file_name() {
        "maps" => maps(source, record),
        "limits" => limits(source, record),
        "environ" => environment(source, record),
        "wchan" => {
            let text = source.text();
            let name = text.trim();
            // 0 means running, or not allowed to know.
            if !name.is_empty() && name != "0" {
                record.put("wait_channel", name, source.first());
            }
        }
        _ => {}
    }
}

fn maps(source: &Source<'_>, record: &mut Record) {
    let mut tally = Tally::default();
    for line in source.lines() {
        if let Some(mapping) = address_maps::mapping(&line.text) {
            tally.add(mapping, source.at(&line));
        }
    }
    record.put("maps_count", tally.mappings, source.first());
    let evidence = if tally.arenas == 0 {
        source.first()
    } else {
        tally.arena
    };
    record.put("malloc_arenas_count", tally.arenas, evidence);
}

fn limits(source: &Source<'_>, record: &mut Record) {
    for line in source.lines() {
        let Some(rest) = line.text.strip_prefix("Max address space") else {
            continue;
        };
        let Some(word) = rest.split_whitespace().next() else {
            continue;
        };
        let soft = word.parse::<u64>().ok();
        if soft.is_some() || word == "unlimited" {
            record.put("address_space_limited", soft.is_some(), source.at(&line));
        }
        record.put_some("address_space_limit_bytes", soft, &source.at(&line));
    }
}

/// What the Go runtime was told (package runtime, Environment Variables): the collector keeps one
/// `NAME=value` a line.
fn environment(source: &Source<'_>, record: &mut Record) {
    for line in source.lines() {
        match line.text.split_once('=') {
            Some(("GOMEMLIMIT", value)) => {
                let bytes = go_bytes(value.trim());
                record.put_some("go_memory_limit_bytes", bytes, &source.at(&line));
            }
            Some(("GOGC", value)) => {
                let value = value.trim();
                record.put("go_gc", value, source.at(&line));
                let percent = value.parse::<i64>().ok();
                record.put_some("go_gc_percent", percent, &source.at(&line));
            }
            _ => {}
        }
    }
}

/// `400MiB`, `2GiB`, `1073741824` or `1073741824B`; `off` is no limit.
fn go_bytes(value: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 5] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
    let unit = UNITS.iter().find(|(unit, _)| value.ends_with(unit));
    let (digits, shift) = unit.map_or((value, 0), |(unit, shift)| {
        (value.trim_end_matches(unit), *shift)
    });
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing::source;

    #[test]
    fn an_arena_is_a_pair_of_64_mib() {
        let maps = "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n\
            7f0000021000-7f0004000000 ---p 00000000 00:00 0 \n\
            7f0008000000-7f0008021000 rw-p 00000000 00:00 0 \n\
            7f0008021000-7f000b000000 ---p 00000000 00:00 0 \n\
            7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack]\n";
        let mut record = Record::new();
        read(&source("proc/5/maps", maps), &mut record);
        assert_eq!(record.int("maps_count"), Some(5));
        assert_eq!(record.int("malloc_arenas_count"), Some(1));
        assert_eq!(
            record.get("malloc_arenas_count").unwrap().evidence[0].line,
            2
        );
    }

    #[test]
    fn what_go_was_told() {
        let mut record = Record::new();
        let text = "GOGC=off\nGOMEMLIMIT=400MiB\n";
        read(&source("proc/5/environ", text), &mut record);
        assert_eq!(record.text("go_gc"), Some("off"));
        assert_eq!(record.int("go_memory_limit_bytes"), Some(400 << 20));
        let sizes = ["1073741824", "1073741824B", "1GiB", "off", "x"].map(go_bytes);
        let gib = Some(1 << 30);
        assert_eq!(sizes, [gib, gib, gib, None, None]);
    }

    #[test]
    fn unlimited_is_unknown() {
        let mut record = Record::new();
        read(
            &source(
                "proc/5/limits",
                "Limit Soft Hard Units\nMax address space         unlimited            unlimited            bytes\n",
            ),
            &mut record,
        );
        assert_eq!(record.get("address_space_limit_bytes"), None);
        assert_eq!(record.flag("address_space_limited"), Some(false));
        read(
            &source(
                "proc/5/limits",
                "Max address space         1048576   unlimited   bytes\n",
            ),
            &mut record,
        );
        assert_eq!(record.int("address_space_limit_bytes"), Some(1_048_576));
    }
}
