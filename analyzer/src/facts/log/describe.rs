//! `kubectl describe pod`: what Kubernetes says about the containers of a pod. Indentation may be
//! lost in copying, so the words decide what a line belongs to, not its depth.

use super::{
    containers::quantity_bytes,
    line::{Line, Origin},
    pattern::{pattern, text},
};
use crate::facts::{Evidence, Record};

/// A value and the line that says it.
type Told<T> = Option<(T, Evidence)>;

/// One container of a pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PodContainer {
    name: String,
    place: Option<Evidence>,
    id: Told<String>,
    state: Told<String>,
    started: Told<i64>,
    last_reason: Told<String>,
    last_exit_code: Told<i64>,
    last_started: Told<i64>,
    last_finished: Told<i64>,
    restarts: Told<u64>,
    limit_bytes: Told<u64>,
    request_bytes: Told<u64>,
    pod: Told<String>,
    namespace: Told<String>,
    node: Told<String>,
    qos: Told<String>,
}

/// Which part of a container's description is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Part {
    #[default]
    Pod,
    /// A line that names the next container may come.
    Containers,
    Now,
    Last,
    Limits,
    Requests,
}

/// Reads descriptions of pods in one log.
#[derive(Debug, Default)]
pub(super) struct Describe {
    pub(super) containers: Vec<PodContainer>,
    /// Head of the pod that is open; a first line `Name:` opens one.
    pod: Option<PodContainer>,
    /// Containers before the one pod that is open.
    before: usize,
    part: Part,
    /// Offset of local time from UTC in seconds, as its stamps write it.
    pub(super) utc_offset_seconds: Option<i32>,
}

pattern!(
    FIELD,
    r"^(?P<key>[A-Za-z][A-Za-z ]*?):\s*(?P<value>.*?)\s*$"
);
pattern!(CONTAINER, r"^(?P<name>[a-z0-9]([-a-z0-9.]*[a-z0-9])?):$");

impl Describe {
    /// Reads one line.
    pub(super) fn feed(&mut self, line: &Line<'_>) {
        if line.stamp.is_some() || line.origin != Origin::Unknown {
            return;
        }
        let bare = line.bare();
        if bare.starts_with("Name:") {
            self.finish();
        } else if self.pod.is_none() {
            return;
        }
        if matches!(
            self.part,
            Part::Containers | Part::Requests | Part::Limits | Part::Now | Part::Last
        ) && let Some(groups) = CONTAINER.captures(bare.trim_end())
        {
            self.part = Part::Containers;
            self.containers.push(PodContainer {
                name: text(&groups, "name").unwrap_or_default().to_owned(),
                place: Some(line.evidence()),
                ..PodContainer::default()
            });
            return;
        }
        if let Some(groups) = FIELD.captures(bare) {
            let key = text(&groups, "key").unwrap_or_default();
            self.field(key, text(&groups, "value").unwrap_or_default(), line);
        }
    }

    /// Ends the pod that is open: what was said about it counts for each of its containers.
    pub(super) fn finish(&mut self) {
        if let Some(pod) = self.pod.take() {
            for container in self.containers.iter_mut().skip(self.before) {
                container.pod.clone_from(&pod.pod);
                container.namespace.clone_from(&pod.namespace);
                container.node.clone_from(&pod.node);
                container.qos.clone_from(&pod.qos);
            }
        }
        self.before = self.containers.len();
        self.part = Part::Pod;
    }

