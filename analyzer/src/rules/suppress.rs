//! What a site has switched off: which rule, why, and until when.
//!
//! A suppression hides a finding from the verdict, never from the report: it is listed with its
//! reason. One that has expired, or that nothing needed, is listed too, so that it gets removed.

use jiff::civil::Date;
use serde::Deserialize;

use super::{RuleSet, diagnostic::Diagnostic, place::Places, vocabulary::nearest};
use crate::{
    facts::Facts,
    finding::{Judged, State},
    verdict::Suppressed,
    words::Bilingual,
};

const DAY_SECONDS: f64 = 86_400.0;

/// One entry of `suppress:`.
#[derive(Debug, Clone)]
pub(super) struct Suppression {
    rule: String,
    group: Option<String>,
    reason: String,
    until: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    suppress: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    group: Option<String>,
    reason: String,
    until: String,
}

/// Whether a file of a folder of rules holds suppressions and no rule.
pub(super) fn is_list(text: &str) -> bool {
    serde_yaml::from_str::<serde_yaml::Value>(text)
        .is_ok_and(|whole| whole.get("suppress").is_some() && whole.get("id").is_none())
}

/// Reads and checks a list of suppressions against the rules that there are.
pub(super) fn read<'i>(
    name: &str,
    text: &str,
    ids: impl Iterator<Item = &'i str> + Clone,
) -> Result<Vec<Suppression>, Vec<Diagnostic>> {
    let places = Places::read(text);
    let entries: Entries = match serde_yaml::from_str(text) {
        Ok(entries) => entries,
        Err(error) => return Err(vec![super::check::unreadable(name, text, &places, &error)]),
    };
    let mut all = Vec::new();
    let mut found = Vec::new();
    for (i, entry) in entries.suppress.into_iter().enumerate() {
        let mut complain = |key: &str, message: String, help: Option<String>| {
            let place = places.key(&format!("suppress[{i}].{key}"));
            found.push(Diagnostic::new(name, text, place, message, help));
        };
        if !ids.clone().any(|id| id == entry.rule) {
            let help = nearest(&entry.rule, ids.clone()).map(|n| format!("did you mean `{n}`?"));
            complain("rule", format!("there is no rule `{}`", entry.rule), help);
        }
        if entry.reason.trim().is_empty() {
            let help = "the report shows it to whoever reads the case".to_owned();
            complain(
                "reason",
                "a suppression needs a reason".to_owned(),
                Some(help),
            );
        }
        match entry.until.parse::<Date>() {
            Err(_) => complain(
                "until",
                format!("`{}` is no date", entry.until),
                Some("write the last day on which it holds: 2026-12-31".to_owned()),
            ),
            Ok(until) => all.push(Suppression {
                rule: entry.rule,
                group: entry.group,
                reason: entry.reason.trim().to_owned(),
                until,
            }),
        }
    }
    if found.is_empty() {
        Ok(all)
    } else {
        Err(found)
    }
}

impl RuleSet {
    /// Takes out what the user has switched off, and says what became of each entry. Expiry is
    /// counted by the clock of the evidence.
    #[must_use]
    pub fn suppress(
        &self,
        mut judged: Vec<Judged>,
        facts: &Facts,
    ) -> (Vec<Judged>, Vec<Suppressed>) {
        let now = evidence_time(facts);
        let mut notes = Vec::new();
        for entry in &self.suppressions {
            let Some(one) = judged.iter_mut().find(|j| j.rule == entry.rule) else {
                continue;
            };
            let expired = now.is_some_and(|now| now >= end_of(entry.until));
            let hidden = if expired {
                false
            } else {
                entry.hide(&mut one.state)
            };
            notes.push(Suppressed {
                rule: entry.rule.clone(),
                title: one.title.clone(),
                reason: entry.told(expired, hidden, now.is_some()),
            });
        }
        (judged, notes)
    }
}

impl Suppression {
    /// Takes its findings out; false when there were none.
    fn hide(&self, state: &mut State) -> bool {
        let State::Found(findings) = state else {
            return false;
        };
        let before = findings.len();
        findings.retain(|f| self.group.is_some() && f.group != self.group);
        if findings.len() == before {
            return false;
        }
        if findings.is_empty() {
            *state = State::Suppressed;
        }
        true
    }

    fn told(&self, expired: bool, hidden: bool, dated: bool) -> Bilingual {
        let Self { reason, until, .. } = self;
        let about = self
            .group
            .as_ref()
            .map_or_else(Bilingual::default, |group| {
                Bilingual::new(format!(", only {group}"), format!("，仅 {group}"))
            });
        let (en, zh) = match (expired, hidden, dated) {
            (true, ..) => (
                format!(
                    "expired on {until} and had no effect; remove it or renew it. Its reason was"
                ),
                format!("已于 {until} 过期，未生效；请删除或续期。原因"),
            ),
            (_, false, _) => (
                format!(
                    "not needed here: there was nothing to suppress (until {until}). Its reason was"
                ),
                format!("此处用不到：没有可屏蔽的发现（有效期至 {until}）。原因"),
            ),
            (_, true, true) => (
                format!("suppressed until {until}"),
                format!("屏蔽至 {until}"),
            ),
            (_, true, false) => (
                format!(
                    "suppressed until {until}, although the evidence has no date to check that"
                ),
                format!("屏蔽至 {until}，但证据中没有日期可供核对"),
            ),
        };
        Bilingual::new(
            format!("{en}{}: {reason}", about.en),
            format!("{zh}{}：{reason}", about.zh),
        )
    }
}

/// First second after a day, UTC.
fn end_of(day: Date) -> f64 {
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC);
    let seconds = midnight.map_or(i64::MAX, |at| at.timestamp().as_second());
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let seconds = seconds as f64;
    seconds + DAY_SECONDS
}

/// When the evidence was taken: its header, or else the last event that has a date.
fn evidence_time(facts: &Facts) -> Option<f64> {
    let events = facts.root.items("oom_events").iter();
    let last = || {
        events
            .filter_map(|event| match &event.value {
                crate::facts::Value::Record(record) => record.number("time"),
                _ => None,
            })
            .max_by(f64::total_cmp)
    };
    facts.root.number("input.collected_time").or_else(last)
}
