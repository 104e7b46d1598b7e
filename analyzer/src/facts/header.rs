//! What the bundle itself says: header, ledger and end record of the inputs.

use crate::words::Bilingual;
use std::time::Duration;

use oomscene_bundle::{Header, layout};

use super::{Evidence, Facts, List, Value};
use crate::intake::{Input, InputKind};

pub(super) fn read(inputs: &[Input], facts: &mut Facts) {
    let kind = if inputs
        .iter()
        .any(|i| i.kind == InputKind::Bundle || i.header.is_some())
    {
        "bundle"
    } else if inputs.iter().any(|i| i.kind == InputKind::Folder) {
        "folder"
    } else {
        "log"
    };
    facts.put("input.kind", kind, Vec::new());
    let names = inputs.iter().map(|i| super::Fact {
        value: Value::Text(i.name.clone()),
        evidence: Vec::new(),
    });
    let names = List {
        items: names.collect(),
        partial: None,
    };
    facts.put("input.files", names, Vec::new());
    for input in inputs {
        facts.ledger.extend(input.ledger.iter().cloned());
        if let Some(header) = &input.header {
            put_header(header, facts);
            put_end(input, facts);
        }
        for path in &input.changed {
            facts.gap(
                path,
                0,
                Bilingual::new(
                    "differs from the checksum in the ledger: it was changed after the collection",
                    "与采集清单中的校验和不符：采集之后被改动过",
                ),
            );
        }
    }
    holes(facts);
}

fn holes(facts: &mut Facts) {
    if facts.ledger.is_empty() {
        return;
    }
    let holes: Vec<_> = facts
        .ledger
        .iter()
        .filter(|l| l.outcome.is_hole())
        .collect();
    let evidence = holes
        .iter()
        .take(10)
        .map(|l| {
            Evidence::new(
                "ledger",
                0,
                &format!("{}: {:?} {}", l.path, l.outcome, l.reason),
            )
        })
        .collect();
    let count = holes.len();
    facts.put("input.holes_count", count, evidence);
}

fn put_end(input: &Input, facts: &mut Facts) {
    if let Some(tear) = &input.tear {
        let what = format!("the bundle is torn after {:?}: {}", tear.after, tear.reason);
        let what_zh = format!("采集包在 {:?} 之后中断：{}", tear.after, tear.reason);
        facts.gap(&input.name, 0, Bilingual::new(what.as_str(), what_zh));
        facts.put(
            "input.torn",
            true,
            vec![Evidence::new(layout::END, 0, &what)],
        );
    } else if input.header.is_some() {
        let (torn, what) = match input.end {
            Some(_) => (false, "the end record is there"),
            None => (true, "the end record is missing"),
        };
        facts.put(
            "input.torn",
            torn,
            vec![Evidence::new(layout::END, 0, what)],
        );
    }
    if let Some(stopped) = input.end.as_ref().and_then(|e| e.stopped.as_ref()) {
        facts.gap(
            layout::END,
            0,
            Bilingual::new(
                format!("the collection ended before its plan: {stopped}"),
                format!("采集提前结束：{stopped}"),
            ),
        );
    }
}

fn said(name: &str, value: impl std::fmt::Display) -> Vec<Evidence> {
    vec![Evidence::new(
        layout::HEADER,
        0,
        &format!("{name}: {value}"),
    )]
}

fn put_header(header: &Header, facts: &mut Facts) {
    facts
        .collector_pids
        .extend(header.collector_pid.map(i64::from));
    let texts = [
        ("host.name", "hostname", header.hostname.as_str()),
        (
            "host.kernel_release",
            "kernel_release",
            &header.kernel_release,
        ),
        ("host.machine", "machine", &header.machine),
        ("input.tool", "tool", &header.tool),
        (
            "host.boot_id",
            "boot_id",
            header.boot_id.as_deref().unwrap_or_default(),
        ),
        ("host.view", "view.kind", &header.view.kind),
    ];
    for (path, name, value) in texts {
        if !value.is_empty() {
            facts.put(path, value, said(name, value));
        }
    }
    // A collector that could not ask writes 0.
    let asked = |n: u64| (n > 0).then_some(i128::from(n));
    let numbers = [
        (
            "host.page_size_bytes",
            "page_size_bytes",
            asked(header.page_size_bytes),
        ),
        (
            "host.clock_ticks_count",
            "clock_ticks_per_second",
            asked(header.clock_ticks_per_second),
        ),
        (
            "host.boot_time",
            "boot_time_utc_seconds",
            header.boot_time_utc_seconds.map(i128::from),
        ),
        (
            "host.utc_offset_seconds",
            "utc_offset_seconds",
            header.utc_offset_seconds.map(i128::from),
        ),
        (
            "host.effective_uid",
            "effective_uid",
            Some(i128::from(header.effective_uid)),
        ),
    ];
    for (path, name, value) in numbers {
        if let Some(value) = value {
            facts.put(path, value, said(name, value));
        }
    }
    if header.page_size_bytes > 0 {
        let reason = "the collector asked the kernel (AT_PAGESZ)";
        let evidence = said("page_size_bytes", header.page_size_bytes);
        facts.put("host.page_size_reason", reason, evidence);
    }
    put_clocks(header, facts);
}

fn put_clocks(header: &Header, facts: &mut Facts) {
    let clocks = &header.clocks;
    if clocks.realtime_ns > 0 {
        let evidence = said("clocks.realtime_ns", clocks.realtime_ns);
        let seconds = clocks.realtime_ns / 1_000_000_000;
        facts.put("input.collected_time", seconds, evidence);
    }
    if let Ok(boottime_ns) = u64::try_from(clocks.boottime_ns)
        && boottime_ns > 0
    {
        let evidence = said("clocks.boottime_ns", boottime_ns);
        let seconds = Duration::from_nanos(boottime_ns).as_secs_f64();
        facts.put("host.uptime_seconds", seconds, evidence);
    }
}
