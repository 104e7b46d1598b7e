//! Turns the verdict and the facts into what a report shows, in one language.

mod events;
mod key_facts;
mod machine;
mod memory;
mod quality;
mod steps;

use std::collections::BTreeMap;

use super::{
    shown::{Prose, Shown},
    view,
};
use crate::{
    facts::{Evidence, Facts, Record},
    finding::{Advice, Finding, MissingFact},
    intake::{Input, InputKind},
    verdict::{self, CannotTell, Verdict},
    words::{Bilingual, Lang},
};

/// Most lines of evidence of one finding in a report.
const EVIDENCE_MAX: usize = 12;

/// What the report says about the inputs themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// Case number.
    pub id: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Name and kind of each input.
    pub inputs: Vec<(String, &'static str)>,
    /// Where bundles are torn.
    pub torn: Vec<String>,
    /// Entries that differ from their checksum.
    pub changed: Vec<String>,
}

impl Case {
    /// The case that these inputs make.
    #[must_use]
    pub fn of(inputs: &[Input]) -> Self {
        let mut case = Self::default();
        for input in inputs {
            let kind = match input.kind {
                InputKind::Bundle => "bundle",
                InputKind::Folder => "folder",
                InputKind::Log => "log",
            };
            case.inputs.push((base_name(&input.name).to_owned(), kind));
            if let Some(header) = &input.header {
                // A script may give `--case ""` where it knows none.
                let id = header.case.clone().filter(|id| !id.trim().is_empty());
                case.id = case.id.or(id);
                case.labels.extend(header.labels.clone());
            }
            if let Some(tear) = &input.tear {
                case.torn.push(format!(
                    "{}: after {}: {}",
                    base_name(&input.name),
                    tear.after,
                    tear.reason
                ));
            }
            case.changed.extend(input.changed.iter().cloned());
        }
        case
    }
}

/// The name without its folders: a report must not depend on where the bundle lay.
fn base_name(name: &str) -> &str {
    name.trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .filter(|n| !n.is_empty())
        .unwrap_or(name)
}

/// The whole view.
#[must_use]
pub fn tell(verdict: &Verdict, facts: &Facts, case: &Case, lang: Lang) -> view::View {
    let root = verdict.root.as_ref();
    let leading = root
        .and_then(|root| verdict::events::shown(root, facts))
        .or_else(|| verdict::events::most_telling(&verdict::events::of(root, facts)));
    view::View {
        report_version: view::VERSION,
        tool: Shown::new(concat!("oomscene-analyze ", env!("CARGO_PKG_VERSION"))),
        lang: match lang {
            Lang::En => "en",
            Lang::Zh => "zh",
        },
        case: case.id.as_ref().map(Shown::new),
        labels: case
            .labels
            .iter()
            .map(|(k, v)| (Shown::new(k).as_str().to_owned(), Shown::new(v)))
            .collect(),
        inputs: case
            .inputs
            .iter()
            .map(|(name, kind)| view::Input {
                name: Shown::new(name),
                kind,
            })
            .collect(),
        verdict: conclusion(verdict, lang),
        key_facts: key_facts::of(verdict, facts, leading, lang),
        leading_event: leading.map(|e| events::event(e, lang)),
        chain: verdict
            .chain
            .iter()
            .map(|step| view::Link {
                depth: step.depth,
                because_of: step.because_of.clone(),
                role: step.role,
                item: item(&step.finding, lang),
            })
            .collect(),
        advice: advice(verdict, lang),
        events: events::events(facts, lang),
        memory: memory::of(leading, facts),
        other_causes: items(&verdict.other_causes, lang),
        contributing: items(&verdict.contributing, lang),
        unexplained: items(&verdict.unexplained, lang),
        bystanders: verdict.bystanders.iter().map(bystander).collect(),
        ruled_out: verdict
            .ruled_out
            .iter()
            .map(|r| ruled_out(r, lang))
            .collect(),
        cannot_tell: verdict
            .cannot_tell
            .iter()
            .map(|c| cannot_tell(c, lang))
            .collect(),
        steps: steps::steps(&verdict.cannot_tell, lang),
        suppressed: verdict
            .suppressed
            .iter()
            .map(|s| view::Suppressed {
                rule: s.rule.clone(),
                title: prose(&s.title, lang),
                reason: Shown::new(s.reason.get(lang)),
            })
            .collect(),
        superseded: superseded(verdict),
        quality: quality::of(verdict, facts, case, lang),
        machine: machine::of(leading, facts),
    }
}

fn conclusion(verdict: &Verdict, lang: Lang) -> view::Conclusion {
    view::Conclusion {
        outcome: verdict.outcome,
        headline: prose(&verdict.headline, lang),
        root: verdict.root.as_ref().map(|r| root(r, lang)),
        leads_because: verdict.leads_because.as_ref().map(|b| prose(b, lang)),
        candidates: verdict
            .candidates
            .iter()
            .map(|c| cannot_tell(c, lang))
            .collect(),
        rules_count: verdict.rules_count,
    }
}

