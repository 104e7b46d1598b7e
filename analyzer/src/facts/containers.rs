//! `scene/containers.jsonl`: which pod and image a container id means, and what an OOM report's path
//! is called by people.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::source::Source;
use super::{Evidence, Facts, Record, Value};
use crate::words::Bilingual;

/// Texts of a container: field of the entry, name of the fact.
const TEXTS: &[(&str, &str)] = &[
    ("id", "id"),
    ("runtime", "runtime"),
    ("name", "name"),
    ("image", "image"),
    ("pod", "pod_name"),
    ("namespace", "pod_namespace"),
    ("pod_uid", "pod_uid"),
    ("container", "container_name"),
];
/// Numbers, as above.
const NUMBERS: &[(&str, &str)] = &[
    ("memory_limit_bytes", "limit_bytes"),
    ("exit_code", "exit_code"),
    ("pid", "pid"),
    ("restart_count", "restarts_count"),
];
/// What an event takes over from its container.
const TAKEN_OVER: &[&str] = &["pod_name", "pod_namespace", "container_name", "image"];

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        // An empty list is whole: the collector looked, and there was none.
        facts.root.list("containers");
        for line in source.lines() {
            let Ok(Json::Object(fields)) = serde_json::from_str::<Json>(&line.text) else {
                let what = Bilingual::new("not a container in JSON", "不是 JSON 格式的容器记录");
                facts.gap(source.entry, line.number, what);
                continue;
            };
            facts.push("containers", record(&fields, &source.at(&line)));
        }
    }
}

fn record(fields: &serde_json::Map<String, Json>, evidence: &[Evidence]) -> Record {
    let mut record = Record::new();
    for (field, name) in TEXTS {
        let text = fields.get(*field).and_then(Json::as_str);
        record.put_some(name, text, evidence);
    }
    // podman and Docker without Kubernetes have one name for the container.
    if record.get("container_name").is_none() {
        let name = fields.get("name").and_then(Json::as_str);
        record.put_some("container_name", name, evidence);
    }
    for (field, name) in NUMBERS {
        let number = fields.get(*field).and_then(Json::as_i64);
        record.put_some(name, number, evidence);
    }
    let killed = fields.get("oom_killed").and_then(Json::as_bool);
    record.put_some("oom_killed", killed, evidence);
    record
}

/// Gives the events the names of their containers: by container id, else by pod.
pub(super) fn name_events(facts: &mut Facts) {
    let mut by_id = BTreeMap::new();
    let mut by_pod = BTreeMap::new();
    for item in facts.root.items("containers") {
        let Value::Record(container) = &item.value else {
            continue;
        };
        if let Some(id) = container.text("id") {
            by_id.insert(id.to_owned(), container.clone());
        }
        if let Some(uid) = container.text("pod_uid")
            && container.get("pod_name").is_some()
        {
            by_pod.insert(uid.to_owned(), container.clone());
        }
    }
    if by_id.is_empty() && by_pod.is_empty() {
        return;
    }
    for list in ["oom_events", "cgroups"] {
        if facts.get(list).is_none() {
            continue;
        }
        let prefix = if list == "oom_events" { "memcg." } else { "" };
        for event in &mut facts.root.list(list).items {
            if let Value::Record(event) = &mut event.value {
                name(event, prefix, &by_id, &by_pod);
            }
        }
    }
}

fn name(
    event: &mut Record,
    prefix: &str,
    by_id: &BTreeMap<String, Record>,
    by_pod: &BTreeMap<String, Record>,
) {
    let known = |field: &str| event.text(&format!("{prefix}{field}"));
    // The pod knows no container: its namesake may be another one.
    let (container, fields) = match (
        known("container_id").and_then(|id| by_id.get(id)),
        known("pod_uid").and_then(|uid| by_pod.get(uid)),
    ) {
        (Some(container), _) => (container, TAKEN_OVER),
        (None, Some(pod)) => (pod, TAKEN_OVER.get(..2).unwrap_or_default()),
        (None, None) => return,
    };
    for field in fields {
        if let Some(fact) = container.get(field) {
            let path = format!("{prefix}{field}");
            event.put(&path, fact.value.clone(), fact.evidence.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    const ENTRY: &str = r#"{"id":"abc","runtime":"containerd","pod":"db-0","namespace":"prod","pod_uid":"u-1","container":"postgres","image":"postgres:16","memory_limit_bytes":1024,"oom_killed":true,"exit_code":137}
torn {
{"pod_uid":"u-2","pod":"lonely","namespace":"prod","runtime":"kubelet"}
{"id":"def","name":"cache","runtime":"podman"}
"#;

    #[test]
    fn events_get_the_names_of_their_containers() {
        let mut facts = testing::parse(parse, "scene/containers.jsonl", ENTRY);
        assert_eq!(facts.gaps.len(), 1);
        for (id, pod) in [
            ("abc", "u-1"),
            ("gone", "u-2"),
            ("def", ""),
            ("strange", ""),
        ] {
            let mut event = Record::new();
            event.put("memcg.container_id", id, Vec::new());
            event.put("memcg.pod_uid", pod, Vec::new());
            facts.push("oom_events", event);
        }
        name_events(&mut facts);
        let event = |index| testing::record(&facts, "oom_events", index);
        assert_eq!(event(0).text("memcg.pod_name"), Some("db-0"));
        assert_eq!(event(0).text("memcg.image"), Some("postgres:16"));
        let evidence = &event(0).get("memcg.image").unwrap().evidence;
        assert_eq!(
            (&*evidence[0].entry, evidence[0].line),
            ("scene/containers.jsonl", 1)
        );
        // Of a container that is gone, the pod is known and the container is not.
        assert_eq!(event(1).text("memcg.pod_name"), Some("lonely"));
        assert_eq!(event(1).text("memcg.container_name"), None);
        assert_eq!(event(2).text("memcg.container_name"), Some("cache"));
        assert!(event(3).get("memcg.pod_name").is_none());
    }
}
