//! Docker, containerd, CRI-O, podman and the kubelet, made up file by file; podman for real.

use std::path::Path;
use std::process::Command;

use oomscene_bundle::Outcome;
use serde_json::{Value, json};

use crate::machine::{Machine, lines, open, text};
use crate::not_run;

pub(crate) const ENTRY: &str = "scene/containers.jsonl";

/// A container id from one letter.
fn id(letter: &str) -> String {
    letter.repeat(64)
}

/// What was collected from `machine`, line by line; nothing in it may be a secret.
fn containers(machine: &Machine) -> Vec<Value> {
    let (_, path) = machine.collect(&[]);
    read(&path)
}

fn read(path: &Path) -> Vec<Value> {
    let bundle = open(path);
    for entry in &bundle.entries {
        assert!(!text(&entry.content).contains("hunter2"), "{}", entry.path);
    }
    let content = bundle.entry(ENTRY).unwrap_or_default();
    let lines = content.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    lines.map(|l| serde_json::from_slice(l).unwrap()).collect()
}

/// The one about `id`, without what is not asked for.
pub(crate) fn one(all: &[Value], id: &str, names: &[&str]) -> Value {
    let found = all.iter().find(|c| c["id"] == id).unwrap();
    names
        .iter()
        .map(|name| ((*name).to_owned(), found[*name].clone()))
        .collect()
}

#[test]
fn docker_also_in_another_place() {
    let machine = Machine::new();
    let id = id("d");
    machine.write(
        "etc/docker/daemon.json",
        r#"{"data-root": "/data/docker", "registry-mirrors": ["https://u:hunter2@r"]}"#,
    );
    let config = json!({
        "ID": id, "Name": "/shop_web_1", "RestartCount": 7, "Path": "java", "Args": ["--password=hunter2"],
        "State": {"Running": false, "OOMKilled": true, "ExitCode": 137, "Pid": 0,
                  "StartedAt": "2026-01-01T00:00:00Z", "FinishedAt": "2026-01-01T00:05:00Z"},
        "Config": {"Image": "shop/web:3", "Env": ["DB_PASSWORD=hunter2"], "Cmd": ["hunter2"],
                   "Labels": {"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop", "my": "hunter2"}},
    });
    machine.write(
        &format!("data/docker/containers/{id}/config.v2.json"),
        &config.to_string(),
    );
    let limits = json!({"Memory": 536_870_912, "MemorySwap": -1, "OomScoreAdj": 500, "RestartPolicy": {"Name": "always"},
                        "LogConfig": {"Config": {"secret": "hunter2"}}});
    machine.write(
        &format!("data/docker/containers/{id}/hostconfig.json"),
        &limits.to_string(),
    );
    let names = [
        "runtime",
        "name",
        "image",
        "pod",
        "namespace",
        "oom_killed",
        "exit_code",
        "restart_count",
        "memory_limit_bytes",
        "memory_swap_limit_bytes",
        "oom_score_adj",
        "pid",
    ];
    assert_eq!(
        one(&containers(&machine), &id, &names),
        json!({"runtime": "docker", "name": "shop_web_1", "image": "shop/web:3", "pod": "web-0", "namespace": "shop",
               "oom_killed": true, "exit_code": 137, "restart_count": 7, "memory_limit_bytes": 536_870_912,
               "memory_swap_limit_bytes": null, "oom_score_adj": 500, "pid": null})
    );
}

#[test]
fn containerd_and_the_kubelets_logs() {
    let machine = Machine::new();
    let (id, gone, uid) = (id("c"), id("e"), "776b973b-ea34-4ae9-9d79-5b9a2cb363b6");
    let spec = json!({
        "process": {"env": ["TOKEN=hunter2"], "args": ["hunter2"], "oomScoreAdj": 985},
        "annotations": {"io.kubernetes.cri.sandbox-name": "db-0", "io.kubernetes.cri.sandbox-namespace": "prod",
                        "io.kubernetes.cri.sandbox-uid": uid, "io.kubernetes.cri.container-name": "postgres",
                        "io.kubernetes.cri.image-name": "docker.io/library/postgres:16", "io.kubernetes.cri.container-type": "container",
                        "note": "hunter2"},
        "linux": {"cgroupsPath": format!("kubepods-burstable-pod776b973b.slice:cri-containerd:{id}"),
                  "resources": {"memory": {"limit": 1_073_741_824_u64, "swap": 1_073_741_824_u64}}},
    });
    let folder = format!("run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}");
    machine.write(&format!("{folder}/config.json"), &spec.to_string());
    machine.write(&format!("{folder}/init.pid"), "4711");
    machine.write(&format!("var/log/containers/old-1_prod_app-{gone}.log"), "");
    machine.write(
        "var/log/pods/prod_lonely-0_11111111-2222-3333-4444-555555555555/app/0.log",
        "",
    );
    machine.write(
        "var/lib/kubelet/pods/99999999-2222-3333-4444-555555555555/etc-hosts",
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\nfe00::0\tip6-localnet\n10.2.3.4\tcache-7\n",
    );
    let all = containers(&machine);
    let names = [
        "runtime",
        "pod",
        "namespace",
        "pod_uid",
        "container",
        "image",
        "pid",
        "memory_limit_bytes",
        "oom_score_adj",
    ];
    assert_eq!(
        one(&all, &id, &names),
        json!({"runtime": "containerd", "pod": "db-0", "namespace": "prod", "pod_uid": uid, "container": "postgres",
               "image": "docker.io/library/postgres:16", "pid": 4711, "memory_limit_bytes": 1_073_741_824_u64, "oom_score_adj": 985})
    );
    assert_eq!(
        one(&all, &gone, &["pod", "namespace", "container", "runtime"]),
        json!({"pod": "old-1", "namespace": "prod", "container": "app", "runtime": "kubelet"})
    );
    let pods: Vec<_> = all
        .iter()
        .filter(|c| c["id"].is_null())
        .map(|c| c["pod"].clone())
        .collect();
    assert_eq!(pods, ["lonely-0", "cache-7"]);
}

