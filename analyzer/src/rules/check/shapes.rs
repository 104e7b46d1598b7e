//! What each node of an expression gives, and whether its parts fit together.

use super::Locals;
use crate::{
    facts::names::{self, Kind},
    rules::{
        expr::{Arithmetic, Comparison, Expr, Node, Shape, Span},
        lower::Problem,
        vocabulary::{BYTE_UNITS, Function, nearest},
    },
};

/// Gives every node of an expression its shape and notes what does not fit.
pub(super) struct Checker<'l> {
    locals: &'l Locals,
    pub(super) problems: Vec<Problem>,
}

/// The shape in words: "this gives …".
pub(super) fn describe(shape: &Shape) -> &'static str {
    match shape {
        Shape::Wrong => "something unknown",
        Shape::Literal => "a plain number",
        Shape::Records(_) | Shape::Values(_) => "a list",
        Shape::Record(_) | Shape::Group(_) => "a record",
        Shape::Scalar(kind) => match kind {
            Kind::Bytes => "bytes",
            Kind::Pages => "pages",
            Kind::Count => "a count",
            Kind::Id => "an identifier",
            Kind::Seconds => "seconds",
            Kind::Time => "a time",
            Kind::Percent => "percent",
            Kind::Number => "a number without a unit",
            Kind::Text => "a text",
            Kind::Flag => "yes or no",
            Kind::Texts | Kind::List => "a list",
        },
    }
}

/// Kind of a number; `Some(None)` for one written without unit.
pub(super) fn numeric(shape: &Shape) -> Option<Option<Kind>> {
    match shape {
        Shape::Literal => Some(None),
        Shape::Scalar(Kind::Text | Kind::Flag | Kind::Texts | Kind::List) => None,
        Shape::Scalar(kind) => Some(Some(*kind)),
        _ => None,
    }
}

/// Whether two shapes can be compared at all.
pub(super) fn comparable(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Wrong, _) | (_, Shape::Wrong) => true,
        _ => match (numeric(a), numeric(b)) {
            (Some(None), Some(_)) | (Some(_), Some(None)) => true,
            (Some(Some(x)), Some(Some(y))) => {
                x == y
                    || matches!(
                        (x, y),
                        (Kind::Number, Kind::Count) | (Kind::Count, Kind::Number)
                    )
            }
            (None, None) => matches!(
                (a, b),
                (Shape::Scalar(Kind::Text), Shape::Scalar(Kind::Text))
                    | (Shape::Scalar(Kind::Flag), Shape::Scalar(Kind::Flag))
            ),
            _ => false,
        },
    }
}

impl<'l> Checker<'l> {
    pub(super) fn new(locals: &'l Locals) -> Self {
        Self {
            locals,
            problems: Vec::new(),
        }
    }

