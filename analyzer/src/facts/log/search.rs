//! Lines of logs that a user's own rule asks for by a pattern.
//!
//! The catalogue works on typed events only. A site's own rule may look for a line that no parser
//! knows: its patterns are collected from the rules, the logs are read once more, and the rule
//! sees facts like any other: text, time, place.

use std::borrow::Cow;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::{Log, Source, line::Line, physical::Physical, reader::Reader, stamp::BootClock};
use crate::{
    facts::{Facts, List, Record, logs, sections, source::matches},
    intake::{Input, InputKind, Over},
    words::Bilingual,
};

/// Lines that one search keeps; more make the list partial.
const LINES_MAX: usize = 1_000;

/// Largest compiled pattern, in bytes: a rule file is untrusted input too.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// One `log_line` of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogSearch {
    /// Regular expression, matched against the line without its prefix.
    pub pattern: String,
    /// Path of the log, with `*` and `**`; a bare name fits in any folder.
    pub source: String,
}

/// Compiles the pattern of a rule.
///
/// # Errors
///
/// A sentence that says what is wrong with it.
pub fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
        .map_err(|error| {
            let told = error.to_string();
            // The drawing of the regex crate has several lines; ours draws the rule.
            let last = told.lines().last().unwrap_or_default().trim();
            format!(
                "`{text}` is no regular expression: {}",
                last.strip_prefix("error: ").unwrap_or(last)
            )
        })
}

/// Puts `log_searches`: what each search found. A search whose log is not there is left out, so
/// that its rule cannot tell.
pub fn put(inputs: &[Input], searches: &[LogSearch], facts: &mut Facts) {
    if searches.is_empty() {
        return;
    }
    let machine = logs::machine(inputs, facts);
    let offset = machine.utc_offset_seconds;
    let clock = machine
        .clocks
        .as_ref()
        .and_then(|clocks| BootClock::new(clocks, offset.unwrap_or(0)));
    for search in searches {
        let Ok(regex) = pattern(&search.pattern) else {
            continue;
        };
        let mut found = List::default();
        let mut read = false;
        for log in inputs.iter().flat_map(logs_of) {
            if !fits(&search.source, &log.path) {
                continue;
            }
            read = true;
            if log.log.condensed.is_some() {
                found.partial = Some(Arc::new(Bilingual::new(
                    format!("{} is too long to be kept whole", log.path),
                    format!("{} 太长，只保留了与内存有关的部分", log.path),
                )));
            }
            lines(&log.log, clock, &regex, offset, &mut found);
        }
        if read {
            let mut record = Record::new();
            record.put("pattern", search.pattern.as_str(), Vec::new());
            record.put("source", search.source.as_str(), Vec::new());
            record.put("lines", crate::facts::Value::List(found), Vec::new());
            facts.push("log_searches", record);
        }
    }
}

/// A log under the path that it has on the machine.
struct Placed<'a> {
    path: Cow<'a, str>,
    log: Log<'a>,
}

/// The files of an input as logs; of a supportconfig the files that were joined in its own.
fn logs_of(input: &Input) -> impl Iterator<Item = Placed<'_>> {
    input.files.iter().flat_map(|file| {
        let source = if file.path == logs::KMSG {
            Source::Kmsg
        } else {
            Source::Text
        };
        let whole = Log {
            entry: &file.path,
            source,
            content: &file.content,
            first_line: 1,
            condensed: input.condensed.get(&file.path),
            cut: None,
            excerpt: input.kind == InputKind::Log,
        };
        let joined =
            input.kind == InputKind::Folder && sections::is_joined(&file.path, &file.content);
        if !joined {
            let path = Cow::Borrowed(file.path.as_str());
            return vec![Placed { path, log: whole }];
        }
        sections::of(&file.path, &file.content)
            .into_iter()
            .map(|section| Placed {
                path: Cow::Owned(section.path),
                log: Log {
                    content: section.content,
                    first_line: section.first_line,
                    ..whole.clone()
                },
            })
            .collect()
    })
}

