//! `/sys/devices/system/node/node*/meminfo`: memory of each NUMA node.

use std::collections::BTreeMap;

use super::source::{Source, kib};
use super::{Facts, Record};

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    let mut nodes: BTreeMap<u32, Record> = BTreeMap::new();
    for source in sources {
        for line in source.lines() {
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let ["Node", node, key, figure, ..] = words.as_slice() else {
                continue;
            };
            let name = match *key {
                "MemTotal:" => "total_bytes",
                "MemFree:" => "free_bytes",
                _ => continue,
            };
            let Ok(number) = node.parse::<u32>() else {
                continue;
            };
            let record = nodes.entry(number).or_default();
            record.put("node", number, source.at(&line));
            record.put_some(name, kib(figure), &source.at(&line));
        }
    }
    for node in nodes.into_values() {
        facts.push("memory.nodes", node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn node_ten_comes_after_node_two() {
        let files = [
            testing::source(
                "sys/devices/system/node/node10/meminfo",
                "Node 10 MemTotal: 2 kB\nNode 10 MemFree: 1 kB\n",
            ),
            testing::source(
                "sys/devices/system/node/node2/meminfo",
                "\nNode 2 MemTotal:       4 kB\n",
            ),
        ];
        let mut facts = Facts::default();
        parse(&files.iter().collect::<Vec<_>>(), &mut facts);
        assert_eq!(
            testing::record(&facts, "memory.nodes", 0).int("node"),
            Some(2)
        );
        assert_eq!(
            testing::record(&facts, "memory.nodes", 1).int("free_bytes"),
            Some(1024)
        );
    }
}
