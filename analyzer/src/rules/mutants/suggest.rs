//! For a change that no example notices: an example that would, to be read and named by a person.
//!
//! Single facts of the existing examples are changed to values at the borders that the rule itself
//! names, then two at a time, until rule and mutant end differently.

use std::collections::BTreeSet;

use crate::{
    facts::{
        Facts, Value,
        names::{self, Kind},
    },
    finding::State,
    rules::{
        Rule,
        coverage::facts_read,
        eval::{Scope, Val},
        examples::{Fixture, one_line},
        explain::ending,
        expr::Node,
        given::{self, Given},
        judge::{self, HowToGet},
    },
    words::Lang,
};

/// Pairs of changed facts that are tried for one mutant.
const PAIRS_MAX: usize = 2_000;

/// Sizes in suggestions are whole mebibytes.
const MIB: f64 = 1_048_576.0;

/// An input that tells rule and mutant apart.
pub(super) struct Suggestion {
    /// The line to add to `examples`.
    pub(super) yaml: String,
    facts: Facts,
    told: Told,
    /// Words of the message that the example states.
    part: Option<String>,
}

/// What an example can state about an ending.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    state: &'static str,
    count: usize,
    confidence: String,
    says: String,
    advice: Vec<String>,
}

type Change = (String, Given);

impl Told {
    fn of(rule: &Rule, facts: &Facts, how: HowToGet) -> Self {
        let state = judge::one(rule, facts, how);
        let mut told = Self {
            state: ending(&state),
            count: 0,
            confidence: String::new(),
            says: String::new(),
            advice: Vec::new(),
        };
        if let State::Found(findings) = &state
            && let Some(first) = findings.first()
        {
            told.count = findings.len();
            told.confidence = format!("{:?}", first.confidence).to_lowercase();
            told.says = one_line(&first.says.en);
            told.advice = first.advice.iter().map(|a| one_line(&a.text.en)).collect();
        }
        told
    }
}

/// Whether an input that was suggested before tells this mutant apart too.
pub(super) fn noticed(mutant: &Rule, by: &[Suggestion], how: HowToGet) -> bool {
    by.iter().any(|s| {
        let came = Told::of(mutant, &s.facts, how);
        came.state != s.told.state
            || came.count != s.told.count
            || came.confidence != s.told.confidence
            || s.part
                .as_ref()
                .is_some_and(|part| !came.says.contains(part))
            || (came.says != s.told.says && s.yaml.contains("text:"))
            || (came.advice != s.told.advice && s.yaml.contains("advice:"))
    })
}

/// Looks for an input on which rule and mutant end differently.
pub(super) fn find(
    rule: &Rule,
    mutant: &Rule,
    fixtures: &[Fixture<'_>],
    how: HowToGet,
) -> Option<Suggestion> {
    let attempt = |fixture: &Fixture<'_>, changes: &[&Change]| {
        let mut facts = fixture.facts.clone();
        for (path, given) in changes {
            given::set(&mut facts.root, path, path, given);
        }
        let (good, bad) = (Told::of(rule, &facts, how), Told::of(mutant, &facts, how));
        (good != bad).then(|| suggestion(rule, fixture, changes, facts, good, &bad))
    };
    for fixture in fixtures {
        let plain = attempt(fixture, &[]);
        if plain.is_some() {
            return plain;
        }
    }
    for fixture in fixtures {
        let changes = candidates(rule, &fixture.facts);
        if let Some(found) = changes.iter().find_map(|c| attempt(fixture, &[c])) {
            return Some(found);
        }
    }
    let mut tried = 0;
    for fixture in fixtures {
        let changes = candidates(rule, &fixture.facts);
        for (i, a) in changes.iter().enumerate() {
            for b in changes.iter().skip(i + 1).filter(|b| b.0 != a.0) {
                tried += 1;
                if tried > PAIRS_MAX {
                    return None;
                }
                if let Some(found) = attempt(fixture, &[a, b]) {
                    return Some(found);
                }
            }
        }
    }
    None
}

/// Single changes of the facts that the rule reads.
fn candidates(rule: &Rule, facts: &Facts) -> Vec<Change> {
    let (numbers, texts) = borders(rule, facts);
    let mut all = Vec::new();
    for declared in facts_read(rule) {
        let Some(name) = names::find(&declared) else {
            continue;
        };
        let path = declared.replace("[]", "[0]");
        let mut add = |given| all.push((path.clone(), given));
        match name.kind {
            Kind::Flag => [true, false]
                .into_iter()
                .for_each(|f| add(Given::Is(f.into()))),
            Kind::Text => texts.iter().for_each(|t| add(Given::Is(t.as_str().into()))),
            Kind::Texts | Kind::List => continue,
            kind => {
                for n in &numbers {
                    let signed = matches!(kind, Kind::Number | Kind::Seconds | Kind::Time);
                    if *n < 0.0 && !signed {
                        continue;
                    }
                    if kind == Kind::Bytes && *n >= MIB {
                        add(Given::Is(Value::Int(whole((*n / MIB).round() * MIB))));
                        continue;
                    }
                    let real = matches!(
                        kind,
                        Kind::Percent | Kind::Number | Kind::Seconds | Kind::Time
                    );
                    if n.fract() == 0.0 {
                        add(Given::Is(Value::Int(whole(*n))));
                    } else if real {
                        add(Given::Is(Value::Number(*n)));
                    }
                }
            }
        }
        add(Given::Unknown);
    }
    all
}

