//! Any bytes as a bundle, and as the archive inside one: no panic, and what is handed out keeps to
//! the limits.

#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use oomscene_bundle::{Reader, limits};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // Checksums keep a fuzzer out of a gzip stream: pack the bytes, so that they are the archive.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    if gzip.write_all(bytes).is_ok()
        && let Ok(packed) = gzip.finish()
    {
        check(&packed);
    }
});

fn check(bytes: &[u8]) {
    let Ok(bundle) = Reader::read(bytes) else {
        return;
    };
    assert!(bundle.entries.len() <= limits::ENTRIES_MAX);
    for entry in &bundle.entries {
        assert!(!entry.path.is_empty() && entry.path.len() <= limits::PATH_BYTES_MAX);
        assert!(!entry.path.split('/').any(|part| part == ".."), "{}", entry.path);
        assert!(!entry.path.starts_with('/'), "{}", entry.path);
        assert!(entry.content.len() as u64 <= limits::ENTRY_BYTES_MAX);
    }
    assert!(bundle.end.is_some() != bundle.tear.is_some());
}
