//! What cannot be told, sorted by the step that would tell it: the reader acts on steps, not rules.

use super::{Shown, prose};
use crate::{report::view, verdict::CannotTell, words::Lang};

/// Steps in the order of the first rule that waits for each; causes come first in `open`.
pub(super) fn steps(open: &[CannotTell], lang: Lang) -> Vec<view::Step> {
    let mut steps: Vec<view::Step> = Vec::new();
    for one in open {
        let how = one
            .would_tell
            .as_ref()
            .map_or_else(Default::default, |w| prose(w, lang));
        let rule = view::StepRule {
            rule: one.rule.clone(),
            title: prose(&one.title, lang),
        };
        let facts = one
            .missing
            .iter()
            .filter(|m| one.would_tell.as_ref() == Some(&m.how))
            .map(|m| Shown::new(&m.path));
        match steps.iter_mut().find(|s| s.how == how) {
            Some(step) => {
                step.rules.push(rule);
                for fact in facts {
                    if !step.facts.contains(&fact) {
                        step.facts.push(fact);
                    }
                }
            }
            None => steps.push(view::Step {
                how,
                rules: vec![rule],
                facts: facts.collect(),
            }),
        }
    }
    steps
}
