//! `scene/tmpfs.json`: file systems in memory, with their use.

use super::source::Source;
use super::{Facts, Record};
use crate::words::Bilingual;
use std::sync::Arc;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let value: Option<serde_json::Value> = serde_json::from_slice(&source.content).ok();
        let Some(mounts) = value
            .as_ref()
            .and_then(|v| v.get("mounts"))
            .and_then(serde_json::Value::as_array)
        else {
            facts.gap(
                source.entry,
                0,
                Bilingual::new("no list of mounts", "没有挂载点列表"),
            );
            continue;
        };
        let list = facts.root.list("memory.tmpfs");
        let left_out = value
            .as_ref()
            .and_then(|v| v.get("left_out"))
            .is_some_and(|n| match n {
                serde_json::Value::Array(some) => !some.is_empty(),
                serde_json::Value::Number(n) => n.as_u64() != Some(0),
                _ => false,
            });
        if left_out {
            list.partial = Some(Arc::new(Bilingual::new(
                "the collector left some mounts out",
                "采集程序略过了部分挂载点",
            )));
        }
        for mount in mounts {
            let Some(path) = mount.get("path").and_then(serde_json::Value::as_str) else {
                continue;
            };
            let evidence = super::probes::found(source, &format!("\"{path}\""));
            let number = |key: &str| mount.get(key).and_then(serde_json::Value::as_u64);
            let mut record = Record::new();
            record.put("mount_point", path, evidence.clone());
            record.put_some("size_bytes", number("size_bytes"), &evidence);
            record.put_some("used_bytes", number("used_bytes"), &evidence);
            facts.push("memory.tmpfs", record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn a_mount_that_gave_no_figures_is_still_listed() {
        let text = r#"{"mounts": [{"path": "/run", "size_bytes": 10, "used_bytes": 3}, {"path": "/x", "error": "timed out"}], "left_out": []}"#;
        let facts = testing::parse(parse, "scene/tmpfs.json", text);
        assert_eq!(
            testing::record(&facts, "memory.tmpfs", 0).int("used_bytes"),
            Some(3)
        );
        assert_eq!(
            testing::record(&facts, "memory.tmpfs", 1).get("used_bytes"),
            None
        );
    }
}
