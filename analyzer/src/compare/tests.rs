//! What counts as a change, and what does not.

use super::*;
use crate::intake::{File, Input};
use crate::words::Lang;

fn side(name: &str, files: &[(&str, &str)]) -> Side {
    let files = files
        .iter()
        .map(|(path, text)| File {
            path: (*path).to_owned(),
            content: text.as_bytes().to_vec(),
        })
        .collect();
    let facts = crate::facts::gather(&[Input::from_files(name, files)]);
    let judged = Vec::new();
    let name = name.to_owned();
    Side {
        name,
        facts,
        judged,
    }
}

fn status(name: &str, rss: u64) -> String {
    format!("Name:\t{name}\nState:\tS\nVmRSS:\t{rss} kB\n")
}

fn sides() -> [Side; 2] {
    let (old, grown, new) = (
        status("old", 4096),
        status("db", 102_400),
        status("x\u{202e}y", 8192),
    );
    let db = status("db", 1024);
    [
        side(
            "before",
            &[
                (
                    "proc/meminfo",
                    "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapFree: 5 kB\n",
                ),
                ("proc/sys/vm/overcommit_memory", "0\n"),
                ("proc/sys/vm/swappiness", "60\n"),
                ("proc/7/status", &db),
                ("proc/8/status", &old),
            ],
        ),
        side(
            "after",
            &[
                (
                    "proc/meminfo",
                    "MemTotal: 8000000 kB\nMemAvailable: 1000000 kB\nSwapFree: 6 kB\n",
                ),
                ("proc/sys/vm/overcommit_memory", "2\n"),
                ("proc/7/status", &grown),
                ("proc/9/status", &new),
            ],
        ),
    ]
}

#[test]
fn only_what_both_know_can_change() {
    let difference = compare(&sides());
    let paths: Vec<&str> = difference.changes.iter().map(|c| c.path.as_str()).collect();
    assert!(paths.contains(&"memory.available_bytes"), "{paths:?}");
    assert!(paths.contains(&"policy.overcommit_memory"), "{paths:?}");
    assert!(paths.contains(&"processes[db 7].rss_bytes"), "{paths:?}");
    assert!(!paths.contains(&"memory.total_bytes"), "{paths:?}");
    assert_eq!(difference.known_only[0], ["policy.swappiness"]);
    let lone: Vec<&str> = difference
        .only
        .iter()
        .flatten()
        .map(|l| l.path.as_str())
        .collect();
    assert_eq!(lone, ["processes[old 8]", "processes[x\u{202e}y 9]"]);
}

#[test]
fn the_text_leaves_small_changes_out_and_says_so() {
    let sides = sides();
    let difference = compare(&sides);
    insta::assert_snapshot!(
        "compare-en",
        text(&sides, &difference, Detail::Telling, Lang::En)
    );
    insta::assert_snapshot!(
        "compare-zh",
        text(&sides, &difference, Detail::All, Lang::Zh)
    );
}

#[test]
fn the_same_case_twice_has_no_difference() {
    let [one, _] = sides();
    let [two, _] = sides();
    let sides = [one, two];
    let difference = compare(&sides);
    assert!(difference.changes.is_empty());
    let said = text(&sides, &difference, Detail::Telling, Lang::En);
    assert!(
        said.contains("no fact that both sides know has changed"),
        "{said}"
    );
}
