//! Why an expression has its value: the comparisons that decided, and the whole tree for `why`.

use std::fmt::Write as _;

use super::{
    Rule,
    eval::{Missing, Read, Scope, Val},
    evidence::shown,
    expr::{Expr, Node},
    figures,
    judge::{Case, HowToGet},
};
use crate::{
    facts::Facts,
    finding::State,
    words::{Bilingual, Lang},
};

/// Items of a list that `why` walks through.
const ITEMS_MAX: usize = 5;

/// Lines of evidence that `why` quotes for one fact.
const LINES_MAX: usize = 2;

/// The comparisons that decided the value of a condition, each with its values.
pub(super) fn reasons<'f>(scope: &mut Scope<'f>, expr: &'f Expr) -> Vec<Bilingual> {
    let mut out = Vec::new();
    decided(scope, expr, &mut out);
    out
}

fn decided<'f>(scope: &mut Scope<'f>, expr: &'f Expr, out: &mut Vec<Bilingual>) {
    match &expr.node {
        Node::And(a, b) | Node::Or(a, b) => {
            let (whole, _) = scope.run(expr);
            for side in [a, b] {
                let (value, _) = scope.run(side);
                if same(&value, &whole) {
                    decided(scope, side, out);
                    // One side is enough when it decides alone.
                    let alone = matches!(
                        (&expr.node, &whole),
                        (Node::And(..), Val::Flag(false)) | (Node::Or(..), Val::Flag(true))
                    );
                    if alone {
                        return;
                    }
                }
            }
        }
        Node::Path(path) => match path.as_slice() {
            [name] if scope.definition(name).is_some() => {
                if let Some(definition) = scope.definition(name) {
                    decided(scope, definition, out);
                }
            }
            _ => out.push(leaf(scope, expr)),
        },
        _ => out.push(leaf(scope, expr)),
    }
}

fn same(a: &Val<'_>, b: &Val<'_>) -> bool {
    match (a, b) {
        (Val::Flag(x), Val::Flag(y)) => x == y,
        (Val::Unknown(_), Val::Unknown(_)) => true,
        _ => false,
    }
}

/// `policy.overcommit_memory == 2 (it is 0)`.
fn leaf<'f>(scope: &mut Scope<'f>, expr: &'f Expr) -> Bilingual {
    let sides: Vec<&'f Expr> = match &expr.node {
        Node::Compare(_, a, b) | Node::In(a, b) => vec![a, b],
        Node::Not(a) => match &a.node {
            Node::Compare(_, a, b) | Node::In(a, b) => vec![a, b],
            _ => vec![a],
        },
        Node::Known(a, _) => vec![a],
        _ => vec![expr],
    };
    let mut values = Vec::new();
    for side in sides.into_iter().filter(|side| !side.is_constant()) {
        let (value, _) = scope.run(side);
        let told = |lang| figures::with_unit(&value, side.shape.kind(), lang);
        values.push(Bilingual::new(told(Lang::En), told(Lang::Zh)));
    }
    match values.as_slice() {
        [] => Bilingual::as_written(expr.to_string()),
        [one] => Bilingual::new(
            format!("{expr} (it is {})", one.en),
            format!("{expr}（实际为 {}）", one.zh),
        ),
        more => {
            let (en, zh): (Vec<&str>, Vec<&str>) =
                more.iter().map(|v| (v.en.as_str(), v.zh.as_str())).unzip();
            Bilingual::new(
                format!("{expr} ({})", en.join(" against ")),
                format!("{expr}（{}）", zh.join(" 对 ")),
            )
        }
    }
}

