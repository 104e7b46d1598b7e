//! Who leads, who follows, and what is said when nobody leads.

use super::*;
use crate::finding::{Confidence, MissingFact, Severity, Touched};

fn finding(rule: &str, items: &[usize]) -> Finding {
    Finding {
        rule: rule.to_owned(),
        title: Bilingual::new(rule, rule),
        severity: Severity::High,
        confidence: Confidence::Certain,
        confidence_reason: Bilingual::default(),
        says: Bilingual::new(format!("{rule} happened"), rule),
        why: Bilingual::default(),
        advice: Vec::new(),
        references: Vec::new(),
        evidence: Vec::new(),
        touched: items
            .iter()
            .map(|i| Touched {
                path: format!("oom_events[{i}].constraint"),
                value: String::new(),
            })
            .collect(),
        group: None,
        count: items.len().max(1),
        shown: items.first().copied(),
        items: items.to_vec(),
        explains: Vec::new(),
        supersedes: Vec::new(),
    }
}

fn judged(role: Role, findings: Vec<Finding>) -> Judged {
    Judged {
        explains: Vec::new(),
        rule: findings[0].rule.clone(),
        title: findings[0].title.clone(),
        severity: findings[0].severity,
        role,
        state: State::Found(findings),
    }
}

fn cause(edit: impl FnOnce(&mut Finding), rule: &str) -> Judged {
    let mut one = finding(rule, &[]);
    edit(&mut one);
    judged(Role::Cause, vec![one])
}

fn root_of(rules: Vec<Judged>) -> String {
    let facts = Facts::default();
    let forward = reach(rules.clone(), &facts).root.map(|r| r.rule);
    let backward = reach(rules.into_iter().rev().collect(), &facts)
        .root
        .map(|r| r.rule);
    assert_eq!(forward, backward, "the order of rules must not matter");
    forward.unwrap_or_default()
}

/// One pair for each row of the table, so that a row that is moved or lost is seen.
#[test]
fn each_criterion_decides() {
    let pairs = [
        // Explained by another cause: loses although it is worse.
        vec![
            cause(|f| f.explains = vec!["a-follows".into()], "z-first"),
            cause(|f| f.severity = Severity::Critical, "a-follows"),
        ],
        vec![
            cause(|f| f.severity = Severity::Low, "z-first"),
            cause(
                |f| {
                    f.confidence = Confidence::Likely;
                    f.severity = Severity::Critical;
                },
                "a",
            ),
        ],
        vec![
            cause(|f| f.severity = Severity::Critical, "z-first"),
            cause(|f| f.count = 99, "a"),
        ],
        vec![
            cause(|f| f.items = vec![7], "z-first"),
            cause(
                |f| {
                    f.items = vec![3];
                    f.count = 99;
                },
                "a",
            ),
        ],
        vec![
            cause(|f| f.explains = vec!["seen".into()], "z-first"),
            cause(|f| f.count = 99, "a"),
            judged(Role::Symptom, vec![finding("seen", &[])]),
        ],
        vec![cause(|f| f.count = 2, "z-first"), cause(|_| (), "a")],
        vec![cause(|_| (), "a-z-first"), cause(|_| (), "b")],
    ];
    assert_eq!(pairs.len(), rank::CRITERIA.len());
    for (pair, criterion) in pairs.into_iter().zip(rank::CRITERIA) {
        let reason = reach(pair.clone(), &Facts::default()).leads_because;
        assert!(root_of(pair).contains("first"), "{}", criterion.name);
        assert!(!criterion.reason.is_empty());
        // A cause that the root explains is in the chain: there is no rival to beat.
        if criterion.name != rank::CRITERIA[0].name {
            assert!(
                reason.unwrap().en.contains(criterion.says_en),
                "{}",
                criterion.name
            );
        }
    }
}

#[test]
fn only_causes_lead() {
    for role in [Role::Symptom, Role::Context, Role::Evidence] {
        let verdict = reach(
            vec![judged(role, vec![finding("x", &[])])],
            &Facts::default(),
        );
        assert_eq!(verdict.root, None);
        assert_ne!(verdict.outcome, Outcome::RootCause);
    }
}

#[test]
fn the_chain_goes_down_to_the_symptom() {
    let verdict = reach(
        vec![
            cause(|f| f.explains = vec!["kill".into()], "limit"),
            judged(Role::Symptom, {
                let mut kill = finding("kill", &[]);
                kill.explains = vec!["unit-failed".into(), "limit".into()];
                vec![kill]
            }),
            judged(Role::Symptom, vec![finding("unit-failed", &[])]),
            judged(Role::Symptom, vec![finding("elsewhere", &[])]),
        ],
        &Facts::default(),
    );
    let chain: Vec<_> = verdict
        .chain
        .iter()
        .map(|s| (s.depth, s.finding.rule.as_str(), s.because_of.as_str()))
        .collect();
    assert_eq!(chain, [(1, "kill", "limit"), (2, "unit-failed", "kill")]);
    assert_eq!(verdict.unexplained.len(), 1);
}

