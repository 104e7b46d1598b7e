//! Whether another machine may have taken memory away: hypervisor, machine names, balloon drivers.

use serde_json::{Value, json};

use crate::host::Host;
use crate::item::Made;
use crate::visit::Visit;

const DMI: &[&str] = &[
    "sys_vendor",
    "product_name",
    "product_version",
    "board_vendor",
    "board_name",
    "bios_vendor",
    "bios_version",
    "chassis_vendor",
];
/// Kernel modules that give memory back to a hypervisor.
const BALLOONS: &[&str] = &[
    "virtio_balloon",
    "vmw_balloon",
    "hv_balloon",
    "xen_balloon",
    "virtio_mem",
];

/// `scene/virtualisation.json`.
pub fn entry(visit: &mut Visit) -> Vec<Made> {
    let host = &visit.host;
    let mut dmi = serde_json::Map::new();
    for name in DMI {
        if let Some(value) = host.line(&format!("sys/class/dmi/id/{name}")) {
            dmi.insert((*name).to_owned(), json!(value.trim()));
        }
    }
    let value = json!({
        "dmi": dmi,
        "device_tree_model": host.line("proc/device-tree/model"),
        "hypervisor_flag": hypervisor_flag(host),
        "hypervisor_type": host.line("sys/hypervisor/type"),
        "balloon_drivers": balloons(host),
        "xen_memory_target_kib": host.line("sys/devices/system/xen_memory/xen_memory0/target_kb"),
    });
    vec![Made::json("scene/virtualisation.json", &value)]
}

/// The `hypervisor` flag of x86; null where cpuinfo has no flags.
fn hypervisor_flag(host: &Host) -> Value {
    let Ok(cpuinfo) = host.read("proc/cpuinfo", 16 * 1024) else {
        return Value::Null;
    };
    let text = String::from_utf8_lossy(&cpuinfo);
    match text.lines().find(|line| line.starts_with("flags")) {
        Some(flags) => json!(flags.split_whitespace().any(|flag| flag == "hypervisor")),
        None => Value::Null,
    }
}

/// Balloon drivers as modules or built in, with the devices that they drive.
fn balloons(host: &Host) -> Vec<Value> {
    let modules = host.read("proc/modules", 1024 * 1024).unwrap_or_default();
    let modules = String::from_utf8_lossy(&modules);
    let mut found = Vec::new();
    for name in BALLOONS {
        let is_module = modules
            .lines()
            .any(|line| line.split(' ').next() == Some(name));
        let driver = host.names(&format!("sys/bus/virtio/drivers/{name}"));
        let devices: Vec<String> = driver
            .iter()
            .flatten()
            .filter(|name| name.starts_with("virtio"))
            .cloned()
            .collect();
        if is_module || driver.is_ok() || host.names(&format!("sys/module/{name}")).is_ok() {
            found.push(json!({"name": name, "module": is_module, "devices": devices}));
        }
    }
    found
}
