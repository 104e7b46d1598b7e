//! All formats from the same view, side by side, for cases built by hand.

mod cases;

use super::{FORMATS, format, render, summary, tell, words};
use crate::words::Lang;
use cases::Built;

fn draw(built: &Built, name: &str, lang: Lang) -> String {
    let view = tell(&built.verdict(), &built.facts, &built.case, lang);
    render(&view, format(name).unwrap(), lang).unwrap()
}

fn check(name: &str, built: &Built) {
    for f in FORMATS {
        let drawn = draw(built, f.name, Lang::En);
        insta::assert_snapshot!(format!("{name}-en.{}", f.name), drawn);
    }
    for f in ["html", "md", "text"] {
        let drawn = draw(built, f, Lang::Zh);
        insta::assert_snapshot!(format!("{name}-zh.{f}"), drawn);
    }
}

#[test]
fn a_cgroup_limit() {
    check("cgroup-limit", &cases::cgroup_limit());
}

#[test]
fn a_machine_out_of_memory() {
    check("machine", &cases::machine());
}

#[test]
fn nothing_found() {
    check("nothing", &cases::nothing());
}

#[test]
fn nothing_in_a_part() {
    check("nothing-in-part", &cases::nothing_in_part());
}

#[test]
fn not_determined() {
    check("not-determined", &cases::not_determined());
}

#[test]
fn hostile_names() {
    check("hostile", &cases::hostile());
}

/// Names that try to become markup, table cells, links, headings or invisible.
#[test]
fn hostile_names_stay_text() {
    let built = cases::hostile();
    for lang in [Lang::En, Lang::Zh] {
        for f in FORMATS {
            let drawn = draw(&built, f.name, lang);
            assert!(!drawn.contains('\u{202e}'), "{}: hidden character", f.name);
            assert!(
                drawn.contains("\\u{202e}")
                    || drawn.contains("\\\\u{202e}")
                    || drawn.contains("\\\\u\\{202e\\}"),
                "{}: it is gone",
                f.name
            );
        }
        let html = draw(&built, "html", lang);
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;"),
            "it must be shown as text"
        );
        let md = draw(&built, "md", lang);
        let mut fence: Option<String> = None;
        for line in md.lines() {
            let bare = line.trim_start();
            let run: String = bare.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if *open == bare => fence = None,
                Some(_) => {}
                None if run.len() >= 3 && !bare[run.len()..].contains('`') => fence = Some(run),
                None => {
                    assert!(
                        !outside_code(line).contains("<script"),
                        "markup outside code: {line}"
                    );
                    assert!(!bare.starts_with("# forged"), "a forged heading: {line}");
                }
            }
        }
        assert_eq!(fence, None, "a fence is left open");
    }
}

/// The line without its code spans.
fn outside_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        if rest[..at].ends_with('\\') {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        let run: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let after = &rest[at + run.len()..];
        rest = match after.find(&run) {
            Some(end) => &after[end + run.len()..],
            None => "",
        };
    }
    out + rest
}

#[test]
fn html_needs_nothing_from_outside() {
    let tags = regex::Regex::new("<[a-z!/][^>]*>").unwrap();
    let banned = regex::Regex::new(r"^<(script|link|img|iframe|object|embed|base|form|video|audio|svg)|\son\w+=|\b(src|href|action)=").unwrap();
    for built in cases::all() {
        for lang in [Lang::En, Lang::Zh] {
            let html = draw(&built, "html", lang).to_lowercase();
            for tag in tags.find_iter(&html) {
                assert!(!banned.is_match(tag.as_str()), "{}", tag.as_str());
            }
            let style = html
                .split("<style>")
                .nth(1)
                .and_then(|s| s.split("</style>").next())
                .unwrap();
            assert!(
                !style.contains("url(") && !style.contains("@import"),
                "{style}"
            );
            assert!(html.contains("default-src 'none'; style-src 'unsafe-inline'"));
        }
    }
}

#[test]
fn text_fits_a_terminal() {
    for built in cases::all() {
        for lang in [Lang::En, Lang::Zh] {
            let view = tell(&built.verdict(), &built.facts, &built.case, lang);
            for text in [draw(&built, "text", lang), summary(&view, lang).unwrap()] {
                // Commands alone may be longer: what is copied must run.
                for line in text.lines().filter(|l| !l.starts_with("       ")) {
                    assert!(textwrap::core::display_width(line) <= 100, "{line}");
                }
                assert!(!text.contains('\u{1b}'), "no colours");
            }
        }
    }
}

#[test]
fn same_input_same_bytes() {
    for (a, b) in cases::all().iter().zip(cases::all().iter()) {
        for f in FORMATS {
            assert_eq!(draw(a, f.name, Lang::Zh), draw(b, f.name, Lang::Zh));
        }
    }
}

/// Every word that a template or the code asks for is there, and none is there for nobody.
#[test]
fn words_are_complete_and_used() {
    let sources = [
        include_str!("../../templates/report.html.j2"),
        include_str!("../../templates/report.md.j2"),
        include_str!("../../templates/report.txt.j2"),
        include_str!("../../templates/summary.txt.j2"),
        include_str!("tell/key_facts.rs"),
        include_str!("tell/memory.rs"),
        include_str!("../cli/perform.rs"),
    ]
    .concat();
    let mut known = std::collections::BTreeSet::new();
    let mut unused = Vec::new();
    for (key, en, zh) in words::WORDS {
        assert!(known.insert(*key), "{key} is there twice");
        assert!(!en.is_empty() && !zh.is_empty(), "{key} lacks a text");
        // Keys that are put together from a code of the view.
        let composed = [
            "outcome_",
            "confidence_",
            "severity_",
            "role_",
            "part_",
            "constraint_",
            "source_",
            "memory_of_",
        ]
        .iter()
        .any(|prefix| key.starts_with(prefix));
        let used = sources.contains(&format!("w.{key}")) || sources.contains(&format!("\"{key}\""));
        if !composed && !used {
            unused.push(*key);
        }
    }
    assert!(unused.is_empty(), "words for nobody: {unused:?}");
    let names = regex::Regex::new(r"\bw\.([a-z0-9_]+)").unwrap();
    for found in names.captures_iter(&sources) {
        assert!(known.contains(&found[1]), "w.{} is missing", &found[1]);
    }
    let said = regex::Regex::new(r#"word\("([a-z0-9_]+)""#).unwrap();
    for found in said.captures_iter(&sources) {
        assert!(known.contains(&found[1]), "{} is missing", &found[1]);
    }
}
