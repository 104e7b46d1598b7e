//! Docker: `config.v2.json` and `hostconfig.json` of each container.

use serde_json::Value;

use super::{CONFIG_BYTES_MAX, Fields, Found, put, put_limit, put_number, put_pod, put_text};
use crate::host::Host;

/// Where Docker keeps its containers when nothing else is configured.
const DATA: &str = "var/lib/docker";

pub(super) fn read(host: &Host, found: &mut Found) {
    let daemon = found.object(host, "etc/docker/daemon.json", CONFIG_BYTES_MAX);
    let moved = daemon
        .as_ref()
        .and_then(|daemon| daemon.get("data-root").or_else(|| daemon.get("graph")))
        .and_then(Value::as_str)
        .map(|path| path.trim_matches('/').to_owned());
    let data = moved.unwrap_or_else(|| DATA.to_owned());
    for folder in found.paths(host, &format!("{data}/containers/*")) {
        let config = format!("{folder}/config.v2.json");
        let Some(config) = found.object(host, &config, CONFIG_BYTES_MAX) else {
            continue;
        };
        let limits = format!("{folder}/hostconfig.json");
        let limits = found.object(host, &limits, CONFIG_BYTES_MAX);
        let id = config.get("ID").and_then(Value::as_str);
        let id = id.or_else(|| folder.rsplit('/').next()).unwrap_or_default();
        found.add(id, fields(&config, &limits.unwrap_or_default()));
    }
}

fn fields(config: &Value, limits: &Value) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "runtime", "docker");
    if let Some(name) = config.get("Name").and_then(Value::as_str) {
        put(&mut fields, "name", name.trim_start_matches('/'));
    }
    put_text(&mut fields, "image", config, "/Config/Image");
    for flag in [
        ("oom_killed", "/State/OOMKilled"),
        ("running", "/State/Running"),
    ] {
        if let Some(value) = config.pointer(flag.1).filter(|v| v.is_boolean()) {
            fields.insert(flag.0, value.clone());
        }
    }
    put_number(&mut fields, "exit_code", config, "/State/ExitCode");
    put_text(&mut fields, "started_at", config, "/State/StartedAt");
    put_text(&mut fields, "finished_at", config, "/State/FinishedAt");
    put_limit(&mut fields, "pid", config, "/State/Pid");
    put_number(&mut fields, "restart_count", config, "/RestartCount");
    put_pod(
        &mut fields,
        config.pointer("/Config/Labels").unwrap_or(&Value::Null),
    );
    put_limit(&mut fields, "memory_limit_bytes", limits, "/Memory");
    put_limit(
        &mut fields,
        "memory_swap_limit_bytes",
        limits,
        "/MemorySwap",
    );
    put_limit(
        &mut fields,
        "memory_reservation_bytes",
        limits,
        "/MemoryReservation",
    );
    put_number(&mut fields, "oom_score_adj", limits, "/OomScoreAdj");
    put_text(&mut fields, "cgroup_parent", limits, "/CgroupParent");
    put_text(&mut fields, "restart_policy", limits, "/RestartPolicy/Name");
    fields
}
