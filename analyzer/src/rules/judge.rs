//! Rules × facts → how each rule ended, with findings, reasons and evidence.

use std::sync::Arc;
use std::{collections::BTreeSet, rc::Rc};

use super::{
    Rule, RuleSet,
    eval::{Item, Items, Missing, Read, Scope, Val, Why, fact_value, render, render_command},
    evidence,
    explain::reasons,
    expr::Part,
    figures,
};
use crate::{
    facts::{
        Facts,
        names::{self, Name},
    },
    finding::{Advice, Confidence, Finding, Judged, MissingFact, State},
    words::{Bilingual, Lang},
};

/// Says where a declared fact would come from and how to get it.
pub type HowToGet = fn(&Facts, &Name) -> Bilingual;

/// Reasons that one ruled-out rule lists.
const REASONS_MAX: usize = 5;

/// Judges all rules, in the order of their ids.
#[must_use]
pub fn judge(set: &RuleSet, facts: &Facts, how: HowToGet) -> Vec<Judged> {
    set.rules()
        .map(|rule| Judged {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            role: rule.role,
            explains: rule.explains.clone(),
            state: Case { rule, facts, how }.state(),
        })
        .collect()
}

/// How one rule ends, alone.
pub(super) fn one(rule: &Rule, facts: &Facts, how: HowToGet) -> State {
    Case { rule, facts, how }.state()
}

/// One rule and the facts it is held against.
pub(super) struct Case<'f> {
    pub(super) rule: &'f Rule,
    pub(super) facts: &'f Facts,
    pub(super) how: HowToGet,
}

/// One item (or the whole case) for which the condition holds.
struct Hit<'f> {
    index: usize,
    value: Option<Val<'f>>,
    reads: Vec<Read<'f>>,
}

/// What the evaluations gave that did not hold.
#[derive(Default)]
struct Misses<'f> {
    because: Vec<Bilingual>,
    reads: Vec<Read<'f>>,
    missing: Vec<Missing>,
    /// Why there may be more items than were judged.
    only_seen: Option<Arc<Bilingual>>,
}

impl<'f> Case<'f> {
    fn state(&self) -> State {
        let mut misses = Misses::default();
        let hits = match &self.rule.for_each {
            None => self
                .look(0, None, &mut misses)
                .map_or_else(Vec::new, |hit| vec![hit]),
            Some(each) => match self.list(&each.list) {
                Ok(items) => {
                    if items.items.is_empty() {
                        // Nothing seen in a part of the log says nothing about the rest.
                        misses.missing.extend(items.more.iter().cloned());
                        misses.because.push(Bilingual::new(
                            format!("{} has no items", each.list),
                            format!("{} 中没有记录", each.list),
                        ));
                    } else {
                        misses.only_seen = items.more.iter().find_map(|m| match &m.why {
                            Why::Partial(reason) => Some(Arc::clone(reason)),
                            _ => None,
                        });
                    }
                    let all = items.items.iter();
                    all.filter_map(|(i, v)| self.look(*i, Some(v.clone()), &mut misses))
                        .collect()
                }
                Err(missing) => {
                    misses.missing = missing;
                    Vec::new()
                }
            },
        };
        if !hits.is_empty() {
            return State::Found(self.findings(hits));
        }
        if !misses.missing.is_empty() {
            let missing = self.missing_facts(&misses.missing);
            return State::CannotTell { missing };
        }
        self.ruled_out(misses)
    }

    fn ruled_out(&self, mut misses: Misses<'f>) -> State {
        let mut says = Bilingual::default();
        if let Some(otherwise) = &self.rule.otherwise {
            let mut write = |parts, lang| {
                let mut scope = Scope::new(self.facts, &self.rule.lets, None, None, lang);
                render(&mut scope, parts, &mut misses.reads)
            };
            says = Bilingual::new(
                write(&otherwise.en, Lang::En),
                write(&otherwise.zh, Lang::Zh),
            );
        }
        State::RuledOut {
            says,
            because: misses.because,
            evidence: evidence::lines(&[misses.reads]),
            only_seen: misses.only_seen,
        }
    }

