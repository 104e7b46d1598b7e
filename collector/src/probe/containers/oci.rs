//! containerd, CRI-O and podman: the `config.json` that they hand to the OCI runtime, and what lies
//! beside it.

use serde_json::Value;

use super::{
    CONFIG_BYTES_MAX, Fields, Found, LIST_BYTES_MAX, put, put_limit, put_number, put_pod, put_text,
};
use crate::host::Host;

/// Tasks of containerd: `NAMESPACE/ID`; `k8s.io` is the kubelet's, `moby` Docker's. The first shim
/// interface had another folder.
const TASKS: &[&str] = &[
    "run/containerd/io.containerd.runtime.v2.task/*/*",
    "run/containerd/io.containerd.runtime.v1.linux/*/*",
];
/// Storages of CRI-O and podman, of root and of users; the folder is named after the driver.
const STORAGES: &[&str] = &[
    "var/lib/containers/storage",
    "home/*/.local/share/containers/storage",
];
/// Where conmon writes exit codes, in files named after the container.
const EXITS: &[&str] = &["run/crio/exits", "run/libpod/exits"];

pub(super) fn read(host: &Host, found: &mut Found) {
    for folder in TASKS
        .iter()
        .flat_map(|tasks| found.paths(host, tasks))
        .collect::<Vec<_>>()
    {
        task(host, &folder, found);
    }
    for storage in STORAGES {
        for list in found.paths(host, &format!("{storage}/*-containers/containers.json")) {
            names(host, &list, found);
        }
        for folder in found.paths(host, &format!("{storage}/*-containers/*/userdata")) {
            userdata(host, &folder, found);
        }
    }
}

fn task(host: &Host, folder: &str, found: &mut Found) {
    let mut parts = folder.rsplit('/');
    let (Some(id), Some(namespace)) = (parts.next(), parts.next()) else {
        return;
    };
    let path = format!("{folder}/config.json");
    let Some(config) = found.object(host, &path, CONFIG_BYTES_MAX) else {
        return;
    };
    let mut fields = spec(&config);
    put(&mut fields, "runtime", "containerd");
    put(&mut fields, "containerd_namespace", namespace);
    put_text(
        &mut fields,
        "image",
        &config,
        "/annotations/io.kubernetes.cri.image-name",
    );
    put_text(
        &mut fields,
        "kind",
        &config,
        "/annotations/io.kubernetes.cri.container-type",
    );
    put_text(&mut fields, "name", &config, "/annotations/nerdctl~1name");
    if let Some(pid) = host
        .line(&format!("{folder}/init.pid"))
        .and_then(|t| t.parse::<u32>().ok())
    {
        fields.insert("pid", pid.into());
    }
    found.add(id, fields);
}

/// What the storage library knows of its containers: podman's names stand nowhere else.
fn names(host: &Host, list: &str, found: &mut Found) {
    let Some(Value::Array(all)) = found.object(host, list, LIST_BYTES_MAX) else {
        return;
    };
    for one in all {
        let Some(id) = one.get("id").and_then(Value::as_str) else {
            continue;
        };
        let mut fields = Fields::new();
        put_text(&mut fields, "name", &one, "/names/0");
        put_text(&mut fields, "created_at", &one, "/created");
        // JSON within JSON; CRI-O and podman write different fields.
        let inner = one
            .get("metadata")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let inner: Value = serde_json::from_str(inner).unwrap_or_default();
        put_text(&mut fields, "image", &inner, "/image-name");
        found.add(id, fields);
    }
}

fn userdata(host: &Host, folder: &str, found: &mut Found) {
    let Some(id) = folder.rsplit('/').nth(1) else {
        return;
    };
    let path = format!("{folder}/config.json");
    let Some(config) = found.object(host, &path, CONFIG_BYTES_MAX) else {
        return;
    };
    let mut fields = spec(&config);
    let manager = config.pointer("/annotations/io.container.manager");
    let runtime = match manager.and_then(Value::as_str) {
        Some("libpod") => "podman",
        _ => "cri-o",
    };
    put(&mut fields, "runtime", runtime);
    put_text(
        &mut fields,
        "image",
        &config,
        "/annotations/io.kubernetes.cri-o.ImageName",
    );
    put_text(
        &mut fields,
        "name",
        &config,
        "/annotations/io.kubernetes.cri-o.Name",
    );
    put_text(
        &mut fields,
        "kind",
        &config,
        "/annotations/io.kubernetes.cri-o.ContainerType",
    );
    // conmon leaves this mark when the kernel told it of an OOM kill.
    if host.read(&format!("{folder}/oom"), 1).is_ok() {
        fields.insert("oom_killed", true.into());
    }
    let pid = host.line(&format!("{folder}/pidfile"));
    if let Some(pid) = pid.and_then(|text| text.parse::<u32>().ok()) {
        fields.insert("pid", pid.into());
    }
    let exit = EXITS
        .iter()
        .find_map(|exits| host.line(&format!("{exits}/{id}")));
    if let Some(code) = exit.and_then(|text| text.trim().parse::<i32>().ok()) {
        fields.insert("exit_code", code.into());
    }
    found.add(id, fields);
}

/// What the OCI specification itself has: names of the pod, limits, the path of the cgroup.
fn spec(config: &Value) -> Fields {
    let mut fields = Fields::new();
    put_pod(
        &mut fields,
        config.get("annotations").unwrap_or(&Value::Null),
    );
    put_limit(
        &mut fields,
        "memory_limit_bytes",
        config,
        "/linux/resources/memory/limit",
    );
    put_limit(
        &mut fields,
        "memory_swap_limit_bytes",
        config,
        "/linux/resources/memory/swap",
    );
    put_limit(
        &mut fields,
        "memory_reservation_bytes",
        config,
        "/linux/resources/memory/reservation",
    );
    put_number(&mut fields, "oom_score_adj", config, "/process/oomScoreAdj");
    put_text(&mut fields, "cgroup_path", config, "/linux/cgroupsPath");
    fields
}
