//! From minijinja's syntax tree to ours. What is not listed here is refused, with its place.

mod duration;
mod template;

use minijinja::{
    machinery::{ast, parse_expr},
    value::ValueKind,
};

use super::{
    expr::{Arithmetic, Comparison, Expr, Node, Shape, Span},
    vocabulary::{self, BYTE_UNITS, FILTERS, FUNCTIONS, TIME_UNITS},
};

pub(super) use template::template;

/// Longest source of one expression or message, in bytes: more is a mistake or an attack.
const SOURCE_BYTES_MAX: usize = 8 * 1024;

/// Deepest nesting of an expression; evaluation and printing recurse as deep.
const DEPTH_MAX: usize = 100;

/// Something that the language does not have, or that is spelt wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads one expression.
pub(super) fn expression(source: &str) -> Result<Expr, Problem> {
    within_limits(source)?;
    let disguised = duration::disguised(source, duration::Region::Code)?;
    let tree = parse_expr(&disguised).map_err(|e| syntax(source, &e))?;
    lower(&tree, 0)
}

fn within_limits(source: &str) -> Result<(), Problem> {
    if source.trim().is_empty() {
        return Err(Problem::new(Span::default(), "nothing is written here"));
    }
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Problem::new(
            Span::default(),
            format!("longer than {SOURCE_BYTES_MAX} bytes"),
        ));
    }
    Ok(())
}

fn syntax(source: &str, error: &minijinja::Error) -> Problem {
    let range = error.range().unwrap_or(0..source.len());
    Problem::new(
        Span {
            start: range.start.min(source.len()),
            end: range.end.min(source.len()),
        },
        error
            .detail()
            .map_or_else(|| error.to_string(), str::to_owned),
    )
}

fn span(of: minijinja::machinery::Span) -> Span {
    Span {
        start: of.start_offset as usize,
        end: of.end_offset as usize,
    }
}

fn make(node: Node, span: Span) -> Expr {
    Expr {
        node,
        span,
        shape: Shape::Wrong,
    }
}

fn lower(tree: &ast::Expr<'_>, depth: usize) -> Result<Expr, Problem> {
    let here = span(tree.span());
    if depth > DEPTH_MAX {
        return Err(
            Problem::new(here, format!("nested deeper than {DEPTH_MAX}"))
                .help("name its parts with `let`"),
        );
    }
    let refuse = |what: &str, help: &str| Err(Problem::new(here, what.to_owned()).help(help));
    match tree {
        ast::Expr::Var(var) => Ok(make(name(var.id), here)),
        ast::Expr::Const(value) => constant(&value.value, here),
        ast::Expr::UnaryOp(op) => {
            let inner = lower(&op.expr, depth + 1)?;
            let whole = here.to(inner.span);
            Ok(match op.op {
                ast::UnaryOpKind::Not => make(Node::Not(Box::new(inner)), whole),
                ast::UnaryOpKind::Neg => make(Node::Minus(Box::new(inner)), whole),
            })
        }
        ast::Expr::BinOp(op) => binary(op, depth),
        ast::Expr::Compare(_) => refuse("comparisons in a row", "write `a < b and b < c`"),
        ast::Expr::IfExpr(choice) => chosen(choice, here, depth),
        ast::Expr::Filter(filter) => filtered(filter, here, depth),
        ast::Expr::Test(test) => tested(test, here, depth),
        ast::Expr::GetAttr(attribute) => field(attribute, here, depth),
        ast::Expr::Call(call) => called(call, here, depth),
        ast::Expr::List(list) => {
            let items = list.items.iter().map(|item| lower(item, depth + 1));
            Ok(make(Node::List(items.collect::<Result<_, _>>()?), here))
        }
        ast::Expr::GetItem(_) => refuse(
            "items are not taken by index or key",
            "use `list | first`, `list | last`, `list | max_by(\"field\")` or `list | where(\"field\", value)`",
        ),
        ast::Expr::Slice(_) => refuse(
            "slices are not part of the language",
            "use `where` or `first`",
        ),
        ast::Expr::Map(_) => refuse(
            "maps are not part of the language",
            "name the values with `let`",
        ),
        ast::Expr::Tuple(_) => refuse(
            "tuples are not part of the language",
            "write a list: `[a, b]`",
        ),
    }
}

