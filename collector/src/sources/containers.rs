//! What the container runtime and the killers in user space wanted. Files only: their services may hang.

use crate::item::{Item, Root, Take, Value};
use crate::probe::{container_config, units};

/// Rows of this room.
pub const ITEMS: &[Item] = &[
    Item::file(
        "var/lib/kubelet/config.yaml",
        "eviction thresholds and reservations of the node",
    )
    .root(Root::Needed),
    Item::file(
        "etc/kubernetes/kubelet/kubelet-config.json",
        "the same, in another place",
    )
    .root(Root::Needed),
    Item::file("etc/docker/daemon.json", "default limits of Docker")
        .filter(container_config::without_secrets),
    Item::new(
        "var/lib/docker/containers/*",
        Take::Each {
            find: container_config::docker,
            names: &["config.v2.json", "hostconfig.json"],
        },
        "state, exit code, OOMKilled and limits of each Docker container",
    )
    .kib(512)
    .filter(container_config::without_secrets)
    .root(Root::Needed),
    Item::new(
        "run/containerd/io.containerd.runtime.v2.task/*/*",
        Take::Each {
            find: container_config::containerd,
            names: &["config.json"],
        },
        "pod name and limits of each containerd container",
    )
    .kib(512)
    .filter(container_config::without_secrets)
    .root(Root::Needed),
    Item::new(
        "var/lib/containers/storage/overlay-containers/*/userdata",
        Take::Each {
            find: container_config::crio,
            names: &["config.json", "oom", "exit"],
        },
        "pod name, limits and OOM mark of each CRI-O container",
    )
    .kib(512)
    .filter(container_config::without_secrets)
    .root(Root::Needed),
    Item::glob("run/crio/exits/*", 500, "exit codes of CRI-O containers")
        .value(Value::Low)
        .root(Root::Needed),
    Item::file("etc/systemd/oomd.conf", "when systemd-oomd kills"),
    Item::glob(
        "etc/systemd/oomd.conf.d/*.conf",
        50,
        "when systemd-oomd kills",
    ),
    Item::file(
        "usr/lib/systemd/oomd.conf",
        "when systemd-oomd kills, as shipped",
    ),
    Item::glob(
        "usr/lib/systemd/oomd.conf.d/*.conf",
        50,
        "when systemd-oomd kills, as shipped",
    ),
    Item::file("etc/default/earlyoom", "when earlyoom kills"),
    Item::file("etc/sysconfig/earlyoom", "when earlyoom kills"),
    Item::glob("etc/nohang/*.conf", 10, "when nohang kills"),
    Item::made(
        "scene/systemd/wants.txt",
        units::wanted,
        "which services start at boot: systemd-oomd, earlyoom, zram",
    ),
];
