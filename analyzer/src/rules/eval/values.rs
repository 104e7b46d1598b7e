//! Values while a rule is evaluated, what was read on the way, and what was missing.

use std::sync::Arc;
use std::{borrow::Cow, rc::Rc};

use super::fact_value;
use crate::{
    facts::{Fact, Record},
    rules::expr::Expr,
    words::Bilingual,
};

/// A value, or the reasons why there is none.
#[derive(Debug, Clone)]
pub(in crate::rules) enum Val<'f> {
    /// No value: what was missing.
    Unknown(Vec<Missing>),
    Flag(bool),
    Int(i128),
    /// A count or sum over a list that may be longer: this much or more.
    AtLeast(i128, Vec<Missing>),
    Number(f64),
    Text(Cow<'f, str>),
    List(Items<'f>),
    Record(RecordRef<'f>),
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) struct Missing {
    /// Declared name of a fact, or the expression that has no value.
    pub(in crate::rules) path: String,
    pub(in crate::rules) why: Why,
}

/// Reasons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) enum Why {
    /// The fact is declared and nothing put it.
    NotPut,
    /// The list may go on outside the evidence.
    Partial(Arc<Bilingual>),
    /// The divisor is 0.
    Zero,
    /// The list has no items.
    Empty,
    /// The result is not a number that can be held.
    NoNumber,
    /// The clocks are not exact enough to say.
    Inexact(Arc<Bilingual>),
    /// No log of this name is in the evidence.
    NoLog(String),
    /// The expression takes too many steps.
    Fuel,
}

impl Missing {
    pub(in crate::rules) fn other(path: &str, why: Why) -> Self {
        Self {
            path: declared(path),
            why,
        }
    }

    pub(in crate::rules) fn fuel(expr: &Expr) -> Self {
        Self {
            path: expr.to_string(),
            why: Why::Fuel,
        }
    }
}

/// `oom_events[3].victim.pid` → `oom_events[].victim.pid`.
pub(in crate::rules) fn declared(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        inside = (inside || c == '[') && c != ']';
        if !inside || c == '[' {
            out.push(c);
        }
    }
    out
}

/// One fact that was looked at.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Read<'f> {
    /// Full name, with indexes.
    pub(in crate::rules) path: String,
    /// The fact, when it is known.
    pub(in crate::rules) fact: Option<&'f Fact>,
}

/// A record and its name.
#[derive(Debug, Clone)]
pub(in crate::rules) struct RecordRef<'f> {
    pub(in crate::rules) record: &'f Record,
    pub(in crate::rules) list: Rc<str>,
    pub(in crate::rules) index: Option<usize>,
}

impl<'f> RecordRef<'f> {
    pub(super) fn root(record: &'f Record) -> Self {
        Self {
            record,
            list: Rc::from(""),
            index: None,
        }
    }

    /// Full name, with the index.
    pub(in crate::rules) fn path(&self) -> String {
        match self.index {
            Some(index) => format!("{}[{index}]", self.list),
            None => self.list.to_string(),
        }
    }

    /// The fact at a path below, noted as read.
    pub(super) fn get(&self, path: &[String], reads: &mut Vec<Read<'f>>) -> Val<'f> {
        let mut full = self.path();
        for field in path {
            if !full.is_empty() {
                full.push('.');
            }
            full.push_str(field);
        }
        let fact = self.record.get(&path.join("."));
        let value = fact.map(|fact| fact_value(&full, fact));
        let value = value.unwrap_or_else(|| {
            Val::Unknown(vec![Missing {
                path: declared(&full),
                why: Why::NotPut,
            }])
        });
        reads.push(Read { path: full, fact });
        value
    }
}

/// Items of a list, with their indexes in the list of facts.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Items<'f> {
    /// Name of the list.
    pub(in crate::rules) list: Rc<str>,
    pub(in crate::rules) items: Rc<Vec<(usize, Val<'f>)>>,
    /// Why there may be more.
    pub(in crate::rules) more: Vec<Missing>,
}

impl<'f> Items<'f> {
    pub(in crate::rules) fn new(
        list: Rc<str>,
        items: Vec<(usize, Val<'f>)>,
        partial: Option<Arc<Bilingual>>,
    ) -> Self {
        let more = partial.map(|reason| Missing::other(&list, Why::Partial(reason)));
        Self {
            list,
            items: Rc::new(items),
            more: more.into_iter().collect(),
        }
    }

    /// The same list with other items.
    pub(super) fn with(&self, items: Vec<(usize, Val<'f>)>, more: Vec<Missing>) -> Self {
        Self {
            list: Rc::clone(&self.list),
            items: Rc::new(items),
            more,
        }
    }

    pub(super) fn missing_more(&self) -> Vec<Missing> {
        self.more.clone()
    }

    pub(super) fn empty(&self) -> Val<'f> {
        let mut missing = self.more.clone();
        if missing.is_empty() {
            missing.push(Missing::other(&self.list, Why::Empty));
        }
        Val::Unknown(missing)
    }

    /// `group.count`, `group.first.…` and so on.
    pub(super) fn in_group(self, path: &[String], reads: &mut Vec<Read<'f>>) -> Val<'f> {
        let Some((head, rest)) = path.split_first() else {
            return Val::List(self);
        };
        let item = match head.as_str() {
            "count" => return Val::Int(self.items.len() as i128),
            "first" => self.items.first(),
            "last" => self.items.last(),
            _ => return Val::List(self),
        };
        match item {
            Some((_, value)) => value.clone().field(rest, reads),
            None => self.empty(),
        }
    }
}

impl<'f> Val<'f> {
    /// What is missing, if it is unknown.
    pub(in crate::rules) fn missing(&self) -> Vec<Missing> {
        match self {
            Self::Unknown(missing) => missing.clone(),
            _ => Vec::new(),
        }
    }

    /// Both unknown: all reasons of both.
    pub(super) fn merge(self, other: Self) -> Self {
        let mut all = self.missing();
        for missing in other.missing() {
            if !all.contains(&missing) {
                all.push(missing);
            }
        }
        Self::Unknown(all)
    }

    /// Keeps an unknown; anything else that cannot be used here has no value.
    pub(super) fn into_unknown(self, expr: &Expr) -> Self {
        match self {
            Self::Unknown(_) => self,
            Self::AtLeast(_, missing) => Self::Unknown(missing),
            _ => Self::Unknown(vec![Missing {
                path: expr.to_string(),
                why: Why::NoNumber,
            }]),
        }
    }

    pub(super) fn field(self, path: &[String], reads: &mut Vec<Read<'f>>) -> Self {
        if path.is_empty() {
            return self;
        }
        match self {
            Self::Record(record) => record.get(path, reads),
            Self::Unknown(missing) => Self::Unknown(missing),
            _ => Self::Unknown(Vec::new()),
        }
    }
}
