//! Scores what the log reader finds in a folder of logs against its `index.json`: included by the
//! example `corpus_score` and by the test `corpus`, so that both judge alike.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use oomscene_analyzer::facts::{Fact, Facts, Record, Value, gather};
use oomscene_analyzer::intake;
use serde_json::Value as Json;

/// Share of the stated fields that must be right, in percent.
pub(crate) const FIELDS_RIGHT_PERCENT_MIN: u64 = 99;

/// Entries where the index is believed to be wrong: log, field, what it states, reason. They are
/// shown and count neither for nor against.
pub(crate) const INDEX_MISTAKES: &[(&str, &str, &str, &str)] = &[
    (
        "138-",
        "n_tasks_in_table",
        "399",
        "one more row is there: its stamp and the start of its pid are torn, all its columns are whole",
    ),
    (
        "062-",
        "first_line",
        "2",
        "the stamp that the index states is that of line 1, `Tasks state`, the first line of the report that is left",
    ),
    (
        "068-",
        "first_line",
        "2",
        "the stamp that the index states is that of line 1, `Tasks state`, the first line of the report that is left",
    ),
];

/// Figures of one log, or the sum over several.
#[derive(Debug, Default, Clone)]
pub(crate) struct Score {
    /// Events that the index states.
    pub(crate) expected: u64,
    /// Of these, how many were found.
    pub(crate) found: u64,
    /// Fields that the index states.
    pub(crate) stated: u64,
    /// Of these, how many are right.
    pub(crate) right: u64,
    /// Events that the index does not have.
    pub(crate) false_events: u64,
    /// Of these, those in logs without any event.
    pub(crate) false_on_negative: u64,
    /// What is wrong, in words.
    pub(crate) faults: Vec<String>,
    /// Statements of the index that are believed to be wrong.
    pub(crate) disputed: Vec<String>,
}

impl Score {
    fn add(&mut self, more: Self) {
        self.expected += more.expected;
        self.found += more.found;
        self.stated += more.stated;
        self.right += more.right;
        self.false_events += more.false_events;
        self.false_on_negative += more.false_on_negative;
        self.faults.extend(more.faults);
        self.disputed.extend(more.disputed);
    }

    /// Whether the bar is reached.
    pub(crate) fn passes(&self) -> bool {
        self.found == self.expected
            && self.false_on_negative == 0
            && self.right * 100 >= self.stated * FIELDS_RIGHT_PERCENT_MIN
    }
}

/// Scores every log of the index in `folder`, writing a line for each and the sum.
///
/// # Errors
///
/// The index or a log that cannot be read, a writer that fails.
#[expect(
    clippy::disallowed_methods,
    reason = "the index is a file of the corpus, not evidence"
)]
pub(crate) fn score(
    folder: &Path,
    out: &mut dyn Write,
) -> Result<Score, Box<dyn std::error::Error>> {
    let index: Vec<Json> = serde_json::from_slice(&std::fs::read(folder.join("index.json"))?)?;
    let mut sum = Score::default();
    writeln!(out, "  events   fields  false  log")?;
    for entry in &index {
        let name = entry["file"].as_str().ok_or("an entry without `file`")?;
        let path = folder.join(name).to_string_lossy().into_owned();
        let facts = gather(&intake::open(&[path], &mut std::io::empty())?);
        let of_log = one(name, entry, &facts);
        line(&of_log, name, out)?;
        for fault in &of_log.faults {
            writeln!(out, "           {fault}")?;
        }
        sum.add(of_log);
    }
    line(&sum, "sum", out)?;
    writeln!(
        out,
        "statements of the index believed to be wrong: {}",
        sum.disputed.len()
    )?;
    for disputed in &sum.disputed {
        writeln!(out, "  {disputed}")?;
    }
    Ok(sum)
}

fn line(score: &Score, name: &str, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "{:>3}/{:<3} {:>4}/{:<4} {:>5}  {name}",
        score.found, score.expected, score.right, score.stated, score.false_events
    )
}

/// An event of ours, whichever list it is in.
struct Ours<'a> {
    list: &'static str,
    fact: &'a Fact,
    record: &'a Record,
}

impl Ours<'_> {
    fn first_line(&self) -> Option<u32> {
        let own = self.fact.evidence.first().map(|e| e.line);
        let field = |path| {
            self.record
                .get(path)
                .and_then(|f| f.evidence.first())
                .map(|e| e.line)
        };
        own.or_else(|| field("comm"))
            .or_else(|| field("order"))
            .or_else(|| field("target"))
    }
}