/// The tree of a rule's condition with the value of each node.
pub(super) fn tree(rule: &Rule, facts: &Facts, how: HowToGet) -> String {
    let case = Case { rule, facts, how };
    let mut out = format!("{}  ({})\n", rule.id, rule.file);
    match &rule.for_each {
        None => branch(&case, None, &mut out),
        Some(each) => match case.list(&each.list) {
            Err(missing) => lacking(&case, &missing, "  ", &mut out),
            Ok(items) => {
                let _ = writeln!(out, "{}: {} items", each.list, items.items.len());
                lacking(&case, &items.more, "  ", &mut out);
                for (index, value) in items.items.iter().take(ITEMS_MAX) {
                    let _ = writeln!(out, "{} = {}[{index}]", each.variable, each.list);
                    branch(&case, Some(value), &mut out);
                }
                if items.items.len() > ITEMS_MAX {
                    let _ = writeln!(out, "… and {} more items", items.items.len() - ITEMS_MAX);
                }
            }
        },
    }
    out
}

fn branch<'f>(case: &Case<'f>, value: Option<&Val<'f>>, out: &mut String) {
    let mut scope = case.scope(value, None, Lang::En);
    let rule = case.rule;
    let conditions = [
        ("when", Some(&rule.when)),
        ("certain", rule.certain.as_ref()),
        ("likely", rule.likely.as_ref()),
    ];
    for (name, expr) in conditions {
        if let Some(expr) = expr {
            let _ = writeln!(out, "  {name}:");
            node(case, &mut scope, expr, 2, out);
        }
    }
}

fn node<'f>(
    case: &Case<'f>,
    scope: &mut Scope<'f>,
    expr: &'f Expr,
    depth: usize,
    out: &mut String,
) {
    let (value, reads) = scope.run(expr);
    let indent = "  ".repeat(depth);
    let word = match &value {
        Val::Flag(true) => "true   ",
        Val::Flag(false) => "false  ",
        _ => "unknown",
    };
    if let Node::And(a, b) | Node::Or(a, b) = &expr.node {
        let all = if matches!(expr.node, Node::And(..)) {
            "all of"
        } else {
            "one of"
        };
        let _ = writeln!(out, "{indent}{word}  {all}");
        for side in operands(expr, [a, b]) {
            node(case, scope, side, depth + 1, out);
        }
        return;
    }
    if let Node::Path(path) = &expr.node
        && let [name] = path.as_slice()
        && let Some(definition) = scope.definition(name)
    {
        let _ = writeln!(out, "{indent}{word}  {name} =");
        node(case, scope, definition, depth + 1, out);
        return;
    }
    let _ = writeln!(out, "{indent}{word}  {}", leaf(scope, expr).en);
    let below = format!("{indent}           ");
    let mut told = Vec::new();
    for read in reads {
        if !told.contains(&read.path) {
            fact(&read, &below, out);
            told.push(read.path);
        }
    }
    lacking(case, &value.missing(), &below, out);
}

/// The sides of `a and b and c`, in one row.
fn operands<'f>(whole: &'f Expr, sides: [&'f Expr; 2]) -> Vec<&'f Expr> {
    let mut all = Vec::new();
    for side in sides {
        match (&whole.node, &side.node) {
            (Node::And(..), Node::And(a, b)) | (Node::Or(..), Node::Or(a, b)) => {
                all.extend(operands(side, [a, b]));
            }
            _ => all.push(side),
        }
    }
    all
}

fn fact(read: &Read<'_>, indent: &str, out: &mut String) {
    let _ = writeln!(out, "{indent}{} = {}", read.path, shown(read));
    let lines = read.fact.map_or(&[][..], |f| &f.evidence);
    for line in lines.iter().take(LINES_MAX) {
        let _ = writeln!(out, "{indent}  {}:{}  {}", line.entry, line.line, line.text);
    }
}

fn lacking(case: &Case<'_>, missing: &[Missing], indent: &str, out: &mut String) {
    for fact in case.missing_facts(missing) {
        let _ = writeln!(out, "{indent}missing {}: {}", fact.path, fact.how.en);
    }
}

/// The ending of a rule in one word.
#[must_use]
pub fn ending(state: &State) -> &'static str {
    match state {
        State::Found(_) => "found",
        State::RuledOut { .. } => "ruled out",
        State::CannotTell { .. } => "cannot tell",
        State::Suppressed => "suppressed",
    }
}
