//! Whether the collector sees the host or the inside of a container.

use std::collections::BTreeMap;

use oomscene_bundle::header::View;
use serde_json::json;

use super::mounts;
use crate::host::Host;
use crate::item::{Item, Made, Take};
use crate::visit::Visit;

const NAMESPACES: &[&str] = &["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
/// `PROC_SUPER_MAGIC` of `include/uapi/linux/magic.h`; the width of the field is another one on each
/// machine.
const PROC_SUPER_MAGIC: i128 = 0x9fa0;

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

/// The view of the running machine, also through `--root /host`; `unknown` for a copied one.
#[must_use]
pub fn look(host: &Host) -> View {
    let whose = match (host.is_live(), speaks_of_running_kernel(host)) {
        (true, _) => "self",
        // Another mount of /proc has its own view: that of its first process.
        (false, true) => "1",
        (false, false) => {
            return View {
                kind: "unknown".to_owned(),
                reason: "not the running machine".to_owned(),
                namespaces: BTreeMap::new(),
            };
        }
    };
    let mut namespaces = BTreeMap::new();
    for name in NAMESPACES {
        if let Some(target) = host.link(&format!("proc/{whose}/ns/{name}")) {
            namespaces.insert((*name).to_owned(), target);
        }
    }
    let (kind, mut reason) = judge(host, &namespaces);
    if !host.is_live() {
        reason = format!(
            "{}/proc is that of the running kernel; {reason}",
            host.root().display()
        );
    }
    View {
        kind: kind.to_owned(),
        reason,
        namespaces,
    }
}

/// Whether `/proc` of this machine is made by the kernel that runs this program: always without
/// `--root`, and with one that a container has the host mounted at.
#[must_use]
pub fn speaks_of_running_kernel(host: &Host) -> bool {
    if host.is_live() {
        return true;
    }
    let is_proc = rustix::fs::statfs(host.root().join("proc"))
        .is_ok_and(|stat| i128::from(stat.f_type) == PROC_SUPER_MAGIC);
    // A /proc without a first process is that of a namespace that has ended.
    is_proc && host.read("proc/1/comm", 64).is_ok()
}

/// Why `item` is not for this machine.
#[must_use]
pub fn not_here(item: &Item, host: &Host) -> Option<String> {
    if !item.live_only || host.is_live() {
        return None;
    }
    if !speaks_of_running_kernel(host) {
        return Some("not the running machine".to_owned());
    }
    matches!(item.take, Take::Command { .. })
        .then(|| "the command would answer for this root, not for --root".to_owned())
}

fn judge(host: &Host, namespaces: &BTreeMap<String, String>) -> (&'static str, String) {
    let pid = namespaces.get("pid").map(String::as_str);
    let own = namespaces.get("mnt").cloned();
    // An image that was made for containers has their marks also where it is the machine itself.
    let is_first = pid == Some(FIRST_PID_NAMESPACE);
    if is_first && own.is_some() && own == host.link("proc/1/ns/mnt") {
        let reason = "its pid namespace is the first one, and it has the files of pid 1";
        return ("host", reason.to_owned());
    }
    // The kernel's own threads live in the first pid namespace only; a guest may not be allowed to
    // read whose namespaces pid 1 has.
    let has_threads = host
        .line("proc/2/comm")
        .is_some_and(|name| name == "kthreadd");
    if !host.is_live() && has_threads {
        return ("host", "it shows the kernel's own threads".to_owned());
    }
    for file in [".dockerenv", "run/.containerenv"] {
        if host.read(file, 1).is_ok() {
            return ("container", format!("/{file} exists"));
        }
    }
    match pid {
        Some(FIRST_PID_NAMESPACE) => ("host", "the pid namespace is the first one".to_owned()),
        Some(other) => (
            "container",
            format!("the pid namespace is {other}, not the first one"),
        ),
        None => ("unknown", "the pid namespace is not readable".to_owned()),
    }
}
