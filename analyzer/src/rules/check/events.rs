//! Checks of the functions about events and lines: `within`, `before`, `log_line`.

use super::shapes::{Checker, describe, numeric};
use crate::{
    facts::names::{self, Kind},
    rules::{
        expr::{Expr, Node, Shape, Span},
        vocabulary::Function,
    },
};

/// Declared list of the lines that a `log_line` finds.
const LINES: &str = "log_searches[].lines";

impl Checker<'_> {
    /// Shape of a call about events or lines; nothing for the other functions.
    pub(super) fn about_events(
        &mut self,
        function: Function,
        items: &mut [Expr],
        span: Span,
    ) -> Option<Shape> {
        match function {
            Function::Before | Function::Within => {
                for (i, item) in items.iter_mut().enumerate() {
                    let shape = self.shape(item);
                    if i < 2 {
                        self.event(item, &shape);
                    } else {
                        self.distance(item, &shape);
                    }
                }
                Some(Shape::Scalar(Kind::Flag))
            }
            Function::LogLine => Some(self.log_line(items, span)),
            _ => None,
        }
    }

    fn event(&mut self, item: &Expr, shape: &Shape) {
        let fits = match shape {
            Shape::Wrong | Shape::Scalar(Kind::Time) => true,
            Shape::Record(prefix) => ["time", "uptime_seconds"]
                .iter()
                .any(|field| names::find(&format!("{prefix}.{field}")).is_some()),
            _ => false,
        };
        if !fits {
            let message = format!("an event or a time is needed here, `{item}` gives {}", {
                match shape {
                    Shape::Record(_) => "a record without a time",
                    other => describe(other),
                }
            });
            self.wrong(
                item.span,
                message,
                "name the event itself: `before(oom, (unit_exits | first))`",
            );
        }
    }

    fn distance(&mut self, item: &Expr, shape: &Shape) {
        if !matches!(numeric(shape), Some(Some(Kind::Seconds))) && *shape != Shape::Wrong {
            let message = format!(
                "a duration is needed here, `{item}` gives {}",
                describe(shape)
            );
            self.wrong(item.span, message, "write `60s`, `5min`, `2h` or `1d`");
        }
    }

    fn log_line(&mut self, items: &mut [Expr], span: Span) -> Shape {
        let before = self.problems.len();
        for (i, item) in items.iter_mut().enumerate() {
            let shape = self.shape(item);
            match (&item.node, i) {
                (_, 2) => self.distance(item, &shape),
                (Node::Text(pattern), 0) => {
                    if let Err(error) = crate::facts::search::pattern(pattern) {
                        self.wrong(item.span, error, "");
                    }
                }
                (Node::Text(_), _) => {}
                _ => {
                    let what = if i == 0 {
                        "a pattern"
                    } else {
                        "the path of a log"
                    };
                    self.wrong(
                        item.span,
                        format!("{what} in quotes is needed here"),
                        "log_line(\"regex\", \"var/log/messages*\")",
                    );
                }
            }
        }
        if items.len() == 3 && !self.has_item() {
            self.wrong(
                span,
                "the distance of a `log_line` is counted from the item of `for_each`",
                "add `for_each`, or leave the duration out",
            );
        }
        if self.problems.len() > before {
            Shape::Wrong
        } else {
            Shape::Records(LINES.to_owned())
        }
    }
}
