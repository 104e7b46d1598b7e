//! The log reader reaches the bar on the shared corpus of real logs. The corpus is no part of this
//! project: without it the test says so and proves nothing.

use std::io::Write as _;
use std::path::Path;

mod corpus_score;

#[test]
fn the_corpus_is_read_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/logs");
    if !folder.join("index.json").is_file() {
        // Past the harness, which hides what a passing test prints.
        if let Ok(mut terminal) = std::fs::OpenOptions::new().append(true).open("/dev/stderr") {
            let _ = writeln!(
                terminal,
                "NOT TESTED: no corpus of logs at {}",
                folder.display()
            );
        }
        return;
    }
    let mut table = Vec::new();
    let score = corpus_score::score(&folder, &mut table).unwrap();
    assert!(score.passes(), "{}", String::from_utf8(table).unwrap());
}
