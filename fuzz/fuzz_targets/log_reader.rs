//! Any bytes as a bare log, held whole and condensed: no panic, and the events of both readings
//! carry evidence of lines that the log has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oomscene_analyzer::{facts, intake};

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.iter().filter(|b| **b == b'\n').count() + 1;
    for whole_bytes_max in [usize::MAX >> 1, 0] {
        let Ok(input) = intake::open_log("fuzz.log", &mut &*bytes, whole_bytes_max) else {
            return;
        };
        let facts = facts::gather(&[input]);
        for event in facts.root.items("oom_events") {
            for place in &event.evidence {
                assert!(place.line as usize <= lines, "line {} of {lines}", place.line);
            }
        }
    }
});
