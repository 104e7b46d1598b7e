//! Events that belong together: same pod, same limit, same program.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::View;
use crate::facts::{Evidence, Fact, List, Record, Value};

/// Groups of events in the order of their first event; each event is told its group. An event that
/// shares nothing with others is a group of its own.
pub(super) fn groups(views: &[View<'_>], records: &mut List) -> List {
    let mut order: Vec<String> = Vec::new();
    let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, (view, record)) in views.iter().zip(&records.items).enumerate() {
        let key = key(record)
            .or_else(|| joined(view, views, records))
            .or_else(|| comm(view))
            .unwrap_or_else(|| format!("event {}", at + 1));
        if !members.contains_key(&key) {
            order.push(key.clone());
        }
        members.entry(key).or_default().push(at);
    }
    for (key, at) in &members {
        for n in at {
            if let Some(Value::Record(record)) = records.items.get_mut(*n).map(|f| &mut f.value) {
                record.put("group", key.as_str(), Vec::new());
            }
        }
    }
    let records = &*records;
    let items = order
        .into_iter()
        .filter_map(|key| {
            let at = members.remove(&key)?;
            let group: Vec<(&View<'_>, &Record)> = at
                .iter()
                .filter_map(|n| Some((views.get(*n)?, inner(records.items.get(*n)?)?)))
                .collect();
            Some(Fact {
                value: record(&key, &group).into(),
                evidence: first_places(&group),
            })
        })
        .collect();
    List {
        items,
        partial: None,
    }
}

fn inner(fact: &Fact) -> Option<&Record> {
    match &fact.value {
        Value::Record(record) => Some(record),
        _ => None,
    }
}

fn key(fact: &Fact) -> Option<String> {
    let record = inner(fact)?;
    if let Some(uid) = record.text("memcg.pod_uid") {
        return Some(format!("pod {uid}"));
    }
    record
        .text("memcg.path")
        .map(|path| format!("cgroup {path}"))
}

/// A torn report that lost its paths joins the pod of another one: the same name asked, with the
/// same `oom_score_adj` (which the kubelet computes from the pod's request), from a container.
fn joined(view: &View<'_>, views: &[View<'_>], records: &List) -> Option<String> {
    if view.constraint.value == "none" {
        return None;
    }
    view.container()?;
    let ours = &view.event.invocation.as_ref()?.value;
    let adj = ours.oom_score_adj.filter(|adj| *adj != 0)?;
    views
        .iter()
        .zip(&records.items)
        .find_map(|(other, record)| {
            let comm = other.victim.as_ref()?.comm.as_ref()?;
            let same = comm.value == ours.comm
                && other.victim.as_ref()?.row.as_ref()?.value.oom_score_adj == Some(adj);
            key(record).filter(|_| same)
        })
}

fn comm(view: &View<'_>) -> Option<String> {
    let victim = view.victim.as_ref().and_then(|v| v.comm.as_ref());
    victim.map(|comm| format!("program {}", comm.value))
}

fn first_places(group: &[(&View<'_>, &Record)]) -> Vec<Evidence> {
    group
        .iter()
        .filter_map(|(v, _)| v.event.places.first().cloned())
        .collect()
}

fn record(key: &str, group: &[(&View<'_>, &Record)]) -> Record {
    let places = first_places(group);
    let mut record = Record::new();
    record.put("key", key, places.clone());
    record.put("events_count", group.len(), places.clone());
    if key.starts_with("pod ") || key.starts_with("cgroup ") {
        let lost = |r: &Record| r.text("memcg.pod_uid").is_none() && r.text("memcg.path").is_none();
        let joined = group.iter().filter(|(_, r)| lost(r)).count();
        record.put("joined_count", joined, places.clone());
    }
    let containers = distinct(
        group
            .iter()
            .filter_map(|(_, r)| r.text("memcg.container_id")),
    );
    let short: Vec<&str> = containers.iter().filter_map(|id| id.get(..12)).collect();
    record.put("containers_count", containers.len(), places.clone());
    record.put("containers_text", short.join(", "), places.clone());
    let victims: Vec<String> = group
        .iter()
        .filter_map(|(v, _)| Some(v.victim.as_ref()?.pid?.to_string()))
        .collect();
    let victims = distinct(victims.iter().map(String::as_str));
    let comms = group
        .iter()
        .filter_map(|(v, _)| Some(v.victim.as_ref()?.comm.as_ref()?.value.as_str()));
    record.put("programs_count", distinct(comms).len(), places.clone());
    record.put("victims_count", victims.len(), places.clone());
    record.put("victims_text", victims.join(", "), places.clone());
    let comm = group
        .iter()
        .find_map(|(v, _)| v.victim.as_ref()?.comm.clone());
    super::facts::seen(&mut record, "comm", comm.as_ref());
    times(group, &places, &mut record);
    for (_, event) in group {
        if let Some(uid) = event.text("memcg.pod_uid") {
            record.put("pod_uid", uid, places.clone());
        }
        if let Some(bytes) = event.int("memcg.limit_bytes") {
            let line = event.get("memcg.limit_bytes").map(|f| f.evidence.clone());
            record.put("limit_bytes", bytes, line.unwrap_or_default());
        }
    }
    record
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values
        .filter(|value| seen.insert(*value))
        .map(str::to_owned)
        .collect()
}

fn times(group: &[(&View<'_>, &Record)], places: &[Evidence], record: &mut Record) {
    let stamps: Vec<_> = group
        .iter()
        .filter_map(|(v, _)| v.event.stamp.as_ref())
        .collect();
    let (Some(first), Some(last)) = (stamps.first(), stamps.last()) else {
        return;
    };
    record.put(
        "first_text",
        first.value.text.as_str(),
        first.evidence.clone(),
    );
    record.put("last_text", last.value.text.as_str(), last.evidence.clone());
    record.put_some(
        "span_seconds",
        first.value.seconds_until(&last.value),
        places,
    );
}
