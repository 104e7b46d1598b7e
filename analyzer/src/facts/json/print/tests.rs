//! The printed text is the one of one thread, and a reader may go.

use super::*;
use crate::facts::{Evidence, Record, json::to_json};
use crate::words::Bilingual;

fn check(facts: &Facts) {
    let mut printed = Vec::new();
    print(facts, &mut printed).unwrap();
    let whole = serde_json::to_string_pretty(&to_json(facts)).unwrap() + "\n";
    assert_eq!(String::from_utf8(printed).unwrap(), whole);
}

#[test]
fn the_text_is_that_of_one_thread() {
    let mut facts = Facts::default();
    check(&facts);
    facts.gap("a", 1, Bilingual::as_written("first"));
    let quote = vec![Evidence::new("proc/meminfo", 1, "MemTotal: \"4\" kB")];
    facts.put("memory.total_bytes", 4096, quote.clone());
    facts.put("odd \"name\"", "x", Vec::new());
    for n in 0..100_u32 {
        let mut process = Record::new();
        process.put("pid", n, quote.clone());
        process.list("maps");
        facts.push("processes", process);
        facts.root.list("names").items.push(Fact {
            value: n.into(),
            evidence: Vec::new(),
        });
    }
    facts
        .root
        .set_partial("processes", Bilingual::as_written("some \"are\" lost"));
    facts.root.list("oom_events");
    check(&facts);
}

/// A writer that ends after some bytes.
struct Short(usize);

impl Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_gone_ends_all_threads() {
    let mut facts = Facts::default();
    for n in 0..10_000_u32 {
        let mut process = Record::new();
        process.put("pid", n, Vec::new());
        facts.push("processes", process);
    }
    let error = print(&facts, &mut Short(10_000)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