    /// The list of `for_each`, or why it is not known.
    pub(super) fn list(&self, path: &str) -> Result<Items<'f>, Vec<Missing>> {
        match self.facts.get(path).map(|fact| fact_value(path, fact)) {
            Some(Val::List(items)) => Ok(items),
            _ => Err(vec![Missing::other(path, Why::NotPut)]),
        }
    }

    pub(super) fn scope(
        &self,
        value: Option<&Val<'f>>,
        group: Option<&Items<'f>>,
        lang: Lang,
    ) -> Scope<'f> {
        let rule = self.rule;
        let item = rule.for_each.as_ref().zip(value).map(|(each, value)| Item {
            variable: &each.variable,
            value: value.clone(),
        });
        Scope::new(self.facts, &rule.lets, item, group.cloned(), lang)
    }

    /// Evaluates the condition once.
    fn look(
        &self,
        index: usize,
        value: Option<Val<'f>>,
        misses: &mut Misses<'f>,
    ) -> Option<Hit<'f>> {
        let mut scope = self.scope(value.as_ref(), None, Lang::En);
        let (result, reads) = scope.run(&self.rule.when);
        match result {
            Val::Flag(true) => Some(Hit {
                index,
                value,
                reads,
            }),
            Val::Flag(false) => {
                if misses.because.len() < REASONS_MAX {
                    for reason in reasons(&mut scope, &self.rule.when) {
                        if !misses.because.contains(&reason) {
                            misses.because.push(reason);
                        }
                    }
                    misses.because.truncate(REASONS_MAX);
                    misses.reads.extend(reads);
                }
                None
            }
            other => {
                misses.missing.extend(other.missing());
                None
            }
        }
    }

    fn findings(&self, hits: Vec<Hit<'f>>) -> Vec<Finding> {
        let mut groups: Vec<(Option<String>, Vec<Hit<'f>>)> = Vec::new();
        for hit in hits {
            let Some(by) = &self.rule.group_by else {
                groups.push((None, vec![hit]));
                continue;
            };
            let (key, _) = self.scope(hit.value.as_ref(), None, Lang::En).run(by);
            let key = match key {
                Val::Unknown(_) => None,
                known => Some(figures::plain(&known, Lang::En)),
            };
            match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, group)) => group.push(hit),
                None => groups.push((key, vec![hit])),
            }
        }
        groups
            .into_iter()
            .filter_map(|(key, hits)| self.finding(key, &hits))
            .collect()
    }

    fn finding(&self, key: Option<String>, hits: &[Hit<'f>]) -> Option<Finding> {
        let rule = self.rule;
        let (confidence, confidence_reason, shown) = self.confidence(hits);
        let first = hits.get(shown)?;
        let group = rule.for_each.as_ref().map(|each| {
            let items = hits
                .iter()
                .filter_map(|h| Some((h.index, h.value.clone()?)));
            Items::new(Rc::from(each.list.as_str()), items.collect(), None)
        });
        let mut told = Vec::new();
        let mut write = |parts: &'f [Part], lang| {
            let mut scope = self.scope(first.value.as_ref(), group.as_ref(), lang);
            render(&mut scope, parts, &mut told)
        };
        let mut both = |message: &'f super::Message| {
            Bilingual::new(write(&message.en, Lang::En), write(&message.zh, Lang::Zh))
        };
        let says = both(&rule.says);
        let why = both(&rule.why);
        let wanted = rule.advice.iter().filter(|advice| match &advice.when {
            None => true,
            Some(when) => {
                let mut scope = self.scope(first.value.as_ref(), group.as_ref(), Lang::En);
                matches!(scope.run(when).0, Val::Flag(true))
            }
        });
        let advice = wanted
            .map(|advice| Advice {
                text: both(&advice.text),
                command: advice.command.as_ref().map(|command| {
                    let mut scope = self.scope(first.value.as_ref(), group.as_ref(), Lang::En);
                    render_command(&mut scope, command)
                }),
            })
            .collect();
        let mut reads: Vec<Vec<Read<'f>>> = hits.iter().map(|h| h.reads.clone()).collect();
        let touched = evidence::touched(reads.iter().flatten());
        reads.push(told);
        Some(Finding {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            confidence,
            confidence_reason,
            says,
            why,
            advice,
            references: rule.references.clone(),
            evidence: evidence::proof(
                &reads,
                hits.iter().filter_map(|h| h.value.as_ref()),
                &rule.id,
            ),
            touched,
            group: key,
            count: hits.len(),
            shown: group.as_ref().map(|_| first.index),
            items: group.map_or_else(Vec::new, |_| hits.iter().map(|h| h.index).collect()),
            explains: rule.explains.clone(),
            supersedes: rule.supersedes.clone(),
        })
    }

    /// The best confidence that any item of the group has, why, and which item has it: the message
    /// is about that one. A rule that states no conditions for its confidence says that its `when`
    /// alone is the proof.
    fn confidence(&self, hits: &[Hit<'f>]) -> (Confidence, Bilingual, usize) {
        let rule = self.rule;
        if rule.certain.is_none() && rule.likely.is_none() {
            return (
                Confidence::Certain,
                Bilingual::as_written(rule.when.to_string()),
                0,
            );
        }
        let levels = [
            (Confidence::Certain, &rule.certain),
            (Confidence::Likely, &rule.likely),
        ];
        let mut lacking = Vec::new();
        for (level, expr) in levels {
            let Some(expr) = expr else { continue };
            for (at, hit) in hits.iter().enumerate() {
                let mut scope = self.scope(hit.value.as_ref(), None, Lang::En);
                let (value, _) = scope.run(expr);
                let text = joined(&reasons(&mut scope, expr));
                if matches!(value, Val::Flag(true)) {
                    return (level, text, at);
                }
                if !lacking.contains(&text) && lacking.len() < REASONS_MAX {
                    lacking.push(text);
                }
            }
        }
        (
            Confidence::Possible,
            {
                let lacking = joined(&lacking);
                Bilingual::new(
                    format!("not shown: {}", lacking.en),
                    format!("未能证实：{}", lacking.zh),
                )
            },
            0,
        )
    }

    pub(super) fn missing_facts(&self, missing: &[Missing]) -> Vec<MissingFact> {
        let mut seen = BTreeSet::new();
        missing
            .iter()
            .filter(|m| seen.insert((*m).clone()))
            .map(|m| self.missing_fact(m))
            .collect()
    }

    fn missing_fact(&self, missing: &Missing) -> MissingFact {
        let declared = names::find(&missing.path);
        let what = declared
            .map_or("a value of this rule", |n| n.what)
            .to_owned();
        let how = match (&missing.why, declared) {
            (Why::NotPut, Some(name)) => (self.how)(self.facts, name),
            (Why::NotPut, None) => Bilingual::new("not in the evidence", "证据中没有这一项"),
            (Why::Partial(reason), _) => Bilingual::new(
                format!("more may lie outside the evidence: {}", reason.en),
                format!("证据之外可能还有更多记录：{}", reason.zh),
            ),
            (Why::Zero, _) => Bilingual::new(
                "the divisor is 0, so there is no share",
                "除数为 0，无法计算比例",
            ),
            (Why::Empty, _) => Bilingual::new("the list has no items", "列表为空"),
            (Why::NoNumber, _) => Bilingual::new(
                "the values cannot be used in this calculation",
                "这些数值无法参与该计算",
            ),
            (Why::Inexact(reason), _) => (**reason).clone(),
            (Why::NoLog(source), _) => Bilingual::new(
                format!("the evidence has no log `{source}`: add that file"),
                format!("证据中没有日志 {source}：请补充该文件"),
            ),
            (Why::Fuel, _) => Bilingual::new(
                "the expression takes too many steps on this input and was stopped",
                "该表达式在此输入上计算步数过多，已中止",
            ),
        };
        MissingFact {
            path: missing.path.clone(),
            what,
            how,
        }
    }
}

/// Several reasons in one line.
fn joined(reasons: &[Bilingual]) -> Bilingual {
    let (en, zh): (Vec<&str>, Vec<&str>) = reasons
        .iter()
        .map(|r| (r.en.as_str(), r.zh.as_str()))
        .unzip();
    Bilingual::new(en.join("; "), zh.join("；"))
}