fn ours(facts: &Facts) -> Vec<Ours<'_>> {
    ["oom_events", "allocation_failures", "user_kills"]
        .into_iter()
        .flat_map(|list| {
            facts
                .root
                .items(list)
                .iter()
                .filter_map(move |fact| match &fact.value {
                    Value::Record(record) => Some(Ours { list, fact, record }),
                    _ => None,
                })
        })
        .collect()
}

fn list_of(kind: &str) -> &'static str {
    match kind {
        "page_alloc_failure" => "allocation_failures",
        "userspace" => "user_kills",
        _ => "oom_events",
    }
}

fn one(name: &str, entry: &Json, facts: &Facts) -> Score {
    let mut score = Score::default();
    let events: Vec<&Json> = entry["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["kind"].as_str() != Some("none"))
        .collect();
    let ours = ours(facts);
    let mut taken = BTreeSet::new();
    for event in &events {
        score.expected += 1;
        let list = list_of(event["kind"].as_str().unwrap_or_default());
        let best = ours
            .iter()
            .enumerate()
            .filter(|(at, own)| own.list == list && !taken.contains(at))
            .map(|(at, own)| (likeness(event, own), at))
            .filter(|(likeness, _)| *likeness > 0)
            .max_by_key(|(likeness, at)| (*likeness, std::cmp::Reverse(*at)));
        let own = best.and_then(|(_, at)| {
            taken.insert(at);
            ours.get(at)
        });
        score.found += u64::from(own.is_some());
        if own.is_none() {
            score
                .faults
                .push(format!("not found: {list} at line {}", event["first_line"]));
        }
        fields(name, event, own, &mut score);
    }
    for (at, own) in ours
        .iter()
        .enumerate()
        .filter(|(at, _)| !taken.contains(at))
    {
        // A user-space kill that the index does not list is no event of the kernel.
        if own.list == "user_kills" && !events.is_empty() {
            continue;
        }
        score.false_events += 1;
        score.false_on_negative += u64::from(events.is_empty());
        let line = own.first_line().unwrap_or(0);
        score
            .faults
            .push(format!("false event: {} {at} at line {line}", own.list));
    }
    score
}

/// How much of what tells events apart agrees.
fn likeness(event: &Json, own: &Ours<'_>) -> u32 {
    let agrees = |field: &str, weight: u32| {
        let Some(stated) = stated(event, field) else {
            return 0;
        };
        if value(field, event, own).is_some_and(|v| same(field, &stated, &v)) {
            weight
        } else {
            0
        }
    };
    agrees("victim_pid", 8)
        + agrees("first_line", 4)
        + agrees("timestamp_as_printed", 2)
        + agrees("kernel_timestamp", 2)
        + agrees("invoker", 1)
        + agrees("killed_unit", 4)
}

/// Fields that say something which is scored.
const FIELDS: &[&str] = &[
    "kind",
    "invoker",
    "gfp_mask",
    "order",
    "victim_comm",
    "victim_pid",
    "total_vm_kb",
    "anon_rss_kb",
    "file_rss_kb",
    "shmem_rss_kb",
    "oom_score_adj",
    "oom_memcg",
    "task_memcg",
    "memcg_usage_kb",
    "memcg_limit_kb",
    "memcg_failcnt",
    "timestamp_as_printed",
    "kernel_timestamp",
    "n_tasks_in_table",
    "swap_total_kb",
    "swap_free_kb",
    "first_line",
    "panic_message",
    "killer",
    "killed_unit",
    "selected_comm",
    "selected_pid",
];

fn fields(name: &str, event: &Json, own: Option<&Ours<'_>>, score: &mut Score) {
    for field in FIELDS {
        let Some(stated) = stated(event, field) else {
            continue;
        };
        let mistake = INDEX_MISTAKES
            .iter()
            .find(|(log, of, what, _)| name.starts_with(log) && of == field && *what == stated);
        if let Some((log, _, what, reason)) = mistake {
            score
                .disputed
                .push(format!("{log} {field} `{what}`: {reason}"));
            continue;
        }
        score.stated += 1;
        let got = own.and_then(|own| value(field, event, own));
        if got.as_ref().is_some_and(|got| same(field, &stated, got)) {
            score.right += 1;
        } else if own.is_some() {
            let got = got.unwrap_or_else(|| "nothing".to_owned());
            let line = &event["first_line"];
            score.faults.push(format!(
                "{field}: {got} instead of {stated} (event at line {line})"
            ));
        }
    }
}

/// What the index states, as text; `None` for null.
fn stated(event: &Json, field: &str) -> Option<String> {
    match &event[field] {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn same(field: &str, stated: &str, got: &str) -> bool {
    match field {
        "timestamp_as_printed" => {
            let bare = |text: &str| text.trim_matches(['[', ']', ' ']).to_owned();
            bare(stated) == bare(got)
        }
        "panic_message" => got.contains(stated),
        _ => stated == got,
    }
}

/// What we say about a field of the index, written as the index writes it.
fn value(field: &str, event: &Json, own: &Ours<'_>) -> Option<String> {
    let record = own.record;
    let text = |path: &str| record.text(path).map(str::to_owned);
    let int = |path: &str| record.int(path).map(|n| n.to_string());
    let kb = |path: &str| record.int(path).map(|n| (n / 1024).to_string());
    let by_list = |event: &str, failure: &str| {
        if own.list == "oom_events" {
            event.to_owned()
        } else {
            failure.to_owned()
        }
    };
    match (own.list, field) {
        // Killers in user space name a process or a cgroup; the index has one key for the process.
        ("user_kills", "victim_comm") => return text("target"),
        ("user_kills", "victim_pid") => return int("pid"),
        ("user_kills", "oom_score_adj") => return int("oom_score_adj"),
        _ => {}
    }
    match field {
        "kind" => Some(kind(event, own)),
        "invoker" => text(&by_list("invoker.comm", "comm")),
        "gfp_mask" => {
            let mask = text("gfp_mask")?;
            // Names that the log does not print are ours and not part of the statement.
            let printed = event["gfp_mask"].as_str().is_some_and(|s| s.contains('('));
            let names = text("gfp_flags").filter(|_| printed);
            Some(names.map_or_else(|| mask.clone(), |names| format!("{mask}({names})")))
        }
        "order" => int("order"),
        "victim_comm" => text("victim.comm"),
        "victim_pid" => int("victim.pid"),
        "total_vm_kb" => kb("victim.virtual_bytes"),
        "anon_rss_kb" => kb("victim.anon_bytes"),
        "file_rss_kb" => kb("victim.file_bytes"),
        "shmem_rss_kb" => kb("victim.shmem_bytes"),
        "oom_score_adj" => int("victim.oom_score_adj"),
        "oom_memcg" => text("memcg.path"),
        "task_memcg" => text("memcg.task_path"),
        "memcg_usage_kb" => kb("memcg.usage_bytes"),
        "memcg_limit_kb" => kb("memcg.limit_bytes"),
        "memcg_failcnt" => int("memcg.failcnt_count"),
        "timestamp_as_printed" => text("time_text"),
        "kernel_timestamp" => {
            let seconds = record.number("uptime_seconds")?;
            Some(format!("[{seconds:>12.6}]"))
        }
        // The index counts the rows that the log has, also of a table that is torn.
        "n_tasks_in_table" => int("tasks_count").or_else(|| {
            record.get("tasks")?;
            Some(record.items("tasks").len().to_string())
        }),
        "swap_total_kb" => kb("memory.swap_total_bytes"),
        "swap_free_kb" => kb("memory.swap_free_bytes"),
        "first_line" => own.first_line().map(|n| n.to_string()),
        "panic_message" => text("panic_reason"),
        "killer" => text("killer"),
        "killed_unit" => text("target"),
        "selected_comm" => text("victim.chosen_comm"),
        "selected_pid" => int("victim.chosen_pid"),
        _ => None,
    }
}

/// The kind in the words of the index; where several are true, the one that it states.
fn kind(event: &Json, own: &Ours<'_>) -> String {
    let stated = event["kind"].as_str().unwrap_or_default();
    match own.list {
        "allocation_failures" => return "page_alloc_failure".to_owned(),
        "user_kills" => return "userspace".to_owned(),
        _ => {}
    }
    let flag = |path| own.record.flag(path) == Some(true);
    let constraint = match own.record.text("constraint") {
        Some("none") => "global",
        Some("memory_policy") => "mempolicy",
        Some(other) => other,
        None => "unknown",
    };
    if stated == "panic" || flag("panicked") {
        return if flag("panicked") {
            "panic"
        } else {
            constraint
        }
        .to_owned();
    }
    if flag("sysrq") { "sysrq" } else { constraint }.to_owned()
}
