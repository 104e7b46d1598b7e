//! Conditions that can never be true, or never be false: the rule could not fire, or not be quiet.

use std::collections::BTreeMap;

use crate::{
    facts::Facts,
    rules::{
        eval::{Scope, Val},
        expr::{Comparison, Expr, Node, Span},
        lower::Problem,
    },
    words::Lang,
};

/// What is wrong with a condition whose value no fact can change.
pub(super) fn fixed(when: &Expr, lets: &[(String, Expr)]) -> Vec<Problem> {
    // Everything is unknown here, so what still has a value has it always.
    let nothing = Facts::default();
    let opened = opened(when);
    let lets: Vec<(String, Expr)> = lets
        .iter()
        .map(|(name, expr)| (name.clone(), self::opened(expr)))
        .collect();
    let mut scope = Scope::new(&nothing, &lets, None, None, Lang::En);
    let always = match scope.run(&opened).0 {
        Val::Flag(flag) => Some(flag),
        _ => None,
    };
    match always {
        Some(true) => vec![
            Problem::new(when.span, "this condition is always true")
                .help("a rule that cannot stay quiet proves nothing"),
        ],
        Some(false) => vec![
            Problem::new(when.span, "this condition is never true")
                .help("the rule cannot be reached"),
        ],
        None => contradiction(when).into_iter().collect(),
    }
}

/// The expression with `is known` made unknown too: some input knows it, some does not.
fn opened(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    open(&mut expr);
    expr
}

fn open(expr: &mut Expr) {
    if let Node::Known(inner, _) = &expr.node {
        *expr = (**inner).clone();
    }
    for child in expr.children_mut() {
        open(child);
    }
}

/// What the parts of `a and b and c` ask of one fact.
#[derive(Debug, Default)]
struct Asked {
    least: Option<f64>,
    most: Option<f64>,
    text: Option<String>,
    flag: Option<bool>,
}

/// Parts of a condition that exclude each other.
fn contradiction(when: &Expr) -> Option<Problem> {
    let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
    let mut parts = Vec::new();
    conjuncts(when, &mut parts);
    parts.into_iter().find_map(|part| {
        let fault = |name: &str, span: Span| {
            Problem::new(
                span,
                format!("this excludes what is asked of `{name}` before it"),
            )
            .help("the condition is never true, the rule cannot be reached")
        };
        match &part.node {
            Node::Compare(sign, a, b) => {
                let name = a.to_string();
                let slot = asked.entry(name.clone()).or_default();
                (!a.is_constant() && b.is_constant() && !slot.takes(*sign, b))
                    .then(|| fault(&name, part.span))
            }
            Node::Path(_) => {
                let name = part.to_string();
                let slot = asked.entry(name.clone()).or_default();
                (slot.flag.replace(true) == Some(false)).then(|| fault(&name, part.span))
            }
            Node::Not(inner) if matches!(inner.node, Node::Path(_)) => {
                let name = inner.to_string();
                let slot = asked.entry(name.clone()).or_default();
                (slot.flag.replace(false) == Some(true)).then(|| fault(&name, part.span))
            }
            _ => None,
        }
    })
}

fn conjuncts<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match &expr.node {
        Node::And(a, b) => {
            conjuncts(a, into);
            conjuncts(b, into);
        }
        _ => into.push(expr),
    }
}

impl Asked {
    /// Notes one more demand; false when nothing can meet all of them.
    fn takes(&mut self, sign: Comparison, value: &Expr) -> bool {
        if let Node::Text(text) = &value.node {
            return match sign {
                Comparison::Equal => self
                    .text
                    .replace(text.clone())
                    .is_none_or(|before| before == *text),
                _ => true,
            };
        }
        let nothing = Facts::default();
        let mut scope = Scope::new(&nothing, &[], None, None, Lang::En);
        let n = match scope.run(value).0 {
            #[expect(clippy::cast_precision_loss, reason = "a threshold of a rule")]
            Val::Int(n) => n as f64,
            Val::Number(n) => n,
            _ => return true,
        };
        let (least, most) = match sign {
            Comparison::Equal => (Some(n), Some(n)),
            Comparison::Greater => (Some(n.next_up()), None),
            Comparison::GreaterOrEqual => (Some(n), None),
            Comparison::Less => (None, Some(n.next_down())),
            Comparison::LessOrEqual => (None, Some(n)),
            Comparison::NotEqual => (None, None),
        };
        self.least = [self.least, least].into_iter().flatten().reduce(f64::max);
        self.most = [self.most, most].into_iter().flatten().reduce(f64::min);
        self.least
            .zip(self.most)
            .is_none_or(|(least, most)| least <= most)
    }
}
