//! What the container runtime and the killers in user space wanted. Files only: their services may hang.

use crate::item::{Item, Root, Value};
use crate::probe::{container_config, containers, units};

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
    // Named fields only: the files themselves hold environments and secrets.
    Item::made(
        "scene/containers.jsonl",
        containers::entry,
        "which pod, image and limits a container id means: Docker, containerd, CRI-O, podman, kubelet",
    )
    .kib(1024)
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