#[test]
fn crio_and_podman_share_a_storage() {
    let machine = Machine::new();
    let (crio, podman) = (id("a"), id("b"));
    let storage = "var/lib/containers/storage/overlay-containers";
    let spec = json!({
        "process": {"env": ["A=hunter2"]},
        "annotations": {"io.kubernetes.pod.name": "api-1", "io.kubernetes.pod.namespace": "prod", "io.kubernetes.container.name": "api",
                        "io.kubernetes.cri-o.ImageName": "quay.io/api:2", "io.kubernetes.cri-o.Annotations": "{\"s\":\"hunter2\"}"},
        "linux": {"resources": {"memory": {"limit": 99}}},
    });
    machine.write(
        &format!("{storage}/{crio}/userdata/config.json"),
        &spec.to_string(),
    );
    machine.write(&format!("{storage}/{crio}/userdata/oom"), "");
    machine.write(&format!("run/crio/exits/{crio}"), "137");
    let spec = json!({"process": {"env": ["A=hunter2"]}, "annotations": {"io.container.manager": "libpod"},
                      "linux": {"resources": {"memory": {"limit": 77, "swap": 154}}}});
    machine.write(
        &format!("{storage}/{podman}/userdata/config.json"),
        &spec.to_string(),
    );
    let metadata =
        json!({"image-name": "docker.io/library/redis:7", "name": "cache", "secret": "hunter2"})
            .to_string();
    let list = json!([{"id": podman, "names": ["cache"], "metadata": metadata, "created": "2026-01-01T00:00:00Z"}]);
    machine.write(&format!("{storage}/containers.json"), &list.to_string());
    let all = containers(&machine);
    assert_eq!(
        one(
            &all,
            &crio,
            &[
                "runtime",
                "pod",
                "namespace",
                "container",
                "image",
                "oom_killed",
                "exit_code",
                "memory_limit_bytes"
            ]
        ),
        json!({"runtime": "cri-o", "pod": "api-1", "namespace": "prod", "container": "api", "image": "quay.io/api:2",
               "oom_killed": true, "exit_code": 137, "memory_limit_bytes": 99})
    );
    assert_eq!(
        one(
            &all,
            &podman,
            &[
                "runtime",
                "name",
                "image",
                "memory_limit_bytes",
                "memory_swap_limit_bytes"
            ]
        ),
        json!({"runtime": "podman", "name": "cache", "image": "docker.io/library/redis:7", "memory_limit_bytes": 77,
               "memory_swap_limit_bytes": 154})
    );
}

#[test]
fn hostile_and_too_many_containers_are_bounded() {
    let machine = Machine::new();
    machine.write(
        "var/lib/docker/containers/x/config.v2.json",
        "{\"ID\": \"../../etc\", \"Name\": \"a\"}",
    );
    machine.write("var/lib/docker/containers/y/config.v2.json", "{torn");
    let long = json!({"ID": "f".repeat(64), "Name": "n".repeat(100_000)}).to_string();
    machine.write("var/lib/docker/containers/z/config.v2.json", &long);
    for number in 0..2100 {
        machine.write(
            &format!("var/log/containers/p{number}_ns_c-{number:064x}.log"),
            "",
        );
    }
    let (_, path) = machine.collect(&[]);
    let all = read(&path);
    assert_eq!(all.len(), 2000);
    assert!(all.iter().all(|c| c["id"] != "../../etc"));
    assert_eq!(
        one(&all, &"f".repeat(64), &["name", "runtime"]),
        json!({"name": null, "runtime": "docker"})
    );
    let bundle = open(&path);
    let line = *lines(&bundle, ENTRY).first().unwrap();
    assert_eq!(
        (line.outcome, line.reason.as_str()),
        (Outcome::Truncated, "101 more containers")
    );
}

#[test]
fn no_runtime_is_absent_and_a_closed_folder_is_denied() {
    let machine = Machine::new();
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert_eq!(
        lines(&bundle, ENTRY).first().unwrap().outcome,
        Outcome::Absent
    );
    if !rustix::process::geteuid().is_root() {
        return not_run("giving up root needs root");
    }
    machine.write("var/lib/docker/containers/x/config.v2.json", "{}");
    let script = "chmod 700 \"$1/var/lib/docker/containers\" && chmod 755 \"$1\" && exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" --root \"$1\" -o -";
    let output = Command::new("sh")
        .args(["-c", script, crate::machine::PROGRAM])
        .arg(machine.folder.path())
        .output()
        .unwrap();
    let bundle = oomscene_bundle::Reader::read(output.stdout.as_slice()).unwrap();
    let line = *lines(&bundle, ENTRY).first().unwrap();
    assert_eq!(
        (line.outcome, line.remedy.as_str()),
        (Outcome::Denied, "run as root")
    );
}
