//! Evaluation of an expression over facts: three values, and the facts that decided.
//!
//! `false and unknown` is false, `true or unknown` is true, everything else that meets an unknown
//! fact is unknown and says which. Nothing here can fail or hang: every step costs fuel.

mod lists;
mod numbers;
mod text;
mod times;
mod values;

use std::{borrow::Cow, cell::RefCell, collections::BTreeMap, rc::Rc};

pub(super) use text::{render, render_command};
pub(super) use values::{Items, Missing, Read, Val, Why, declared};

use super::{
    expr::{Comparison, Expr, Node},
    vocabulary::Function,
};
use crate::{
    facts::{Fact, Facts, Value},
    words::Lang,
};

/// Steps that one expression may take: several passes over the longest list that a log yields.
pub(super) const FUEL: u64 = 500_000;

/// The item of a `for_each` rule that is looked at.
#[derive(Debug, Clone)]
pub(super) struct Item<'f> {
    pub(super) variable: &'f str,
    pub(super) value: Val<'f>,
}

/// What names mean while a rule is evaluated.
pub(super) struct Scope<'f> {
    facts: &'f Facts,
    lets: &'f [(String, Expr)],
    item: Option<Item<'f>>,
    group: Option<Items<'f>>,
    loops: Vec<(&'f str, Val<'f>)>,
    /// Local names that were evaluated, with what they read: each is evaluated once.
    seen: RefCell<BTreeMap<&'f str, (Val<'f>, Vec<Read<'f>>)>>,
    fuel: u64,
    lang: Lang,
}

impl<'f> Scope<'f> {
    pub(super) fn new(
        facts: &'f Facts,
        lets: &'f [(String, Expr)],
        item: Option<Item<'f>>,
        group: Option<Items<'f>>,
        lang: Lang,
    ) -> Self {
        Self {
            facts,
            lets,
            item,
            group,
            loops: Vec::new(),
            seen: RefCell::default(),
            fuel: FUEL,
            lang,
        }
    }

    /// Value of one expression and what it read, with a full tank.
    pub(super) fn run(&mut self, expr: &'f Expr) -> (Val<'f>, Vec<Read<'f>>) {
        self.run_with(expr, FUEL)
    }

    pub(super) fn run_with(&mut self, expr: &'f Expr, fuel: u64) -> (Val<'f>, Vec<Read<'f>>) {
        self.fuel = fuel;
        let mut reads = Vec::new();
        let value = self.eval(expr, &mut reads);
        if self.fuel == 0 {
            return (Val::Unknown(vec![Missing::fuel(expr)]), reads);
        }
        (value, reads)
    }