fn root(root: &Finding, lang: Lang) -> view::Root {
    view::Root {
        item: item(root, lang),
        confidence_reason: Some(Prose::new(root.confidence_reason.get(lang)))
            .filter(|reason| !reason.as_str().is_empty()),
        group: root.group.as_ref().map(Shown::new),
        references: root.references.iter().map(Shown::new).collect(),
        figures: figures(root),
    }
}

fn figures(root: &Finding) -> Vec<view::Figure> {
    let mut seen = std::collections::BTreeSet::new();
    root.touched
        .iter()
        .filter(|t| seen.insert((&t.path, &t.value)))
        .map(|t| view::Figure {
            path: Shown::new(&t.path),
            value: Shown::new(&t.value),
        })
        .collect()
}

/// Remedies of the root first, then those of what contributed; the same remedy only once.
fn advice(verdict: &Verdict, lang: Lang) -> Vec<view::Advice> {
    let mut seen = std::collections::BTreeSet::new();
    verdict
        .root
        .iter()
        .chain(verdict.chain.iter().map(|s| &s.finding))
        .flat_map(|f| remedies(&f.advice, lang))
        .filter(|a| seen.insert((a.text.clone(), a.command.clone())))
        .collect()
}

fn remedies(advice: &[Advice], lang: Lang) -> Vec<view::Advice> {
    advice
        .iter()
        .map(|a| view::Advice {
            text: prose(&a.text, lang),
            command: a
                .command
                .as_ref()
                .map(Prose::new)
                .filter(|c| !c.as_str().is_empty()),
        })
        .collect()
}

fn items(findings: &[Finding], lang: Lang) -> Vec<view::Item> {
    findings.iter().map(|f| item(f, lang)).collect()
}

fn item(finding: &Finding, lang: Lang) -> view::Item {
    view::Item {
        rule: finding.rule.clone(),
        title: prose(&finding.title, lang),
        severity: finding.severity,
        confidence: finding.confidence,
        says: prose(&finding.says, lang),
        why: prose(&finding.why, lang),
        events_count: finding.count,
        advice: remedies(&finding.advice, lang),
        evidence: evidence(&finding.evidence),
    }
}

fn evidence(lines: &[Evidence]) -> Vec<view::EvidenceLine> {
    evidence_up_to(lines, EVIDENCE_MAX)
}

/// Lines in their order, each once.
fn evidence_up_to(lines: &[Evidence], most: usize) -> Vec<view::EvidenceLine> {
    let mut seen = std::collections::BTreeSet::new();
    lines
        .iter()
        .map(|e| view::EvidenceLine {
            file: Shown::new(&e.entry),
            line: Some(e.line).filter(|l| *l > 0),
            text: Shown::new(&e.text),
        })
        .filter(|e| seen.insert(e.clone()))
        .take(most)
        .collect()
}

fn bystander(b: &verdict::Bystander) -> view::Bystander {
    view::Bystander {
        part: b.part,
        name: Shown::new(&b.name),
        pid: b.pid,
        victim: b.victim.as_ref().map(Shown::new),
        events_count: b.events_count,
    }
}

fn ruled_out(r: &verdict::RuledOut, lang: Lang) -> view::RuledOut {
    view::RuledOut {
        rule: r.rule.clone(),
        title: prose(&r.title, lang),
        says: prose(&r.says, lang),
        because: r.because.iter().map(|b| Shown::new(b.get(lang))).collect(),
        evidence: evidence(&r.evidence),
        only_seen: r.only_seen.as_deref().map(|o| prose(o, lang)),
    }
}

fn cannot_tell(c: &CannotTell, lang: Lang) -> view::CannotTell {
    view::CannotTell {
        rule: c.rule.clone(),
        title: prose(&c.title, lang),
        role: c.role,
        missing: c
            .missing
            .iter()
            .map(|m| view::Missing {
                path: Shown::new(&m.path),
                what: what_is_missing(m, lang),
                how: prose(&m.how, lang),
            })
            .collect(),
        would_tell: c.would_tell.as_ref().map(|w| prose(w, lang)),
    }
}

/// Names are described in English only; in Chinese the name and the way to get it say enough.
fn what_is_missing(missing: &MissingFact, lang: Lang) -> Shown {
    match lang {
        Lang::En => Shown::new(&missing.what),
        Lang::Zh => Shown::default(),
    }
}

fn superseded(verdict: &Verdict) -> Vec<String> {
    let mut rules: Vec<String> = verdict.superseded.iter().map(|f| f.rule.clone()).collect();
    rules.sort();
    rules.dedup();
    rules
}

fn prose(text: &Bilingual, lang: Lang) -> Prose {
    Prose::new(text.get(lang))
}

/// The text of a fact, `None` when it is unknown or empty.
fn text(record: &Record, path: &str) -> Option<Shown> {
    record
        .text(path)
        .filter(|t| !t.trim().is_empty())
        .map(Shown::new)
}