fn chosen(
    choice: &ast::Spanned<ast::IfExpr<'_>>,
    here: Span,
    depth: usize,
) -> Result<Expr, Problem> {
    let Some(otherwise) = &choice.false_expr else {
        return Err(Problem::new(here, "`if` without `else`").help("write `a if condition else b`"));
    };
    let condition = lower(&choice.test_expr, depth + 1)?;
    let yes = lower(&choice.true_expr, depth + 1)?;
    let no = lower(otherwise, depth + 1)?;
    let whole = yes.span.to(no.span);
    Ok(make(
        Node::Choose(Box::new(condition), Box::new(yes), Box::new(no)),
        whole,
    ))
}

fn field(
    attribute: &ast::Spanned<ast::GetAttr<'_>>,
    here: Span,
    depth: usize,
) -> Result<Expr, Problem> {
    let base = lower(&attribute.expr, depth + 1)?;
    let whole = base.span.to(here);
    let field = attribute.name.to_owned();
    Ok(match base.node {
        Node::Path(mut path) => {
            path.push(field);
            make(Node::Path(path), whole)
        }
        Node::Field(inner, mut path) => {
            path.push(field);
            make(Node::Field(inner, path), whole)
        }
        node => make(
            Node::Field(Box::new(make(node, base.span)), vec![field]),
            whole,
        ),
    })
}

fn name(id: &str) -> Node {
    if let Some((written, seconds)) = duration::revealed(id) {
        return Node::Duration(written, seconds);
    }
    BYTE_UNITS
        .iter()
        .chain(TIME_UNITS)
        .find(|(unit, _)| *unit == id)
        .map_or_else(
            || Node::Path(vec![id.to_owned()]),
            |(unit, value)| Node::Unit(unit, *value),
        )
}

