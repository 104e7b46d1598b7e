//! The catalogue: what is taken, why and how much. Rows only; nothing here touches the disk.
//!
//! Rooms are in order of volatility: what the next second may overwrite comes first.

use crate::item::Item;

pub mod cgroups;
pub mod containers;
pub mod kernel_log;
pub mod logs;
pub mod machine;
pub mod markers;
pub mod memory;
pub mod policy;
pub mod processes;

/// One group of items with its own ledger part.
#[derive(Clone, Copy)]
pub struct Room {
    /// Name of the ledger part.
    pub name: &'static str,
    /// The question that its items answer.
    pub question: &'static str,
    /// The items, in the order in which they are taken.
    pub items: &'static [Item],
}

/// All rooms in the order in which they are taken.
pub const ROOMS: &[Room] = &[
    Room {
        name: "kernel-log",
        question: "what did the kernel say?",
        items: kernel_log::ITEMS,
    },
    Room {
        name: "memory",
        question: "where is the memory now?",
        items: memory::ITEMS,
    },
    Room {
        name: "processes",
        question: "who holds it?",
        items: processes::ITEMS,
    },
    Room {
        name: "cgroups",
        question: "which limits apply to whom, and who is at one?",
        items: cgroups::ITEMS,
    },
    Room {
        name: "policy",
        question: "what was the kernel told to do when it runs out?",
        items: policy::ITEMS,
    },
    Room {
        name: "machine",
        question: "what kind of machine is this?",
        items: machine::ITEMS,
    },
    Room {
        name: "containers",
        question: "what did the container runtime and the killers in user space want?",
        items: containers::ITEMS,
    },
    Room {
        name: "logs",
        question: "what happened before?",
        items: logs::ITEMS,
    },
];

/// Ledger part of the second copies.
pub const SECOND_ROOM: &str = "second-look";

/// Ledger part of what the run itself cost.
pub const OWN_ROOM: &str = "collector";

/// Every item with its room.
pub fn all() -> impl Iterator<Item = (&'static Room, &'static Item)> {
    ROOMS
        .iter()
        .flat_map(|room| room.items.iter().map(move |item| (room, item)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::item::{Door, Root, Take};

    /// Files whose reading acts on the machine, or stalls it.
    const FORBIDDEN: &[&str] = &[
        "proc/kmsg",
        "trace_pipe",
        "memory.force_empty",
        "kmem.slabinfo",
        "proc/timer",
        "clear_refs",
        "cgroup.event_control",
        "memory.pressure_level",
        "kpage",
        "pagemap",
        "sys/kernel/debug",
    ];

    /// Files that wait for a target's memory lock.
    const CAN_BLOCK: &[&str] = &["cmdline", "environ", "maps", "smaps", "smaps_rollup"];

    fn files(item: &Item) -> Vec<String> {
        match item.take {
            Take::Each { names, .. } | Take::Packed { names, .. } => names
                .iter()
                .map(|n| format!("{}/{n}", item.path))
                .chain([item.path.to_owned()])
                .collect(),
            _ => vec![item.path.to_owned()],
        }
    }

    #[test]
    fn paths_are_unique_and_relative() {
        let mut seen = BTreeSet::new();
        for (_, item) in all() {
            assert!(seen.insert(item.path), "{} is there twice", item.path);
            oomscene_bundle::layout::check_path(item.path).unwrap();
        }
    }

    #[test]
    fn every_row_says_why_and_how_to_get_it() {
        for (room, item) in all() {
            assert!(item.why.len() > 10, "{}: {}", room.name, item.path);
            assert!(
                !item.why.ends_with('.') && !item.why.contains('\n'),
                "{}",
                item.path
            );
            assert!(
                item.root == Root::No || !item.remedy.is_empty(),
                "{}",
                item.path
            );
        }
    }

    #[test]
    fn nothing_forbidden() {
        for (_, item) in all() {
            for file in files(item) {
                assert!(!FORBIDDEN.iter().any(|bad| file.contains(bad)), "{file}");
            }
        }
    }

    #[test]
    fn patterns_do_not_reach_files_whose_reading_acts() {
        // vmstat_refresh() in mm/vmstat.c runs on every CPU, also for a read.
        let item = all()
            .find(|(_, item)| item.path == "proc/sys/vm/*")
            .unwrap()
            .1;
        assert!(item.except.contains(&"stat_refresh"));
    }

    #[test]
    fn what_can_block_goes_through_the_reader() {
        for (_, item) in all().filter(|(_, item)| item.path.starts_with("proc/[")) {
            let blocks = files(item).iter().any(|f| {
                CAN_BLOCK
                    .iter()
                    .any(|name| f.ends_with(&format!("/{name}")))
            });
            assert!(!blocks || item.door == Door::Reader, "{}", item.path);
        }
    }

    #[test]
    fn limits_fit_the_budget() {
        let mut sum = 0;
        for (_, item) in all() {
            assert!(
                item.bytes_max > 0 && item.bytes_max <= 8 * 1024 * 1024,
                "{}",
                item.path
            );
            sum += item.bytes_max;
        }
        assert!(
            sum < 256 * 1024 * 1024,
            "{sum} bytes if every item were full"
        );
    }

    #[test]
    fn commands_are_never_must_have() {
        // Fork may fail when memory is gone: only logs, which are on disk anyway, may need a command.
        for (room, item) in all() {
            assert!(
                !matches!(item.take, Take::Command { .. }) || room.name == "logs",
                "{}",
                item.path
            );
        }
    }
}
