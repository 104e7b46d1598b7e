//! The bundle's first entry: which machine, which moment, which collector.

use jiff::tz::TimeZone;
use oomscene_bundle::{Header, layout};

use crate::host::Host;
use crate::plan::Plan;
use crate::privacy::pseudonyms::OWN_HOST;
use crate::probe::{clocks, view};

/// Name and version of this program.
const TOOL: &str = concat!("oomscene-collect ", env!("CARGO_PKG_VERSION"));

/// The header of a collection. What is not known of a copied machine stays empty or 0: this
/// machine's answer would be a lie there.
#[must_use]
pub fn of(host: &Host, plan: &Plan) -> Header {
    let mut header = Header {
        format_version: layout::FORMAT_VERSION,
        tool: TOOL.to_owned(),
        tool_target: env!("OOMSCENE_TARGET").to_owned(),
        clocks: clocks::read(),
        boot_id: host.line("proc/sys/kernel/random/boot_id"),
        boot_time_utc_seconds: boot_time(host),
        collector_pid: Some(std::process::id()),
        effective_uid: rustix::process::geteuid().as_raw(),
        view: view::look(host),
        case: plan.case.clone(),
        labels: plan.labels.clone(),
        root: host.root().display().to_string(),
        ..Header::default()
    };
    header.utc_offset_seconds = utc_offset(host, header.clocks.realtime_ns);
    if view::speaks_of_running_kernel(host) {
        let uname = rustix::system::uname();
        // A container has a name of its own, and /proc/sys/kernel/hostname tells that one too.
        header.hostname = match host.line("etc/hostname").filter(|_| !host.is_live()) {
            Some(name) => name,
            None => uname.nodename().to_string_lossy().into_owned(),
        };
        header.kernel_release = uname.release().to_string_lossy().into_owned();
        header.kernel_version = uname.version().to_string_lossy().into_owned();
        header.machine = uname.machine().to_string_lossy().into_owned();
        header.page_size_bytes = rustix::param::page_size() as u64;
        header.clock_ticks_per_second = rustix::param::clock_ticks_per_second();
        header.effective_capabilities = capabilities(host);
    } else {
        let line = |path| host.line(path).unwrap_or_default();
        header.hostname = host
            .line("proc/sys/kernel/hostname")
            .unwrap_or_else(|| line("etc/hostname"));
        header.kernel_release = line("proc/sys/kernel/osrelease");
        header.kernel_version = line("proc/sys/kernel/version");
        header.clocks.monotonic_ns = 0;
        header.clocks.boottime_ns = 0;
    }
    if plan.pseudonymize {
        OWN_HOST.clone_into(&mut header.hostname);
    }
    header
}

/// Name of the bundle's top folder: `oomscene-<host>-<YYYYMMDDTHHMMSSZ>`.
#[must_use]
pub fn top(header: &Header) -> String {
    let fits = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            c
        } else {
            '-'
        }
    };
    let host: String = header.hostname.chars().take(64).map(fits).collect();
    let host = if host.is_empty() {
        "unknown".to_owned()
    } else {
        host
    };
    let second = i64::try_from(header.clocks.realtime_ns / 1_000_000_000).unwrap_or(0);
    let stamp = jiff::Timestamp::from_second(second).unwrap_or_default();
    format!("oomscene-{host}-{}", stamp.strftime("%Y%m%dT%H%M%SZ"))
}

fn boot_time(host: &Host) -> Option<i64> {
    let stat = host.read("proc/stat", 1024 * 1024).ok()?;
    let text = String::from_utf8_lossy(&stat);
    text.lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()
}

fn capabilities(host: &Host) -> Option<u64> {
    let status = host.read("proc/self/status", 16 * 1024).ok()?;
    let text = String::from_utf8_lossy(&status);
    let mask = text.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Offset of the machine's own time zone now, in seconds.
#[must_use]
pub fn utc_offset_now(host: &Host) -> Option<i32> {
    utc_offset(host, clocks::read().realtime_ns)
}

/// Offset of the machine's own time zone, whatever `TZ` the operator's shell has: the logs were
/// written with the machine's.
fn utc_offset(host: &Host, realtime_ns: i128) -> Option<i32> {
    let zone = zone(host)?;
    let now = jiff::Timestamp::from_nanosecond(realtime_ns).ok()?;
    Some(zone.to_offset(now).seconds())
}

/// The machine's own time zone.
#[must_use]
pub fn zone(host: &Host) -> Option<TimeZone> {
    let rules = host.read("etc/localtime", 64 * 1024).ok()?;
    TimeZone::tzif("site", &rules).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_folder_is_safe_and_in_utc() {
        let mut header = Header {
            hostname: "web/../1 中".to_owned(),
            ..Header::default()
        };
        header.clocks.realtime_ns = 1_700_000_000 * 1_000_000_000;
        assert_eq!(top(&header), "oomscene-web-..-1---20231114T221320Z");
        header.hostname.clear();
        assert_eq!(top(&header), "oomscene-unknown-20231114T221320Z");
    }

    #[test]
    fn copied_machine_does_not_get_this_machines_figures() {
        let machine = tempfile::tempdir().unwrap();
        std::fs::create_dir(machine.path().join("etc")).unwrap();
        std::fs::write(machine.path().join("etc/hostname"), "db7\n").unwrap();
        let header = of(&Host::new(machine.path()).unwrap(), &Plan::default());
        assert_eq!(
            (header.hostname.as_str(), header.page_size_bytes),
            ("db7", 0)
        );
        assert_eq!(
            (header.kernel_release.as_str(), header.clocks.boottime_ns),
            ("", 0)
        );
    }
}
