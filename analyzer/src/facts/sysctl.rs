//! `/proc/sys`: one number a file, one row a setting.

use super::Facts;
use super::source::Source;
use crate::words::Bilingual;

const KIB: i128 = 1024;

/// File, fact, what the file's unit is multiplied with.
const ROWS: &[(&str, &str, i128)] = &[
    (
        "proc/sys/vm/overcommit_memory",
        "policy.overcommit_memory",
        1,
    ),
    (
        "proc/sys/vm/overcommit_ratio",
        "policy.overcommit_ratio_percent",
        1,
    ),
    (
        "proc/sys/vm/overcommit_kbytes",
        "policy.overcommit_bytes",
        KIB,
    ),
    ("proc/sys/vm/panic_on_oom", "policy.panic_on_oom", 1),
    (
        "proc/sys/vm/oom_kill_allocating_task",
        "policy.oom_kill_allocating_task",
        1,
    ),
    ("proc/sys/vm/oom_dump_tasks", "policy.oom_dump_tasks", 1),
    ("proc/sys/vm/min_free_kbytes", "policy.min_free_bytes", KIB),
    (
        "proc/sys/vm/watermark_scale_factor",
        "policy.watermark_scale_factor",
        1,
    ),
    ("proc/sys/vm/swappiness", "policy.swappiness", 1),
    ("proc/sys/vm/max_map_count", "policy.max_map_count", 1),
    (
        "proc/sys/vm/admin_reserve_kbytes",
        "policy.admin_reserve_bytes",
        KIB,
    ),
    (
        "proc/sys/vm/user_reserve_kbytes",
        "policy.user_reserve_bytes",
        KIB,
    ),
    ("proc/sys/kernel/threads-max", "policy.threads_max_count", 1),
    ("proc/sys/kernel/pid_max", "policy.pid_max_count", 1),
    ("proc/sys/kernel/panic", "policy.panic_seconds", 1),
    ("proc/sys/kernel/dmesg_restrict", "policy.dmesg_restrict", 1),
];

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let Some((_, path, unit)) = ROWS.iter().find(|(file, ..)| *file == source.path) else {
            continue;
        };
        match source.text().trim().parse::<i64>() {
            Ok(value) => facts.put(path, i128::from(value) * unit, source.first()),
            Err(_) => facts.gap(
                source.entry,
                source.first_line,
                Bilingual::new(
                    format!("no number: {:?}", source.text()),
                    format!("不是数字：{:?}", source.text()),
                ),
            ),
        }
    }
}

/// `net.ipv4.tcp_mem` (low, pressure, high) and the sockets' use, both in pages.
pub(super) fn tcp(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let Some(page) = super::zones::page_size(source, facts) else {
            continue;
        };
        let in_use = source.path.ends_with("sockstat");
        let fact = if in_use {
            "memory.tcp_bytes"
        } else {
            "memory.tcp_limit_bytes"
        };
        for line in source.lines() {
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let pages = match words.as_slice() {
                ["TCP:", pairs @ ..] if in_use => pairs
                    .chunks(2)
                    .find_map(|p| (p.first() == Some(&"mem")).then(|| p.get(1))?),
                [_, _, high] if !in_use => Some(high),
                _ => None,
            };
            let bytes = pages
                .and_then(|p| p.parse::<u64>().ok())
                .and_then(|p| p.checked_mul(page));
            if let Some(bytes) = bytes {
                facts.put(fact, bytes, source.at(&line));
            }
        }
    }
}

/// `[always] madvise never`.
pub(super) fn thp(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let text = source.text();
        let chosen = text
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'));
        if let Some((chosen, _)) = chosen {
            facts.put("memory.thp_enabled", chosen, source.first());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{names, testing};

    #[test]
    fn every_row_is_declared() {
        for (file, path, _) in ROWS {
            assert_eq!(names::find(path).map(|n| n.from), Some(*file), "{path}");
        }
    }

    #[test]
    fn units_and_pages() {
        let facts = testing::parse(parse, "proc/sys/vm/min_free_kbytes", "67584\n");
        assert_eq!(facts.root.int("policy.min_free_bytes"), Some(69_206_016));
        let bad = testing::parse(parse, "proc/sys/vm/swappiness", "\u{202e}60\n");
        assert_eq!((bad.get("policy.swappiness"), bad.gaps.len()), (None, 1));
        let mut facts = Facts::default();
        facts.put("host.page_size_bytes", 65536, Vec::new());
        testing::parse_into(
            tcp,
            "proc/net/sockstat",
            "sockets: used 9\nTCP: inuse 3 orphan 0 tw 0 alloc 4 mem 2\n",
            &mut facts,
        );
        testing::parse_into(tcp, "proc/sys/net/ipv4/tcp_mem", "10\t20\t30\n", &mut facts);
        assert_eq!(facts.root.int("memory.tcp_bytes"), Some(131_072));
        assert_eq!(facts.root.int("memory.tcp_limit_bytes"), Some(30 * 65536));
        let thp = testing::parse(
            thp,
            "sys/kernel/mm/transparent_hugepage/enabled",
            "always [madvise] never\n",
        );
        assert_eq!(thp.root.text("memory.thp_enabled"), Some("madvise"));
    }
}
