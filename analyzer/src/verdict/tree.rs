//! The cause tree: who explains whom, who replaces whom.

use std::collections::BTreeSet;

use super::Found;
use crate::finding::{Finding, Role};

/// One link below the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The finding.
    pub finding: Finding,
    /// Its place in the tree.
    pub role: Role,
    /// Links between the root and this one, counted from 1.
    pub depth: usize,
    /// Rule of the finding that explains it.
    pub because_of: String,
}

/// The list that the items of `finding` index, read from the facts that it touched.
pub(super) fn list_of(finding: &Finding) -> Option<&str> {
    finding.touched.iter().find_map(|touched| {
        let (list, rest) = touched.path.split_once('[')?;
        let index: usize = rest.split_once(']')?.0.parse().ok()?;
        finding.items.contains(&index).then_some(list)
    })
}

/// Lists whose rules group by the same names: of cgroups, units, the machine. Other groups (a device, a
/// program, a cache) say nothing about each other.
const GROUPED_ALIKE: &[&str] = &["oom_events", "oom_groups"];

/// Whether two findings can be about the same events: they are unless both count items of the same
/// list and share none, or both name a group of OOM events, and it is not the same group.
fn related(a: &Finding, b: &Finding) -> bool {
    let (Some(x), Some(y)) = (list_of(a), list_of(b)) else {
        return true;
    };
    if x == y {
        return a.items.iter().any(|i| b.items.contains(i));
    }
    let groups = a.group.as_ref().zip(b.group.as_ref());
    let alike = GROUPED_ALIKE.contains(&x) && GROUPED_ALIKE.contains(&y);
    groups.is_none_or(|(x, y)| x == y || !alike)
}

/// Whether `a` says that `b` is its symptom.
pub(super) fn explains(a: &Finding, b: &Finding) -> bool {
    a.rule != b.rule && a.explains.contains(&b.rule) && related(a, b)
}

/// Takes out the findings that more exact ones replace. One over many events goes only when all
/// its events are taken over.
pub(super) fn drop_superseded(found: Vec<Found>) -> (Vec<Found>, Vec<Finding>) {
    let gone: BTreeSet<usize> = found
        .iter()
        .enumerate()
        .filter(|(_, f)| is_superseded(&f.finding, &found))
        .map(|(i, _)| i)
        .collect();
    let mut kept = Vec::new();
    let mut superseded = Vec::new();
    for (i, f) in found.into_iter().enumerate() {
        if gone.contains(&i) {
            superseded.push(f.finding);
        } else {
            kept.push(f);
        }
    }
    (kept, superseded)
}

fn is_superseded(finding: &Finding, found: &[Found]) -> bool {
    let replacing: Vec<&Finding> = found
        .iter()
        .map(|f| &f.finding)
        // Two rules that replace each other would both vanish: neither does.
        .filter(|f| f.supersedes.contains(&finding.rule) && !finding.supersedes.contains(&f.rule))
        .collect();
    let Some(list) = list_of(finding) else {
        return !replacing.is_empty();
    };
    let mut left: BTreeSet<usize> = finding.items.iter().copied().collect();
    for other in replacing {
        if list_of(other) != Some(list) {
            return true;
        }
        for item in &other.items {
            left.remove(item);
        }
    }
    left.is_empty()
}

/// What follows from `root`, breadth first; within one depth by rule id.
pub(super) fn below(root: &Finding, found: &[Found]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut layer = vec![root.clone()];
    let mut depth = 1;
    while !layer.is_empty() {
        let mut next: Vec<Step> = Vec::new();
        for parent in &layer {
            for f in found {
                let known =
                    &f.finding == root || holds(&steps, &f.finding) || holds(&next, &f.finding);
                if !known && f.role != Role::Evidence && explains(parent, &f.finding) {
                    next.push(Step {
                        finding: f.finding.clone(),
                        role: f.role,
                        depth,
                        because_of: parent.rule.clone(),
                    });
                }
            }
        }
        next.sort_by(|a, b| {
            (a.role, &a.finding.rule, &a.finding.group).cmp(&(
                b.role,
                &b.finding.rule,
                &b.finding.group,
            ))
        });
        layer = next.iter().map(|s| s.finding.clone()).collect();
        steps.extend(next);
        depth += 1;
    }
    steps
}

/// Whether the chain holds this finding.
pub(super) fn holds(chain: &[Step], finding: &Finding) -> bool {
    chain.iter().any(|s| &s.finding == finding)
}
