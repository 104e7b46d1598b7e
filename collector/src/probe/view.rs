//! Whether the collector sees the host or the inside of a container.

use std::collections::BTreeMap;

use oomscene_bundle::header::View;
use serde_json::json;

use super::mounts;
use crate::host::Host;
use crate::item::Made;
use crate::visit::Visit;

const NAMESPACES: &[&str] = &["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
/// Inode of the first pid namespace (`PROC_PID_INIT_INO` in `include/linux/proc_ns.h`).
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";

/// `scene/view.json`.
pub fn entry(visit: &mut Visit) -> Vec<Made> {
    let view = look(&visit.host);
    let lxcfs: Vec<String> = mounts::all(&visit.host)
        .into_iter()
        .filter(|mount| mount.kind == "fuse.lxcfs")
        .map(|mount| format!("/{}", mount.point))
        .collect();
    vec![Made::json(
        "scene/view.json",
        &json!({"kind": view.kind, "reason": view.reason, "namespaces": view.namespaces, "lxcfs": lxcfs}),
    )]
}

/// The view of the running machine; `unknown` for a copied one.
#[must_use]
pub fn look(host: &Host) -> View {
    if !host.is_live() {
        return View {
            kind: "unknown".to_owned(),
            reason: "not the running machine".to_owned(),
            namespaces: BTreeMap::new(),
        };
    }
    let mut namespaces = BTreeMap::new();
    for name in NAMESPACES {
        if let Some(target) = host.link(&format!("proc/self/ns/{name}")) {
            namespaces.insert((*name).to_owned(), target);
        }
    }
    let (kind, reason) = judge(host, &namespaces);
    View {
        kind: kind.to_owned(),
        reason,
        namespaces,
    }
}

fn judge(host: &Host, namespaces: &BTreeMap<String, String>) -> (&'static str, String) {
    for file in [".dockerenv", "run/.containerenv"] {
        if host.read(file, 1).is_ok() {
            return ("container", format!("/{file} exists"));
        }
    }
    match namespaces.get("pid").map(String::as_str) {
        Some(FIRST_PID_NAMESPACE) => ("host", "the pid namespace is the first one".to_owned()),
        Some(other) => (
            "container",
            format!("the pid namespace is {other}, not the first one"),
        ),
        None => ("unknown", "the pid namespace is not readable".to_owned()),
    }
}