    /// Definition of a local name.
    pub(super) fn definition(&self, name: &str) -> Option<&'f Expr> {
        let lets = self.lets;
        lets.iter().find(|(n, _)| n == name).map(|(_, expr)| expr)
    }

    /// Takes steps; false when there are none left.
    fn pay(&mut self, steps: u64) -> bool {
        self.fuel = self.fuel.saturating_sub(steps);
        self.fuel > 0
    }

    fn eval(&mut self, expr: &'f Expr, reads: &mut Vec<Read<'f>>) -> Val<'f> {
        if !self.pay(1) {
            return Val::Unknown(vec![Missing::fuel(expr)]);
        }
        match &expr.node {
            Node::Int(n) | Node::Unit(_, n) | Node::Duration(_, n) => Val::Int(*n),
            Node::Number(n) => Val::Number(*n),
            Node::Text(text) => Val::Text(Cow::Borrowed(text)),
            Node::Flag(flag) => Val::Flag(*flag),
            Node::Path(path) => self.path(path, reads),
            Node::Field(base, path) => match self.eval(base, reads) {
                Val::Record(record) => record.get(path, reads),
                other => other.into_unknown(expr),
            },
            Node::List(items) => {
                let mut values = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    values.push((i, self.eval(item, reads)));
                }
                Val::List(Items::new(Rc::from(""), values, None))
            }
            Node::Not(a) => match self.eval(a, reads) {
                Val::Flag(flag) => Val::Flag(!flag),
                other => other.into_unknown(a),
            },
            Node::Minus(a) => numbers::negated(self.eval(a, reads), expr),
            Node::And(a, b) => self.decide(a, b, false, reads),
            Node::Or(a, b) => self.decide(a, b, true, reads),
            Node::Compare(sign, a, b) => {
                let (left, right) = (self.eval(a, reads), self.eval(b, reads));
                compare(*sign, left, right, expr)
            }
            Node::In(a, b) => {
                let (item, list) = (self.eval(a, reads), self.eval(b, reads));
                self.within(item, list, expr)
            }
            Node::Calculate(sign, a, b) => {
                let (left, right) = (self.eval(a, reads), self.eval(b, reads));
                numbers::calculated(*sign, left, right, expr)
            }
            Node::Choose(c, a, b) => match self.eval(c, reads) {
                Val::Flag(true) => self.eval(a, reads),
                Val::Flag(false) => self.eval(b, reads),
                other => other.into_unknown(c),
            },
            Node::Known(a, yes) => {
                let known = !matches!(self.eval(a, reads), Val::Unknown(_));
                Val::Flag(known == *yes)
            }
            Node::Filter(filter, input, arguments) => {
                let input_value = self.eval(input, reads);
                let mut given = Vec::new();
                for argument in arguments {
                    given.push(self.eval(argument, reads));
                }
                self.filter(*filter, input_value, &given, expr, reads)
            }
            Node::Call(function, arguments) => {
                let mut given = Vec::new();
                for argument in arguments {
                    given.push(self.eval(argument, reads));
                }
                match function {
                    Function::Before | Function::Within | Function::LogLine => {
                        self.of_events(*function, given, expr, reads)
                    }
                    _ => numbers::called(*function, given, expr),
                }
            }
        }
    }

    /// Kleene's `and` (decided by false) and `or` (decided by true). When one side decides, only
    /// what that side read is kept: the other had no say.
    fn decide(
        &mut self,
        a: &'f Expr,
        b: &'f Expr,
        decisive: bool,
        reads: &mut Vec<Read<'f>>,
    ) -> Val<'f> {
        let start = reads.len();
        let left = self.eval(a, reads);
        if matches!(left, Val::Flag(flag) if flag == decisive) {
            return left;
        }
        let middle = reads.len();
        let right = self.eval(b, reads);
        if matches!(right, Val::Flag(flag) if flag == decisive) {
            reads.drain(start..middle);
            return right;
        }
        match (left, right) {
            (Val::Flag(_), Val::Flag(_)) => Val::Flag(!decisive),
            (Val::Flag(_), other) => other.into_unknown(b),
            (other, Val::Flag(_)) => other.into_unknown(a),
            (left, right) => left.into_unknown(a).merge(right.into_unknown(b)),
        }
    }

    fn path(&mut self, path: &'f [String], reads: &mut Vec<Read<'f>>) -> Val<'f> {
        let Some((head, rest)) = path.split_first() else {
            return Val::Unknown(Vec::new());
        };
        if let Some((_, value)) = self.loops.iter().rev().find(|(name, _)| name == head) {
            return value.clone().field(rest, reads);
        }
        if let Some(item) = &self.item
            && item.variable == head
        {
            return item.value.clone().field(rest, reads);
        }
        if head == "group"
            && let Some(group) = &self.group
        {
            return group.clone().in_group(rest, reads);
        }
        if let Some(expr) = self.definition(head) {
            return self.local(head, expr, reads).field(rest, reads);
        }
        values::RecordRef::root(&self.facts.root).get(path, reads)
    }

    fn local(&mut self, name: &'f str, expr: &'f Expr, reads: &mut Vec<Read<'f>>) -> Val<'f> {
        let seen = self.seen.borrow().get(name).cloned();
        if let Some((value, read)) = seen {
            reads.extend(read);
            return value;
        }
        let mut own = Vec::new();
        let value = self.eval(expr, &mut own);
        reads.extend(own.iter().cloned());
        if self.fuel > 0 {
            self.seen.borrow_mut().insert(name, (value.clone(), own));
        }
        value
    }

    fn within(&mut self, item: Val<'f>, list: Val<'f>, expr: &Expr) -> Val<'f> {
        match (item, list) {
            (Val::Unknown(a), Val::Unknown(b)) => Val::Unknown(a).merge(Val::Unknown(b)),
            (Val::Unknown(missing), _) | (_, Val::Unknown(missing)) => Val::Unknown(missing),
            (Val::Text(part), Val::Text(whole)) => Val::Flag(whole.contains(part.as_ref())),
            (item, Val::List(list)) => {
                self.pay(list.items.len() as u64);
                let mut unknown = list.missing_more();
                for (_, other) in list.items.iter() {
                    match compare(Comparison::Equal, item.clone(), other.clone(), expr) {
                        Val::Flag(true) => return Val::Flag(true),
                        Val::Flag(false) => {}
                        other => unknown.extend(other.missing()),
                    }
                }
                if unknown.is_empty() {
                    Val::Flag(false)
                } else {
                    Val::Unknown(unknown)
                }
            }
            (other, _) => other.into_unknown(expr),
        }
    }
}

/// The value of a fact.
pub(super) fn fact_value<'f>(path: &str, fact: &'f Fact) -> Val<'f> {
    match &fact.value {
        Value::Flag(flag) => Val::Flag(*flag),
        Value::Int(n) => Val::Int(*n),
        Value::Number(n) if n.is_finite() => Val::Number(*n),
        Value::Number(_) => Val::Unknown(vec![Missing::other(path, Why::NoNumber)]),
        Value::Text(text) => Val::Text(Cow::Borrowed(text)),
        Value::Record(record) => Val::Record(values::RecordRef {
            record,
            list: Rc::from(path),
            index: None,
        }),
        Value::List(list) => {
            let name: Rc<str> = Rc::from(path);
            let items = list.items.iter().enumerate().map(|(i, item)| {
                let value = match &item.value {
                    Value::Record(record) => Val::Record(values::RecordRef {
                        record,
                        list: Rc::clone(&name),
                        index: Some(i),
                    }),
                    _ => fact_value(path, item),
                };
                (i, value)
            });
            let items = items.collect();
            Val::List(Items::new(name, items, list.partial.clone()))
        }
    }
}

/// Compares two values; kinds were checked, so that what does not fit is unknown, not an error.
pub(super) fn compare<'f>(sign: Comparison, left: Val<'f>, right: Val<'f>, expr: &Expr) -> Val<'f> {
    use std::cmp::Ordering;
    let order = match (&left, &right) {
        (Val::Unknown(_), _) | (_, Val::Unknown(_)) => return left.merge(right),
        (Val::AtLeast(..), _) | (_, Val::AtLeast(..)) => {
            return numbers::compare_bounds(sign, left, right, expr);
        }
        (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
        (Val::Flag(a), Val::Flag(b)) => Some(a.cmp(b)),
        _ => numbers::order(&left, &right),
    };
    let Some(order) = order else {
        return left.into_unknown(expr);
    };
    Val::Flag(match sign {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}
