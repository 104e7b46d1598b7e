//! Which pod and image a container id means, from what the runtimes leave on disk: no daemon is
//! asked, because it may hang, and only named fields are taken, because the files hold secrets.

use std::collections::BTreeMap;

use oomscene_bundle::Outcome;
use rustix::io::Errno;
use serde_json::{Map, Value};

use crate::capture::errno::Trouble;
use crate::capture::glob;
use crate::host::Host;
use crate::item::Made;
use crate::visit::Visit;

mod docker;
mod kubelet;
mod oci;

/// The entry: one JSON object a line.
const ENTRY: &str = "scene/containers.jsonl";
/// Most containers, of all runtimes together.
const CONTAINERS_MAX: usize = 2000;
/// Largest file of one container that is looked at, in bytes.
const CONFIG_BYTES_MAX: usize = 512 * 1024;
/// Largest list of a storage's containers, in bytes.
const LIST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest entry in bytes.
const ENTRY_BYTES_MAX: usize = 1024 * 1024;
/// Longest text of one field in bytes: names and images have a few hundred at most.
const TEXT_BYTES_MAX: usize = 512;

/// Field by name, in the order of their names.
pub(crate) type Fields = BTreeMap<&'static str, Value>;

/// What was found on disk.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By container id.
    pub(crate) containers: BTreeMap<String, Fields>,
    /// Pods by their uid: `pod` and `namespace`.
    pub(crate) pods: BTreeMap<String, Fields>,
    /// Folders and files that could not be read.
    pub(crate) trouble: BTreeMap<String, Errno>,
    /// Containers beyond the limit.
    pub(crate) left_out: usize,
}

/// `scene/containers.jsonl`.
pub fn entry(visit: &mut Visit) -> Vec<Made> {
    let mut found = Found::default();
    docker::read(&visit.host, &mut found);
    oci::read(&visit.host, &mut found);
    kubelet::read(&visit.host, &mut found);
    found.name_pods();
    found.entries()
}

impl Found {
    /// Paths that fit `pattern`; folders that may not be listed are noted.
    pub(crate) fn paths(&mut self, host: &Host, pattern: &str) -> Vec<String> {
        let matches = glob::expand(host, pattern, CONTAINERS_MAX);
        self.left_out += matches.left_out;
        for (folder, errno) in matches.unlisted {
            self.note(folder, errno);
        }
        matches.paths
    }

    /// The JSON object in `path`; nothing when it is not there or no JSON.
    pub(crate) fn object(&mut self, host: &Host, path: &str, limit: usize) -> Option<Value> {
        match host.read(path, limit) {
            Ok(text) => serde_json::from_slice(&text).ok(),
            Err(errno) => {
                self.note(path.to_owned(), errno);
                None
            }
        }
    }

    fn note(&mut self, path: String, errno: Errno) {
        if !matches!(errno, Errno::NOENT | Errno::NOTDIR) {
            self.trouble.insert(path, errno);
        }
    }

    /// Adds what `fields` tell about a container. What is known already stays: the first runtime
    /// that is asked knows best.
    pub(crate) fn add(&mut self, id: &str, fields: Fields) {
        let is_id = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if id.is_empty() || id.len() > 128 || !id.chars().all(is_id) {
            return;
        }
        if self.containers.len() >= CONTAINERS_MAX && !self.containers.contains_key(id) {
            self.left_out += 1;
            return;
        }
        let known = self.containers.entry(id.to_owned()).or_default();
        for (name, value) in fields {
            known.entry(name).or_insert(value);
        }
    }

    fn name_pods(&mut self) {
        for fields in self.containers.values_mut() {
            let uid = fields.get("pod_uid").and_then(Value::as_str);
            let Some(pod) = uid.and_then(|uid| self.pods.get(uid)) else {
                continue;
            };
            for (name, value) in pod {
                fields.entry(name).or_insert_with(|| value.clone());
            }
        }
    }

    fn entries(self) -> Vec<Made> {
        let mut text = Vec::new();
        let mut left_out = self.left_out;
        let containers = self.containers.into_iter().map(|(id, mut fields)| {
            fields.insert("id", id.into());
            fields
        });
        let pods = self.pods.into_iter().map(|(uid, mut fields)| {
            fields.insert("pod_uid", uid.into());
            fields.insert("runtime", "kubelet".into());
            fields
        });
        for fields in containers.chain(pods) {
            let line: Map<String, Value> = fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let line = Value::Object(line).to_string();
            if text.len() + line.len() >= ENTRY_BYTES_MAX {
                left_out += 1;
                continue;
            }
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        let mut entries = Vec::new();
        if !text.is_empty() {
            let mut made = Made::captured(ENTRY, text);
            if left_out > 0 {
                made.outcome = Outcome::Truncated;
                made.reason = format!("{left_out} more containers");
            }
            entries.push(made);
        }
        for (path, errno) in self.trouble {
            let trouble = Trouble::from(errno);
            let mut made = Made::missing(&path, trouble.outcome(), trouble.reason());
            made.errno = trouble.errno();
            entries.push(made);
        }
        if entries.is_empty() {
            let reason = "no runtime left a container on this disk";
            entries.push(Made::missing(ENTRY, Outcome::Absent, reason));
        }
        entries
    }
}

/// Puts the text at `pointer` (RFC 6901) of `from` under `name`.
pub(crate) fn put_text(fields: &mut Fields, name: &'static str, from: &Value, pointer: &str) {
    if let Some(text) = from.pointer(pointer).and_then(Value::as_str) {
        put(fields, name, text);
    }
}

/// Puts a text that is not empty and no longer than a name is.
pub(crate) fn put(fields: &mut Fields, name: &'static str, text: &str) {
    if !text.is_empty() && text.len() <= TEXT_BYTES_MAX {
        fields.entry(name).or_insert_with(|| text.into());
    }
}

/// Puts the whole number at `pointer`.
pub(crate) fn put_number(fields: &mut Fields, name: &'static str, from: &Value, pointer: &str) {
    if let Some(number) = from.pointer(pointer).filter(|v| v.is_i64() || v.is_u64()) {
        fields.entry(name).or_insert_with(|| number.clone());
    }
}

/// Puts a limit in bytes; 0 and -1 stand for none.
pub(crate) fn put_limit(fields: &mut Fields, name: &'static str, from: &Value, pointer: &str) {
    if let Some(bytes) = from
        .pointer(pointer)
        .and_then(Value::as_u64)
        .filter(|bytes| *bytes > 0)
    {
        fields.entry(name).or_insert_with(|| bytes.into());
    }
}

/// Labels that Kubernetes' runtimes put on a container.
pub(crate) fn put_pod(fields: &mut Fields, labels: &Value) {
    let label = |name: &str| labels.get(name).and_then(Value::as_str);
    // dockershim and CRI-O; containerd's CRI plugin (its pkg/cri/annotations).
    for (field, names) in [
        (
            "pod",
            ["io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name"],
        ),
        (
            "namespace",
            [
                "io.kubernetes.pod.namespace",
                "io.kubernetes.cri.sandbox-namespace",
            ],
        ),
        (
            "pod_uid",
            ["io.kubernetes.pod.uid", "io.kubernetes.cri.sandbox-uid"],
        ),
        (
            "container",
            [
                "io.kubernetes.container.name",
                "io.kubernetes.cri.container-name",
            ],
        ),
    ] {
        if let Some(text) = names.iter().find_map(|name| label(name)) {
            put(fields, field, text);
        }
    }
}
