//! Results of examples as JUnit XML, which every continuous-integration server draws.

use std::fmt::Write as _;

use super::examples::{Outcome, TestReport};

/// The report as JUnit XML: one suite a rule, one case an example.
#[must_use]
pub fn junit(report: &TestReport) -> String {
    let failed = |r: &&super::ExampleResult| r.outcome != Outcome::Validated;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = &report.results;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<testsuites tests=\"{}\" failures=\"{}\">",
        all.len(),
        all.iter().filter(failed).count()
    );
    for suite in all.chunk_by(|a, b| a.rule == b.rule) {
        let name = suite.first().map_or("", |r| r.rule.as_str());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">",
            escaped(name),
            suite.len(),
            suite.iter().filter(failed).count()
        );
        for case in suite {
            let head = format!(
                "    <testcase classname=\"{}\" name=\"{}\"",
                escaped(&case.rule),
                escaped(&case.example)
            );
            if case.outcome == Outcome::Validated {
                let _ = writeln!(out, "{head}/>");
            } else {
                let kind = format!("{:?}", case.outcome).to_lowercase();
                let _ = writeln!(
                    out,
                    "{head}>\n      <failure type=\"{kind}\">{}</failure>\n    </testcase>",
                    escaped(&case.difference.join("\n"))
                );
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// XML has no place for most control characters, not even escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
