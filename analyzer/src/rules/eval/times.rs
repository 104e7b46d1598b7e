//! Times with their errors, and the lines of logs near an event.
//!
//! Two clocks are rarely set alike, and a stamp of a log has whole seconds: an order is told only
//! when the intervals in which the two moments lie do not overlap.

use std::sync::Arc;

use super::{
    Scope, fact_value,
    numbers::float,
    values::{Items, Missing, Read, RecordRef, Val, Why},
};
use crate::{
    facts::{Fact, Value},
    rules::{expr::Expr, figures, vocabulary::Function},
    words::{Bilingual, Lang},
};

/// Error of a stamp that states none, in seconds: logs print whole seconds.
const ERROR_SECONDS: f64 = 1.0;

/// When something was, as far as it is known.
#[derive(Debug, Default)]
struct Moment {
    /// UTC in seconds, and its error to both sides.
    wall: Option<(f64, f64)>,
    uptime: Option<f64>,
    /// Number of the boot that the uptime counts from.
    boot: Option<i128>,
    name: String,
}

/// Bounds of a distance in seconds.
#[derive(Debug, Clone, Copy)]
struct Between {
    least: f64,
    most: f64,
}

impl<'f> Scope<'f> {
    pub(super) fn of_events(
        &mut self,
        function: Function,
        given: Vec<Val<'f>>,
        expr: &'f Expr,
        reads: &mut Vec<Read<'f>>,
    ) -> Val<'f> {
        if let Some(unknown) = given
            .iter()
            .filter(|v| matches!(v, Val::Unknown(_)))
            .cloned()
            .reduce(Val::merge)
        {
            return unknown;
        }
        if function == Function::LogLine {
            return self.lines(&given, expr, reads);
        }
        let [a, b, rest @ ..] = given.as_slice() else {
            return Val::Unknown(Vec::new());
        };
        let (a, b) = (moment(a, reads), moment(b, reads));
        let between = match self.between(&a, &b) {
            Ok(between) => between,
            Err(missing) => return Val::Unknown(missing),
        };
        let answer = match rest.first().and_then(float) {
            None => before(between),
            Some(distance) => near(between, distance),
        };
        answer.map_or_else(|| inexact(expr, &a, &b), Val::Flag)
    }

    /// From `a` to `b`.
    fn between(&self, a: &Moment, b: &Moment) -> Result<Between, Vec<Missing>> {
        let one_boot = match (a.boot, b.boot) {
            (Some(x), Some(y)) => x == y,
            _ => self
                .facts
                .root
                .int("kernel_log.boots_count")
                .is_some_and(|boots| boots <= 1),
        };
        if one_boot && let Some((x, y)) = a.uptime.zip(b.uptime) {
            return Ok(Between {
                least: y - x,
                most: y - x,
            });
        }
        if let Some(((x, x_error), (y, y_error))) = a.wall.zip(b.wall) {
            return Ok(Between {
                least: y - x - x_error - y_error,
                most: y - x + x_error + y_error,
            });
        }
        let lacking = [a, b].into_iter().filter(|m| m.wall.is_none());
        Err(lacking
            .map(|m| Missing::other(&format!("{}.time", m.name), Why::NotPut))
            .collect())
    }

    fn lines(&mut self, given: &[Val<'f>], expr: &'f Expr, reads: &mut Vec<Read<'f>>) -> Val<'f> {
        let [Val::Text(pattern), Val::Text(source), rest @ ..] = given else {
            return Val::Unknown(Vec::new());
        };
        let searches = match self.facts.get("log_searches").map(|fact| &fact.value) {
            Some(Value::List(list)) => list.items.as_slice(),
            _ => &[],
        };
        let found = searches.iter().enumerate().find(|(_, search)| {
            matches!(&search.value, Value::Record(search)
                if search.text("pattern") == Some(pattern) && search.text("source") == Some(source))
        });
        let lines = found.and_then(|(at, search)| match &search.value {
            Value::Record(search) => Some((at, search.get("lines")?)),
            _ => None,
        });
        let Some((at, fact)) = lines else {
            return Val::Unknown(vec![Missing {
                path: expr.to_string(),
                why: Why::NoLog(source.to_string()),
            }]);
        };
        let Val::List(list) = fact_value(&format!("log_searches[{at}].lines"), fact) else {
            return Val::Unknown(Vec::new());
        };
        self.pay(list.items.len() as u64);
        match (rest.first().and_then(float), self.item.clone()) {
            (Some(distance), Some(item)) => {
                let event = moment(&item.value, reads);
                Val::List(self.around(&list, &event, distance, expr))
            }
            _ => Val::List(list),
        }
    }

    /// The lines near an event; those of which it is not known make the result partial.
    fn around(&self, list: &Items<'f>, event: &Moment, distance: f64, expr: &Expr) -> Items<'f> {
        let mut kept = Vec::new();
        let mut more = list.missing_more();
        for (index, line) in list.items.iter() {
            let stamp = moment(line, &mut Vec::new());
            match self.between(event, &stamp).map(|b| near(b, distance)) {
                Ok(Some(true)) => kept.push((*index, line.clone())),
                Ok(Some(false)) => {}
                Ok(None) => more.extend(inexact(expr, event, &stamp).missing()),
                Err(missing) => more.extend(missing),
            }
        }
        more.sort();
        more.dedup();
        list.with(kept, more)
    }
}

/// Whether the second moment is later than the first; nothing when it may be either way.
fn before(b: Between) -> Option<bool> {
    if b.least > 0.0 {
        Some(true)
    } else if b.most <= 0.0 {
        Some(false)
    } else {
        None
    }
}

/// Whether two moments are at most `distance` apart.
fn near(b: Between, distance: f64) -> Option<bool> {
    let most = b.least.abs().max(b.most.abs());
    let least = if b.least <= 0.0 && b.most >= 0.0 {
        0.0
    } else {
        b.least.abs().min(b.most.abs())
    };
    if most <= distance {
        Some(true)
    } else if least > distance {
        Some(false)
    } else {
        None
    }
}

fn moment<'f>(value: &Val<'f>, reads: &mut Vec<Read<'f>>) -> Moment {
    let Val::Record(record) = value else {
        return Moment {
            wall: float(value).map(|at| (at, ERROR_SECONDS)),
            ..Moment::default()
        };
    };
    let mut number = |field: &str| {
        let fact = record.record.get(field)?;
        reads.push(Read {
            path: format!("{}.{field}", record.path()),
            fact: Some(fact),
        });
        number_of(record, fact)
    };
    let wall = number("time").map(|at| (at, number("time_error_seconds").unwrap_or(ERROR_SECONDS)));
    Moment {
        wall,
        uptime: number("uptime_seconds"),
        boot: record.record.int("boot"),
        name: record.path(),
    }
}

fn number_of(record: &RecordRef<'_>, fact: &Fact) -> Option<f64> {
    float(&fact_value(&record.list, fact))
}

/// Why an order cannot be told: both times with their errors.
fn inexact<'f>(expr: &Expr, a: &Moment, b: &Moment) -> Val<'f> {
    let told = |m: &Moment, lang| {
        m.wall.map_or_else(
            || figures::duration(m.uptime.unwrap_or_default(), lang),
            |(at, error)| format!("{} ± {}", figures::time(at), figures::duration(error, lang)),
        )
    };
    let words = Bilingual::new(
        format!(
            "the clocks are not exact enough to say: {} and {}",
            told(a, Lang::En),
            told(b, Lang::En)
        ),
        format!(
            "时钟精度不足以判断先后：{} 与 {}",
            told(a, Lang::Zh),
            told(b, Lang::Zh)
        ),
    );
    Val::Unknown(vec![Missing {
        path: expr.to_string(),
        why: Why::Inexact(Arc::new(words)),
    }])
}
