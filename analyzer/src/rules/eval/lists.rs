//! Filters: over lists, and the ones that write a value for a reader.

use std::borrow::Cow;

use super::{
    Scope, compare,
    numbers::{self, float},
    values::{Items, Missing, Read, Val, Why},
};
use crate::{
    facts::names::Kind,
    rules::{
        expr::{Arithmetic, Comparison, Expr, Node},
        figures,
        vocabulary::Filter,
    },
    words::Lang,
};

/// Items of `top` without a number.
const TOP_DEFAULT: usize = 5;

impl<'f> Scope<'f> {
    pub(super) fn filter(
        &mut self,
        filter: Filter,
        input: Val<'f>,
        arguments: &[Val<'f>],
        expr: &'f Expr,
        reads: &mut Vec<Read<'f>>,
    ) -> Val<'f> {
        match input {
            Val::Unknown(_) => input,
            Val::List(list) => {
                self.pay(list.items.len() as u64);
                self.of_list(filter, &list, arguments, expr, reads)
            }
            other if filter == Filter::Ago => self.ago(&other, expr),
            other => of_value(filter, other, arguments, expr, self.lang),
        }
    }

    fn of_list(
        &mut self,
        filter: Filter,
        list: &Items<'f>,
        arguments: &[Val<'f>],
        expr: &'f Expr,
        reads: &mut Vec<Read<'f>>,
    ) -> Val<'f> {
        match filter {
            Filter::Count => bounded(list.items.len() as i128, list.missing_more()),
            Filter::Where => Val::List(self.selected(list, arguments, expr, reads)),
            Filter::Any => {
                let found = if arguments.is_empty() {
                    list.clone()
                } else {
                    self.selected(list, arguments, expr, reads)
                };
                match (found.items.is_empty(), found.missing_more()) {
                    (false, _) => Val::Flag(true),
                    (true, missing) if missing.is_empty() => Val::Flag(false),
                    (true, missing) => Val::Unknown(missing),
                }
            }
            Filter::All => self.all(list, arguments, expr, reads),
            Filter::First => list
                .items
                .first()
                .map_or_else(|| list.empty(), |(_, v)| v.clone()),
            Filter::Last => list
                .items
                .last()
                .map_or_else(|| list.empty(), |(_, v)| v.clone()),
            Filter::Sum => {
                let (values, more) = fields(list, arguments, reads);
                let mut sum = Val::Int(0);
                for (_, value) in values {
                    sum = numbers::calculated(Arithmetic::Plus, sum, value, expr);
                }
                match sum {
                    Val::Int(n) => bounded(n, more),
                    Val::Number(_) if !more.is_empty() => Val::Unknown(more),
                    other => other,
                }
            }
            Filter::MaxBy => {
                let (values, _) = fields(list, arguments, reads);
                let mut best: Option<(usize, Val<'f>)> = None;
                for (at, value) in values {
                    let larger = best.as_ref().is_none_or(|(_, b)| {
                        numbers::order(&value, b) == Some(std::cmp::Ordering::Greater)
                    });
                    if larger {
                        best = Some((at, value));
                    }
                }
                let item = best.and_then(|(at, _)| list.items.get(at));
                item.map_or_else(|| list.empty(), |(_, v)| v.clone())
            }
            Filter::Top => {
                let (mut values, more) = fields(list, arguments, reads);
                // The order of writing decides between equals: the sort is stable.
                values.sort_by(|(_, a), (_, b)| {
                    numbers::order(b, a).unwrap_or(std::cmp::Ordering::Equal)
                });
                let many = match arguments.get(1) {
                    Some(Val::Int(many)) => usize::try_from(*many).unwrap_or(TOP_DEFAULT),
                    _ => TOP_DEFAULT,
                };
                let best = values.iter().take(many);
                let best = best.filter_map(|(at, _)| list.items.get(*at).cloned());
                Val::List(list.with(best.collect(), more))
            }
            Filter::Map => {
                let (values, more) = fields(list, arguments, reads);
                Val::List(list.with(values, more))
            }
            Filter::Join => joined(list, arguments, self.lang),
            _ => Val::List(list.clone()).into_unknown(expr),
        }
    }

    /// How long before the end of the evidence a time was.
    fn ago(&self, time: &Val<'f>, expr: &Expr) -> Val<'f> {
        let Some(now) = self.facts.root.number("input.collected_time") else {
            return Val::Unknown(vec![Missing::other("input.collected_time", Why::NotPut)]);
        };
        let Some(at) = float(time) else {
            return time.clone().into_unknown(expr);
        };
        Val::Text(Cow::Owned(figures::ago(now - at, self.lang)))
    }

    /// The items that are so; those of which it is not known make the result partial.
    fn selected(
        &mut self,
        list: &Items<'f>,
        arguments: &[Val<'f>],
        expr: &Expr,
        reads: &mut Vec<Read<'f>>,
    ) -> Items<'f> {
        let mut kept = Vec::new();
        let mut more = list.missing_more();
        for (index, value) in list.items.iter() {
            if !self.pay(1) {
                more.push(Missing::fuel(expr));
                break;
            }
            let start = reads.len();
            match holds(value, arguments, expr, reads) {
                Val::Flag(true) => kept.push((*index, value.clone())),
                // What was not selected is no evidence.
                Val::Flag(false) => reads.truncate(start),
                other => more.extend(other.missing()),
            }
        }
        more.sort();
        more.dedup();
        list.with(kept, more)
    }

    fn all(
        &mut self,
        list: &Items<'f>,
        arguments: &[Val<'f>],
        expr: &Expr,
        reads: &mut Vec<Read<'f>>,
    ) -> Val<'f> {
        let mut more = list.missing_more();
        for (_, value) in list.items.iter() {
            if !self.pay(1) {
                return Val::Unknown(vec![Missing::fuel(expr)]);
            }
            match holds(value, arguments, expr, reads) {
                Val::Flag(true) => {}
                Val::Flag(false) => return Val::Flag(false),
                other => more.extend(other.missing()),
            }
        }
        if more.is_empty() {
            Val::Flag(true)
        } else {
            Val::Unknown(more)
        }
    }
}

/// A number that is exact when nothing is missing.
fn bounded<'f>(n: i128, more: Vec<Missing>) -> Val<'f> {
    if more.is_empty() {
        Val::Int(n)
    } else {
        Val::AtLeast(n, more)
    }
}

fn field<'f>(item: &Val<'f>, name: &Val<'f>, reads: &mut Vec<Read<'f>>) -> Val<'f> {
    let (Val::Record(record), Val::Text(name)) = (item, name) else {
        return Val::Unknown(Vec::new());
    };
    let path: Vec<String> = name.split('.').map(str::to_owned).collect();
    record.get(&path, reads)
}

