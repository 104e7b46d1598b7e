//! Lets the analyser judge what a guest left, and holds that against the scenario's expectation.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::boot::Left;
use crate::scenario::{Expect, Input, Scenario};
use crate::shell::said;

/// What one guest cost and whether the verdict was right.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What the analyser said leads.
    pub root: String,
    /// Every expectation that does not hold.
    pub wrong: Vec<String>,
    /// Size of the bundle.
    pub bundle_bytes: u64,
    /// Wall time of the collector in the guest.
    pub wall_milliseconds: u64,
    /// Its peak memory.
    pub peak_rss_kib: u64,
}

/// Analyses what is left and compares.
pub(crate) fn judge(scenario: &Scenario, left: &Left, analyzer: &Path) -> Result<Judged, String> {
    let bundle = left.out.join("scene.tar.gz");
    let torn = left.out.join("scene.tar.gz.partial");
    let input = match scenario.input {
        Input::Bundle => bundle.as_path(),
        Input::Torn => torn.as_path(),
        Input::Console => left.console.as_path(),
    };
    if !input.exists() {
        let console = std::fs::read(&left.console).unwrap_or_default();
        let console = String::from_utf8_lossy(&console);
        let tail: Vec<&str> = console.lines().rev().take(12).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        return Err(format!(
            "the guest left no {}; its console ends with\n{}",
            input.display(),
            tail.join("\n")
        ));
    }
    let folder = left.out.join("report");
    said(
        Command::new(analyzer)
            .arg("report")
            .arg(input)
            .args(["--format", "json,md", "-o"])
            .arg(&folder),
    )?;
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| format!("{name}: {e}"));
    let json: Value = serde_json::from_str(&read("report.json")?)
        .map_err(|e| format!("the report is no JSON: {e}"))?;
    let mut judged = compare(&scenario.expect, &json, &read("report.md")?);
    if scenario.input != Input::Console {
        cost(scenario, left, &mut judged);
        judged.bundle_bytes = std::fs::metadata(input).map_or(0, |meta| meta.len());
    }
    Ok(judged)
}

fn cost(scenario: &Scenario, left: &Left, judged: &mut Judged) {
    let text = std::fs::read_to_string(left.out.join("cost.json")).unwrap_or_default();
    let Ok(cost) = serde_json::from_str::<Value>(&text) else {
        judged
            .wrong
            .push("the collector's cost was not measured".to_owned());
        return;
    };
    let figure = |name: &str| cost[name].as_u64();
    let (Some(wall), Some(peak)) = (figure("wall_milliseconds"), figure("peak_rss_kib")) else {
        let said = format!("the collector's cost lacks a figure: {}", text.trim());
        judged.wrong.push(said);
        return;
    };
    (judged.wall_milliseconds, judged.peak_rss_kib) = (wall, peak);
    if peak == 0 {
        let said = "the collector's peak memory was not measured";
        judged.wrong.push(said.to_owned());
    }
    if judged.peak_rss_kib > 16 * 1024 {
        judged.wrong.push(format!(
            "the collector's peak was {} KiB, promised are 16 MiB",
            judged.peak_rss_kib
        ));
    }
    let seconds_max = scenario.expect.collector_seconds_max.unwrap_or(60);
    if judged.wall_milliseconds > seconds_max * 1000 {
        judged.wrong.push(format!(
            "the collector took {} ms",
            judged.wall_milliseconds
        ));
    }
    let ended_well = if scenario.input == Input::Torn {
        figure("signal") == Some(9)
    } else {
        figure("exit_code").is_some_and(|code| code <= 1)
    };
    if !ended_well {
        judged
            .wrong
            .push(format!("the collector ended with {}", text.trim()));
    }
}

/// Parts of the report about rules that were not found.
const NOT_FOUND: &[&str] = &["ruled_out", "cannot_tell", "suppressed", "steps"];

/// Every rule id below `part`.
fn every_rule(part: &Value, found: &mut Vec<String>) {
    if let Some(id) = part.get("rule").and_then(Value::as_str) {
        found.push(id.to_owned());
    }
    for inner in part.as_object().into_iter().flat_map(|o| o.values()) {
        every_rule(inner, found);
    }
    for inner in part.as_array().into_iter().flatten() {
        every_rule(inner, found);
    }
}

/// Rule ids of a list of the report.
fn ids(json: &Value, list: &str) -> Vec<String> {
    let rows = json[list].as_array().into_iter().flatten();
    rows.filter_map(|row| row["rule"].as_str().map(str::to_owned))
        .collect()
}

fn compare(expect: &Expect, json: &Value, text: &str) -> Judged {
    let root = json["verdict"]["root"]["rule"].as_str().unwrap_or("");
    let outcome = json["verdict"]["outcome"].as_str().unwrap_or("");
    let mut wrong = Vec::new();
    if !expect.root.is_empty() && !expect.root.iter().any(|id| id == root) {
        wrong.push(format!(
            "root cause is {:?} ({outcome}), expected {}",
            root,
            expect.root.join(" or ")
        ));
    }
    if let Some(wanted) = &expect.outcome
        && wanted != outcome
    {
        wrong.push(format!("outcome is {outcome} ({root}), expected {wanted}"));
    }
    let event = &json["leading_event"];
    let victim = event["killed"]["comm"].as_str().unwrap_or("nobody");
    if !expect.victim.is_empty() && !expect.victim.iter().any(|name| name == victim) {
        wrong.push(format!(
            "victim is {victim}, expected {}",
            expect.victim.join(" or ")
        ));
    }
    if let Some(mib) = expect.limit_mib {
        let limit = event["ran_out"]["limit_bytes"].as_u64();
        if limit != Some(mib * 1024 * 1024) {
            wrong.push(format!("limit is {limit:?} bytes, expected {mib} MiB"));
        }
    }
    wrong.extend(lists(expect, json, root));
    wrong.extend(words(expect, text));
    let root = if root.is_empty() {
        outcome.to_owned()
    } else {
        root.to_owned()
    };
    Judged {
        root,
        wrong,
        ..Judged::default()
    }
}

/// What was found and ruled out besides the root cause.
fn lists(expect: &Expect, json: &Value, root: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found = vec![root.to_owned()];
    let told = json.as_object().into_iter().flatten();
    for (_, part) in told.filter(|(name, _)| !NOT_FOUND.contains(&name.as_str())) {
        every_rule(part, &mut found);
    }
    let ruled_out = ids(json, "ruled_out");
    for id in expect.found.iter().filter(|id| !found.contains(id)) {
        wrong.push(format!("{id} was not found"));
    }
    for id in expect.not_found.iter().filter(|id| found.contains(id)) {
        wrong.push(format!("{id} was found"));
    }
    for id in expect.ruled_out.iter().filter(|id| !ruled_out.contains(id)) {
        wrong.push(format!("{id} was not ruled out"));
    }
    wrong
}

/// What the report says and must not say.
fn words(expect: &Expect, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for words in expect
        .say
        .iter()
        .filter(|words| !text.contains(words.as_str()))
    {
        wrong.push(format!("the report does not say {words:?}"));
    }
    for words in expect
        .never_say
        .iter()
        .filter(|words| text.contains(words.as_str()))
    {
        wrong.push(format!("the report says {words:?}"));
    }
    wrong
}
