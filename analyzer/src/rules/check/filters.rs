//! Checks of filters: what may stand before `|`, and that the fields they name exist.

use super::shapes::{Checker, describe, numeric};
use crate::{
    facts::names::Kind,
    rules::{
        expr::{Comparison, Expr, Node, Shape, Span},
        vocabulary::Filter,
    },
};

impl Checker<'_> {
    /// Shape of `input | filter(arguments)`.
    pub(super) fn filter(
        &mut self,
        filter: Filter,
        input: &mut Expr,
        arguments: &mut [Expr],
        span: Span,
    ) -> Shape {
        let from = self.shape(input);
        for argument in arguments.iter_mut() {
            self.shape(argument);
        }
        if from == Shape::Wrong {
            return Shape::Wrong;
        }
        match filter {
            Filter::Where
            | Filter::Any
            | Filter::All
            | Filter::Sum
            | Filter::MaxBy
            | Filter::Top
            | Filter::Map
            | Filter::Count
            | Filter::First
            | Filter::Last
            | Filter::Join => self.of_list(filter, &from, arguments, span),
            Filter::Bytes => self.of_number(filter, &from, &[Kind::Bytes], span),
            Filter::Pct => self.of_number(filter, &from, &[Kind::Percent, Kind::Number], span),
            Filter::Duration => self.of_number(filter, &from, &[Kind::Seconds], span),
            Filter::Time => self.of_number(filter, &from, &[Kind::Time], span),
            Filter::Ago => self.of_number(filter, &from, &[Kind::Time], span),
            Filter::Told => {
                if from != Shape::Scalar(Kind::Text) {
                    let message = format!("`told` does not fit {}", describe(&from));
                    self.wrong(span, message, "it translates a text of the parsers");
                }
                Shape::Scalar(Kind::Text)
            }
            Filter::Number => {
                self.number(input, from);
                Shape::Scalar(Kind::Text)
            }
            Filter::Round => self.number(input, from),
        }
    }

    fn of_number(&mut self, filter: Filter, from: &Shape, kinds: &[Kind], span: Span) -> Shape {
        let fits = match numeric(from) {
            Some(None) => true,
            Some(Some(kind)) => kinds.contains(&kind),
            None => false,
        };
        if !fits {
            let message = format!("`{}` does not fit {}", filter.name(), describe(from));
            self.wrong(span, message, "");
        }
        Shape::Scalar(Kind::Text)
    }

    fn of_list(&mut self, filter: Filter, from: &Shape, arguments: &[Expr], span: Span) -> Shape {
        let list = match from {
            Shape::Records(list) => Some(list.as_str()),
            Shape::Values(_) => None,
            other => {
                let message = format!(
                    "`{}` needs a list, this gives {}",
                    filter.name(),
                    describe(other)
                );
                return self.wrong(span, message, "");
            }
        };
        match (filter, list, from) {
            (Filter::Count, ..) => Shape::Scalar(Kind::Count),
            (Filter::Any, ..) if arguments.is_empty() => Shape::Scalar(Kind::Flag),
            (Filter::First | Filter::Last, Some(list), _) => Shape::Record(format!("{list}[]")),
            (Filter::First | Filter::Last, None, Shape::Values(kind)) => Shape::Scalar(*kind),
            (Filter::Join, None, _) => {
                if arguments.iter().any(|a| !matches!(a.node, Node::Text(_))) {
                    self.wrong(span, "the separator is a quoted text", "join(\", \")");
                }
                Shape::Scalar(Kind::Text)
            }
            (Filter::Join, Some(_), _) => self.wrong(
                span,
                "records cannot be joined",
                "pick a field first: `| map(\"field\") | join(\", \")`",
            ),
            (_, None, _) => {
                let message = format!("`{}` needs a list of records", filter.name());
                self.wrong(span, message, "")
            }
            (_, Some(list), _) => self.of_field(filter, list, arguments, span),
        }
    }

    /// The filters whose first argument names a field.
    fn of_field(&mut self, filter: Filter, list: &str, arguments: &[Expr], span: Span) -> Shape {
        let Some(Node::Text(field)) = arguments.first().map(|a| &a.node) else {
            let message = format!("`{}` needs the name of a field in quotes", filter.name());
            return self.wrong(span, message, "");
        };
        let at = arguments.first().map_or(span, |a| a.span);
        let path: Vec<String> = field.split('.').map(str::to_owned).collect();
        let shape = self.fields(Shape::Record(format!("{list}[]")), "", &path, at);
        if shape == Shape::Wrong {
            return Shape::Wrong;
        }
        match filter {
            Filter::Where | Filter::Any | Filter::All => {
                self.selects(&shape, arguments, span);
                if filter == Filter::Where {
                    Shape::Records(list.to_owned())
                } else {
                    Shape::Scalar(Kind::Flag)
                }
            }
            Filter::Map => match shape {
                Shape::Scalar(kind) => Shape::Values(kind),
                other => {
                    let message = format!("`{field}` gives {}, not one value", describe(&other));
                    self.wrong(at, message, "")
                }
            },
            _ => match numeric(&shape).flatten() {
                Some(Kind::Id) | None => {
                    let message = format!(
                        "`{}` needs a number, `{field}` gives {}",
                        filter.name(),
                        describe(&shape)
                    );
                    self.wrong(at, message, "")
                }
                Some(kind) if filter == Filter::Sum => Shape::Scalar(kind),
                Some(_) if filter == Filter::Top => {
                    if let Some(many) = arguments.get(1)
                        && !matches!(many.node, Node::Int(1..))
                    {
                        self.wrong(
                            many.span,
                            "a whole number is needed here",
                            "top(\"field\", 3)",
                        );
                    }
                    Shape::Records(list.to_owned())
                }
                Some(_) => Shape::Record(format!("{list}[]")),
            },
        }
    }

    /// `("flag")`, `("field", value)` or `("field", ">=", value)`.
    fn selects(&mut self, field: &Shape, arguments: &[Expr], span: Span) {
        match arguments {
            [_] if *field == Shape::Scalar(Kind::Flag) => {}
            [_] => {
                self.wrong(
                    span,
                    format!(
                        "the field gives {}: with what is it compared?",
                        describe(field)
                    ),
                    "(\"field\", value) or (\"field\", \">=\", value)",
                );
            }
            [_, value] => self.compared(Comparison::Equal, field, &value.shape, span),
            [_, sign, value] => {
                let known = match &sign.node {
                    Node::Text(sign) => Comparison::from_sign(sign),
                    _ => None,
                };
                match known {
                    Some(sign) => self.compared(sign, field, &value.shape, span),
                    None => {
                        self.wrong(
                            sign.span,
                            "a comparison in quotes is needed here",
                            "one of \"==\", \"!=\", \"<\", \"<=\", \">\", \">=\"",
                        );
                    }
                }
            }
            _ => {}
        }
    }
}