    /// Whether the rule looks at items of a list.
    pub(super) fn has_item(&self) -> bool {
        self.locals
            .values()
            .any(|shape| matches!(shape, Shape::Record(prefix) if prefix.ends_with("[]")))
    }

    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>, help: &str) -> Shape {
        let problem = Problem::new(span, message);
        self.problems.push(if help.is_empty() {
            problem
        } else {
            problem.help(help)
        });
        Shape::Wrong
    }

    /// Shape of a node; stored in it and in all nodes below.
    pub(super) fn shape(&mut self, expr: &mut Expr) -> Shape {
        let span = expr.span;
        let shape = match &mut expr.node {
            Node::Int(_) | Node::Number(_) => Shape::Literal,
            Node::Text(_) => Shape::Scalar(Kind::Text),
            Node::Flag(_) => Shape::Scalar(Kind::Flag),
            Node::Unit(unit, _) => Shape::Scalar(if BYTE_UNITS.iter().any(|(u, _)| u == unit) {
                Kind::Bytes
            } else {
                Kind::Seconds
            }),
            Node::Duration(..) => Shape::Scalar(Kind::Seconds),
            Node::Path(path) => self.path(path, span),
            Node::Field(base, path) => {
                let base = self.shape(base);
                self.fields(base, "", path, span)
            }
            Node::List(items) => self.list(items),
            Node::Not(a) => {
                self.flag(a);
                Shape::Scalar(Kind::Flag)
            }
            Node::Minus(a) => {
                let shape = self.shape(a);
                self.number(a, shape)
            }
            Node::And(a, b) | Node::Or(a, b) => {
                self.flag(a);
                self.flag(b);
                Shape::Scalar(Kind::Flag)
            }
            Node::Compare(sign, a, b) => {
                let (left, right) = (self.shape(a), self.shape(b));
                self.compared(*sign, &left, &right, span);
                self.bare(&left, b);
                self.bare(&right, a);
                Shape::Scalar(Kind::Flag)
            }
            Node::In(a, b) => {
                self.within(a, b, span);
                Shape::Scalar(Kind::Flag)
            }
            Node::Calculate(sign, a, b) => {
                let (left, right) = (self.shape(a), self.shape(b));
                self.calculated(*sign, &left, &right, span)
            }
            Node::Choose(c, a, b) => {
                self.flag(c);
                let (yes, no) = (self.shape(a), self.shape(b));
                self.same(&yes, &no, span)
            }
            Node::Known(a, _) => {
                self.shape(a);
                Shape::Scalar(Kind::Flag)
            }
            Node::Filter(filter, input, arguments) => self.filter(*filter, input, arguments, span),
            Node::Call(function, items) => self.call(*function, items, span),
        };
        expr.shape = shape.clone();
        shape
    }

    fn flag(&mut self, expr: &mut Expr) {
        let shape = self.shape(expr);
        if !matches!(shape, Shape::Wrong | Shape::Scalar(Kind::Flag)) {
            let message = format!(
                "yes or no is needed here, `{expr}` gives {}",
                describe(&shape)
            );
            self.wrong(expr.span, message, "compare it with something");
        }
    }

    pub(super) fn number(&mut self, expr: &Expr, shape: Shape) -> Shape {
        if numeric(&shape).is_none() && shape != Shape::Wrong {
            let message = format!(
                "a number is needed here, `{expr}` gives {}",
                describe(&shape)
            );
            return self.wrong(expr.span, message, "");
        }
        shape
    }

    fn path(&mut self, path: &[String], span: Span) -> Shape {
        let Some((head, rest)) = path.split_first() else {
            return Shape::Wrong;
        };
        match self.locals.get(head) {
            Some(local) => self.fields(local.clone(), head, rest, span),
            None => self.fields(Shape::Record(String::new()), "", path, span),
        }
    }

    /// Walks from a shape, which the author calls `head`, down the fields of a path.
    pub(super) fn fields(&mut self, from: Shape, head: &str, path: &[String], span: Span) -> Shape {
        let mut shape = from;
        for (i, field) in path.iter().enumerate() {
            shape = match shape {
                Shape::Wrong => return Shape::Wrong,
                Shape::Record(prefix) => {
                    let full = if prefix.is_empty() {
                        field.clone()
                    } else {
                        format!("{prefix}.{field}")
                    };
                    match names::find(&full).map(|n| n.kind) {
                        Some(Kind::List) => Shape::Records(full),
                        Some(Kind::Texts) => Shape::Values(Kind::Text),
                        Some(kind) => Shape::Scalar(kind),
                        None if names::is_record(&full) => Shape::Record(full),
                        None => {
                            let (before, rest) = path.split_at(i);
                            let start = (!head.is_empty()).then_some(head);
                            let start = start.into_iter().chain(before.iter().map(String::as_str));
                            let spelt: Vec<&str> = start.collect();
                            return self.unknown(&prefix, &spelt.join("."), &rest.join("."), span);
                        }
                    }
                }
                Shape::Group(list) => match field.as_str() {
                    "count" => Shape::Scalar(Kind::Count),
                    "items" => Shape::Records(list),
                    "first" | "last" => Shape::Record(format!("{list}[]")),
                    _ => {
                        let message = format!("a group has no `{field}`");
                        return self.wrong(span, message, "it has: count, items, first, last");
                    }
                },
                Shape::Records(list) => {
                    let message = format!("`{list}` is a list, `{field}` is a field of its items");
                    let help = format!(
                        "write `for_each: item in {list}`, or pick an item: `({list} | first).{field}`"
                    );
                    return self.wrong(span, message, &help);
                }
                other => {
                    let message = format!("there is no `{field}` in {}", describe(&other));
                    return self.wrong(span, message, "");
                }
            };
        }
        shape
    }

    /// A name that is not declared below `prefix`, which the author spells `spelt`.
    fn unknown(&mut self, prefix: &str, spelt: &str, rest: &str, span: Span) -> Shape {
        let dotted = |path: &str| match path {
            "" => String::new(),
            path => format!("{path}."),
        };
        let (below, spelt) = (dotted(prefix), dotted(spelt));
        let ours = names::all()
            .filter_map(|n| n.path.strip_prefix(below.as_str()))
            .filter(|path| !path.contains('['));
        let locals = self.locals.keys().map(String::as_str);
        let near = if prefix.is_empty() {
            // A whole path first: `memory` alone would hide that one letter is wrong after it.
            let whole = format!("{spelt}{rest}");
            nearest(&whole, names::all().map(|n| n.path).chain(locals)).map(str::to_owned)
        } else {
            nearest(rest, ours).map(|near| format!("{spelt}{near}"))
        };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`oomscene-analyze facts INPUT` shows the names".to_owned(),
        };
        self.wrong(span, format!("unknown fact `{spelt}{rest}`"), &help)
    }

    fn list(&mut self, items: &mut [Expr]) -> Shape {
        let mut kind = None;
        for item in items.iter_mut() {
            let shape = self.shape(item);
            match &shape {
                Shape::Scalar(k) => kind = kind.or(Some(*k)),
                Shape::Literal => kind = kind.or(Some(Kind::Number)),
                Shape::Wrong => {}
                other => {
                    let message =
                        format!("a list holds plain values, this gives {}", describe(other));
                    self.wrong(item.span, message, "");
                }
            }
        }
        kind.map_or(Shape::Wrong, Shape::Values)
    }

    pub(super) fn compared(&mut self, sign: Comparison, left: &Shape, right: &Shape, span: Span) {
        let equality = matches!(sign, Comparison::Equal | Comparison::NotEqual);
        if !comparable(left, right) {
            let message = format!("cannot compare {} with {}", describe(left), describe(right));
            self.wrong(span, message, units_help(left, right));
        } else if !equality {
            let ordered = [left, right]
                .into_iter()
                .all(|shape| !matches!(shape, Shape::Scalar(Kind::Id | Kind::Text | Kind::Flag)));
            if !ordered {
                let what = if numeric(left) == Some(Some(Kind::Id))
                    || numeric(right) == Some(Some(Kind::Id))
                {
                    "an identifier"
                } else {
                    describe(left)
                };
                let message = format!("`{}` makes no sense for {what}", sign.sign());
                self.wrong(span, message, "use `==`, `!=` or `in`");
            }
        }
    }

    /// A large number without a unit beside bytes or seconds is most often meant in another unit.
    fn bare(&mut self, with: &Shape, number: &Expr) {
        let (what, least, help) = match with {
            Shape::Scalar(Kind::Bytes) => {
                ("bytes", 1024, "write it with KiB, MiB or GiB: `64 * MiB`")
            }
            Shape::Scalar(Kind::Seconds) => (
                "seconds",
                60,
                "write it with its unit: `90s`, `5min`, `2h`, `1d`",
            ),
            _ => return,
        };
        if !matches!(&number.node, Node::Int(n) if *n >= least) {
            return;
        }
        let message = format!("{what} compared with `{number}`, which has no unit");
        self.wrong(number.span, message, help);
    }

    fn within(&mut self, a: &mut Expr, b: &mut Expr, span: Span) {
        let (item, list) = (self.shape(a), self.shape(b));
        let fits = match (&item, &list) {
            (Shape::Wrong, _) | (_, Shape::Wrong) => true,
            (Shape::Scalar(Kind::Text), Shape::Scalar(Kind::Text)) => true,
            (_, Shape::Values(kind)) => match &b.node {
                Node::List(items) => items.iter().all(|i| comparable(&item, &i.shape)),
                _ => comparable(&item, &Shape::Scalar(*kind)),
            },
            _ => false,
        };
        if !fits {
            let message = format!(
                "{} cannot be in {}",
                describe(&item),
                match &list {
                    Shape::Values(_) => "a list of another kind",
                    other => describe(other),
                }
            );
            self.wrong(
                span,
                message,
                "`in` takes a list of the same kind, or a text in a text",
            );
        }
    }

    fn same(&mut self, a: &Shape, b: &Shape, span: Span) -> Shape {
        if matches!(a, Shape::Literal) && numeric(b).is_some() {
            return b.clone();
        }
        if a == b || *b == Shape::Wrong || (matches!(b, Shape::Literal) && numeric(a).is_some()) {
            return a.clone();
        }
        if *a == Shape::Wrong {
            return b.clone();
        }
        let message = format!("one is {}, the other {}", describe(a), describe(b));
        self.wrong(span, message, units_help(a, b))
    }

    fn calculated(&mut self, sign: Arithmetic, left: &Shape, right: &Shape, span: Span) -> Shape {
        if *left == Shape::Wrong || *right == Shape::Wrong {
            return Shape::Wrong;
        }
        let (Some(a), Some(b)) = (numeric(left), numeric(right)) else {
            let message = format!(
                "cannot calculate with {} and {}",
                describe(left),
                describe(right)
            );
            return self.wrong(span, message, "");
        };
        let result = match (sign, a, b) {
            (_, None, None) => return Shape::Literal,
            (Arithmetic::Minus, Some(Kind::Time), Some(Kind::Time)) => Some(Kind::Seconds),
            (Arithmetic::Plus | Arithmetic::Minus, Some(Kind::Time), Some(Kind::Seconds)) => {
                Some(Kind::Time)
            }
            (_, Some(Kind::Id | Kind::Time), _) | (_, _, Some(Kind::Id | Kind::Time)) => None,
            (_, Some(k), None) | (_, None, Some(k)) => Some(k),
            (Arithmetic::Plus | Arithmetic::Minus, Some(x), Some(y)) => (x == y).then_some(x),
            (Arithmetic::Times, Some(Kind::Number), Some(k))
            | (Arithmetic::Times, Some(k), Some(Kind::Number | Kind::Count))
            | (Arithmetic::Times, Some(Kind::Count), Some(k)) => Some(k),
            (Arithmetic::Times, Some(Kind::Pages), Some(Kind::Bytes))
            | (Arithmetic::Times, Some(Kind::Bytes), Some(Kind::Pages)) => Some(Kind::Bytes),
            (Arithmetic::Times, ..) => None,
        };
        match result {
            Some(kind) => Shape::Scalar(kind),
            None => {
                let message = format!(
                    "cannot calculate with {} and {}",
                    describe(left),
                    describe(right)
                );
                self.wrong(span, message, units_help(left, right))
            }
        }
    }

    fn call(&mut self, function: Function, items: &mut [Expr], span: Span) -> Shape {
        if let Some(shape) = self.about_events(function, items, span) {
            return shape;
        }
        let mut shapes = Vec::new();
        for item in items.iter_mut() {
            let shape = self.shape(item);
            shapes.push(self.number(item, shape));
        }
        let mut whole = shapes.first().cloned().unwrap_or_default();
        for shape in shapes.iter().skip(1) {
            whole = self.same(&whole, shape, span);
        }
        match function {
            Function::Ratio => Shape::Scalar(Kind::Number),
            _ => whole,
        }
    }
}

fn units_help(a: &Shape, b: &Shape) -> &'static str {
    let kinds = [numeric(a).flatten(), numeric(b).flatten()];
    if kinds.contains(&Some(Kind::Pages)) && kinds.contains(&Some(Kind::Bytes)) {
        "multiply pages by the page size"
    } else if kinds.contains(&Some(Kind::Percent)) && kinds.contains(&Some(Kind::Number)) {
        "a percent value goes from 0 to 100, a ratio from 0 to 1"
    } else {
        ""
    }
}