    fn field(&mut self, key: &str, value: &str, line: &Line<'_>) {
        let words = || Some((value.to_owned(), line.evidence()));
        if key == "Name" {
            self.pod = Some(PodContainer {
                pod: words(),
                ..PodContainer::default()
            });
        }
        if self.pod.is_some() && matches!(key, "Start Time" | "Started" | "Finished") {
            let zoned = jiff::fmt::rfc2822::parse(value).ok();
            self.utc_offset_seconds = zoned
                .map(|z| z.offset().seconds())
                .or(self.utc_offset_seconds);
        }
        let Some(pod) = &mut self.pod else {
            return;
        };
        match key {
            "Namespace" => pod.namespace = words(),
            "Node" => {
                let name = value.split('/').next().unwrap_or_default();
                pod.node = Some((name.to_owned(), line.evidence()));
            }
            "QoS Class" => pod.qos = Some((value.to_ascii_lowercase(), line.evidence())),
            "Containers" | "Init Containers" => self.part = Part::Containers,
            // What follows the containers has fields of the same names.
            "Conditions" | "Volumes" | "Events" => self.part = Part::Pod,
            _ => {}
        }
        if self.part == Part::Pod {
            return;
        }
        let Some(container) = self
            .containers
            .get_mut(self.before..)
            .and_then(<[_]>::last_mut)
        else {
            return;
        };
        let place = line.evidence();
        let time = || Some((seconds_since_1970(value)?, place.clone()));
        let bytes = || Some((quantity_bytes(value)?, place.clone()));
        match (key, self.part) {
            ("Container ID", _) => {
                let id = value.rsplit('/').next().unwrap_or_default();
                container.id = Some((id.to_owned(), place));
            }
            ("State", _) => {
                container.state = words();
                self.part = Part::Now;
            }
            ("Last State", _) => self.part = Part::Last,
            ("Limits", _) => self.part = Part::Limits,
            ("Requests", _) => self.part = Part::Requests,
            ("Started", Part::Now) => container.started = time(),
            ("Started", Part::Last) => container.last_started = time(),
            ("Finished", Part::Last) => container.last_finished = time(),
            ("Reason", Part::Last) => container.last_reason = words(),
            ("Exit Code", Part::Last) => {
                container.last_exit_code = value.parse().ok().map(|code| (code, place));
            }
            ("Restart Count", _) => {
                container.restarts = value.parse().ok().map(|count| (count, place));
            }
            ("memory", Part::Limits) => container.limit_bytes = bytes(),
            ("memory", Part::Requests) => container.request_bytes = bytes(),
            _ => {}
        }
    }
}

/// `Mon, 28 Apr 2025 10:10:20 +0800`.
fn seconds_since_1970(text: &str) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(zoned.timestamp().as_second())
}

impl PodContainer {
    /// The record of this container.
    pub(super) fn record(&self) -> Record {
        let mut record = Record::new();
        let place = self.place.iter().cloned().collect();
        record.put("name", self.name.as_str(), place);
        fn told<T: Clone + Into<crate::facts::Value>>(
            record: &mut Record,
            name: &str,
            value: &Told<T>,
        ) {
            if let Some((value, place)) = value {
                record.put(name, value.clone(), vec![place.clone()]);
            }
        }
        told(&mut record, "pod", &self.pod);
        told(&mut record, "namespace", &self.namespace);
        told(&mut record, "node", &self.node);
        told(&mut record, "qos", &self.qos);
        told(&mut record, "container_id", &self.id);
        told(&mut record, "state", &self.state);
        told(&mut record, "started_time", &self.started);
        told(&mut record, "last_reason", &self.last_reason);
        told(&mut record, "last_exit_code", &self.last_exit_code);
        told(&mut record, "last_started_time", &self.last_started);
        told(&mut record, "last_finished_time", &self.last_finished);
        told(&mut record, "restarts_count", &self.restarts);
        told(&mut record, "limit_bytes", &self.limit_bytes);
        told(&mut record, "request_bytes", &self.request_bytes);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{super::said::testing::line, *};

    #[test]
    fn a_description_without_its_indentation() {
        let mut describe = Describe::default();
        for text in [
            "Name: db-0",
            "Namespace: shop",
            "Node: n1/10.0.0.1",
            "Containers:",
            " db:",
            " Container ID: containerd://0123456789ab",
            " Ports: 80/TCP",
            " State: Running",
            " Started: Tue, 02 Jan 2024 10:00:30 +0100",
            " Last State: Terminated",
            " Reason: OOMKilled",
            " Exit Code: 137",
            " Started: Tue, 02 Jan 2024 09:00:00 +0100",
            " Finished: Tue, 02 Jan 2024 10:00:00 +0100",
            " Restart Count: 4",
            " Limits:",
            " cpu: 2",
            " memory: 512Mi",
            " Requests:",
            " memory: 256Mi",
            "Conditions:",
            "Volumes:",
            " data:",
            "QoS Class: Burstable",
        ] {
            describe.feed(&line("", text));
        }
        describe.finish();
        let [db] = <[_; 1]>::try_from(describe.containers).unwrap();
        let record = db.record();
        assert_eq!(record.text("name"), Some("db"));
        assert_eq!(record.text("qos"), Some("burstable"));
        assert_eq!(record.text("node"), Some("n1"));
        assert_eq!(record.int("last_exit_code"), Some(137));
        assert_eq!(record.int("last_finished_time"), Some(1_704_186_000));
        assert_eq!(record.int("started_time"), Some(1_704_186_030));
        assert_eq!(record.int("limit_bytes"), Some(512 << 20));
        assert_eq!(record.int("request_bytes"), Some(256 << 20));
    }

    #[test]
    fn other_texts_are_no_pods() {
        let mut describe = Describe::default();
        for text in ["Name: eth0", "Limits:", "memory: 5Gi", "a:"] {
            describe.feed(&line("", text));
        }
        describe.finish();
        assert!(describe.containers.is_empty());
    }
}