#[expect(clippy::cast_possible_truncation, reason = "a border of a test")]
fn whole(n: f64) -> i128 {
    n as i128
}

/// Numbers and texts at which something may turn: constants of the rule, both sides of its
/// comparisons on these facts, and values around them.
fn borders(rule: &Rule, facts: &Facts) -> (Vec<f64>, BTreeSet<String>) {
    let mut numbers = vec![0.0, 1.0, 2.0];
    let mut texts = BTreeSet::from(["other".to_owned()]);
    let value = rule.for_each.as_ref().and_then(|each| {
        let case = judge::Case {
            rule,
            facts,
            how: super::super::named_source,
        };
        case.list(&each.list)
            .ok()?
            .items
            .first()
            .map(|(_, v)| v.clone())
    });
    let case = judge::Case {
        rule,
        facts,
        how: super::super::named_source,
    };
    for (_, expr) in rule.expressions() {
        let mut scope: Scope<'_> = case.scope(value.as_ref(), None, Lang::En);
        expr.walk(&mut |node| {
            if let Node::Text(text) = &node.node {
                texts.insert(text.clone());
            }
            if !matches!(
                node.node,
                Node::Compare(..) | Node::Int(_) | Node::Number(_)
            ) {
                return;
            }
            for side in node.children().into_iter().chain([node]) {
                match scope.run(side).0 {
                    #[expect(clippy::cast_precision_loss, reason = "a border of a test")]
                    Val::Int(n) => numbers.push(n as f64),
                    Val::Number(n) => numbers.push(n),
                    _ => {}
                }
            }
        });
    }
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let around = [1.0, 0.75, 1.5, 0.3];
    let mut all: Vec<f64> = numbers.clone();
    for n in numbers {
        all.extend(around.iter().map(|factor| (n * factor).round()));
        all.extend([n - 1.0, n + 1.0]);
    }
    all.sort_by(f64::total_cmp);
    all.dedup();
    (all, texts)
}

fn suggestion(
    rule: &Rule,
    fixture: &Fixture<'_>,
    changes: &[&Change],
    facts: Facts,
    good: Told,
    bad: &Told,
) -> Suggestion {
    let short = |path: &str| match rule.each() {
        Some((variable, list)) => path.replace(&format!("{list}[0]"), variable),
        None => path.to_owned(),
    };
    // A bracket would open a list in a flow mapping.
    let short = |path: &str| match short(path) {
        key if key.contains('[') => format!("{key:?}"),
        key => key,
    };
    let stated: Vec<String> = changes
        .iter()
        .map(|(path, given)| format!("{}: {}", short(path), written(given)))
        .collect();
    let mut expect = vec![format!("state: {}", good.state)];
    if good.state == "found" {
        if good.count > 1 {
            expect.push(format!("count: {}", good.count));
        }
        expect.push(format!("confidence: {}", good.confidence));
    }
    let mut said = None;
    if good.says != bad.says && good.state == bad.state {
        match window(&good.says, &bad.says) {
            Some(part) => {
                expect.push(format!("says: {part:?}"));
                said = Some(part);
            }
            None => expect.push(format!("text: {:?}", good.says)),
        }
    }
    if good.advice != bad.advice && good.state == bad.state {
        let heads: Vec<String> = good
            .advice
            .iter()
            .map(|a| format!("{:?}", head(a)))
            .collect();
        expect.push(format!("advice: [{}]", heads.join(", ")));
    }
    let name = if stated.is_empty() {
        "more words".to_owned()
    } else {
        stated
            .join(", ")
            .replace(": ", " is ")
            .replace(" * MiB", " MiB")
            .replace("is null", "is unknown")
            .replace('"', "")
    };
    let facts_part = if stated.is_empty() {
        String::new()
    } else {
        format!(", facts: {{{}}}", stated.join(", "))
    };
    Suggestion {
        yaml: format!(
            "  - {{name: {name:?}, like: {:?}{facts_part}, expect: {{{}}}}}",
            fixture.example.name,
            expect.join(", ")
        ),
        facts,
        told: good,
        part: said,
    }
}

/// The first words of a text.
fn head(text: &str) -> String {
    text.split(' ').take(5).collect::<Vec<_>>().join(" ")
}

/// The shortest run of words of one text that the other does not have.
fn window(has: &str, lacks: &str) -> Option<String> {
    let words: Vec<&str> = has.split(' ').collect();
    (4..=12).find_map(|length| {
        words
            .windows(length)
            .map(|part| part.join(" "))
            .find(|part| !lacks.contains(part.as_str()))
    })
}

fn written(given: &Given) -> String {
    match given {
        Given::Unknown => "null".to_owned(),
        Given::Partial => "partial".to_owned(),
        Given::Is(Value::Flag(flag)) => flag.to_string(),
        Given::Is(Value::Int(n)) if *n > 0 && n % (1 << 20) == 0 => format!("{} * MiB", n >> 20),
        Given::Is(Value::Int(n)) => n.to_string(),
        Given::Is(Value::Number(n)) => n.to_string(),
        Given::Is(Value::Text(text)) => format!("{text:?}"),
        Given::Is(_) => "[]".to_owned(),
    }
}