/// Whether a file is meant: by its path, or by its name alone.
fn fits(source: &str, path: &str) -> bool {
    let source = source.trim_start_matches('/');
    matches(source, path)
        || (!source.contains('/') && matches(source, path.rsplit('/').next().unwrap_or(path)))
}

fn lines(
    log: &Log<'_>,
    clock: Option<BootClock>,
    regex: &Regex,
    offset: Option<i32>,
    found: &mut List,
) {
    let mut reader = Reader::new(log.entry, log.source, clock);
    reader.jump(log.first_line);
    let mut take = |line: &Line<'_>, _| {
        if !regex.is_match(line.text) {
            return;
        }
        if found.items.len() >= LINES_MAX {
            found.partial.get_or_insert_with(|| {
                Arc::new(Bilingual::new(
                    format!("more than {LINES_MAX} lines fit"),
                    format!("匹配的行超过 {LINES_MAX} 条"),
                ))
            });
            return;
        }
        found.items.push(crate::facts::Fact {
            value: crate::facts::Value::Record(record(line, offset)),
            evidence: Vec::new(),
        });
    };
    for step in Physical::of(log) {
        match step.jump {
            Some(jump) if jump.over == Over::Programs => reader.pass_programs(jump.line),
            Some(jump) => {
                reader.finish(&mut take);
                reader.jump(jump.line);
            }
            None => {}
        }
        reader.feed(step.bytes, step.torn, &mut take);
    }
    reader.finish(&mut take);
}

fn record(line: &Line<'_>, offset: Option<i32>) -> Record {
    let here = vec![line.evidence()];
    let mut record = Record::new();
    record.put("text", line.bare(), here.clone());
    record.put("entry", line.entry, here.clone());
    record.put_some("host", line.host.map(str::to_owned), &here);
    if let Some(stamp) = line.stamp {
        record.put("time_text", stamp.text.as_str(), here.clone());
        record.put_some("time", stamp.utc_seconds(offset), &here);
        record.put_some("uptime_seconds", stamp.uptime_seconds(), &here);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::File;

    #[test]
    fn lines_are_found_by_name_and_pattern() {
        let files = vec![File {
            path: "var/log/app.log".to_owned(),
            content: b"2026-04-04T10:11:01Z app: heap is 90 %\n2026-04-04T10:11:02Z app: fine\n"
                .to_vec(),
        }];
        let input = Input::from_files("x", files);
        let searches = ["app.log", "var/log/*", "messages"].map(|source| LogSearch {
            pattern: r"heap is \d+".to_owned(),
            source: source.to_owned(),
        });
        let mut facts = Facts::default();
        put(&[input], &searches, &mut facts);
        let found = facts.root.list("log_searches");
        assert_eq!(found.items.len(), 2, "the log `messages` is not there");
        assert!(crate::facts::names::undeclared(&facts.root).is_empty());
        assert!(pattern("a(").unwrap_err().contains("no regular expression"));
    }
    /// A rule names the file of the machine, a supportconfig has it inside of one of its own.
    #[test]
    fn sections_of_a_supportconfig_are_logs_of_the_machine() {
        let text = "#==[ Command ]======================================#\n# /bin/date\nnow\n\n\
            #==[ Log File ]=====================================#\n# /var/log/app.log - Last 500 Lines\n\
            2026-04-04T10:11:01Z app: heap is 90 %\n";
        let mut input = Input::from_files(
            "scc",
            vec![File {
                path: "messages.txt".to_owned(),
                content: text.as_bytes().to_vec(),
            }],
        );
        input.kind = InputKind::Folder;
        let search = LogSearch {
            pattern: r"heap is \d+".to_owned(),
            source: "/var/log/*.log".to_owned(),
        };
        let mut facts = Facts::default();
        put(&[input], &[search], &mut facts);
        let found = &facts.root.items("log_searches")[0].value;
        let crate::facts::Value::Record(found) = found else {
            panic!("{found:?}");
        };
        let lines = found.items("lines");
        assert_eq!(lines.len(), 1);
        let crate::facts::Value::Record(line) = &lines[0].value else {
            panic!("{lines:?}");
        };
        let place = &line.get("text").unwrap().evidence[0];
        assert_eq!((&*place.entry, place.line), ("messages.txt", 7));
    }
}