#[test]
fn a_finding_goes_only_when_all_its_events_are_taken_over() {
    let exact = |items: &[usize]| {
        let mut f = finding("exact", items);
        f.supersedes = vec!["generic".into()];
        f
    };
    let verdict = |items: &[usize]| {
        reach(
            vec![
                judged(Role::Cause, vec![exact(items)]),
                judged(Role::Cause, vec![finding("generic", &[0, 1])]),
            ],
            &Facts::default(),
        )
    };
    assert_eq!(verdict(&[0, 1]).superseded.len(), 1);
    assert_eq!(verdict(&[0]).superseded.len(), 0);
    let mut other = finding("generic", &[0, 1]);
    other.supersedes = vec!["exact".into()];
    let both = vec![
        judged(Role::Cause, vec![exact(&[0, 1])]),
        judged(Role::Cause, vec![other]),
    ];
    assert!(
        reach(both, &Facts::default()).root.is_some(),
        "two rules that replace each other"
    );
}

#[test]
fn a_finding_explains_only_its_own_events() {
    let mut cause = finding("limit", &[0]);
    cause.explains = vec!["kill".into()];
    let verdict = reach(
        vec![
            judged(Role::Cause, vec![cause]),
            judged(
                Role::Symptom,
                vec![finding("kill", &[0]), finding("kill", &[1])],
            ),
        ],
        &Facts::default(),
    );
    assert_eq!(verdict.chain.len(), 1);
    assert_eq!(verdict.unexplained[0].items, [1]);
}

#[test]
fn groups_of_other_kinds_say_nothing_about_each_other() {
    let root = |list: &str| {
        let mut hog = finding("hog", &[0]);
        hog.group = Some("machine".into());
        hog.explains = vec!["other".into()];
        let mut other = finding("other", &[0]);
        other.group = Some("253:0".into());
        other.touched[0].path = format!("{list}[0].about");
        reach(
            vec![
                judged(Role::Cause, vec![hog]),
                judged(Role::Cause, vec![other]),
            ],
            &Facts::default(),
        )
    };
    assert_eq!(root("kernel_notices").chain.len(), 1);
    assert_eq!(root("oom_groups").chain.len(), 0);
}

fn short(rule: &str, facts: usize) -> Judged {
    Judged {
        explains: Vec::new(),
        rule: rule.to_owned(),
        title: Bilingual::new(rule, rule),
        severity: Severity::High,
        role: Role::Cause,
        state: State::CannotTell {
            missing: (0..facts)
                .map(|i| MissingFact {
                    path: format!("fact{i}"),
                    what: String::new(),
                    how: Bilingual::new(if i == 0 { "once" } else { "often" }, "中"),
                })
                .collect(),
        },
    }
}

#[test]
fn without_a_root_the_closest_candidates_are_named() {
    let mut facts = Facts::default();
    facts.push("oom_events", crate::facts::Record::new());
    let verdict = reach(
        vec![short("three", 3), short("one", 1), short("two", 2)],
        &facts,
    );
    assert_eq!(verdict.outcome, Outcome::NotDetermined);
    let names: Vec<_> = verdict.candidates.iter().map(|c| c.rule.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    let three = verdict
        .cannot_tell
        .iter()
        .find(|c| c.rule == "three")
        .unwrap();
    assert_eq!(three.would_tell.as_ref().unwrap().en, "often");
}

#[test]
fn calm_is_said_only_of_what_is_covered() {
    let outcome = |edit: &dyn Fn(&mut Facts)| {
        let mut facts = Facts::default();
        facts.put("kernel_log.present", true, vec![]);
        facts.put("kernel_log.whole_boot", true, vec![]);
        facts.root.list("oom_events");
        edit(&mut facts);
        reach(Vec::new(), &facts).outcome
    };
    assert_eq!(outcome(&|_| ()), Outcome::NothingSinceBoot);
    assert_eq!(
        outcome(&|f| f.put("kernel_log.whole_boot", false, vec![])),
        Outcome::NothingInWhatWasRead
    );
    assert_eq!(
        outcome(&|f| f.put("kernel_log.lost_records_count", 3, vec![])),
        Outcome::NothingInWhatWasRead
    );
    assert_eq!(
        outcome(&|f| f
            .root
            .set_partial("oom_events", Bilingual::new("wrapped", "被覆盖"))),
        Outcome::NothingInWhatWasRead
    );
    // Killed, and not in any log: not calm at all.
    assert_eq!(
        outcome(&|f| f.put("vmstat.oom_kill_count", 2, vec![])),
        Outcome::NotDetermined
    );
    assert_eq!(
        reach(Vec::new(), &Facts::default()).outcome,
        Outcome::NothingInWhatWasRead
    );
}

#[test]
fn an_invoker_is_a_bystander_only_when_it_is_known_to_be_another_program() {
    let bystanders = |same: Option<bool>| {
        let mut event = crate::facts::Record::new();
        event.put("invoker.comm", "ls", vec![]);
        event.put_some("invoker.same_program", same, &[]);
        let mut facts = Facts::default();
        facts.push("oom_events", event);
        reach(Vec::new(), &facts).bystanders.len()
    };
    assert_eq!(bystanders(Some(false)), 1);
    assert_eq!(bystanders(Some(true)), 0);
    assert_eq!(bystanders(None), 0);
}
