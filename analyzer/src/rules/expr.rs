//! The expression tree of a rule: owned, small, with spans into its source.

use std::fmt;

use super::vocabulary::{Filter, Function};
use crate::facts::names::Kind;

/// Bytes from `start` to `end` of the source of an expression or template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub(super) fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// What an expression gives, known before any fact is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Not checked, or wrong and already reported: fits everything.
    #[default]
    Wrong,
    /// A number, text or flag of this kind.
    Scalar(Kind),
    /// A number written in the rule, without unit: fits every numeric kind.
    Literal,
    /// A list of records; the declared path of the list.
    Records(String),
    /// A record; the declared prefix of its fields.
    Record(String),
    /// A list of plain values.
    Values(Kind),
    /// The group of a `for_each` rule; the declared path of the list.
    Group(String),
}

impl Shape {
    /// Kind of a plain value, for showing it.
    #[must_use]
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Scalar(kind) | Self::Values(kind) => Some(*kind),
            _ => None,
        }
    }
}

/// One node with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it is written.
    pub span: Span,
    /// What it gives; filled by the check.
    pub shape: Shape,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Arithmetic without division: shares are `ratio(a, b)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
}

/// Kinds of nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// A whole number.
    Int(i128),
    /// A number with a fraction.
    Number(f64),
    /// A quoted text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// `KiB`, `minute` …: its name and its value in base units.
    Unit(&'static str, i128),
    /// `60s`: as written, and in seconds.
    Duration(String, i128),
    /// A dotted name: a fact, a local name, or a field of the loop variable.
    Path(Vec<String>),
    /// A field of a record that an expression gives.
    Field(Box<Expr>, Vec<String>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `not x`.
    Not(Box<Expr>),
    /// `-x`.
    Minus(Box<Expr>),
    /// `a and b`.
    And(Box<Expr>, Box<Expr>),
    /// `a or b`.
    Or(Box<Expr>, Box<Expr>),
    /// `a == b` …
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `a in b`: an item of a list, or a part of a text.
    In(Box<Expr>, Box<Expr>),
    /// `a + b` …
    Calculate(Arithmetic, Box<Expr>, Box<Expr>),
    /// `a if c else b`: condition, then, otherwise.
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `x is known`; with `false`, `x is unknown`.
    Known(Box<Expr>, bool),
    /// `x | filter(arguments)`.
    Filter(Filter, Box<Expr>, Vec<Expr>),
    /// `function(arguments)`.
    Call(Function, Vec<Expr>),
}

impl Comparison {
    /// As written in a rule.
    #[must_use]
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The comparison written as `sign`.
    #[must_use]
    pub(super) fn from_sign(sign: &str) -> Option<Self> {
        [
            Self::Equal,
            Self::NotEqual,
            Self::Less,
            Self::LessOrEqual,
            Self::Greater,
            Self::GreaterOrEqual,
        ]
        .into_iter()
        .find(|c| c.sign() == sign)
    }
}

impl Expr {
    /// The nodes directly below, in the order of writing.
    #[must_use]
    pub(super) fn children(&self) -> Vec<&Self> {
        match &self.node {
            Node::Int(_)
            | Node::Number(_)
            | Node::Text(_)
            | Node::Flag(_)
            | Node::Unit(..)
            | Node::Duration(..)
            | Node::Path(_) => Vec::new(),
            Node::Field(a, _) | Node::Not(a) | Node::Minus(a) | Node::Known(a, _) => vec![a],
            Node::And(a, b)
            | Node::Or(a, b)
            | Node::Compare(_, a, b)
            | Node::In(a, b)
            | Node::Calculate(_, a, b) => vec![a, b],
            Node::Choose(c, a, b) => vec![c, a, b],
            Node::Filter(_, a, more) => std::iter::once(&**a).chain(more).collect(),
            Node::List(items) | Node::Call(_, items) => items.iter().collect(),
        }
    }

    /// The nodes directly below, in the order of writing, to be changed.
    pub(super) fn children_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.node {
            Node::Int(_)
            | Node::Number(_)
            | Node::Text(_)
            | Node::Flag(_)
            | Node::Unit(..)
            | Node::Duration(..)
            | Node::Path(_) => Vec::new(),
            Node::Field(a, _) | Node::Not(a) | Node::Minus(a) | Node::Known(a, _) => vec![a],
            Node::And(a, b)
            | Node::Or(a, b)
            | Node::Compare(_, a, b)
            | Node::In(a, b)
            | Node::Calculate(_, a, b) => vec![a, b],
            Node::Choose(c, a, b) => vec![c, a, b],
            Node::Filter(_, a, more) => std::iter::once(&mut **a).chain(more).collect(),
            Node::List(items) | Node::Call(_, items) => items.iter_mut().collect(),
        }
    }

    /// Calls `see` for this node and all below it.
    pub(super) fn walk<'e>(&'e self, see: &mut dyn FnMut(&'e Self)) {
        see(self);
        for child in self.children() {
            child.walk(see);
        }
    }

    /// All dotted names in it.
    pub(super) fn paths<'e>(&'e self, into: &mut Vec<&'e [String]>) {
        if let Node::Path(path) = &self.node {
            into.push(path);
        }
        for child in self.children() {
            child.paths(into);
        }
    }

    /// Whether it is a number, a text or a list of them as written in the rule.
    #[must_use]
    pub(super) fn is_constant(&self) -> bool {
        !matches!(self.node, Node::Path(_)) && self.children().into_iter().all(Self::is_constant)
    }

    fn strength(&self) -> u8 {
        match self.node {
            Node::Choose(..) => 0,
            Node::Or(..) => 1,
            Node::And(..) => 2,
            Node::Not(_) => 3,
            Node::Compare(..) | Node::In(..) => 4,
            Node::Calculate(Arithmetic::Plus | Arithmetic::Minus, ..) => 5,
            Node::Calculate(Arithmetic::Times, ..) => 6,
            Node::Minus(_) => 7,
            Node::Filter(..) | Node::Known(..) => 8,
            _ => 9,
        }
    }

    fn within(&self, f: &mut fmt::Formatter<'_>, least: u8) -> fmt::Result {
        if self.strength() < least {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

fn pair(f: &mut fmt::Formatter<'_>, a: &Expr, sign: &str, b: &Expr, least: u8) -> fmt::Result {
    a.within(f, least)?;
    write!(f, " {sign} ")?;
    // A right side of the same strength keeps its brackets: `a - (b - c)`.
    b.within(f, least + 1)
}

fn commas(f: &mut fmt::Formatter<'_>, items: &[Expr]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
    }
    Ok(())
}

/// Writes the expression again, in one line.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Int(n) => write!(f, "{n}"),
            Node::Number(n) => write!(f, "{n}"),
            Node::Text(text) => write!(f, "{text:?}"),
            Node::Flag(flag) => write!(f, "{flag}"),
            Node::Unit(name, _) => f.write_str(name),
            Node::Duration(written, _) => f.write_str(written),
            Node::Path(path) => f.write_str(&path.join(".")),
            Node::Field(base, path) => {
                base.within(f, 9)?;
                write!(f, ".{}", path.join("."))
            }
            Node::List(items) => {
                f.write_str("[")?;
                commas(f, items)?;
                f.write_str("]")
            }
            Node::Not(a) => {
                f.write_str("not ")?;
                a.within(f, 3)
            }
            Node::Minus(a) => {
                f.write_str("-")?;
                a.within(f, 7)
            }
            Node::And(a, b) => pair(f, a, "and", b, 2),
            Node::Or(a, b) => pair(f, a, "or", b, 1),
            Node::Compare(sign, a, b) => pair(f, a, sign.sign(), b, 5),
            Node::In(a, b) => pair(f, a, "in", b, 5),
            Node::Calculate(Arithmetic::Plus, a, b) => pair(f, a, "+", b, 5),
            Node::Calculate(Arithmetic::Minus, a, b) => pair(f, a, "-", b, 5),
            Node::Calculate(Arithmetic::Times, a, b) => pair(f, a, "*", b, 6),
            Node::Choose(c, a, b) => {
                a.within(f, 1)?;
                write!(f, " if ")?;
                c.within(f, 1)?;
                write!(f, " else {b}")
            }
            Node::Known(a, yes) => {
                a.within(f, 7)?;
                f.write_str(if *yes { " is known" } else { " is unknown" })
            }
            Node::Filter(filter, a, more) => {
                a.within(f, 7)?;
                write!(f, " | {}", filter.name())?;
                if more.is_empty() {
                    return Ok(());
                }
                f.write_str("(")?;
                commas(f, more)?;
                f.write_str(")")
            }
            Node::Call(function, items) => {
                write!(f, "{}(", function.name())?;
                commas(f, items)?;
                f.write_str(")")
            }
        }
    }
}

/// One piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Words as written.
    Raw(String),
    /// `{{ expression }}`.
    Show(Expr),
    /// `{% if %} … {% else %} … {% endif %}`.
    If(Expr, Vec<Self>, Vec<Self>),
    /// `{% for name in list %} … {% endfor %}`.
    For(String, Expr, Vec<Self>),
}

impl Part {
    /// All expressions: values, conditions and lists of loops.
    pub(super) fn expressions<'p>(parts: &'p [Self], into: &mut Vec<&'p Expr>) {
        for part in parts {
            match part {
                Self::Raw(_) => {}
                Self::Show(expr) => into.push(expr),
                Self::If(condition, yes, no) => {
                    into.push(condition);
                    Self::expressions(yes, into);
                    Self::expressions(no, into);
                }
                Self::For(_, list, body) => {
                    into.push(list);
                    Self::expressions(body, into);
                }
            }
        }
    }

    /// The same expressions in the same order, to be changed.
    pub(super) fn expressions_mut<'p>(parts: &'p mut [Self], into: &mut Vec<&'p mut Expr>) {
        for part in parts {
            match part {
                Self::Raw(_) => {}
                Self::Show(expr) => into.push(expr),
                Self::If(condition, yes, no) => {
                    into.push(condition);
                    Self::expressions_mut(yes, into);
                    Self::expressions_mut(no, into);
                }
                Self::For(_, list, body) => {
                    into.push(list);
                    Self::expressions_mut(body, into);
                }
            }
        }
    }

    /// The expressions whose values are shown, loops and branches included.
    pub(super) fn shown<'p>(parts: &'p [Self], into: &mut Vec<&'p Expr>) {
        for part in parts {
            match part {
                Self::Raw(_) => {}
                Self::Show(expr) => into.push(expr),
                Self::If(_, yes, no) => {
                    Self::shown(yes, into);
                    Self::shown(no, into);
                }
                Self::For(_, list, body) => {
                    into.push(list);
                    Self::shown(body, into);
                }
            }
        }
    }
}
