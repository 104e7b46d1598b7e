//! The changes that a mutation check makes to one expression.

use crate::{
    facts::names::Kind,
    rules::{
        Rule,
        expr::{Comparison, Expr, Node, Shape},
        vocabulary::{Filter, Function},
    },
};

/// One change: the way to the node, and what it becomes.
pub(super) struct Change {
    pub(super) way: Vec<usize>,
    pub(super) new: Expr,
    pub(super) what: String,
}

/// Whether the expression decides something: the ending, the confidence, which remedies are given,
/// which words are said. `number` counts as in `Rule::expressions`.
pub(super) fn decides(rule: &Rule, key: &str, number: usize) -> bool {
    let flag = || {
        let all = rule.expressions();
        all.get(number)
            .is_some_and(|(_, expr)| expr.shape == Shape::Scalar(Kind::Flag))
    };
    match key {
        "when" | "confidence.certain" | "confidence.likely" => true,
        key if key.starts_with("let.") => true,
        key if key.starts_with("advice[") && key.ends_with("].when") => true,
        // The Chinese message has the same branches, which a check compares.
        "says.en" => flag(),
        _ => false,
    }
}

/// All changes of an expression and of what is in it.
pub(super) fn of(expr: &Expr, key: &str) -> Vec<Change> {
    let mut all = Vec::new();
    let optional = !(key == "when" || key.starts_with("let."));
    walk(expr, Inside::Nothing, optional, &mut Vec::new(), &mut all);
    all
}

/// What stands around a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    /// Numbers are thresholds here.
    Comparison,
    /// A change would be the same as one of the node above.
    Negation,
}

fn walk(expr: &Expr, inside: Inside, optional: bool, way: &mut Vec<usize>, all: &mut Vec<Change>) {
    for new in replacements(expr, inside, optional) {
        all.push(Change {
            way: way.clone(),
            what: format!("`{expr}` → `{new}`"),
            new,
        });
    }
    let below = match &expr.node {
        Node::Compare(..) | Node::In(..) => Inside::Comparison,
        Node::Not(_) | Node::Known(..) => Inside::Negation,
        Node::Filter(filter, ..) if !selects(*filter) => Inside::Negation,
        Node::Calculate(..) | Node::Minus(_) => inside,
        Node::Call(Function::LogLine, _) => return,
        Node::Call(Function::Within, _) => Inside::Comparison,
        Node::Call(..) => inside,
        _ => Inside::Nothing,
    };
    for (step, child) in expr.children().into_iter().enumerate() {
        way.push(step);
        walk(child, below, optional, way, all);
        way.pop();
    }
}

fn selects(filter: Filter) -> bool {
    matches!(filter, Filter::Where | Filter::Any | Filter::All)
}

fn replacements(expr: &Expr, inside: Inside, optional: bool) -> Vec<Expr> {
    let make = |node| Expr {
        node,
        span: expr.span,
        shape: expr.shape.clone(),
    };
    let negated = || make(Node::Not(Box::new(expr.clone())));
    match &expr.node {
        Node::Compare(sign, a, b) => {
            vec![make(Node::Compare(flipped(*sign), a.clone(), b.clone()))]
        }
        // Where unknown counts as no, `x is known and x > 0` says no more than `x > 0`.
        Node::And(a, b) if optional && matches!(a.node, Node::Known(_, true)) => {
            vec![make(Node::Or(a.clone(), b.clone())), (**a).clone()]
        }
        Node::And(a, b) => vec![
            make(Node::Or(a.clone(), b.clone())),
            (**a).clone(),
            (**b).clone(),
        ],
        Node::Or(a, b) => vec![
            make(Node::And(a.clone(), b.clone())),
            (**a).clone(),
            (**b).clone(),
        ],
        Node::Not(a) => vec![(**a).clone()],
        Node::Known(a, yes) => vec![make(Node::Known(a.clone(), !yes))],
        Node::In(..) => vec![negated()],
        Node::Filter(filter, input, arguments) if selects(*filter) && !arguments.is_empty() => {
            vec![make(Node::Filter(
                *filter,
                input.clone(),
                turned(arguments, &make),
            ))]
        }
        Node::Path(_) | Node::Field(..) | Node::Call(..) | Node::Filter(..)
            if expr.shape == Shape::Scalar(Kind::Flag) && inside == Inside::Nothing =>
        {
            vec![negated()]
        }
        Node::Int(n) if inside == Inside::Comparison => {
            let larger = if *n == 0 { 1 } else { n.saturating_mul(2) };
            let smaller = (*n != 0).then_some(n / 2);
            std::iter::once(larger)
                .chain(smaller)
                .map(|n| make(Node::Int(n)))
                .collect()
        }
        Node::Number(n) if inside == Inside::Comparison => {
            [n * 2.0, n / 2.0].map(|n| make(Node::Number(n))).to_vec()
        }
        Node::Duration(_, seconds) if inside == Inside::Comparison => [seconds * 2, seconds / 2]
            .map(|n| make(Node::Duration(format!("{n}s"), n)))
            .to_vec(),
        _ => Vec::new(),
    }
}

/// The arguments of a selecting filter with the opposite comparison.
fn turned(arguments: &[Expr], make: &dyn Fn(Node) -> Expr) -> Vec<Expr> {
    let text = |sign: Comparison| make(Node::Text(sign.sign().to_owned()));
    match arguments {
        [flag] => vec![
            flag.clone(),
            text(Comparison::Equal),
            make(Node::Flag(false)),
        ],
        [field, value] => vec![field.clone(), text(Comparison::NotEqual), value.clone()],
        [field, sign, value] => {
            let sign = match &sign.node {
                Node::Text(sign) => Comparison::from_sign(sign),
                _ => None,
            };
            let sign = flipped(sign.unwrap_or(Comparison::Equal));
            vec![field.clone(), text(sign), value.clone()]
        }
        other => other.to_vec(),
    }
}

fn flipped(sign: Comparison) -> Comparison {
    match sign {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
