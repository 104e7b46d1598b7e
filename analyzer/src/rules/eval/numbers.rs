//! Arithmetic and comparison of numbers, whole or not, exact or "at least".

use std::cmp::Ordering;

use super::{
    compare,
    values::{Missing, Val, Why},
};
use crate::rules::{
    expr::{Arithmetic, Comparison, Expr},
    vocabulary::Function,
};

/// The number as it is for calculations with fractions.
pub(super) fn float(value: &Val<'_>) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "shares and thresholds need no more than 53 bits"
        )]
        Val::Int(n) => Some(*n as f64),
        Val::Number(n) => Some(*n),
        _ => None,
    }
}

fn finite<'f>(n: f64, expr: &Expr) -> Val<'f> {
    if n.is_finite() {
        Val::Number(n)
    } else {
        no_number(expr)
    }
}

fn no_number<'f>(expr: &Expr) -> Val<'f> {
    Val::Unknown(vec![Missing {
        path: expr.to_string(),
        why: Why::NoNumber,
    }])
}

/// Order of two numbers; `None` when one is not a number.
pub(super) fn order(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
        _ => float(left)?.partial_cmp(&float(right)?),
    }
}

pub(super) fn negated<'f>(value: Val<'f>, expr: &Expr) -> Val<'f> {
    match value {
        Val::Int(n) => n.checked_neg().map_or_else(|| no_number(expr), Val::Int),
        Val::Number(n) => Val::Number(-n),
        other => other.into_unknown(expr),
    }
}

pub(super) fn calculated<'f>(
    sign: Arithmetic,
    left: Val<'f>,
    right: Val<'f>,
    expr: &Expr,
) -> Val<'f> {
    match (&left, &right) {
        (Val::Unknown(_), _) | (_, Val::Unknown(_)) => left.merge(right),
        (Val::AtLeast(a, why), Val::Int(b)) | (Val::Int(b), Val::AtLeast(a, why))
            if sign != Arithmetic::Minus && *b >= 0 =>
        {
            let sum = if sign == Arithmetic::Plus {
                a.checked_add(*b)
            } else {
                a.checked_mul(*b)
            };
            sum.map_or_else(|| no_number(expr), |n| Val::AtLeast(n, why.clone()))
        }
        (Val::AtLeast(..), _) => left.into_unknown(expr),
        (_, Val::AtLeast(..)) => right.into_unknown(expr),
        (Val::Int(a), Val::Int(b)) => {
            let result = match sign {
                Arithmetic::Plus => a.checked_add(*b),
                Arithmetic::Minus => a.checked_sub(*b),
                Arithmetic::Times => a.checked_mul(*b),
            };
            result.map_or_else(|| no_number(expr), Val::Int)
        }
        _ => match (float(&left), float(&right)) {
            (Some(a), Some(b)) => finite(
                match sign {
                    Arithmetic::Plus => a + b,
                    Arithmetic::Minus => a - b,
                    Arithmetic::Times => a * b,
                },
                expr,
            ),
            _ => no_number(expr),
        },
    }
}

pub(super) fn called<'f>(function: Function, given: Vec<Val<'f>>, expr: &Expr) -> Val<'f> {
    if let Some(unknown) = given
        .iter()
        .filter(|v| matches!(v, Val::Unknown(_)))
        .cloned()
        .reduce(Val::merge)
    {
        return unknown;
    }
    let mut given = given.into_iter();
    let Some(first) = given.next() else {
        return no_number(expr);
    };
    match function {
        Function::Ratio => {
            let Some(second) = given.next() else {
                return no_number(expr);
            };
            match (float(&first), float(&second)) {
                (Some(_), Some(0.0)) => Val::Unknown(vec![Missing {
                    path: expr.to_string(),
                    why: Why::Zero,
                }]),
                (Some(a), Some(b)) => finite(a / b, expr),
                (None, _) => first.into_unknown(expr),
                _ => second.into_unknown(expr),
            }
        }
        Function::Abs => match first {
            Val::Int(n) => n.checked_abs().map_or_else(|| no_number(expr), Val::Int),
            Val::Number(n) => Val::Number(n.abs()),
            other => other.into_unknown(expr),
        },
        Function::Before | Function::Within | Function::LogLine => no_number(expr),
        Function::Min | Function::Max => {
            let sign = if function == Function::Min {
                Comparison::Less
            } else {
                Comparison::Greater
            };
            given.fold(first, |best, other| {
                match compare(sign, other.clone(), best.clone(), expr) {
                    Val::Flag(true) => other,
                    Val::Flag(false) => best,
                    unknown => unknown,
                }
            })
        }
    }
}

/// Comparisons with "at least n": decided when n alone decides, otherwise unknown.
pub(super) fn compare_bounds<'f>(
    sign: Comparison,
    left: Val<'f>,
    right: Val<'f>,
    expr: &Expr,
) -> Val<'f> {
    let (bound, missing, other, sign) = match (&left, &right) {
        (Val::AtLeast(..), Val::AtLeast(..)) => return left.into_unknown(expr),
        (Val::AtLeast(n, why), other) => (*n, why, other, sign),
        (other, Val::AtLeast(n, why)) => (*n, why, other, mirrored(sign)),
        _ => return no_number(expr),
    };
    let unknown = || Val::Unknown(missing.clone());
    match (order(&Val::Int(bound), other), sign) {
        (None, _) => no_number(expr),
        (
            Some(Ordering::Greater),
            Comparison::Equal | Comparison::Less | Comparison::LessOrEqual,
        ) => Val::Flag(false),
        (Some(Ordering::Greater), _) => Val::Flag(true),
        (Some(Ordering::Equal), Comparison::GreaterOrEqual) => Val::Flag(true),
        (Some(Ordering::Equal), Comparison::Less) => Val::Flag(false),
        _ => unknown(),
    }
}

fn mirrored(sign: Comparison) -> Comparison {
    match sign {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}
