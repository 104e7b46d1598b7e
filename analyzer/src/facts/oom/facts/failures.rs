//! Page allocation failures: who asked for what, on which path, and what was free.

use super::{memory, seen};
use crate::facts::{
    Record,
    log::{Machine, clock},
    oom::{allocation::Failure, gfp, page_size, trace},
};

/// The record of one failure.
pub(in crate::facts) fn record(failure: &Failure, machine: &Machine) -> Record {
    let (read, place) = (&failure.line.value, &failure.line.evidence);
    let release = failure
        .cpu
        .as_ref()
        .and_then(|c| c.value.release.as_deref());
    let mut record = Record::new();
    if !read.comm.is_empty() {
        record.put("comm", read.comm.as_str(), place.clone());
    } else if let Some(cpu) = &failure.cpu {
        record.put("comm", cpu.value.comm.as_str(), cpu.evidence.clone());
    }
    record.put_some("order", read.order, place);
    record.put_some("gfp_mask", read.gfp_mask.clone(), place);
    put_flags(
        read.gfp_mask.as_deref(),
        read.gfp_flags.clone(),
        release,
        place,
        &mut record,
    );
    record.put_some("nodemask", read.nodemask.clone(), place);
    record.put_some("cpuset", read.cpuset.clone(), place);
    record.put_some("mems_allowed", read.mems_allowed.clone(), place);
    let stamp = failure.stamp.as_ref();
    record.put_some("time_text", stamp.map(|s| s.text.clone()), place);
    record.put_some(
        "uptime_seconds",
        stamp.and_then(|s| s.uptime_seconds()),
        place,
    );
    // The clocks of the header are those of the events' boot alone.
    let when =
        stamp.and_then(|s| clock::when(s, failure.this_boot, failure.time_computed, machine));
    super::head::put_when(when, failure.boot, place, &mut record);
    if let Some(cpu) = &failure.cpu {
        record.put("pid", cpu.value.pid, cpu.evidence.clone());
        record.put_some("kernel_release", cpu.value.release.clone(), &cpu.evidence);
    }
    seen(&mut record, "hardware", failure.hardware.as_ref());
    let functions = failure.frames.iter().map(|f| f.value.as_str());
    if let Some((path, function)) = trace::allocation_path(functions) {
        let frame = failure.frames.iter().find(|f| f.value == function);
        let place = frame.map(|f| f.evidence.clone()).unwrap_or_default();
        record.put("allocation_path", path, place);
    }
    let size = page_size::of_dump(&failure.memory, release, machine);
    let request = memory::Request {
        memory: &failure.memory,
        order: read.order,
        gfp_mask: read.gfp_mask.as_deref(),
        page_bytes: size,
        release,
        cut: false,
    };
    memory::put(&request, &mut record);
    record
}

/// Puts the names of the flags: those that the kernel printed, else those of its era.
pub(super) fn put_flags(
    mask: Option<&str>,
    printed: Option<String>,
    release: Option<&str>,
    place: &[crate::facts::Evidence],
    record: &mut Record,
) {
    let named = printed.is_some();
    let names = printed.or_else(|| gfp::names(mask?, release));
    if names.is_some() {
        record.put("gfp_flags_decoded", !named, place.to_vec());
    }
    record.put_some("gfp_flags", names, place);
}
