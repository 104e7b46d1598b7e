//! The machine: from the bundle, else from what the leading event says about it.

use super::text;
use crate::{
    facts::{Facts, Record},
    report::{figures, view},
};

pub(super) fn of(leading: Option<&Record>, facts: &Facts) -> view::Machine {
    let root = &facts.root;
    let nothing = Record::new();
    let event = leading.unwrap_or(&nothing);
    // A page size and its reason must come from the same place.
    let (pages, prefix) = match root.int("host.page_size_bytes") {
        Some(_) => (root, "host."),
        None => (event, ""),
    };
    view::Machine {
        host: text(root, "host.name").or_else(|| text(event, "host")),
        os: text(root, "host.os_name"),
        kernel_release: text(root, "host.kernel_release").or_else(|| text(event, "kernel_release")),
        architecture: text(root, "host.machine").or_else(|| text(event, "machine")),
        hardware: text(root, "host.product_name").or_else(|| text(event, "hardware")),
        virtualisation: text(root, "host.virtualisation"),
        page_size_bytes: pages.int(&format!("{prefix}page_size_bytes")),
        page_size_reason: text(pages, &format!("{prefix}page_size_reason")),
        ram_bytes: root
            .int("memory.total_bytes")
            .or_else(|| event.int("memory.ram_bytes")),
        swap_total_bytes: root
            .int("memory.swap_total_bytes")
            .or_else(|| event.int("memory.swap_total_bytes")),
        cpu_count: root.int("host.cpu_count"),
        cgroup_version: text(root, "cgroup.version"),
        user_address_bytes: root.int("host.user_address_bytes"),
        uptime_seconds: root.number("host.uptime_seconds"),
        collector: text(root, "input.tool"),
        collected_utc: root.number("input.collected_time").and_then(figures::utc),
        seen_from: text(root, "host.view"),
    }
}