fn constant(value: &minijinja::Value, here: Span) -> Result<Expr, Problem> {
    let node = match value.kind() {
        ValueKind::Bool => Node::Flag(value.is_true()),
        ValueKind::String => Node::Text(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Number if value.is_integer() => Node::Int(
            i128::try_from(value.clone())
                .map_err(|_| Problem::new(here, "this number is too large"))?,
        ),
        ValueKind::Number => Node::Number(
            f64::try_from(value.clone()).map_err(|_| Problem::new(here, "this is not a number"))?,
        ),
        _ => {
            return Err(Problem::new(here, "there is no `none`")
                .help("a fact that is missing is unknown: write `x is unknown`"));
        }
    };
    Ok(make(node, here))
}

fn binary(op: &ast::Spanned<ast::BinOp<'_>>, depth: usize) -> Result<Expr, Problem> {
    let left = Box::new(lower(&op.left, depth + 1)?);
    let right = Box::new(lower(&op.right, depth + 1)?);
    let whole = left.span.to(right.span);
    let node = match op.op {
        ast::BinOpKind::ScAnd => Node::And(left, right),
        ast::BinOpKind::ScOr => Node::Or(left, right),
        ast::BinOpKind::Eq => Node::Compare(Comparison::Equal, left, right),
        ast::BinOpKind::Ne => Node::Compare(Comparison::NotEqual, left, right),
        ast::BinOpKind::Lt => Node::Compare(Comparison::Less, left, right),
        ast::BinOpKind::Lte => Node::Compare(Comparison::LessOrEqual, left, right),
        ast::BinOpKind::Gt => Node::Compare(Comparison::Greater, left, right),
        ast::BinOpKind::Gte => Node::Compare(Comparison::GreaterOrEqual, left, right),
        ast::BinOpKind::In => Node::In(left, right),
        ast::BinOpKind::Add => Node::Calculate(Arithmetic::Plus, left, right),
        ast::BinOpKind::Sub => Node::Calculate(Arithmetic::Minus, left, right),
        ast::BinOpKind::Mul => Node::Calculate(Arithmetic::Times, left, right),
        ast::BinOpKind::Div | ast::BinOpKind::FloorDiv | ast::BinOpKind::Rem => {
            return Err(
                Problem::new(whole, "there is no division sign").help(format!(
                    "write `ratio({left}, {right})`: it is unknown when the divisor is 0"
                )),
            );
        }
        ast::BinOpKind::Pow => {
            return Err(Problem::new(whole, "there are no powers")
                .help("write the number, or use KiB, MiB, GiB"));
        }
        ast::BinOpKind::Concat => {
            return Err(Problem::new(whole, "texts are not joined with `~`")
                .help("write a message with `{{ }}`"));
        }
    };
    Ok(make(node, whole))
}

fn arguments(args: &[ast::CallArg<'_>], here: Span, depth: usize) -> Result<Vec<Expr>, Problem> {
    args.iter()
        .map(|arg| match arg {
            ast::CallArg::Pos(expr) => lower(expr, depth + 1),
            _ => {
                Err(Problem::new(here, "arguments have no names here").help("write them in order"))
            }
        })
        .collect()
}

fn counted<T>(word: &vocabulary::Word<T>, given: usize, here: Span) -> Result<(), Problem> {
    if (word.least..=word.most).contains(&given) {
        return Ok(());
    }
    Err(Problem::new(
        here,
        format!("`{}` does not take {given} arguments", word.name),
    )
    .help(format!("write {}", word.usage)))
}

/// The offending word, and the nearest one of ours or all of them.
fn unknown_word<'w>(
    what: &str,
    word: &str,
    here: Span,
    ours: impl Iterator<Item = &'w str> + Clone,
) -> Problem {
    let help = match vocabulary::nearest(word, ours.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", ours.collect::<Vec<_>>().join(", ")),
    };
    Problem::new(here, format!("unknown {what} `{word}`")).help(help)
}

fn filtered(
    filter: &ast::Spanned<ast::Filter<'_>>,
    here: Span,
    depth: usize,
) -> Result<Expr, Problem> {
    // The span of a filter begins at its name.
    let at_name = Span {
        start: here.start,
        end: (here.start + filter.name.len()).min(here.end),
    };
    let Some(word) = FILTERS.iter().find(|w| w.name == filter.name) else {
        return Err(unknown_word(
            "filter",
            filter.name,
            at_name,
            FILTERS.iter().map(|w| w.name),
        ));
    };
    let Some(input) = &filter.expr else {
        return Err(Problem::new(at_name, "a filter needs a value before `|`"));
    };
    let input = lower(input, depth + 1)?;
    let given = arguments(&filter.args, here, depth)?;
    counted(word, given.len(), here)?;
    let whole = input.span.to(here);
    Ok(make(Node::Filter(word.is, Box::new(input), given), whole))
}

fn tested(test: &ast::Spanned<ast::Test<'_>>, here: Span, depth: usize) -> Result<Expr, Problem> {
    let known = match test.name {
        "known" => true,
        "unknown" => false,
        "defined" | "undefined" | "none" => {
            return Err(
                Problem::new(here, format!("there is no `is {}`", test.name))
                    .help("write `is known` or `is unknown`"),
            );
        }
        other => {
            let ours = ["known", "unknown"];
            return Err(unknown_word("test", other, here, ours.into_iter()));
        }
    };
    if !test.args.is_empty() {
        return Err(
            Problem::new(here, format!("`is {}` takes no argument", test.name))
                .help("put it in brackets: `(x is known)`"),
        );
    }
    let input = lower(&test.expr, depth + 1)?;
    let whole = input.span.to(here);
    Ok(make(Node::Known(Box::new(input), known), whole))
}

fn called(call: &ast::Spanned<ast::Call<'_>>, here: Span, depth: usize) -> Result<Expr, Problem> {
    let ast::Expr::Var(function) = &call.expr else {
        return Err(Problem::new(here, "only functions can be called")
            .help("filters are written `value | filter`"));
    };
    let at_name = span(call.expr.span());
    let Some(word) = FUNCTIONS.iter().find(|w| w.name == function.id) else {
        if FILTERS.iter().any(|w| w.name == function.id) {
            return Err(
                Problem::new(at_name, format!("`{}` is a filter", function.id))
                    .help(format!("write `value | {}`", function.id)),
            );
        }
        return Err(unknown_word(
            "function",
            function.id,
            at_name,
            FUNCTIONS.iter().map(|w| w.name),
        ));
    };
    let given = arguments(&call.args, here, depth)?;
    counted(word, given.len(), here)?;
    Ok(make(Node::Call(word.is, given), at_name.to(here)))
}