/// Whether an item is so: `("flag")`, `("field", value)` or `("field", ">=", value)`.
fn holds<'f>(
    item: &Val<'f>,
    arguments: &[Val<'f>],
    expr: &Expr,
    reads: &mut Vec<Read<'f>>,
) -> Val<'f> {
    match arguments {
        [name] => field(item, name, reads),
        [name, value] => compare(
            Comparison::Equal,
            field(item, name, reads),
            value.clone(),
            expr,
        ),
        [name, Val::Text(sign), value] => {
            let sign = Comparison::from_sign(sign).unwrap_or(Comparison::Equal);
            compare(sign, field(item, name, reads), value.clone(), expr)
        }
        _ => Val::Unknown(Vec::new()),
    }
}

/// Known values of a field by position in the list, and what is missing.
fn fields<'f>(
    list: &Items<'f>,
    arguments: &[Val<'f>],
    reads: &mut Vec<Read<'f>>,
) -> (Vec<(usize, Val<'f>)>, Vec<Missing>) {
    let mut values = Vec::new();
    let mut more = list.missing_more();
    let Some(name) = arguments.first() else {
        return (values, more);
    };
    for (at, (_, item)) in list.items.iter().enumerate() {
        match field(item, name, reads) {
            Val::Unknown(missing) => more.extend(missing),
            value => values.push((at, value)),
        }
    }
    more.sort();
    more.dedup();
    (values, more)
}

fn joined<'f>(list: &Items<'f>, arguments: &[Val<'f>], lang: Lang) -> Val<'f> {
    let separator = match arguments.first() {
        Some(Val::Text(text)) => text.as_ref(),
        _ => ", ",
    };
    let mut out = String::new();
    for (i, (_, value)) in list.items.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        if out.len() > figures::TEXT_BYTES_MAX {
            out.push('…');
            break;
        }
        out.push_str(&figures::plain(value, lang));
    }
    Val::Text(Cow::Owned(out))
}

/// The filters that write or round one value.
fn of_value<'f>(
    filter: Filter,
    value: Val<'f>,
    arguments: &[Val<'f>],
    expr: &'f Expr,
    lang: Lang,
) -> Val<'f> {
    if filter == Filter::Round {
        let digits = match arguments.first() {
            Some(Val::Int(n)) => i32::try_from(*n).unwrap_or(0).clamp(0, 9),
            _ => 0,
        };
        let scale = 10f64.powi(digits);
        return match value {
            Val::Number(n) => Val::Number((n * scale).round() / scale),
            other => other,
        };
    }
    if filter == Filter::Told {
        return match value {
            Val::Text(text) => Val::Text(Cow::Owned(crate::facts::told(&text, lang))),
            other => other.into_unknown(expr),
        };
    }
    let (number, at_least) = match &value {
        Val::AtLeast(n, _) => (float(&Val::Int(*n)), true),
        other => (float(other), false),
    };
    let Some(number) = number else {
        return value.into_unknown(expr);
    };
    let kind = match &expr.node {
        Node::Filter(_, input, _) => input.shape.kind(),
        _ => None,
    };
    let text = match filter {
        Filter::Bytes => figures::bytes(number),
        Filter::Pct if kind == Some(Kind::Percent) => figures::percent(number),
        Filter::Pct => figures::percent(number * 100.0),
        Filter::Duration => figures::duration(number, lang),
        Filter::Time => figures::time(number),
        _ => figures::separated(number),
    };
    Val::Text(Cow::Owned(figures::at_least(text, at_least, lang)))
}
