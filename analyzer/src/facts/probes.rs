//! Entries that the collector made as JSON: page size, address space, view, hypervisor.

use super::source::Source;
use super::{Evidence, Facts};
use crate::words::Bilingual;

/// Entries that the collector made as JSON.
pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&source.content) else {
            facts.gap(source.entry, 0, Bilingual::new("not JSON", "不是 JSON"));
            continue;
        };
        match source.file_name() {
            "auxv.json" => auxv(source, &value, facts),
            "address-space.json" => address_space(source, &value, facts),
            "view.json" => {
                if let Some(kind) = value.get("kind").and_then(serde_json::Value::as_str) {
                    facts.put("host.view", kind, found(source, "\"kind\""));
                }
            }
            "virtualisation.json" => virtualisation(source, &value, facts),
            _ => {}
        }
    }
}

/// Evidence for the line of a pretty-printed JSON entry that holds `key`.
pub(super) fn found(source: &Source<'_>, key: &str) -> Vec<Evidence> {
    let line = source.lines().find(|l| l.text.contains(key));
    line.map_or_else(|| source.first(), |line| source.at(&line))
}

fn auxv(source: &Source<'_>, value: &serde_json::Value, facts: &mut Facts) {
    let number = |key: &str| {
        value
            .get(key)
            .and_then(serde_json::Value::as_u64)
            .filter(|n| *n > 0)
    };
    if let Some(size) = number("page_size_bytes") {
        let evidence = found(source, "\"page_size_bytes\"");
        facts.put("host.page_size_bytes", size, evidence.clone());
        facts.put(
            "host.page_size_reason",
            "the collector asked the kernel (AT_PAGESZ)",
            evidence,
        );
    }
    let ticks = number("clock_ticks_per_second");
    facts.root.put_some(
        "host.clock_ticks_count",
        ticks,
        &found(source, "\"clock_ticks_per_second\""),
    );
}

/// The window that a process gets without a hint is what ordinary programs can use.
fn address_space(source: &Source<'_>, value: &serde_json::Value, facts: &mut Facts) {
    let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
    if value
        .get("limited_by_rlimit_as")
        .and_then(serde_json::Value::as_bool)
        == Some(true)
    {
        facts.gap(
            source.entry,
            0,
            Bilingual::new(
                "the probe ran under RLIMIT_AS: it says nothing about the kernel's ceiling",
                "探测时受 RLIMIT_AS 限制，结果不能说明内核的地址空间上限",
            ),
        );
        return;
    }
    let (bits_key, bytes_key) = if number("default_bits").is_some() {
        ("default_bits", "default_bytes")
    } else {
        ("user_bits", "user_bytes")
    };
    let bits = number(bits_key);
    facts.root.put_some(
        "host.user_address_bits_count",
        bits,
        &found(source, bits_key),
    );
    let bytes = number(bytes_key).or_else(|| 1_u64.checked_shl(u32::try_from(bits?).ok()?));
    facts
        .root
        .put_some("host.user_address_bytes", bytes, &found(source, bytes_key));
}

fn virtualisation(source: &Source<'_>, value: &serde_json::Value, facts: &mut Facts) {
    let text = |at: &str| {
        value
            .pointer(at)
            .and_then(serde_json::Value::as_str)
            .filter(|t| !t.is_empty())
    };
    if let Some(product) = text("/dmi/product_name") {
        facts.put(
            "host.product_name",
            product,
            found(source, "\"product_name\""),
        );
    }
    let hypervisor = text("/hypervisor_type")
        .or_else(|| text("/dmi/sys_vendor").and_then(vendor))
        .or_else(|| text("/dmi/product_name").and_then(vendor));
    let flag = value
        .get("hypervisor_flag")
        .and_then(serde_json::Value::as_bool);
    match (hypervisor, flag) {
        (Some(name), _) => facts.put("host.virtualisation", name, source.first()),
        (None, Some(true)) => facts.put(
            "host.virtualisation",
            "unknown hypervisor",
            found(source, "\"hypervisor_flag\""),
        ),
        (None, Some(false)) => facts.put(
            "host.virtualisation",
            "none",
            found(source, "\"hypervisor_flag\""),
        ),
        (None, None) => {}
    }
    if let Some(drivers) = value
        .get("balloon_drivers")
        .and_then(serde_json::Value::as_array)
    {
        let names: Vec<&str> = drivers
            .iter()
            .filter_map(|d| d.get("name").unwrap_or(d).as_str())
            .collect();
        facts.put(
            "host.balloon_driver",
            names.join(" "),
            found(source, "\"balloon_drivers\""),
        );
    }
}

/// Hypervisors by the names that they give to their machines.
fn vendor(dmi: &str) -> Option<&'static str> {
    const VENDORS: [(&str, &str); 8] = [
        ("QEMU", "kvm"),
        ("KVM", "kvm"),
        ("OpenStack", "kvm"),
        ("VMware", "vmware"),
        ("Microsoft Corporation", "hyper-v"),
        ("Xen", "xen"),
        ("innotek", "virtualbox"),
        ("Amazon EC2", "amazon"),
    ];
    VENDORS
        .iter()
        .find(|(mark, _)| dmi.contains(mark))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn address_space_under_a_limit_is_unknown() {
        let free = r#"{"user_bits": 40, "default_bits": 40, "default_bytes": 1099511627776, "limited_by_rlimit_as": false}"#;
        let facts = testing::parse(parse, "scene/address-space.json", free);
        assert_eq!(facts.root.int("host.user_address_bytes"), Some(1 << 40));
        let limited = free.replace("false", "true");
        let facts = testing::parse(parse, "scene/address-space.json", &limited);
        assert_eq!(facts.get("host.user_address_bytes"), None);
        assert_eq!(facts.gaps.len(), 1);
    }
}
